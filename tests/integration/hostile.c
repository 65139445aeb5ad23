/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest whose root has taken the channel and floods it: neither the daemon
 * nor another guest notices, and the guest is served again when it stops.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *hostile, *healthy;
static gint64 flood;

/* Takes the place of the loader, as fast as it has left. */
#define TAKE_AND_FLOOD                                                                             \
    "for p in /sys/class/virtio-ports/*; do grep -q bpfpv $p/name && port=/dev/${p##*/}; done; "   \
    "kill -9 $(pidof bpfpv-guest); while :; do cat /dev/urandom > $port; done"

static int
setup(void **state)
{
    static const BedGuestOptions first = {.name = "hostile", .metadata_xml = ITEST_SHARED};
    static const BedGuestOptions second = {.name = "healthy", .metadata_xml = ITEST_SHARED};

    g_autofree char *config = itest_config("[host]\nreserve=0\n");

    hostile = bed_guest_start(&first);
    healthy = bed_guest_start(&second);
    bed_daemon_start(config, NULL);
    bed_wait_state("hostile", "active", BED_SOON);
    bed_wait_state("healthy", "active", BED_SOON);
    return 0;
}

static void
a_flooded_channel_is_reported(void **state)
{
    bed_guest_task(hostile, NULL, 0, "pin 0");
    bed_assert_vcpupin_single(hostile, 0, BED_SOON);
    flood = bed_guest_spawn(hostile, "/bin/sh", "-c", TAKE_AND_FLOOD, NULL);
    bed_wait_state("hostile", "failed", BED_BOOT);
    itest_assert_served(healthy);
}

static void
what_the_guest_held_is_free_after_its_grace(void **state)
{
    bed_assert_vcpupin_all(hostile, 0, BED_SOON);
}

static long
daemon_rss_kib(void)
{
    g_autofree char *status = NULL;
    const char *argv[] = {"pidof", "bpfpvd", NULL};
    g_autofree char *out = NULL;
    g_autofree char *path = NULL;

    assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL,
                             NULL, NULL));
    path = g_strdup_printf("/proc/%ld/status", strtol(out, NULL, 10));
    assert_true(g_file_get_contents(path, &status, NULL, NULL));
    return strtol(strstr(status, "VmRSS:") + strlen("VmRSS:"), NULL, 10);
}

static void
the_daemon_does_not_grow(void **state)
{
    long before = daemon_rss_kib();

    for (int i = 0; i < 5; i++)
        itest_assert_served(healthy);
    assert_true(daemon_rss_kib() < before + 8 * 1024);
}

static void
a_guest_that_comes_to_its_senses_is_served_again(void **state)
{
    gint64 pid;

    bed_guest_kill(hostile, flood, SIGKILL);
    g_free(bed_guest_exec(hostile, NULL, "/bin/killall", "-9", "cat", NULL));
    bed_wait_state("hostile", "active", BED_BOOT);
    bed_assert_vcpupin_single(hostile, 0, BED_SOON); /* the task is still there */
    pid = bed_guest_task(hostile, NULL, 0, "pin 0");
    itest_assert_want(hostile, 0, "anchor", 2);
    bed_guest_kill(hostile, pid, SIGKILL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flooded_channel_is_reported),
        cmocka_unit_test(what_the_guest_held_is_free_after_its_grace),
        cmocka_unit_test(the_daemon_does_not_grow),
        cmocka_unit_test(a_guest_that_comes_to_its_senses_is_served_again),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
