/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was original where a domain came with another daemon's pins: from another host, or from a
 * file. Its status says which those are; all others are somebody's will.
 */
#include "daemon/pins/private.h"

#include "xml/pin-owner.h"

static void
take_wanted(BpfpvPins *pins, const BpfpvStatus *status)
{
    pins->wanted = bpfpv_cpuset_new();
    for (guint i = 0; i < status->vcpus->len; i++) {
        const BpfpvStatusThread *vcpu = g_ptr_array_index(status->vcpus, i);

        if (g_strcmp0(vcpu->want, bpfpv_want_to_string(BPFPV_WANT_ANCHOR)) == 0)
            bpfpv_cpuset_add(pins->wanted, vcpu->id);
    }
}

void
bpfpv_pins_adopt(BpfpvPins *pins, BpfpvStatus *status)
{
    g_free(pins->noted);
    pins->noted = g_strdup("");
    if (status->plugged)
        pins->entry->our_channel = TRUE;
    take_wanted(pins, status);
    if (!pins->adopted && !pins->applied) /* else this host's own journal knows better */
        pins->claims = bpfpv_status_ref(status);
}

/* As much of it as this host has. */
static BpfpvCpuset *
original_here(const BpfpvPins *pins, const BpfpvCpuset *original, const BpfpvPinnedThread *present)
{
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_copy(original);

    if (pins->online)
        bpfpv_cpuset_intersect(set, pins->online);
    return bpfpv_cpuset_is_empty(set) ? bpfpv_cpuset_copy(present->inherits)
                                      : g_steal_pointer(&set);
}

void
bpfpv_pins_find_rewritten(BpfpvPins *pins, const GPtrArray *present)
{
    g_clear_pointer(&pins->rewritten, g_ptr_array_unref);
    pins->rewritten = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);
    for (guint i = 0; pins->claims && i < present->len; i++) {
        const BpfpvPinnedThread *vcpu = g_ptr_array_index(present, i);
        const BpfpvStatusThread *noted =
            bpfpv_status_find_thread(pins->claims, vcpu->kind, vcpu->id);

        if (vcpu->own && bpfpv_pin_is_rewritten(noted, vcpu->cpus))
            g_ptr_array_add(pins->rewritten, bpfpv_cpuset_copy(vcpu->cpus));
    }
}

void
bpfpv_pins_find_origin(const BpfpvPins *pins, const BpfpvPinnedThread *present,
                       BpfpvPinsOrigin *origin)
{
    const BpfpvStatusThread *noted =
        bpfpv_status_find_thread(pins->claims, present->kind, present->id);
    const BpfpvCpuset *own = present->own ? present->cpus : NULL;

    origin->fixed = bpfpv_pin_is_fixed(noted, own);
    switch (
        bpfpv_pin_owner(noted, own, present->by_vcpu ? present->inherits : NULL, pins->rewritten)) {
    case BPFPV_PIN_INHERITED:
        origin->original = bpfpv_cpuset_copy(present->inherits);
        origin->inherited = TRUE;
        return;
    case BPFPV_PIN_ORIGINAL:
        origin->original = original_here(pins, noted->original, present);
        origin->inherited = FALSE;
        return;
    case BPFPV_PIN_THEIRS:
        break;
    }
    /* Of a pin to CPUs that this host has not, nothing is left: a domain that comes with one does
     * not get far, but it is seen until libvirt has refused it. */
    origin->original =
        bpfpv_cpuset_copy(bpfpv_cpuset_is_empty(present->cpus) ? present->inherits : present->cpus);
    origin->inherited = own ? !noted && bpfpv_pinned_thread_is_inherited(present, own) : TRUE;
}
