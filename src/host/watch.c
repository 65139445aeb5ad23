/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches libvirt; see watch.h. The connection's life cycle is here, the reading
 * of domains in watch-read.c, the events themselves in watch-events.c, the
 * host's CPUs in watch-host.c.
 */
#include "host/watch-private.h"

#include "host/virt.h"

#define RECONNECT_S 1
/* Reads of domains' XML that may run at once: one that hangs on a domain's lock (a hook that
 * runs, say) leaves the others going. libvirtd serves five requests of a connection. */
#define N_READERS 4

static void start_connecting(BpfpvWatch *watch);

typedef struct {
    virConnectPtr connection;
    BpfpvWatchHost *host;
    GPtrArray *uuids;
} Connection;

static void
connection_free(gpointer data)
{
    Connection *made = data;

    g_clear_pointer(&made->connection, virConnectClose);
    g_clear_pointer(&made->host, bpfpv_watch_host_free);
    g_clear_pointer(&made->uuids, g_ptr_array_unref);
    g_free(made);
}

static void
connect_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const char *uri = data;
    GError *error = NULL;
    Connection *made = g_new0(Connection, 1);

    made->connection = bpfpv_virt_open(uri, &error);
    if (made->connection) {
        /* Fails with some drivers; then a dead libvirtd shows when a call fails. */
        virConnectSetKeepAlive(made->connection, 5, 3);
        made->host = bpfpv_watch_host_read(made->connection, &error);
    }
    if (made->host) {
        g_task_return_pointer(task, made, connection_free);
        return;
    }
    connection_free(made);
    g_task_return_error(task, error);
}

static gboolean
reconnect_now(gpointer user_data)
{
    BpfpvWatch *watch = user_data;

    watch->reconnect = 0;
    start_connecting(watch);
    return G_SOURCE_REMOVE;
}

static void
lose_connection(BpfpvWatch *watch, const char *reason)
{
    if (watch->connection) {
        bpfpv_watch_events_stop(watch);
        g_clear_pointer(&watch->connection, virConnectClose);
        g_hash_table_remove_all(watch->reading);
        g_hash_table_remove_all(watch->retries);
        watch->listing = FALSE;
    }
    watch->serial++;
    watch->funcs->disconnected(reason, watch->user_data);
    if (!watch->reconnect)
        watch->reconnect = g_timeout_add_seconds(RECONNECT_S, reconnect_now, watch);
}

static void
list_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    BpfpvWatchRead *read = data; /* only its connection is used */
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);
    virDomainPtr *domains = NULL;
    GError *error = NULL;
    int n = virConnectListAllDomains(read->connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);

    if (n < 0) {
        bpfpv_virt_set_error(&error, "listing the running domains");
        g_task_return_error(task, error);
        return;
    }
    for (int i = 0; i < n; i++) {
        char uuid[VIR_UUID_STRING_BUFLEN];

        if (virDomainGetUUIDString(domains[i], uuid) == 0)
            g_ptr_array_add(uuids, g_strdup(uuid));
        virDomainFree(domains[i]);
    }
    free(domains);
    g_task_return_pointer(task, g_steal_pointer(&uuids), (GDestroyNotify)g_ptr_array_unref);
}

static void
list_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvWatch *watch = user_data;
    BpfpvWatchRead *read = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) uuids = g_task_propagate_pointer(G_TASK(result), &error);

    if (g_cancellable_is_cancelled(g_task_get_cancellable(G_TASK(result))) ||
        read->serial != watch->serial)
        return;
    if (!uuids) {
        lose_connection(watch, error->message);
        return;
    }
    watch->listing = TRUE;
    for (guint i = 0; i < uuids->len; i++)
        bpfpv_watch_refresh(watch, g_ptr_array_index(uuids, i));
    bpfpv_watch_tell_if_listed(watch);
}

void
bpfpv_watch_refresh_all(BpfpvWatch *watch)
{
    if (watch->connection)
        bpfpv_watch_run(watch, NULL, list_in_worker, list_done);
}

static gboolean
lose_closed_connection(gpointer user_data)
{
    BpfpvWatch *watch = user_data;

    watch->closing = 0;
    lose_connection(watch, "libvirt closed the connection");
    return G_SOURCE_REMOVE;
}

void
bpfpv_watch_connection_closed(BpfpvWatch *watch)
{
    /* Not from within libvirt's own callback: closing frees what it stands on. */
    if (!watch->closing)
        watch->closing = g_idle_add(lose_closed_connection, watch);
}

static void
connect_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvWatch *watch = user_data;
    g_autoptr(GError) error = NULL;
    Connection *made = g_task_propagate_pointer(G_TASK(result), &error);

    if (g_cancellable_is_cancelled(g_task_get_cancellable(G_TASK(result)))) {
        g_clear_pointer(&made, connection_free);
        return;
    }
    if (!made) {
        lose_connection(watch, error->message);
        return;
    }
    watch->connection = g_steal_pointer(&made->connection);
    watch->serial++;
    if (!bpfpv_watch_events_start(watch, &error)) {
        connection_free(made);
        lose_connection(watch, error->message);
        return;
    }
    bpfpv_watch_host_begin(watch, made->host);
    watch->funcs->connected(made->host, watch->user_data);
    connection_free(made);
    /* After the events are on, so that nothing falls between. */
    bpfpv_watch_run(watch, NULL, list_in_worker, list_done);
}

static void
start_connecting(BpfpvWatch *watch)
{
    g_autoptr(GTask) task = g_task_new(NULL, watch->cancellable, connect_done, watch);

    g_task_set_task_data(task, g_strdup(watch->uri), g_free);
    bpfpv_worker_run(watch->readers, NULL, task, connect_in_worker);
}

BpfpvWatch *
bpfpv_watch_new(const char *uri, const BpfpvWatchFuncs *funcs, gpointer user_data)
{
    BpfpvWatch *watch = g_new0(BpfpvWatch, 1);

    watch->uri = g_strdup(uri);
    watch->funcs = funcs;
    watch->user_data = user_data;
    watch->readers = bpfpv_worker_new(N_READERS);
    watch->cancellable = g_cancellable_new();
    watch->reading = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    watch->retries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, bpfpv_watch_retry_free);
    start_connecting(watch);
    return watch;
}

void
bpfpv_watch_free(BpfpvWatch *watch)
{
    if (!watch)
        return;
    g_cancellable_cancel(watch->cancellable);
    g_clear_handle_id(&watch->reconnect, g_source_remove);
    bpfpv_watch_host_end(watch);
    g_clear_handle_id(&watch->closing, g_source_remove);
    if (watch->connection) {
        bpfpv_watch_events_stop(watch);
        g_clear_pointer(&watch->connection, virConnectClose);
    }
    bpfpv_worker_free(watch->readers);
    g_object_unref(watch->cancellable);
    g_hash_table_unref(watch->reading);
    g_hash_table_unref(watch->retries);
    g_free(watch->uri);
    g_free(watch);
}
