/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A token bucket: what somebody may use at once, and how fast that comes back. Pure: the time is an
 * argument, in microseconds of any clock that does not go back.
 */
#pragma once

#include <glib.h>

typedef struct {
    guint64 rate;      /* units that come back in a second; 1 to G_MAXUINT32 */
    guint64 burst;     /* units that may be used at once; 1 to G_MAXUINT32 */
    gint64 left;       /* units; below 0: used in advance */
    gint64 updated_us; /* when @left was last reckoned */
} BpfpvBudget;

/* A full one. */
void bpfpv_budget_init(BpfpvBudget *budget, guint rate, guint burst, gint64 now_us);

/**
 * bpfpv_budget_use:
 * @units: at most G_MAXUINT32
 *
 * Uses @units, whether there are as many or not.
 *
 * Returns: the microseconds until there is something left again; 0: there is
 */
gint64 bpfpv_budget_use(BpfpvBudget *budget, guint64 units, gint64 now_us);
