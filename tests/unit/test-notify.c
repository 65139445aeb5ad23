/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a service tells systemd, and that its sign of life is the main loop's. */
#include "unit.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "notify-socket.h"
#include "service/notify.h"

#define INTERVAL_MS 20 /* half of WATCHDOG_USEC */

typedef struct {
    char *dir;
    NotifySocket *notify;
    guint watchdog;
} Fixture;

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);

    fixture->dir = g_dir_make_tmp("bpfpv-notify-XXXXXX", NULL);
    fixture->notify = notify_socket_new(fixture->dir);
    g_setenv("NOTIFY_SOCKET", fixture->notify->path, TRUE);
    g_setenv("WATCHDOG_USEC", "40000", TRUE);
    g_unsetenv("WATCHDOG_PID");
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;

    g_clear_handle_id(&fixture->watchdog, g_source_remove);
    notify_socket_free(fixture->notify);
    g_rmdir(fixture->dir);
    g_free(fixture->dir);
    g_free(fixture);
    return 0;
}

static void
a_state_is_sent_as_it_is(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *message = NULL;

    bpfpv_notify("READY=1\nSTATUS=fine");
    message = notify_socket_receive(fixture->notify, 0);
    assert_non_null(message);
    assert_string_equal(message, "READY=1\nSTATUS=fine");
}

static void
nobody_who_asks_is_no_error(void **state)
{
    (void)state;
    g_unsetenv("NOTIFY_SOCKET");
    bpfpv_notify("READY=1");
    g_setenv("NOTIFY_SOCKET", "/nonexistent/notify", TRUE);
    bpfpv_notify("READY=1");
}

static void
reloading_says_since_when(void **state)
{
    Fixture *fixture = *state;
    gint64 before = g_get_monotonic_time();
    g_autofree char *message = NULL;
    const char *usec;
    gint64 said;

    bpfpv_notify_reloading();
    message = notify_socket_wait(fixture->notify, "RELOADING=1");
    usec = strstr(message, "\nMONOTONIC_USEC=");
    assert_non_null(usec);
    said = g_ascii_strtoll(usec + strlen("\nMONOTONIC_USEC="), NULL, 10);
    assert_true(said >= before && said <= g_get_monotonic_time());
}

static gboolean
end(gpointer user_data)
{
    g_main_loop_quit(user_data);
    return G_SOURCE_REMOVE;
}

static void
turn_for(guint ms)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

    g_timeout_add(ms, end, loop);
    g_main_loop_run(loop);
}

static void
the_sign_of_life_is_sent_while_the_loop_turns(void **state)
{
    Fixture *fixture = *state;

    fixture->watchdog = bpfpv_notify_start_watchdog();
    assert_int_not_equal(fixture->watchdog, 0);
    g_free(notify_socket_wait(fixture->notify, "WATCHDOG=1")); /* at once */
    for (guint i = 0; i < 3; i++) {
        turn_for(2 * INTERVAL_MS);
        g_free(notify_socket_wait(fixture->notify, "WATCHDOG=1"));
    }
}

/* Many intervals pass; nothing but the loop could send anything. */
static void
it_is_not_sent_while_the_loop_is_blocked(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *message = NULL;

    fixture->watchdog = bpfpv_notify_start_watchdog();
    turn_for(2 * INTERVAL_MS);
    notify_socket_drain(fixture->notify);
    message = notify_socket_receive(fixture->notify, 10 * INTERVAL_MS);
    assert_null(message);
    turn_for(2 * INTERVAL_MS);
    g_free(notify_socket_wait(fixture->notify, "WATCHDOG=1"));
}

static void
only_who_is_watched_sends_it(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *own = g_strdup_printf("%d", (int)getpid());

    (void)fixture;
    g_setenv("WATCHDOG_PID", "1", TRUE);
    assert_int_equal(bpfpv_notify_start_watchdog(), 0);
    g_setenv("WATCHDOG_PID", own, TRUE);
    fixture->watchdog = bpfpv_notify_start_watchdog();
    assert_int_not_equal(fixture->watchdog, 0);
    g_unsetenv("WATCHDOG_PID");
    g_setenv("WATCHDOG_USEC", "soon", TRUE);
    assert_int_equal(bpfpv_notify_start_watchdog(), 0);
    g_unsetenv("WATCHDOG_USEC");
    assert_int_equal(bpfpv_notify_start_watchdog(), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_state_is_sent_as_it_is),
        TEST(nobody_who_asks_is_no_error),
        TEST(reloading_says_since_when),
        TEST(the_sign_of_life_is_sent_while_the_loop_turns),
        TEST(it_is_not_sent_while_the_loop_is_blocked),
        TEST(only_who_is_watched_sends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
