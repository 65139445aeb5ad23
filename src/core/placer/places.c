/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many CPUs of a set every cache and cell has. Of all cohorts that look
 * for a place in one solve, nearly all look for it in one of a few sets: what
 * has been counted for one of them is kept for the others.
 */
#include "core/placer/private.h"

#include <string.h>

static void
count(BpfpvPlacer *placer, BpfpvRooms *rooms)
{
    const GPtrArray *caches = bpfpv_topology_caches(placer->topology);
    const GPtrArray *cells = bpfpv_topology_cells(placer->topology);

    rooms->most_in_cache = 0;
    for (guint i = 0; i < caches->len; i++) {
        rooms->in_cache[i] = bpfpv_cpuset_count_common(caches->pdata[i], rooms->of);
        rooms->most_in_cache = MAX(rooms->most_in_cache, rooms->in_cache[i]);
    }
    for (guint i = 0; i < cells->len; i++)
        rooms->in_cell[i] = bpfpv_cpuset_count_common(
            ((const BpfpvTopologyCell *)cells->pdata[i])->cpus, rooms->of);
}

/* Returns: (transfer none): of @set, until the next call */
const BpfpvRooms *
bpfpv_placer_rooms(BpfpvPlacer *placer, const BpfpvCpuset *set)
{
    BpfpvRooms *rooms = &placer->rooms[bpfpv_cpuset_hash(set) % G_N_ELEMENTS(placer->rooms)];

    if (rooms->of != NULL && bpfpv_cpuset_equal(rooms->of, set))
        return rooms;
    if (rooms->of == NULL) {
        rooms->of = bpfpv_cpuset_new();
        rooms->in_cache = g_new(guint, bpfpv_topology_caches(placer->topology)->len + 1);
        rooms->in_cell = g_new(guint, bpfpv_topology_cells(placer->topology)->len + 1);
    }
    bpfpv_cpuset_assign(rooms->of, set);
    count(placer, rooms);
    return rooms;
}

/* Forgets what has been counted: the caches and cells are others. */
void
bpfpv_placer_forget_rooms(BpfpvPlacer *placer)
{
    for (guint i = 0; i < G_N_ELEMENTS(placer->rooms); i++) {
        bpfpv_cpuset_free(placer->rooms[i].of);
        g_free(placer->rooms[i].in_cache);
        g_free(placer->rooms[i].in_cell);
    }
    memset(placer->rooms, 0, sizeof(placer->rooms));
}
