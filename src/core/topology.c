/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's CPUs as placement sees them: which there are, and which can run.
 * Data only; an adapter reads them from the host.
 */
#include "core/topology.h"

struct _BpfpvTopology {
    BpfpvCpuset *present;
    BpfpvCpuset *online;
};

/**
 * bpfpv_topology_new:
 * @present: every host CPU
 * @online: those that can run now; CPUs that are not in @present are ignored
 *
 * Returns: (transfer full): a topology with copies of both sets
 */
BpfpvTopology *
bpfpv_topology_new(const BpfpvCpuset *present, const BpfpvCpuset *online)
{
    BpfpvTopology *topology = g_new0(BpfpvTopology, 1);

    topology->present = bpfpv_cpuset_copy(present);
    topology->online = bpfpv_cpuset_copy(online);
    bpfpv_cpuset_intersect(topology->online, present);
    return topology;
}

/**
 * bpfpv_topology_free:
 * @topology: (nullable): the topology
 *
 * Frees @topology.
 */
void
bpfpv_topology_free(BpfpvTopology *topology)
{
    if (topology == NULL)
        return;
    bpfpv_cpuset_free(topology->present);
    bpfpv_cpuset_free(topology->online);
    g_free(topology);
}

/**
 * bpfpv_topology_present:
 * @topology: the topology
 *
 * Returns: (transfer none): every host CPU
 */
const BpfpvCpuset *
bpfpv_topology_present(const BpfpvTopology *topology)
{
    return topology->present;
}

/**
 * bpfpv_topology_online:
 * @topology: the topology
 *
 * Returns: (transfer none): the host CPUs that can run now
 */
const BpfpvCpuset *
bpfpv_topology_online(const BpfpvTopology *topology)
{
    return topology->online;
}
