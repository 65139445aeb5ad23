/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts back what a daemon that died left pinned; see restore.h. */
#include "daemon/restore.h"

#include "host/journal.h"
#include "host/pinner.h"
#include "host/virt.h"

/* One domain. What an administrator has pinned meanwhile is theirs. */
typedef struct {
    GMainLoop *loop;
    BpfpvPinner *pinner;
    const BpfpvJournalEntry *entry;
    guint left; /* calls under way */
    gboolean failed;
} Restore;

static void
fail(Restore *restore, const GError *error)
{
    g_warning("%s", error->message);
    restore->failed = TRUE;
}

static void
call_ended(Restore *restore)
{
    if (--restore->left == 0)
        g_main_loop_quit(restore->loop);
}

static void
on_pinned(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;

    if (!bpfpv_pinner_pin_finish(result, &error))
        fail(user_data, error);
    call_ended(user_data);
}

static void
on_unnoted(GObject *source, GAsyncResult *result, gpointer user_data)
{
    bpfpv_pinner_note_finish(result, NULL); /* says less than the pins do */
    call_ended(user_data);
}

/* Whether the domain still runs as the run that the entry is of. */
static gboolean
is_same_run(virConnectPtr connection, const BpfpvJournalEntry *entry)
{
    g_autoptr(virDomain) domain = virDomainLookupByUUIDString(connection, entry->uuid);

    return domain && virDomainIsActive(domain) == 1 && (int)virDomainGetID(domain) == entry->id;
}

static void
put_back(Restore *restore, BpfpvThreadKind kind, guint id, const BpfpvCpuset *original)
{
    restore->left++;
    bpfpv_pinner_pin(restore->pinner, kind, id, original, on_pinned, restore);
}

/* I/O threads may have gone since: only those that are there get something back. */
static void
on_threads(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Restore *restore = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) present = bpfpv_pinner_read_threads_finish(result, &error);

    if (!present)
        fail(restore, error);
    for (guint i = 0; present && i < present->len; i++) {
        const BpfpvPinnedThread *thread = g_ptr_array_index(present, i);
        const BpfpvJournalThread *known =
            bpfpv_journal_entry_find_thread(restore->entry, thread->kind, thread->id);

        /* One that has a single CPU is never moved: if it has another, somebody else moved it. */
        if (known && !known->fixed && bpfpv_cpuset_count(known->original) > 1)
            put_back(restore, thread->kind, thread->id, known->original);
    }
    restore->left++;
    bpfpv_pinner_note(restore->pinner, NULL, on_unnoted, restore);
    call_ended(restore);
}

static gboolean
restore_domain(const BpfpvConf *conf, const BpfpvJournalEntry *entry)
{
    g_autoptr(BpfpvPinner) pinner = bpfpv_pinner_new(conf->uri, entry->uuid, entry->id);
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Restore restore = {loop, pinner, entry, 0, FALSE};

    for (guint i = 0; i < entry->original->len; i++)
        if (!bpfpv_journal_entry_is_theirs(entry, i))
            put_back(&restore, BPFPV_THREAD_VCPU, i, g_ptr_array_index(entry->original, i));
    restore.left++;
    bpfpv_pinner_read_threads(pinner, on_threads, &restore);
    g_main_loop_run(loop);
    return !restore.failed;
}

gboolean
bpfpv_restore(const BpfpvConf *conf)
{
    g_autoptr(GPtrArray) entries = bpfpv_journal_list(conf->state_dir);
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvVirConnect) connection = NULL;
    gboolean restored = TRUE;

    if (entries->len == 0)
        return TRUE;
    connection = bpfpv_virt_open(conf->uri, &error);
    if (!connection) {
        g_warning("%s", error->message);
        return FALSE;
    }
    for (guint i = 0; i < entries->len; i++) {
        BpfpvJournalEntry *entry = g_ptr_array_index(entries, i);

        if (!is_same_run(connection, entry)) {
            bpfpv_journal_remove(conf->state_dir, entry->uuid);
            continue;
        }
        if (!entry->pinned)
            continue;
        if (!restore_domain(conf, entry)) {
            restored = FALSE;
            continue;
        }
        g_message("domain %s: its original pins are back", entry->name);
        entry->pinned = FALSE;
        if (!entry->our_channel && !bpfpv_journal_entry_has_fixed(entry))
            bpfpv_journal_remove(conf->state_dir, entry->uuid);
        else if (!bpfpv_journal_write(conf->state_dir, entry, &error))
            g_clear_error(&error);
    }
    return restored;
}
