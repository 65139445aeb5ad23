/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many log lines a guest may cause; see quota.h. */
#include "core/quota.h"

#define US_PER_HOUR (3600.0 * G_USEC_PER_SEC)

gboolean
bpfpv_quota_take(BpfpvQuota *quota, gint64 now_us, guint *left_out)
{
    double back = (double)(now_us - quota->updated_us) * BPFPV_QUOTA_PER_HOUR / US_PER_HOUR;

    quota->used = MAX(quota->used - back, 0);
    quota->updated_us = now_us;
    *left_out = 0;
    if (quota->used + 1 > BPFPV_QUOTA_BURST) {
        quota->left_out++;
        return FALSE;
    }
    quota->used += 1;
    *left_out = quota->left_out;
    quota->left_out = 0;
    return TRUE;
}
