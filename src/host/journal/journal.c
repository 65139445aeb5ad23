/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must survive the daemon; see journal.h. The only user of the state directory. */
#include "host/journal/private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#define SUFFIX ".json"

static char *
entry_path(const char *directory, const char *uuid)
{
    g_autofree char *file = g_strconcat(uuid, SUFFIX, NULL);

    return g_build_filename(directory, file, NULL);
}

/* An error where what is on record of a domain can't be read: it may be all that is left of its
 * originals, so that nobody but an administrator puts it aside. */
static gboolean
check_record(const char *directory, const char *uuid, GError **error)
{
    g_autoptr(GError) cause = NULL;
    BpfpvJournalEntry *entry = bpfpv_journal_read(directory, uuid, &cause);

    bpfpv_journal_entry_free(entry);
    if (!cause)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

gboolean
bpfpv_journal_write(const char *directory, const BpfpvJournalEntry *entry, GError **error)
{
    g_autofree char *path = entry_path(directory, entry->uuid);
    g_autofree char *text = bpfpv_journal_to_json(entry);

    if (g_mkdir_with_parents(directory, 0700) < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "making the state directory %s: %s", directory, g_strerror(errno));
        return FALSE;
    }
    return check_record(directory, entry->uuid, error) &&
           g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

BpfpvJournalEntry *
bpfpv_journal_read(const char *directory, const char *uuid, GError **error)
{
    g_autofree char *path = entry_path(directory, uuid);
    g_autofree char *text = NULL;
    g_autoptr(GError) cause = NULL;
    BpfpvJournalEntry *entry = NULL;

    if (g_file_get_contents(path, &text, NULL, &cause))
        entry = bpfpv_journal_from_json(text, uuid, &cause);
    else if (g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return NULL;
    if (!entry)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "state file %s is unusable (%s): which pins domain %s had before bpfpv is not "
                    "known from it; compare \"virsh vcpupin %s\" with what it should have, then "
                    "move the file away",
                    path, cause->message, uuid, uuid);
    return entry;
}

void
bpfpv_journal_remove(const char *directory, const char *uuid)
{
    g_autofree char *path = entry_path(directory, uuid);

    if (check_record(directory, uuid, NULL))
        g_unlink(path);
}

static void
list_file(const char *directory, const char *file, GPtrArray *entries, GPtrArray *problems)
{
    g_autofree char *uuid = NULL;
    g_autoptr(GError) error = NULL;
    BpfpvJournalEntry *entry;

    if (!g_str_has_suffix(file, SUFFIX))
        return;
    uuid = g_strndup(file, strlen(file) - strlen(SUFFIX));
    entry = bpfpv_journal_read(directory, uuid, &error);
    if (entry)
        g_ptr_array_add(entries, entry);
    else if (error)
        g_ptr_array_add(problems, g_strdup(error->message));
}

GPtrArray *
bpfpv_journal_list(const char *directory, GPtrArray **problems)
{
    GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_journal_entry_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, &error);
    const char *file;

    *problems = g_ptr_array_new_with_free_func(g_free);
    if (!dir && !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_ptr_array_add(*problems, g_strdup_printf("state directory %s can't be read: %s",
                                                   directory, error->message));
    while (dir && (file = g_dir_read_name(dir)))
        list_file(directory, file, entries, *problems);
    return entries;
}
