/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pinned guest goes to another host and back while its task runs: the
 * daemon there adopts the running loader, pins by its own pool, and the one
 * here forgets it.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

#define ELEMENT "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv>"

static BedGuest *guest;
static gint64 task;
static gint64 loader;

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "traveller",
        .cputune_xml = "<iothreads>1</iothreads>",
        .metadata_xml = ELEMENT,
    };

    bed_hook_install();
    bed_second_start();
    bed_second_hook(TRUE);
    guest = bed_guest_start(&options);
    /* The first host anchors to CPU 0 only, the second to CPU 1 only. */
    itest_start_daemons("[host]\ncpuset=0\nreserve=0\n", "[host]\ncpuset=1\nreserve=0\n");
    bed_wait_state("traveller", "active", BED_SOON);
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    loader = itest_loader(guest);
    return 0;
}

static int
teardown(void **state)
{
    bed_switch(FALSE);
    return bed_cleanup(state);
}

/* The domain is known to the daemon of the present host or not. */
static gboolean
is_forgotten(gpointer data)
{
    g_autoptr(JsonObject) status = bed_ctl_show("traveller");

    return status == NULL;
}

static void
migrate(const char *xml)
{
    gboolean second = bed_is_on_second();
    g_autofree char *err = NULL;

    if (bed_migrate(guest, xml, &err) != 0)
        bed_fail("virsh migrate: %s", err);
    if (!bed_wait(is_forgotten, NULL, BED_SOON))
        bed_fail("the source has not forgotten the domain");
    bed_switch(!second);
    bed_guest_wait_agent(guest);
}

/* @cpu: where the anchor has to be here, which all others are off; the originals are all CPUs, as
 * they were at home. */
static void
assert_adopted(const char *cpu)
{
    const char *rest = g_str_equal(cpu, "0") ? "1" : "0";
    g_autofree char *original = NULL;
    g_autofree char *emulator = NULL;
    g_autofree char *iothread = NULL;

    bed_wait_state("traveller", "active", BED_SOON);
    bed_assert_vcpupin(guest, 1, cpu, BED_SOON);
    bed_assert_vcpupin(guest, 0, rest, BED_SOON);
    bed_assert_emulatorpin(guest, rest, BED_SOON);
    bed_assert_iothreadpin(guest, 1, rest, BED_SOON);
    original = itest_vcpu(guest, 1, "original");
    emulator = itest_emulator(guest, "original");
    iothread = itest_iothread(guest, 1, "original");
    assert_string_equal(original, "0-1");
    assert_string_equal(emulator, "0-1");
    assert_string_equal(iothread, "0-1");
    assert_int_equal(itest_loader(guest), loader);
    itest_assert_want(guest, 1, "anchor", 1);
}

static void
assert_task_runs(void)
{
    g_autofree char *pid = g_strdup_printf("%" G_GINT64_FORMAT, task);

    g_free(bed_guest_exec(guest, NULL, "/bin/kill", "-0", pid, NULL));
}

static void
the_destination_adopts_the_running_loader(void **state)
{
    migrate(NULL);
    assert_adopted("1");
    assert_task_runs();
}

static void
and_back_again(void **state)
{
    migrate(NULL);
    assert_adopted("0");
    assert_task_runs();
}

/* The documented outcome: pins arrive as they were; originals come from the status. */
static void
without_the_hook_originals_come_from_the_status(void **state)
{
    migrate(NULL);
    assert_adopted("1");
    assert_task_runs();
}

/* Returns: whether bpfpv has had vCPU 1 on @cpu; then @xml says of CPU 700 that it has */
static gboolean
replace_cpu(GString *xml, const char *cpu)
{
    g_autofree char *pin = g_strdup_printf("<vcpupin vcpu='1' cpuset='%s'/>", cpu);
    g_autofree char *applied = g_strdup_printf("applied=\"%s\"", cpu);

    if (g_string_replace(xml, pin, "<vcpupin vcpu='1' cpuset='700'/>", 0) == 0)
        return FALSE;
    /* No other thread may be there. */
    assert_int_equal(g_string_replace(xml, applied, "applied=\"700\"", 0), 1);
    return TRUE;
}

static gboolean
says_what_is_applied(gpointer data)
{
    char **live = data;

    g_free(*live);
    *live = NULL;
    return bed_virsh(live, NULL, "dumpxml", "--migratable", "traveller", NULL) == 0 &&
           (strstr(*live, "want=\"anchor\" tasks=\"1\" cpus=\"0\" applied=\"0\"") ||
            strstr(*live, "want=\"anchor\" tasks=\"1\" cpus=\"1\" applied=\"1\""));
}

/* As if the other host had no CPU of those that bpfpv has pinned to. The status of a pin that was
 * named before is written up to a second after it. */
static char *
xml_with_cpus_that_lack(void)
{
    g_autofree char *path = g_build_filename(g_getenv("BED_DIR"), "lack.xml", NULL);
    g_autofree char *live = NULL;
    GString *xml;

    if (!bed_wait(says_what_is_applied, &live, BED_SOON))
        bed_fail("the status doesn't say what vCPU 1 has: %s", live);
    xml = g_string_new(live);
    if (!replace_cpu(xml, "0") && !replace_cpu(xml, "1"))
        bed_fail("vCPU 1 is on neither CPU in %s", live);
    assert_true(g_file_set_contents(path, xml->str, -1, NULL));
    g_string_free(xml, TRUE);
    return g_steal_pointer(&path);
}

/* The documented outcome: libvirt refuses, and the guest goes on where it was, pinned. */
static void
without_the_hook_a_host_that_lacks_cpus_refuses(void **state)
{
    g_autofree char *xml = xml_with_cpus_that_lack();
    g_autofree char *err = NULL;

    bed_second_hook(FALSE);
    assert_int_not_equal(bed_migrate(guest, xml, &err), 0);
    if (!strstr(err, "cpuset") && !strstr(err, "CPU") && !strstr(err, "affinity"))
        bed_fail("virsh migrate says \"%s\"", err);
    assert_adopted("0");
    assert_task_runs();
}

/* Back to the first host, which has the hook. */
static void
with_the_hook_a_host_that_lacks_cpus_takes_it(void **state)
{
    g_autofree char *xml = xml_with_cpus_that_lack();

    migrate(xml);
    assert_adopted("0");
    assert_task_runs();
}

static void
what_was_pinned_elsewhere_is_released_here(void **state)
{
    bed_guest_kill(guest, task, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    bed_assert_emulatorpin(guest, NULL, BED_SOON);
    bed_assert_iothreadpin(guest, 1, NULL, BED_SOON);
}

/* The channel was plugged in by the first daemon, on the first host, before it all. */
static gboolean
has_no_channel(gpointer data G_GNUC_UNUSED)
{
    g_autofree char *xml = NULL;

    assert_int_equal(bed_virsh(&xml, NULL, "dumpxml", "traveller", NULL), 0);
    return !strstr(xml, "org.bpfpv.0") && !strstr(xml, "urn:bpfpv");
}

static void
detaching_takes_the_channel_away_that_came_along(void **state)
{
    migrate(NULL);
    bed_wait_state("traveller", "active", BED_SOON);
    assert_int_equal(bed_ctl(NULL, NULL, "detach", "traveller", NULL), 0);
    if (!bed_wait(has_no_channel, NULL, BED_SOON))
        bed_fail("the channel or an element is still there");
    assert_int_equal(itest_loader(guest), 0);
}

static void
nothing_was_injected_again(void **state)
{
    assert_int_equal(itest_loader(guest), loader);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_destination_adopts_the_running_loader),
        cmocka_unit_test(and_back_again),
        cmocka_unit_test(without_the_hook_a_host_that_lacks_cpus_refuses),
        cmocka_unit_test(without_the_hook_originals_come_from_the_status),
        cmocka_unit_test(with_the_hook_a_host_that_lacks_cpus_takes_it),
        cmocka_unit_test(what_was_pinned_elsewhere_is_released_here),
        cmocka_unit_test(nothing_was_injected_again),
        cmocka_unit_test(detaching_takes_the_channel_away_that_came_along),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
