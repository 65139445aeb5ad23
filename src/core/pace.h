/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How often what a guest asks for is listened to: a change may move other domains' vCPUs too, so
 * that one whose wishes never rest must not be able to. Pure: the time is passed in.
 */
#pragma once

#include <glib.h>

/* Between two changes, at least; and where they keep coming, at most. */
#define BPFPV_PACE_FIRST_MS 100
#define BPFPV_PACE_MOST_MS 2000

/* Of one domain; all zero at first. */
typedef struct {
    gint64 taken_us;   /* when a demand was taken last; 0: never */
    gint64 changed_us; /* when one was that asks for other things; 0: never */
    guint interval_ms; /* none is taken for so long after that */
} BpfpvPace;

/**
 * bpfpv_pace_wait_ms:
 * @now_us: as all times, of one clock that only goes on
 *
 * Returns: for how long no demand is to be taken; 0: one may be at once
 */
guint bpfpv_pace_wait_ms(const BpfpvPace *pace, gint64 now_us);

/**
 * bpfpv_pace_take:
 * @changed: whether it asks for other anchors or cohorts, not just for more or fewer tasks
 *
 * A demand is taken. The first change after some rest makes the next one wait for
 * %BPFPV_PACE_FIRST_MS; each that follows too soon for twice as long as the one before, up to
 * %BPFPV_PACE_MOST_MS. Too soon is before twice that time, or two seconds, have passed.
 */
void bpfpv_pace_take(BpfpvPace *pace, gboolean changed, gint64 now_us);
