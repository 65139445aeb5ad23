/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What bench-guest makes of its rates. */
#include "unit.h"

#include "tests/bench/compare.h"

#define TURNS 9

/* A B A B … A at @rate(turn), operations with taking @cost percent more time. */
static Comparison
compare(double (*rate)(guint), double cost)
{
    g_autoptr(Rates) rates = rates_new();

    for (guint turn = 0; turn < 2 * TURNS + 1; turn++) {
        double value = rate(turn) / (turn % 2 ? 1 + cost / 100 : 1);

        g_array_append_val(turn % 2 ? rates->with : rates->without, value);
    }
    return compare_rates(rates);
}

static double
steady(guint turn)
{
    return 1000;
}

static double
slower_and_slower(guint turn)
{
    return 1000 - 10.0 * turn;
}

/* Of the turns on either side of each, one is fast and one is slow. */
static double
unsteady(guint turn)
{
    return turn % 4 < 2 ? 1100 : 900;
}

static void
a_cost_without_noise_is_exact(void **state)
{
    Comparison found = compare(steady, 5);

    assert_float_equal(found.cost, 5, 1e-9);
    assert_float_equal(found.error, 0, 1e-9);
    assert_float_equal(found.without, 1000, 1e-9);
    assert_float_equal(found.with, 1000 / 1.05, 1e-9);
    assert_int_equal(compare_verdict(&found, 5.001), COMPARE_MET);
    assert_int_equal(compare_verdict(&found, 4.999), COMPARE_MISSED);
}

static void
a_drift_is_no_cost(void **state)
{
    Comparison found = compare(slower_and_slower, 0);

    assert_float_equal(found.cost, 0, 1e-9);
    assert_float_equal(found.noise, 0, 1e-9);
}

static void
what_noise_hides_is_not_judged(void **state)
{
    Comparison found = compare(unsteady, 5);

    assert_true(found.error > 5);
    assert_true(found.noise > 5);
    assert_int_equal(compare_verdict(&found, 1), COMPARE_UNSURE);
    found = compare(unsteady, 500);
    assert_int_equal(compare_verdict(&found, 1), COMPARE_MISSED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cost_without_noise_is_exact),
        cmocka_unit_test(a_drift_is_no_cost),
        cmocka_unit_test(what_noise_hides_is_not_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
