/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metrics: the text is OpenMetrics, and the daemon's says what happened. */
#include "unit.h"

#include "core/metrics.h"
#include "daemon/bus/status.h"
#include "daemon/counters.h"
#include "daemon/manager/private.h"

/* ---- the text ---- */

static void
a_family_has_a_type_a_unit_help_and_samples(void **state)
{
    const BpfpvMetricsLabel label = {"state", "active"};
    g_autoptr(BpfpvMetrics) metrics = bpfpv_metrics_new();
    g_autofree char *text = NULL;

    (void)state;
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_GAUGE, "a", "How many.");
    bpfpv_metrics_add(metrics, &label, 7);
    bpfpv_metrics_add(metrics, NULL, G_MAXUINT64);
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_COUNTER, "b_bytes", "Sent.");
    bpfpv_metrics_add(metrics, NULL, 0);
    text = bpfpv_metrics_finish(metrics);
    assert_string_equal(text, "# TYPE a gauge\n"
                              "# HELP a How many.\n"
                              "a{state=\"active\"} 7\n"
                              "a 18446744073709551615\n"
                              "# TYPE b_bytes counter\n"
                              "# UNIT b_bytes bytes\n"
                              "# HELP b_bytes Sent.\n"
                              "b_bytes_total 0\n"
                              "# EOF\n");
}

static void
texts_are_escaped(void **state)
{
    const BpfpvMetricsLabel label = {"name", "a\"b\\c\nd\xff"};
    g_autoptr(BpfpvMetrics) metrics = bpfpv_metrics_new();
    g_autofree char *text = NULL;

    (void)state;
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_GAUGE, "a", "One\ntwo \\ \"three\".");
    bpfpv_metrics_add(metrics, &label, 1);
    text = bpfpv_metrics_finish(metrics);
    assert_string_equal(text, "# TYPE a gauge\n"
                              "# HELP a One\\ntwo \\\\ \\\"three\\\".\n"
                              "a{name=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"} 1\n"
                              "# EOF\n");
}

static void
a_histogram_counts_up_to_each_bound(void **state)
{
    g_autoptr(BpfpvMetrics) metrics = bpfpv_metrics_new();
    BpfpvHistogram histogram = {0};
    g_autofree char *text = NULL;

    (void)state;
    bpfpv_histogram_add(&histogram, -5); /* a clock that went back */
    bpfpv_histogram_add(&histogram, 100);
    bpfpv_histogram_add(&histogram, 101);
    bpfpv_histogram_add(&histogram, 30000000);
    bpfpv_histogram_add(&histogram, 30000001);
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_HISTOGRAM, "t_seconds", "Time.");
    bpfpv_metrics_add_histogram(metrics, &histogram);
    text = bpfpv_metrics_finish(metrics);
    assert_string_equal(text, "# TYPE t_seconds histogram\n"
                              "# UNIT t_seconds seconds\n"
                              "# HELP t_seconds Time.\n"
                              "t_seconds_bucket{le=\"0.0001\"} 2\n"
                              "t_seconds_bucket{le=\"0.0003\"} 3\n"
                              "t_seconds_bucket{le=\"0.001\"} 3\n"
                              "t_seconds_bucket{le=\"0.003\"} 3\n"
                              "t_seconds_bucket{le=\"0.01\"} 3\n"
                              "t_seconds_bucket{le=\"0.03\"} 3\n"
                              "t_seconds_bucket{le=\"0.1\"} 3\n"
                              "t_seconds_bucket{le=\"0.3\"} 3\n"
                              "t_seconds_bucket{le=\"1.0\"} 3\n"
                              "t_seconds_bucket{le=\"3.0\"} 3\n"
                              "t_seconds_bucket{le=\"10.0\"} 3\n"
                              "t_seconds_bucket{le=\"30.0\"} 4\n"
                              "t_seconds_bucket{le=\"+Inf\"} 5\n"
                              "t_seconds_count 5\n"
                              "t_seconds_sum 60.000202\n"
                              "# EOF\n");
}

/* ---- the daemon's ---- */

static char *
scrape(void)
{
    BpfpvConf conf = {.reserve = 1};
    BpfpvManager manager = {.conf = &conf};
    char *text;

    manager.domains = g_hash_table_new(g_str_hash, g_str_equal);
    text = bpfpv_status_metrics(&manager);
    g_hash_table_unref(manager.domains);
    return text;
}

static void
assert_has(const char *text, const char *line)
{
    if (strstr(text, line) == NULL)
        fail_msg("'%s' is not in:\n%s", line, text);
}

static void
what_has_happened_is_counted(void **state)
{
    g_autofree char *text = NULL;

    (void)state;
    bpfpv_counters = (BpfpvCounters){
        .pins = {[BPFPV_PIN_DONE] = 5, [BPFPV_PIN_REFUSED] = 2},
        .bytes = 1000,
        .resyncs = 3,
        .snapshots = 4,
        .lost = 6,
        .violations = 1,
    };
    bpfpv_histogram_add(&bpfpv_counters.pin_time, 2000);
    bpfpv_histogram_add(&bpfpv_counters.solve_time, 200);
    text = scrape();
    assert_has(text, "\nbpfpv_pin_calls_total{result=\"done\"} 5\n");
    assert_has(text, "\nbpfpv_pin_calls_total{result=\"refused\"} 2\n");
    assert_has(text, "\nbpfpv_pin_calls_total{result=\"busy\"} 0\n");
    assert_has(text, "\nbpfpv_pin_call_seconds_bucket{le=\"0.001\"} 0\n"
                     "bpfpv_pin_call_seconds_bucket{le=\"0.003\"} 1\n");
    assert_has(text, "\nbpfpv_solve_seconds_sum 0.000200\n");
    assert_has(text, "\nbpfpv_guest_received_bytes_total 1000\n");
    assert_has(text, "\nbpfpv_guest_resyncs_total 3\n");
    assert_has(text, "\nbpfpv_guest_snapshots_total 4\n");
    assert_has(text, "\nbpfpv_guest_changes_lost_total 6\n");
    assert_has(text, "\nbpfpv_guest_protocol_violations_total 1\n");
    bpfpv_counters = (BpfpvCounters){0};
}

/* A series that begins with the first thing that goes wrong has no rate then. */
static void
every_series_is_there_from_the_start(void **state)
{
    g_autofree char *text = scrape();

    (void)state;
    assert_true(g_str_has_prefix(text, "# TYPE bpfpv_build_info gauge\n"));
    assert_true(g_str_has_suffix(text, "\n# EOF\n"));
    assert_has(text, "\nbpfpv_connected 1\n");
    assert_has(text, "\nbpfpv_domains{state=\"waiting-agent\"} 0\n");
    assert_has(text, "\nbpfpv_domains{state=\"failed\"} 0\n");
    assert_has(text, "\nbpfpv_anchors_wanted 0\n");
    assert_has(text, "\nbpfpv_anchors_unmet{reason=\"no-cpu\"} 0\n");
    assert_has(text, "\nbpfpv_anchors_unmet{reason=\"refused\"} 0\n");
    assert_has(text, "\nbpfpv_anchors_unmet{reason=\"pending\"} 0\n");
    assert_has(text, "\nbpfpv_solve_seconds_count 0\n");
}

/* Each line is a comment of a family that began before, or a sample of it. */
static void
every_line_belongs_to_a_family(void **state)
{
    g_autofree char *text = scrape();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GHashTable) families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *family = NULL;
    guint i;

    (void)state;
    for (i = 0; !g_str_equal(lines[i], "# EOF"); i++) {
        if (g_str_has_prefix(lines[i], "# TYPE ")) {
            g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);

            assert_int_equal(g_strv_length(words), 4);
            assert_true(g_hash_table_add(families, g_strdup(words[2])));
            g_free(family);
            family = g_strdup(words[2]);
        } else {
            const char *rest = lines[i][0] == '#' ? lines[i] + strlen("# HELP ") : lines[i];

            assert_true(g_str_has_prefix(rest, family));
        }
    }
    assert_string_equal(lines[i + 1], "");
    assert_null(lines[i + 2]);
    assert_int_equal(g_hash_table_size(families), 16);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_has_a_type_a_unit_help_and_samples),
        cmocka_unit_test(texts_are_escaped),
        cmocka_unit_test(a_histogram_counts_up_to_each_bound),
        cmocka_unit_test(what_has_happened_is_counted),
        cmocka_unit_test(every_series_is_there_from_the_start),
        cmocka_unit_test(every_line_belongs_to_a_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
