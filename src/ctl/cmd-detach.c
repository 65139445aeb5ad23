/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl detach: lets the daemon let go of a domain, and waits until its
 * original pins are back.
 */
#include "ctl/command.h"

static int
run_detach(const BpfpvCtl *ctl, char **arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, &error);
    g_autofree char *domain = bpfpv_term_clean(arguments[0]);

    if (client == NULL || !bpfpv_client_detach_sync(client, arguments[0], NULL, &error))
        return bpfpv_ctl_fail(error);

    g_print("%s: detached, its original pins are back\n", domain);
    return BPFPV_EXIT_DONE;
}

const BpfpvCommand bpfpv_command_detach = {
    .name = "detach",
    .arguments = "DOMAIN",
    .summary = "Stops managing a domain and gives its original pins back",
    .min_arguments = 1,
    .max_arguments = 1,
    .changes = TRUE,
    .run = run_detach,
};
