/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whatever is lost under a storm, in the ring buffer or because one side stands still: the replica
 * is exact soon after the end, within a second on a calm machine, which is printed, and neither
 * side has grown. BPFPV_TEST_STOP_S is for how long the host stands still; 60 s.
 */
#include "itest.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define VCPUS 3
#define TINY_RING "[host]\nreserve=0\n[test]\nloader=--ring-size=4096\n"
#define EXACT_US (BED_SOON * 1000)
#define GROWTH_KIB 1024
#define ON_CPU_0 20
#define ON_CPU_1 50
#define ON_TWO 30

/* Threads that change their masks, and tasks that are born and die with a narrow one. */
#define STORM                                                                                      \
    "while ! test -e /run/quiet; do bed-task storm 2000 0 1 0-1 0-2; "                             \
    "for i in 1 2 3 4 5; do taskset 2 true; taskset 3 true; done; done"

/* Returns when both storms have ended. */
#define QUIET                                                                                      \
    "touch /run/quiet; for p in %d %d; do while test -d /proc/$p; do usleep 10000; done; done"

static BedGuest *guest;
static BedDaemon *daemon_process;
static gint64 storms[2];
static gint64 stayers[3];

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "lossy", .vcpus = VCPUS, .metadata_xml = ITEST_SHARED};
    g_autofree char *config = itest_config(TINY_RING);

    guest = bed_guest_start(&options);
    daemon_process = bed_daemon_start(config, NULL);
    bed_wait_state("lossy", "active", BED_SOON);
    return 0;
}

static guint
seconds_to_stop(void)
{
    const char *text = g_getenv("BPFPV_TEST_STOP_S");

    return text ? (guint)strtoul(text, NULL, 10) : 60;
}

static void
begin_storm(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(storms); i++)
        storms[i] = bed_guest_spawn(guest, "/bin/sh", "-c", STORM, NULL);
}

/* Started amid the storm, they are what is left after it. */
static void
begin_stayers(void)
{
    g_autofree char *two = g_strdup_printf("many %d 0,2", ON_TWO);
    g_autofree char *first = g_strdup_printf("many %d 0", ON_CPU_0);
    g_autofree char *second = g_strdup_printf("many %d 1", ON_CPU_1);

    stayers[0] = bed_guest_task(guest, (gint64[ON_TWO]){0}, ON_TWO, two);
    stayers[1] = bed_guest_task(guest, (gint64[ON_CPU_0]){0}, ON_CPU_0, first);
    stayers[2] = bed_guest_task(guest, (gint64[ON_CPU_1]){0}, ON_CPU_1, second);
}

static void
end_storm(void)
{
    g_autofree char *line = g_strdup_printf(QUIET, (int)storms[0], (int)storms[1]);

    g_free(bed_guest_exec(guest, NULL, "/bin/sh", "-c", line, NULL));
    g_free(bed_guest_exec(guest, NULL, "/bin/rm", "/run/quiet", NULL));
}

static guint
count_of(const char *replica, const char *list)
{
    g_autofree char *end = g_strconcat(" ", list, NULL);
    g_auto(GStrv) lines = g_strsplit(replica, "\n", -1);
    guint n = 0;

    for (guint i = 0; lines[i]; i++)
        n += g_str_has_suffix(lines[i], end);
    return n;
}

/* The clock runs: that nobody is taken for somebody else is looked at after that. */
static gboolean
counts_are_right(void)
{
    g_autofree char *replica = itest_replica(guest);
    guint first = count_of(replica, "0"), second = count_of(replica, "1");

    return first == ON_CPU_0 && second == ON_CPU_1 && count_of(replica, "0,2") == ON_TWO &&
           itest_keys(guest) == ON_CPU_0 + ON_CPU_1 + ON_TWO;
}

static void
assert_equal(void)
{
    g_autofree char *truth = itest_truth(guest, NULL);
    g_autofree char *replica = itest_replica(guest);

    if (g_str_equal(truth, replica))
        return;
    itest_print_difference(guest);
    bed_fail("the replica differs from the guest's /proc");
}

/* @end_us: when it could begin to become exact. */
static void
assert_exact_since(gint64 end_us)
{
    gint64 asked_us, seen_us;

    do {
        asked_us = g_get_monotonic_time();
        if (counts_are_right()) {
            seen_us = g_get_monotonic_time();
            print_message("exact %.2f s after the end, lost %d, generation %d\n",
                          (double)(seen_us - end_us) / G_USEC_PER_SEC, (int)itest_lost(guest),
                          (int)itest_generation(guest));
            assert_equal();
            /* What follows from it comes a moment later: who never rests is listened to less. */
            itest_assert_want(guest, 0, "anchor", ON_CPU_0);
            itest_assert_want(guest, 1, "anchor", ON_CPU_1);
            itest_assert_want(guest, 2, "cohort", ON_TWO);
            return;
        }
        g_usleep(10 * 1000);
    } while (asked_us < end_us + EXACT_US);
    itest_print_difference(guest);
    bed_fail("after %d s the replica has %d keys, and not those that it should have", BED_SOON,
             (int)itest_keys(guest));
}

static void
end_stayers(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(stayers); i++)
        bed_guest_kill(guest, stayers[i], SIGKILL);
    itest_assert_keys(guest, 0);
}

static long
loader_rss_kib(void)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)itest_loader(guest));
    g_autofree char *status = bed_guest_exec(guest, NULL, "/bin/cat", path, NULL);

    return strtol(strstr(status, "VmRSS:") + strlen("VmRSS:"), NULL, 10);
}

static gboolean
has_lost_more(gpointer than)
{
    return itest_lost(guest) > *(const gint64 *)than;
}

static void
a_ring_that_overflows_is_repaired(void **state)
{
    gint64 lost = itest_lost(guest), end_us;

    begin_storm();
    begin_stayers();
    if (!bed_wait(has_lost_more, &lost, BED_SOON))
        bed_fail("no storm makes a ring of one page overflow");
    end_storm();
    end_us = g_get_monotonic_time();
    assert_exact_since(end_us);
    end_stayers();
}

static void
a_host_that_stands_still_is_caught_up_with(void **state)
{
    long before = loader_rss_kib(), during;
    gint64 end_us;

    begin_storm();
    bed_daemon_signal(daemon_process, SIGSTOP);
    g_usleep(seconds_to_stop() * G_USEC_PER_SEC);
    begin_stayers();
    during = loader_rss_kib();
    end_storm();
    end_us = g_get_monotonic_time();
    bed_daemon_signal(daemon_process, SIGCONT);
    assert_exact_since(end_us);
    print_message("the loader's resident memory: %ld KiB before, %ld KiB during\n", before, during);
    assert_true(during < before + GROWTH_KIB);
    end_stayers();
}

static void
a_loader_that_stands_still_catches_up(void **state)
{
    gint64 loader = itest_loader(guest), lost = itest_lost(guest), end_us;

    begin_storm();
    bed_guest_kill(guest, loader, SIGSTOP);
    begin_stayers();
    end_storm();
    bed_guest_kill(guest, loader, SIGCONT);
    end_us = g_get_monotonic_time();
    assert_exact_since(end_us);
    assert_true(itest_lost(guest) > lost);
    assert_int_equal(itest_loader(guest), loader);
    end_stayers();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_that_overflows_is_repaired),
        cmocka_unit_test(a_host_that_stands_still_is_caught_up_with),
        cmocka_unit_test(a_loader_that_stands_still_catches_up),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
