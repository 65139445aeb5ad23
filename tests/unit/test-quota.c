/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many log lines a guest may cause. */
#include "unit.h"

#include "core/quota.h"

static void
a_burst_is_free_and_the_rest_is_counted(void **state)
{
    BpfpvQuota quota = {0};
    guint left_out = 1;

    for (guint i = 0; i < BPFPV_QUOTA_BURST; i++) {
        assert_true(bpfpv_quota_take(&quota, 1000, &left_out));
        assert_int_equal(left_out, 0);
    }
    for (guint i = 0; i < 100; i++)
        assert_false(bpfpv_quota_take(&quota, 1000, &left_out));
}

static void
the_line_after_a_pause_tells_how_many_were_left_out(void **state)
{
    const gint64 line_us = (gint64)3600 * G_USEC_PER_SEC / BPFPV_QUOTA_PER_HOUR;
    BpfpvQuota quota = {0};
    guint left_out;

    for (guint i = 0; i < BPFPV_QUOTA_BURST + 7; i++)
        bpfpv_quota_take(&quota, 0, &left_out);
    assert_true(bpfpv_quota_take(&quota, line_us + 1, &left_out));
    assert_int_equal(left_out, 7);
    assert_false(bpfpv_quota_take(&quota, line_us + 2, &left_out));
    assert_true(bpfpv_quota_take(&quota, 3 * line_us, &left_out));
    assert_int_equal(left_out, 1);
}

static void
however_long_the_pause_the_burst_is_no_longer(void **state)
{
    BpfpvQuota quota = {0};
    guint left_out, n = 0;

    bpfpv_quota_take(&quota, 0, &left_out);
    while (bpfpv_quota_take(&quota, G_MAXINT64 / 2, &left_out))
        n++;
    assert_int_equal(n, BPFPV_QUOTA_BURST);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_free_and_the_rest_is_counted),
        cmocka_unit_test(the_line_after_a_pause_tells_how_many_were_left_out),
        cmocka_unit_test(however_long_the_pause_the_burst_is_no_longer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
