/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which CPUs of the host are online. libvirt has no event for CPUs that come
 * and go, so it is asked every few seconds; only for their numbers, which
 * costs it one small file. The capabilities, which cost it a walk through
 * sysfs, are read again when those have changed.
 */
#include "host/watch-private.h"

#include "host/virt.h"

#define LOOK_S 5

void
bpfpv_watch_host_free(BpfpvWatchHost *host)
{
    free(host->capabilities); /* libvirt's */
    bpfpv_cpuset_free(host->present);
    bpfpv_cpuset_free(host->cpus_online);
    g_free(host);
}

static BpfpvWatchHost *
read_cpus(virConnectPtr connection, GError **error)
{
    unsigned char *map = NULL;
    BpfpvWatchHost *host;
    int n = virNodeGetCPUMap(connection, &map, NULL, 0);

    if (n <= 0) {
        bpfpv_virt_set_error(error, "reading the host's CPUs");
        return NULL;
    }
    host = g_new0(BpfpvWatchHost, 1);
    host->present = bpfpv_cpuset_new_range(0, (guint)n - 1);
    host->cpus_online = bpfpv_cpuset_new_from_map(map, VIR_CPU_MAPLEN((gsize)n), (guint)n);
    free(map);
    return host;
}

BpfpvWatchHost *
bpfpv_watch_host_read(virConnectPtr connection, GError **error)
{
    BpfpvWatchHost *host = read_cpus(connection, error);

    if (host)
        host->capabilities = virConnectGetCapabilities(connection);
    return host;
}

static void
host_destroy(gpointer host)
{
    bpfpv_watch_host_free(host);
}

static void
return_host(GTask *task, BpfpvWatchHost *host, GError *error)
{
    if (host)
        g_task_return_pointer(task, host, host_destroy);
    else
        g_task_return_error(task, error);
}

static void
read_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GError *error = NULL;
    BpfpvWatchHost *host = bpfpv_watch_host_read(((BpfpvWatchRead *)data)->connection, &error);

    return_host(task, host, error);
}

static void
look_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    GError *error = NULL;
    BpfpvWatchHost *host = read_cpus(((BpfpvWatchRead *)data)->connection, &error);

    return_host(task, host, error);
}

/* Returns: (transfer full) (nullable): what was read, if it is of use and news */
static BpfpvWatchHost *
take_news(const BpfpvWatch *watch, GTask *task)
{
    BpfpvWatchHost *host = g_task_propagate_pointer(task, NULL);

    /* Cancelled: the watch is gone. */
    if (!host || (!g_cancellable_is_cancelled(g_task_get_cancellable(task)) &&
                  ((BpfpvWatchRead *)g_task_get_task_data(task))->serial == watch->serial &&
                  !bpfpv_cpuset_equal(host->cpus_online, watch->cpus_online)))
        return host;
    bpfpv_watch_host_free(host);
    return NULL;
}

static void
read_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvWatch *watch = user_data;
    BpfpvWatchHost *host = take_news(watch, G_TASK(result));

    if (!host)
        return;
    bpfpv_cpuset_assign(watch->cpus_online, host->cpus_online);
    watch->funcs->cpus_changed(host, watch->user_data);
    bpfpv_watch_host_free(host);
}

static void
look_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvWatch *watch = user_data;
    BpfpvWatchHost *host = take_news(watch, G_TASK(result));

    if (!host)
        return;
    bpfpv_watch_host_free(host);
    bpfpv_watch_run(watch, NULL, read_in_worker, read_done);
}

static gboolean
look_now(gpointer user_data)
{
    BpfpvWatch *watch = user_data;

    if (watch->connection)
        bpfpv_watch_run(watch, NULL, look_in_worker, look_done);
    return G_SOURCE_CONTINUE;
}

void
bpfpv_watch_host_begin(BpfpvWatch *watch, const BpfpvWatchHost *host)
{
    bpfpv_cpuset_free(watch->cpus_online);
    watch->cpus_online = bpfpv_cpuset_copy(host->cpus_online);
    if (!watch->look)
        watch->look = g_timeout_add_seconds(LOOK_S, look_now, watch);
}

void
bpfpv_watch_host_end(BpfpvWatch *watch)
{
    g_clear_handle_id(&watch->look, g_source_remove);
    g_clear_pointer(&watch->cpus_online, bpfpv_cpuset_free);
}
