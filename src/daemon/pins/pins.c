/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One managed domain's host side; see pins.h. The pin calls are in steps.c, the threads that
 * are no vCPUs in threads.c.
 */
#include "daemon/pins/private.h"

#define RATE_DEFAULT 200

gboolean
bpfpv_pins_write_journal(BpfpvPins *pins)
{
    g_autoptr(GError) error = NULL;

    pins->journaled = bpfpv_journal_write(pins->state_dir, pins->entry, &error);
    if (!pins->journaled)
        g_warning("domain %s: %s", pins->entry->name, error->message);
    return pins->journaled;
}

void
bpfpv_pins_replace(BpfpvCpuset **set, const BpfpvCpuset *by)
{
    BpfpvCpuset *copy = by ? bpfpv_cpuset_copy(by) : NULL;

    bpfpv_cpuset_free(*set);
    *set = copy;
}

char *
bpfpv_pins_key(const char *name, const char *uuid, int id)
{
    return g_strdup_printf("%s %s %d", name, uuid, id);
}

/* ---- the originals ---- */

BpfpvAppliedVcpu *
bpfpv_pins_vcpu(BpfpvPins *pins, guint vcpu)
{
    return g_ptr_array_index(pins->applied->vcpus, vcpu);
}

/* What an earlier daemon left pinned is in force, until it is known to be wanted or put back. */
static void
adopt_pins(BpfpvPins *pins, const GPtrArray *present)
{
    for (guint i = 0; i < pins->applied->vcpus->len && i < present->len; i++) {
        BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, i);
        const BpfpvCpuset *now = ((const BpfpvPinnedThread *)g_ptr_array_index(present, i))->cpus;

        vcpu->anchored = !bpfpv_cpuset_equal(vcpu->cpus, now) && bpfpv_cpuset_count(now) == 1;
        bpfpv_cpuset_free(vcpu->cpus);
        vcpu->cpus = bpfpv_cpuset_copy(now);
    }
}

/* Of an earlier daemon that gave all back; only what an administrator has pinned is still of use.
 */
static void
forget_originals(BpfpvJournalEntry *entry)
{
    g_ptr_array_set_size(entry->original, 0);
    for (guint i = entry->threads->len; i-- > 0;)
        if (!((const BpfpvJournalThread *)g_ptr_array_index(entry->threads, i))->fixed)
            g_ptr_array_remove_index(entry->threads, i);
}

static void
take_theirs(BpfpvJournalEntry *entry, const GPtrArray *present)
{
    g_autoptr(GPtrArray) sets = g_ptr_array_new();

    for (guint i = 0; i < present->len; i++)
        g_ptr_array_add(sets, ((const BpfpvPinnedThread *)g_ptr_array_index(present, i))->cpus);
    bpfpv_journal_entry_take_theirs(entry, sets);
}

/* Those of the vCPUs that the journal does not know. @inherited: (inout): vCPUs, by number */
static void
find_originals(BpfpvPins *pins, const GPtrArray *present, BpfpvCpuset *inherited)
{
    BpfpvJournalEntry *entry = pins->entry;

    for (guint i = entry->original->len; i < present->len; i++) {
        const BpfpvPinnedThread *thread = g_ptr_array_index(present, i);
        BpfpvPinsOrigin origin;

        bpfpv_pins_find_origin(pins, thread, &origin);
        g_ptr_array_add(entry->original, origin.original);
        if (origin.fixed)
            bpfpv_cpuset_add(entry->fixed, i);
        if (origin.inherited)
            bpfpv_cpuset_add(inherited, i);
        if (!bpfpv_cpuset_equal(origin.original, thread->cpus))
            entry->pinned = TRUE;
    }
}

/* Of the vCPUs that the journal knows. Returns: (transfer full): their numbers */
static BpfpvCpuset *
list_inherited(const BpfpvJournalEntry *entry, const GPtrArray *present)
{
    BpfpvCpuset *inherited = bpfpv_cpuset_new();

    for (guint i = 0; i < entry->original->len && i < present->len; i++)
        if (bpfpv_pinned_thread_is_inherited(g_ptr_array_index(present, i),
                                             g_ptr_array_index(entry->original, i)))
            bpfpv_cpuset_add(inherited, i);
    return inherited;
}

static void
take_vcpus(BpfpvPins *pins, const GPtrArray *present)
{
    BpfpvJournalEntry *entry = pins->entry;
    g_autoptr(BpfpvCpuset) inherited = NULL;
    g_autofree char *key = NULL;

    if (!pins->adopted)
        forget_originals(entry);
    take_theirs(entry, present);
    inherited = list_inherited(entry, present);
    bpfpv_pins_find_rewritten(pins, present);
    find_originals(pins, present, inherited);
    if (entry->pinned && !pins->adopted) {
        pins->adopted = TRUE;
        bpfpv_pins_write_journal(pins);
    }
    g_clear_pointer(&pins->applied, bpfpv_applied_domain_free);
    key = bpfpv_pins_key(entry->name, entry->uuid, entry->id);
    pins->applied = bpfpv_applied_domain_new(key, entry->original);
    for (guint i = 0; i < pins->applied->vcpus->len; i++)
        bpfpv_pins_vcpu(pins, i)->inherited = bpfpv_cpuset_contains(inherited, i);
    g_ptr_array_set_size(pins->errors, (gint)entry->original->len);
    if (pins->adopted)
        adopt_pins(pins, present);
}

static void
on_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvPins *pins = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) present = bpfpv_pinner_read_finish(result, &error);

    if (!pins->closed && present) {
        take_vcpus(pins, present);
        bpfpv_pins_read_threads(pins);
    }
    if (!pins->closed && error) {
        bpfpv_pins_read_later(pins);
        pins->funcs->ready(pins, error, pins->user_data);
    }
    g_rc_box_release(pins);
}

static gboolean
read_again(gpointer user_data)
{
    BpfpvPins *pins = user_data;

    pins->retry_timer = 0;
    bpfpv_pinner_read(pins->pinner, on_read, g_rc_box_acquire(pins));
    return G_SOURCE_REMOVE;
}

void
bpfpv_pins_read_later(BpfpvPins *pins)
{
    pins->retry_timer = g_timeout_add(BPFPV_PINS_RETRY_MS, read_again, pins);
}

static void
take_journal(BpfpvPins *pins, const char *uuid, const char *name, int id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvJournalEntry) entry = bpfpv_journal_read(pins->state_dir, uuid, &error);

    if (error)
        g_warning("domain %s: %s", name, error->message);
    if (entry && entry->id == id && g_str_equal(entry->uuid, uuid)) {
        pins->adopted = entry->pinned;
        pins->journaled = TRUE;
        pins->entry = g_steal_pointer(&entry);
        return;
    }
    pins->entry = bpfpv_journal_entry_new(uuid, name, id);
}

BpfpvPins *
bpfpv_pins_new(const char *uri, const char *state_dir, const char *uuid, const char *name, int id,
               BpfpvCgroupWatch *cgroups, const BpfpvPinsFuncs *funcs, gpointer user_data)
{
    BpfpvPins *pins = g_rc_box_new0(BpfpvPins);

    pins->cgroups = cgroups;
    pins->refusals = bpfpv_refusals_new();
    pins->state_dir = g_strdup(state_dir);
    pins->funcs = funcs;
    pins->user_data = user_data;
    pins->pinner = bpfpv_pinner_new(uri, uuid, id);
    pins->errors = g_ptr_array_new_with_free_func(g_free);
    pins->thread_errors = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    pins->unsure = g_array_new(FALSE, FALSE, sizeof(BpfpvPinsThread));
    pins->rate = RATE_DEFAULT;
    pins->tokens = RATE_DEFAULT;
    pins->tokens_us = g_get_monotonic_time();
    take_journal(pins, uuid, name, id);
    bpfpv_pinner_read(pins->pinner, on_read, g_rc_box_acquire(pins));
    return pins;
}

static void
clear(gpointer data)
{
    BpfpvPins *pins = data;

    bpfpv_journal_entry_free(pins->entry);
    bpfpv_pins_note_clear(pins);
    g_clear_pointer(&pins->expected, g_ptr_array_unref);
    g_clear_pointer(&pins->claims, bpfpv_status_free);
    g_clear_pointer(&pins->rewritten, g_ptr_array_unref);
    g_clear_pointer(&pins->applied, bpfpv_applied_domain_free);
    g_clear_pointer(&pins->wanted, bpfpv_cpuset_free);
    g_array_unref(pins->unsure);
    g_ptr_array_unref(pins->errors);
    g_hash_table_unref(pins->thread_errors);
    g_free(pins->state_dir);
}

void
bpfpv_pins_free(BpfpvPins *pins)
{
    if (!pins)
        return;
    pins->closed = TRUE;
    g_clear_handle_id(&pins->retry_timer, g_source_remove);
    bpfpv_pins_clear_truth(pins);
    g_clear_pointer(&pins->pinner, bpfpv_pinner_free);
    clear(pins);
    g_rc_box_release(pins);
}

/* ---- what is known ---- */

const GPtrArray *
bpfpv_pins_original(const BpfpvPins *pins)
{
    return pins->ready ? pins->entry->original : NULL;
}

BpfpvAppliedDomain *
bpfpv_pins_applied(BpfpvPins *pins)
{
    return pins->ready ? pins->applied : NULL;
}

BpfpvDemand *
bpfpv_pins_demand(const BpfpvPins *pins)
{
    guint n_vcpus = pins->applied->vcpus->len;
    BpfpvDemand *demand = bpfpv_demand_new(n_vcpus);
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_new_range(0, n_vcpus - 1);

    for (guint i = 0; i < n_vcpus; i++) {
        const BpfpvAppliedVcpu *vcpu = g_ptr_array_index(pins->applied->vcpus, i);
        g_autoptr(BpfpvCpuset) one = bpfpv_cpuset_new_range(i, i);

        /* With one CPU left beside an anchor, what floats has a single one too. */
        if (vcpu->anchored && pins->wanted && bpfpv_cpuset_contains(pins->wanted, i))
            bpfpv_demand_add(demand, one, all, 1);
    }
    return demand;
}

static gboolean
is_original(const BpfpvPins *pins, const BpfpvCpuset *cpus, const BpfpvCpuset *original)
{
    g_autoptr(BpfpvCpuset) back =
        bpfpv_thread_truth_back(original, pins->applied->allowed, bpfpv_pins_allowed_only(pins));

    return bpfpv_cpuset_equal(cpus, original) || bpfpv_cpuset_equal(cpus, back);
}

gboolean
bpfpv_pins_are_original(const BpfpvPins *pins)
{
    if (!pins->ready)
        return !pins->adopted;
    for (guint i = 0; i < pins->applied->threads->len; i++) {
        const BpfpvAppliedThread *thread = g_ptr_array_index(pins->applied->threads, i);

        if (thread->pending || !is_original(pins, thread->cpus, thread->original))
            return FALSE;
    }
    for (guint i = 0; i < pins->applied->vcpus->len; i++) {
        const BpfpvAppliedVcpu *vcpu = g_ptr_array_index(pins->applied->vcpus, i);

        if (vcpu->pending ||
            !is_original(pins, vcpu->cpus, g_ptr_array_index(pins->entry->original, i)))
            return FALSE;
    }
    return TRUE;
}

static void
unite_if_single(BpfpvCpuset *single, const BpfpvCpuset *set)
{
    if (bpfpv_cpuset_count(set) == 1)
        bpfpv_cpuset_unite(single, set);
}

BpfpvCpuset *
bpfpv_pins_single(const BpfpvPins *pins)
{
    BpfpvCpuset *single = bpfpv_cpuset_new();

    for (guint i = 0; i < pins->entry->original->len; i++)
        unite_if_single(single, g_ptr_array_index(pins->entry->original, i));
    for (guint i = 0; !bpfpv_cpuset_is_empty(single) && i < pins->entry->threads->len; i++)
        unite_if_single(
            single,
            ((const BpfpvJournalThread *)g_ptr_array_index(pins->entry->threads, i))->original);
    return single;
}

guint
bpfpv_pins_serial(const BpfpvPins *pins)
{
    return pins->serial;
}

const char *
bpfpv_pins_error(const BpfpvPins *pins, guint vcpu)
{
    return vcpu < pins->errors->len ? g_ptr_array_index(pins->errors, vcpu) : NULL;
}

gboolean
bpfpv_pins_our_channel(const BpfpvPins *pins)
{
    return pins->entry->our_channel;
}

void
bpfpv_pins_set_our_channel(BpfpvPins *pins, gboolean ours)
{
    pins->entry->our_channel = ours;
    bpfpv_pins_write_journal(pins);
}

void
bpfpv_pins_settle(BpfpvPins *pins)
{
    pins->entry->pinned = FALSE;
    if (pins->entry->our_channel || bpfpv_journal_entry_has_fixed(pins->entry))
        bpfpv_pins_write_journal(pins);
    else
        bpfpv_pins_forget(pins);
}

void
bpfpv_pins_forget(BpfpvPins *pins)
{
    bpfpv_journal_remove(pins->state_dir, pins->entry->uuid);
}
