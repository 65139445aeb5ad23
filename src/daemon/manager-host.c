/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host that the manager places on: its topology, and domains that are not managed. */
#include "daemon/manager-private.h"
#include "host/capabilities.h"
#include "host/host-cpus.h"

/* Takes what libvirt tells of the host; where that makes no sense, the CPUs' numbers alone. */
void
bpfpv_manager_set_host(BpfpvManager *manager, const BpfpvWatchHost *host)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvCpuset) efficient = bpfpv_host_cpus_read_efficient("/sys");
    BpfpvTopology *topology = NULL;

    if (host->capabilities)
        topology = bpfpv_capabilities_parse(host->capabilities, host->cpus_online, &error);
    if (!topology) {
        g_message("the host's topology is not known (%s): every CPU counts as a core",
                  error ? error->message : "libvirt gives no capabilities");
        topology = bpfpv_topology_new(host->present, host->cpus_online);
    }
    bpfpv_topology_free(manager->topology);
    manager->topology = bpfpv_topology_with_efficiency(topology, efficient, 1);
    bpfpv_topology_free(topology);
}

void
bpfpv_neighbour_free(gpointer data)
{
    BpfpvNeighbour *neighbour = data;

    g_free(neighbour->name);
    bpfpv_cpuset_free(neighbour->cpus);
    g_free(neighbour);
}

void
bpfpv_manager_note_topology(BpfpvManager *manager, const BpfpvDomainXml *xml,
                            const BpfpvDomainTopology *topology)
{
    gboolean is_managed = xml->config || xml->config_error;
    const BpfpvCpuset *fixed = topology && !is_managed ? topology->fixed : NULL;
    BpfpvNeighbour *neighbour = g_hash_table_lookup(manager->neighbours, xml->uuid);

    if (!fixed || bpfpv_cpuset_is_empty(fixed)) {
        if (g_hash_table_remove(manager->neighbours, xml->uuid))
            bpfpv_manager_place_soon(manager);
        return;
    }
    if (neighbour && bpfpv_cpuset_equal(neighbour->cpus, fixed))
        return;
    neighbour = g_new0(BpfpvNeighbour, 1);
    neighbour->name = g_strdup(xml->name);
    neighbour->cpus = bpfpv_cpuset_copy(fixed);
    g_hash_table_replace(manager->neighbours, g_strdup(xml->uuid), neighbour);
    bpfpv_manager_place_soon(manager);
}

BpfpvCpuset *
bpfpv_manager_taken(const BpfpvManager *manager)
{
    BpfpvCpuset *taken = bpfpv_cpuset_new();
    GHashTableIter iter;
    gpointer uuid, value;

    g_hash_table_iter_init(&iter, manager->neighbours);
    while (g_hash_table_iter_next(&iter, &uuid, &value)) {
        /* One that is being let go still has what we gave it. */
        if (!g_hash_table_contains(manager->domains, uuid))
            bpfpv_cpuset_unite(taken, ((BpfpvNeighbour *)value)->cpus);
    }
    return taken;
}

BpfpvCpuset *
bpfpv_manager_fixed(const BpfpvManager *manager)
{
    BpfpvCpuset *fixed = bpfpv_manager_taken(manager);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const GPtrArray *originals = bpfpv_pins_original(((BpfpvManaged *)value)->pins);

        for (guint v = 0; originals && v < originals->len; v++)
            if (bpfpv_cpuset_count(originals->pdata[v]) == 1)
                bpfpv_cpuset_unite(fixed, originals->pdata[v]);
    }
    return fixed;
}
