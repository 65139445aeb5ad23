/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "bpfpvd --restore" when not everything is as it should be: a broken
 * bpfpvd.conf, no libvirtd, a damaged journal, a domain that a job holds. Two
 * guests, each with an anchor.
 */
#include "itest.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static BedGuest *one, *two;
static gint64 first, second; /* the tasks that are pinned to vCPU 1 */

static int
setup(void **state)
{
    static const BedGuestOptions options[] = {{.name = "one", .metadata_xml = ITEST_SHARED},
                                              {.name = "two", .metadata_xml = ITEST_SHARED}};

    one = bed_guest_start(&options[0]);
    two = bed_guest_start(&options[1]);
    first = bed_guest_task(one, NULL, 0, "pin 1");
    second = bed_guest_task(two, NULL, 0, "pin 1");
    return 0;
}

/* Both have an anchor each, and nobody looks after them any more. */
static void
leave_pinned(void)
{
    g_autofree char *config = itest_config("[host]\nreserve=0\n");
    BedDaemon *bpfpvd = bed_daemon_start(config, NULL);

    bed_assert_vcpupin_single(one, 1, BED_SOON);
    bed_assert_vcpupin_single(two, 1, BED_SOON);
    bed_daemon_kill(bpfpvd);
}

static void
assert_back(BedGuest *guest)
{
    bed_assert_vcpupin_all(guest, 0, 0);
    bed_assert_vcpupin_all(guest, 1, 0);
    bed_assert_emulatorpin(guest, NULL, 0);
}

/* "bpfpvd --restore"; fails the test unless it ends with @code and says @said. */
static void
restore(const char *option, int code, const char *said)
{
    const char *const argv[] = {g_getenv("BPFPVD"), "--restore", option, NULL};
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    int status;

    assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err,
                             &status, NULL));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code || !strstr(err, said))
        bed_fail("bpfpvd --restore ended with wait status %d, and \"%s\" should be in: %s", status,
                 said, err);
}

static char *
journal_of(BedGuest *guest)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    g_autofree char *file = NULL;

    assert_int_equal(virDomainGetUUIDString(bed_guest_domain(guest), uuid), 0);
    file = g_strconcat(uuid, ".json", NULL);
    return g_build_filename("/run/bpfpv", file, NULL);
}

/* The entry may stay, for the channel that is bpfpv's. */
static void
assert_not_pinned(const char *journal)
{
    g_autofree char *text = NULL;

    if (g_file_get_contents(journal, &text, NULL, NULL) && !strstr(text, "\"pinned\" : false"))
        bed_fail("%s says that pins are in force: %s", journal, text);
}

static void
a_broken_configuration_is_no_obstacle(void **state)
{
    g_autofree char *config = NULL;

    leave_pinned();
    config = itest_config("[hots]\nreserve=0\n");
    restore(config, 0, "bpfpvd.conf:1: [hots]: not a section");
    assert_back(one);
    assert_back(two);
}

static void
without_libvirtd_nothing_is_lost(void **state)
{
    g_autofree char *journal = journal_of(one);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    leave_pinned();
    assert_true(g_file_get_contents(journal, &before, NULL, NULL));
    bed_libvirtd("stop");
    restore(NULL, 1, "2 of 2 domains are not as they were");
    assert_true(g_file_get_contents(journal, &after, NULL, NULL));
    assert_string_equal(after, before);
    bed_libvirtd("start");
    bed_assert_vcpupin_single(one, 1, 0);
    restore(NULL, 0, "");
    assert_back(one);
    assert_back(two);
    assert_not_pinned(journal);
}

static void
the_next_daemon_takes_up_what_was_left(void **state)
{
    g_autofree char *config = itest_config("[host]\nreserve=0\n");
    BedDaemon *bpfpvd;

    leave_pinned();
    bed_libvirtd("stop");
    restore(NULL, 1, "start bpfpvd, or run \"bpfpvd --restore\" again");
    bed_libvirtd("start");
    bpfpvd = bed_daemon_start(config, NULL);
    bed_wait_state("one", "active", BED_SOON);
    bed_wait_state("two", "active", BED_SOON);
    bed_daemon_stop(bpfpvd);
    assert_back(one);
    assert_back(two);
}

static void
a_damaged_journal_is_kept_and_said(void **state)
{
    g_autofree char *journal = journal_of(one);
    g_autofree char *whole = NULL;
    g_autofree char *after = NULL;
    gsize length;

    leave_pinned();
    assert_true(g_file_get_contents(journal, &whole, &length, NULL));
    assert_true(g_file_set_contents(journal, whole, (gssize)length / 2, NULL));
    restore(NULL, 1, journal);
    assert_back(two);
    bed_assert_vcpupin_single(one, 1, 0);
    assert_true(g_file_get_contents(journal, &after, NULL, NULL));
    assert_int_equal(strlen(after), length / 2);
    assert_true(g_file_set_contents(journal, whole, (gssize)length, NULL)); /* as somebody has it */
    restore(NULL, 0, "");
    assert_back(one);
}

static gboolean
has_job(gpointer data)
{
    virDomainJobInfo info;

    return virDomainGetJobInfo(bed_guest_domain(data), &info) == 0 &&
           info.type != VIR_DOMAIN_JOB_NONE;
}

/* Dumps "one" into a pipe that nobody reads from: that goes on for as long as the test wants. */
static GSubprocess *
hold(int *reader)
{
    g_autofree char *fifo = g_build_filename(g_getenv("BED_DIR"), "dump", NULL);
    const char *const dump[] = {"virsh", "-q", "dump", "--live", "one", fifo, NULL};
    GSubprocess *process;

    assert_int_equal(mkfifo(fifo, 0600), 0);
    *reader = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(*reader >= 0);
    process = g_subprocess_newv(dump, G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);
    assert_non_null(process);
    if (!bed_wait(has_job, one, BED_SOON))
        bed_fail("virsh dump has no job");
    return process;
}

static void
a_domain_that_a_job_holds_delays_no_other(void **state)
{
    const char *const argv[] = {g_getenv("BPFPVD"), "--restore", NULL};
    g_autoptr(GSubprocess) dumping = NULL;
    g_autoptr(GSubprocess) restoring = NULL;
    g_autofree char *journal = journal_of(one);
    int reader;

    leave_pinned();
    dumping = hold(&reader);
    restoring = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_NONE, NULL);
    assert_non_null(restoring);
    bed_assert_vcpupin_all(two, 1, BED_SOON);
    assert_true(has_job(one)); /* as it was all the time */
    bed_assert_vcpupin_single(one, 1, 0);
    assert_true(g_file_test(journal, G_FILE_TEST_EXISTS));
    close(reader); /* the dump fails, and that is its end */
    assert_true(g_subprocess_wait_check(restoring, NULL, NULL));
    assert_back(one);
    assert_back(two);
    g_subprocess_wait(dumping, NULL, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_configuration_is_no_obstacle),
        cmocka_unit_test(without_libvirtd_nothing_is_lost),
        cmocka_unit_test(the_next_daemon_takes_up_what_was_left),
        cmocka_unit_test(a_damaged_journal_is_kept_and_said),
        cmocka_unit_test(a_domain_that_a_job_holds_delays_no_other),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
