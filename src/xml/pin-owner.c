/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose a pin is, and the pins in a domain's XML; see pin-owner.h. */
#include "xml/pin-owner.h"

static gboolean
equals(const BpfpvCpuset *set, const BpfpvCpuset *pin)
{
    return set && pin && bpfpv_cpuset_equal(set, pin);
}

gboolean
bpfpv_pin_is_noted(const BpfpvStatusThread *noted, const BpfpvCpuset *pin)
{
    return noted &&
           (equals(noted->applied, pin) || equals(noted->pinned, pin) ||
            equals(noted->pending, pin) || equals(noted->cpus, pin) || equals(noted->last, pin));
}

static gboolean
was_inherited(const BpfpvStatusThread *noted, const BpfpvCpuset *vcpu_cpuset)
{
    switch (noted->origin) {
    case BPFPV_ORIGIN_VCPU:
    case BPFPV_ORIGIN_NOTHING:
        return TRUE;
    case BPFPV_ORIGIN_PIN:
        return FALSE;
    case BPFPV_ORIGIN_UNKNOWN:
        break;
    }
    return vcpu_cpuset && noted->original &&
           (bpfpv_cpuset_equal(noted->original, vcpu_cpuset) ||
            !bpfpv_cpuset_is_subset(noted->original, vcpu_cpuset));
}

BpfpvPinOwner
bpfpv_pin_owner(const BpfpvStatusThread *noted, const BpfpvCpuset *pin,
                const BpfpvCpuset *vcpu_cpuset, const GPtrArray *rewritten)
{
    if (!bpfpv_pin_is_noted(noted, pin))
        return BPFPV_PIN_THEIRS;
    if (was_inherited(noted, vcpu_cpuset))
        return BPFPV_PIN_INHERITED;
    for (guint i = 0; rewritten && i < rewritten->len; i++)
        if (bpfpv_cpuset_equal(g_ptr_array_index(rewritten, i), pin))
            return BPFPV_PIN_THEIRS;
    return noted->original ? BPFPV_PIN_ORIGINAL : BPFPV_PIN_THEIRS;
}

gboolean
bpfpv_pin_is_rewritten(const BpfpvStatusThread *noted, const BpfpvCpuset *pin)
{
    return noted && pin && !bpfpv_pin_is_noted(noted, pin);
}

gboolean
bpfpv_pin_is_fixed(const BpfpvStatusThread *noted, const BpfpvCpuset *pin)
{
    return noted && noted->fixed &&
           (bpfpv_pin_is_noted(noted, pin) || equals(noted->original, pin));
}

/* ---- the pins in a domain's XML ---- */

/* By thread; of two for the same one, which libvirt refuses, the first. */
struct _BpfpvDomainPins {
    GHashTable *vcpus;     /* number → xmlNode */
    GHashTable *iothreads; /* the same */
    xmlNode *emulator;     /* (nullable) */
    BpfpvCpuset *vcpu_cpuset;
};

static void
add(GHashTable *table, xmlNode *node, const char *name)
{
    guint id;

    if (bpfpv_xml_get_uint(node, name, 0, G_MAXUINT, &id) &&
        !g_hash_table_contains(table, GUINT_TO_POINTER(id)))
        g_hash_table_insert(table, GUINT_TO_POINTER(id), node);
}

BpfpvDomainPins *
bpfpv_domain_pins_new(const xmlNode *root)
{
    BpfpvDomainPins *pins = g_new0(BpfpvDomainPins, 1);
    const xmlNode *cputune = bpfpv_xml_find_child(root, "cputune");

    pins->vcpus = g_hash_table_new(NULL, NULL);
    pins->iothreads = g_hash_table_new(NULL, NULL);
    pins->emulator = bpfpv_xml_find_child(cputune, "emulatorpin");
    pins->vcpu_cpuset = bpfpv_xml_get_cpuset(bpfpv_xml_find_child(root, "vcpu"), "cpuset");
    for (xmlNode *node = cputune ? cputune->children : NULL; node; node = node->next) {
        if (bpfpv_xml_is_element(node, "vcpupin"))
            add(pins->vcpus, node, "vcpu");
        else if (bpfpv_xml_is_element(node, "iothreadpin"))
            add(pins->iothreads, node, "iothread");
    }
    return pins;
}

void
bpfpv_domain_pins_free(BpfpvDomainPins *pins)
{
    if (!pins)
        return;
    g_hash_table_unref(pins->vcpus);
    g_hash_table_unref(pins->iothreads);
    bpfpv_cpuset_free(pins->vcpu_cpuset);
    g_free(pins);
}

xmlNode *
bpfpv_domain_pins_find(const BpfpvDomainPins *pins, BpfpvThreadKind kind, guint id)
{
    switch (kind) {
    case BPFPV_THREAD_EMULATOR:
        return pins->emulator;
    case BPFPV_THREAD_IOTHREAD:
        return g_hash_table_lookup(pins->iothreads, GUINT_TO_POINTER(id));
    case BPFPV_THREAD_VCPU:
        break;
    }
    return g_hash_table_lookup(pins->vcpus, GUINT_TO_POINTER(id));
}

void
bpfpv_domain_pins_remove(BpfpvDomainPins *pins, BpfpvThreadKind kind, guint id)
{
    xmlNode *node = bpfpv_domain_pins_find(pins, kind, id);

    if (!node)
        return;
    if (kind == BPFPV_THREAD_EMULATOR)
        pins->emulator = NULL;
    else
        g_hash_table_remove(kind == BPFPV_THREAD_VCPU ? pins->vcpus : pins->iothreads,
                            GUINT_TO_POINTER(id));
    bpfpv_xml_remove(node);
}

BpfpvCpuset *
bpfpv_domain_pins_get(const BpfpvDomainPins *pins, BpfpvThreadKind kind, guint id)
{
    const xmlNode *node = bpfpv_domain_pins_find(pins, kind, id);

    return node ? bpfpv_xml_get_cpuset(node, "cpuset") : NULL;
}

static void
add_if_new(GPtrArray *sets, BpfpvCpuset *set)
{
    for (guint i = 0; i < sets->len; i++) {
        if (bpfpv_cpuset_equal(g_ptr_array_index(sets, i), set)) {
            bpfpv_cpuset_free(set);
            return;
        }
    }
    g_ptr_array_add(sets, set);
}

GPtrArray *
bpfpv_domain_pins_rewritten(const BpfpvDomainPins *pins, const BpfpvStatus *status)
{
    GPtrArray *sets = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);

    for (guint i = 0; status && i < status->vcpus->len; i++) {
        const BpfpvStatusThread *noted = g_ptr_array_index(status->vcpus, i);
        BpfpvCpuset *pin = bpfpv_domain_pins_get(pins, noted->kind, noted->id);

        if (bpfpv_pin_is_rewritten(noted, pin))
            add_if_new(sets, pin);
        else
            bpfpv_cpuset_free(pin);
    }
    return sets;
}

const BpfpvCpuset *
bpfpv_domain_pins_vcpu_cpuset(const BpfpvDomainPins *pins)
{
    return pins->vcpu_cpuset;
}
