/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest with an anchor goes to another host and back, and each time an orchestrator rewrites the
 * XML for the destination, in the three ways of Nova's: the shared set in <vcpu cpuset>, all pins
 * as for a NUMA topology, dedicated CPUs. Once with the hook at both hosts, once with none. The
 * second host's CPUs for guests are CPU 1 alone.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

#define ELEMENT "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv>"
#define PINS(vcpu0, vcpu1, others)                                                                 \
    "<iothreads>1</iothreads><cputune><vcpupin vcpu='0' cpuset='" vcpu0 "'/>"                      \
    "<vcpupin vcpu='1' cpuset='" vcpu1 "'/><emulatorpin cpuset='" others "'/>"                     \
    "<iothreadpin iothread='1' cpuset='" others "'/></cputune>"

static BedGuest *guest;

static int
setup(void **state)
{
    bed_hook_install();
    bed_second_start();
    bed_second_hook(TRUE);
    /* At the first host anchors get CPU 0. */
    itest_start_daemons("[host]\ncpuset=0\nreserve=0\n", "[host]\nreserve=0\n");
    return 0;
}

static int
teardown(void **state)
{
    bed_switch(FALSE);
    return bed_cleanup(state);
}

static void
set_hooks(gboolean installed)
{
    bed_hook_set_program(installed ? g_getenv("BPFPV_HOOK") : NULL);
    bed_second_hook_answers(installed);
}

static void
start(const BedGuestOptions *options)
{
    bed_hook_set_program(g_getenv("BPFPV_HOOK"));
    guest = bed_guest_start(options);
    bed_wait_state(bed_guest_name(guest), "active", BED_SOON);
}

static void
end(void)
{
    bed_guest_destroy(guest);
    guest = NULL;
}

/* ---- the orchestrator ---- */

static char *
live_xml(void)
{
    char *xml = NULL;

    assert_int_equal(bed_virsh(&xml, NULL, "dumpxml", "--migratable", bed_guest_name(guest), NULL),
                     0);
    return xml;
}

/* Gives what @pattern finds, up to its cpuset, this one. */
static char *
rewrite(const char *xml, const char *pattern, const char *cpuset)
{
    g_autofree char *whole = g_strdup_printf("(<%s cpuset=')[^']*", pattern);
    g_autofree char *by = g_strdup_printf("\\g<1>%s", cpuset);
    g_autoptr(GRegex) regex = g_regex_new(whole, 0, 0, NULL);

    if (!g_regex_match(regex, xml, 0, NULL))
        bed_fail("there is no <%s cpuset> in %s", pattern, xml);
    return g_regex_replace(regex, xml, -1, 0, by, 0, NULL);
}

static gboolean
is_gone(gpointer data)
{
    g_autoptr(JsonObject) status = bed_ctl_show(bed_guest_name(guest));

    return status == NULL;
}

static void
migrate(const char *xml)
{
    g_autofree char *path = g_build_filename(g_getenv("BED_DIR"), "rewritten.xml", NULL);
    gboolean second = bed_is_on_second();
    g_autofree char *err = NULL;

    assert_true(g_file_set_contents(path, xml, -1, NULL));
    if (bed_migrate(guest, path, &err) != 0)
        bed_fail("virsh migrate: %s", err);
    if (!bed_wait(is_gone, NULL, BED_SOON))
        bed_fail("the source has not forgotten the domain");
    bed_switch(!second);
    bed_guest_wait_agent(guest);
    bed_wait_state(bed_guest_name(guest), "active", BED_SOON);
}

/* ---- what it comes to ---- */

static void
assert_pins(const char *vcpu0, const char *vcpu1, const char *others)
{
    bed_assert_vcpupin(guest, 0, vcpu0, BED_SOON);
    bed_assert_vcpupin(guest, 1, vcpu1, BED_SOON);
    bed_assert_emulatorpin(guest, others, BED_SOON);
    bed_assert_iothreadpin(guest, 1, others, BED_SOON);
}

static void
assert_originals(const char *vcpu0, const char *vcpu1, const char *others)
{
    g_autofree char *first = itest_vcpu(guest, 0, "original");
    g_autofree char *second = itest_vcpu(guest, 1, "original");
    g_autofree char *emulator = itest_emulator(guest, "original");
    g_autofree char *iothread = itest_iothread(guest, 1, "original");

    assert_string_equal(first, vcpu0);
    assert_string_equal(second, vcpu1);
    assert_string_equal(emulator, others);
    assert_string_equal(iothread, others);
}

typedef struct {
    const char *words;
    guint n;
} Noted;

static gboolean
is_noted(gpointer data)
{
    const Noted *noted = data;
    g_autofree char *status = NULL;
    g_auto(GStrv) parts = NULL;

    assert_int_equal(
        bed_virsh(&status, NULL, "metadata", bed_guest_name(guest), "urn:bpfpv:status:1", NULL), 0);
    parts = g_strsplit(status, noted->words, -1);
    return g_strv_length(parts) == noted->n + 1;
}

/* What is said of the originals of so many of the vCPUs, the emulator and the I/O thread. */
static void
assert_noted(const char *words, guint n)
{
    Noted noted = {words, n};

    if (!bed_wait(is_noted, &noted, BED_SOON))
        bed_fail("the status does not say %s of %u threads", words, n);
}

static void
assert_no_pins(const char *xml)
{
    if (strstr(xml, "<vcpupin") || strstr(xml, "<emulatorpin") || strstr(xml, "<iothreadpin"))
        bed_fail("there are pins in %s", xml);
}

/* ---- the three ways ---- */

static void
go_and_come_back_shared(void)
{
    g_autofree char *going = live_xml();
    g_autofree char *there = rewrite(going, "vcpu [^>]*?", "1");
    g_autofree char *coming = NULL;
    g_autofree char *home = NULL;

    migrate(there);
    assert_pins("1", "1", "1");
    assert_originals("1", "1", "1");
    assert_noted("inherited=\"vcpu\"", 4);
    coming = live_xml();
    home = rewrite(coming, "vcpu [^>]*?", "0-1");
    migrate(home);
    assert_pins("1", "0", "1");
    assert_originals("0-1", "0-1", "0-1");
    assert_noted("inherited=\"vcpu\"", 4);
}

static void
a_shared_instance_is_within_the_destinations_set(void **state)
{
    static const BedGuestOptions options = {
        .name = "shared",
        .vcpu_cpuset = "0-1",
        .cputune_xml = "<iothreads>1</iothreads>",
        .metadata_xml = ELEMENT,
    };
    gint64 task;
    g_autofree char *going = NULL;
    g_autofree char *there = NULL;
    g_autofree char *arrived = NULL;

    start(&options);
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    assert_pins("1", "0", "1");
    set_hooks(FALSE);
    go_and_come_back_shared();
    set_hooks(TRUE);
    go_and_come_back_shared();
    going = live_xml();
    there = rewrite(going, "vcpu [^>]*?", "1");
    migrate(there);
    arrived = live_xml();
    assert_no_pins(arrived); /* the hook has taken them out, and nothing asks for new ones */
    bed_guest_kill(guest, task, SIGKILL);
    end();
    bed_switch(FALSE);
}

static void
go_and_come_back_numa(void)
{
    g_autofree char *going = live_xml();
    g_autofree char *there = rewrite(going, "(?:vcpu|emulator|iothread)pin[^>]*?", "1");
    g_autofree char *coming = NULL;
    g_autofree char *home = NULL;

    migrate(there);
    assert_pins("1", "1", "1");
    assert_originals("1", "1", "1");
    coming = live_xml();
    home = rewrite(coming, "(?:vcpu|emulator|iothread)pin[^>]*?", "0-1");
    migrate(home);
    assert_pins("1", "0", "1");
    assert_originals("0-1", "0-1", "0-1");
}

static void
numa_pins_are_those_of_the_destination(void **state)
{
    static const BedGuestOptions options = {
        .name = "numa",
        .cputune_xml = PINS("0-1", "0-1", "0-1"),
        .metadata_xml = ELEMENT,
    };
    gint64 task;

    start(&options);
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    assert_pins("1", "0", "1");
    assert_noted("unpinned", 0);
    set_hooks(TRUE);
    go_and_come_back_numa();
    set_hooks(FALSE);
    go_and_come_back_numa();
    bed_guest_kill(guest, task, SIGKILL);
    assert_pins("0-1", "0-1", "0-1");
    end();
}

static void
go_and_come_back_dedicated(void)
{
    g_autofree char *going = live_xml();
    g_autofree char *first = rewrite(going, "vcpupin vcpu='0'", "1");
    g_autofree char *there = rewrite(first, "vcpupin vcpu='1'", "0");
    g_autofree char *coming = NULL;
    g_autofree char *second = NULL;
    g_autofree char *home = NULL;

    migrate(there);
    assert_originals("1", "0", "0-1");
    assert_pins("1", "0", "0-1");
    coming = live_xml();
    second = rewrite(coming, "vcpupin vcpu='0'", "0");
    home = rewrite(second, "vcpupin vcpu='1'", "1");
    migrate(home);
    assert_originals("0", "1", "0-1");
    assert_pins("0", "1", "0-1");
}

static void
dedicated_cpus_are_left_alone(void **state)
{
    static const BedGuestOptions options = {
        .name = "dedicated",
        .cputune_xml = PINS("0", "1", "0-1"),
        .metadata_xml = ELEMENT,
    };
    gint64 task;

    start(&options);
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    set_hooks(TRUE);
    go_and_come_back_dedicated();
    set_hooks(FALSE);
    go_and_come_back_dedicated();
    bed_guest_kill(guest, task, SIGKILL);
    end();
}

/* What the hook would make of the live XML, if the guest went away now. */
static void
assert_nothing_would_be_left(void)
{
    g_autofree char *path = g_build_filename(g_getenv("BED_DIR"), "moment.xml", NULL);
    g_autofree char *command =
        g_strdup_printf("exec \"$BPFPV_HOOK\" moment migrate begin - <'%s'", path);
    const char *argv[] = {"sh", "-c", command, NULL};
    g_autofree char *xml = live_xml();
    g_autofree char *repaired = NULL;

    assert_true(g_file_set_contents(path, xml, -1, NULL));
    assert_int_equal(bed_run(argv, &repaired, NULL), 0);
    assert_no_pins(*repaired ? repaired : xml);
}

/* The status is ahead of the pins, whatever moment it is. */
static void
no_moment_has_a_pin_that_nobody_knows(void **state)
{
    static const BedGuestOptions options = {
        .name = "moment",
        .cputune_xml = "<iothreads>1</iothreads>",
        .metadata_xml = ELEMENT,
    };
    static const char *const arguments[] = {"pin 1", "pin 0"};

    start(&options);
    for (guint round = 0; round < 6; round++) {
        gint64 task = bed_guest_task(guest, NULL, 0, arguments[round % 2]);

        for (guint i = 0; i < 5; i++)
            assert_nothing_would_be_left();
        bed_guest_kill(guest, task, SIGKILL);
        for (guint i = 0; i < 5; i++)
            assert_nothing_would_be_left();
    }
    end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_moment_has_a_pin_that_nobody_knows),
        cmocka_unit_test(a_shared_instance_is_within_the_destinations_set),
        cmocka_unit_test(numa_pins_are_those_of_the_destination),
        cmocka_unit_test(dedicated_cpus_are_left_alone),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
