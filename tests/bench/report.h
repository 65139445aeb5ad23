/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a bench has measured: samples with their medians, a line for each on the standard output,
 * and all of them as JSON in the file that $BENCH_JSON names, if it does. Times are microseconds in
 * samples and in JSON, milliseconds for people.
 */
#pragma once

#include <glib.h>

typedef struct {
    double p50, p99;
    double low, high; /* the median lies between these, in 95 of 100 cases */
    guint n;
} Summary;

/* Of gint64; g_array_unref(). */
GArray *samples_new(void);

/* @samples: (element-type gint64): sorted in place; one or more */
Summary summarize(GArray *samples);

/* The columns' names. */
void report_head(void);

/**
 * report_row:
 * @name: what was measured
 * @samples: (element-type gint64): sorted in place; one or more
 * @floor: what it is compared with
 * @bound: that the ratio of the medians may have; 0: any
 *
 * Returns: whether it is within @bound
 */
gboolean report_row(const char *name, GArray *samples, const Summary *floor, double bound);

/**
 * report_value:
 * @measure: of what
 * @name: what, in words: it is a key of the JSON
 * @unit: of @value; "" where it has none
 *
 * Any other figure. It is in the JSON; its line, if any, is the caller's.
 */
void report_value(const char *measure, const char *name, double value, const char *unit);

/* Writes the JSON. Returns: FALSE where that fails, which is said */
gboolean report_end(void);
