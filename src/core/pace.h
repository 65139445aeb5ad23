/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How often what a guest asks for is listened to: a change may move other domains' vCPUs too, and
 * reading it takes the time of the one thread that serves all. A burst is free; a guest whose
 * wishes never rest is slowed, and nobody else. Pure: the time is passed in, of one clock that only
 * goes on.
 */
#pragma once

#include <glib.h>

#include "core/budget.h"

/* What the reading of a demand takes is paid back by so many times that of rest. */
#define BPFPV_PACE_REST 10

typedef struct {
    BpfpvBudget changes; /* of what is asked for */
    gint64 rest_until_us;
} BpfpvPace;

/**
 * bpfpv_pace_init:
 * @burst: changes that are free; 1 to G_MAXUINT32
 * @rate: changes a second that a guest gets for good; 1 to G_MAXUINT32
 */
void bpfpv_pace_init(BpfpvPace *pace, guint burst, guint rate, gint64 now_us);

/* Other bounds; what was used counts on. */
void bpfpv_pace_limit(BpfpvPace *pace, guint burst, guint rate, gint64 now_us);

/**
 * bpfpv_pace_wait_us:
 *
 * Returns: for how long no demand is to be read; 0: one may be at once
 */
gint64 bpfpv_pace_wait_us(BpfpvPace *pace, gint64 now_us);

/**
 * bpfpv_pace_take:
 * @changed: whether it asks for other anchors or cohorts, not just for more or fewer tasks
 * @cost_us: how long it took to read
 *
 * A demand was read.
 */
void bpfpv_pace_take(BpfpvPace *pace, gboolean changed, gint64 cost_us, gint64 now_us);

/* Whether the guest has used up its changes, and is slowed for that. */
gboolean bpfpv_pace_is_slowed(BpfpvPace *pace, gint64 now_us);
