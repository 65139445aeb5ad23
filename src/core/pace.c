/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often a guest is listened to; see pace.h. */
#include "core/pace.h"

#define US_PER_MS 1000
#define REST_LEAST_MS 2000

static gint64
left_us(gint64 since_us, guint interval_ms, gint64 now_us)
{
    return since_us > 0 ? since_us + (gint64)interval_ms * US_PER_MS - now_us : 0;
}

guint
bpfpv_pace_wait_ms(const BpfpvPace *pace, gint64 now_us)
{
    gint64 left = MAX(left_us(pace->taken_us, BPFPV_PACE_FIRST_MS, now_us),
                      left_us(pace->changed_us, pace->interval_ms, now_us));

    return left > 0 ? (guint)((left + US_PER_MS - 1) / US_PER_MS) : 0;
}

void
bpfpv_pace_take(BpfpvPace *pace, gboolean changed, gint64 now_us)
{
    gint64 rest = (gint64)MAX(2 * pace->interval_ms, REST_LEAST_MS) * US_PER_MS;

    pace->taken_us = now_us;
    if (!changed)
        return;
    if (pace->changed_us == 0 || now_us - pace->changed_us >= rest)
        pace->interval_ms = BPFPV_PACE_FIRST_MS;
    else
        pace->interval_ms = MIN(2 * pace->interval_ms, BPFPV_PACE_MOST_MS);
    pace->changed_us = now_us;
}
