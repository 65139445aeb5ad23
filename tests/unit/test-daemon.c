/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The real bpfpvd as systemd runs it, on a bus of its own and without a
 * libvirt: what it tells systemd, SIGHUP, --check-config, --restore.
 */
#define _GNU_SOURCE /* prlimit() */
#include "unit.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>

#include "host/journal/journal.h"
#include "notify-socket.h"

#define UUID "11111111-2222-3333-4444-555555555555"
#define NO_LIBVIRT "--connect=test:///nonexistent/libvirt.xml"

typedef struct {
    char *dir;
    char *conf;
    char *state_dir;
    char *log;
    GTestDBus *bus;
    NotifySocket *notify;
    GSubprocess *daemon;
    int code; /* of the last run to the end */
    char *out;
    char *err;
} Fixture;

static char *
in_dir(Fixture *fixture, const char *name)
{
    return g_build_filename(fixture->dir, name, NULL);
}

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);

    fixture->dir = g_dir_make_tmp("bpfpv-daemon-XXXXXX", NULL);
    fixture->conf = in_dir(fixture, "bpfpvd.conf");
    fixture->state_dir = in_dir(fixture, "state");
    fixture->log = in_dir(fixture, "log");
    fixture->notify = notify_socket_new(fixture->dir);
    fixture->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(fixture->bus);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *journal = g_build_filename(fixture->state_dir, UUID ".json", NULL);

    if (fixture->daemon) {
        g_subprocess_force_exit(fixture->daemon);
        g_subprocess_wait(fixture->daemon, NULL, NULL);
        g_object_unref(fixture->daemon);
    }
    g_test_dbus_down(fixture->bus);
    g_object_unref(fixture->bus);
    notify_socket_free(fixture->notify);
    g_unlink(journal);
    g_unlink(fixture->conf);
    g_unlink(fixture->log);
    g_rmdir(fixture->state_dir);
    g_rmdir(fixture->dir);
    g_free(fixture->dir);
    g_free(fixture->conf);
    g_free(fixture->state_dir);
    g_free(fixture->log);
    g_free(fixture->out);
    g_free(fixture->err);
    g_free(fixture);
    return 0;
}

static void
configure(Fixture *fixture, const char *text)
{
    assert_true(g_file_set_contents(fixture->conf, text, -1, NULL));
}

/* ---- in the background ---- */

static void
start(Fixture *fixture)
{
    g_autofree char *conf = g_strconcat("--config=", fixture->conf, NULL);
    g_autofree char *state_dir = g_strconcat("--state-dir=", fixture->state_dir, NULL);
    g_autofree char *guest_dir = g_strconcat("--guest-dir=", g_getenv("BPFPV_GUEST_DIR"), NULL);
    g_autofree char *bus =
        g_strconcat("--bus-address=", g_test_dbus_get_bus_address(fixture->bus), NULL);
    const char *argv[] = {g_getenv("BPFPVD"), conf, state_dir, guest_dir, bus, NO_LIBVIRT, NULL};
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_autoptr(GError) error = NULL;

    g_subprocess_launcher_set_stdout_file_path(launcher, fixture->log);
    g_subprocess_launcher_setenv(launcher, "NOTIFY_SOCKET", fixture->notify->path, TRUE);
    g_subprocess_launcher_setenv(launcher, "WATCHDOG_USEC", "100000", TRUE);
    fixture->daemon = g_subprocess_launcher_spawnv(launcher, argv, &error);
    if (error)
        fail_msg("%s", error->message);
    g_free(notify_socket_wait(fixture->notify, "READY=1"));
}

/* SIGTERM; fails the test unless it ends with 0. */
static void
stop(Fixture *fixture)
{
    g_subprocess_send_signal(fixture->daemon, SIGTERM);
    g_free(notify_socket_wait(fixture->notify, "STOPPING=1"));
    assert_true(g_subprocess_wait_check(fixture->daemon, NULL, NULL));
    g_clear_object(&fixture->daemon);
}

static void
assert_logged(Fixture *fixture, const char *part)
{
    g_autofree char *log = NULL;

    assert_true(g_file_get_contents(fixture->log, &log, NULL, NULL));
    if (!strstr(log, part))
        fail_msg("\"%s\" is not in: %s", part, log);
}

/* SIGHUP, as "systemctl kill" sends it; returns when it has been dealt with. */
static void
hang_up(Fixture *fixture)
{
    g_subprocess_send_signal(fixture->daemon, SIGHUP);
    g_free(notify_socket_wait(fixture->notify, "RELOADING=1"));
    g_free(notify_socket_wait(fixture->notify, "READY=1"));
}

/* Returns: (transfer full) (nullable): what is wrong */
static GError *
call_reload(Fixture *fixture)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) connection =
        g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(fixture->bus),
                                               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                               NULL, NULL, &error);
    g_autoptr(GVariant) reply = NULL;

    assert_non_null(connection);
    reply =
        g_dbus_connection_call_sync(connection, "org.bpfpv1", "/org/bpfpv1", "org.bpfpv1.Manager",
                                    "Reload", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    return g_steal_pointer(&error);
}

static void
it_says_when_it_is_ready_and_when_it_stops(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *status = NULL;

    configure(fixture, "");
    start(fixture);
    status = notify_socket_wait(fixture->notify, "STATUS=Not connected to libvirt, trying again");
    stop(fixture);
}

/* A socket for each of its domains. By default systemd allows 1,024, and more to who asks. */
static void
it_may_open_as_many_files_as_it_is_given(void **state)
{
    Fixture *fixture = *state;
    struct rlimit before, few, its;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){MIN(before.rlim_max, 256), before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    configure(fixture, "");
    start(fixture);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(
        prlimit(atoi(g_subprocess_get_identifier(fixture->daemon)), RLIMIT_NOFILE, NULL, &its), 0);
    assert_int_equal(its.rlim_cur, before.rlim_max);
    stop(fixture);
}

static void
it_is_alive_only_while_its_loop_turns(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *message = NULL;

    configure(fixture, "");
    start(fixture);
    for (guint i = 0; i < 3; i++)
        g_free(notify_socket_wait(fixture->notify, "WATCHDOG=1"));
    g_subprocess_send_signal(fixture->daemon, SIGSTOP);
    g_free(notify_socket_receive(fixture->notify, 100)); /* one that was under way */
    notify_socket_drain(fixture->notify);
    message = notify_socket_receive(fixture->notify, 500);
    assert_null(message);
    g_subprocess_send_signal(fixture->daemon, SIGCONT);
    g_free(notify_socket_wait(fixture->notify, "WATCHDOG=1"));
    stop(fixture);
}

static void
hanging_up_reads_the_file_again(void **state)
{
    Fixture *fixture = *state;

    configure(fixture, "");
    start(fixture);
    configure(fixture, "[host]\ncpuset=1\n");
    hang_up(fixture);
    assert_logged(fixture, "bpfpvd.conf was read again");
    stop(fixture);
}

static void
a_mistake_changes_nothing_and_is_said(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) none = NULL;

    configure(fixture, "");
    start(fixture);
    configure(fixture, "[host]\nreserve=1\ncpuset=3-1\n[hots]\n");
    hang_up(fixture);
    assert_logged(fixture, "what was read before holds on");
    assert_logged(fixture, "bpfpvd.conf:3: [host] cpuset = 3-1: ");
    error = call_reload(fixture);
    assert_non_null(error);
    assert_non_null(strstr(error->message, "bpfpvd.conf:3: [host] cpuset = 3-1: "));
    assert_non_null(strstr(error->message, "bpfpvd.conf:4: [hots]: not a section"));
    configure(fixture, "");
    none = call_reload(fixture);
    assert_null(none);
    stop(fixture);
}

/* ---- to the end ---- */

static void
run(Fixture *fixture, const char *first, const char *second)
{
    g_autofree char *state_dir = g_strconcat("--state-dir=", fixture->state_dir, NULL);
    const char *argv[] = {g_getenv("BPFPVD"), state_dir, NO_LIBVIRT, first, second, NULL};
    g_autoptr(GSubprocess) process = NULL;
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&fixture->out, g_free);
    g_clear_pointer(&fixture->err, g_free);
    process = g_subprocess_newv(
        argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
    if (error)
        fail_msg("%s", error->message);
    assert_true(
        g_subprocess_communicate_utf8(process, NULL, NULL, &fixture->out, &fixture->err, NULL));
    assert_true(g_subprocess_get_if_exited(process));
    fixture->code = g_subprocess_get_exit_status(process);
}

static void
assert_ended(Fixture *fixture, int code, const char *said)
{
    if (fixture->code != code || !strstr(fixture->err, said))
        fail_msg("ended with %d, and \"%s\" should be in: %s", fixture->code, said, fixture->err);
}

static void
a_valid_file_is_called_so(void **state)
{
    Fixture *fixture = *state;

    configure(fixture, "# fine\n[host]\nreserve=2\n");
    run(fixture, "--check-config", fixture->conf);
    assert_ended(fixture, 0, "");
    assert_non_null(strstr(fixture->out, "bpfpvd.conf: valid\n"));
}

static void
every_mistake_is_a_line(void **state)
{
    Fixture *fixture = *state;
    g_auto(GStrv) lines = NULL;
    g_autofree char *option = g_strconcat("--check-config=", fixture->conf, NULL);

    configure(fixture, "reserve=2\n[host]\nreserve=-1\n\nfoo\n[hook]\ninvalid=maybe\n");
    run(fixture, option, NULL);
    assert_ended(fixture, 1, "bpfpvd.conf:1: \"reserve=2\": it is in no section; put it below ");
    assert_ended(fixture, 1, "bpfpvd.conf:3: [host] reserve = -1: not a number of CPUs; write ");
    assert_ended(fixture, 1, "bpfpvd.conf:5: \"foo\": neither a [SECTION] nor KEY=VALUE");
    assert_ended(fixture, 1, "bpfpvd.conf:7: [hook] invalid = maybe: not one of refuse, warn");
    lines = g_strsplit(fixture->err, "\n", -1);
    assert_int_equal(g_strv_length(lines), 5); /* the last one is empty */
    assert_string_equal(fixture->out, "");
}

static void
a_file_that_is_named_has_to_be_there(void **state)
{
    Fixture *fixture = *state;

    run(fixture, "--check-config", "/nonexistent/bpfpvd.conf");
    assert_ended(fixture, 1, "/nonexistent/bpfpvd.conf: can't be read: ");
}

static void
restoring_needs_no_valid_file(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *option = g_strconcat("--config=", fixture->conf, NULL);

    configure(fixture, "[hots]\n");
    run(fixture, "--restore", option);
    assert_ended(fixture, 0, "bpfpvd.conf:1: [hots]: not a section");
    run(fixture, option, NULL);
    assert_ended(fixture, 1, "bpfpvd.conf:1: [hots]: not a section");
}

static void
restoring_without_libvirt_fails_and_keeps_the_journal(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(BpfpvJournalEntry) entry = bpfpv_journal_entry_new(UUID, "web1", 1);
    g_autoptr(BpfpvJournalEntry) after = NULL;

    entry->pinned = TRUE;
    g_ptr_array_add(entry->original, cpus("0-3"));
    assert_true(bpfpv_journal_write(fixture->state_dir, entry, NULL));
    run(fixture, "--restore", NULL);
    assert_ended(fixture, 1, "domain web1: its original pins could not be put back: ");
    after = bpfpv_journal_read(fixture->state_dir, UUID, NULL);
    assert_non_null(after);
    assert_true(after->pinned);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_says_when_it_is_ready_and_when_it_stops),
        TEST(it_may_open_as_many_files_as_it_is_given),
        TEST(it_is_alive_only_while_its_loop_turns),
        TEST(hanging_up_reads_the_file_again),
        TEST(a_mistake_changes_nothing_and_is_said),
        TEST(a_valid_file_is_called_so),
        TEST(every_mistake_is_a_line),
        TEST(a_file_that_is_named_has_to_be_there),
        TEST(restoring_needs_no_valid_file),
        TEST(restoring_without_libvirt_fails_and_keeps_the_journal),
    };
    g_autofree char *dbus = g_find_program_in_path("dbus-daemon");

    if (!dbus) {
        printf("1..0 # SKIP dbus-daemon is not installed\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
