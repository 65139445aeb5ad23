/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpv-placement's commands but status; see command.h. */
#include "config.h"

#include <gio/gio.h>

#include "nova-hook/agent/agent.h"
#include "nova-hook/command.h"
#include "nova-hook/placement/keeper.h"
#include "nova-hook/placement/owner.h"
#include "nova-hook/placement/provider-config.h"

static void
print_done(const BpfpvObserved *observed, const GPtrArray *done)
{
    for (guint i = 0; i < done->len; i++)
        g_print("%s: %s\n", observed->root->name, (const char *)g_ptr_array_index(done, i));
    if (done->len == 0)
        g_print("%s: nothing to do\n", observed->root->name);
}

static gboolean
run_ensure(const BpfpvAgentConf *conf, const BpfpvCommandLine *line, GError **error)
{
    g_autoptr(BpfpvHealth) health = bpfpv_health_ask(line->bus_address, NULL);
    g_autoptr(BpfpvDesired) desired = bpfpv_agent_desired(conf, health);
    g_autoptr(GPtrArray) done = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BpfpvKeeper) keeper = NULL;
    g_autoptr(BpfpvObserved) observed = NULL;

    if (!bpfpv_owner_check(conf->provider_config_dir, error))
        return FALSE;
    keeper = bpfpv_keeper_new(conf, error);
    observed = keeper ? bpfpv_keeper_apply(keeper, desired, done, NULL, error) : NULL;
    if (!observed)
        return FALSE;
    print_done(observed, done);
    if (health->reason)
        g_print("%s: not offered: %s\n", observed->root->name, health->reason);
    return TRUE;
}

static gboolean
report_users(BpfpvKeeper *keeper, const BpfpvObserved *observed, GError **error)
{
    g_auto(GStrv) consumers = bpfpv_keeper_consumers(keeper, observed, NULL, error);
    g_autofree char *list = NULL;

    if (!consumers)
        return FALSE;
    list = g_strjoinv(", ", consumers);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY,
                "provider %s stays, with all of its anchors reserved, as long as instances hold "
                "some: %s; withdraw again when they are gone",
                observed->child->name, list);
    return FALSE;
}

static gboolean
run_withdraw(const BpfpvAgentConf *conf, const BpfpvCommandLine *line, GError **error)
{
    g_autoptr(BpfpvDesired) desired = bpfpv_desired_new(NULL, 0);
    g_autoptr(GPtrArray) done = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(BpfpvKeeper) keeper = bpfpv_keeper_new(conf, error);
    g_autoptr(BpfpvObserved) observed = NULL;

    desired->remove = TRUE;
    if (!keeper || !bpfpv_owner_check(conf->provider_config_dir, error))
        return FALSE;
    observed = bpfpv_keeper_apply(keeper, desired, done, NULL, error);
    if (!observed)
        return FALSE;
    print_done(observed, done);
    return observed->child && observed->used > 0 ? report_users(keeper, observed, error) : TRUE;
}

static gboolean
run_run(const BpfpvAgentConf *conf, const BpfpvCommandLine *line, GError **error)
{
    return bpfpv_agent_run(conf, line->bus_address, error);
}

static gboolean
run_provider_config(const BpfpvAgentConf *conf, const BpfpvCommandLine *line, GError **error)
{
    static const char *const anchoring[] = {BPFPV_ANCHOR_PROGRAM, NULL};
    int anchors = line->anchors >= 0 ? line->anchors : conf->anchors;
    /* Where it is said how many, the daemon need not run: this may not even be the host. */
    g_autoptr(BpfpvHealth) health = anchors < 0 ? bpfpv_health_ask(line->bus_address, NULL) : NULL;
    g_autofree char *yaml = NULL;

    if (health && health->reason) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "what this host has to give is not known: %s; say it with --anchors=N",
                    health->reason);
        return FALSE;
    }
    yaml = bpfpv_provider_config(line->provider ? line->provider : conf->provider,
                                 health ? (const char *const *)health->programs : anchoring,
                                 health ? health->anchors : (guint)anchors, error);
    if (yaml)
        g_print("%s", yaml);
    return yaml != NULL;
}

const BpfpvPlacementCommand bpfpv_placement_ensure = {
    .name = "ensure",
    .summary = "Makes Placement say what this host can do now",
    .talks = TRUE,
    .run = run_ensure,
};

const BpfpvPlacementCommand bpfpv_placement_withdraw = {
    .name = "withdraw",
    .summary = "Removes from Placement all that this agent put there for this host",
    .talks = TRUE,
    .run = run_withdraw,
};

const BpfpvPlacementCommand bpfpv_placement_run = {
    .name = "run",
    .summary = "Keeps Placement in line with bpfpvd until it is stopped",
    .talks = TRUE,
    .run = run_run,
};

const BpfpvPlacementCommand bpfpv_placement_provider_config = {
    .name = "provider-config",
    .summary = "Prints a provider.yaml for nova-compute, for use without this agent",
    .run = run_provider_config,
};
