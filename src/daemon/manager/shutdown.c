/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon ends: every original goes back, as far as libvirt lets it. What
 * does not is in the journal, and is said.
 */
#include "daemon/manager/private.h"

/* A job that holds a domain takes libvirt 30 s to give up on. */
#define SHUTDOWN_TIMEOUT_S 35
/* Without a connection nothing can be put back: this long for libvirtd to be restarted. */
#define OFFLINE_TIMEOUT_MS 2000

static void
end(BpfpvManager *manager)
{
    g_clear_handle_id(&manager->shutdown_timer, g_source_remove);
    g_clear_handle_id(&manager->offline_timer, g_source_remove);
    manager->shutdown_done(manager->shutdown_data);
}

/* Whether all of a domain is as it was; its journal entry says so then. */
static gboolean
settle(const BpfpvManaged *managed)
{
    if (!bpfpv_pins_are_original(managed->pins) || !bpfpv_pins_end_note(managed->pins))
        return FALSE;
    bpfpv_pins_settle(managed->pins);
    return TRUE;
}

static void
give_up(BpfpvManager *manager, const char *why)
{
    g_autoptr(GString) names = g_string_new(NULL);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const BpfpvManaged *managed = value;

        if (settle(managed) || bpfpv_pins_are_original(managed->pins))
            continue;
        manager->shutdown_left++;
        g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", managed->name);
    }
    if (manager->shutdown_left > 0)
        g_warning("%s: the original pins of %u domains could not be put back: %s; %s keeps them: "
                  "start bpfpvd, or run \"bpfpvd --restore\", when what is in the way is gone",
                  why, manager->shutdown_left, names->str, manager->conf->state_dir);
    end(manager);
}

static gboolean
shutdown_over(gpointer user_data)
{
    BpfpvManager *manager = user_data;

    manager->shutdown_timer = 0;
    give_up(manager, "libvirt did not do it in time");
    return G_SOURCE_REMOVE;
}

static gboolean
offline_over(gpointer user_data)
{
    BpfpvManager *manager = user_data;

    manager->offline_timer = 0;
    give_up(manager, "libvirt can't be reached");
    return G_SOURCE_REMOVE;
}

/* Whether no domain has a status any more. */
static gboolean
end_notes(BpfpvManager *manager)
{
    gboolean ended = TRUE;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ended &= bpfpv_pins_end_note(((BpfpvManaged *)value)->pins);
    return ended;
}

void
bpfpv_manager_check_shutdown(BpfpvManager *manager)
{
    GHashTableIter iter;
    gpointer value;

    if (!manager->shutting_down || !manager->shutdown_timer)
        return;
    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (!bpfpv_pins_are_original(((BpfpvManaged *)value)->pins))
            return;
    if (!end_notes(manager))
        return;
    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        bpfpv_pins_settle(((BpfpvManaged *)value)->pins);
    end(manager);
}

void
bpfpv_manager_shutdown_connection(BpfpvManager *manager)
{
    if (!manager->shutdown_timer)
        return;
    if (manager->connected)
        g_clear_handle_id(&manager->offline_timer, g_source_remove);
    else if (!manager->offline_timer)
        manager->offline_timer = g_timeout_add(OFFLINE_TIMEOUT_MS, offline_over, manager);
}

void
bpfpv_manager_shutdown(BpfpvManager *manager, GSourceFunc done, gpointer user_data)
{
    GHashTableIter iter;
    gpointer value;

    if (manager->shutting_down)
        return;
    manager->shutting_down = TRUE;
    manager->shutdown_done = done;
    manager->shutdown_data = user_data;
    manager->shutdown_timer = g_timeout_add_seconds(SHUTDOWN_TIMEOUT_S, shutdown_over, manager);
    bpfpv_manager_shutdown_connection(manager);
    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        bpfpv_pins_forget_refusals(((BpfpvManaged *)value)->pins);
    bpfpv_manager_place_soon(manager);
}

guint
bpfpv_manager_shutdown_left(const BpfpvManager *manager)
{
    return manager->shutdown_left;
}
