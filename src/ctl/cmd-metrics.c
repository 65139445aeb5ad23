/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl metrics: the daemon's metrics as OpenMetrics text, or as what
 * Prometheus had before that. Reads only.
 */
#include "ctl/command.h"

#include <stdio.h>

static gboolean option_prometheus;

static const GOptionEntry options[] = {
    {"prometheus", 0, 0, G_OPTION_ARG_NONE, &option_prometheus,
     "Print them in Prometheus' older text format", NULL},
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

static int
run_metrics(const BpfpvCtl *ctl, char **arguments G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, &error);
    g_autofree char *text = NULL;

    if (client != NULL)
        text = bpfpv_client_metrics_sync(client, NULL, &error);
    if (text == NULL)
        return bpfpv_ctl_fail(error);
    if (option_prometheus) {
        g_autofree char *other = as_prometheus(text);

        fputs(other, stdout);
        return BPFPV_EXIT_DONE;
    }
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
