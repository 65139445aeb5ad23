/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often a guest is listened to; see pace.h. */
#include "core/pace.h"

void
bpfpv_pace_init(BpfpvPace *pace, guint burst, guint rate, gint64 now_us)
{
    bpfpv_budget_init(&pace->changes, rate, burst, now_us);
    pace->rest_until_us = now_us;
}

void
bpfpv_pace_limit(BpfpvPace *pace, guint burst, guint rate, gint64 now_us)
{
    gint64 used;

    if (pace->changes.burst == MAX(burst, 1) && pace->changes.rate == MAX(rate, 1))
        return;
    bpfpv_budget_use(&pace->changes, 0, now_us); /* what came back so far did at the old rate */
    used = (gint64)pace->changes.burst - pace->changes.left;
    bpfpv_budget_init(&pace->changes, rate, burst, now_us);
    pace->changes.left -= used;
}

gint64
bpfpv_pace_wait_us(BpfpvPace *pace, gint64 now_us)
{
    return MAX(bpfpv_budget_use(&pace->changes, 0, now_us), MAX(pace->rest_until_us - now_us, 0));
}

void
bpfpv_pace_take(BpfpvPace *pace, gboolean changed, gint64 cost_us, gint64 now_us)
{
    bpfpv_budget_use(&pace->changes, changed ? 1 : 0, now_us);
    pace->rest_until_us = now_us + BPFPV_PACE_REST * MAX(cost_us, 0);
}

gboolean
bpfpv_pace_is_slowed(BpfpvPace *pace, gint64 now_us)
{
    return bpfpv_budget_use(&pace->changes, 0, now_us) > 0;
}
