/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose a pin is: libvirt's event tells of every pin call. One that is none of
 * ours is an administrator's, who wins until the domain is detached. And what
 * was original where a domain came with another daemon's pins.
 */
#include "daemon/pins-private.h"

typedef struct {
    guint vcpu;
    BpfpvCpuset *cpus;
} Expected;

static void
expected_free(gpointer data)
{
    Expected *expected = data;

    bpfpv_cpuset_free(expected->cpus);
    g_free(expected);
}

void
bpfpv_pins_expect(BpfpvPins *pins, guint vcpu, const BpfpvCpuset *cpus)
{
    Expected *expected = g_new0(Expected, 1);

    expected->vcpu = vcpu;
    expected->cpus = bpfpv_cpuset_copy(cpus);
    if (!pins->expected)
        pins->expected = g_ptr_array_new_with_free_func(expected_free);
    g_ptr_array_add(pins->expected, expected);
}

static gboolean
take_expected(BpfpvPins *pins, guint vcpu, const BpfpvCpuset *cpus)
{
    for (guint i = 0; pins->expected && i < pins->expected->len; i++) {
        const Expected *expected = g_ptr_array_index(pins->expected, i);

        if (expected->vcpu == vcpu && bpfpv_cpuset_equal(expected->cpus, cpus)) {
            g_ptr_array_remove_index(pins->expected, i);
            return TRUE;
        }
    }
    return FALSE;
}

void
bpfpv_pins_unexpect(BpfpvPins *pins, guint vcpu, const BpfpvCpuset *cpus)
{
    take_expected(pins, vcpu, cpus);
}

void
bpfpv_pins_expect_none(BpfpvPins *pins)
{
    g_clear_pointer(&pins->expected, g_ptr_array_unref);
}

static void
take_over(BpfpvPins *pins, guint index, const BpfpvCpuset *cpus)
{
    BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, index);
    g_autofree char *text = bpfpv_cpuset_format(cpus);

    g_message("domain %s: an administrator has pinned vCPU %u to host CPUs %s; it stays so",
              pins->entry->name, index, text);
    bpfpv_cpuset_add(pins->entry->fixed, index);
    bpfpv_cpuset_free(g_ptr_array_index(pins->entry->original, index));
    g_ptr_array_index(pins->entry->original, index) = bpfpv_cpuset_copy(cpus);
    bpfpv_cpuset_free(vcpu->original);
    vcpu->original = bpfpv_cpuset_copy(cpus);
    bpfpv_cpuset_free(vcpu->cpus);
    vcpu->cpus = bpfpv_cpuset_copy(cpus);
    vcpu->anchored = FALSE;
    bpfpv_pins_write_journal(pins);
}

gboolean
bpfpv_pins_heard(BpfpvPins *pins, guint index, const BpfpvCpuset *cpus)
{
    if (!pins->applied || index >= pins->applied->vcpus->len || take_expected(pins, index, cpus) ||
        bpfpv_cpuset_equal(bpfpv_pins_vcpu(pins, index)->cpus, cpus))
        return FALSE;
    take_over(pins, index, cpus);
    return TRUE;
}

/* ---- what came with the domain ---- */

void
bpfpv_pins_adopt(BpfpvPins *pins, const BpfpvStatus *status, const BpfpvCpuset *online)
{
    g_free(pins->noted);
    pins->noted = g_strdup("");
    if (status->plugged)
        pins->entry->our_channel = TRUE;
    if (pins->adopted || pins->applied)
        return; /* this host's own journal knows better */
    pins->claimed = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);
    for (guint i = 0; i < status->vcpus->len; i++) {
        const BpfpvStatusVcpu *vcpu = g_ptr_array_index(status->vcpus, i);
        g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_copy(vcpu->original ? vcpu->original : online);

        if (vcpu->fixed)
            bpfpv_cpuset_add(pins->entry->fixed, vcpu->vcpu);
        bpfpv_cpuset_intersect(set, online);
        if (vcpu->fixed || !(vcpu->original || vcpu->unpinned))
            continue;
        if (vcpu->vcpu >= pins->claimed->len)
            g_ptr_array_set_size(pins->claimed, (gint)vcpu->vcpu + 1);
        bpfpv_cpuset_free(g_ptr_array_index(pins->claimed, vcpu->vcpu));
        g_ptr_array_index(pins->claimed, vcpu->vcpu) = vcpu->unpinned || bpfpv_cpuset_is_empty(set)
                                                           ? bpfpv_cpuset_copy(online)
                                                           : g_steal_pointer(&set);
    }
}

void
bpfpv_pins_take_claims(BpfpvPins *pins, const GPtrArray *present)
{
    GPtrArray *original = pins->entry->original;

    for (guint i = 0; pins->claimed && i < pins->claimed->len && i < present->len; i++) {
        const BpfpvCpuset *claim = g_ptr_array_index(pins->claimed, i);

        if (!claim || bpfpv_cpuset_equal(claim, g_ptr_array_index(present, i)))
            continue;
        bpfpv_cpuset_free(g_ptr_array_index(original, i));
        g_ptr_array_index(original, i) = bpfpv_cpuset_copy(claim);
        pins->entry->pinned = TRUE;
        pins->adopted = TRUE;
    }
    g_clear_pointer(&pins->claimed, g_ptr_array_unref);
    if (pins->adopted)
        bpfpv_pins_write_journal(pins);
}

const BpfpvCpuset *
bpfpv_pins_fixed(const BpfpvPins *pins)
{
    return pins->entry->fixed;
}
