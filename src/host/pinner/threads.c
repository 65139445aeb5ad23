/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pins of QEMU's threads that are no vCPUs. Which I/O threads there are,
 * and their pins, is in the live XML: the mask that libvirt tells with a thread
 * is the kernel's, which leaves out CPUs that are offline.
 */
#include "host/pinner/private.h"

#include "xml/pin-owner.h"
#include "host/virt.h"

/* As of an XML that is read for "plan". */
#define MAX_IOTHREADS BPFPV_CPUSET_MAX

static void
pinned_thread_free(gpointer data)
{
    BpfpvPinnedThread *thread = data;

    bpfpv_cpuset_free(thread->cpus);
    bpfpv_cpuset_free(thread->inherits);
    bpfpv_cpuset_free(thread->defined);
    g_free(thread);
}

GPtrArray *
bpfpv_pinned_threads_new(void)
{
    return g_ptr_array_new_with_free_func(pinned_thread_free);
}

void
bpfpv_pinned_threads_add(GPtrArray *threads, BpfpvThreadKind kind, guint id, BpfpvCpuset *cpus)
{
    BpfpvPinnedThread *thread = g_new0(BpfpvPinnedThread, 1);

    thread->kind = kind;
    thread->id = id;
    thread->cpus = cpus;
    g_ptr_array_add(threads, thread);
}

/* The driver, or this QEMU, has no such thing. */
static gboolean
is_unknown(void)
{
    int code = virGetLastErrorCode();

    return code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_OPERATION_UNSUPPORTED ||
           code == VIR_ERR_CONFIG_UNSUPPORTED;
}

static gboolean
add_emulator(GPtrArray *threads, virDomainPtr domain, guint n_host_cpus, GError **error)
{
    gsize maplen = VIR_CPU_MAPLEN(n_host_cpus);
    g_autofree guchar *map = g_malloc0(maplen);

    if (virDomainGetEmulatorPinInfo(domain, map, (int)maplen, VIR_DOMAIN_AFFECT_LIVE) >= 0) {
        bpfpv_pinned_threads_add(threads, BPFPV_THREAD_EMULATOR, 0,
                                 bpfpv_cpuset_new_from_map(map, maplen, n_host_cpus));
        return TRUE;
    }
    if (is_unknown())
        return TRUE;
    bpfpv_virt_set_error(error, "reading the emulator's pin of domain %s",
                         virDomainGetName(domain));
    return FALSE;
}

/* Returns: (nullable): what it is pinned to; NULL: nothing */
static BpfpvCpuset *
pin_in(const BpfpvDomainPins *pins, guint id)
{
    const BpfpvCpuset *all = bpfpv_domain_pins_vcpu_cpuset(pins);
    BpfpvCpuset *own = bpfpv_domain_pins_get(pins, BPFPV_THREAD_IOTHREAD, id);

    return own || !all ? own : bpfpv_cpuset_copy(all);
}

/* Where neither it nor the domain is pinned it is all CPUs, offline ones too; with
 * <vcpu placement='auto'> what libvirt has chosen, which only the kernel's mask shows. */
static BpfpvCpuset *
pin_of(const BpfpvDomainPins *pins, const virDomainIOThreadInfo *info, const BpfpvCpuset *online,
       guint n_host_cpus)
{
    BpfpvCpuset *cpus = pin_in(pins, info->iothread_id);

    if (cpus)
        return cpus;
    cpus = bpfpv_cpuset_new_from_map(info->cpumap, (gsize)info->cpumaplen, n_host_cpus);
    if (bpfpv_cpuset_is_subset(online, cpus)) {
        bpfpv_cpuset_free(cpus);
        cpus = bpfpv_cpuset_new_range(0, n_host_cpus - 1);
    }
    return cpus;
}

/* Asks QEMU. */
static gboolean
add_infos(GPtrArray *threads, virDomainPtr domain, const BpfpvDomainPins *pins, guint n_host_cpus,
          GError **error)
{
    virDomainIOThreadInfoPtr *infos = NULL;
    int n = virDomainGetIOThreadInfo(domain, &infos, VIR_DOMAIN_AFFECT_LIVE);
    g_autoptr(BpfpvCpuset) online = NULL;

    if (n < 0 && !is_unknown()) {
        bpfpv_virt_set_error(error, "reading the I/O threads of domain %s",
                             virDomainGetName(domain));
        return FALSE;
    }
    online = bpfpv_pinner_read_online(domain, n_host_cpus);
    for (int i = 0; i < n; i++) {
        bpfpv_pinned_threads_add(threads, BPFPV_THREAD_IOTHREAD, infos[i]->iothread_id,
                                 pin_of(pins, infos[i], online, n_host_cpus));
        virDomainIOThreadInfoFree(infos[i]);
    }
    free(infos);
    return TRUE;
}

static gboolean
has_id(const GArray *ids, guint id)
{
    for (guint i = 0; i < ids->len; i++)
        if (g_array_index(ids, guint, i) == id)
            return TRUE;
    return FALSE;
}

/* Those with an id of their own; where <iothreads> counts more, they have the lowest free ids. */
static GArray *
list_ids(const xmlNode *root)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(guint));
    const xmlNode *list = bpfpv_xml_find_child(root, "iothreadids");
    g_autofree char *text = bpfpv_xml_get_text(bpfpv_xml_find_child(root, "iothreads"));
    guint64 n = text ? g_ascii_strtoull(text, NULL, 10) : 0;
    guint id;

    for (const xmlNode *node = list ? list->children : NULL; node; node = node->next)
        if (bpfpv_xml_is_element(node, "iothread") &&
            bpfpv_xml_get_uint(node, "id", 1, G_MAXUINT, &id))
            g_array_append_val(ids, id);
    for (id = 1; ids->len < MIN(n, MAX_IOTHREADS); id++)
        if (!has_id(ids, id))
            g_array_append_val(ids, id);
    return ids;
}

static gboolean
is_placed_by_libvirt(const xmlNode *root)
{
    g_autofree char *placement =
        bpfpv_xml_get_attribute(bpfpv_xml_find_child(root, "vcpu"), "placement");

    return g_strcmp0(placement, "auto") == 0;
}

/*
 * QEMU is asked only where the XML does not tell all: if the domain is destroyed while libvirt
 * waits for an answer of QEMU's monitor and started again, libvirt 9.0 (without the later commit
 * dd2f36d66e) may take the end of that run for the end of the next.
 */
static gboolean
add_iothreads(GPtrArray *threads, virDomainPtr domain, const xmlNode *root, guint n_host_cpus,
              GError **error)
{
    g_autoptr(GArray) ids = list_ids(root);
    g_autoptr(BpfpvDomainPins) pins = bpfpv_domain_pins_new(root);

    if (ids->len > 0 && is_placed_by_libvirt(root))
        return add_infos(threads, domain, pins, n_host_cpus, error);
    for (guint i = 0; i < ids->len; i++) {
        guint id = g_array_index(ids, guint, i);
        BpfpvCpuset *cpus = pin_in(pins, id);

        bpfpv_pinned_threads_add(threads, BPFPV_THREAD_IOTHREAD, id,
                                 cpus ? cpus : bpfpv_cpuset_new_range(0, n_host_cpus - 1));
    }
    return TRUE;
}

GPtrArray *
bpfpv_pinner_list_threads(virDomainPtr domain, guint n_host_cpus, GError **error)
{
    g_autoptr(GPtrArray) threads = bpfpv_pinned_threads_new();
    g_autoptr(BpfpvXmlDoc) doc = NULL;

    if (!add_emulator(threads, domain, n_host_cpus, error))
        return NULL;
    doc = bpfpv_pinner_read_xml(domain, 0, error);
    if (!doc || !add_iothreads(threads, domain, xmlDocGetRootElement(doc), n_host_cpus, error))
        return NULL;
    bpfpv_pinner_see_own(domain, xmlDocGetRootElement(doc), threads, n_host_cpus);
    return g_steal_pointer(&threads);
}
