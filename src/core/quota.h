/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many log lines a guest may cause: a burst, then so many an hour. Pure: the time is passed in.
 */
#pragma once

#include <glib.h>

/* Of one domain. */
#define BPFPV_QUOTA_BURST 20
#define BPFPV_QUOTA_PER_HOUR 60

/* All zero at first. */
typedef struct {
    double used; /* of the burst */
    gint64 updated_us;
    guint left_out; /* since the last line */
} BpfpvQuota;

/**
 * bpfpv_quota_take:
 * @now_us: of a clock that only goes on
 * @left_out: (out): lines that were left out before this one, which is to say so
 *
 * Returns: whether one more line may be written now
 */
gboolean bpfpv_quota_take(BpfpvQuota *quota, gint64 now_us, guint *left_out);
