/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The manager as it takes everything back: each running domain in which something of bpfpv is
 * is managed just to be released.
 */
#include "daemon/manager/private.h"

#include "host/journal/journal.h"

static gboolean
has_something(const BpfpvManager *manager, const BpfpvDomainXml *xml)
{
    g_autoptr(BpfpvJournalEntry) entry = NULL;

    if (xml->config || xml->config_error || xml->status || xml->channel_connected)
        return TRUE;
    entry = bpfpv_journal_read(manager->conf->state_dir, xml->uuid, NULL);
    return entry != NULL;
}

BpfpvManaged *
bpfpv_manager_withdraw_domain(BpfpvManager *manager, const BpfpvDomainXml *xml, int id)
{
    BpfpvManaged *managed;

    if (g_hash_table_contains(manager->withdrawn, xml->uuid) || !has_something(manager, xml))
        return NULL;
    g_hash_table_add(manager->withdrawn, g_strdup(xml->uuid));
    managed = bpfpv_manager_manage(manager, xml, id);
    bpfpv_session_only_end(managed->session, xml);
    bpfpv_managed_release(managed);
    return managed;
}

void
bpfpv_manager_check_withdrawal(BpfpvManager *manager)
{
    GSourceFunc done = manager->withdraw_done;
    gboolean over = manager->listed && g_hash_table_size(manager->domains) == 0;

    if (!manager->withdrawn || !done || (!over && manager->connected) ||
        (!over && !manager->unreachable))
        return;
    manager->withdraw_done = NULL;
    done(manager->withdraw_data);
}

void
bpfpv_manager_withdraw(BpfpvManager *manager, GSourceFunc done, gpointer user_data)
{
    manager->withdrawn = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    manager->withdraw_done = done;
    manager->withdraw_data = user_data;
}

GPtrArray *
bpfpv_manager_withdrawn(BpfpvManager *manager, char **left)
{
    GPtrArray *done = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) domains = bpfpv_manager_list(manager);
    g_autoptr(GString) names = g_string_new(NULL);
    GHashTableIter iter;
    gpointer uuid;

    g_hash_table_iter_init(&iter, manager->withdrawn);
    while (g_hash_table_iter_next(&iter, &uuid, NULL))
        if (!g_hash_table_contains(manager->domains, uuid))
            g_ptr_array_add(done, g_strdup(uuid));
    for (guint i = 0; i < domains->len; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "",
                               ((BpfpvManaged *)g_ptr_array_index(domains, i))->name);
    if (!manager->listed)
        *left = g_strdup("libvirt can't be reached");
    else
        *left = names->len > 0 ? g_strdup(names->str) : NULL;
    return done;
}
