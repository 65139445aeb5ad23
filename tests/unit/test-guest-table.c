/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest loader's table and stream: what the host is told, in which order,
 * and what the loader makes of bytes from the host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table/stream.h"
#include "table/table.h"

static const uint64_t one = 1, two = 2;

static void
apply(struct table *table, uint64_t key, const uint64_t *value)
{
    table_apply(table, key, value, value != NULL ? sizeof(*value) : 0);
}

static void
expect_next(struct table *table, uint64_t key, const uint64_t *value)
{
    struct table_change change;

    assert_true(table_next(table, &change));
    assert_int_equal(change.key, key);
    assert_int_equal(change.size, value != NULL ? sizeof(*value) : 0);
    if (value != NULL)
        assert_memory_equal(change.value, value, sizeof(*value));
    table_sent(table);
}

static void
expect_nothing(struct table *table)
{
    struct table_change change;

    assert_false(table_next(table, &change));
}

static int
setup(void **state)
{
    *state = table_new(4);
    return *state != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    table_free(*state);
    return 0;
}

static void
test_storm_on_one_key_is_one_change(void **state)
{
    struct table *table = *state;
    int i;

    for (i = 0; i < 100; i++)
        apply(table, 7, i % 2 ? &one : &two);
    expect_next(table, 7, &one);
    expect_nothing(table);
}

static void
test_unchanged_value_is_not_sent(void **state)
{
    struct table *table = *state;

    apply(table, 7, &one);
    expect_next(table, 7, &one);
    apply(table, 7, &one);
    expect_nothing(table);
    apply(table, 7, &two);
    apply(table, 7, &one);
    expect_nothing(table);
}

static void
test_key_that_came_and_went_is_not_sent(void **state)
{
    struct table *table = *state;

    apply(table, 7, &one);
    apply(table, 7, NULL);
    apply(table, 8, NULL);
    expect_nothing(table);
    assert_int_equal(table_live(table), 0);
}

static void
test_first_dirty_first_out(void **state)
{
    struct table *table = *state;

    apply(table, 1, &one);
    apply(table, 2, &one);
    apply(table, 1, &two);
    expect_next(table, 1, &two);
    expect_next(table, 2, &one);
    apply(table, 2, NULL);
    expect_next(table, 2, NULL);
    assert_int_equal(table_known(table), 1);
}

static void
test_change_outranks_snapshot(void **state)
{
    struct table *table = *state;

    apply(table, 1, &one);
    apply(table, 2, &one);
    table_collect(table);
    apply(table, 1, &two); /* changed before the iterator's old value is read */
    table_seed(table, 1, &one, sizeof(one));
    apply(table, 3, NULL); /* gone before it is found */
    table_seed(table, 3, &one, sizeof(one));
    table_seed(table, 4, &one, sizeof(one));
    apply(table, 4, NULL); /* gone after it was found */
    assert_true(table_collected(table));
    table_publish(table);
    assert_int_equal(table_initial(table), 1); /* 2 wasn't found: stale */
    expect_next(table, 1, &two);
    expect_nothing(table);
}

static void
test_stale_key_is_withdrawn_from_a_host_that_has_it(void **state)
{
    struct table *table = *state;

    apply(table, 1, &one);
    expect_next(table, 1, &one);
    table_collect(table);
    assert_true(table_collected(table));
    expect_next(table, 1, NULL);
    assert_int_equal(table_known(table), 0);
}

static void
test_publish_sends_all_before_changes(void **state)
{
    struct table *table = *state;

    apply(table, 1, &one);
    apply(table, 2, &one);
    apply(table, 3, &one);
    expect_next(table, 1, &one);
    table_publish(table);
    assert_int_equal(table_known(table), 0);
    assert_int_equal(table_initial(table), 3);
    expect_next(table, 1, &one);
    apply(table, 1, &two);
    apply(table, 2, NULL); /* still waits: the host need not hear of it */
    assert_int_equal(table_initial(table), 1);
    apply(table, 4, &one);
    expect_next(table, 3, &one);
    assert_int_equal(table_initial(table), 0);
    expect_next(table, 1, &two);
    expect_next(table, 4, &one);
    expect_nothing(table);
    assert_int_equal(table_known(table), 3);
}

static void
test_full_table_drops_and_counts(void **state)
{
    struct table *table = *state;
    uint64_t key;

    for (key = 0; key < 6; key++)
        apply(table, key, &one);
    assert_int_equal(table_live(table), 4);
    assert_int_equal(table_dropped(table), 2);
    assert_true(table_full(table));
    apply(table, 0, &two); /* what is in stays up to date */
    apply(table, 1, NULL);
    assert_false(table_full(table));
    table_collect(table);
    assert_int_equal(table_dropped(table), 0);
}

static void
test_dropped_change_forbids_older_seed(void **state)
{
    struct table *table = *state;
    uint64_t key;

    for (key = 0; key < 4; key++)
        apply(table, key, &one);
    table_collect(table);
    apply(table, 9, &two); /* no room */
    apply(table, 0, NULL); /* now there is */
    table_seed(table, 9, &one, sizeof(one));
    table_collected(table);
    for (key = 1; key < 4; key++)
        assert_int_equal(table_live(table), 0); /* none of them was found */
    assert_int_equal(table_dropped(table), 2);
}

static void
test_tombstones_that_do_not_fit_make_it_unsure(void **state)
{
    struct table *table = *state;
    uint64_t key;

    table_collect(table);
    for (key = 0; key < 9; key++)
        apply(table, key, NULL);
    assert_false(table_collected(table));
    expect_nothing(table);
}

static void
test_values_of_any_size(void **state)
{
    struct table *table = *state;
    uint8_t value[BPFPV_WIRE_MAX_VALUE];
    struct table_change change;

    memset(value, 0xa5, sizeof(value));
    table_apply(table, 1, value, 3);
    table_apply(table, 1, value, sizeof(value));
    assert_true(table_next(table, &change));
    assert_int_equal(change.size, sizeof(value));
    table_sent(table);
    table_apply(table, 1, value, 3);
    assert_true(table_next(table, &change));
    assert_int_equal(change.size, 3);
}

/* As many as the host would take. */
static void
test_large_values_fill_the_table(void **state)
{
    const size_t most = BPFPV_WIRE_MAX_BYTES(2000) / BPFPV_WIRE_MAX_VALUE;
    struct table *table = table_new(2000);
    uint8_t value[BPFPV_WIRE_MAX_VALUE] = {1};
    uint64_t key;

    (void)state;
    for (key = 0; key < 200; key++)
        table_apply(table, key, value, sizeof(value));
    assert_int_equal(table_live(table), most);
    assert_int_equal(table_dropped(table), 200 - most);
    assert_true(table_full(table));
    value[0] = 2;
    table_apply(table, 0, value, sizeof(value)); /* what is in stays up to date */
    assert_int_equal(table_dropped(table), 200 - most);
    table_apply(table, 0, NULL, 0);
    assert_false(table_full(table));
    table_free(table);
}

/* One that grows beyond the room that there is, is dropped, not left as it was. */
static void
test_value_that_grows_may_not_fit(void **state)
{
    const uint64_t most = BPFPV_WIRE_MAX_BYTES(2000) / BPFPV_WIRE_MAX_VALUE;
    struct table *table = table_new(2000);
    uint8_t value[BPFPV_WIRE_MAX_VALUE] = {1};
    uint64_t key;

    (void)state;
    for (key = 1; key < most; key++)
        table_apply(table, key, value, sizeof(value));
    table_apply(table, 0, value, 8);
    table_apply(table, most, value, 8);
    assert_int_equal(table_dropped(table), 0);
    table_apply(table, 0, value, sizeof(value));
    assert_int_equal(table_dropped(table), 1);
    assert_int_equal(table_live(table), most);
    table_free(table);
}

static void
test_batch_is_one_frame(void **state)
{
    static struct stream_out out;
    struct bpfpv_wire_header header;
    struct bpfpv_wire_records records;
    const uint8_t *bytes;
    size_t length;

    (void)state;
    stream_out_reset(&out);
    assert_true(stream_out_batch(&out, 2, 5, 8));
    assert_int_equal(stream_out_pending(&out, &bytes), 0);
    assert_true(stream_out_record(&out, 7, "abc", 3));
    assert_true(stream_out_record(&out, 8, NULL, 0));
    stream_out_batch_end(&out);
    length = stream_out_pending(&out, &bytes);
    memcpy(&header, bytes, sizeof(header));
    memcpy(&records, bytes + sizeof(header), sizeof(records));
    assert_int_equal(header.magic, BPFPV_WIRE_MAGIC);
    assert_int_equal(header.type, BPFPV_WIRE_RECORDS);
    assert_int_equal(length, sizeof(header) + header.length);
    assert_int_equal(header.length, 16 + 16 + 8 + 16);
    assert_int_equal(records.count, 2);
    assert_int_equal(records.program, 2);
    assert_int_equal(records.generation, 5);
    assert_memory_equal(bytes + 48, "abc\0\0\0\0", 8);
}

static void
test_empty_batch_disappears(void **state)
{
    static struct stream_out out;
    const uint8_t *bytes;

    (void)state;
    stream_out_reset(&out);
    assert_true(stream_out_batch(&out, 0, 1, 8));
    stream_out_batch_end(&out);
    assert_int_equal(stream_out_pending(&out, &bytes), 0);
}

static void
test_buffer_and_frame_are_bounded(void **state)
{
    static struct stream_out out;
    static const uint8_t value[BPFPV_WIRE_MAX_VALUE];
    const uint8_t *bytes;
    unsigned frames = 0, records = 0;

    (void)state;
    stream_out_reset(&out);
    while (stream_out_batch(&out, 0, 1, sizeof(value))) {
        frames++;
        while (stream_out_record(&out, 1, value, sizeof(value)))
            records++;
        stream_out_batch_end(&out);
    }
    assert_in_range(stream_out_pending(&out, &bytes), STREAM_OUT_BYTES - 3000, STREAM_OUT_BYTES);
    assert_true(frames >= 2);
    assert_in_range(records, 60, 63);
    /* What is written makes room, though not at the end. */
    stream_out_written(&out, 5001);
    assert_true(stream_out_batch(&out, 0, 1, sizeof(value)));
}

static void
feed(struct stream_in *in, const void *bytes, size_t length)
{
    uint8_t *space;

    assert_true(stream_in_space(in, &space) >= length);
    memcpy(space, bytes, length);
    stream_in_stored(in, length);
}

static void
feed_frame(struct stream_in *in, uint16_t type, uint64_t nonce, size_t cut)
{
    struct bpfpv_wire_header header = {BPFPV_WIRE_MAGIC, type, 0, sizeof(nonce), 0};
    uint8_t bytes[sizeof(header) + sizeof(nonce)];

    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), &nonce, sizeof(nonce));
    feed(in, bytes, sizeof(bytes) - cut);
}

static void
expect_frame(struct stream_in *in, uint16_t type, uint64_t nonce)
{
    struct stream_frame frame;

    assert_true(stream_in_next(in, &frame));
    assert_int_equal(frame.type, type);
    assert_int_equal(frame.length, sizeof(nonce));
    assert_memory_equal(frame.payload, &nonce, sizeof(nonce));
}

static void
test_frames_byte_by_byte(void **state)
{
    static struct stream_in in, whole;
    struct stream_frame frame;
    size_t i;

    (void)state;
    stream_in_reset(&in);
    stream_in_reset(&whole);
    feed_frame(&whole, BPFPV_WIRE_RESYNC, 42, 0);
    for (i = 0; i < whole.length; i++) {
        assert_false(stream_in_next(&in, &frame));
        feed(&in, whole.bytes + i, 1);
    }
    expect_frame(&in, BPFPV_WIRE_RESYNC, 42);
    assert_false(stream_in_next(&in, &frame));
}

static void
test_garbage_is_passed_over(void **state)
{
    static struct stream_in in;
    static const struct bpfpv_wire_header huge = {BPFPV_WIRE_MAGIC, BPFPV_WIRE_PING, 0, 4096, 0};
    struct stream_frame frame;

    (void)state;
    stream_in_reset(&in);
    feed(&in, "bpfbpfgarbage\0\xff", 15);
    feed(&in, &huge, sizeof(huge));
    feed_frame(&in, BPFPV_WIRE_PING, 1, 0);
    expect_frame(&in, BPFPV_WIRE_PING, 1);
    assert_false(stream_in_next(&in, &frame));
}

static void
test_cut_frame_does_not_swallow_the_next(void **state)
{
    static struct stream_in in;
    size_t cut;

    (void)state;
    for (cut = 1; cut < sizeof(struct bpfpv_wire_header) + 8; cut++) {
        stream_in_reset(&in);
        feed_frame(&in, BPFPV_WIRE_RESYNC, 1, cut);
        feed_frame(&in, BPFPV_WIRE_RESYNC, 2, 0);
        expect_frame(&in, BPFPV_WIRE_RESYNC, 2);
    }
}

static void
test_reader_never_runs_out_of_space(void **state)
{
    static struct stream_in in;
    struct stream_frame frame;
    uint8_t *space;
    size_t size;
    int i;

    (void)state;
    stream_in_reset(&in);
    srand(1);
    for (i = 0; i < 2000; i++) {
        size = stream_in_space(&in, &space);
        assert_true(size > 1024);
        size = (size_t)rand() % 900;
        while (size-- > 0)
            feed(&in, &"bfpv\0\x40\0\x08"[rand() % 8], 1);
        while (stream_in_next(&in, &frame))
            assert_true(frame.length <= STREAM_IN_MAX_PAYLOAD);
    }
}

#define table_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        table_test(test_storm_on_one_key_is_one_change),
        table_test(test_unchanged_value_is_not_sent),
        table_test(test_key_that_came_and_went_is_not_sent),
        table_test(test_first_dirty_first_out),
        table_test(test_change_outranks_snapshot),
        table_test(test_stale_key_is_withdrawn_from_a_host_that_has_it),
        table_test(test_publish_sends_all_before_changes),
        table_test(test_full_table_drops_and_counts),
        table_test(test_dropped_change_forbids_older_seed),
        table_test(test_tombstones_that_do_not_fit_make_it_unsure),
        table_test(test_values_of_any_size),
        cmocka_unit_test(test_large_values_fill_the_table),
        cmocka_unit_test(test_value_that_grows_may_not_fit),
        cmocka_unit_test(test_batch_is_one_frame),
        cmocka_unit_test(test_empty_batch_disappears),
        cmocka_unit_test(test_buffer_and_frame_are_bounded),
        cmocka_unit_test(test_frames_byte_by_byte),
        cmocka_unit_test(test_garbage_is_passed_over),
        cmocka_unit_test(test_cut_frame_does_not_swallow_the_next),
        cmocka_unit_test(test_reader_never_runs_out_of_space),
    };

    return cmocka_run_group_tests_name("guest-table", tests, NULL, NULL);
}
