/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The placer itself and its host: keeps copies of what it is told, and knows
 * what has to be worked out again when that changes. Decides nothing.
 */
#include "core/placer/private.h"

#include <string.h>

/**
 * bpfpv_placer_new:
 *
 * Returns: (transfer full): a placer without domains; it needs a host before it solves
 */
BpfpvPlacer *
bpfpv_placer_new(void)
{
    BpfpvPlacer *placer = g_new0(BpfpvPlacer, 1);

    placer->domains = g_ptr_array_new_with_free_func(bpfpv_placer_domain_free);
    placer->origins = bpfpv_placer_origins_new();
    placer->plan = bpfpv_plan_new();
    placer->active = g_ptr_array_new();
    placer->changed = g_ptr_array_new();
    placer->recounted = g_ptr_array_new();
    placer->fixed = bpfpv_cpuset_new();
    placer->reservable = bpfpv_cpuset_new();
    placer->turns = g_ptr_array_new();
    placer->tight = g_ptr_array_new();
    placer->kept = bpfpv_cpuset_new();
    placer->exclusive = bpfpv_cpuset_new();
    placer->last_exclusive = bpfpv_cpuset_new();
    placer->free = bpfpv_cpuset_new();
    placer->stirred = bpfpv_cpuset_new();
    placer->scratch = bpfpv_cpuset_new();
    placer->open = bpfpv_cpuset_new();
    placer->choice = bpfpv_cpuset_new();
    placer->marked = bpfpv_cpuset_new();
    placer->whole = bpfpv_cpuset_new();
    placer->occupied = bpfpv_cpuset_new();
    placer->last_cpus = bpfpv_cpuset_new();
    placer->visited = bpfpv_cpuset_new();
    for (guint i = 0; i < BPFPV_N_DEAD; i++)
        placer->dead[i] = bpfpv_cpuset_new();
    placer->uncovered = g_ptr_array_new();
    placer->movers = g_ptr_array_new();
    placer->leaders = bpfpv_cpuset_new();
    for (guint kind = 0; kind < G_N_ELEMENTS(placer->aside); kind++)
        placer->aside[kind] = bpfpv_cpuset_new();
    for (guint smt = 0; smt < G_N_ELEMENTS(placer->units); smt++)
        placer->units[smt] = bpfpv_cpuset_new();
    return placer;
}

/**
 * bpfpv_placer_free:
 * @placer: (nullable): the placer
 *
 * Frees @placer and the plan it has.
 */
void
bpfpv_placer_free(BpfpvPlacer *placer)
{
    if (placer == NULL)
        return;
    bpfpv_placer_forget_places(placer);
    bpfpv_plan_free(placer->plan);
    g_ptr_array_unref(placer->active);
    g_ptr_array_unref(placer->changed);
    g_ptr_array_unref(placer->recounted);
    g_ptr_array_unref(placer->domains);
    g_hash_table_unref(placer->origins);
    bpfpv_topology_free(placer->topology);
    bpfpv_cpuset_free(placer->pool);
    bpfpv_cpuset_free(placer->taken);
    bpfpv_cpuset_free(placer->fixed);
    bpfpv_cpuset_free(placer->reservable);
    g_ptr_array_unref(placer->turns);
    g_ptr_array_unref(placer->tight);
    bpfpv_cpuset_free(placer->kept);
    g_free(placer->critical);
    bpfpv_cpuset_free(placer->exclusive);
    bpfpv_cpuset_free(placer->last_exclusive);
    bpfpv_cpuset_free(placer->free);
    bpfpv_cpuset_free(placer->stirred);
    bpfpv_cpuset_free(placer->scratch);
    bpfpv_cpuset_free(placer->open);
    bpfpv_cpuset_free(placer->choice);
    bpfpv_cpuset_free(placer->marked);
    bpfpv_cpuset_free(placer->last_cpus);
    bpfpv_placer_clear_room(placer);
    bpfpv_placer_forget_rooms(placer);
    bpfpv_cpuset_free(placer->visited);
    for (guint i = 0; i < BPFPV_N_DEAD; i++)
        bpfpv_cpuset_free(placer->dead[i]);
    g_ptr_array_unref(placer->uncovered);
    g_ptr_array_unref(placer->movers);
    bpfpv_cpuset_free(placer->leaders);
    for (guint kind = 0; kind < G_N_ELEMENTS(placer->aside); kind++)
        bpfpv_cpuset_free(placer->aside[kind]);
    for (guint smt = 0; smt < G_N_ELEMENTS(placer->units); smt++)
        bpfpv_cpuset_free(placer->units[smt]);
    g_free(placer->owner);
    g_free(placer->idler);
    g_free(placer->load);
    g_free(placer);
}

/* The arrays by CPU, as wide as the host. */
static void
set_width(BpfpvPlacer *placer)
{
    placer->n_cpus = (guint)(bpfpv_cpuset_last(bpfpv_topology_present(placer->topology)) + 1);
    g_free(placer->owner);
    g_free(placer->idler);
    g_free(placer->load);
    g_free(placer->critical);
    placer->critical = g_new0(guint, placer->n_cpus + 1);
    placer->owner = g_new0(BpfpvSlot *, placer->n_cpus + 1);
    placer->idler = g_new0(BpfpvSlot *, placer->n_cpus + 1);
    placer->load = g_new0(guint, placer->n_cpus + 1);
}

/**
 * bpfpv_placer_set_host:
 * @placer: the placer
 * @host: the host; what it points to is copied
 *
 * Says what the host is now. The anchors in force stay where that allows it.
 */
void
bpfpv_placer_set_host(BpfpvPlacer *placer, const BpfpvPlacementHost *host)
{
    gboolean same = placer->topology != NULL &&
                    bpfpv_topology_equal(placer->topology, host->topology) &&
                    placer->host.allowed_only == host->allowed_only &&
                    bpfpv_placer_same_set(placer->pool, host->pool) &&
                    bpfpv_placer_same_set(placer->taken, host->taken);

    if (!same) {
        BpfpvTopology *topology = bpfpv_topology_copy(host->topology);

        bpfpv_topology_free(placer->topology);
        placer->topology = topology;
        bpfpv_placer_forget_rooms(placer);
        bpfpv_placer_forget_places(placer);
        bpfpv_placer_replace_set(&placer->pool, host->pool);
        bpfpv_placer_replace_set(&placer->taken, host->taken);
        set_width(placer);
        placer->dirty = TRUE;
        for (guint d = 0; d < placer->domains->len; d++) {
            BpfpvPlacerDomain *domain = placer->domains->pdata[d];

            domain->unsaid = TRUE;
            domain->quiet = FALSE;
        }
    }
    placer->settled = placer->settled && same && placer->host.reserve == host->reserve &&
                      placer->host.hold_us == host->hold_us &&
                      placer->host.max_moves == host->max_moves &&
                      placer->host.spread == host->spread && placer->host.share == host->share;
    placer->host = *host;
    placer->host.topology = placer->topology;
    placer->host.pool = placer->pool;
    placer->host.taken = placer->taken;
}

/**
 * bpfpv_placer_steal_plan:
 * @placer: a placer that has solved; only to be freed afterwards
 *
 * Returns: (transfer full): its plan
 */
BpfpvPlan *
bpfpv_placer_steal_plan(BpfpvPlacer *placer)
{
    return g_steal_pointer(&placer->plan);
}

/** bpfpv_placer_changed: Returns: (transfer none): keys of those that the last solve changed */
const GPtrArray *
bpfpv_placer_changed(const BpfpvPlacer *placer)
{
    return placer->changed;
}

/** bpfpv_placer_plan: Returns: (transfer none): what the last solve returned */
const BpfpvPlan *
bpfpv_placer_plan(const BpfpvPlacer *placer)
{
    return placer->plan;
}

/** bpfpv_placer_next_us: Returns: when to solve again without a change; %G_MAXINT64: never */
gint64
bpfpv_placer_next_us(const BpfpvPlacer *placer)
{
    return placer->next_us;
}

/** bpfpv_placer_moves: Returns: how many anchors the last solve moved for others */
guint
bpfpv_placer_moves(const BpfpvPlacer *placer)
{
    return placer->n_moves;
}

/** bpfpv_placer_written: Returns: whose plans the last solve had to write: how many domains */
guint
bpfpv_placer_written(const BpfpvPlacer *placer)
{
    return placer->n_written;
}
