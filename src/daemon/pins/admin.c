/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose a pin is: libvirt's event tells of every pin call. One that is none of
 * ours is an administrator's, who wins until the domain is detached.
 */
#include "daemon/pins/private.h"

typedef struct {
    BpfpvThreadKind kind;
    guint id;
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
bpfpv_pins_expect(BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus)
{
    Expected *expected = g_new0(Expected, 1);

    expected->kind = kind;
    expected->id = id;
    expected->cpus = bpfpv_cpuset_copy(cpus);
    if (!pins->expected)
        pins->expected = g_ptr_array_new_with_free_func(expected_free);
    g_ptr_array_add(pins->expected, expected);
}

static gboolean
take_expected(BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus)
{
    for (guint i = 0; pins->expected && i < pins->expected->len; i++) {
        const Expected *expected = g_ptr_array_index(pins->expected, i);

        if (expected->kind == kind && expected->id == id &&
            bpfpv_cpuset_equal(expected->cpus, cpus)) {
            g_ptr_array_remove_index(pins->expected, i);
            return TRUE;
        }
    }
    return FALSE;
}

void
bpfpv_pins_unexpect(BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus)
{
    take_expected(pins, kind, id, cpus);
}

static void
take_vcpu_over(BpfpvPins *pins, guint index, const BpfpvCpuset *cpus)
{
    BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, index);

    bpfpv_journal_entry_fix(pins->entry, index, cpus);
    bpfpv_pins_replace(&vcpu->original, cpus);
    bpfpv_pins_replace(&vcpu->cpus, cpus);
    vcpu->anchored = FALSE;
    g_clear_pointer(&vcpu->last, bpfpv_cpuset_free);
    bpfpv_pins_let_rest(pins, BPFPV_THREAD_VCPU, index, &vcpu->truth);
}

static void
take_thread_over(BpfpvPins *pins, BpfpvAppliedThread *thread, const BpfpvCpuset *cpus)
{
    BpfpvJournalThread *known =
        bpfpv_journal_entry_find_thread(pins->entry, thread->kind, thread->id);

    bpfpv_journal_thread_fix(known, cpus);
    thread->fixed = TRUE;
    bpfpv_pins_replace(&thread->original, cpus);
    bpfpv_pins_replace(&thread->cpus, cpus);
    bpfpv_pins_let_rest(pins, thread->kind, thread->id, &thread->truth);
}

/* @pending: (out) (nullable): what a call of ours that is under way will make of it
 * Returns: (nullable): what is in force for it; NULL: it is not known */
static const BpfpvCpuset *
present_of(const BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset **pending)
{
    const BpfpvAppliedThread *thread;

    *pending = NULL;
    if (kind == BPFPV_THREAD_VCPU) {
        const BpfpvAppliedVcpu *vcpu =
            id < pins->applied->vcpus->len ? g_ptr_array_index(pins->applied->vcpus, id) : NULL;

        *pending = vcpu ? vcpu->pending : NULL;
        return vcpu ? vcpu->cpus : NULL;
    }
    thread = bpfpv_applied_domain_find_thread(pins->applied, kind, id);
    *pending = thread ? thread->pending : NULL;
    return thread ? thread->cpus : NULL;
}

static void
say_taken_over(const BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus)
{
    static const char *const names[] = {"vCPU", "the emulator", "I/O thread"};
    g_autofree char *number =
        kind == BPFPV_THREAD_EMULATOR ? g_strdup("") : g_strdup_printf(" %u", id);
    g_autofree char *text = bpfpv_cpuset_format(cpus);

    g_message("domain %s: an administrator has pinned %s%s to host CPUs %s: leaving it alone until "
              "\"bpfpvctl release\" hands it back",
              pins->entry->name, names[kind], number, text);
}

gboolean
bpfpv_pins_heard(BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus)
{
    const BpfpvCpuset *present, *pending;

    if (!pins->applied || take_expected(pins, kind, id, cpus))
        return FALSE;
    present = present_of(pins, kind, id, &pending);
    if (!present && kind != BPFPV_THREAD_VCPU)
        bpfpv_pins_read_threads(pins); /* one that is new here */
    if (!present || bpfpv_cpuset_equal(present, cpus) ||
        (pending && bpfpv_cpuset_equal(pending, cpus)))
        return FALSE;
    say_taken_over(pins, kind, id, cpus);
    if (kind == BPFPV_THREAD_VCPU)
        take_vcpu_over(pins, id, cpus);
    else
        take_thread_over(pins, bpfpv_applied_domain_find_thread(pins->applied, kind, id), cpus);
    pins->serial++;
    bpfpv_pins_write_journal(pins);
    return TRUE;
}

const BpfpvCpuset *
bpfpv_pins_fixed(const BpfpvPins *pins)
{
    return pins->entry->fixed;
}
