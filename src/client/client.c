/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libbpfpv's calls: the client side of the methods of org.bpfpv1.Manager.
 * Keeps nothing but the connection, never starts the daemon, never ends the
 * process when the bus goes away.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "bpfpv/bpfpv.h"

#include "client/client.h"
#include "client/error.h"

/**
 * bpfpv_version:
 *
 * Returns: (transfer none): the version of the library that runs, not of the
 * header that was compiled with: "MAJOR.MINOR.PATCH"
 */
const char *
bpfpv_version(void)
{
    return PACKAGE_VERSION;
}

/* A connection of our own: the shared one of g_bus_get() ends the process with the bus. */
static GDBusConnection *
connect_bus(const char *bus_address, GCancellable *cancellable, GError **error)
{
    g_autofree char *address = g_strdup(bus_address);

    if (address == NULL)
        address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, cancellable, error);
    if (address == NULL)
        return NULL;
    return g_dbus_connection_new_for_address_sync(
        address,
        G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
        NULL, cancellable, error);
}

/**
 * bpfpv_client_new_sync:
 * @bus_address: (nullable): D-Bus address of a message bus; %NULL: the system bus
 * @cancellable: (nullable): to give up from another thread
 * @error: return location, %BPFPV_ERROR_NO_BUS or %G_IO_ERROR_CANCELLED
 *
 * Connects to the bus. Whether the daemon is there, the first call tells; it
 * may come and go during the client's life. After %BPFPV_ERROR_NO_BUS from a
 * call, make a new client. Blocks; may be called in any thread.
 *
 * Returns: (transfer full): a client for bpfpv_client_free(), or %NULL with @error set
 */
BpfpvClient *
bpfpv_client_new_sync(const char *bus_address, GCancellable *cancellable, GError **error)
{
    g_autoptr(BpfpvClient) client = g_new0(BpfpvClient, 1);
    GError *cause = NULL;

    client->watches = g_hash_table_new(g_direct_hash, g_direct_equal);
    client->connection = connect_bus(bus_address, cancellable, &cause);
    if (client->connection == NULL) {
        bpfpv_error_propagate_connect(error, bus_address, cause);
        return NULL;
    }
    return g_steal_pointer(&client);
}

/**
 * bpfpv_client_free:
 * @client: (transfer full) (nullable): a client
 *
 * Ends its watches and closes the connection. No callback runs afterwards,
 * if this is called in the thread that the callbacks run in.
 */
void
bpfpv_client_free(BpfpvClient *client)
{
    GHashTableIter iter;
    gpointer id, other;

    if (client == NULL)
        return;
    g_hash_table_iter_init(&iter, client->watches);
    while (g_hash_table_iter_next(&iter, &id, &other)) {
        g_dbus_connection_signal_unsubscribe(client->connection, GPOINTER_TO_UINT(id));
        if (other != NULL)
            g_dbus_connection_signal_unsubscribe(client->connection, GPOINTER_TO_UINT(other));
    }
    g_hash_table_unref(client->watches);
    if (client->connection != NULL)
        g_dbus_connection_close_sync(client->connection, NULL, NULL);
    g_clear_object(&client->connection);
    g_free(client);
}

/* Takes @arguments if floating. The reply is a tuple of type @reply_type. */
static GVariant *
call_interface(BpfpvClient *client, const char *interface, const char *method, GVariant *arguments,
               const char *reply_type, int timeout_ms, GCancellable *cancellable, GError **error)
{
    GError *cause = NULL;
    GVariant *reply;

    reply = g_dbus_connection_call_sync(client->connection, BPFPV_BUS_NAME, BPFPV_OBJECT_PATH,
                                        interface, method, arguments, G_VARIANT_TYPE(reply_type),
                                        G_DBUS_CALL_FLAGS_NO_AUTO_START, timeout_ms, cancellable,
                                        &cause);
    if (reply == NULL)
        bpfpv_error_propagate_call(error, method, cause);
    return reply;
}

GVariant *
bpfpv_client_call(BpfpvClient *client, const char *method, GVariant *arguments,
                  const char *reply_type, int timeout_ms, GCancellable *cancellable, GError **error)
{
    return call_interface(client, BPFPV_MANAGER_INTERFACE, method, arguments, reply_type,
                          timeout_ms, cancellable, error);
}

/* Anything else would be a broken message, and the bus would hang up. */
gboolean
bpfpv_client_check_text(const char *what, const char *text, GError **error)
{
    g_autofree char *readable = NULL;

    if (g_utf8_validate(text, -1, NULL))
        return TRUE;
    readable = g_utf8_make_valid(text, -1);
    g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_INVALID_ARGUMENT, "%s '%s' is not UTF-8", what,
                readable);
    return FALSE;
}

GVariant *
bpfpv_client_call_for_domain(BpfpvClient *client, const char *method, const char *domain,
                             const char *reply_type, int timeout_ms, GCancellable *cancellable,
                             GError **error)
{
    if (!bpfpv_client_check_text("domain name", domain, error))
        return NULL;
    return bpfpv_client_call(client, method, g_variant_new("(s)", domain), reply_type, timeout_ms,
                             cancellable, error);
}

/**
 * bpfpv_client_list_sync:
 * @client: a client
 * @cancellable: (nullable): to give up from another thread
 * @error: return location, domain %BPFPV_ERROR, or %G_IO_ERROR_CANCELLED
 *
 * What the daemon manages. Blocks, 25 seconds at most.
 *
 * Returns: (transfer full): type aa{sv}, one dictionary per managed domain,
 * sorted by name, with the keys of `bpfpvctl list --json`; %NULL with @error set
 */
GVariant *
bpfpv_client_list_sync(BpfpvClient *client, GCancellable *cancellable, GError **error)
{
    g_autoptr(GVariant) reply = NULL;

    g_return_val_if_fail(client != NULL, NULL);

    reply = bpfpv_client_call(client, "List", NULL, "(aa{sv})", BPFPV_READ_TIMEOUT_MS, cancellable,
                              error);
    return reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
}

/**
 * bpfpv_client_show_sync:
 * @client: a client
 * @domain: a domain's name, UUID or libvirt id
 * @cancellable: (nullable): to give up from another thread
 * @error: return location, domain %BPFPV_ERROR, or %G_IO_ERROR_CANCELLED
 *
 * What the daemon knows about one domain. Blocks, 25 seconds at most.
 *
 * Returns: (transfer full): type a{sv}, with the keys of `bpfpvctl show --json`;
 * %NULL with @error set
 */
GVariant *
bpfpv_client_show_sync(BpfpvClient *client, const char *domain, GCancellable *cancellable,
                       GError **error)
{
    g_autoptr(GVariant) reply = NULL;

    g_return_val_if_fail(client != NULL && domain != NULL, NULL);

    reply = bpfpv_client_call_for_domain(client, "Show", domain, "(a{sv})", BPFPV_READ_TIMEOUT_MS,
                                         cancellable, error);
    return reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
}

/**
 * bpfpv_client_map_sync:
 * @client: a client
 * @cancellable: (nullable): to give up from another thread
 * @error: return location, domain %BPFPV_ERROR, or %G_IO_ERROR_CANCELLED
 *
 * The host's CPUs, where each is, and who sits there. Blocks, 25 seconds at
 * most.
 *
 * Returns: (transfer full): type a{sv}, with the keys of `bpfpvctl map --json`,
 * whose "cpus" is empty while the daemon has not reached libvirt; %NULL with
 * @error set
 */
GVariant *
bpfpv_client_map_sync(BpfpvClient *client, GCancellable *cancellable, GError **error)
{
    g_autoptr(GVariant) reply = NULL;

    g_return_val_if_fail(client != NULL, NULL);

    reply = bpfpv_client_call(client, "Map", NULL, "(a{sv})", BPFPV_READ_TIMEOUT_MS, cancellable,
                              error);
    return reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
}

/**
 * bpfpv_client_host_sync:
 * @client: a client
 * @cancellable: (nullable): to give up from another thread
 * @error: return location, domain %BPFPV_ERROR, or %G_IO_ERROR_CANCELLED
 *
 * Whether the daemon can serve domains, and what this host has to give.
 * Blocks, 25 seconds at most.
 *
 * Returns: (transfer full): type a{sv}, the daemon's properties: "Version" s;
 * "Ready" b, libvirt is reached; "Connected" b, it has also said which domains run, so that list,
 * show and map are how it is now; "LibvirtUri" s, where it is; "LibvirtError" s, why it is not
 * connected, "" if it is; "Programs" as, the guest programs; "Pool" s,
 * host CPUs that may hold anchors; "Anchors" u, how many they can hold at once;
 * "Hook" s, why libvirtd could not run its hook, if so;
 * all but the first may be missing from a daemon that starts or stops, or is
 * older; %NULL with @error set
 */
GVariant *
bpfpv_client_host_sync(BpfpvClient *client, GCancellable *cancellable, GError **error)
{
    g_autoptr(GVariant) reply = NULL;

    g_return_val_if_fail(client != NULL, NULL);

    reply = call_interface(client, BPFPV_PROPERTIES_INTERFACE, "GetAll",
                           g_variant_new("(s)", BPFPV_MANAGER_INTERFACE), "(a{sv})",
                           BPFPV_READ_TIMEOUT_MS, cancellable, error);
    return reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
}

/**
 * bpfpv_client_keys_sync:
 * @client: a client
 * @domain: a managed domain's name, UUID or libvirt id
 * @program: a program that runs in its guest, "affinity"
 * @cancellable: (nullable): to give up from another thread
 * @error: return location, domain %BPFPV_ERROR, or %G_IO_ERROR_CANCELLED
 *
 * The host's copy of what the guest publishes. It comes in pages: while the
 * guest changes it, keys of different pages may be of different moments.
 * Blocks, 25 seconds at most for each page. For root.
 *
 * Returns: (transfer full): type a(ts), keys in ascending order and their
 * values as text, for "affinity" thread ids and CPU lists; %NULL with @error set
 */
GVariant *
bpfpv_client_keys_sync(BpfpvClient *client, const char *domain, const char *program,
                       GCancellable *cancellable, GError **error)
{
    GVariantBuilder all = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("a(ts)"));
    guint64 next = 0, key;
    gboolean more = TRUE;

    g_return_val_if_fail(client != NULL && domain != NULL && program != NULL, NULL);

    while (more) {
        g_autoptr(GVariant) reply = NULL;
        g_autoptr(GVariantIter) keys = NULL;
        const char *value;

        if (bpfpv_client_check_text("domain name", domain, error) &&
            bpfpv_client_check_text("program", program, error))
            reply = bpfpv_client_call(client, "Keys", g_variant_new("(sst)", domain, program, next),
                                      "(uba(ts))", BPFPV_READ_TIMEOUT_MS, cancellable, error);
        if (reply == NULL) {
            g_variant_builder_clear(&all);
            return NULL;
        }
        g_variant_get(reply, "(uba(ts))", NULL, &more, &keys);
        more = more && g_variant_iter_n_children(keys) > 0;
        while (g_variant_iter_next(keys, "(t&s)", &key, &value)) {
            g_variant_builder_add(&all, "(ts)", key, value);
            next = key + 1;
        }
    }
    return g_variant_ref_sink(g_variant_builder_end(&all));
}
