/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The token bucket: bursts, what comes back when, and clocks that stand still or run for years. */
#include "unit.h"

#include "core/budget.h"

#define SECOND G_USEC_PER_SEC
#define DAY (G_GINT64_CONSTANT(86400) * SECOND)

static void
a_burst_is_free_and_then_it_is_full(void **state)
{
    BpfpvBudget budget;

    (void)state;
    bpfpv_budget_init(&budget, 10, 100, 5 * SECOND);
    assert_int_equal(bpfpv_budget_use(&budget, 99, 5 * SECOND), 0);
    /* One more uses the last: a tenth of a second for the next. */
    assert_in_range(bpfpv_budget_use(&budget, 1, 5 * SECOND), SECOND / 10, SECOND / 10 + 1);
}

static void
what_is_owed_takes_its_time(void **state)
{
    BpfpvBudget budget;
    gint64 wait;

    (void)state;
    bpfpv_budget_init(&budget, 10, 10, 0);
    wait = bpfpv_budget_use(&budget, 29, 0);
    assert_in_range(wait, 2 * SECOND, 2 * SECOND + 1);
    assert_true(bpfpv_budget_use(&budget, 0, wait - SECOND / 5) > 0);
    assert_int_equal(bpfpv_budget_use(&budget, 0, wait), 0);
}

/* As often as one asks: what is less than a unit is not lost. */
static void
asking_often_costs_nothing(void **state)
{
    BpfpvBudget budget;
    gint64 now = 0;

    (void)state;
    bpfpv_budget_init(&budget, 3, 1, 0);
    bpfpv_budget_use(&budget, 1, 0);
    for (; now < SECOND / 3; now += 1000)
        assert_true(bpfpv_budget_use(&budget, 0, now) > 0);
    assert_int_equal(bpfpv_budget_use(&budget, 0, SECOND / 3 + 1), 0);
}

/* Elapsed time × rate left an integer's range after 101.8 days at a megabyte a second. */
static void
years_of_silence_fill_it_and_no_more(void **state)
{
    static const gint64 quiet[] = {DAY, 101 * DAY, 102 * DAY, 36500 * DAY, G_MAXINT64};
    static const guint rates[] = {1, 1024 * 1024, G_MAXUINT32};

    (void)state;
    for (guint r = 0; r < G_N_ELEMENTS(rates); r++) {
        for (guint q = 0; q < G_N_ELEMENTS(quiet); q++) {
            BpfpvBudget budget;

            bpfpv_budget_init(&budget, rates[r], 1000, 0);
            bpfpv_budget_use(&budget, 1500, 0);
            assert_int_equal(bpfpv_budget_use(&budget, 999, quiet[q]), 0);
            assert_true(bpfpv_budget_use(&budget, 1, quiet[q]) > 0);
        }
    }
}

static void
a_clock_that_stands_still_gives_nothing(void **state)
{
    BpfpvBudget budget;

    (void)state;
    bpfpv_budget_init(&budget, 1000, 10, DAY);
    assert_true(bpfpv_budget_use(&budget, 10, DAY) > 0);
    assert_true(bpfpv_budget_use(&budget, 0, DAY) > 0);
    assert_true(bpfpv_budget_use(&budget, 0, DAY - SECOND) > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_free_and_then_it_is_full),
        cmocka_unit_test(what_is_owed_takes_its_time),
        cmocka_unit_test(asking_often_costs_nothing),
        cmocka_unit_test(years_of_silence_fill_it_and_no_more),
        cmocka_unit_test(a_clock_that_stands_still_gives_nothing),
    };

    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
