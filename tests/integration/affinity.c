/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tasks in a real guest do to their affinity, and what the host's pins do
 * then. One guest with three vCPUs for all of them: each test leaves it as it
 * found it.
 */
#include "itest.h"

#include <signal.h>

static BedGuest *guest;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "affinity", .vcpus = 3};

    guest = bed_guest_start(&options);
    bed_daemon_start(NULL);
    itest_attach(guest);
    return 0;
}

static void
assert_all_float(void)
{
    for (guint vcpu = 0; vcpu < 3; vcpu++) {
        bed_assert_vcpupin_all(guest, vcpu, BED_SOON);
        itest_assert_want(guest, vcpu, "float", 0);
    }
    itest_assert_keys(guest, 0);
}

static void
a_task_pins_and_unpins_itself(void **state)
{
    gint64 tid;
    gint64 pid = bed_guest_task(guest, &tid, 1, "pin 1");
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, tid);

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    itest_assert_want(guest, 1, "anchor", 1);
    g_free(bed_guest_exec(guest, NULL, "/bin/bed-task", "set", text, "0-2", NULL));
    assert_all_float();
    bed_guest_kill(guest, pid, SIGKILL);
}

static void
the_anchored_vcpu_has_its_cpu_to_itself(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
    int cpu = bed_assert_vcpupin_single(guest, 1, BED_SOON);
    g_autofree char *all = bed_host_cpus();
    g_autofree char *alone = g_strdup_printf("%d", cpu);

    for (guint vcpu = 0; vcpu < 3; vcpu += 2) {
        g_autofree char *planned = NULL;

        planned = itest_vcpu(guest, vcpu, "cpus");
        bed_assert_vcpupin(guest, vcpu, planned, BED_SOON);
        assert_string_not_equal(planned, all);
        assert_string_not_equal(planned, alone);
    }
    bed_guest_kill(guest, pid, SIGKILL);
    assert_all_float();
}

static void
the_exit_of_a_pinned_task_releases(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 2");

    bed_assert_vcpupin_single(guest, 2, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    assert_all_float();
}

static void
the_exit_of_one_thread_of_many_releases_its_own(void **state)
{
    gint64 tids[3];
    gint64 pid;

    /* Thread 0 is left free, 1 and 2 share a vCPU. */
    pid = bed_guest_task(guest, tids, 3, "threads /run/threads 0-2 1 1");
    itest_assert_want(guest, 1, "anchor", 2);
    g_free(bed_guest_exec(guest, NULL, "/bin/sh", "-c", "echo exit 1 > /run/threads", NULL));
    itest_assert_want(guest, 1, "anchor", 1);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    g_free(bed_guest_exec(guest, NULL, "/bin/sh", "-c", "echo exit 2 > /run/threads", NULL));
    assert_all_float();
    bed_guest_kill(guest, pid, SIGKILL);
    g_free(bed_guest_exec(guest, NULL, "/bin/rm", "/run/threads", NULL));
}

static void
the_child_of_a_pinned_parent_is_pinned_too(void **state)
{
    gint64 tids[2];
    gint64 parent = bed_guest_task(guest, tids, 2, "fork 1");
    gint64 child = tids[0] == parent ? tids[1] : tids[0];

    itest_assert_want(guest, 1, "anchor", 2);
    bed_guest_kill(guest, parent, SIGKILL);
    itest_assert_want(guest, 1, "anchor", 1);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_guest_kill(guest, child, SIGKILL);
    assert_all_float();
}

static void
a_task_that_moves_leaves_nothing_behind(void **state)
{
    gint64 tid;
    gint64 pid = bed_guest_task(guest, &tid, 1, "pin 1");
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, tid);

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    g_free(bed_guest_exec(guest, NULL, "/bin/bed-task", "set", text, "2", NULL));
    bed_assert_vcpupin_single(guest, 2, BED_SOON);
    itest_assert_want(guest, 1, "float", 0);
    itest_assert_want(guest, 2, "anchor", 1);
    itest_assert_keys(guest, 1);
    bed_guest_kill(guest, pid, SIGKILL);
    assert_all_float();
}

static void
a_vcpu_is_released_after_the_last_of_two_tasks(void **state)
{
    gint64 first = bed_guest_task(guest, NULL, 0, "pin 1");
    gint64 second = bed_guest_task(guest, NULL, 0, "pin 1");

    itest_assert_want(guest, 1, "anchor", 2);
    bed_guest_kill(guest, first, SIGKILL);
    itest_assert_want(guest, 1, "anchor", 1);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_guest_kill(guest, second, SIGKILL);
    assert_all_float();
}

static void
a_mask_of_several_cpus_is_a_cohort(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 0,2");

    itest_assert_want(guest, 0, "cohort", 1);
    itest_assert_want(guest, 1, "float", 0);
    itest_assert_want(guest, 2, "cohort", 1);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    assert_all_float();
}

static void
a_call_that_fails_changes_nothing(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
    int cpu = bed_assert_vcpupin_single(guest, 1, BED_SOON);
    g_autofree char *text = g_strdup_printf("%d", cpu);

    g_free(bed_guest_exec(guest, NULL, "/bin/bed-task", "invalid", NULL));
    /* A change that is real follows it through the same table: when that one has arrived, so
     * would have the failed one. */
    bed_guest_kill(guest, bed_guest_task(guest, NULL, 0, "pin 0,2"), SIGKILL);
    itest_assert_keys(guest, 1);
    itest_assert_want(guest, 1, "anchor", 1);
    bed_assert_vcpupin(guest, 1, text, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    assert_all_float();
}

static void
a_storm_ends_in_its_last_state(void **state)
{
    /* The last of them is all CPUs. */
    g_free(bed_guest_exec(guest, NULL, "/bin/bed-task", "storm", "3000", "0", "1", "0-2", NULL));
    assert_all_float();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_pins_and_unpins_itself),
        cmocka_unit_test(the_anchored_vcpu_has_its_cpu_to_itself),
        cmocka_unit_test(the_exit_of_a_pinned_task_releases),
        cmocka_unit_test(the_exit_of_one_thread_of_many_releases_its_own),
        cmocka_unit_test(the_child_of_a_pinned_parent_is_pinned_too),
        cmocka_unit_test(a_task_that_moves_leaves_nothing_behind),
        cmocka_unit_test(a_vcpu_is_released_after_the_last_of_two_tasks),
        cmocka_unit_test(a_mask_of_several_cpus_is_a_cohort),
        cmocka_unit_test(a_call_that_fails_changes_nothing),
        cmocka_unit_test(a_storm_ends_in_its_last_state),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
