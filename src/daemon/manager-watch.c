/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt tells the manager: domains that run, change, start over and end. */
#include "daemon/manager-private.h"

#include <string.h>

#include "programs/program.h"

static void
on_gone(const char *uuid, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    BpfpvManaged *managed = g_hash_table_lookup(manager->domains, uuid);

    if (!managed)
        return;
    bpfpv_pins_forget(managed->pins);
    manager->funcs->state(managed->name, managed->uuid, bpfpv_state_to_string(BPFPV_STATE_DETACHED),
                          "the domain has ended", manager->user_data);
    g_hash_table_remove(manager->domains, uuid);
    bpfpv_manager_place_soon(manager);
}

static BpfpvDomainXml *
parse_domain(const BpfpvManager *manager, const char *text, GError **error)
{
    g_autoptr(GPtrArray) programs = bpfpv_program_list();
    const BpfpvElementContext context = {programs, bpfpv_topology_present(manager->topology)};

    return bpfpv_domain_xml_parse(text, &context, error);
}

static void
on_domain(const char *uuid, int id, const char *text, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvDomainXml) xml = parse_domain(manager, text, &error);
    BpfpvManaged *managed;

    if (!xml) {
        g_warning("domain %s: %s", uuid, error->message);
        return;
    }
    managed = g_hash_table_lookup(manager->domains, uuid);
    if (managed && managed->id != id) {
        on_gone(uuid, manager); /* another run of it, whose start was all that was seen */
        managed = NULL;
    }
    if (!xml->config && !xml->config_error) {
        if (!managed && xml->status && !manager->listed && !manager->shutting_down)
            managed = bpfpv_manager_manage(manager, xml, id); /* what a daemon that died left */
        if (managed && !manager->shutting_down)
            bpfpv_managed_release(managed);
    } else if (!managed && !manager->shutting_down) {
        managed = bpfpv_manager_manage(manager, xml, id);
    }
    if (!managed)
        return;
    managed->seen = TRUE;
    bpfpv_session_update(managed->session, xml);
    bpfpv_pins_note_soon(managed->pins);
}

static gboolean
is_unseen(gpointer key, gpointer value, gpointer user_data)
{
    return !((BpfpvManaged *)value)->seen;
}

static void
on_listed(gpointer user_data)
{
    BpfpvManager *manager = user_data;

    /* Ended while there was no connection. A journal entry left behind is void by its id. */
    if (g_hash_table_foreach_remove(manager->domains, is_unseen, NULL) > 0)
        bpfpv_manager_place_soon(manager);
    manager->listed = TRUE;
    g_debug("all running domains are known");
}

static void
on_connected(const BpfpvTopology *topology, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    GHashTableIter iter;
    gpointer value;

    g_clear_pointer(&manager->topology, bpfpv_topology_free);
    manager->topology =
        bpfpv_topology_new(bpfpv_topology_present(topology), bpfpv_topology_online(topology));
    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        ((BpfpvManaged *)value)->seen = FALSE;
        bpfpv_pins_expect_none(((BpfpvManaged *)value)->pins);
    }
    manager->complained = FALSE;
    manager->listed = FALSE;
    g_message("connected to libvirt at %s", manager->conf->uri);
    bpfpv_manager_place_soon(manager);
}

static void
on_disconnected(const char *reason, gpointer user_data)
{
    BpfpvManager *manager = user_data;

    if (!manager->complained)
        g_message("not connected to libvirt (%s); trying again every second", reason);
    manager->complained = TRUE;
}

static void
on_agent(const char *uuid, gboolean connected, gpointer user_data)
{
    BpfpvManager *manager = user_data;

    if (g_hash_table_contains(manager->domains, uuid))
        bpfpv_watch_refresh(manager->watch, uuid);
}

static void
on_reset(const char *uuid, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    BpfpvManaged *managed = g_hash_table_lookup(manager->domains, uuid);

    if (!managed)
        return;
    bpfpv_session_reset(managed->session);
    bpfpv_watch_refresh(manager->watch, uuid);
}

static void
on_port(const char *uuid, const char *alias, gboolean open, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    BpfpvManaged *managed = g_hash_table_lookup(manager->domains, uuid);

    if (!managed)
        return;
    if (!open)
        bpfpv_session_port_closed(managed->session, alias);
    bpfpv_watch_refresh(manager->watch, uuid);
}

/* Emulator and I/O threads are not pinned by bpfpv. */
static void
on_pinned(const char *uuid, const char *thread, const char *text, gpointer user_data)
{
    static const char prefix[] = "vcpupin";
    BpfpvManager *manager = user_data;
    BpfpvManaged *managed = g_hash_table_lookup(manager->domains, uuid);
    g_autoptr(BpfpvCpuset) cpus = bpfpv_cpuset_parse(text, NULL);
    guint64 vcpu;

    if (managed && cpus && g_str_has_prefix(thread, prefix) &&
        g_ascii_string_to_unsigned(thread + strlen(prefix), 10, 0, G_MAXUINT, &vcpu, NULL) &&
        bpfpv_pins_heard(managed->pins, (guint)vcpu, cpus)) {
        bpfpv_manager_place_soon(manager);
        bpfpv_pins_note_soon(managed->pins);
    }
}

const BpfpvWatchFuncs bpfpv_manager_watch_funcs = {
    on_connected, on_disconnected, on_domain, on_listed, on_gone,
    on_agent,     on_reset,        on_port,   on_pinned,
};
