/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "bpfpvctl map": the vCPU of a guest on its CPU, and gone again; neighbours; a host that is not
 * known. */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *guest;

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "mapped",
        .metadata_xml = "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv>"};
    g_autofree char *config = itest_config("[host]\ncpuset=0-1\nreserve=1\n");

    guest = bed_guest_start(&options);
    bed_daemon_start(config, NULL);
    bed_wait_state("mapped", "active", BED_SOON);
    return 0;
}

/* What "bpfpvctl map --json" says of @cpu; json_object_unref(); NULL if it is not there. */
static JsonObject *
map_cpu(guint cpu)
{
    g_autofree char *out = NULL, *err = NULL;
    g_autoptr(JsonNode) root = NULL;
    JsonArray *cpus;

    if (bed_ctl(&out, &err, "map", "--json", NULL) != 0 && *out == '\0')
        bed_fail("bpfpvctl map --json: %s", err);
    root = json_from_string(out, NULL);
    cpus = root ? json_object_get_array_member(json_node_get_object(root), "cpus") : NULL;
    for (guint i = 0; cpus && i < json_array_get_length(cpus); i++) {
        JsonObject *one = json_array_get_object_element(cpus, i);

        if (json_object_get_int_member(one, "cpu") == cpu)
            return json_object_ref(one);
    }
    return NULL;
}

typedef struct {
    guint cpu;
    const char *state;
    gint64 floating;
} Expected;

static gboolean
cpu_is(gpointer data)
{
    const Expected *expected = data;
    g_autoptr(JsonObject) cpu = map_cpu(expected->cpu);

    return cpu && g_str_equal(json_object_get_string_member(cpu, "state"), expected->state) &&
           json_object_get_int_member(cpu, "floating") == expected->floating;
}

static void
assert_cpu(guint cpu, const char *state, gint64 floating)
{
    Expected expected = {cpu, state, floating};

    if (!bed_wait(cpu_is, &expected, BED_SOON)) {
        g_autoptr(JsonObject) one = map_cpu(cpu);

        bed_fail("CPU %u is not %s with %d floating vCPUs, but %s with %d", cpu, state,
                 (int)floating,
                 one ? json_object_get_string_member(one, "state") : "not in the map",
                 one ? (int)json_object_get_int_member(one, "floating") : 0);
    }
}

static void
assert_picture(const char *part, gboolean has)
{
    g_autofree char *out = NULL, *err = NULL;

    if (bed_ctl(&out, &err, "map", NULL) != 0)
        bed_fail("bpfpvctl map: %s", err);
    if ((strstr(out, part) != NULL) != has)
        bed_fail("'%s' is %sin the picture:\n%s", part, has ? "not " : "", out);
}

static void
an_anchor_is_in_the_map_while_it_lasts(void **state)
{
    g_autoptr(JsonObject) cpu = NULL;
    g_autofree char *part = NULL;
    JsonObject *vcpu;
    gint64 task;
    guint where;

    assert_cpu(0, "free", 2);
    assert_cpu(1, "free", 2);
    assert_picture("mapped", FALSE);

    task = bed_guest_task(guest, NULL, 0, "pin 1");
    where = (guint)bed_assert_vcpupin_single(guest, 1, BED_SOON);
    assert_cpu(where, "anchor", 0);
    assert_cpu(1 - where, "free", 1);
    cpu = map_cpu(where);
    vcpu = json_array_get_object_element(json_object_get_array_member(cpu, "vcpus"), 0);
    assert_string_equal(json_object_get_string_member(vcpu, "domain"), "mapped");
    assert_int_equal(json_object_get_int_member(vcpu, "vcpu"), 1);
    assert_string_equal(json_object_get_string_member(vcpu, "want"), "anchor");
    part = g_strdup_printf("%u mapped/1", where);
    assert_picture(part, TRUE);

    bed_guest_kill(guest, task, SIGKILL);
    assert_cpu(where, "free", 2);
    assert_picture("mapped", FALSE);
}

static void
a_domain_that_is_not_managed_is_named(void **state)
{
    static const BedGuestOptions options = {.name = "stranger",
                                            .cputune_xml =
                                                "<cputune><vcpupin vcpu='0' cpuset='1'/></cputune>",
                                            .no_wait = TRUE};
    BedGuest *stranger = bed_guest_start(&options);
    g_autoptr(JsonObject) cpu = NULL;

    assert_cpu(1, "taken", 2);
    cpu = map_cpu(1);
    assert_string_equal(
        json_array_get_string_element(json_object_get_array_member(cpu, "taken_by"), 0),
        "stranger");
    assert_picture("1 #stranger", TRUE);
    bed_guest_destroy(stranger);
    assert_cpu(1, "free", 2);
}

/* The last one: it ends the daemon. */
static void
without_libvirt_it_says_so(void **state)
{
    g_autofree char *out = NULL, *err = NULL;

    bed_daemon_kill_all();
    bed_guest_destroy_all();
    bed_libvirtd("stop");
    bed_daemon_start(NULL);
    assert_int_equal(bed_ctl(&out, &err, "map", NULL), 1);
    assert_string_equal(out, "");
    if (!strstr(err, "is not connected to libvirt at qemu:///system: "))
        bed_fail("bpfpvctl map says: %s", err);
    bed_libvirtd("start");
    assert_cpu(0, "free", 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anchor_is_in_the_map_while_it_lasts),
        cmocka_unit_test(a_domain_that_is_not_managed_is_named),
        cmocka_unit_test(without_libvirt_it_says_so),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
