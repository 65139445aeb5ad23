/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random sequences of demand, topology and policy changes, every plan checked
 * against the rules; the placer, told one change at a time, must come to the
 * same plans as the solver that is told everything. A failure prints the seed,
 * the sequence, and the smallest sequence that still fails.
 */
#include "solve-sequence.h"

#define SEQUENCES 100000

/* cmocka cuts long messages. */
static void
fail_with(GArray **changes, Run *run, const char *wrong, guint sequence)
{
    g_autofree char *smallest = smallest_failure(changes, run, wrong);

    fprintf(stderr, "sequence %u\n%s\n%s\n", sequence, wrong, smallest);
    fail_msg("BPFPV_TEST_SEED=%u BPFPV_TEST_SEQUENCE=%u", sequence_seed(), sequence);
}

static void
every_plan_of_random_sequences_keeps_the_rules(void **state)
{
    guint first = (guint)number_from("BPFPV_TEST_SEQUENCE", 0);
    guint n = (guint)number_from("BPFPV_TEST_SEQUENCES",
                                 g_getenv("BPFPV_TEST_SEQUENCE") != NULL ? 1 : SEQUENCES);
    g_autoptr(GRand) rand = g_rand_new_with_seed(0);
    Run run = {.solver = right_solver, .placer = TRUE, .rand = rand};

    (void)state;
    print_message("BPFPV_TEST_SEED=%u\n", sequence_seed());
    for (guint sequence = first; sequence < first + n; sequence++) {
        g_autoptr(GArray) changes = make_sequence(rand, sequence);
        g_autofree char *wrong = run_sequence(changes, &run);

        if (wrong != NULL)
            fail_with(&changes, &run, wrong, sequence);
    }
    print_message("%u sequences, %u plans: %u anchors met, %u vCPUs unmet\n", n, run.steps,
                  run.anchors, run.unmet);
    assert_true(n == 1 || (run.anchors > n && run.unmet > n / 4));
}

/* One step is enough to take a CPU that is reserved: a host with a reserve, domains, and somebody
 * who asks; nothing of it can be left out. */
static void
what_fails_is_made_small(void **state)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(0);
    Run run = {.solver = solver_without_reserve, .rand = rand};
    guint found = 0, before = 0, after = 0;

    (void)state;
    for (guint sequence = 0; found < 20; sequence++) {
        g_autoptr(GArray) changes = make_sequence(rand, sequence);
        g_autofree char *wrong = run_sequence(changes, &run);
        g_autofree char *smallest = NULL;
        guint was = changes->len;

        if (wrong == NULL || !g_str_has_prefix(wrong, "[3 reserve]"))
            continue;
        smallest = smallest_failure(&changes, &run, wrong);
        assert_non_null(strstr(smallest, "[3 reserve]"));
        assert_in_range(changes->len, 2, 7);
        for (guint i = 0; i < changes->len; i++) {
            g_autoptr(GArray) fewer = g_array_copy(changes);

            g_array_remove_index(fewer, i);
            assert_false(fails_alike(fewer, run_sequence, &run, "[3 reserve]"));
        }
        found++;
        before += was;
        after += changes->len;
    }
    print_message("%u failures of %u changes made %u\n", found, before, after);
    assert_true(after * 2 < before);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_plan_of_random_sequences_keeps_the_rules),
        cmocka_unit_test(what_fails_is_made_small),
    };

    return cmocka_run_group_tests_name("placement-random", tests, NULL, NULL);
}
