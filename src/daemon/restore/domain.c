/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Puts one domain back: looks whether its run is still there, gives its
 * threads their masks one by one, notes that. See restore.h.
 */
#include "daemon/restore/private.h"

#include "host/run.h"
#include "host/virt.h"

#define HELD "another job (migration, save, dump) holds it"

typedef struct {
    BpfpvThreadKind kind;
    guint id;
    const BpfpvCpuset *original; /* the entry's */
} Thread;

static void look(BpfpvRestoreDomain *domain);
static void put_next_back(BpfpvRestoreDomain *domain);

static void
domain_clear(gpointer data)
{
    BpfpvRestoreDomain *domain = data;

    bpfpv_journal_entry_free(domain->entry);
    bpfpv_pinner_free(domain->pinner);
    g_array_unref(domain->threads);
    g_free(domain->reason);
}

/* Of a call that has ended. Returns: (nullable): NULL where nobody is interested any more */
static BpfpvRestoreDomain *
take_domain(gpointer user_data)
{
    BpfpvRestoreDomain *domain = user_data;
    gboolean closed = domain->closed;

    g_rc_box_release_full(domain, domain_clear); /* the list has it, or nobody */
    return closed ? NULL : domain;
}

static void
set_reason(BpfpvRestoreDomain *domain, const char *reason)
{
    char *copy = g_strdup(reason);

    g_free(domain->reason);
    domain->reason = copy;
}

/* @reason: (nullable): why it is not back */
static void
settle(BpfpvRestoreDomain *domain, const char *reason)
{
    set_reason(domain, reason);
    bpfpv_restore_settled(domain);
}

/* Nothing of it is known to be as it was: the next turn begins anew. */
static void
wait_for_job(BpfpvRestoreDomain *domain)
{
    set_reason(domain, HELD);
    domain->looked_after_failure = FALSE;
    bpfpv_restore_later(domain);
}

/* ---- putting back ---- */

static void
on_unnoted(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvRestoreDomain *domain = take_domain(user_data);
    const char *state_dir;
    g_autoptr(GError) error = NULL;

    bpfpv_pinner_note_finish(result, NULL); /* says less than the pins do */
    if (!domain)
        return;
    state_dir = domain->restore->conf->state_dir;
    g_message("domain %s: its original pins are back", domain->entry->name);
    domain->entry->pinned = FALSE;
    if (!domain->entry->our_channel && !bpfpv_journal_entry_has_fixed(domain->entry))
        bpfpv_journal_remove(state_dir, domain->entry->uuid);
    else
        bpfpv_journal_write(state_dir, domain->entry, &error);
    settle(domain, error ? error->message : NULL);
}

static void
on_pinned(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvRestoreDomain *domain = take_domain(user_data);
    g_autoptr(GError) error = NULL;
    gboolean pinned = bpfpv_pinner_pin_finish(result, &error);

    if (!domain)
        return;
    if (bpfpv_virt_is_busy(error)) {
        wait_for_job(domain); /* each further call would wait as long */
        return;
    }
    if (!pinned)
        set_reason(domain, error->message);
    g_array_remove_index(domain->threads, domain->threads->len - 1);
    put_next_back(domain);
}

/* Others are put back even where one can't be. */
static void
put_next_back(BpfpvRestoreDomain *domain)
{
    if (domain->threads->len > 0) {
        const Thread *thread = &g_array_index(domain->threads, Thread, domain->threads->len - 1);

        bpfpv_pinner_pin(domain->pinner, thread->kind, thread->id, thread->original, on_pinned,
                         g_rc_box_acquire(domain));
    } else if (!domain->reason) {
        bpfpv_pinner_note(domain->pinner, NULL, on_unnoted, g_rc_box_acquire(domain));
    } else if (!domain->looked_after_failure) {
        domain->looked_after_failure = TRUE; /* it may just have ended */
        look(domain);
    } else {
        settle(domain, domain->reason);
    }
}

static void
add_thread(BpfpvRestoreDomain *domain, BpfpvThreadKind kind, guint id, const BpfpvCpuset *original)
{
    const Thread thread = {kind, id, original};

    g_array_append_val(domain->threads, thread);
}

/* I/O threads may have gone since: only those that are there get something back. */
static void
add_present_threads(BpfpvRestoreDomain *domain, const GPtrArray *present)
{
    for (guint i = 0; i < present->len; i++) {
        const BpfpvPinnedThread *thread = g_ptr_array_index(present, i);
        const BpfpvJournalThread *known =
            bpfpv_journal_entry_find_thread(domain->entry, thread->kind, thread->id);

        /* One that has a single CPU is never moved: if it has another, somebody else moved it. */
        if (known && !known->fixed && bpfpv_cpuset_count(known->original) > 1)
            add_thread(domain, thread->kind, thread->id, known->original);
    }
}

static void
on_threads(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvRestoreDomain *domain = take_domain(user_data);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) present = bpfpv_pinner_read_threads_finish(result, &error);
    const GPtrArray *originals;

    if (!domain)
        return;
    if (bpfpv_virt_is_busy(error)) {
        wait_for_job(domain);
        return;
    }
    g_array_set_size(domain->threads, 0);
    set_reason(domain, present ? NULL : error->message);
    if (present)
        add_present_threads(domain, present);
    originals = domain->entry->original;
    for (guint i = originals->len; i-- > 0;)
        if (!bpfpv_journal_entry_is_theirs(domain->entry, i))
            add_thread(domain, BPFPV_THREAD_VCPU, i, originals->pdata[i]);
    put_next_back(domain);
}

static void
put_back(BpfpvRestoreDomain *domain)
{
    const BpfpvJournalEntry *entry = domain->entry;

    if (!domain->pinner)
        domain->pinner = bpfpv_pinner_new(domain->restore->conf->uri, entry->uuid, entry->id);
    bpfpv_pinner_read_threads(domain->pinner, on_threads, g_rc_box_acquire(domain));
}

/* ---- looking ---- */

/* What a worker needs of a domain: it may outlive it. */
typedef struct {
    char *uri;
    char *uuid;
    int id;
    BpfpvRunState state;
} Look;

static void
look_free(gpointer data)
{
    Look *look = data;

    g_free(look->uri);
    g_free(look->uuid);
    g_free(look);
}

static void
look_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Look *look = data;
    GError *error = NULL;

    if (bpfpv_run_look(look->uri, look->uuid, look->id, &look->state, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static void
on_looked(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvRestoreDomain *domain = take_domain(user_data);
    const Look *look = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) error = NULL;
    gboolean known = g_task_propagate_boolean(G_TASK(result), &error);

    if (!domain)
        return;
    if (!known) {
        settle(domain, domain->entry->pinned ? error->message : NULL);
    } else if (look->state == BPFPV_RUN_OVER) {
        bpfpv_journal_remove(domain->restore->conf->state_dir, domain->entry->uuid);
        settle(domain, NULL);
    } else if (!domain->entry->pinned) {
        settle(domain, NULL);
    } else if (look->state == BPFPV_RUN_HELD) {
        wait_for_job(domain);
    } else if (domain->looked_after_failure) {
        put_next_back(domain); /* says why */
    } else {
        put_back(domain);
    }
}

static void
look(BpfpvRestoreDomain *domain)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, on_looked, g_rc_box_acquire(domain));
    Look *look = g_new0(Look, 1);

    look->uri = g_strdup(domain->restore->conf->uri);
    look->uuid = g_strdup(domain->entry->uuid);
    look->id = domain->entry->id;
    g_task_set_task_data(task, look, look_free);
    bpfpv_worker_run(domain->restore->worker, NULL, task, look_in_worker);
}

/* ---- life ---- */

BpfpvRestoreDomain *
bpfpv_restore_domain_new(BpfpvRestore *restore, BpfpvJournalEntry *entry)
{
    BpfpvRestoreDomain *domain = g_rc_box_new0(BpfpvRestoreDomain);

    domain->restore = restore;
    domain->entry = entry;
    domain->threads = g_array_new(FALSE, FALSE, sizeof(Thread));
    return domain;
}

void
bpfpv_restore_domain_free(gpointer data)
{
    BpfpvRestoreDomain *domain = data;

    domain->closed = TRUE;
    g_clear_handle_id(&domain->timer, g_source_remove);
    g_rc_box_release_full(domain, domain_clear);
}

void
bpfpv_restore_domain_begin(BpfpvRestoreDomain *domain)
{
    look(domain);
}
