/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same host with one thing changed, as a topology never is. */
#include "core/topology/topology.h"

/* Returns: (element-type BpfpvTopologyCpu): every CPU of @topology */
static GArray *
copy_cpus(const BpfpvTopology *topology)
{
    const BpfpvCpuset *present = bpfpv_topology_present(topology);
    GArray *cpus = g_array_new(FALSE, TRUE, sizeof(BpfpvTopologyCpu));

    for (int c = bpfpv_cpuset_next(present, 0); c >= 0;
         c = bpfpv_cpuset_next(present, (guint)c + 1))
        g_array_append_vals(cpus, bpfpv_topology_cpu(topology, (guint)c), 1);
    return cpus;
}

static BpfpvTopology *
derive(const BpfpvTopology *topology, const GArray *cpus, const BpfpvCpuset *online)
{
    const GPtrArray *cells = bpfpv_topology_cells(topology);
    g_autoptr(GHashTable) memory = g_hash_table_new_full(NULL, NULL, NULL, g_free);

    for (guint i = 0; i < cells->len; i++) {
        const BpfpvTopologyCell *cell = cells->pdata[i];
        BpfpvTopologyMemory *its;

        if (cell->unknown)
            continue;
        its = g_new(BpfpvTopologyMemory, 1);
        *its = (BpfpvTopologyMemory){cell->memory_kib, cell->distances};
        g_hash_table_insert(memory, GUINT_TO_POINTER(cell->id), its);
    }
    return bpfpv_topology_new_placed(cpus, memory, online);
}

/**
 * bpfpv_topology_with_online:
 * @topology: a topology
 * @online: the CPUs that can run now
 *
 * Returns: (transfer full): the same host with those CPUs online
 */
BpfpvTopology *
bpfpv_topology_with_online(const BpfpvTopology *topology, const BpfpvCpuset *online)
{
    g_autoptr(GArray) cpus = copy_cpus(topology);

    return derive(topology, cpus, online);
}

/**
 * bpfpv_topology_with_efficiency:
 * @topology: a topology
 * @slower: some of its CPUs
 * @efficiency: their class; 0 is a full core
 *
 * Returns: (transfer full): the same host, where @slower are of that class
 */
BpfpvTopology *
bpfpv_topology_with_efficiency(const BpfpvTopology *topology, const BpfpvCpuset *slower,
                               guint efficiency)
{
    g_autoptr(GArray) cpus = copy_cpus(topology);

    for (guint i = 0; i < cpus->len; i++) {
        BpfpvTopologyCpu *cpu = &g_array_index(cpus, BpfpvTopologyCpu, i);

        if (bpfpv_cpuset_contains(slower, cpu->cpu))
            cpu->efficiency = efficiency;
    }
    return derive(topology, cpus, bpfpv_topology_online(topology));
}

/**
 * bpfpv_topology_with_isolated:
 * @topology: a topology
 * @isolated: those of its CPUs that the kernel does not balance; others are ignored
 *
 * Returns: (transfer full): the same host with those isolated, and no others
 */
BpfpvTopology *
bpfpv_topology_with_isolated(const BpfpvTopology *topology, const BpfpvCpuset *isolated)
{
    g_autoptr(GArray) cpus = copy_cpus(topology);

    for (guint i = 0; i < cpus->len; i++) {
        BpfpvTopologyCpu *cpu = &g_array_index(cpus, BpfpvTopologyCpu, i);

        cpu->isolated = bpfpv_cpuset_contains(isolated, cpu->cpu);
    }
    return derive(topology, cpus, bpfpv_topology_online(topology));
}

/**
 * bpfpv_topology_with_caches:
 * @topology: a topology
 * @caches: (element-type BpfpvCpuset): who shares each last-level cache
 *
 * CPUs whose cache is known keep it. A set counts for all its CPUs.
 *
 * Returns: (transfer full): the same host with these caches
 */
BpfpvTopology *
bpfpv_topology_with_caches(const BpfpvTopology *topology, const GPtrArray *caches)
{
    g_autoptr(GArray) cpus = copy_cpus(topology);
    g_autofree int *cache = g_new(int, BPFPV_CPUSET_MAX); /* by CPU */

    for (guint c = 0; c < BPFPV_CPUSET_MAX; c++)
        cache[c] = BPFPV_NOWHERE;
    for (guint i = 0; i < caches->len; i++) {
        int first = bpfpv_cpuset_next(caches->pdata[i], 0);

        for (int c = first; c >= 0; c = bpfpv_cpuset_next(caches->pdata[i], (guint)c + 1))
            cache[c] = first;
    }
    for (guint i = 0; i < cpus->len; i++) {
        BpfpvTopologyCpu *cpu = &g_array_index(cpus, BpfpvTopologyCpu, i);

        if (cpu->cache <= BPFPV_NOWHERE && cache[cpu->cpu] != BPFPV_NOWHERE)
            cpu->cache = cache[cpu->cpu];
    }
    return derive(topology, cpus, bpfpv_topology_online(topology));
}

/**
 * bpfpv_topology_copy:
 * @topology: a topology
 *
 * Returns: (transfer full): one of its own that says the same
 */
BpfpvTopology *
bpfpv_topology_copy(const BpfpvTopology *topology)
{
    return bpfpv_topology_with_online(topology, bpfpv_topology_online(topology));
}
