/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of src/core/table: snapshots, changes, order, limits. */
#include "unit.h"

#include "core/table/table.h"

/* Applies a frame made by hand; @count records with keys @first, @first + 1, … */
static gboolean
apply_frame(BpfpvTable *table, BpfpvFrame *frame, gboolean *changed, gint expected_error)
{
    g_autoptr(GError) error = NULL;
    gboolean applied = bpfpv_table_apply(table, frame, changed, &error);

    if (expected_error < 0) {
        assert_null(error);
        assert_true(applied);
    } else {
        assert_false(applied);
        assert_true(g_error_matches(error, BPFPV_WIRE_ERROR, expected_error));
    }
    return applied;
}

#define OK (-1)

static void
begin(BpfpvTable *table, guint generation, gint expected_error)
{
    BpfpvFrame frame = {.type = BPFPV_WIRE_BEGIN, .generation = generation};
    gboolean changed = FALSE;

    apply_frame(table, &frame, &changed, expected_error);
    assert_false(changed);
}

static gboolean
end(BpfpvTable *table, guint generation, guint64 keys, gint expected_error)
{
    BpfpvFrame frame = {
        .type = BPFPV_WIRE_END,
        .generation = generation,
        .keys = keys,
        .lost = 3,
        .dropped = 4,
    };
    gboolean changed = FALSE;

    apply_frame(table, &frame, &changed, expected_error);
    return changed;
}

static void
add_record(GArray *records, guint64 key, const char *value)
{
    BpfpvWireRecord record = {key, (guint32)strlen(value), (const guint8 *)value};

    g_array_append_val(records, record);
}

static gboolean
apply_records(BpfpvTable *table, guint generation, GArray *records, gint expected_error)
{
    BpfpvFrame frame = {
        .type = BPFPV_WIRE_RECORDS,
        .generation = generation,
        .records = records,
    };
    gboolean changed = FALSE;

    apply_frame(table, &frame, &changed, expected_error);
    return changed;
}

/* "" is a tombstone. */
static gboolean
set(BpfpvTable *table, guint generation, guint64 key, const char *value, gint expected_error)
{
    g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(BpfpvWireRecord));

    add_record(records, key, value);
    return apply_records(table, generation, records, expected_error);
}

static void
append(guint64 key, const guint8 *value, gsize size, gpointer user_data)
{
    g_string_append_printf(user_data, "%" G_GUINT64_FORMAT "=%.*s ", key, (int)size, value);
}

static void
assert_content(const BpfpvTable *table, const char *expected)
{
    GString *text = g_string_new(NULL);

    bpfpv_table_foreach(table, append, text);
    assert_string_equal(text->str, expected);
    g_string_free(text, TRUE);
}

/* Generation 1 with 1=a and 2=b. */
static BpfpvTable *
synced(guint max_keys)
{
    BpfpvTable *table = bpfpv_table_new(max_keys, NULL);

    begin(table, 1, OK);
    set(table, 1, 2, "b", OK);
    set(table, 1, 1, "a", OK);
    assert_true(end(table, 1, 2, OK));
    return table;
}

static void
a_new_table_is_not_synced(void **state)
{
    g_autoptr(BpfpvTable) table = bpfpv_table_new(10, NULL);

    (void)state;
    assert_false(bpfpv_table_is_synced(table));
    assert_int_equal(bpfpv_table_n_keys(table), 0);
    assert_int_equal(bpfpv_table_generation(table), 0);
}

static void
a_snapshot_shows_at_its_end(void **state)
{
    g_autoptr(BpfpvTable) table = bpfpv_table_new(10, NULL);

    (void)state;
    begin(table, 5, OK);
    assert_false(set(table, 5, 1, "a", OK));
    assert_int_equal(bpfpv_table_n_keys(table), 0);
    assert_false(bpfpv_table_is_synced(table));
    assert_true(end(table, 5, 1, OK));
    assert_true(bpfpv_table_is_synced(table));
    assert_int_equal(bpfpv_table_generation(table), 5);
    assert_int_equal(bpfpv_table_lost(table), 3);
    assert_int_equal(bpfpv_table_dropped(table), 4);
    assert_content(table, "1=a ");
}

static void
an_empty_first_snapshot_syncs_and_changes_nothing(void **state)
{
    g_autoptr(BpfpvTable) table = bpfpv_table_new(10, NULL);

    (void)state;
    begin(table, 0, OK);
    assert_false(end(table, 0, 0, OK));
    assert_true(bpfpv_table_is_synced(table));
}

static void
changes_apply_to_the_replica_in_use(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    assert_true(set(table, 1, 3, "c", OK));
    assert_true(set(table, 1, 1, "A", OK));
    assert_true(set(table, 1, 2, "", OK));
    assert_content(table, "1=A 3=c ");
}

static void
what_changes_nothing_says_so(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    assert_false(set(table, 1, 1, "a", OK));
    assert_false(set(table, 1, 9, "", OK));
    begin(table, 2, OK);
    set(table, 2, 1, "a", OK);
    set(table, 2, 2, "b", OK);
    assert_false(end(table, 2, 2, OK));
    assert_int_equal(bpfpv_table_generation(table), 2);
}

static void
values_that_differ_in_length_differ(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    assert_true(set(table, 1, 1, "ab", OK));
    assert_true(set(table, 1, 1, "a", OK));
    assert_content(table, "1=a 2=b ");
}

static void
the_old_replica_is_shown_during_a_snapshot(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    begin(table, 2, OK);
    set(table, 2, 7, "z", OK);
    assert_content(table, "1=a 2=b ");
    assert_true(end(table, 2, 1, OK));
    assert_content(table, "7=z ");
}

static void
tombstones_count_during_a_snapshot(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    begin(table, 2, OK);
    set(table, 2, 7, "z", OK);
    set(table, 2, 8, "y", OK);
    set(table, 2, 7, "", OK);
    assert_true(end(table, 2, 1, OK));
    assert_content(table, "8=y ");
}

static void
a_new_begin_restarts_the_snapshot(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    begin(table, 2, OK);
    set(table, 2, 7, "z", OK);
    begin(table, 3, OK);
    set(table, 3, 8, "y", OK);
    assert_true(end(table, 3, 1, OK));
    assert_content(table, "8=y ");
}

static void
generations_grow(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    begin(table, 1, BPFPV_WIRE_ERROR_ORDER);
    begin(table, 0, BPFPV_WIRE_ERROR_ORDER);
    begin(table, 9, OK);
    begin(table, 8, BPFPV_WIRE_ERROR_ORDER);
    begin(table, 9, BPFPV_WIRE_ERROR_ORDER);
    begin(table, 10, OK);
}

static void
records_of_another_generation_are_refused(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    set(table, 2, 3, "c", BPFPV_WIRE_ERROR_ORDER);
    set(table, 0, 3, "c", BPFPV_WIRE_ERROR_ORDER);
    begin(table, 2, OK);
    set(table, 1, 3, "c", BPFPV_WIRE_ERROR_ORDER);
    assert_content(table, "1=a 2=b ");
}

static void
records_before_any_begin_are_refused(void **state)
{
    g_autoptr(BpfpvTable) table = bpfpv_table_new(10, NULL);

    (void)state;
    set(table, 0, 1, "a", BPFPV_WIRE_ERROR_ORDER);
}

static void
an_end_without_its_begin_is_refused(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    end(table, 1, 2, BPFPV_WIRE_ERROR_ORDER);
    begin(table, 2, OK);
    end(table, 3, 0, BPFPV_WIRE_ERROR_ORDER);
    assert_content(table, "1=a 2=b ");
}

static void
an_end_that_counts_other_keys_leaves_the_old_replica(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    begin(table, 2, OK);
    set(table, 2, 7, "z", OK);
    end(table, 2, 2, BPFPV_WIRE_ERROR_ORDER);
    assert_content(table, "1=a 2=b ");
    assert_int_equal(bpfpv_table_generation(table), 1);
    begin(table, 3, OK);
    assert_true(end(table, 3, 0, OK));
}

static void
an_error_drops_the_snapshot_in_progress(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    begin(table, 2, OK);
    set(table, 1, 7, "z", BPFPV_WIRE_ERROR_ORDER);
    end(table, 2, 0, BPFPV_WIRE_ERROR_ORDER);
    assert_content(table, "1=a 2=b ");
}

static void
keys_are_bounded_in_both_replicas(void **state)
{
    g_autoptr(BpfpvTable) table = synced(2);

    (void)state;
    set(table, 1, 3, "c", BPFPV_WIRE_ERROR_LIMIT);
    assert_content(table, "1=a 2=b ");
    begin(table, 2, OK);
    set(table, 2, 3, "c", OK);
    set(table, 2, 4, "d", OK);
    set(table, 2, 5, "e", BPFPV_WIRE_ERROR_LIMIT);
    assert_content(table, "1=a 2=b ");
}

static void
a_frame_over_the_limit_is_not_applied_in_part(void **state)
{
    g_autoptr(BpfpvTable) table = synced(3);
    g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(BpfpvWireRecord));

    (void)state;
    add_record(records, 1, "A");
    add_record(records, 3, "c");
    add_record(records, 4, "d");
    assert_false(apply_records(table, 1, records, BPFPV_WIRE_ERROR_LIMIT));
    assert_content(table, "1=a 2=b ");
}

static void
a_full_table_takes_changes_that_leave_it_full(void **state)
{
    g_autoptr(BpfpvTable) table = synced(2);
    g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(BpfpvWireRecord));

    (void)state;
    add_record(records, 3, "c");
    add_record(records, 1, "");
    add_record(records, 1, "");
    add_record(records, 2, "B");
    assert_true(apply_records(table, 1, records, OK));
    assert_content(table, "2=B 3=c ");
}

/* Otherwise a guest could go beyond the limit by naming one dead key often. */
static void
a_tombstone_that_comes_twice_makes_room_once(void **state)
{
    g_autoptr(BpfpvTable) table = synced(2);
    g_autoptr(GArray) records = g_array_new(FALSE, FALSE, sizeof(BpfpvWireRecord));

    (void)state;
    add_record(records, 1, "");
    add_record(records, 1, "");
    add_record(records, 3, "c");
    add_record(records, 4, "d");
    apply_records(table, 1, records, BPFPV_WIRE_ERROR_LIMIT);
}

static void
clear_forgets_everything(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);

    (void)state;
    begin(table, 7, OK);
    bpfpv_table_clear(table);
    assert_false(bpfpv_table_is_synced(table));
    assert_content(table, "");
    set(table, 7, 1, "a", BPFPV_WIRE_ERROR_ORDER);
    begin(table, 0, OK);
    assert_false(end(table, 0, 0, OK));
    assert_int_equal(bpfpv_table_generation(table), 0);
}

static void
other_frames_are_refused(void **state)
{
    g_autoptr(BpfpvTable) table = synced(10);
    BpfpvFrame frame = {.type = BPFPV_WIRE_PONG};
    gboolean changed = FALSE;

    (void)state;
    apply_frame(table, &frame, &changed, BPFPV_WIRE_ERROR_ORDER);
    assert_content(table, "1=a 2=b ");
}

/* 64 bytes for each of 2048 keys: 128 of the largest values. */
static void
large_values_are_bounded_together(void **state)
{
    g_autoptr(BpfpvTable) table = bpfpv_table_new(2048, NULL);
    g_autofree char *value = g_strnfill(BPFPV_WIRE_MAX_VALUE, 'x');

    (void)state;
    begin(table, 1, OK);
    for (guint64 key = 0; key < 128; key++)
        set(table, 1, key, value, OK);
    end(table, 1, 128, OK);
    set(table, 1, 5, "", OK); /* what is gone counts no more */
    set(table, 1, 500, value, OK);
    set(table, 1, 6, "", OK);
    set(table, 1, 501, "small", OK);
    set(table, 1, 502, value, BPFPV_WIRE_ERROR_LIMIT);
    assert_int_equal(bpfpv_table_n_keys(table), 128);
}

/* A value that takes another's place takes no more room. */
static void
a_table_full_of_values_takes_others_of_their_size(void **state)
{
    g_autoptr(BpfpvTable) table = bpfpv_table_new(2048, NULL);
    g_autofree char *value = g_strnfill(BPFPV_WIRE_MAX_VALUE, 'x');
    g_autofree char *other = g_strnfill(BPFPV_WIRE_MAX_VALUE, 'y');

    (void)state;
    begin(table, 1, OK);
    for (guint64 key = 0; key < 128; key++)
        set(table, 1, key, value, OK);
    end(table, 1, 128, OK);
    for (guint64 key = 0; key < 128; key++)
        set(table, 1, key, other, OK);
    set(table, 1, 128, "z", BPFPV_WIRE_ERROR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_table_is_not_synced),
        cmocka_unit_test(a_snapshot_shows_at_its_end),
        cmocka_unit_test(an_empty_first_snapshot_syncs_and_changes_nothing),
        cmocka_unit_test(changes_apply_to_the_replica_in_use),
        cmocka_unit_test(what_changes_nothing_says_so),
        cmocka_unit_test(values_that_differ_in_length_differ),
        cmocka_unit_test(the_old_replica_is_shown_during_a_snapshot),
        cmocka_unit_test(tombstones_count_during_a_snapshot),
        cmocka_unit_test(a_new_begin_restarts_the_snapshot),
        cmocka_unit_test(generations_grow),
        cmocka_unit_test(records_of_another_generation_are_refused),
        cmocka_unit_test(records_before_any_begin_are_refused),
        cmocka_unit_test(an_end_without_its_begin_is_refused),
        cmocka_unit_test(an_end_that_counts_other_keys_leaves_the_old_replica),
        cmocka_unit_test(an_error_drops_the_snapshot_in_progress),
        cmocka_unit_test(keys_are_bounded_in_both_replicas),
        cmocka_unit_test(a_frame_over_the_limit_is_not_applied_in_part),
        cmocka_unit_test(a_full_table_takes_changes_that_leave_it_full),
        cmocka_unit_test(a_tombstone_that_comes_twice_makes_room_once),
        cmocka_unit_test(clear_forgets_everything),
        cmocka_unit_test(other_frames_are_refused),
        cmocka_unit_test(large_values_are_bounded_together),
        cmocka_unit_test(a_table_full_of_values_takes_others_of_their_size),
    };

    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
