/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libbpfpv's watches: the signals StateChanged and Changed of org.bpfpv1.Manager, and
 * that its properties or its owner changed, passed on as C callbacks. Asks the
 * daemon nothing.
 */
#include "bpfpv/bpfpv.h"

#include "client/client.h"

typedef struct {
    BpfpvClient *client;
    BpfpvStateFunc state;     /* or */
    BpfpvChangesFunc changes; /* what it is called for */
    gpointer user_data;
    GDestroyNotify destroy;
} Watch;

static void
on_state_changed(GDBusConnection *connection G_GNUC_UNUSED, const char *sender G_GNUC_UNUSED,
                 const char *path G_GNUC_UNUSED, const char *interface G_GNUC_UNUSED,
                 const char *signal G_GNUC_UNUSED, GVariant *parameters, gpointer user_data)
{
    const Watch *watch = user_data;
    const char *domain, *uuid, *state, *reason;

    if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(ssss)")))
        return;
    g_variant_get(parameters, "(&s&s&s&s)", &domain, &uuid, &state, &reason);
    watch->state(watch->client, domain, uuid, state, reason, watch->user_data);
}

static void
watch_free(gpointer data)
{
    Watch *watch = data;

    if (watch->destroy != NULL)
        watch->destroy(watch->user_data);
    g_free(watch);
}

/* @watch: (transfer full). Returns: its id */
static guint
subscribe(Watch *watch, const char *signal, GDBusSignalCallback callback)
{
    guint id = g_dbus_connection_signal_subscribe(
        watch->client->connection, BPFPV_BUS_NAME, BPFPV_MANAGER_INTERFACE, signal,
        BPFPV_OBJECT_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, callback, watch, watch_free);

    g_hash_table_insert(watch->client->watches, GUINT_TO_POINTER(id), NULL);
    return id;
}

/**
 * bpfpv_client_watch:
 * @client: a client
 * @func: called for every state change of every managed domain
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data when the watch has ended; called in
 *   the same main context as @func
 *
 * Watches for state changes. @func runs in the main context that is the
 * thread default now, for each change after this call returned, in order.
 * A daemon that is restarted is watched on.
 *
 * Returns: the watch's id for bpfpv_client_unwatch(), never 0
 */
guint
bpfpv_client_watch(BpfpvClient *client, BpfpvStateFunc func, gpointer user_data,
                   GDestroyNotify destroy)
{
    Watch *watch;

    g_return_val_if_fail(client != NULL && func != NULL, 0);

    watch = g_new0(Watch, 1);
    *watch = (Watch){client, .state = func, .user_data = user_data, .destroy = destroy};
    return subscribe(watch, "StateChanged", on_state_changed);
}

/* ---- what a domain has ---- */

static void
on_changed(GDBusConnection *connection G_GNUC_UNUSED, const char *sender G_GNUC_UNUSED,
           const char *path G_GNUC_UNUSED, const char *interface G_GNUC_UNUSED,
           const char *signal G_GNUC_UNUSED, GVariant *parameters, gpointer user_data)
{
    const Watch *watch = user_data;
    g_autofree const char **uuids = NULL;

    if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(as)")))
        return;
    g_variant_get(parameters, "(^a&s)", &uuids);
    watch->changes(watch->client, (const char *const *)uuids, watch->user_data);
}

/**
 * bpfpv_client_watch_changes:
 * @client: a client
 * @func: called when what the daemon plans for a domain, or what is in force, may have changed
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data when the watch has ended; called in
 *   the same main context as @func
 *
 * Watches for what bpfpv_client_watch() does not tell: changes of a domain
 * whose state stays the same. @func runs in the main context that is the
 * thread default now, at most ten times a second. There may be calls without
 * a change. A daemon that is older than this call never says anything.
 *
 * Returns: the watch's id for bpfpv_client_unwatch(), never 0
 */
guint
bpfpv_client_watch_changes(BpfpvClient *client, BpfpvChangesFunc func, gpointer user_data,
                           GDestroyNotify destroy)
{
    Watch *watch;

    g_return_val_if_fail(client != NULL && func != NULL, 0);

    watch = g_new0(Watch, 1);
    *watch = (Watch){client, .changes = func, .user_data = user_data, .destroy = destroy};
    return subscribe(watch, "Changed", on_changed);
}

/* ---- the host ---- */

/* Two subscriptions share it. */
typedef struct {
    int n_users;
    BpfpvClient *client;
    BpfpvHostFunc func;
    gpointer user_data;
    GDestroyNotify destroy;
} HostWatch;

static void
on_host_changed(GDBusConnection *connection G_GNUC_UNUSED, const char *sender G_GNUC_UNUSED,
                const char *path G_GNUC_UNUSED, const char *interface G_GNUC_UNUSED,
                const char *signal G_GNUC_UNUSED, GVariant *parameters G_GNUC_UNUSED,
                gpointer user_data)
{
    const HostWatch *watch = user_data;

    watch->func(watch->client, watch->user_data);
}

static void
host_watch_free(gpointer data)
{
    HostWatch *watch = data;

    if (!g_atomic_int_dec_and_test(&watch->n_users))
        return;
    if (watch->destroy != NULL)
        watch->destroy(watch->user_data);
    g_free(watch);
}

/**
 * bpfpv_client_watch_host:
 * @client: a client
 * @func: called when the daemon came, went, or says something else of the host
 * @user_data: passed to @func
 * @destroy: (nullable): frees @user_data when the watch has ended; called in
 *   the same main context as @func
 *
 * Watches whether the daemon is there and what bpfpv_client_host_sync()
 * returns. @func runs in the main context that is the thread default now.
 * There may be calls without a change.
 *
 * Returns: the watch's id for bpfpv_client_unwatch(), never 0
 */
guint
bpfpv_client_watch_host(BpfpvClient *client, BpfpvHostFunc func, gpointer user_data,
                        GDestroyNotify destroy)
{
    HostWatch *watch;
    guint properties, owner;

    g_return_val_if_fail(client != NULL && func != NULL, 0);

    watch = g_new0(HostWatch, 1);
    *watch = (HostWatch){2, client, func, user_data, destroy};
    properties = g_dbus_connection_signal_subscribe(
        client->connection, BPFPV_BUS_NAME, BPFPV_PROPERTIES_INTERFACE, "PropertiesChanged",
        BPFPV_OBJECT_PATH, BPFPV_MANAGER_INTERFACE, G_DBUS_SIGNAL_FLAGS_NONE, on_host_changed,
        watch, host_watch_free);
    owner = g_dbus_connection_signal_subscribe(
        client->connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
        "/org/freedesktop/DBus", BPFPV_BUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, on_host_changed, watch,
        host_watch_free);
    g_hash_table_insert(client->watches, GUINT_TO_POINTER(properties), GUINT_TO_POINTER(owner));
    return properties;
}

/**
 * bpfpv_client_unwatch:
 * @client: a client
 * @watch_id: what one of the functions above returned
 *
 * Ends a watch. Its function is not called any more, if this is called in the
 * thread that it runs in.
 */
void
bpfpv_client_unwatch(BpfpvClient *client, guint watch_id)
{
    gpointer other = NULL;
    gboolean known;

    g_return_if_fail(client != NULL);

    known = g_hash_table_steal_extended(client->watches, GUINT_TO_POINTER(watch_id), NULL, &other);
    g_return_if_fail(known);
    g_dbus_connection_signal_unsubscribe(client->connection, watch_id);
    if (other != NULL)
        g_dbus_connection_signal_unsubscribe(client->connection, GPOINTER_TO_UINT(other));
}
