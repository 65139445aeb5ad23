/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two guests at once: each follows its own tasks, whatever becomes of the other's agent. */
#include "itest.h"

#include <signal.h>

static BedGuest *one, *two;

static int
setup(void **state)
{
    static const BedGuestOptions first = {.name = "one", .metadata_xml = ITEST_SHARED};
    static const BedGuestOptions second = {.name = "two", .metadata_xml = ITEST_SHARED};
    g_autofree char *config = itest_config("[host]\nreserve=0\n");

    one = bed_guest_start(&first);
    two = bed_guest_start(&second);
    bed_daemon_start(config, NULL);
    bed_wait_state("one", "active", BED_SOON);
    bed_wait_state("two", "active", BED_SOON);
    return 0;
}

static void
each_follows_its_own_tasks(void **state)
{
    gint64 first = bed_guest_task(one, NULL, 0, "pin 0");
    gint64 second = bed_guest_task(two, NULL, 0, "pin 1");
    int cpu = bed_assert_vcpupin_single(one, 0, BED_SOON);

    assert_int_not_equal(bed_assert_vcpupin_single(two, 1, BED_SOON), cpu);
    bed_assert_vcpupin_all(one, 1, 0);
    bed_assert_vcpupin_all(two, 0, 0);
    bed_guest_kill(one, first, SIGKILL);
    bed_assert_vcpupin_all(one, 0, BED_SOON);
    bed_assert_vcpupin_single(two, 1, 0);
    bed_guest_kill(two, second, SIGKILL);
    bed_assert_vcpupin_all(two, 1, BED_SOON);
}

/* An agent that is stopped still holds its port: commands to it hang until they time out. */
static void
a_stopped_agent_delays_nobody(void **state)
{
    gint64 before = bed_guest_task(one, NULL, 0, "pin 1");
    gint64 pid;
    gint64 began;

    bed_assert_vcpupin_single(one, 1, BED_SOON);
    /* A moment later, so that this very command still gets its answer. */
    bed_guest_spawn(one, "/bin/sh", "-c",
                    "sleep 1; kill -9 $(pidof bpfpv-guest); kill -STOP $(pidof qemu-ga)", NULL);
    bed_wait_state("one", "injecting", BED_SOON); /* and there it hangs */
    began = g_get_monotonic_time();
    pid = bed_guest_task(two, NULL, 0, "pin 0");
    bed_assert_vcpupin_single(two, 0, BED_SOON);
    bed_guest_kill(two, pid, SIGKILL);
    bed_assert_vcpupin_all(two, 0, BED_SOON);
    print_message("the other guest was served in %.1f s\n",
                  (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC);
    /* What was demanded before the loader died is released when its grace has passed. */
    bed_assert_vcpupin_all(one, 1, BED_SOON);
    g_assert_cmpint(before, >, 0);
}

static void
a_domain_whose_agent_hangs_can_still_be_detached(void **state)
{
    assert_int_equal(bed_ctl(NULL, NULL, "detach", "one", NULL), 0);
    bed_assert_vcpupin_all(one, 0, 0);
    bed_assert_vcpupin_all(one, 1, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_follows_its_own_tasks),
        cmocka_unit_test(a_stopped_agent_delays_nobody),
        cmocka_unit_test(a_domain_whose_agent_hangs_can_still_be_detached),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
