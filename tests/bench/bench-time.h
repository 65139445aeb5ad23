/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times for benchmarks: the thread's processor time, and what of many of them counts. */
#pragma once

#include <time.h>

#include <glib.h>

/* Microseconds of processor time: what else the machine does is not ours. */
static inline double
bench_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static inline int
bench_compare(gconstpointer a, gconstpointer b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

/* @part: 0.5 is the median, 1 the longest; sorts @times. */
static inline double
bench_quantile(GArray *times, double part)
{
    g_array_sort(times, bench_compare);
    return g_array_index(times, double, (guint)(part * (times->len - 1)));
}
