/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a domain's CPUs and memory; see domain-topology.h. libvirt wrote or
 * checked this XML: what makes no sense is taken as not said.
 */
#include "xml/domain-topology.h"

#include "xml/devices.h"
#include "xml/document.h"

/* More than QEMU takes, and as many as a set holds. I/O threads' ids are any unsigned numbers. */
#define MAX_VCPUS BPFPV_CPUSET_MAX
#define MAX_IOTHREADS BPFPV_CPUSET_MAX
#define NO_NUMBER G_MAXUINT

static guint
get_number(const xmlNode *node, const char *name, guint otherwise)
{
    guint number = otherwise;

    bpfpv_xml_get_uint(node, name, 0, NO_NUMBER - 1, &number);
    return number;
}

static void
set_free(gpointer set)
{
    bpfpv_cpuset_free(set);
}

/* <vcpus> says it one by one; else the first ones are, as many as are current, else all. */
static void
read_enabled(BpfpvDomainTopology *topology, const xmlNode *root)
{
    const xmlNode *vcpus = bpfpv_xml_find_child(root, "vcpus");
    guint current = get_number(bpfpv_xml_find_child(root, "vcpu"), "current", topology->n_vcpus);

    for (const xmlNode *node = bpfpv_xml_find_child(vcpus, "vcpu"); node;
         node = bpfpv_xml_find_next(node->next, "vcpu")) {
        g_autofree char *enabled = bpfpv_xml_get_attribute(node, "enabled");
        guint id = get_number(node, "id", NO_NUMBER);

        if (id < topology->n_vcpus && g_strcmp0(enabled, "yes") == 0)
            bpfpv_cpuset_add(topology->enabled, id);
    }
    for (guint v = 0; !vcpus && v < MIN(current, topology->n_vcpus); v++)
        bpfpv_cpuset_add(topology->enabled, v);
}

static void
read_vcpus(BpfpvDomainTopology *topology, const xmlNode *root)
{
    const xmlNode *vcpu = bpfpv_xml_find_child(root, "vcpu");
    const xmlNode *tune = bpfpv_xml_find_child(root, "cputune");
    g_autoptr(BpfpvCpuset) all = bpfpv_xml_get_cpuset(vcpu, "cpuset");

    read_enabled(topology, root);
    for (guint v = 0; v < topology->n_vcpus; v++)
        g_ptr_array_add(topology->original, all ? bpfpv_cpuset_copy(all) : NULL);
    for (const xmlNode *pin = bpfpv_xml_find_child(tune, "vcpupin"); pin;
         pin = bpfpv_xml_find_next(pin->next, "vcpupin")) {
        guint v = get_number(pin, "vcpu", NO_NUMBER);
        BpfpvCpuset *set = bpfpv_xml_get_cpuset(pin, "cpuset");

        if (!set || v >= topology->n_vcpus) {
            bpfpv_cpuset_free(set);
            continue;
        }
        bpfpv_cpuset_free(topology->original->pdata[v]);
        topology->original->pdata[v] = set;
    }
    topology->unpinned = all ? bpfpv_cpuset_copy(all) : NULL;
    topology->emulator = bpfpv_xml_get_cpuset(bpfpv_xml_find_child(tune, "emulatorpin"), "cpuset");
    if (!topology->emulator)
        topology->emulator = g_steal_pointer(&all);
}

static void
read_realtime(BpfpvDomainTopology *topology, const xmlNode *root)
{
    const xmlNode *tune = bpfpv_xml_find_child(root, "cputune");

    for (const xmlNode *node = bpfpv_xml_find_child(tune, "vcpusched"); node;
         node = bpfpv_xml_find_next(node->next, "vcpusched")) {
        g_autofree char *scheduler = bpfpv_xml_get_attribute(node, "scheduler");
        g_autoptr(BpfpvCpuset) vcpus = bpfpv_xml_get_cpuset(node, "vcpus");

        if (vcpus && (g_strcmp0(scheduler, "fifo") == 0 || g_strcmp0(scheduler, "rr") == 0))
            bpfpv_cpuset_unite(topology->realtime, vcpus);
    }
    bpfpv_cpuset_intersect(topology->realtime, topology->enabled);
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
    guint left = ((const BpfpvDomainIothread *)a)->id, right = ((const BpfpvDomainIothread *)b)->id;

    return (left > right) - (left < right);
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
        if (get_number(node, "cellid", NO_NUMBER) == id)
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

/* One where it is not said. */
static gboolean
count_vcpus(const xmlNode *root, guint *n_vcpus, GError **error)
{
    g_autofree char *text = bpfpv_xml_get_text(bpfpv_xml_find_child(root, "vcpu"));
    guint64 n = text ? g_ascii_strtoull(text, NULL, 10) : 1;

    *n_vcpus = (guint)MAX(n, 1);
    if (n <= MAX_VCPUS)
        return TRUE;
    g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_INVALID,
                "<vcpu> is %" G_GUINT64_FORMAT "; bpfpv takes %u vCPUs at most", n, MAX_VCPUS);
    return FALSE;
}

/* A pin that can't be read must not be taken for none. */
static gboolean
check_set(const xmlNode *node, GError **error)
{
    g_autofree char *text = node ? bpfpv_xml_get_attribute(node, "cpuset") : NULL;
    g_autoptr(BpfpvCpuset) set = NULL;
    g_autoptr(GError) cause = NULL;

    if (!text)
        return TRUE;
    set = bpfpv_cpuset_parse(text, &cause);
    if (!set)
        g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_INVALID,
                    "line %ld: <%s cpuset=\"%s\">: %s", xmlGetLineNo((xmlNode *)node),
                    (const char *)node->name, text, cause->message);
    return set != NULL;
}

static gboolean
check_sets(const xmlNode *root, GError **error)
{
    static const char *const pins[] = {"vcpupin", "emulatorpin", "iothreadpin"};
    const xmlNode *tune = bpfpv_xml_find_child(root, "cputune");

    if (!check_set(bpfpv_xml_find_child(root, "vcpu"), error))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(pins); i++) {
        for (const xmlNode *pin = bpfpv_xml_find_child(tune, pins[i]); pin;
             pin = bpfpv_xml_find_next(pin->next, pins[i]))
            if (!check_set(pin, error))
                return FALSE;
    }
    return TRUE;
}

/* libvirt always says the architecture; what it says of none is x86's, as it was before. */
static BpfpvCpuIdKind
read_cpu_id_kind(const xmlNode *root)
{
    const xmlNode *type = bpfpv_xml_find_child(bpfpv_xml_find_child(root, "os"), "type");
    g_autofree char *arch = bpfpv_xml_get_attribute(type, "arch");

    if (!arch || g_str_equal(arch, "x86_64") || g_str_equal(arch, "i686"))
        return BPFPV_CPU_ID_APIC;
    return g_str_equal(arch, "aarch64") ? BPFPV_CPU_ID_MPIDR : BPFPV_CPU_ID_NONE;
}

BpfpvDomainTopology *
bpfpv_domain_topology_parse(const char *text, GError **error)
{
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(text, strlen(text), NULL);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *seen;
    BpfpvDomainTopology *topology;
    guint n_vcpus;

    if (!root || !g_str_equal((const char *)root->name, "domain")) {
        g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_SYNTAX,
                    "not a domain's XML; 'virsh dumpxml' writes it");
        return NULL;
    }
    if (!count_vcpus(root, &n_vcpus, error) || !check_sets(root, error))
        return NULL;
    topology = g_new0(BpfpvDomainTopology, 1);
    topology->n_vcpus = n_vcpus;
    topology->enabled = bpfpv_cpuset_new();
    topology->realtime = bpfpv_cpuset_new();
    topology->guest = bpfpv_guest_topology_new();
    topology->original = g_ptr_array_new_with_free_func(set_free);
    topology->fixed = bpfpv_cpuset_new();
    topology->iothreads = g_array_new(FALSE, FALSE, sizeof(BpfpvDomainIothread));
    g_array_set_clear_func(topology->iothreads, iothread_clear);
    read_vcpus(topology, root);
    read_realtime(topology, root);
    read_iothreads(topology, root);
    set_fixed(topology);
    seen = bpfpv_xml_find_child(bpfpv_xml_find_child(root, "cpu"), "topology");
    topology->guest->cpu_id = read_cpu_id_kind(root);
    topology->guest->threads = MAX(get_number(seen, "threads", 1), 1);
    topology->guest->cores = get_number(seen, "cores", 0);
    topology->guest->dies = MAX(get_number(seen, "dies", 1), 1);
    topology->devices = bpfpv_devices_read(root);
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
    g_ptr_array_unref(topology->devices);
    bpfpv_cpuset_free(topology->unpinned);
    bpfpv_cpuset_free(topology->emulator);
    bpfpv_cpuset_free(topology->enabled);
    bpfpv_cpuset_free(topology->realtime);
    bpfpv_cpuset_free(topology->fixed);
    g_free(topology);
}
