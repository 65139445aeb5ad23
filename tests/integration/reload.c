/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvd.conf is read again under a running guest; and what systemd does and
 * does not get to see: the end without a libvirtd, a daemon that stands still.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *guest;
static BedDaemon *bpfpvd;
static gint64 loader;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "reload", .metadata_xml = ITEST_SHARED};
    g_autofree char *config = itest_config("[host]\nreserve=0\ncpuset=0\n");

    guest = bed_guest_start(&options);
    bpfpvd = bed_daemon_start(config, NULL);
    bed_wait_state("reload", "active", BED_BOOT);
    loader = itest_loader(guest);
    return 0;
}

static void
assert_reloaded(const char *text)
{
    g_autofree char *err = NULL;

    g_free(itest_config(text));
    if (bed_ctl(NULL, &err, "reload", NULL) != 0)
        bed_fail("bpfpvctl reload: %s", err);
}

/* Neither the guest nor who serves it is another. */
static void
assert_undisturbed(void)
{
    assert_int_equal(itest_loader(guest), loader);
    bed_wait_state("reload", "active", 0);
}

static void
another_pool_holds_at_once(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    assert_reloaded("[host]\nreserve=0\ncpuset=1\n");
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    assert_undisturbed();
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static void
another_reserve_holds_at_once(void **state)
{
    g_autofree char *text = g_strdup_printf("[host]\nreserve=%u\ncpuset=1\n", itest_n_cpus());
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    assert_reloaded(text);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    assert_reloaded("[host]\nreserve=0\ncpuset=1\n");
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

/* Sections for others: the guest has an element, and its pin is what it was. */
static void
what_it_does_not_concern_is_not_touched(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    itest_listen();
    assert_reloaded("[host]\nreserve=0\ncpuset=1\n[domain other*]\naffinity=exclusive\n");
    assert_undisturbed();
    assert_reloaded("[host]\nreserve=0\ncpuset=1\n");
    assert_undisturbed();
    assert_int_equal(itest_count_heard(guest, "vcpupin1"), 0);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    itest_await_heard(guest, "vcpupin1", 1); /* one would have been heard */
}

static gboolean
is_logged(gpointer data)
{
    g_autofree char *log = bed_daemon_log();

    return strstr(log, data) != NULL;
}

static void
a_mistake_leaves_what_was_in_force(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
    g_autofree char *err = NULL;

    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    g_free(itest_config("[host]\nreserve=0\ncpuset=0-\n"));
    assert_int_equal(bed_ctl(NULL, &err, "reload", NULL), 1);
    assert_non_null(strstr(err, "bpfpvd.conf:3: [host] cpuset = 0-: "));
    bed_daemon_signal(bpfpvd, SIGHUP);
    if (!bed_wait(is_logged, (gpointer) "what was read before holds on", BED_SOON))
        bed_fail("the log does not say that the old configuration holds on");
    assert_undisturbed(); /* SIGHUP has not ended it either */
    bed_assert_vcpupin(guest, 1, "1", 0);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    assert_reloaded("[host]\nreserve=0\n");
}

static gboolean
is_listed(gpointer data)
{
    g_autofree char *out = NULL;

    return bed_ctl(&out, NULL, "list", NULL) == 0 && strstr(out, data) != NULL;
}

static gboolean
is_not_listed(gpointer data)
{
    return !is_listed(data);
}

static void
sections_come_and_go_with_their_domains(void **state)
{
    static const BedGuestOptions options = {.name = "later"};
    BedGuest *later = bed_guest_start(&options);

    assert_false(is_listed((gpointer) "later"));
    assert_reloaded("[host]\nreserve=0\n[domain lat*]\naffinity=shared\n");
    bed_wait_state("later", "active", BED_BOOT);
    itest_assert_served(later);
    assert_undisturbed();
    assert_reloaded("[host]\nreserve=0\n");
    if (!bed_wait(is_not_listed, (gpointer) "later", BED_SOON))
        bed_fail("the domain is managed without its section");
    bed_assert_vcpupin_all(later, 0, 0);
    assert_undisturbed();
    bed_guest_destroy(later);
}

/* As systemd does it: it misses the signs of life, kills the daemon, restores, starts it. */
static void
one_that_stands_still_can_be_killed_and_started(void **state)
{
    g_autofree char *config = itest_config("[host]\nreserve=0\n");
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_daemon_signal(bpfpvd, SIGSTOP);
    bed_daemon_kill(bpfpvd);
    bpfpvd = bed_daemon_start(config, NULL);
    bed_wait_state("reload", "active", BED_SOON);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    assert_int_equal(itest_loader(guest), loader);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static gboolean
is_original(gpointer data)
{
    g_autofree char *all = bed_host_cpus();
    g_autofree char *now = bed_vcpupin(guest, 1);

    return g_str_equal(all, now);
}

/* A domain that a job holds has 35 s; an absent libvirtd none of them. */
static void
it_stops_without_libvirtd(void **state)
{
    gint64 began;
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
    double seconds;

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_libvirtd("stop");
    began = g_get_monotonic_time();
    assert_int_equal(bed_daemon_end(bpfpvd), 1); /* as not everything is back */
    seconds = (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
    print_message("bpfpvd has stopped after %.1f s\n", seconds);
    assert_true(is_logged((gpointer) "libvirt can't be reached: the original pins of 1 domains"));
    assert_false(is_logged((gpointer) "libvirt did not do it in time"));
    bed_libvirtd("start");
    itest_restore();
    assert_true(is_original(NULL));
    bed_guest_kill(guest, pid, SIGKILL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_pool_holds_at_once),
        cmocka_unit_test(another_reserve_holds_at_once),
        cmocka_unit_test(what_it_does_not_concern_is_not_touched),
        cmocka_unit_test(a_mistake_leaves_what_was_in_force),
        cmocka_unit_test(sections_come_and_go_with_their_domains),
        cmocka_unit_test(one_that_stands_still_can_be_killed_and_started),
        cmocka_unit_test(it_stops_without_libvirtd),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
