/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* OpenMetrics text; see metrics.h, and https://prometheus.io/docs/specs/om/open_metrics_spec/ */
#include "core/metrics.h"

#include <string.h>

static const struct {
    gint64 us;
    const char *seconds; /* as the specification writes numbers */
} bounds[BPFPV_HISTOGRAM_N_BOUNDS] = {
    {100, "0.0001"},  {300, "0.0003"},  {1000, "0.001"},    {3000, "0.003"},
    {10000, "0.01"},  {30000, "0.03"},  {100000, "0.1"},    {300000, "0.3"},
    {1000000, "1.0"}, {3000000, "3.0"}, {10000000, "10.0"}, {30000000, "30.0"},
};

static const char *const units[] = {"seconds", "bytes"};

struct _BpfpvMetrics {
    GString *out;
    const char *name; /* of the family */
    BpfpvMetricsType type;
};

void
bpfpv_histogram_add(BpfpvHistogram *histogram, gint64 us)
{
    guint i = 0;

    while (i < BPFPV_HISTOGRAM_N_BOUNDS && us > bounds[i].us)
        i++;
    histogram->counts[i]++;
    histogram->sum_us += (guint64)MAX(us, 0);
}

BpfpvMetrics *
bpfpv_metrics_new(void)
{
    BpfpvMetrics *metrics = g_new0(BpfpvMetrics, 1);

    metrics->out = g_string_new(NULL);
    return metrics;
}

void
bpfpv_metrics_free(BpfpvMetrics *metrics)
{
    if (metrics == NULL)
        return;
    if (metrics->out != NULL)
        g_string_free(metrics->out, TRUE);
    g_free(metrics);
}

/* Within quotes a quote, a backslash and a line end would be something else. */
static void
append_escaped(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (const char *at = valid; *at != '\0'; at++) {
        if (*at == '\n') {
            g_string_append(out, "\\n");
            continue;
        }
        if (*at == '"' || *at == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *at);
    }
}

void
bpfpv_metrics_begin(BpfpvMetrics *metrics, BpfpvMetricsType type, const char *name,
                    const char *help)
{
    static const char *const types[] = {
        [BPFPV_METRICS_GAUGE] = "gauge",
        [BPFPV_METRICS_COUNTER] = "counter",
        [BPFPV_METRICS_HISTOGRAM] = "histogram",
    };

    metrics->name = name;
    metrics->type = type;
    g_string_append_printf(metrics->out, "# TYPE %s %s\n", name, types[type]);
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (g_str_has_suffix(name, units[i]))
            g_string_append_printf(metrics->out, "# UNIT %s %s\n", name, units[i]);
    g_string_append_printf(metrics->out, "# HELP %s ", name);
    append_escaped(metrics->out, help);
    g_string_append_c(metrics->out, '\n');
}

void
bpfpv_metrics_add(BpfpvMetrics *metrics, const BpfpvMetricsLabel *label, guint64 value)
{
    g_string_append_printf(metrics->out, "%s%s", metrics->name,
                           metrics->type == BPFPV_METRICS_COUNTER ? "_total" : "");
    if (label != NULL) {
        g_string_append_printf(metrics->out, "{%s=\"", label->name);
        append_escaped(metrics->out, label->value);
        g_string_append(metrics->out, "\"}");
    }
    g_string_append_printf(metrics->out, " %" G_GUINT64_FORMAT "\n", value);
}

void
bpfpv_metrics_add_histogram(BpfpvMetrics *metrics, const BpfpvHistogram *histogram)
{
    guint64 count = 0;

    for (guint i = 0; i <= BPFPV_HISTOGRAM_N_BOUNDS; i++) {
        count += histogram->counts[i];
        g_string_append_printf(metrics->out, "%s_bucket{le=\"%s\"} %" G_GUINT64_FORMAT "\n",
                               metrics->name,
                               i < BPFPV_HISTOGRAM_N_BOUNDS ? bounds[i].seconds : "+Inf", count);
    }
    g_string_append_printf(metrics->out, "%s_count %" G_GUINT64_FORMAT "\n", metrics->name, count);
    g_string_append_printf(metrics->out, "%s_sum %" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT "\n",
                           metrics->name, histogram->sum_us / G_USEC_PER_SEC,
                           histogram->sum_us % G_USEC_PER_SEC);
}

char *
bpfpv_metrics_finish(BpfpvMetrics *metrics)
{
    GString *out = g_steal_pointer(&metrics->out);

    return g_string_free(g_string_append(out, "# EOF\n"), FALSE);
}
