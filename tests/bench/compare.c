/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Medians and their errors, see compare.h. */
#include "compare.h"

#include <math.h>

/* Of a median's 95 % interval, by what the middle half spans: McGill, Tukey, Larsen, "Variations of
 * Box Plots", The American Statistician 32 (1978). */
#define NOTCH 1.57

Rates *
rates_new(void)
{
    Rates *rates = g_new(Rates, 1);

    rates->without = g_array_new(FALSE, FALSE, sizeof(double));
    rates->with = g_array_new(FALSE, FALSE, sizeof(double));
    return rates;
}

void
rates_free(Rates *rates)
{
    g_array_unref(rates->without);
    g_array_unref(rates->with);
    g_free(rates);
}

static double
at(const GArray *values, guint i)
{
    return g_array_index(values, double, i);
}

static int
ascending(gconstpointer a, gconstpointer b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

/* @part: 0.5 for the median */
static double
quantile(const GArray *values, double part)
{
    g_autoptr(GArray) sorted = g_array_copy((GArray *)values);
    double place = part * (sorted->len - 1);
    guint below = (guint)place;

    g_array_sort(sorted, ascending);
    if (below + 1 >= sorted->len)
        return at(sorted, sorted->len - 1);
    return at(sorted, below) + (place - below) * (at(sorted, below + 1) - at(sorted, below));
}

/* Percent more time for an operation than at the mean of two rates. */
static double
extra_time(double rate, double before, double after)
{
    return ((before + after) / 2 / rate - 1) * 100;
}

static double
spread(const GArray *values)
{
    return quantile(values, 0.75) - quantile(values, 0.25);
}

Comparison
compare_rates(const Rates *rates)
{
    g_autoptr(GArray) costs = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) noise = g_array_new(FALSE, FALSE, sizeof(double));
    Comparison comparison = {
        .without = quantile(rates->without, 0.5),
        .with = quantile(rates->with, 0.5),
    };

    g_assert(rates->with->len >= 3 && rates->without->len == rates->with->len + 1);
    for (guint i = 0; i < rates->with->len; i++) {
        double cost =
            extra_time(at(rates->with, i), at(rates->without, i), at(rates->without, i + 1));

        g_array_append_val(costs, cost);
    }
    for (guint i = 1; i + 1 < rates->without->len; i++) {
        double nothing =
            extra_time(at(rates->without, i), at(rates->without, i - 1), at(rates->without, i + 1));

        g_array_append_val(noise, nothing);
    }
    comparison.cost = quantile(costs, 0.5);
    comparison.error = NOTCH * MAX(spread(costs), spread(noise)) / sqrt(costs->len);
    comparison.noise = spread(noise) / 2;
    return comparison;
}

CompareVerdict
compare_verdict(const Comparison *comparison, double aim)
{
    if (comparison->cost + comparison->error <= aim)
        return COMPARE_MET;
    return comparison->cost - comparison->error > aim ? COMPARE_MISSED : COMPARE_UNSURE;
}
