/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes metrics as OpenMetrics 1.0 text, and counts durations for a
 * histogram. Pure: what is counted, and when, is its caller's.
 */
#pragma once

#include <glib.h>

#define BPFPV_HISTOGRAM_N_BOUNDS 12

/* Durations, by how long they took: 100 µs to 30 s, in steps of about three. */
typedef struct {
    guint64 counts[BPFPV_HISTOGRAM_N_BOUNDS + 1]; /* up to each bound, and beyond the last */
    guint64 sum_us;
} BpfpvHistogram;

/* @us: a duration in microseconds; less than 0 counts as 0. Takes a few comparisons. */
void bpfpv_histogram_add(BpfpvHistogram *histogram, gint64 us);

/* A label of a sample. */
typedef struct {
    const char *name;
    const char *value; /* any bytes; escaped when it is written */
} BpfpvMetricsLabel;

typedef enum {
    BPFPV_METRICS_GAUGE,
    BPFPV_METRICS_COUNTER,
    BPFPV_METRICS_HISTOGRAM,
} BpfpvMetricsType;

typedef struct _BpfpvMetrics BpfpvMetrics;

BpfpvMetrics *bpfpv_metrics_new(void);
void bpfpv_metrics_free(BpfpvMetrics *metrics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvMetrics, bpfpv_metrics_free)
/* Begins a family; its samples follow. @name: without the "_total" of a counter; with the unit at
 * its end, where there is one: "_seconds", "_bytes". @help: for people */
void bpfpv_metrics_begin(BpfpvMetrics *metrics, BpfpvMetricsType type, const char *name,
                         const char *help);
/* A sample of the family, which is no histogram. @label: (nullable) */
void bpfpv_metrics_add(BpfpvMetrics *metrics, const BpfpvMetricsLabel *label, guint64 value);
/* All samples of the family, which is a histogram of durations. */
void bpfpv_metrics_add_histogram(BpfpvMetrics *metrics, const BpfpvHistogram *histogram);
/* Returns: (transfer full): all of it, with its end; nothing can be added any more */
char *bpfpv_metrics_finish(BpfpvMetrics *metrics);
