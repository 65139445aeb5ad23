/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an administrator has pinned, taken back into management: it becomes what it would be had
 * nobody pinned it. A single CPU as the original is a static pin and stays one.
 */
#include "daemon/pins/private.h"

static void
released_free(gpointer data)
{
    BpfpvPinsReleased *released = data;

    bpfpv_cpuset_free(released->original);
    g_free(released);
}

static void
add_released(GPtrArray *list, BpfpvThreadKind kind, guint id, const BpfpvCpuset *original)
{
    BpfpvPinsReleased *released = g_new0(BpfpvPinsReleased, 1);

    released->kind = kind;
    released->id = id;
    released->original = bpfpv_cpuset_copy(original);
    g_ptr_array_add(list, released);
}

/* Returns: (nullable): what its original would be; NULL with @error set */
static const BpfpvCpuset *
original_without_pin(const BpfpvPins *pins, guint vcpu, const BpfpvCpuset *fallback, GError **error)
{
    const BpfpvCpuset *before = bpfpv_journal_entry_before(pins->entry, vcpu);
    const BpfpvCpuset *original = before ? before : fallback;
    const BpfpvCpuset *is_static = original;
    g_autofree char *text = NULL;

    if (!bpfpv_cpuset_contains(pins->entry->fixed, vcpu))
        is_static = g_ptr_array_index(pins->entry->original, vcpu);
    text = bpfpv_cpuset_format(is_static);
    if (bpfpv_cpuset_count(is_static) == 1) {
        g_set_error(
            error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
            "vCPU %u of domain %s is statically pinned to host CPU %s and never managed; to "
            "have it managed, give it more CPUs in the definition (virsh vcpupin %s %u CPUS "
            "--config) and start the domain again",
            vcpu, pins->entry->name, text, pins->entry->name, vcpu);
        return NULL;
    }
    if (bpfpv_cpuset_contains(pins->entry->fixed, vcpu))
        return original;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "vCPU %u of domain %s is managed already: no administrator has pinned it", vcpu,
                pins->entry->name);
    return NULL;
}

static gboolean
release_vcpu(BpfpvPins *pins, guint vcpu, const BpfpvCpuset *fallback, GPtrArray *list,
             GError **error)
{
    const BpfpvCpuset *original = original_without_pin(pins, vcpu, fallback, error);
    BpfpvAppliedVcpu *applied = bpfpv_pins_vcpu(pins, vcpu);

    if (!original)
        return FALSE;
    add_released(list, BPFPV_THREAD_VCPU, vcpu, original);
    bpfpv_pins_replace(&applied->original, original);
    applied->inherited = bpfpv_cpuset_equal(original, fallback);
    bpfpv_journal_entry_unfix(pins->entry, vcpu, original);
    return TRUE;
}

static void
release_threads(BpfpvPins *pins, const BpfpvCpuset *fallback, GPtrArray *list)
{
    for (guint t = 0; t < pins->applied->threads->len; t++) {
        BpfpvAppliedThread *thread = g_ptr_array_index(pins->applied->threads, t);
        BpfpvJournalThread *known =
            bpfpv_journal_entry_find_thread(pins->entry, thread->kind, thread->id);
        const BpfpvCpuset *original;

        if (!thread->fixed)
            continue;
        original = known->before ? known->before : fallback;
        add_released(list, thread->kind, thread->id, original);
        thread->fixed = FALSE;
        thread->inherited = bpfpv_cpuset_equal(original, fallback);
        bpfpv_pins_replace(&thread->original, original);
        bpfpv_journal_thread_unfix(known, original);
    }
}

/* @refusal: (out): why the last one that an administrator pinned can't be released */
static void
release_all(BpfpvPins *pins, const BpfpvCpuset *fallback, GPtrArray *list, GError **refusal)
{
    for (guint v = 0; v < pins->applied->vcpus->len; v++) {
        if (!bpfpv_cpuset_contains(pins->entry->fixed, v))
            continue;
        g_clear_error(refusal);
        release_vcpu(pins, v, fallback, list, refusal);
    }
    release_threads(pins, fallback, list);
    if (list->len == 0 && !*refusal)
        g_set_error(refusal, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "nothing of domain %s is pinned by an administrator", pins->entry->name);
}

GPtrArray *
bpfpv_pins_release(BpfpvPins *pins, int vcpu, const BpfpvCpuset *fallback, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(released_free);
    g_autoptr(GError) refusal = NULL;

    if (!pins->ready)
        g_set_error(&refusal, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "the pins of domain %s are not read yet; try again", pins->entry->name);
    else if (vcpu == BPFPV_PINS_ALL)
        release_all(pins, fallback, list, &refusal);
    else if (vcpu < 0 || (guint)vcpu >= pins->applied->vcpus->len)
        g_set_error(&refusal, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "domain %s has no vCPU %d: they are 0 to %u", pins->entry->name, vcpu,
                    pins->applied->vcpus->len - 1);
    else
        release_vcpu(pins, (guint)vcpu, fallback, list, &refusal);
    if (list->len == 0) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return NULL;
    }
    pins->serial++;
    pins->noted_originals = pins->noting_originals =
        FALSE;                  /* those in the status are the old ones */
    pins->entry->pinned = TRUE; /* what is in force is no original now */
    bpfpv_pins_write_journal(pins);
    return g_steal_pointer(&list);
}
