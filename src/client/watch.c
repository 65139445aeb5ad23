/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libbpfpv's watches: the signal StateChanged of org.bpfpv1.Manager, passed
 * on as a C callback. Asks the daemon nothing.
 */
#include "bpfpv/bpfpv.h"

#include "client/client.h"

typedef struct {
    BpfpvClient *client;
    BpfpvStateFunc func;
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
    watch->func(watch->client, domain, uuid, state, reason, watch->user_data);
}

static void
watch_free(gpointer data)
{
    Watch *watch = data;

    if (watch->destroy != NULL)
        watch->destroy(watch->user_data);
    g_free(watch);
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
    guint id;

    g_return_val_if_fail(client != NULL && func != NULL, 0);

    watch = g_new0(Watch, 1);
    *watch = (Watch){client, func, user_data, destroy};
    id = g_dbus_connection_signal_subscribe(
        client->connection, BPFPV_BUS_NAME, BPFPV_MANAGER_INTERFACE, "StateChanged",
        BPFPV_OBJECT_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_state_changed, watch, watch_free);
    g_hash_table_add(client->watches, GUINT_TO_POINTER(id));
    return id;
}

/**
 * bpfpv_client_unwatch:
 * @client: a client
 * @watch_id: what bpfpv_client_watch() returned
 *
 * Ends a watch. Its function is not called any more, if this is called in the
 * thread that it runs in.
 */
void
bpfpv_client_unwatch(BpfpvClient *client, guint watch_id)
{
    gboolean known;

    g_return_if_fail(client != NULL);

    known = g_hash_table_remove(client->watches, GUINT_TO_POINTER(watch_id));
    g_return_if_fail(known);
    g_dbus_connection_signal_unsubscribe(client->connection, watch_id);
}
