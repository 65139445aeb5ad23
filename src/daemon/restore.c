/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts back what a daemon that died left pinned; see restore.h. */
#include "daemon/restore.h"

#include "host/journal.h"
#include "host/pinner.h"
#include "host/virt.h"

typedef struct {
    GMainLoop *loop;
    guint left;
    gboolean failed;
} Progress;

static void
on_pinned(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Progress *progress = user_data;
    g_autoptr(GError) error = NULL;

    if (!bpfpv_pinner_pin_finish(result, &error)) {
        g_warning("%s", error->message);
        progress->failed = TRUE;
    }
    if (--progress->left == 0)
        g_main_loop_quit(progress->loop);
}

static void
on_unnoted(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Progress *progress = user_data;

    bpfpv_pinner_note_finish(result, NULL); /* says less than the pins do */
    if (--progress->left == 0)
        g_main_loop_quit(progress->loop);
}

/* Whether the domain still runs as the run that the entry is of. */
static gboolean
is_same_run(virConnectPtr connection, const BpfpvJournalEntry *entry)
{
    g_autoptr(virDomain) domain = virDomainLookupByUUIDString(connection, entry->uuid);

    return domain && virDomainIsActive(domain) == 1 && (int)virDomainGetID(domain) == entry->id;
}

static gboolean
restore_domain(const BpfpvConf *conf, BpfpvJournalEntry *entry)
{
    g_autoptr(BpfpvPinner) pinner = bpfpv_pinner_new(conf->uri, entry->uuid, entry->id);
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Progress progress = {loop, entry->original->len, FALSE};

    for (guint i = 0; i < entry->original->len; i++)
        bpfpv_pinner_pin(pinner, i, g_ptr_array_index(entry->original, i), on_pinned, &progress);
    progress.left++;
    bpfpv_pinner_note(pinner, NULL, on_unnoted, &progress);
    g_main_loop_run(loop);
    return !progress.failed;
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
        if (!entry->our_channel)
            bpfpv_journal_remove(conf->state_dir, entry->uuid);
        else if (!bpfpv_journal_write(conf->state_dir, entry, &error))
            g_clear_error(&error);
    }
    return restored;
}
