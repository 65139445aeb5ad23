/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Leaving and upgrading: bpfpvd --withdraw leaves nothing in the running domains, whatever state
 * the daemon has left them in; and a daemon that stops for the next one keeps the pins.
 */
#include "itest.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <utime.h>

static BedGuest *defined, *attached;
static BedDaemon *server;

static int
setup(void **state)
{
    static const BedGuestOptions with = {.name = "defined", .metadata_xml = ITEST_SHARED};
    static const BedGuestOptions without = {.name = "attached"};

    defined = bed_guest_start(&with);
    attached = bed_guest_start(&without);
    bed_guest_task(defined, NULL, 0, "pin 1");
    return 0;
}

static int
withdraw(char **err)
{
    g_autofree char *guest_dir = g_strconcat("--guest-dir=", g_getenv("BPFPV_GUEST_DIR"), NULL);
    const char *const argv[] = {g_getenv("BPFPVD"), guest_dir, "--withdraw", NULL};
    int status;

    assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, err,
                             &status, NULL));
    return WEXITSTATUS(status);
}

static char *
live_xml(BedGuest *guest)
{
    char *xml = virDomainGetXMLDesc(bed_guest_domain(guest), 0);

    assert_non_null(xml);
    return xml;
}

static void
serve(void)
{
    server = bed_daemon_start(NULL);
    bed_wait_state("defined", "active", BED_SOON);
    itest_attach(attached);
    bed_assert_vcpupin_single(defined, 1, BED_SOON);
}

static gboolean
has_no_loader(gpointer guest)
{
    return itest_loader(guest) == 0;
}

static void
assert_nothing_is_left(BedGuest *guest)
{
    g_autofree char *xml = live_xml(guest);

    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    if (!bed_wait(has_no_loader, guest, BED_SOON))
        bed_fail("a loader runs in %s", bed_guest_name(guest));
    if (strstr(xml, "org.bpfpv.0") || strstr(xml, "urn:bpfpv:status:1"))
        bed_fail("left in %s: %s", bed_guest_name(guest), xml);
}

static void
not_while_a_daemon_runs(void **state)
{
    g_autofree char *err = NULL;

    serve();
    assert_int_equal(withdraw(&err), 1);
    assert_non_null(strstr(err, "systemctl stop bpfpvd"));
    bed_assert_vcpupin_single(defined, 1, 0);
}

static void
assert_all_withdrawn(void)
{
    g_autofree char *err = NULL;
    g_autofree char *xml = NULL;

    if (withdraw(&err) != 0)
        bed_fail("bpfpvd --withdraw: %s", err);
    assert_nothing_is_left(defined);
    assert_nothing_is_left(attached);
    xml = live_xml(attached);
    assert_null(strstr(xml, "urn:bpfpv"));
    g_free(xml);
    /* The definition has it: it is not ours to remove. */
    xml = live_xml(defined);
    assert_non_null(strstr(xml, "urn:bpfpv:domain:1"));
}

static void
after_a_daemon_that_was_killed_nothing_is_left(void **state)
{
    bed_daemon_kill_all();
    assert_all_withdrawn();
}

static void
after_a_daemon_that_ended_nothing_is_left(void **state)
{
    serve();
    bed_daemon_stop(server);
    assert_all_withdrawn();
}

static void
again_it_finds_nothing_and_is_content(void **state)
{
    assert_all_withdrawn();
}

/* Seen by the pin calls: there is none. */
static void
a_daemon_that_stops_for_the_next_keeps_the_pins(void **state)
{
    int cpu;

    serve();
    cpu = bed_assert_vcpupin_single(defined, 1, BED_SOON);
    itest_listen();
    assert_true(g_file_set_contents("/run/bpfpv/keep", "", 0, NULL));
    bed_daemon_stop(server);
    itest_restore(); /* as the unit does: it takes the file as read */
    assert_false(g_file_test("/run/bpfpv/keep", G_FILE_TEST_EXISTS));
    server = bed_daemon_start(NULL);
    bed_wait_state("defined", "active", BED_SOON);
    bed_wait_state("attached", "active", BED_SOON);
    assert_int_equal(bed_assert_vcpupin_single(defined, 1, BED_SOON), cpu);
    itest_heard();
    assert_int_equal(itest_count_heard(defined, "vcpupin1"), 0);
}

/* The next one did not start: then they go back. */
static void
the_file_counts_once(void **state)
{
    bed_daemon_stop(server);
    bed_assert_vcpupin_all(defined, 1, BED_SOON);
}

static void
an_old_file_says_nothing(void **state)
{
    const struct utimbuf old = {0};

    serve();
    assert_true(g_file_set_contents("/run/bpfpv/keep", "", 0, NULL));
    assert_int_equal(g_utime("/run/bpfpv/keep", (struct utimbuf *)&old), 0);
    bed_daemon_stop(server);
    bed_assert_vcpupin_all(defined, 1, BED_SOON);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_while_a_daemon_runs),
        cmocka_unit_test(after_a_daemon_that_was_killed_nothing_is_left),
        cmocka_unit_test(after_a_daemon_that_ended_nothing_is_left),
        cmocka_unit_test(again_it_finds_nothing_and_is_content),
        cmocka_unit_test(a_daemon_that_stops_for_the_next_keeps_the_pins),
        cmocka_unit_test(the_file_counts_once),
        cmocka_unit_test(an_old_file_says_nothing),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
