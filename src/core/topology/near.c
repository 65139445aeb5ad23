/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which CPUs are near to memory: those of its cells, or where these have none, the nearest ones. */
#include "core/topology/topology.h"

static const BpfpvTopologyCell *
find_cell(const BpfpvTopology *topology, guint id)
{
    const GPtrArray *cells = bpfpv_topology_cells(topology);

    for (guint i = 0; i < cells->len; i++) {
        const BpfpvTopologyCell *cell = cells->pdata[i];

        if (cell->id == id && !cell->unknown)
            return cell;
    }
    return NULL;
}

/* Adds the CPUs of those cells with CPUs that are nearest to @cell; several if they are equally
 * near. */
static void
add_nearest(const BpfpvTopology *topology, const BpfpvTopologyCell *cell, BpfpvCpuset *cpus)
{
    guint nearest = G_MAXUINT;

    for (guint round = 0; round < 2; round++) {
        for (guint i = 0; cell->distances != NULL && i < cell->distances->len; i++) {
            BpfpvTopologyDistance to = g_array_index(cell->distances, BpfpvTopologyDistance, i);
            const BpfpvTopologyCell *other = find_cell(topology, to.cell);

            if (other == NULL || bpfpv_cpuset_is_empty(other->cpus))
                continue;
            if (round == 0)
                nearest = MIN(nearest, to.distance);
            else if (to.distance == nearest)
                bpfpv_cpuset_unite(cpus, other->cpus);
        }
    }
}

/**
 * bpfpv_topology_cpus_near:
 * @topology: the topology
 * @ids: ids of cells that hold memory; those that the host does not have are ignored
 *
 * Returns: (transfer full): the present CPUs of these cells. If all of them have memory alone (CXL,
 *   HBM, a GPU's), the CPUs of the cells that are nearest to each of them by the host's distances;
 *   empty if these are not known either
 */
BpfpvCpuset *
bpfpv_topology_cpus_near(const BpfpvTopology *topology, const BpfpvCpuset *ids)
{
    const GPtrArray *cells = bpfpv_topology_cells(topology);
    BpfpvCpuset *cpus = bpfpv_cpuset_new();

    for (guint i = 0; i < cells->len; i++) {
        const BpfpvTopologyCell *cell = cells->pdata[i];

        if (!cell->unknown && bpfpv_cpuset_contains(ids, cell->id))
            bpfpv_cpuset_unite(cpus, cell->cpus);
    }
    if (!bpfpv_cpuset_is_empty(cpus))
        return cpus;
    for (guint i = 0; i < cells->len; i++) {
        const BpfpvTopologyCell *cell = cells->pdata[i];

        if (!cell->unknown && bpfpv_cpuset_contains(ids, cell->id))
            add_nearest(topology, cell, cpus);
    }
    return cpus;
}

/** bpfpv_topology_missing_cells: Returns: (transfer full): those of @ids that the host lacks */
BpfpvCpuset *
bpfpv_topology_missing_cells(const BpfpvTopology *topology, const BpfpvCpuset *ids)
{
    BpfpvCpuset *missing = bpfpv_cpuset_new();

    for (int id = bpfpv_cpuset_next(ids, 0); id >= 0; id = bpfpv_cpuset_next(ids, (guint)id + 1))
        if (find_cell(topology, (guint)id) == NULL)
            bpfpv_cpuset_add(missing, (guint)id);
    return missing;
}

/** bpfpv_topology_distance: Returns: 10 is local; %G_MAXUINT: not known */
guint
bpfpv_topology_distance(const BpfpvTopologyCell *from, const BpfpvTopologyCell *to)
{
    for (guint i = 0; from->distances != NULL && i < from->distances->len; i++) {
        BpfpvTopologyDistance one = g_array_index(from->distances, BpfpvTopologyDistance, i);

        if (one.cell == to->id)
            return one.distance;
    }
    return G_MAXUINT;
}
