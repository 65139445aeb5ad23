/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl metrics: the daemon's metrics as OpenMetrics text, or as what
 * Prometheus had before that. Reads only.
 */
#include "ctl/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* More than any scraper asks with. */
#define REQUEST_MAX 8192

static gboolean option_prometheus;
static gboolean option_http;

static const GOptionEntry options[] = {
    {"prometheus", 0, 0, G_OPTION_ARG_NONE, &option_prometheus,
     "Print them in Prometheus' older text format", NULL},
    {"http", 0, 0, G_OPTION_ARG_NONE, &option_http,
     "Answer an HTTP request on standard input, for bpfpv-metrics.socket", NULL},
    {0},
};

/* There a counter's family has the name of its samples, and units and an end are not known. */
static char *
as_prometheus(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *out = g_string_new(NULL);
    gboolean is_counter = FALSE;

    for (guint i = 0; lines[i] != NULL && lines[i + 1] != NULL; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 4); /* "#", what, name, rest */
        gboolean is_comment = g_str_has_prefix(lines[i], "# ") && g_strv_length(words) == 4;

        if (is_comment && g_str_equal(words[1], "TYPE"))
            is_counter = g_str_equal(words[3], "counter");
        if (is_comment && !g_str_equal(words[1], "UNIT"))
            g_string_append_printf(out, "# %s %s%s %s\n", words[1], words[2],
                                   is_counter ? "_total" : "", words[3]);
        else if (*lines[i] != '#')
            g_string_append_printf(out, "%s\n", lines[i]);
    }
    return g_string_free(out, FALSE);
}

/* Returns: (transfer full): in the format that was asked for; NULL with @error set */
static char *
get_metrics(const BpfpvCtl *ctl, GError **error)
{
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, error);
    g_autofree char *text = NULL;

    if (client != NULL)
        text = bpfpv_client_metrics_sync(client, NULL, error);
    if (text == NULL || !option_prometheus)
        return g_steal_pointer(&text);
    return as_prometheus(text);
}

/* ---- one request ---- */

/* Until the empty line; what is longer is cut. Returns: (transfer full): the first line */
static char *
read_request(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gssize n = 1;
    char c;

    while (n > 0 && text->len < REQUEST_MAX && !g_str_has_suffix(text->str, "\r\n\r\n") &&
           !g_str_has_suffix(text->str, "\n\n")) {
        n = read(STDIN_FILENO, &c, 1);
        if (n > 0 && c != '\0')
            g_string_append_c(text, c);
    }
    return g_strndup(text->str, strcspn(text->str, "\r\n"));
}

static void
answer(const char *status, const char *type, const char *body, gboolean with_body)
{
    printf("HTTP/1.1 %s\r\n"
           "Content-Type: %s\r\n"
           "Content-Length: %zu\r\n"
           "Connection: close\r\n\r\n%s",
           status, type, strlen(body), with_body ? body : "");
}

static void
answer_with_metrics(const BpfpvCtl *ctl, gboolean with_body)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = get_metrics(ctl, &error);
    g_autofree char *clean = NULL;
    g_autofree char *line = NULL;

    if (text != NULL) {
        answer("200 OK",
               option_prometheus ? "text/plain; version=0.0.4; charset=utf-8"
                                 : "application/openmetrics-text; version=1.0.0; charset=utf-8",
               text, with_body);
        return;
    }
    clean = bpfpv_term_clean(error->message);
    line = g_strdup_printf("%s\n", clean);
    answer("503 Service Unavailable", "text/plain; charset=utf-8", line, with_body);
}

/* The connection is standard input and output. Whatever comes, there is an answer. */
static int
serve(const BpfpvCtl *ctl)
{
    g_autofree char *line = read_request();
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    gboolean is_head = g_strcmp0(words[0], "HEAD") == 0;

    if (g_strv_length(words) != 3 || !g_str_has_prefix(words[2], "HTTP/1."))
        answer("400 Bad Request", "text/plain", "this is not HTTP\n", TRUE);
    else if (!is_head && !g_str_equal(words[0], "GET"))
        answer("405 Method Not Allowed", "text/plain", "GET /metrics\n", TRUE);
    else if (!g_str_equal(words[1], "/metrics"))
        answer("404 Not Found", "text/plain", "there is /metrics, and nothing else\n", !is_head);
    else
        answer_with_metrics(ctl, !is_head);
    return BPFPV_EXIT_DONE;
}

static int
run_metrics(const BpfpvCtl *ctl, char **arguments G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    if (option_http)
        return serve(ctl);
    text = get_metrics(ctl, &error);
    if (text == NULL)
        return bpfpv_ctl_fail(error);
    fputs(text, stdout); /* UTF-8, whatever the locale; it has no text of a guest's */
    return BPFPV_EXIT_DONE;
}

const BpfpvCommand bpfpv_command_metrics = {
    .name = "metrics",
    .arguments = "",
    .summary = "Prints the daemon's metrics as OpenMetrics text",
    .options = options,
    .run = run_metrics,
};
