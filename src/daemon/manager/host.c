/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host that the manager places on: its topology, and domains that are not managed. */
#include "daemon/manager/private.h"
#include "xml/capabilities.h"
#include "xml/host-cpus.h"

/* Takes what libvirt tells of the host; where that makes no sense, the CPUs' numbers alone. */
void
bpfpv_manager_set_host(BpfpvManager *manager, const BpfpvWatchHost *host)
{
    g_autoptr(GError) error = NULL;
    BpfpvTopology *topology = NULL;

    if (host->capabilities)
        topology = bpfpv_capabilities_parse(host->capabilities, host->cpus_online, &error);
    if (!topology) {
        g_message("the host's topology is not known (%s): every CPU counts as a core",
                  error ? error->message : "libvirt gives no capabilities");
        topology = bpfpv_topology_new(host->present, host->cpus_online);
    }
    bpfpv_topology_free(manager->topology);
    manager->topology = bpfpv_host_cpus_refine(topology, "/sys");
}

void
bpfpv_neighbour_free(gpointer data)
{
    BpfpvNeighbour *neighbour = data;

    g_free(neighbour->name);
    bpfpv_cpuset_free(neighbour->cpus);
    g_free(neighbour);
}

/* Whether what is noted of it counts: a managed domain's pins are known to the placer, from when
 * they are read until it is let go. */
gboolean
bpfpv_manager_is_neighbour(const BpfpvManager *manager, const char *uuid)
{
    const BpfpvManaged *managed = g_hash_table_lookup(manager->domains, uuid);

    return !managed || !bpfpv_pins_original(managed->pins);
}

void
bpfpv_manager_note_pinned(BpfpvManager *manager, const char *uuid, const char *name,
                          const BpfpvCpuset *cpus)
{
    BpfpvNeighbour *neighbour = g_hash_table_lookup(manager->neighbours, uuid);

    if (neighbour ? bpfpv_cpuset_equal(neighbour->cpus, cpus) : bpfpv_cpuset_is_empty(cpus))
        return;
    if (bpfpv_manager_is_neighbour(manager, uuid))
        bpfpv_manager_place_soon(manager);
    if (bpfpv_cpuset_is_empty(cpus)) {
        g_hash_table_remove(manager->neighbours, uuid);
        return;
    }
    neighbour = g_new0(BpfpvNeighbour, 1);
    neighbour->name = g_strdup(name);
    neighbour->cpus = bpfpv_cpuset_copy(cpus);
    g_hash_table_replace(manager->neighbours, g_strdup(uuid), neighbour);
}

BpfpvCpuset *
bpfpv_manager_taken(const BpfpvManager *manager)
{
    BpfpvCpuset *taken = bpfpv_cpuset_new();
    GHashTableIter iter;
    gpointer uuid, value;

    g_hash_table_iter_init(&iter, manager->neighbours);
    while (g_hash_table_iter_next(&iter, &uuid, &value)) {
        if (bpfpv_manager_is_neighbour(manager, uuid))
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

void
bpfpv_manager_foreach_neighbour(const BpfpvManager *manager,
                                void (*func)(const char *name, const BpfpvCpuset *cpus,
                                             gpointer user_data),
                                gpointer user_data)
{
    g_autoptr(GList) uuids = g_hash_table_get_keys(manager->neighbours);

    uuids = g_list_sort(uuids, (GCompareFunc)g_strcmp0);
    for (const GList *at = uuids; at; at = at->next) {
        const BpfpvNeighbour *neighbour = g_hash_table_lookup(manager->neighbours, at->data);

        if (bpfpv_manager_is_neighbour(manager, at->data))
            func(neighbour->name, neighbour->cpus, user_data);
    }
}

const BpfpvConf *
bpfpv_manager_conf(const BpfpvManager *manager)
{
    return manager->conf;
}

const BpfpvTopology *
bpfpv_manager_topology(const BpfpvManager *manager)
{
    return manager->topology;
}

gboolean
bpfpv_manager_is_ready(const BpfpvManager *manager)
{
    return manager->connected && !manager->shutting_down;
}
