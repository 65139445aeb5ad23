/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's end of the conversation, against a loader that is a socket and
 * says what a test wants it to say.
 */
#include "unit.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "daemon/counters.h"
#include "daemon/session/link.h"
#include "frames.h"

#define MAX_KEYS 100

typedef struct {
    char *directory, *path;
    GSocket *listener, *guest;
    BpfpvLink *link;
    guint hellos, syncs, changes;
    char *lost;
} Fixture;

static void
on_hello(gpointer user_data)
{
    ((Fixture *)user_data)->hellos++;
}

static void
on_synced(gpointer user_data)
{
    ((Fixture *)user_data)->syncs++;
}

static void
on_changed(gpointer user_data)
{
    ((Fixture *)user_data)->changes++;
}

static void
on_lost(const char *reason, gpointer user_data)
{
    Fixture *fixture = user_data;

    /* As a session does: first the link goes, then it says why. */
    g_clear_pointer(&fixture->link, bpfpv_link_free);
    fixture->lost = g_strdup(reason);
}

static const BpfpvLinkFuncs funcs = {on_hello, on_synced, on_changed, on_lost};

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    g_autoptr(GSocketAddress) address = NULL;
    g_autoptr(GError) error = NULL;

    bpfpv_counters = (BpfpvCounters){0};
    fixture->directory = g_dir_make_tmp("bpfpv-link-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "socket", NULL);
    address = g_unix_socket_address_new(fixture->path);
    fixture->listener = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
    assert_true(g_socket_bind(fixture->listener, address, FALSE, NULL));
    assert_true(g_socket_listen(fixture->listener, NULL));
    g_ptr_array_add(programs, (gpointer) "affinity");
    fixture->link = bpfpv_link_open(fixture->path, programs, MAX_KEYS, &funcs, fixture, &error);
    assert_null(error);
    fixture->guest = g_socket_accept(fixture->listener, NULL, NULL);
    assert_non_null(fixture->guest);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;

    g_clear_pointer(&fixture->link, bpfpv_link_free);
    g_clear_object(&fixture->guest);
    g_object_unref(fixture->listener);
    g_unlink(fixture->path);
    g_rmdir(fixture->directory);
    g_free(fixture->path);
    g_free(fixture->directory);
    g_free(fixture->lost);
    g_free(fixture);
    return 0;
}

/* Reads one of the host's frames that carry a nonce; its type must be @type. */
static guint64
read_nonce(Fixture *fixture, guint type)
{
    struct {
        struct bpfpv_wire_header header;
        guint64 nonce;
    } frame = {.header.type = BPFPV_WIRE_LIMIT};
    gsize done = 0;

    while (frame.header.type == BPFPV_WIRE_LIMIT || done < sizeof(frame)) {
        done = done == sizeof(frame) ? 0 : done; /* the limits go before what is asked */

        gssize n;

        while (g_main_context_iteration(NULL, FALSE))
            continue;
        n = g_socket_receive(fixture->guest, (char *)&frame + done, sizeof(frame) - done, NULL,
                             NULL);
        assert_true(n > 0);
        done += (gsize)n;
        if (done < sizeof(frame))
            frame.header.type = BPFPV_WIRE_LIMIT;
    }
    assert_int_equal(frame.header.magic, BPFPV_WIRE_MAGIC);
    assert_int_equal(frame.header.type, type);
    return frame.nonce;
}

/* Sends @stream and lets the main loop run until all of it was taken in. */
static void
say(Fixture *fixture, const GByteArray *stream)
{
    gsize done = 0;

    while (done < stream->len && fixture->link) {
        gssize n = g_socket_send_with_blocking(fixture->guest, (const char *)stream->data + done,
                                               stream->len - done, FALSE, NULL, NULL);

        done += n > 0 ? (gsize)n : 0;
        g_main_context_iteration(NULL, n <= 0);
    }
    for (int i = 0; i < 20; i++)
        g_main_context_iteration(NULL, FALSE);
}

/* A loader with one program, "affinity", on a guest with four CPUs; @tasks pinned to CPU 1. */
static GByteArray *
opening(guint64 nonce, guint tasks)
{
    GByteArray *stream = g_byte_array_new();
    struct bpfpv_wire_program *program;

    frames_add_hello(stream, nonce, 1);
    program = (struct bpfpv_wire_program *)(stream->data + stream->len - sizeof(*program));
    memset(program->name, 0, sizeof(program->name));
    strcpy(program->name, "affinity");
    frames_add_cpus(stream, 4, 0xf, 0xf);
    frames_add_begin(stream, 0, 1);
    if (tasks > 0)
        frames_add_records(stream, 0, 1, 100, tasks, 2);
    frames_add_end(stream, 0, 1, tasks);
    return stream;
}

static void
open_with(Fixture *fixture, guint tasks)
{
    g_autoptr(GByteArray) stream = opening(read_nonce(fixture, BPFPV_WIRE_RESYNC), tasks);

    say(fixture, stream);
    assert_int_equal(fixture->hellos, 1);
    assert_int_equal(fixture->syncs, 1);
}

static void
a_snapshot_becomes_a_demand(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(BpfpvDemand) demand = NULL;

    open_with(fixture, 3);
    assert_true(bpfpv_link_is_synced(fixture->link));
    assert_int_equal(bpfpv_link_online_cpus(fixture->link), 4);
    demand = bpfpv_link_demand(fixture->link, NULL, 4, NULL, NULL);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 1), 3);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 0), 0);
}

static void
changes_are_told_and_counted(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDemand) demand = NULL;

    open_with(fixture, 3);
    frames_add_records(stream, 0, 1, 100, 2, 0); /* two of them end */
    frames_add_records(stream, 0, 1, 102, 1, 8); /* the third moves to CPU 3 */
    say(fixture, stream);
    assert_int_equal(fixture->changes, 2);
    demand = bpfpv_link_demand(fixture->link, NULL, 4, NULL, NULL);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 1), 0);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 3), 1);
}

static void
what_a_guest_sends_is_counted(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GByteArray) stream = NULL;
    struct bpfpv_wire_end *end;

    /* The fixture has asked already. */
    assert_int_equal(bpfpv_counters.resyncs, 1);
    stream = opening(read_nonce(fixture, BPFPV_WIRE_RESYNC), 3);
    end = (struct bpfpv_wire_end *)(stream->data + stream->len - sizeof(*end));
    end->lost = 5;
    say(fixture, stream);
    assert_int_equal(bpfpv_counters.bytes, stream->len);
    assert_int_equal(bpfpv_counters.snapshots, 1);
    assert_int_equal(bpfpv_counters.lost, 5);
    /* The same losses, told again, and two more. */
    g_byte_array_set_size(stream, 0);
    frames_add_begin(stream, 0, 2);
    frames_add_end(stream, 0, 2, 0);
    end = (struct bpfpv_wire_end *)(stream->data + stream->len - sizeof(*end));
    end->lost = 7;
    say(fixture, stream);
    assert_int_equal(bpfpv_counters.snapshots, 2);
    assert_int_equal(bpfpv_counters.lost, 7);
    assert_int_equal(bpfpv_counters.violations, 0);
    g_byte_array_set_size(stream, 0);
    frames_add_end(stream, 0, 9, 0);
    say(fixture, stream);
    assert_non_null(fixture->lost);
    assert_int_equal(bpfpv_counters.violations, 1);
}

/* A vCPU is plugged in out of order: the guest's CPU 1, to which two tasks are pinned, is vCPU 3;
 * then it goes, and they want nothing. */
static void
cpus_are_told_by_their_ids(void **state)
{
    static const struct bpfpv_wire_cpu_id ids[] = {{0, 0}, {1, 3}};
    Fixture *fixture = *state;
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(GByteArray) unplugged = g_byte_array_new();
    g_autoptr(BpfpvDemand) demand = NULL;
    g_autoptr(BpfpvDemand) later = NULL;

    open_with(fixture, 2);
    frames_add_cpu_ids(stream, ids, 2);
    frames_add_cpus(stream, 4, 0xf, 0x3);
    say(fixture, stream);
    assert_int_equal(fixture->changes, 1);
    demand = bpfpv_link_demand(fixture->link, NULL, 4, NULL, NULL);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 1), 0);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 3), 2);
    frames_add_cpu_ids(unplugged, ids, 1);
    frames_add_cpus(unplugged, 4, 0xf, 0x1);
    say(fixture, unplugged);
    later = bpfpv_link_demand(fixture->link, NULL, 4, NULL, NULL);
    assert_true(bpfpv_demand_is_empty(later));
}

/* A guest that says again what it has said keeps nobody busy. */
static void
cpus_that_are_the_same_are_no_change(void **state)
{
    static const struct bpfpv_wire_cpu_id ids[] = {{0, 0}, {1, 1}, {2, 2}, {3, 3}};
    Fixture *fixture = *state;
    g_autoptr(GByteArray) first = g_byte_array_new();
    g_autoptr(GByteArray) again = g_byte_array_new();
    g_autoptr(GByteArray) other = g_byte_array_new();

    open_with(fixture, 2);
    frames_add_cpus(first, 4, 0xf, 0xf);
    say(fixture, first);
    assert_int_equal(fixture->changes, 0);
    frames_add_cpu_ids(again, ids, 4);
    frames_add_cpus(again, 4, 0xf, 0xf);
    say(fixture, again);
    assert_int_equal(fixture->changes, 1); /* the ids are new */
    say(fixture, again);
    assert_int_equal(fixture->changes, 1);
    frames_add_cpu_ids(other, ids, 3);
    frames_add_cpus(other, 4, 0xf, 0x7);
    say(fixture, other);
    assert_int_equal(fixture->changes, 2);
}

/* Of a program that nobody has asked for nothing is kept, nor waited for. */
static void
a_program_that_is_not_configured_is_skipped(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GByteArray) stream = g_byte_array_new();
    struct bpfpv_wire_program *program;

    frames_add_hello(stream, read_nonce(fixture, BPFPV_WIRE_RESYNC), 2);
    program = (struct bpfpv_wire_program *)(stream->data + stream->len - sizeof(*program));
    memset(program->name, 0, sizeof(program->name));
    strcpy(program->name, "affinity");
    frames_add_cpus(stream, 4, 0xf, 0xf);
    frames_add_begin(stream, 0, 1);
    frames_add_records(stream, 0, 1, 100, MAX_KEYS + 1, 2);
    frames_add_begin(stream, 1, 1);
    frames_add_records(stream, 1, 1, 100, 1, 2);
    frames_add_end(stream, 1, 1, 1);
    say(fixture, stream);
    assert_null(fixture->lost);
    assert_int_equal(fixture->syncs, 1);
    assert_null(bpfpv_link_table(fixture->link, 0));
    assert_int_equal(bpfpv_table_n_keys(bpfpv_link_table(fixture->link, 1)), 1);
}

static void
nothing_is_demanded_before_the_snapshot_is_whole(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GByteArray) stream = opening(read_nonce(fixture, BPFPV_WIRE_RESYNC), 3);
    g_autoptr(BpfpvDemand) demand = NULL;

    g_byte_array_set_size(stream, stream->len - 8); /* END is cut short */
    say(fixture, stream);
    assert_int_equal(fixture->hellos, 1);
    assert_int_equal(fixture->syncs, 0);
    demand = bpfpv_link_demand(fixture->link, NULL, 4, NULL, NULL);
    assert_true(bpfpv_demand_is_empty(demand));
}

static void
what_an_earlier_connection_left_is_skipped(void **state)
{
    Fixture *fixture = *state;
    guint64 nonce = read_nonce(fixture, BPFPV_WIRE_RESYNC);
    g_autoptr(GByteArray) stale = opening(nonce + 1, 5);
    g_autoptr(GByteArray) stream = opening(nonce, 2);
    g_autoptr(BpfpvDemand) demand = NULL;

    g_byte_array_remove_range(stale, 0, 5);
    say(fixture, stale);
    assert_int_equal(fixture->hellos, 0);
    say(fixture, stream);
    demand = bpfpv_link_demand(fixture->link, NULL, 4, NULL, NULL);
    assert_int_equal(bpfpv_demand_anchor_tasks(demand, 1), 2);
}

static void
asking_again_makes_the_first_answer_void(void **state)
{
    Fixture *fixture = *state;
    guint64 first = read_nonce(fixture, BPFPV_WIRE_RESYNC);
    g_autoptr(GByteArray) late = opening(first, 5);
    g_autoptr(GByteArray) stream = NULL;

    bpfpv_link_ask_again(fixture->link);
    stream = opening(read_nonce(fixture, BPFPV_WIRE_RESYNC), 2);
    say(fixture, late);
    assert_int_equal(fixture->hellos, 0);
    say(fixture, stream);
    assert_int_equal(fixture->syncs, 1);
    bpfpv_link_ask_again(fixture->link); /* answered already: nothing is asked */
    assert_null(fixture->lost);
}

static void
assert_breaks(Fixture *fixture, const GByteArray *stream)
{
    say(fixture, stream);
    assert_non_null(fixture->lost);
    assert_true(g_str_has_prefix(fixture->lost, "the guest broke the protocol: "));
}

static void
garbage_after_the_hello_ends_the_link(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GByteArray) stream = g_byte_array_new();

    open_with(fixture, 1);
    for (guint8 i = 0; i < 64; i++)
        g_byte_array_append(stream, &i, 1);
    assert_breaks(fixture, stream);
}

static void
more_keys_than_the_limit_end_the_link(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GByteArray) stream = g_byte_array_new();

    open_with(fixture, 0);
    for (guint i = 0; i <= MAX_KEYS; i++)
        frames_add_records(stream, 0, 1, 1000 + i, 1, 2);
    assert_breaks(fixture, stream);
}

static void
values_that_make_no_sense_are_skipped(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(BpfpvDemand) demand = NULL;

    open_with(fixture, 0);
    /* A mask of CPUs that this guest does not have, and one vCPU more than the host gave it. */
    frames_add_records(stream, 0, 1, 1, 1, G_GUINT64_CONSTANT(1) << 60);
    frames_add_records(stream, 0, 1, 2, 1, 8);
    say(fixture, stream);
    demand = bpfpv_link_demand(fixture->link, NULL, 3, NULL, NULL);
    assert_true(bpfpv_demand_is_empty(demand));
}

static void
a_flood_of_garbage_is_skipped_in_bounded_memory(void **state)
{
    Fixture *fixture = *state;
    guint64 nonce = read_nonce(fixture, BPFPV_WIRE_RESYNC);
    g_autoptr(GByteArray) flood = g_byte_array_new();
    g_autoptr(GByteArray) stream = opening(nonce, 1);

    g_byte_array_set_size(flood, 256 * 1024);
    for (guint i = 0; i < flood->len; i++)
        flood->data[i] = (guint8)g_random_int();
    say(fixture, flood);
    assert_int_equal(fixture->hellos, 0);
    say(fixture, stream);
    assert_int_equal(fixture->syncs, 1);
}

static void
the_loaders_last_words_are_the_reason(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GByteArray) stream = g_byte_array_new();
    struct bpfpv_wire_bye_frame bye = {.reason = BPFPV_WIRE_BYE_SIGNAL, .text = "enough\x1b[2J"};

    open_with(fixture, 1);
    frames_add(stream, BPFPV_WIRE_BYE, &bye, sizeof(bye));
    say(fixture, stream);
    g_socket_close(fixture->guest, NULL);
    for (int i = 0; i < 20; i++)
        g_main_context_iteration(NULL, FALSE);
    assert_non_null(fixture->lost);
    assert_string_equal(fixture->lost, "enough?[2J");
}

static void
a_channel_that_closes_without_a_word_has_no_reason(void **state)
{
    Fixture *fixture = *state;

    open_with(fixture, 1);
    g_socket_close(fixture->guest, NULL);
    while (fixture->link)
        g_main_context_iteration(NULL, TRUE);
    assert_null(fixture->lost);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_snapshot_becomes_a_demand),
        TEST(changes_are_told_and_counted),
        TEST(what_a_guest_sends_is_counted),
        TEST(cpus_are_told_by_their_ids),
        TEST(cpus_that_are_the_same_are_no_change),
        TEST(a_program_that_is_not_configured_is_skipped),
        TEST(nothing_is_demanded_before_the_snapshot_is_whole),
        TEST(what_an_earlier_connection_left_is_skipped),
        TEST(asking_again_makes_the_first_answer_void),
        TEST(garbage_after_the_hello_ends_the_link),
        TEST(more_keys_than_the_limit_end_the_link),
        TEST(values_that_make_no_sense_are_skipped),
        TEST(a_flood_of_garbage_is_skipped_in_bounded_memory),
        TEST(the_loaders_last_words_are_the_reason),
        TEST(a_channel_that_closes_without_a_word_has_no_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
