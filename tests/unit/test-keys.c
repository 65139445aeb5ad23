/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of src/daemon/bus-keys: a replica in pages, as bounded as they claim to be. */
#include "unit.h"

#include <string.h>

#include "daemon/bus/keys.h"

static void
apply(BpfpvTable *table, BpfpvFrame *frame)
{
    gboolean changed = FALSE;
    g_autoptr(GError) error = NULL;

    assert_true(bpfpv_table_apply(table, frame, &changed, &error));
}

/* A replica of generation 5 with keys 10, 20, …, all with the same value. */
static BpfpvTable *
make_table(guint n_keys, const void *value, gsize size)
{
    BpfpvTable *table = bpfpv_table_new(200000, NULL);
    g_autoptr(GArray) records = g_array_new(FALSE, TRUE, sizeof(BpfpvWireRecord));
    BpfpvFrame begin = {.type = BPFPV_WIRE_BEGIN, .generation = 5};
    BpfpvFrame some = {.type = BPFPV_WIRE_RECORDS, .generation = 5, .records = records};
    BpfpvFrame end = {.type = BPFPV_WIRE_END, .generation = 5, .keys = n_keys};

    for (guint i = 1; i <= n_keys; i++) {
        BpfpvWireRecord record = {10 * i, (guint32)size, value};

        g_array_append_val(records, record);
    }
    apply(table, &begin);
    apply(table, &some);
    apply(table, &end);
    return table;
}

static guint
count(GVariant *page, gboolean *more)
{
    g_autoptr(GVariantIter) keys = NULL;
    guint generation;

    g_variant_get(page, "(uba(ts))", &generation, more, &keys);
    assert_int_equal(generation, 5);
    return (guint)g_variant_iter_n_children(keys);
}

static void
assert_page(const BpfpvTable *table, guint64 from, const char *expected)
{
    g_autoptr(GVariant) page =
        g_variant_ref_sink(bpfpv_keys_page(table, &bpfpv_program_affinity, from));
    g_autofree char *text = g_variant_print(page, FALSE);

    assert_string_equal(text, expected);
}

static void
keys_come_in_order_from_the_one_that_is_asked_for(void **state)
{
    const guint64 mask = 0xb;
    g_autoptr(BpfpvTable) table = make_table(3, &mask, sizeof(mask));

    assert_page(table, 0, "(5, false, [(10, '0-1,3'), (20, '0-1,3'), (30, '0-1,3')])");
    assert_page(table, 11, "(5, false, [(20, '0-1,3'), (30, '0-1,3')])");
    assert_page(table, 30, "(5, false, [(30, '0-1,3')])");
    assert_page(table, G_MAXUINT64, "(5, false, [])");
}

static void
a_value_that_is_no_mask_is_a_question_mark(void **state)
{
    g_autoptr(BpfpvTable) table = make_table(1, "odd", 3);

    assert_page(table, 0, "(5, false, [(10, '?')])");
}

static void
a_page_ends_and_says_that_there_is_more(void **state)
{
    const guint64 mask = 1;
    g_autoptr(BpfpvTable) table = make_table(BPFPV_KEYS_PAGE + 1, &mask, sizeof(mask));
    g_autoptr(GVariant) first =
        g_variant_ref_sink(bpfpv_keys_page(table, &bpfpv_program_affinity, 0));
    g_autoptr(GVariant) second = g_variant_ref_sink(
        bpfpv_keys_page(table, &bpfpv_program_affinity, 10 * BPFPV_KEYS_PAGE + 1));
    gboolean more;

    assert_int_equal(count(first, &more), BPFPV_KEYS_PAGE);
    assert_true(more);
    assert_int_equal(count(second, &more), 1);
    assert_false(more);
}

/* Every other of 8192 CPUs is 20 KB of text. */
static void
masks_that_are_long_to_write_make_a_page_shorter(void **state)
{
    guint8 mask[BPFPV_WIRE_MAX_VALUE];
    g_autoptr(BpfpvTable) table = NULL;
    g_autoptr(GVariant) page = NULL;
    gboolean more;

    memset(mask, 0x55, sizeof(mask));
    table = make_table(1000, mask, sizeof(mask));
    page = g_variant_ref_sink(bpfpv_keys_page(table, &bpfpv_program_affinity, 0));
    assert_in_range(count(page, &more), 1, 100);
    assert_true(more);
    assert_in_range(g_variant_get_size(page), 1, 2 * BPFPV_KEYS_PAGE_BYTES);
}

static void
nothing_has_answered_where_there_is_no_link(void **state)
{
    assert_null(bpfpv_keys_of_link(NULL, "affinity", 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_in_order_from_the_one_that_is_asked_for),
        cmocka_unit_test(a_value_that_is_no_mask_is_a_question_mark),
        cmocka_unit_test(a_page_ends_and_says_that_there_is_more),
        cmocka_unit_test(masks_that_are_long_to_write_make_a_page_shorter),
        cmocka_unit_test(nothing_has_answered_where_there_is_no_link),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
