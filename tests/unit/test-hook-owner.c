/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose a pin is, that comes with a domain from another host or from a file: what is exactly
 * bpfpv's by the status in the XML goes, whatever an orchestrator or a person wrote stays. The
 * lists say what the hook leaves; "-" is nothing.
 */
#include "unit.h"

#include "hook/repair.h"
#include "xml/document.h"

#define FORMAT "<format version='2'/>"

/* A domain of 2 vCPUs and I/O thread 7. */
typedef struct {
    const char *what;
    const char *status; /* its elements */
    const char *cpuset; /* (nullable): <vcpu cpuset> */
    const char *pins;   /* what is in <cputune> */
    const char *left;   /* what is in it afterwards: vCPU 0, vCPU 1, emulator, I/O thread 7 */
} Row;

static const Row rows[] = {
    {"applied goes, and <vcpu cpuset> holds again",
     "<vcpu id='0' applied='3' original='0-3' unpinned='yes' inherited='vcpu'/>"
     "<vcpu id='1' applied='0-2' original='0-3' unpinned='yes' inherited='vcpu'/>"
     "<emulator applied='0-2' original='0-3' unpinned='yes' inherited='vcpu'/>"
     "<iothread id='7' applied='0-2' original='0-3' unpinned='yes' inherited='vcpu'/>",
     "8-11",
     "<vcpupin vcpu='0' cpuset='3'/><vcpupin vcpu='1' cpuset='0-2'/><emulatorpin cpuset='0-2'/>"
     "<iothreadpin iothread='7' cpuset='0-2'/>",
     "- - - -"},
    {"the same where <vcpu cpuset> is as it was",
     "<vcpu id='0' applied='3' original='0-3' unpinned='yes' inherited='vcpu'/>"
     "<emulator applied='0-2' original='0-3' unpinned='yes' inherited='vcpu'/>",
     "0-3", "<vcpupin vcpu='0' cpuset='3'/><emulatorpin cpuset='0-2'/>", "- - - -"},
    {"what was put back is a pin all the same, and goes",
     "<vcpu id='0' applied='0-3' original='0-3' unpinned='yes' inherited='vcpu'/>", "8-11",
     "<vcpupin vcpu='0' cpuset='0-3'/>", "- - - -"},
    {"inherited from nowhere", "<vcpu id='0' applied='3' original='0-7' unpinned='yes'/>", NULL,
     "<vcpupin vcpu='0' cpuset='3'/>", "- - - -"},
    {"explicit comes back, even if it is all that <vcpu cpuset> has",
     "<vcpu id='0' applied='3' original='0-3'/>"
     "<emulator applied='0' original='0-1'/>"
     "<iothread id='7' applied='0' original='2-3'/>",
     "0-3",
     "<vcpupin vcpu='0' cpuset='3'/><emulatorpin cpuset='0'/>"
     "<iothreadpin iothread='7' cpuset='0'/>",
     "0-3 - 0-1 2-3"},
    {"all pins and the memory are rewritten, as for a NUMA instance",
     "<vcpu id='0' cpus='3' applied='3' original='0-3'/>"
     "<vcpu id='1' cpus='0-2' applied='0-2' original='0-3'/>"
     "<emulator cpus='0-2' applied='0-2' original='0-3'/>"
     "<iothread id='7' cpus='0-2' applied='0-2' original='0-3'/>",
     NULL,
     "<vcpupin vcpu='0' cpuset='12-15'/><vcpupin vcpu='1' cpuset='12-15'/>"
     "<emulatorpin cpuset='12-15'/><iothreadpin iothread='7' cpuset='12-15'/>",
     "12-15 12-15 12-15 12-15"},
    {"the emulator's pin alone is rewritten",
     "<vcpu id='0' applied='3' original='0-3'/>"
     "<emulator applied='0-2' original='0-3'/>",
     NULL, "<vcpupin vcpu='0' cpuset='3'/><emulatorpin cpuset='12-15'/>", "0-3 - 12-15 -"},
    {"an I/O thread's pin alone is rewritten",
     "<vcpu id='0' applied='3' original='0-3' unpinned='yes'/>"
     "<iothread id='7' applied='0-2' original='0-3' unpinned='yes'/>",
     NULL, "<vcpupin vcpu='0' cpuset='3'/><iothreadpin iothread='7' cpuset='9'/>", "- - - 9"},
    {"a pin where there was none is somebody's",
     "<vcpu id='0' applied='0-3' original='0-3' unpinned='yes'/>", NULL,
     "<vcpupin vcpu='0' cpuset='9'/>", "9 - - -"},
    {"a dedicated CPU is rewritten",
     "<vcpu id='0' want='fixed' cpus='4' applied='4' original='4'/>"
     "<vcpu id='1' want='float' cpus='2' applied='2' original='0-3'/>",
     NULL, "<vcpupin vcpu='0' cpuset='28'/><vcpupin vcpu='1' cpuset='20-23'/>", "28 20-23 - -"},
    {"a dedicated CPU that is the same there",
     "<vcpu id='0' want='fixed' cpus='4' applied='4' original='4'/>", NULL,
     "<vcpupin vcpu='0' cpuset='4'/>", "4 - - -"},
    {"by accident exactly what is applied, in other words: bpfpv's",
     "<vcpu id='0' applied='0-2' original='0-3' unpinned='yes' inherited='vcpu'/>"
     "<vcpu id='1' applied='0-2' original='0-3' unpinned='yes' inherited='vcpu'/>",
     "8-11", "<vcpupin vcpu='0' cpuset='0-3,^3'/><vcpupin vcpu='1' cpuset='0,1,2,3'/>",
     "- 0,1,2,3 - -"},
    {"by accident what is applied, and what another vCPU was given",
     "<vcpu id='0' applied='12-15' original='0-3'/><vcpu id='1' applied='3' original='0-3'/>"
     "<emulator applied='12-15' original='0-3'/><iothread id='7' applied='2' original='0-3'/>",
     NULL,
     "<vcpupin vcpu='0' cpuset='12-15'/><vcpupin vcpu='1' cpuset='12-15'/>"
     "<emulatorpin cpuset='12-15'/><iothreadpin iothread='7' cpuset='2'/>",
     "12-15 12-15 12-15 0-3"},
    {"the same, inherited: it goes back to <vcpu cpuset>",
     "<vcpu id='0' applied='9' original='0-3' unpinned='yes' inherited='vcpu'/>"
     "<vcpu id='1' applied='3' original='0-3' unpinned='yes' inherited='vcpu'/>",
     "8-11", "<vcpupin vcpu='0' cpuset='9'/><vcpupin vcpu='1' cpuset='9'/>", "- 9 - -"},
    {"about to be applied: by the plan, or on the way there",
     "<vcpu id='0' cpus='2' applied='0-3' original='0-3' unpinned='yes'/>"
     "<vcpu id='1' cpus='1' applied='2' pending='0,3' original='0-3' unpinned='yes'/>"
     "<emulator cpus='0' applied='0-3' original='0-3' unpinned='yes'/>",
     NULL,
     "<vcpupin vcpu='0' cpuset='2'/><vcpupin vcpu='1' cpuset='0,3'/><emulatorpin cpuset='0'/>",
     "- - - -"},
    {"what it had last, and may have been given again",
     "<vcpu id='0' cpus='0-3' applied='0-3' last='3' original='0-3' unpinned='yes'/>"
     "<vcpu id='1' cpus='2' applied='2' last='0-3' original='0-3'/>",
     NULL, "<vcpupin vcpu='0' cpuset='3'/><vcpupin vcpu='1' cpuset='0-3'/>", "- 0-3 - -"},
    {"what another had last",
     "<vcpu id='0' cpus='0-3' applied='0-3' last='3' original='0-3' unpinned='yes'/>"
     "<vcpu id='1' cpus='0-3' applied='0-3' original='0-3' unpinned='yes'/>",
     NULL, "<vcpupin vcpu='0' cpuset='2'/><vcpupin vcpu='1' cpuset='3'/>", "2 3 - -"},
    {"applied as far as a cgroup lets it",
     "<vcpu id='0' applied='0-1' pinned='0-2' original='0-3' unpinned='yes'/>", NULL,
     "<vcpupin vcpu='0' cpuset='0-2'/>", "- - - -"},
    {"what was applied once is not what is",
     "<vcpu id='0' cpus='2' applied='2' original='0-3' unpinned='yes'/>", NULL,
     "<vcpupin vcpu='0' cpuset='3'/>", "3 - - -"},
    {"nothing is noted of it", "<vcpu id='0' applied='2' original='0-3' unpinned='yes'/>", NULL,
     "<vcpupin vcpu='1' cpuset='2'/><emulatorpin cpuset='2'/>", "- 2 2 -"},
    {"noted twice", "<vcpu id='0' applied='2' unpinned='yes'/><vcpu id='0' applied='2'/>", NULL,
     "<vcpupin vcpu='0' cpuset='2'/>", "- - - -"},
    {"an administrator's",
     "<vcpu id='0' applied='3' original='3' fixed='administrator'/>"
     "<emulator applied='3' original='3' fixed='administrator'/>",
     "8-11", "<vcpupin vcpu='0' cpuset='3'/><emulatorpin cpuset='3'/>", "3 - 3 -"},
    {"an administrator's, after which a call of bpfpv's came in",
     "<vcpu id='0' applied='3' pending='0-2' original='3' fixed='administrator'/>", NULL,
     "<vcpupin vcpu='0' cpuset='0-2'/>", "3 - - -"},
    {"an administrator's, rewritten",
     "<vcpu id='0' applied='3' original='3' fixed='administrator'/>", NULL,
     "<vcpupin vcpu='0' cpuset='12-15'/>", "12-15 - - -"},
};

/* The status does not always say what was inherited. */
static const Row earlier_rows[] = {
    {"inherited from a <vcpu cpuset> that is another now",
     "<vcpu id='0' cpus='3' applied='3' original='0-3'/><emulator applied='0-2' original='0-3'/>",
     "8-11", "<vcpupin vcpu='0' cpuset='3'/><emulatorpin cpuset='0-2'/>", "- - - -"},
    {"inherited from the same <vcpu cpuset>", "<vcpu id='0' cpus='3' applied='3' original='0-3'/>",
     "0-3", "<vcpupin vcpu='0' cpuset='3'/>", "- - - -"},
    {"narrower than <vcpu cpuset>", "<vcpu id='0' cpus='3' applied='3' original='2-3'/>", "0-3",
     "<vcpupin vcpu='0' cpuset='3'/>", "2-3 - - -"},
    {"without a <vcpu cpuset>", "<vcpu id='0' cpus='3' applied='3' original='2-3'/>", NULL,
     "<vcpupin vcpu='0' cpuset='3'/>", "2-3 - - -"},
};

static char *
write_domain(const Row *row, const char *format)
{
    g_autofree char *cpuset = row->cpuset ? g_strdup_printf(" cpuset='%s'", row->cpuset) : NULL;

    return g_strdup_printf("<domain><name>web1</name><metadata>"
                           "<s:status xmlns:s='" BPFPV_STATUS_NAMESPACE "' state='active'>%s"
                           "%s</s:status></metadata><vcpu%s>2</vcpu><iothreads>1</iothreads>"
                           "<numatune><memory mode='strict' nodeset='1'/></numatune>"
                           "<cputune>%s</cputune></domain>",
                           row->status, format, cpuset ? cpuset : "", row->pins);
}

static void
append_pin(GString *left, const xmlNode *cputune, const char *name, const char *attribute,
           const char *id)
{
    for (const xmlNode *pin = bpfpv_xml_find_child(cputune, name); pin;
         pin = bpfpv_xml_find_next(pin->next, name)) {
        g_autofree char *value = attribute ? bpfpv_xml_get_attribute(pin, attribute) : NULL;
        g_autofree char *set = bpfpv_xml_get_attribute(pin, "cpuset");

        if (g_strcmp0(value, id) != 0)
            continue;
        g_string_append_printf(left, "%s%s", left->len ? " " : "", set);
        return;
    }
    g_string_append_printf(left, "%s-", left->len ? " " : "");
}

static char *
read_pins(const xmlNode *root)
{
    const xmlNode *cputune = bpfpv_xml_find_child(root, "cputune");
    GString *left = g_string_new(NULL);

    append_pin(left, cputune, "vcpupin", "vcpu", "0");
    append_pin(left, cputune, "vcpupin", "vcpu", "1");
    append_pin(left, cputune, "emulatorpin", NULL, NULL);
    append_pin(left, cputune, "iothreadpin", "iothread", "7");
    return g_string_free(left, FALSE);
}

/* What is no pin is as it came. */
static void
assert_rest(const Row *row, const xmlNode *root)
{
    const xmlNode *memory = bpfpv_xml_find_child(bpfpv_xml_find_child(root, "numatune"), "memory");
    g_autofree char *nodeset = bpfpv_xml_get_attribute(memory, "nodeset");
    g_autofree char *cpuset = bpfpv_xml_get_attribute(bpfpv_xml_find_child(root, "vcpu"), "cpuset");

    assert_string_equal(nodeset, "1");
    assert_int_equal(g_strcmp0(cpuset, row->cpuset), 0);
}

static void
check(const Row *row, const char *format)
{
    g_autofree char *text = write_domain(row, format);
    g_autoptr(GError) error = NULL;
    g_autofree char *repaired = bpfpv_hook_repair(text, strlen(text), &error);
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(repaired, strlen(repaired), &error);
    g_autofree char *left = NULL;

    assert_null(error);
    left = read_pins(xmlDocGetRootElement(doc));
    if (!g_str_equal(left, row->left))
        fail_msg("%s: leaves \"%s\", not \"%s\"", row->what, left, row->left);
    assert_rest(row, xmlDocGetRootElement(doc));
}

static void
what_is_exactly_bpfpvs_goes_and_all_else_stays(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        check(&rows[i], FORMAT);
}

static void
an_earlier_versions_status_is_understood(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(earlier_rows); i++)
        check(&earlier_rows[i], "");
}

static gboolean
is_still_fixed(const char *pin)
{
    const Row row = {.status = "<vcpu id='0' applied='3' original='3' fixed='administrator'/>"
                               "<vcpu id='1' applied='0-2' original='0-3' unpinned='yes'/>",
                     .pins = pin};
    g_autofree char *text = write_domain(&row, FORMAT);
    g_autofree char *repaired = bpfpv_hook_repair(text, strlen(text), NULL);

    assert_null(strstr(repaired, "<vcpu id=\"1\""));
    return strstr(repaired, "fixed=\"administrator\"") != NULL;
}

static void
an_administrators_pin_is_theirs_until_somebody_replaces_it(void **state)
{
    (void)state;
    assert_true(is_still_fixed("<vcpupin vcpu='0' cpuset='3'/>"));
    assert_false(is_still_fixed("<vcpupin vcpu='0' cpuset='12-15'/>"));
    assert_false(is_still_fixed(""));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_exactly_bpfpvs_goes_and_all_else_stays),
        cmocka_unit_test(an_earlier_versions_status_is_understood),
        cmocka_unit_test(an_administrators_pin_is_theirs_until_somebody_replaces_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
