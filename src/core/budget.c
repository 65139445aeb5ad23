/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A token bucket; see budget.h. */
#include "core/budget.h"

void
bpfpv_budget_init(BpfpvBudget *budget, guint rate, guint burst, gint64 now_us)
{
    *budget = (BpfpvBudget){MAX(rate, 1), MAX(burst, 1), MAX(burst, 1), now_us};
}

/* A bucket that is full by then is so however long it has been: the product of time and rate, which
 * no integer holds after some quiet months, is only made where it is small. */
static void
refill(BpfpvBudget *budget, gint64 now_us)
{
    gint64 missing = (gint64)budget->burst - budget->left;
    gint64 elapsed = now_us - budget->updated_us;
    gint64 gained;

    if (elapsed <= 0)
        return;
    if (elapsed / G_USEC_PER_SEC >= missing / (gint64)budget->rate + 1) {
        budget->left = (gint64)budget->burst;
        budget->updated_us = now_us;
        return;
    }
    /* Whole units only; the time that makes no unit yet counts the next time. */
    gained = (elapsed / G_USEC_PER_SEC) * (gint64)budget->rate +
             (elapsed % G_USEC_PER_SEC) * (gint64)budget->rate / G_USEC_PER_SEC;
    if (gained >= missing) {
        budget->left = (gint64)budget->burst;
        budget->updated_us = now_us;
    } else if (gained > 0) {
        budget->left += gained;
        budget->updated_us = now_us;
    }
}

gint64
bpfpv_budget_use(BpfpvBudget *budget, guint64 units, gint64 now_us)
{
    gint64 owed;

    refill(budget, now_us);
    budget->left -= (gint64)MIN(units, G_MAXUINT32);
    if (budget->left > 0)
        return 0;
    owed = 1 - budget->left;
    return owed / (gint64)budget->rate * G_USEC_PER_SEC +
           owed % (gint64)budget->rate * G_USEC_PER_SEC / (gint64)budget->rate + 1;
}
