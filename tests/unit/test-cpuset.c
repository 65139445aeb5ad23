/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of src/core/cpuset: text, libvirt's maps, set arithmetic. */
#include "unit.h"

static void
parses_ranges_numbers_and_excludes(void **state)
{
    g_autoptr(BpfpvCpuset) set = cpus("0-3,^2, 8 ,70-71");

    (void)state;
    assert_cpus(set, "0-1,3,8,70-71");
}

static void
excludes_take_effect_from_left_to_right(void **state)
{
    g_autoptr(BpfpvCpuset) late = cpus("0-3,6,^1,^6");
    g_autoptr(BpfpvCpuset) early = cpus("^1,0-3");

    (void)state;
    assert_cpus(late, "0,2-3");
    assert_cpus(early, "0-3");
}

static void
refuses_what_is_no_cpu_set(void **state)
{
    static const char *const texts[] = {
        "",     " ", ",",   "0,",  ",0", "a",   "0-",   "-1",    "0--1", "1-^2",
        "^1-2", "^", "0 1", "0;1", "+1", "0x1", "0,^0", "0-1-2", "1,,2", "^^1",
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_parse(texts[i], &error);

        assert_null(set);
        assert_true(g_error_matches(error, BPFPV_CPUSET_ERROR, BPFPV_CPUSET_ERROR_SYNTAX));
    }
}

static void
refuses_numbers_out_of_range(void **state)
{
    static const char *const texts[] = {
        "8192", "0-8192", "3-1", "^8192", "99999999999999999999999999", "4294967296",
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_parse(texts[i], &error);

        assert_null(set);
        assert_true(g_error_matches(error, BPFPV_CPUSET_ERROR, BPFPV_CPUSET_ERROR_RANGE));
    }
}

static void
errors_name_the_text_and_the_place(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_parse("0-3,x", &error);

    (void)state;
    assert_null(set);
    assert_string_equal(error->message, "CPU set '0-3,x': expected a CPU number at 'x'");
}

static void
holds_the_highest_cpu(void **state)
{
    g_autoptr(BpfpvCpuset) set = cpus("0,8191");

    (void)state;
    assert_true(bpfpv_cpuset_contains(set, 8191));
    assert_int_equal(bpfpv_cpuset_next(set, 1), 8191);
    assert_int_equal(bpfpv_cpuset_next(set, 8192), -1);
    assert_cpus(set, "0,8191");
}

static void
formats_the_empty_set_as_nothing(void **state)
{
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_new();

    (void)state;
    assert_cpus(set, "");
    assert_true(bpfpv_cpuset_is_empty(set));
    assert_int_equal(bpfpv_cpuset_count(set), 0);
}

static void
words_are_cut_at_n_cpus(void **state)
{
    const guint64 words[] = {G_MAXUINT64, G_MAXUINT64};
    g_autoptr(BpfpvCpuset) within = bpfpv_cpuset_new_from_words(words, 2, 70);
    g_autoptr(BpfpvCpuset) at_edge = bpfpv_cpuset_new_from_words(words, 2, 64);
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_new_from_words(words, 2, G_MAXUINT);
    g_autoptr(BpfpvCpuset) none = bpfpv_cpuset_new_from_words(words, 2, 0);
    g_autoptr(BpfpvCpuset) no_words = bpfpv_cpuset_new_from_words(NULL, 0, 64);

    (void)state;
    assert_cpus(within, "0-69");
    assert_cpus(at_edge, "0-63");
    assert_cpus(all, "0-127");
    assert_cpus(none, "");
    assert_cpus(no_words, "");
}

static void
maps_are_cut_at_n_cpus(void **state)
{
    const guchar map[] = {0x05, 0xff};
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_new_from_map(map, sizeof(map), 10);

    (void)state;
    assert_cpus(set, "0,2,8-9");
}

static void
to_map_fills_the_whole_map_and_no_more(void **state)
{
    g_autoptr(BpfpvCpuset) set = cpus("0,9,23,70");
    guchar map[11];

    (void)state;
    memset(map, 0xee, sizeof(map));
    bpfpv_cpuset_to_map(set, map, 10);
    assert_memory_equal(map, "\x01\x02\x80\0\0\0\0\0\x40\0\xee", 11);
    bpfpv_cpuset_to_map(set, map, 1);
    assert_memory_equal(map, "\x01\x02", 2);
}

static void
arithmetic_does_not_depend_on_width(void **state)
{
    g_autoptr(BpfpvCpuset) wide = cpus("0-2,200");
    g_autoptr(BpfpvCpuset) narrow = cpus("1-3");
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_copy(narrow);

    (void)state;
    bpfpv_cpuset_unite(set, wide);
    assert_cpus(set, "0-3,200");
    bpfpv_cpuset_intersect(set, narrow);
    assert_cpus(set, "1-3");
    bpfpv_cpuset_subtract(set, wide);
    assert_cpus(set, "3");
    assert_false(bpfpv_cpuset_intersects(set, wide));
    assert_true(bpfpv_cpuset_intersects(narrow, wide));
    assert_true(bpfpv_cpuset_is_subset(set, narrow));
    assert_false(bpfpv_cpuset_is_subset(wide, narrow));
}

static void
equal_sets_of_different_width_hash_and_compare_equal(void **state)
{
    g_autoptr(BpfpvCpuset) narrow = cpus("1-3");
    g_autoptr(BpfpvCpuset) wide = cpus("1-3,500");

    (void)state;
    bpfpv_cpuset_remove(wide, 500);
    bpfpv_cpuset_remove(wide, 100000);
    assert_true(bpfpv_cpuset_equal(narrow, wide));
    assert_int_equal(bpfpv_cpuset_hash(narrow), bpfpv_cpuset_hash(wide));
    assert_int_equal(bpfpv_cpuset_compare(wide, narrow), 0);
}

static void
compare_orders_by_the_lowest_cpu_that_differs(void **state)
{
    static const char *const sorted[] = {"0-1", "0,2", "0,100", "0", "1-2", "100", ""};

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(sorted); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(sorted); j++) {
            g_autoptr(BpfpvCpuset) a = cpus(sorted[i]);
            g_autoptr(BpfpvCpuset) b = cpus(sorted[j]);
            int order = bpfpv_cpuset_compare(a, b);

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void
random_sets_survive_text_maps_and_words(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);

    (void)state;
    for (guint round = 0; round < 2000; round++) {
        g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_new();
        g_autoptr(BpfpvCpuset) from_text = NULL;
        g_autoptr(BpfpvCpuset) from_map = NULL;
        g_autofree char *text = NULL;
        guchar map[BPFPV_CPUSET_MAX / 8];
        guint width = 1 + below(rand, one_in(rand, 10) ? BPFPV_CPUSET_MAX : 130);

        for (guint n = below(rand, 40) + 1; n > 0; n--)
            bpfpv_cpuset_add(set, below(rand, width));
        text = bpfpv_cpuset_format(set);
        from_text = bpfpv_cpuset_parse(text, NULL);
        assert_true(bpfpv_cpuset_equal(set, from_text));
        bpfpv_cpuset_to_map(set, map, sizeof(map));
        from_map = bpfpv_cpuset_new_from_map(map, sizeof(map), BPFPV_CPUSET_MAX);
        assert_true(bpfpv_cpuset_equal(set, from_map));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_ranges_numbers_and_excludes),
        cmocka_unit_test(excludes_take_effect_from_left_to_right),
        cmocka_unit_test(refuses_what_is_no_cpu_set),
        cmocka_unit_test(refuses_numbers_out_of_range),
        cmocka_unit_test(errors_name_the_text_and_the_place),
        cmocka_unit_test(holds_the_highest_cpu),
        cmocka_unit_test(formats_the_empty_set_as_nothing),
        cmocka_unit_test(words_are_cut_at_n_cpus),
        cmocka_unit_test(maps_are_cut_at_n_cpus),
        cmocka_unit_test(to_map_fills_the_whole_map_and_no_more),
        cmocka_unit_test(arithmetic_does_not_depend_on_width),
        cmocka_unit_test(equal_sets_of_different_width_hash_and_compare_equal),
        cmocka_unit_test(compare_orders_by_the_lowest_cpu_that_differs),
        cmocka_unit_test(random_sets_survive_text_maps_and_words),
    };

    return cmocka_run_group_tests_name("cpuset", tests, NULL, NULL);
}
