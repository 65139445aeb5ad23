/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has happened since the daemon was started, for metrics: a number is
 * raised where the thing happens, and nothing else is done there. Main thread
 * only.
 */
#pragma once

#include "core/metrics.h"

/* How a pin call ended. */
typedef enum {
    BPFPV_PIN_DONE,
    BPFPV_PIN_REFUSED, /* by libvirt, the cgroup or the kernel */
    BPFPV_PIN_BUSY,    /* another job held the domain */
    BPFPV_PIN_UNSURE,  /* the connection was lost meanwhile */
    BPFPV_PIN_FAILED,  /* not made: no connection, or the domain has ended */
    BPFPV_PIN_N_RESULTS,
} BpfpvPinResult;

typedef struct {
    guint64 pins[BPFPV_PIN_N_RESULTS];
    BpfpvHistogram pin_time;   /* from the call to its end, waiting for its turn included */
    BpfpvHistogram solve_time; /* of the placement */
    guint64 bytes;             /* received from guests */
    guint64 resyncs;           /* snapshots that guests were asked for */
    guint64 snapshots;         /* that came, whole */
    guint64 lost;              /* changes that guests say they could not send */
    guint64 violations;        /* of the protocol: the guest was hung up on */
} BpfpvCounters;

extern BpfpvCounters bpfpv_counters;

/* For a label: "done", "refused", … */
const char *bpfpv_pin_result_to_string(BpfpvPinResult result);
