/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of src/core/pace: a burst is free, and who never rests is listened to less often. */
#include "unit.h"

#include "core/pace.h"

#define MS 1000
#define START ((gint64)3600 * G_USEC_PER_SEC)
#define BURST 16
#define RATE 50

static BpfpvPace
new_pace(void)
{
    BpfpvPace pace;

    bpfpv_pace_init(&pace, BURST, RATE, START);
    return pace;
}

static void
a_burst_is_taken_at_once(void **state)
{
    BpfpvPace pace = new_pace();

    (void)state;
    for (guint i = 0; i < BURST; i++) {
        assert_false(bpfpv_pace_is_slowed(&pace, START));
        assert_int_equal(bpfpv_pace_wait_us(&pace, START), 0);
        bpfpv_pace_take(&pace, TRUE, 0, START);
    }
    assert_true(bpfpv_pace_wait_us(&pace, START) > 0);
    assert_true(bpfpv_pace_is_slowed(&pace, START));
}

/* Changes all the time, @every_us, for @for_us. Returns: how many were taken */
static guint
flap(BpfpvPace *pace, gint64 every_us, gint64 for_us)
{
    guint taken = 0;

    for (gint64 now = START; now < START + for_us; now += every_us) {
        if (bpfpv_pace_wait_us(pace, now) > 0)
            continue;
        bpfpv_pace_take(pace, TRUE, 0, now);
        taken++;
    }
    return taken;
}

/* However a guest times it, over a minute it is what the rate allows, and the burst. */
static void
a_flapping_guest_gets_its_rate(void **state)
{
    (void)state;
    for (gint64 every = MS; every < 20 * MS; every += MS) {
        BpfpvPace pace = new_pace();

        assert_true(flap(&pace, every, 60 * G_USEC_PER_SEC) <= 60 * RATE + BURST);
    }
    /* And no less, where it is asked often enough. */
    for (gint64 every = MS; every < 3 * MS; every += MS) {
        BpfpvPace pace = new_pace();

        assert_true(flap(&pace, every, 60 * G_USEC_PER_SEC) >= 60 * RATE * 9 / 10);
    }
}

/* The rhythm of an application that changes something every 30 ms is no flapping. */
static void
a_change_every_30_ms_never_waits(void **state)
{
    BpfpvPace pace = new_pace();

    (void)state;
    assert_int_equal(flap(&pace, 30 * MS, 60 * G_USEC_PER_SEC), 2000);
    assert_false(bpfpv_pace_is_slowed(&pace, START + 60 * G_USEC_PER_SEC));
}

static void
what_only_counts_other_tasks_is_no_change(void **state)
{
    BpfpvPace pace = new_pace();

    (void)state;
    for (guint i = 0; i < 10 * BURST; i++)
        bpfpv_pace_take(&pace, FALSE, 0, START);
    assert_int_equal(bpfpv_pace_wait_us(&pace, START), 0);
}

/* A guest with many keys may make its host read for long: it is not read again before as much time
 * was everybody else's, ten times. */
static void
the_time_that_it_takes_is_paid_back(void **state)
{
    BpfpvPace pace = new_pace();

    (void)state;
    bpfpv_pace_take(&pace, FALSE, 30 * MS, START);
    assert_int_equal(bpfpv_pace_wait_us(&pace, START), 300 * MS);
    assert_int_equal(bpfpv_pace_wait_us(&pace, START + 299 * MS), MS);
    assert_int_equal(bpfpv_pace_wait_us(&pace, START + 300 * MS), 0);
}

static void
a_rest_brings_the_burst_back(void **state)
{
    BpfpvPace pace = new_pace();
    gint64 later = START + G_USEC_PER_SEC;

    (void)state;
    for (guint i = 0; i < BURST; i++)
        bpfpv_pace_take(&pace, TRUE, 0, START);
    for (guint i = 0; i < BURST; i++) {
        assert_int_equal(bpfpv_pace_wait_us(&pace, later), 0);
        bpfpv_pace_take(&pace, TRUE, 0, later);
    }
    assert_true(bpfpv_pace_wait_us(&pace, later) > 0);
}

/* Nor does setting the limits again, or plugging a vCPU in and out. */
static void
other_limits_give_nothing_back(void **state)
{
    BpfpvPace pace = new_pace();

    (void)state;
    for (guint i = 0; i < BURST; i++)
        bpfpv_pace_take(&pace, TRUE, 0, START);
    bpfpv_pace_limit(&pace, BURST, RATE, START);
    assert_true(bpfpv_pace_wait_us(&pace, START) > 0);
    bpfpv_pace_limit(&pace, BURST + 2, RATE, START);
    bpfpv_pace_take(&pace, TRUE, 0, START);
    assert_int_equal(bpfpv_pace_wait_us(&pace, START), 0);
    bpfpv_pace_limit(&pace, BURST, 1, START);
    /* One more was used than there is now: two come back at one a second. */
    assert_in_range(bpfpv_pace_wait_us(&pace, START), 2 * G_USEC_PER_SEC, 2 * G_USEC_PER_SEC + MS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_taken_at_once),
        cmocka_unit_test(a_flapping_guest_gets_its_rate),
        cmocka_unit_test(a_change_every_30_ms_never_waits),
        cmocka_unit_test(what_only_counts_other_tasks_is_no_change),
        cmocka_unit_test(the_time_that_it_takes_is_paid_back),
        cmocka_unit_test(a_rest_brings_the_burst_back),
        cmocka_unit_test(other_limits_give_nothing_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
