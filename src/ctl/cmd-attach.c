/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl attach: has the daemon manage running domains, and shows each
 * step until they are active or have failed. The daemon does the work:
 * ending this command changes nothing.
 */
#include "ctl/command.h"
#include "ctl/live/live.h"

#define TIMEOUT_DEFAULT_S 120
#define TIMEOUT_MAX_S 86400

static gboolean option_no_wait;
static int option_timeout = TIMEOUT_DEFAULT_S;

static const GOptionEntry options[] = {
    {"no-wait", 0, 0, G_OPTION_ARG_NONE, &option_no_wait, "Do not wait until it is active", NULL},
    {"timeout", 0, 0, G_OPTION_ARG_INT, &option_timeout, "How long to wait (default: 120)",
     "SECONDS"},
    {0},
};

static int
attach_only(BpfpvClient *client, const GPtrArray *domains)
{
    int code = BPFPV_EXIT_DONE;

    for (guint i = 0; i < domains->len; i++) {
        g_autoptr(GError) error = NULL;

        if (!bpfpv_client_attach_sync(client, domains->pdata[i], NULL, &error))
            code = bpfpv_ctl_fail(error);
    }
    return code;
}

static int
run_attach(const BpfpvCtl *ctl, char **arguments)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = NULL;
    g_autoptr(GPtrArray) domains = NULL;

    if (option_timeout < 1 || option_timeout > TIMEOUT_MAX_S)
        return bpfpv_ctl_usage("--timeout=%d is not within 1..%d seconds", option_timeout,
                               TIMEOUT_MAX_S);
    client = bpfpv_ctl_connect(ctl, &error);
    if (client != NULL)
        domains = bpfpv_ctl_domains(client, arguments, BPFPV_DOMAINS_RUNNING, &error);
    if (domains == NULL)
        return bpfpv_ctl_fail(error);
    if (option_no_wait)
        return attach_only(client, domains);
    return bpfpv_ctl_attach_and_follow(ctl, client, domains, bpfpv_ctl_are_several(arguments),
                                       (guint)option_timeout);
}

const BpfpvCommand bpfpv_command_attach = {
    .name = "attach",
    .arguments = "DOMAIN...",
    .summary = "Manages running domains, and follows until they are active",
    .min_arguments = 1,
    .max_arguments = G_MAXUINT,
    .first = BPFPV_ARGUMENT_RUNNING,
    .rest = BPFPV_ARGUMENT_RUNNING,
    .changes = TRUE,
    .options = options,
    .run = run_attach,
};
