/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl detach: lets the daemon let go of domains, one after the other, and
 * waits until the original pins of each are back.
 */
#include "ctl/command.h"

static int
run_detach(const BpfpvCtl *ctl, char **arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, &error);
    g_autoptr(GPtrArray) domains = NULL;
    int code = BPFPV_EXIT_DONE;

    if (client != NULL)
        domains = bpfpv_ctl_domains(client, arguments, BPFPV_DOMAINS_MANAGED, &error);
    if (domains == NULL)
        return bpfpv_ctl_fail(error);
    for (guint i = 0; i < domains->len; i++) {
        g_autofree char *domain = bpfpv_term_clean(domains->pdata[i]);
        g_autoptr(GError) cause = NULL;

        if (bpfpv_client_detach_sync(client, domains->pdata[i], NULL, &cause))
            g_print("%s: detached, its original pins are back\n", domain);
        else
            code = bpfpv_ctl_fail(cause);
    }
    return code;
}

const BpfpvCommand bpfpv_command_detach = {
    .name = "detach",
    .arguments = "DOMAIN...",
    .summary = "Stops managing domains and gives their original pins back",
    .min_arguments = 1,
    .max_arguments = G_MAXUINT,
    .first = BPFPV_ARGUMENT_MANAGED,
    .rest = BPFPV_ARGUMENT_MANAGED,
    .changes = TRUE,
    .run = run_detach,
};
