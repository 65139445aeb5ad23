/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which cores have room: sets that are kept up as anchors come and go, so that
 * the best CPU is found by a few operations on sets and not by a look at each.
 */
#include "core/placer-internal.h"

static void
include_core(BpfpvCpuset *set, const BpfpvCpuset *core, gboolean include)
{
    int first = bpfpv_cpuset_next(core, 0);

    if (bpfpv_cpuset_contains(set, (guint)first) == include)
        return;
    if (include)
        bpfpv_cpuset_unite(set, core);
    else
        bpfpv_cpuset_subtract(set, core);
}

static gboolean
has_owner(const BpfpvPlacer *placer, const BpfpvCpuset *core)
{
    for (int c = bpfpv_cpuset_next(core, 0); c >= 0; c = bpfpv_cpuset_next(core, (guint)c + 1)) {
        if (placer->owner[c] != NULL)
            return TRUE;
    }
    return FALSE;
}

/* The owner of @cpu, or whether it or its siblings are free, has changed. */
void
bpfpv_placer_note_core(BpfpvPlacer *placer, guint cpu)
{
    const BpfpvCpuset *core = bpfpv_topology_core_of(placer->topology, cpu);
    guint n_free = bpfpv_cpuset_count_common(core, placer->free);
    guint n_online = bpfpv_cpuset_count_common(core, bpfpv_topology_online(placer->topology));

    for (guint k = 2; k <= placer->widest; k++)
        include_core(placer->room[k], core, n_free >= k);
    include_core(placer->whole, core, n_free == n_online);
    include_core(placer->occupied, core, has_owner(placer, core));
}

static BpfpvCpuset *
empty(BpfpvCpuset **set)
{
    if (*set == NULL)
        *set = bpfpv_cpuset_new();
    bpfpv_cpuset_subtract(*set, *set);
    return *set;
}

static void
add_core(BpfpvPlacer *placer, const BpfpvCpuset *core)
{
    guint n_online = bpfpv_cpuset_count_common(core, bpfpv_topology_online(placer->topology));

    for (guint k = 2; k <= MIN(n_online, BPFPV_MAX_ROOM); k++)
        bpfpv_cpuset_unite(placer->empty_room[k], core);
    placer->widest = MAX(placer->widest, MIN(n_online, BPFPV_MAX_ROOM));
    if (bpfpv_cpuset_intersects(core, placer->fixed))
        bpfpv_cpuset_unite(placer->fixed_cores, core);
}

/* Works out what does not change until the host or a fixed CPU does. */
void
bpfpv_placer_survey(BpfpvPlacer *placer)
{
    const BpfpvCpuset *present = bpfpv_topology_present(placer->topology);
    const GPtrArray *cores = bpfpv_topology_cores(placer->topology);

    for (guint i = 0; i <= BPFPV_MAX_CLASS; i++)
        empty(&placer->classes[i]);
    for (guint k = 0; k <= BPFPV_MAX_ROOM; k++)
        empty(&placer->empty_room[k]);
    empty(&placer->fixed_cores);
    placer->widest = 1;
    for (int c = bpfpv_cpuset_next(present, 0); c >= 0;
         c = bpfpv_cpuset_next(present, (guint)c + 1))
        bpfpv_cpuset_add(placer->classes[bpfpv_placer_class(placer, (guint)c)], (guint)c);
    for (guint i = 0; i < cores->len; i++)
        add_core(placer, cores->pdata[i]);
}

/* All online CPUs are free again. */
void
bpfpv_placer_free_all(BpfpvPlacer *placer)
{
    bpfpv_cpuset_assign(placer->free, bpfpv_topology_online(placer->topology));
    bpfpv_cpuset_assign(placer->whole, bpfpv_topology_present(placer->topology));
    bpfpv_cpuset_subtract(placer->occupied, placer->occupied);
    for (guint k = 2; k <= placer->widest; k++) {
        if (placer->room[k] == NULL)
            placer->room[k] = bpfpv_cpuset_new();
        bpfpv_cpuset_assign(placer->room[k], placer->empty_room[k]);
    }
}

/* Frees the sets. */
void
bpfpv_placer_clear_room(BpfpvPlacer *placer)
{
    for (guint i = 0; i <= BPFPV_MAX_CLASS; i++)
        bpfpv_cpuset_free(placer->classes[i]);
    for (guint k = 0; k <= BPFPV_MAX_ROOM; k++) {
        bpfpv_cpuset_free(placer->empty_room[k]);
        bpfpv_cpuset_free(placer->room[k]);
    }
    bpfpv_cpuset_free(placer->fixed_cores);
    bpfpv_cpuset_free(placer->whole);
    bpfpv_cpuset_free(placer->occupied);
}
