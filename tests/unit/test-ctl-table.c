/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bpfpvctl's output is made of: tables, terminal text and JSON, without
 * a bus or a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/command.h"
#include "ctl/text-table.h"

static const BpfpvTextColumn columns[] = {{"NAME", FALSE}, {"N", TRUE}, {"WHY", FALSE}};
static const BpfpvTerm plain = {.width = 0};

static void
add_row(BpfpvTextTable *table, const char *name, const char *n, const char *why)
{
    bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, name);
    bpfpv_text_table_add(table, BPFPV_STYLE_BUSY, n);
    bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, why);
}

static void
assert_renders(const BpfpvTextTable *table, const BpfpvTerm *term, const char *expected)
{
    g_autofree char *text = bpfpv_text_table_render(table, term);

    assert_string_equal(text, expected);
}

static void
renders_nothing_without_a_row(void **state G_GNUC_UNUSED)
{
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));

    assert_renders(table, &plain, "");
    bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, "an incomplete row");
    assert_renders(table, &plain, "");
    bpfpv_text_table_free(NULL);
}

static void
aligns_columns(void **state G_GNUC_UNUSED)
{
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));

    add_row(table, "a", "1", "");
    add_row(table, "longer", "200", "because");
    assert_renders(table, &plain,
                   "NAME      N  WHY\n"
                   "a         1  -\n"
                   "longer  200  because\n");
}

/* Two columns for a wide character, none for a combining one. */
static void
aligns_what_is_not_ascii(void **state G_GNUC_UNUSED)
{
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));

    add_row(table, "仮想", "1", "x");
    add_row(table, "u\314\210ber", "2", "y");
    assert_renders(table, &plain,
                   "NAME  N  WHY\n"
                   "仮想  1  x\n"
                   "u\314\210ber  2  y\n");
}

static void
aligns_a_number_in_the_last_column(void **state G_GNUC_UNUSED)
{
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, 2);

    bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, "a");
    bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, "10");
    assert_renders(table, &plain, "NAME   N\na     10\n");
}

static void
wraps_the_last_column(void **state G_GNUC_UNUSED)
{
    const BpfpvTerm wide = {.width = 40}, fits = {.width = 27}, narrow = {.width = 20};
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));

    add_row(table, "a", "1", "no CPU left in the pool");
    assert_renders(table, &wide, "NAME  N  WHY\na     1  no CPU left in the pool\n");
    assert_renders(table, &fits, "NAME  N  WHY\na     1  no CPU left in the\n         pool\n");
    /* Too narrow to be readable when wrapped: left to the terminal. */
    assert_renders(table, &narrow, "NAME  N  WHY\na     1  no CPU left in the pool\n");
}

static void
keeps_long_words_whole(void **state G_GNUC_UNUSED)
{
    const BpfpvTerm term = {.width = 26};
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));

    add_row(table, "a", "1", "see /var/log/libvirt/qemu/web1.log there");
    assert_renders(table, &term,
                   "NAME  N  WHY\n"
                   "a     1  see\n"
                   "         /var/log/libvirt/qemu/web1.log\n"
                   "         there\n");
}

static void
colours_without_moving_anything(void **state G_GNUC_UNUSED)
{
    const BpfpvTerm term = {.colour = TRUE, .width = 0};
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));

    add_row(table, "a", "10", "x");
    assert_renders(table, &term,
                   "\033[1mNAME\033[0m   \033[1mN\033[0m  \033[1mWHY\033[0m\n"
                   "a     \033[33m10\033[0m  x\n");
}

static void
assert_cleaned(const char *text, const char *expected)
{
    g_autofree char *clean = bpfpv_term_clean(text);

    assert_string_equal(clean, expected);
}

static void
cleans_text(void **state G_GNUC_UNUSED)
{
    assert_cleaned(NULL, "");
    assert_cleaned("", "");
    assert_cleaned("Linux 6.1 – ü 仮", "Linux 6.1 – ü 仮");
    assert_cleaned("a\tb\r\nc", "a b  c");
    assert_cleaned("\033[31m\a\b\177", "?[31m???");
    assert_cleaned("\302\23331m", "?31m");                  /* CSI as one C1 character */
    assert_cleaned("a\342\200\256b\342\201\246c", "a?b?c"); /* bidirectional controls */
    assert_cleaned("a\342\200\250b\342\200\251c", "a?b?c"); /* line, paragraph separator */
    assert_cleaned("a\377b", "a\357\277\275b");             /* not UTF-8 */
}

static void
cleans_cells(void **state G_GNUC_UNUSED)
{
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));

    add_row(table, "a\033[2J", "1", "two\nlines");
    assert_renders(table, &plain, "NAME   N  WHY\na?[2J  1  two lines\n");
}

static void
knows_the_states(void **state G_GNUC_UNUSED)
{
    assert_int_equal(bpfpv_term_state_style("active"), BPFPV_STYLE_GOOD);
    assert_int_equal(bpfpv_term_state_style("syncing"), BPFPV_STYLE_BUSY);
    assert_int_equal(bpfpv_term_state_style("failed"), BPFPV_STYLE_BAD);
    assert_int_equal(bpfpv_term_state_style("of the future"), BPFPV_STYLE_PLAIN);
    assert_int_equal(bpfpv_term_state_style(NULL), BPFPV_STYLE_PLAIN);
}

static void
escapes_json(void **state G_GNUC_UNUSED)
{
    g_autoptr(GVariant) value = g_variant_ref_sink(
        g_variant_new_parsed("{'a': <'ü\\u001b\\u009b\\U000e0041'>, 'n': <uint64 7>}"));
    g_autofree char *json = bpfpv_ctl_json(value);

    assert_non_null(strstr(json, "\"ü\\u001b\\u009b\\udb40\\udc41\""));
    assert_non_null(strstr(json, "\"n\" : 7"));
    assert_int_equal(json[strlen(json) - 1], '\n');
}

static void
reads_fields_of_any_type(void **state G_GNUC_UNUSED)
{
    g_autoptr(GVariant) value = g_variant_ref_sink(
        g_variant_new_parsed("{'s': <'x\\ny'>, 'u': <uint32 3>, 't': <uint64 4>}"));
    g_autoptr(GVariant) child = bpfpv_ctl_child(value, "s", "aa{sv}");
    g_autofree char *text = bpfpv_ctl_field(value, "s");
    g_autofree char *number = bpfpv_ctl_field(value, "u");
    g_autofree char *large = bpfpv_ctl_field(value, "t");
    g_autofree char *none = bpfpv_ctl_field(value, "absent");

    assert_int_equal(g_variant_n_children(child), 0);
    assert_string_equal(text, "x y");
    assert_string_equal(number, "3");
    assert_string_equal(large, "4");
    assert_string_equal(none, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders_nothing_without_a_row),
        cmocka_unit_test(aligns_columns),
        cmocka_unit_test(aligns_what_is_not_ascii),
        cmocka_unit_test(aligns_a_number_in_the_last_column),
        cmocka_unit_test(wraps_the_last_column),
        cmocka_unit_test(keeps_long_words_whole),
        cmocka_unit_test(colours_without_moving_anything),
        cmocka_unit_test(cleans_text),
        cmocka_unit_test(cleans_cells),
        cmocka_unit_test(knows_the_states),
        cmocka_unit_test(escapes_json),
        cmocka_unit_test(reads_fields_of_any_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
