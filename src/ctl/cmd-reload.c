/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl reload: has the daemon read bpfpvd.conf again. Each mistake in it
 * is a line of its own.
 */
#include "ctl/command.h"

static int
run_reload(const BpfpvCtl *ctl, char **arguments G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, &error);
    g_auto(GStrv) lines = NULL;

    if (client != NULL && bpfpv_client_reload_sync(client, NULL, &error)) {
        g_print("bpfpvd has read its configuration again\n");
        return BPFPV_EXIT_DONE;
    }
    lines = g_strsplit(error->message, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        g_autofree char *clean = bpfpv_term_clean(lines[i]);

        g_printerr("%s%s\n", i == 0 ? "bpfpvctl: " : "", clean);
    }
    return BPFPV_EXIT_FAILED;
}

const BpfpvCommand bpfpv_command_reload = {
    .name = "reload",
    .arguments = "",
    .summary = "Has bpfpvd read bpfpvd.conf again",
    .run = run_reload,
};
