/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which managed domain is meant, and which there are. */
#include "daemon/manager/private.h"

#include <string.h>

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp((*(BpfpvManaged *const *)a)->name, (*(BpfpvManaged *const *)b)->name);
}

GPtrArray *
bpfpv_manager_list(BpfpvManager *manager)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_ptr_array_add(list, value);
    g_ptr_array_sort(list, compare_names);
    return list;
}

static BpfpvManaged *
find_by_id(const BpfpvManager *manager, guint64 id)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if ((guint64)((BpfpvManaged *)value)->id == id)
            return value;
    return NULL;
}

/* Of two of a name, one is another run or about to be told as ended: the later run. */
static BpfpvManaged *
find_by_name(const BpfpvManager *manager, const char *name)
{
    BpfpvManaged *found = NULL;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        BpfpvManaged *managed = value;

        if (g_str_equal(managed->name, name) && (!found || managed->id > found->id))
            found = managed;
    }
    return found;
}

static gboolean
is_running_id(const BpfpvManager *manager, guint64 id)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->runs);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if ((guint64)GPOINTER_TO_INT(value) == id)
            return TRUE;
    return FALSE;
}

BpfpvManaged *
bpfpv_manager_find(BpfpvManager *manager, const char *text)
{
    g_autofree char *uuid = g_ascii_strdown(text, -1);
    BpfpvManaged *managed = NULL;
    guint64 id;

    if (g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &id, NULL)) {
        managed = find_by_id(manager, id);
        if (managed || is_running_id(manager, id))
            return managed;
    }
    managed = g_hash_table_lookup(manager->domains, uuid);
    if (managed || g_hash_table_contains(manager->runs, uuid))
        return managed;
    return find_by_name(manager, text);
}
