/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a domain's CPUs and memory; see domain-topology.h. libvirt wrote or
 * checked this XML: what makes no sense is taken as not said.
 */
#include "xml/domain-topology.h"

#include "xml/document.h"

#define MAX_VCPUS 1024
#define MAX_IOTHREADS 1024

static guint
get_number(const xmlNode *node, const char *name, guint otherwise)
{
    guint number = otherwise;

    bpfpv_xml_get_uint(node, name, 0, MAX_VCPUS, &number);
    return number;
}

static void
set_free(gpointer set)
{
    bpfpv_cpuset_free(set);
}

static void
read_vcpus(BpfpvDomainTopology *topology, const xmlNode *root)
{
    const xmlNode *vcpu = bpfpv_xml_find_child(root, "vcpu");
    const xmlNode *tune = bpfpv_xml_find_child(root, "cputune");
    g_autoptr(BpfpvCpuset) all = bpfpv_xml_get_cpuset(vcpu, "cpuset");
    g_autofree char *text = bpfpv_xml_get_text(vcpu);
    guint64 n = text ? g_ascii_strtoull(text, NULL, 10) : 1;

    topology->n_vcpus = (guint)CLAMP(n, 1, MAX_VCPUS);
    for (guint v = 0; v < topology->n_vcpus; v++)
        g_ptr_array_add(topology->original, all ? bpfpv_cpuset_copy(all) : NULL);
    for (const xmlNode *pin = bpfpv_xml_find_child(tune, "vcpupin"); pin;
         pin = bpfpv_xml_find_next(pin->next, "vcpupin")) {
        guint v = get_number(pin, "vcpu", MAX_VCPUS);
        BpfpvCpuset *set = bpfpv_xml_get_cpuset(pin, "cpuset");

        if (!set || v >= topology->n_vcpus) {
            bpfpv_cpuset_free(set);
            continue;
        }
        bpfpv_cpuset_free(topology->original->pdata[v]);
        topology->original->pdata[v] = set;
    }
    topology->emulator = bpfpv_xml_get_cpuset(bpfpv_xml_find_child(tune, "emulatorpin"), "cpuset");
    if (!topology->emulator)
        topology->emulator = g_steal_pointer(&all);
}

static void
iothread_clear(gpointer data)
{
    bpfpv_cpuset_free(((BpfpvDomainIothread *)data)->cpus);
}

static BpfpvDomainIothread *
find_iothread(const BpfpvDomainTopology *topology, guint id)
{
    for (guint i = 0; i < topology->iothreads->len; i++) {
        BpfpvDomainIothread *thread = &g_array_index(topology->iothreads, BpfpvDomainIothread, i);

        if (thread->id == id)
            return thread;
    }
    return NULL;
}

static void
add_iothread(BpfpvDomainTopology *topology, guint id, const BpfpvCpuset *cpus)
{
    BpfpvDomainIothread thread = {id, cpus ? bpfpv_cpuset_copy(cpus) : NULL};

    g_array_append_val(topology->iothreads, thread);
}

static int
compare_iothreads(gconstpointer a, gconstpointer b)
{
    return (int)((const BpfpvDomainIothread *)a)->id - (int)((const BpfpvDomainIothread *)b)->id;
}

/* Those with an id of their own; where <iothreads> counts more, they get the lowest free ids. */
static void
read_iothreads(BpfpvDomainTopology *topology, const xmlNode *root)
{
    const xmlNode *tune = bpfpv_xml_find_child(root, "cputune");
    const xmlNode *ids = bpfpv_xml_find_child(root, "iothreadids");
    const xmlNode *count = bpfpv_xml_find_child(root, "iothreads");
    g_autoptr(BpfpvCpuset) all = bpfpv_xml_get_cpuset(bpfpv_xml_find_child(root, "vcpu"), "cpuset");
    g_autofree char *text = bpfpv_xml_get_text(count);
    guint64 n = text ? g_ascii_strtoull(text, NULL, 10) : 0;

    for (const xmlNode *node = bpfpv_xml_find_child(ids, "iothread"); node;
         node = bpfpv_xml_find_next(node->next, "iothread")) {
        guint id = get_number(node, "id", 0);

        if (id > 0 && !find_iothread(topology, id))
            add_iothread(topology, id, all);
    }
    for (guint id = 1; topology->iothreads->len < MIN(n, MAX_IOTHREADS); id++) {
        if (!find_iothread(topology, id))
            add_iothread(topology, id, all);
    }
    for (const xmlNode *pin = bpfpv_xml_find_child(tune, "iothreadpin"); pin;
         pin = bpfpv_xml_find_next(pin->next, "iothreadpin")) {
        BpfpvDomainIothread *thread = find_iothread(topology, get_number(pin, "iothread", 0));
        BpfpvCpuset *set = thread ? bpfpv_xml_get_cpuset(pin, "cpuset") : NULL;

        if (!set)
            continue;
        bpfpv_cpuset_free(thread->cpus);
        thread->cpus = set;
    }
    g_array_sort(topology->iothreads, compare_iothreads);
}

static void
add_if_single(BpfpvCpuset *fixed, const BpfpvCpuset *set)
{
    if (set && bpfpv_cpuset_count(set) == 1)
        bpfpv_cpuset_unite(fixed, set);
}

/* A domain with a statically pinned vCPU is pinned as a whole: Nova gives the emulator of an
 * instance with isolated emulator threads a CPU of its own. */
static void
set_fixed(BpfpvDomainTopology *topology)
{
    for (guint v = 0; v < topology->n_vcpus; v++)
        add_if_single(topology->fixed, topology->original->pdata[v]);
    if (bpfpv_cpuset_is_empty(topology->fixed))
        return;
    add_if_single(topology->fixed, topology->emulator);
    for (guint i = 0; i < topology->iothreads->len; i++)
        add_if_single(topology->fixed,
                      g_array_index(topology->iothreads, BpfpvDomainIothread, i).cpus);
}

/* Where the memory of guest cell @id lies: its memnode, else the domain's. */
static BpfpvCpuset *
cells_of(const xmlNode *numatune, guint id)
{
    for (const xmlNode *node = bpfpv_xml_find_child(numatune, "memnode"); node;
         node = bpfpv_xml_find_next(node->next, "memnode")) {
        if (get_number(node, "cellid", MAX_VCPUS) == id)
            return bpfpv_xml_get_cpuset(node, "nodeset");
    }
    return bpfpv_xml_get_cpuset(bpfpv_xml_find_child(numatune, "memory"), "nodeset");
}

static void
set_memory(BpfpvDomainTopology *topology, const BpfpvCpuset *vcpus, const BpfpvCpuset *cells)
{
    for (int v = bpfpv_cpuset_next(vcpus, 0); cells && v >= 0 && (guint)v < topology->n_vcpus;
         v = bpfpv_cpuset_next(vcpus, (guint)v + 1))
        bpfpv_guest_topology_set_memory(topology->guest, (guint)v, cells);
}

static void
read_memory(BpfpvDomainTopology *topology, const xmlNode *root)
{
    const xmlNode *numatune = bpfpv_xml_find_child(root, "numatune");
    const xmlNode *numa = bpfpv_xml_find_child(bpfpv_xml_find_child(root, "cpu"), "numa");
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_new_range(0, topology->n_vcpus - 1);
    g_autoptr(BpfpvCpuset) cells =
        bpfpv_xml_get_cpuset(bpfpv_xml_find_child(numatune, "memory"), "nodeset");
    guint id = 0;

    set_memory(topology, all, cells);
    for (const xmlNode *cell = bpfpv_xml_find_child(numa, "cell"); cell;
         cell = bpfpv_xml_find_next(cell->next, "cell"), id++) {
        g_autoptr(BpfpvCpuset) vcpus = bpfpv_xml_get_cpuset(cell, "cpus");
        g_autoptr(BpfpvCpuset) near = cells_of(numatune, get_number(cell, "id", id));

        if (vcpus)
            set_memory(topology, vcpus, near);
    }
}

BpfpvDomainTopology *
bpfpv_domain_topology_parse(const char *text)
{
    g_autoptr(BpfpvXmlDoc) doc =
        xmlReadMemory(text, (int)strlen(text), "domain.xml", NULL,
                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *seen;
    BpfpvDomainTopology *topology;

    if (!root || !g_str_equal((const char *)root->name, "domain"))
        return NULL;
    topology = g_new0(BpfpvDomainTopology, 1);
    topology->guest = bpfpv_guest_topology_new();
    topology->original = g_ptr_array_new_with_free_func(set_free);
    topology->fixed = bpfpv_cpuset_new();
    topology->iothreads = g_array_new(FALSE, FALSE, sizeof(BpfpvDomainIothread));
    g_array_set_clear_func(topology->iothreads, iothread_clear);
    read_vcpus(topology, root);
    read_iothreads(topology, root);
    set_fixed(topology);
    seen = bpfpv_xml_find_child(bpfpv_xml_find_child(root, "cpu"), "topology");
    topology->guest->threads = MAX(get_number(seen, "threads", 1), 1);
    topology->guest->cores = get_number(seen, "cores", 0);
    topology->guest->dies = MAX(get_number(seen, "dies", 1), 1);
    read_memory(topology, root);
    return topology;
}

void
bpfpv_domain_topology_free(BpfpvDomainTopology *topology)
{
    if (!topology)
        return;
    bpfpv_guest_topology_free(topology->guest);
    g_ptr_array_unref(topology->original);
    g_array_unref(topology->iothreads);
    bpfpv_cpuset_free(topology->emulator);
    bpfpv_cpuset_free(topology->fixed);
    g_free(topology);
}
