/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's ends of many guests' channels: whose turn it is, who is gone meanwhile, who is too
 * fast. */
#include "unit.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "host/channel/channel.h"

#define N 40 /* more than have their turn at once */
#define PLENTY 10000000
#define TIMEOUT_US (30 * G_USEC_PER_SEC)

typedef struct {
    struct Fixture *fixture;
    BpfpvChannel *channel;
    GSocket *guest;
    GString *heard;
    guint closed;
} End;

typedef struct Fixture {
    char *directory;
    End ends[N];
    gboolean frees_others; /* the first that hears something */
} Fixture;

static void
on_bytes(const guint8 *bytes, gsize length, gpointer user_data)
{
    End *end = user_data;
    Fixture *fixture = end->fixture;

    g_string_append_len(end->heard, (const char *)bytes, (gssize)length);
    if (!fixture->frees_others)
        return;
    fixture->frees_others = FALSE;
    for (guint i = 0; i < N; i++)
        if (&fixture->ends[i] != end)
            g_clear_pointer(&fixture->ends[i].channel, bpfpv_channel_free);
}

static void
on_closed(const GError *error, gpointer user_data)
{
    End *end = user_data;

    end->closed++;
}

static const BpfpvChannelFuncs funcs = {on_bytes, on_closed};

static void
open_end(Fixture *fixture, guint i, guint bytes_per_second)
{
    End *end = &fixture->ends[i];
    g_autofree char *name = g_strdup_printf("%u", i);
    g_autofree char *path = g_build_filename(fixture->directory, name, NULL);
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    g_autoptr(GSocket) listener = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);

    assert_true(g_socket_bind(listener, address, FALSE, NULL));
    assert_true(g_socket_listen(listener, NULL));
    end->fixture = fixture;
    end->heard = g_string_new(NULL);
    end->channel = bpfpv_channel_open(path, bytes_per_second, &funcs, end, NULL);
    assert_non_null(end->channel);
    end->guest = g_socket_accept(listener, NULL, NULL);
    assert_int_equal(g_unlink(path), 0);
}

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);

    fixture->directory = g_dir_make_tmp("bpfpv-channel-XXXXXX", NULL);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;

    for (guint i = 0; i < N; i++) {
        bpfpv_channel_free(fixture->ends[i].channel);
        g_clear_object(&fixture->ends[i].guest);
        if (fixture->ends[i].heard)
            g_string_free(fixture->ends[i].heard, TRUE);
    }
    g_rmdir(fixture->directory);
    g_free(fixture->directory);
    g_free(fixture);
    return 0;
}

static void
say(End *end, const char *text)
{
    assert_int_equal(g_socket_send(end->guest, text, strlen(text), NULL, NULL), strlen(text));
}

/* Turns the main loop until nothing is left to do. */
static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
turn_until(const guint *count)
{
    gint64 end = g_get_monotonic_time() + TIMEOUT_US;

    while (*count == 0) {
        if (g_get_monotonic_time() > end)
            fail_msg("it does not come");
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
    }
}

static void
each_hears_its_own(void **state)
{
    Fixture *fixture = *state;

    for (guint i = 0; i < N; i++)
        open_end(fixture, i, PLENTY);
    for (guint i = 0; i < N; i++) {
        g_autofree char *text = g_strdup_printf("guest %u", i);

        say(&fixture->ends[i], text);
    }
    turn();
    for (guint i = 0; i < N; i++) {
        g_autofree char *text = g_strdup_printf("guest %u", i);

        assert_string_equal(fixture->ends[i].heard->str, text);
        assert_int_equal(fixture->ends[i].closed, 0);
    }
}

static void
one_may_free_those_whose_turn_is_next(void **state)
{
    Fixture *fixture = *state;
    guint heard = 0;

    for (guint i = 0; i < N; i++)
        open_end(fixture, i, PLENTY);
    for (guint i = 0; i < N; i++)
        say(&fixture->ends[i], "x");
    fixture->frees_others = TRUE;
    turn();
    for (guint i = 0; i < N; i++)
        heard += fixture->ends[i].heard->len > 0;
    assert_int_equal(heard, 1);
}

/* It has heard all before that. */
static void
an_end_is_told_once(void **state)
{
    Fixture *fixture = *state;
    End *end = &fixture->ends[0];

    open_end(fixture, 0, PLENTY);
    say(end, "last words");
    g_clear_object(&end->guest);
    turn_until(&end->closed);
    turn();
    assert_string_equal(end->heard->str, "last words");
    assert_int_equal(end->closed, 1);
}

static void
what_is_sent_arrives(void **state)
{
    Fixture *fixture = *state;
    End *end = &fixture->ends[0];
    g_autoptr(GBytes) frame = g_bytes_new_static("frame", 5);
    char text[16] = "";

    open_end(fixture, 0, PLENTY);
    bpfpv_channel_send(end->channel, frame);
    turn();
    assert_int_equal(g_socket_receive(end->guest, text, sizeof(text), NULL, NULL), 5);
    assert_string_equal(text, "frame");
}

/* A guest that has used up its bytes and hangs up is not looked at in every turn until it may be
 * read again. */
static void
who_is_too_fast_and_gone_costs_no_turns(void **state)
{
    Fixture *fixture = *state;
    End *end = &fixture->ends[0];
    g_autoptr(GBytes) frame = g_bytes_new_static("frame", 5);

    open_end(fixture, 0, 1000);
    say(end, "so fast that it has to wait for a moment after what it has said before");
    for (guint i = 0; i < 20; i++)
        say(end, "so fast that it has to wait for a moment after what it has said before");
    turn();
    bpfpv_channel_send(end->channel, frame);
    g_clear_object(&end->guest);
    turn(); /* and comes to an end */
    assert_int_equal(end->closed, 0);
    turn_until(&end->closed);
    assert_int_equal(end->closed, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_hears_its_own),
        TEST(one_may_free_those_whose_turn_is_next),
        TEST(an_end_is_told_once),
        TEST(what_is_sent_arrives),
        TEST(who_is_too_fast_and_gone_costs_no_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
