/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See report.h. */
#include "report.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <stdio.h>

static JsonArray *rows; /* (nullable): until something is reported */

GArray *
samples_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(gint64));
}

static int
ascending(gconstpointer a, gconstpointer b)
{
    gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;

    return left < right ? -1 : left > right;
}

static double
at_rank(const GArray *samples, double rank)
{
    guint i = (guint)CLAMP(rank, 0, (double)samples->len - 1);

    return (double)g_array_index(samples, gint64, i);
}

Summary
summarize(GArray *samples)
{
    double n = samples->len, spread = 0.98 * sqrt(n); /* 1.96 deviations of the median's rank */

    g_array_sort(samples, ascending);
    return (Summary){
        .p50 = at_rank(samples, n / 2),
        .p99 = at_rank(samples, ceil(0.99 * n) - 1),
        .low = at_rank(samples, floor(n / 2 - spread)),
        .high = at_rank(samples, ceil(n / 2 + spread)),
        .n = samples->len,
    };
}

static JsonObject *
add_object(const char *measure)
{
    JsonObject *object = json_object_new();

    if (!rows)
        rows = json_array_new();
    json_object_set_string_member(object, "measure", measure);
    json_array_add_object_element(rows, object);
    return object;
}

void
report_head(void)
{
    printf("%-38s %5s %9s %19s %9s %9s %7s\n", "", "n", "p50 ms", "95% interval", "p99 ms",
           "floor ms", "ratio");
}

gboolean
report_row(const char *name, GArray *samples, const Summary *floor, double bound)
{
    Summary summary = summarize(samples);
    double ratio = summary.p50 / floor->p50;
    gboolean within = bound <= 0 || ratio <= bound;
    JsonObject *object = add_object(name);

    printf("%-38s %5u %9.2f %9.2f-%-9.2f %9.2f %9.2f %6.2fx", name, summary.n, summary.p50 / 1000,
           summary.low / 1000, summary.high / 1000, summary.p99 / 1000, floor->p50 / 1000, ratio);
    if (!within)
        printf("  more than %.1fx", bound);
    printf("\n");
    fflush(stdout);
    json_object_set_int_member(object, "n", summary.n);
    json_object_set_double_member(object, "p50", summary.p50);
    json_object_set_double_member(object, "low", summary.low);
    json_object_set_double_member(object, "high", summary.high);
    json_object_set_double_member(object, "p99", summary.p99);
    json_object_set_double_member(object, "floor", floor->p50);
    json_object_set_double_member(object, "ratio", ratio);
    return within;
}

void
report_value(const char *measure, const char *name, double value, const char *unit)
{
    JsonObject *object = add_object(measure);

    json_object_set_double_member(object, name, value);
    json_object_set_string_member(object, "unit", unit);
}

gboolean
report_end(void)
{
    const char *file = g_getenv("BENCH_JSON");
    g_autoptr(JsonArray) array = g_steal_pointer(&rows);
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_ARRAY);
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(GError) error = NULL;

    if (!file || !array)
        return TRUE;
    json_node_set_array(root, array);
    json_generator_set_root(generator, root);
    json_generator_set_pretty(generator, TRUE);
    if (json_generator_to_file(generator, file, &error))
        return TRUE;
    printf("%s\n", error->message);
    return FALSE;
}
