/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain that bpfpv does not manage and that is pinned statically: its CPU is
 * no anchor's, wherever an administrator pins it. And a managed domain whose
 * number of vCPUs changes.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *guest, *neighbour;
static char *all, *but_0, *but_1; /* host CPUs */

static BedGuest *
start_neighbour(const char *cputune)
{
    const BedGuestOptions options = {
        .name = "neighbour",
        .vcpus = 2,
        .no_agent_channel = TRUE,
        .no_wait = TRUE,
        .cputune_xml = cputune,
    };

    return bed_guest_start(&options);
}

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "managed",
        .max_vcpus = 3,
        .metadata_xml = "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv>",
    };
    g_autofree char *config = itest_config("[host]\ncpuset=0-1\nreserve=0\n");

    all = bed_host_cpus();
    but_0 = itest_cpus_but(0);
    but_1 = itest_cpus_but(1);
    neighbour = start_neighbour("<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>");
    guest = bed_guest_start(&options);
    bed_daemon_start(config, NULL);
    bed_wait_state("managed", "active", BED_SOON);
    return 0;
}

static void
type_vcpupin(const char *vcpu, const char *cpus)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, "vcpupin", "neighbour", vcpu, cpus, "--live", NULL) != 0)
        bed_fail("virsh vcpupin neighbour %s %s: %s", vcpu, cpus, err);
}

static gint64 task;

static void
an_anchor_is_not_put_on_its_cpu(void **state)
{
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    bed_assert_vcpupin(guest, 0, but_1, BED_SOON);
    bed_assert_vcpupin(neighbour, 0, "0", 0);
}

static void
an_anchor_leaves_the_cpu_that_it_is_pinned_to(void **state)
{
    type_vcpupin("0", "1");
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    bed_assert_vcpupin(guest, 0, but_0, BED_SOON);
    type_vcpupin("0", "0");
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
}

static void
none_is_left_and_that_is_said(void **state)
{
    type_vcpupin("1", "1");
    itest_assert_reason("managed", "statically pinned");
    bed_assert_vcpupin(guest, 0, all, BED_SOON);
    bed_assert_vcpupin(guest, 1, all, BED_SOON);
    bed_assert_vcpupin(neighbour, 0, "0", 0);
    bed_assert_vcpupin(neighbour, 1, "1", 0);
    bed_wait_state("managed", "failed", BED_SOON);
}

static void
what_it_leaves_is_for_anchors_again(void **state)
{
    type_vcpupin("1", "0-1");
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    type_vcpupin("1", "1");
    bed_assert_vcpupin(guest, 1, all, BED_SOON);
    bed_guest_destroy(neighbour);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    neighbour = start_neighbour("<cputune><vcpupin vcpu='0' cpuset='0'/></cputune>");
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    bed_guest_kill(guest, task, SIGKILL);
    bed_assert_vcpupin(guest, 1, all, BED_SOON);
}

/* A vCPU that is not plugged in has its pin all the same; what it is for is another matter. */
static void
vcpus_that_come_change_no_pin(void **state)
{
    g_autofree char *log = NULL;
    g_autofree char *original = NULL;

    assert_int_equal(bed_virsh(NULL, NULL, "setvcpus", "managed", "3", "--live", NULL), 0);
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    bed_assert_vcpupin(guest, 2, but_1, BED_SOON);
    original = itest_vcpu(guest, 2, "original");
    assert_string_equal(original, all);
    assert_int_equal(bed_ctl(NULL, NULL, "detach", "managed", NULL), 0);
    for (guint vcpu = 0; vcpu < 3; vcpu++)
        bed_assert_vcpupin(guest, vcpu, all, 0);
    log = bed_daemon_log();
    assert_null(strstr(log, "pinning"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anchor_is_not_put_on_its_cpu),
        cmocka_unit_test(an_anchor_leaves_the_cpu_that_it_is_pinned_to),
        cmocka_unit_test(none_is_left_and_that_is_said),
        cmocka_unit_test(what_it_leaves_is_for_anchors_again),
        cmocka_unit_test(vcpus_that_come_change_no_pin),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
