/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvirt's calls don't tell of a pin, and a domain's XML does: whether a thread has one of
 * its own or inherits it. Of what has no pin, they tell <vcpu cpuset>, or all CPUs.
 */
#include "host/pinner/private.h"

#include <string.h>

#include "xml/pin-owner.h"
#include "host/virt.h"

BpfpvXmlDoc *
bpfpv_pinner_read_xml(virDomainPtr domain, guint flags, GError **error)
{
    g_autofree char *text = virDomainGetXMLDesc(domain, flags);
    BpfpvXmlDoc *doc;

    if (!text) {
        bpfpv_virt_set_error(error, "reading the XML of domain %s", virDomainGetName(domain));
        return NULL;
    }
    doc = bpfpv_xml_parse(text, strlen(text), error);
    if (!doc)
        g_prefix_error(error, "reading the XML of domain %s: ", virDomainGetName(domain));
    return doc;
}

BpfpvCpuset *
bpfpv_pinner_read_online(virDomainPtr domain, guint n_host_cpus)
{
    unsigned char *map = NULL;
    BpfpvCpuset *online = NULL;
    int n = virNodeGetCPUMap(virDomainGetConnect(domain), &map, NULL, 0);

    if (n > 0)
        online = bpfpv_cpuset_new_from_map(map, VIR_CPU_MAPLEN((gsize)n), (guint)n);
    free(map);
    return online ? online : bpfpv_cpuset_new_range(0, n_host_cpus - 1);
}

/* ---- the definition ---- */

/* Of a definition that came with a migration, pins may be bpfpv's, as in the live XML. */
static BpfpvCpuset *
defined_pin(const BpfpvDomainPins *pins, const BpfpvStatus *status, const GPtrArray *rewritten,
            const BpfpvPinnedThread *thread)
{
    const BpfpvStatusThread *noted = bpfpv_status_find_thread(status, thread->kind, thread->id);
    g_autoptr(BpfpvCpuset) pin = bpfpv_domain_pins_get(pins, thread->kind, thread->id);

    switch (bpfpv_pin_owner(noted, pin, bpfpv_domain_pins_vcpu_cpuset(pins), rewritten)) {
    case BPFPV_PIN_INHERITED:
        return NULL;
    case BPFPV_PIN_ORIGINAL:
        return bpfpv_cpuset_copy(noted->original);
    case BPFPV_PIN_THEIRS:
        break;
    }
    return g_steal_pointer(&pin);
}

static gboolean
has_own(const GPtrArray *threads)
{
    for (guint i = 0; i < threads->len; i++)
        if (((const BpfpvPinnedThread *)g_ptr_array_index(threads, i))->own)
            return TRUE;
    return FALSE;
}

/* A transient domain has none: libvirt gives the live XML for it. */
static void
see_defined(virDomainPtr domain, GPtrArray *threads)
{
    g_autoptr(BpfpvXmlDoc) doc = NULL;
    g_autoptr(BpfpvDomainPins) pins = NULL;
    g_autoptr(BpfpvStatus) status = NULL;
    g_autoptr(GPtrArray) rewritten = NULL;

    if (!has_own(threads) || virDomainIsPersistent(domain) != 1)
        return;
    doc = bpfpv_pinner_read_xml(domain, VIR_DOMAIN_XML_INACTIVE, NULL);
    if (!doc)
        return;
    pins = bpfpv_domain_pins_new(xmlDocGetRootElement(doc));
    status = bpfpv_status_read(xmlDocGetRootElement(doc));
    rewritten = bpfpv_domain_pins_rewritten(pins, status);
    for (guint i = 0; i < threads->len; i++) {
        BpfpvPinnedThread *thread = g_ptr_array_index(threads, i);

        thread->defined = defined_pin(pins, status, rewritten, thread);
    }
}

/* ---- the live XML ---- */

void
bpfpv_pinner_see_own(virDomainPtr domain, const xmlNode *root, GPtrArray *threads,
                     guint n_host_cpus)
{
    g_autoptr(BpfpvDomainPins) pins = bpfpv_domain_pins_new(root);
    g_autoptr(BpfpvCpuset) online = bpfpv_pinner_read_online(domain, n_host_cpus);
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_new_range(0, n_host_cpus - 1);
    const BpfpvCpuset *vcpu_cpuset = bpfpv_domain_pins_vcpu_cpuset(pins);

    for (guint i = 0; i < threads->len; i++) {
        BpfpvPinnedThread *thread = g_ptr_array_index(threads, i);
        const BpfpvCpuset *any = thread->kind == BPFPV_THREAD_IOTHREAD ? all : online;

        thread->own = bpfpv_domain_pins_find(pins, thread->kind, thread->id) != NULL;
        thread->by_vcpu = vcpu_cpuset != NULL;
        thread->inherits = bpfpv_cpuset_copy(vcpu_cpuset ? vcpu_cpuset : any);
    }
    see_defined(domain, threads);
}

gboolean
bpfpv_pinned_thread_is_inherited(const BpfpvPinnedThread *thread, const BpfpvCpuset *original)
{
    if (!thread->own && bpfpv_cpuset_equal(original, thread->cpus))
        return TRUE;
    return bpfpv_cpuset_equal(original, thread->inherits) &&
           !(thread->defined && bpfpv_cpuset_equal(original, thread->defined));
}
