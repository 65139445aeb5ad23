/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain's threads that are no vCPUs: the emulator and the I/O threads,
 * which come and go while it runs. What each had before bpfpv, and what its
 * pin calls end in.
 */
#include "daemon/pins/private.h"

#include "host/virt.h"

static BpfpvAppliedThread *
applied_thread(const BpfpvPins *pins, guint index)
{
    return g_ptr_array_index(pins->applied->threads, index);
}

const char *
bpfpv_pins_thread_error(const BpfpvPins *pins, guint id)
{
    return g_hash_table_lookup(pins->thread_errors, GUINT_TO_POINTER(id));
}

void
bpfpv_pins_set_thread_error(BpfpvPins *pins, guint id, const char *message)
{
    if (message)
        g_hash_table_replace(pins->thread_errors, GUINT_TO_POINTER(id), g_strdup(message));
    else
        g_hash_table_remove(pins->thread_errors, GUINT_TO_POINTER(id));
}

/* ---- which there are ---- */

/* A thread that has a single CPU is never moved, as an anchor never takes somebody's last one: if
 * it has another, somebody else pinned it while no daemon ran. */
static gboolean
is_theirs(const BpfpvJournalThread *known, const BpfpvPinnedThread *present)
{
    return known->fixed || (bpfpv_cpuset_count(known->original) == 1 &&
                            !bpfpv_cpuset_equal(known->original, present->cpus));
}

/* Its original is the journal's if that has one, else what another daemon said, else what it has;
 * an administrator's pin may have become another while no daemon ran. @inherited: (out) */
static BpfpvJournalThread *
original_of(BpfpvPins *pins, const BpfpvPinnedThread *present, gboolean *inherited)
{
    BpfpvJournalThread *known =
        bpfpv_journal_entry_find_thread(pins->entry, present->kind, present->id);

    if (!known) {
        BpfpvPinsOrigin origin;

        bpfpv_pins_find_origin(pins, present, &origin);
        known = bpfpv_journal_entry_add_thread(pins->entry, present->kind, present->id,
                                               origin.original);
        known->fixed = origin.fixed;
        *inherited = origin.inherited;
        bpfpv_cpuset_free(origin.original);
        pins->journaled = FALSE;
    } else {
        if (is_theirs(known, present))
            bpfpv_journal_thread_fix(known, present->cpus);
        *inherited = bpfpv_pinned_thread_is_inherited(present, known->original);
    }
    if (!bpfpv_cpuset_equal(known->original, present->cpus)) {
        pins->entry->pinned = TRUE;
        pins->adopted = TRUE;
    }
    return known;
}

static void
add_thread(BpfpvPins *pins, const BpfpvPinnedThread *present)
{
    gboolean inherited;
    const BpfpvJournalThread *known = original_of(pins, present, &inherited);
    BpfpvAppliedThread *thread;

    bpfpv_applied_domain_add_thread(pins->applied, present->kind, present->id, known->original);
    thread = applied_thread(pins, pins->applied->threads->len - 1);
    thread->inherited = inherited;
    thread->fixed = known->fixed;
    bpfpv_pins_replace(&thread->cpus, present->cpus);
}

static gboolean
has_thread(const GPtrArray *present, BpfpvThreadKind kind, guint id)
{
    for (guint i = 0; i < present->len; i++) {
        const BpfpvPinnedThread *thread = g_ptr_array_index(present, i);

        if (thread->kind == kind && thread->id == id)
            return TRUE;
    }
    return FALSE;
}

/* A thread that is gone has nothing to get back; another of its number is another. */
static gboolean
drop_gone(BpfpvPins *pins, const GPtrArray *present)
{
    GPtrArray *journal = pins->entry->threads;
    guint before = pins->applied->threads->len;

    for (guint t = before; t-- > 0;) {
        const BpfpvAppliedThread *thread = applied_thread(pins, t);

        if (has_thread(present, thread->kind, thread->id))
            continue;
        bpfpv_pins_set_thread_error(pins, thread->id, NULL);
        g_ptr_array_remove_index(pins->applied->threads, t);
    }
    for (guint t = journal->len; t-- > 0;) {
        const BpfpvJournalThread *thread = g_ptr_array_index(journal, t);

        if (!has_thread(present, thread->kind, thread->id))
            g_ptr_array_remove_index(journal, t);
    }
    return pins->applied->threads->len != before;
}

/* Whether they are others than before. */
static gboolean
take_threads(BpfpvPins *pins, const GPtrArray *present)
{
    gboolean changed = drop_gone(pins, present);

    for (guint i = 0; i < present->len; i++) {
        const BpfpvPinnedThread *thread = g_ptr_array_index(present, i);

        if (bpfpv_applied_domain_find_thread(pins->applied, thread->kind, thread->id))
            continue;
        add_thread(pins, thread);
        changed = TRUE;
    }
    g_clear_pointer(&pins->claims, bpfpv_status_free);
    return changed;
}

static void
finish_reading(BpfpvPins *pins, const GPtrArray *present, const GError *error)
{
    gboolean first = !pins->ready;

    if (error && first) {
        bpfpv_pins_read_later(pins);
        pins->funcs->ready(pins, error, pins->user_data);
        return;
    }
    if (error)
        g_debug("%s", error->message); /* those that are known stay; the next change asks again */
    if (error || (!take_threads(pins, present) && !first))
        return;
    bpfpv_pins_look(pins);
    pins->ready = TRUE;
    pins->serial++;
    pins->noted_originals = pins->noting_originals = FALSE; /* it lacks the new ones */
    if (pins->entry->pinned)
        bpfpv_pins_write_journal(pins);
    pins->funcs->ready(pins, NULL, pins->user_data);
    if (first)
        bpfpv_pins_keep_fixed(pins);
}

static void
on_read_threads(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvPins *pins = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) present = bpfpv_pinner_read_threads_finish(result, &error);

    if (!pins->closed) {
        pins->reading_threads = FALSE;
        finish_reading(pins, present, error);
        if (pins->read_threads_again && pins->ready)
            bpfpv_pins_read_threads(pins);
    }
    g_rc_box_release(pins);
}

void
bpfpv_pins_read_threads(BpfpvPins *pins)
{
    pins->read_threads_again = pins->reading_threads;
    if (pins->reading_threads)
        return;
    pins->reading_threads = TRUE;
    bpfpv_pinner_read_threads(pins->pinner, on_read_threads, g_rc_box_acquire(pins));
}

void
bpfpv_pins_iothreads_told(BpfpvPins *pins, const GArray *told)
{
    guint n = 0;

    if (!pins->ready)
        return;
    for (guint t = 0; t < pins->applied->threads->len; t++)
        n += applied_thread(pins, t)->kind == BPFPV_THREAD_IOTHREAD;
    for (guint i = 0; i < told->len && n == told->len; i++)
        if (!bpfpv_applied_domain_find_thread(pins->applied, BPFPV_THREAD_IOTHREAD,
                                              g_array_index(told, BpfpvDomainIothread, i).id))
            n = G_MAXUINT;
    if (n != told->len)
        bpfpv_pins_read_threads(pins);
}

/* ---- what became of a call ---- */

void
bpfpv_pins_keep_fixed_thread(BpfpvPins *pins, BpfpvAppliedThread *thread)
{
    if (thread->fixed && !thread->pending &&
        !bpfpv_thread_truth_refuses(&thread->truth, thread->original) &&
        !bpfpv_cpuset_equal(thread->cpus, thread->original))
        bpfpv_pins_call_thread(pins, thread, thread->original);
}

void
bpfpv_pins_finish_thread(BpfpvPins *pins, BpfpvAppliedThread *thread, const GError *error,
                         gboolean unsure)
{
    const BpfpvPinsThread which = {thread ? thread->kind : BPFPV_THREAD_EMULATOR,
                                   thread ? thread->id : 0};
    g_autoptr(BpfpvCpuset) asked = NULL;

    if (!thread)
        return;
    if (!error) {
        bpfpv_cpuset_free(thread->cpus);
        thread->cpus = g_steal_pointer(&thread->pending);
        bpfpv_pins_verify(pins, &which, &thread->truth, thread->cpus, thread->original, FALSE);
        bpfpv_pins_keep_fixed_thread(pins, thread);
        return;
    }
    if (g_strcmp0(bpfpv_pins_explain(error), bpfpv_pins_thread_error(pins, thread->id)) != 0)
        bpfpv_pins_log_failure(pins, error);
    bpfpv_pins_set_thread_error(pins, thread->id, bpfpv_pins_explain(error));
    if (!bpfpv_pins_is_refusal(error))
        bpfpv_pins_block_for(pins, BPFPV_PINS_RETRY_MS);
    if (unsure)
        return;
    bpfpv_pins_unexpect(pins, thread->kind, thread->id, thread->pending);
    asked = g_steal_pointer(&thread->pending);
    if (!bpfpv_pins_is_refusal(error))
        return;
    bpfpv_pins_refused_call(pins, &which, &thread->truth, thread->cpus, thread->original, asked,
                            FALSE, error->message);
    bpfpv_pins_read_threads(pins); /* the thread may be gone: libvirt has no event for that */
}
