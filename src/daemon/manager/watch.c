/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt tells the manager: domains that run, change, start over and end. */
#include "daemon/manager/private.h"

#include <string.h>

#include "programs/program.h"
#include "xml/devices.h"

static void
on_gone(const char *uuid, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    BpfpvManaged *managed = g_hash_table_lookup(manager->domains, uuid);

    g_hash_table_remove(manager->runs, uuid);
    if (g_hash_table_remove(manager->neighbours, uuid))
        bpfpv_manager_place_soon(manager);
    if (!managed)
        return;
    bpfpv_pins_forget(managed->pins);
    manager->funcs->state(managed->name, managed->uuid, bpfpv_state_to_string(BPFPV_STATE_DETACHED),
                          "the domain has ended", manager->user_data);
    g_hash_table_remove(manager->domains, uuid);
    bpfpv_manager_place_soon(manager);
    bpfpv_manager_check_withdrawal(manager);
}

/* It runs as far as anybody knows. */
static void
on_unread(const char *uuid, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    BpfpvManaged *managed = g_hash_table_lookup(manager->domains, uuid);

    if (managed)
        managed->seen = TRUE;
}

static BpfpvDomainXml *
parse_domain(const BpfpvManager *manager, const char *text, GError **error)
{
    g_autoptr(GPtrArray) programs = bpfpv_program_list();
    const BpfpvElementContext context = {programs, bpfpv_topology_present(manager->topology)};

    return bpfpv_domain_xml_parse(text, &context, manager->conf->policy, error);
}

/* By its own status, or, where somebody has removed that, by the journal. */
static gboolean
is_left_pinned(const BpfpvManager *manager, const BpfpvDomainXml *xml, int id)
{
    g_autoptr(BpfpvJournalEntry) entry = NULL;

    if (manager->listed || manager->shutting_down)
        return FALSE;
    if (xml->status)
        return TRUE;
    entry = bpfpv_journal_read(manager->conf->state_dir, xml->uuid, NULL);
    return entry && entry->pinned && entry->id == id;
}

/* @topology: (nullable): NULL: its XML makes no sense, and nothing is known */
static void
take_topology(BpfpvManaged *managed, BpfpvDomainTopology *topology)
{
    g_hash_table_add(managed->manager->unplaced, managed);
    bpfpv_guest_topology_free(managed->guest);
    managed->guest = topology ? g_steal_pointer(&topology->guest) : NULL;
    bpfpv_cpuset_free(managed->unpinned);
    managed->unpinned =
        topology && topology->unpinned ? bpfpv_cpuset_copy(topology->unpinned) : NULL;
    bpfpv_cpuset_free(managed->realtime);
    managed->realtime = topology ? g_steal_pointer(&topology->realtime) : NULL;
    if (!topology)
        return;
    bpfpv_pins_iothreads_told(managed->pins, topology->iothreads);
    bpfpv_session_set_enabled(managed->session, topology->enabled);
}

/* A host of one cell has nothing to choose.
 * @config, @topology: (nullable) */
static void
take_devices(BpfpvManaged *managed, const BpfpvConfig *config, const BpfpvDomainTopology *topology)
{
    g_autoptr(GPtrArray) unknown = NULL;
    g_autofree char *mistake = NULL;

    g_clear_pointer(&managed->near, bpfpv_cpuset_free);
    if (config && config->near == BPFPV_NEAR_DEVICES && topology &&
        bpfpv_topology_cells(managed->manager->topology)->len > 1) {
        managed->near = bpfpv_devices_cells(topology->devices, "/sys", &unknown);
        mistake = bpfpv_devices_mistake(topology->devices, unknown);
        if (bpfpv_cpuset_is_empty(managed->near))
            g_clear_pointer(&managed->near, bpfpv_cpuset_free);
    }
    if (mistake && g_strcmp0(mistake, managed->near_mistake) != 0)
        g_message("domain %s: %s", managed->name, mistake);
    g_free(managed->near_mistake);
    managed->near_mistake = g_steal_pointer(&mistake);
}

static void
on_domain(const char *uuid, int id, const char *text, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvDomainXml) xml = parse_domain(manager, text, &error);
    g_autoptr(BpfpvDomainTopology) topology = NULL;
    BpfpvManaged *managed;

    g_hash_table_replace(manager->runs, g_strdup(uuid), GINT_TO_POINTER(id));
    if (!xml) {
        g_warning("domain %s: %s", uuid, error->message);
        on_unread(uuid, manager);
        return;
    }
    managed = g_hash_table_lookup(manager->domains, uuid);
    topology = bpfpv_domain_topology_parse(text, &error);
    if (!topology)
        g_warning("domain %s: %s", xml->name, error->message);
    if (managed && managed->id != id) {
        on_gone(uuid, manager); /* another run of it, whose start was all that was seen */
        g_hash_table_replace(manager->runs, g_strdup(uuid), GINT_TO_POINTER(id));
        managed = NULL;
    }
    if (topology)
        bpfpv_manager_note_pinned(manager, xml->uuid, xml->name, topology->fixed);
    if (manager->withdrawn) {
        managed = managed ? managed : bpfpv_manager_withdraw_domain(manager, xml, id);
    } else if (!xml->config && !xml->config_error) {
        if (!managed && is_left_pinned(manager, xml, id))
            managed = bpfpv_manager_manage(manager, xml, id); /* what a daemon that died left */
        if (managed && !manager->shutting_down)
            bpfpv_managed_release(managed);
    } else if (!managed && !manager->shutting_down) {
        managed = bpfpv_manager_manage(manager, xml, id);
    }
    if (!managed)
        return;
    managed->seen = TRUE;
    if (xml->source) {
        g_free(managed->source);
        managed->source = g_strdup(xml->source);
    }
    take_devices(managed, xml->config, topology);
    take_topology(managed, topology);
    bpfpv_session_update(managed->session, xml);
    bpfpv_pins_note_soon(managed->pins);
}

static void
set_unconnected(BpfpvManager *manager, const char *reason)
{
    if (g_strcmp0(manager->unconnected, reason) == 0)
        return;
    g_free(manager->unconnected);
    manager->unconnected = g_strdup(reason);
    manager->funcs->host(manager->user_data);
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
    set_unconnected(manager, NULL);
    g_debug("all running domains are known");
    bpfpv_manager_check_withdrawal(manager);
}

static void
tell_online(BpfpvManager *manager)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        bpfpv_pins_host_changed(((BpfpvManaged *)value)->pins,
                                bpfpv_topology_online(manager->topology));
}

static void
on_connected(const BpfpvWatchHost *host, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    GHashTableIter iter;
    gpointer value;

    bpfpv_manager_set_host(manager, host);
    g_hash_table_remove_all(manager->runs);
    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        ((BpfpvManaged *)value)->seen = FALSE;
        bpfpv_pins_reconnected(((BpfpvManaged *)value)->pins,
                               bpfpv_topology_online(manager->topology));
    }
    tell_online(manager);
    manager->connected = TRUE;
    manager->listed = FALSE;
    manager->unreachable = FALSE;
    set_unconnected(manager, "connected, and still reading which domains run");
    bpfpv_manager_shutdown_connection(manager);
    g_message("connected to libvirt at %s", manager->conf->uri);
    bpfpv_manager_place_soon(manager);
}

static void
on_cpus_changed(const BpfpvWatchHost *host, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    g_autofree char *cpus = bpfpv_cpuset_describe(host->cpus_online);

    g_message("online on the host now: %s", cpus);
    bpfpv_manager_set_host(manager, host);
    tell_online(manager);
    bpfpv_manager_place_soon(manager);
}

static void
on_disconnected(const char *reason, gpointer user_data)
{
    BpfpvManager *manager = user_data;

    if (g_strcmp0(manager->unconnected, reason) != 0 && !manager->shutting_down)
        g_warning("not connected to libvirt at %s (%s)%s", manager->conf->uri, reason,
                  manager->withdrawn ? "" : "; trying again every second");
    manager->connected = FALSE;
    manager->unreachable = TRUE;
    manager->listed = FALSE;
    set_unconnected(manager, reason);
    bpfpv_manager_check_withdrawal(manager);
    bpfpv_manager_shutdown_connection(manager);
}

static void
on_agent(const char *uuid, gboolean connected, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    BpfpvManaged *managed = g_hash_table_lookup(manager->domains, uuid);

    if (!managed)
        return;
    if (connected)
        bpfpv_session_agent_started(managed->session);
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
    if (open)
        bpfpv_session_port_opened(managed->session, alias);
    else
        bpfpv_session_port_closed(managed->session, alias);
    bpfpv_watch_refresh(manager->watch, uuid);
}

/* "vcpupin3", "emulatorpin", "iothreadpin1" */
static gboolean
parse_thread(const char *name, BpfpvThreadKind *kind, guint *id)
{
    static const char *const prefixes[] = {
        [BPFPV_THREAD_VCPU] = "vcpupin",
        [BPFPV_THREAD_EMULATOR] = "emulatorpin",
        [BPFPV_THREAD_IOTHREAD] = "iothreadpin",
    };
    guint64 number = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        const char *rest = name + strlen(prefixes[i]);

        if (!g_str_has_prefix(name, prefixes[i]))
            continue;
        *kind = (BpfpvThreadKind)i;
        if (*kind == BPFPV_THREAD_EMULATOR
                ? *rest != '\0'
                : !g_ascii_string_to_unsigned(rest, 10, 0, G_MAXUINT, &number, NULL))
            return FALSE;
        *id = (guint)number;
        return TRUE;
    }
    return FALSE;
}

static void
on_pinned(const char *uuid, const char *thread, const char *text, gpointer user_data)
{
    BpfpvManager *manager = user_data;
    BpfpvManaged *managed = g_hash_table_lookup(manager->domains, uuid);
    g_autoptr(BpfpvCpuset) cpus = bpfpv_cpuset_parse(text, NULL);
    BpfpvThreadKind kind;
    guint id;

    if (!managed)
        bpfpv_watch_refresh(manager->watch, uuid); /* its CPUs may be no one else's now */
    else if (cpus && parse_thread(thread, &kind, &id) &&
             bpfpv_pins_heard(managed->pins, kind, id, cpus)) {
        bpfpv_managed_place_soon(managed);
        bpfpv_pins_note_soon(managed->pins);
    }
}

const BpfpvWatchFuncs bpfpv_manager_watch_funcs = {
    on_connected, on_cpus_changed, on_disconnected, on_domain, on_listed, on_unread,
    on_gone,      on_agent,        on_reset,        on_port,   on_pinned,
};
