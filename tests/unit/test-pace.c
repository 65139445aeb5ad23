/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of src/core/pace: who keeps changing is listened to less often. */
#include "unit.h"

#include "core/pace.h"

#define MS 1000
#define START ((gint64)3600 * G_USEC_PER_SEC)

static void
the_first_change_is_taken_at_once(void **state)
{
    const BpfpvPace pace = {0};

    (void)state;
    assert_int_equal(bpfpv_pace_wait_ms(&pace, START), 0);
    assert_int_equal(bpfpv_pace_wait_ms(&pace, 1), 0);
}

/* Changes all the time; @until_us: for so long. Returns: how many were taken */
static guint
flap(BpfpvPace *pace, gint64 every_us, gint64 until_us)
{
    guint taken = 0;

    for (gint64 now = START; now < START + until_us; now += every_us) {
        if (bpfpv_pace_wait_ms(pace, now) > 0)
            continue;
        bpfpv_pace_take(pace, TRUE, now);
        taken++;
    }
    return taken;
}

static void
each_that_follows_waits_twice_as_long(void **state)
{
    static const guint waits[] = {100, 200, 400, 800, 1600, 2000, 2000};
    BpfpvPace pace = {0};
    gint64 now = START;

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(waits); i++) {
        bpfpv_pace_take(&pace, TRUE, now);
        assert_int_equal(bpfpv_pace_wait_ms(&pace, now), waits[i]);
        now += waits[i] * MS;
        assert_int_equal(bpfpv_pace_wait_ms(&pace, now - 1), 1);
        assert_int_equal(bpfpv_pace_wait_ms(&pace, now), 0);
    }
}

/* However a guest times it, over a minute it is one change in two seconds, but for the first. */
static void
a_flapping_guest_is_listened_to_every_two_seconds(void **state)
{
    (void)state;
    for (gint64 every = 10 * MS; every < 2000 * MS; every += 10 * MS) {
        BpfpvPace pace = {0};

        assert_true(flap(&pace, every, 60 * G_USEC_PER_SEC) <= 35);
    }
}

static void
after_some_rest_it_is_as_at_first(void **state)
{
    BpfpvPace pace = {0};
    gint64 last;

    (void)state;
    flap(&pace, 10 * MS, 20 * G_USEC_PER_SEC);
    assert_int_equal(pace.interval_ms, BPFPV_PACE_MOST_MS);
    last = pace.changed_us;
    bpfpv_pace_take(&pace, TRUE, last + 3999 * MS);
    assert_int_equal(pace.interval_ms, BPFPV_PACE_MOST_MS);
    bpfpv_pace_take(&pace, TRUE, last + 8000 * MS);
    assert_int_equal(pace.interval_ms, BPFPV_PACE_FIRST_MS);
}

/* They move nobody. */
static void
other_numbers_of_tasks_do_not_count(void **state)
{
    BpfpvPace pace = {0};

    (void)state;
    bpfpv_pace_take(&pace, TRUE, START);
    for (gint64 now = START; now < START + 5 * G_USEC_PER_SEC; now += 100 * MS)
        bpfpv_pace_take(&pace, FALSE, now);
    assert_int_equal(pace.interval_ms, BPFPV_PACE_FIRST_MS);
    assert_int_equal(bpfpv_pace_wait_ms(&pace, pace.taken_us + 40 * MS), 60);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_change_is_taken_at_once),
        cmocka_unit_test(each_that_follows_waits_twice_as_long),
        cmocka_unit_test(a_flapping_guest_is_listened_to_every_two_seconds),
        cmocka_unit_test(after_some_rest_it_is_as_at_first),
        cmocka_unit_test(other_numbers_of_tasks_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
