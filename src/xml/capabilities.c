/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads libvirt's capabilities XML; see capabilities.h. What an element does
 * not say stays BPFPV_NOWHERE, and src/core/topology knows what to make of it.
 */
#include "xml/capabilities.h"

#include "xml/document.h"

#define MAX_CELL 4096

G_DEFINE_QUARK(bpfpv_capabilities_error_quark, bpfpv_capabilities_error)

typedef struct {
    GArray *cpus;       /* of BpfpvTopologyCpu */
    GHashTable *memory; /* cell id → BpfpvTopologyMemory */
    BpfpvCpuset *seen;
    BpfpvCpuset *online; /* those with siblings */
} Reading;

static int
get_number(const xmlNode *node, const char *name)
{
    g_autofree char *text = bpfpv_xml_get_attribute(node, name);
    guint64 number;

    if (text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT / 2, &number, NULL))
        return (int)number;
    return BPFPV_NOWHERE;
}

static void
read_cpu(Reading *reading, const xmlNode *node, int cell)
{
    int id = get_number(node, "id");
    g_autoptr(BpfpvCpuset) siblings = bpfpv_xml_get_cpuset(node, "siblings");
    BpfpvTopologyCpu cpu = {
        .cpu = (guint)id,
        .cell = cell,
        .socket = get_number(node, "socket_id"),
        .die = get_number(node, "die_id"),
        .cluster = get_number(node, "cluster_id"),
        /* Core ids repeat on every socket; the lowest thread is unique. */
        .core = siblings ? bpfpv_cpuset_next(siblings, 0) : BPFPV_NOWHERE,
        .cache = BPFPV_NOWHERE,
    };

    if (id < 0 || id >= BPFPV_CPUSET_MAX || bpfpv_cpuset_contains(reading->seen, (guint)id))
        return;
    bpfpv_cpuset_add(reading->seen, (guint)id);
    if (siblings)
        bpfpv_cpuset_add(reading->online, (guint)id);
    g_array_append_val(reading->cpus, cpu);
}

/* The unit is KiB unless said; libvirt writes KiB. */
static guint64
read_memory(const xmlNode *node)
{
    xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
    guint64 memory = text ? g_ascii_strtoull((const char *)text, NULL, 10) : 0;

    xmlFree(text);
    return memory;
}

static void
memory_free(gpointer data)
{
    BpfpvTopologyMemory *memory = data;

    g_array_unref(memory->distances);
    g_free(memory);
}

/* <distances>: to every cell, itself included. */
static GArray *
read_distances(const xmlNode *cell)
{
    const xmlNode *distances = bpfpv_xml_find_child(cell, "distances");
    GArray *read = g_array_new(FALSE, FALSE, sizeof(BpfpvTopologyDistance));

    for (const xmlNode *sibling = bpfpv_xml_find_child(distances, "sibling"); sibling;
         sibling = bpfpv_xml_find_next(sibling->next, "sibling")) {
        int id = get_number(sibling, "id"), value = get_number(sibling, "value");
        BpfpvTopologyDistance distance = {(guint)id, (guint)value};

        if (id >= 0 && value >= 0)
            g_array_append_val(read, distance);
    }
    return read;
}

static void
read_cells(Reading *reading, const xmlNode *cells)
{
    for (const xmlNode *cell = bpfpv_xml_find_child(cells, "cell"); cell;
         cell = bpfpv_xml_find_next(cell->next, "cell")) {
        const xmlNode *cpus = bpfpv_xml_find_child(cell, "cpus");
        int id = get_number(cell, "id");
        BpfpvTopologyMemory *memory;

        if (id < 0 || id > MAX_CELL)
            continue;
        memory = g_new0(BpfpvTopologyMemory, 1);
        memory->memory_kib = read_memory(bpfpv_xml_find_child(cell, "memory"));
        memory->distances = read_distances(cell);
        g_hash_table_replace(reading->memory, GINT_TO_POINTER(id), memory);
        for (const xmlNode *cpu = bpfpv_xml_find_child(cpus, "cpu"); cpu;
             cpu = bpfpv_xml_find_next(cpu->next, "cpu"))
            read_cpu(reading, cpu, id);
    }
}

/* Banks of the highest level there is; their ids repeat, the lowest CPU is unique. */
static void
read_caches(Reading *reading, const xmlNode *cache)
{
    int last = 0;

    for (const xmlNode *bank = bpfpv_xml_find_child(cache, "bank"); bank;
         bank = bpfpv_xml_find_next(bank->next, "bank"))
        last = MAX(last, get_number(bank, "level"));
    for (const xmlNode *bank = bpfpv_xml_find_child(cache, "bank"); bank;
         bank = bpfpv_xml_find_next(bank->next, "bank")) {
        g_autoptr(BpfpvCpuset) cpus = bpfpv_xml_get_cpuset(bank, "cpus");

        for (guint i = 0; cpus && get_number(bank, "level") == last && i < reading->cpus->len;
             i++) {
            BpfpvTopologyCpu *cpu = &g_array_index(reading->cpus, BpfpvTopologyCpu, i);

            if (bpfpv_cpuset_contains(cpus, cpu->cpu))
                cpu->cache = bpfpv_cpuset_next(cpus, 0);
        }
    }
}

/* The threads of a core that are offline have no place of their own: whoever is online names only
 * those that are too. They stay apart until they come online and libvirt is asked again. */
static void
add_missing(Reading *reading, const BpfpvCpuset *online)
{
    for (int c = bpfpv_cpuset_next(online, 0); c >= 0;
         c = bpfpv_cpuset_next(online, (guint)c + 1)) {
        BpfpvTopologyCpu cpu = {(guint)c,      BPFPV_NOWHERE, BPFPV_NOWHERE, BPFPV_NOWHERE,
                                BPFPV_NOWHERE, BPFPV_NOWHERE, BPFPV_NOWHERE, 0,
                                FALSE};

        if (!bpfpv_cpuset_contains(reading->seen, (guint)c))
            g_array_append_val(reading->cpus, cpu);
    }
}

static const xmlNode *
find_host(xmlDocPtr doc, GError **error)
{
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *host = NULL;

    if (root && g_str_equal((const char *)root->name, "capabilities"))
        host = bpfpv_xml_find_child(root, "host");
    if (!host)
        g_set_error(error, BPFPV_CAPABILITIES_ERROR, BPFPV_CAPABILITIES_ERROR_SYNTAX,
                    "%s; it should be what 'virsh capabilities' prints",
                    doc ? "not a <capabilities> document with a <host>"
                        : "the XML is not well-formed");
    return host;
}

BpfpvTopology *
bpfpv_capabilities_parse(const char *text, const BpfpvCpuset *online, GError **error)
{
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(text, strlen(text), NULL);
    g_autoptr(GArray) cpus = g_array_new(FALSE, TRUE, sizeof(BpfpvTopologyCpu));
    g_autoptr(GHashTable) memory = g_hash_table_new_full(NULL, NULL, NULL, memory_free);
    g_autoptr(BpfpvCpuset) seen = bpfpv_cpuset_new();
    g_autoptr(BpfpvCpuset) told = bpfpv_cpuset_new();
    Reading reading = {cpus, memory, seen, told};
    const xmlNode *host = find_host(doc, error);

    if (!host)
        return NULL;
    read_cells(&reading, bpfpv_xml_find_child(bpfpv_xml_find_child(host, "topology"), "cells"));
    read_caches(&reading, bpfpv_xml_find_child(host, "cache"));
    if (online)
        add_missing(&reading, online);
    if (cpus->len == 0) {
        g_set_error(
            error, BPFPV_CAPABILITIES_ERROR, BPFPV_CAPABILITIES_ERROR_CPUS,
            "the capabilities name no host CPU: <host><topology><cells> is missing or empty; say "
            "which CPUs are online");
        return NULL;
    }
    /* Where no CPU at all has siblings, libvirt did not say: a host always has one online. */
    return bpfpv_topology_new_placed(cpus, memory,
                                     online                        ? online
                                     : bpfpv_cpuset_is_empty(told) ? seen
                                                                   : told);
}
