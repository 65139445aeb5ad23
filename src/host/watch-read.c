/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the watch reads a domain's XML: in a worker, once more if something changed meanwhile, and
 * again if it failed. */
#include "host/watch-private.h"

#include "host/run.h"
#include "host/virt.h"

/* A read that failed is made again after that time, and then less and less often. */
#define RETRY_FIRST_MS 500
#define RETRY_MOST_MS 60000

typedef struct {
    int id;
    char *xml;
} Reading;

static void
read_free(gpointer data)
{
    BpfpvWatchRead *read = data;

    virConnectClose(read->connection);
    g_free(read->uuid);
    g_free(read);
}

static void
reading_free(gpointer data)
{
    Reading *reading = data;

    g_free(reading->xml);
    g_free(reading);
}

static void
read_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    BpfpvWatchRead *read = data;
    GError *error = NULL;
    g_autoptr(virDomain) domain = bpfpv_virt_lookup(read->connection, read->uuid, &error);
    Reading *reading;
    char *xml = NULL;

    if (domain && virDomainIsActive(domain) == 1) {
        xml = virDomainGetXMLDesc(domain, 0);
        if (!xml)
            bpfpv_virt_set_error(&error, "reading the XML of domain %s", read->uuid);
        /* Of the run with that id it has to be, and not of the next. */
        else
            bpfpv_run_check(read->connection, read->uuid, (int)virDomainGetID(domain), &error);
    }
    if (error) {
        free(xml);
        g_task_return_error(task, error);
        return;
    }
    reading = g_new0(Reading, 1);
    reading->id = domain && xml ? (int)virDomainGetID(domain) : -1;
    reading->xml = xml;
    g_task_return_pointer(task, reading, reading_free);
}

static void
pending_done(BpfpvWatch *watch, const char *uuid)
{
    gboolean again =
        GPOINTER_TO_INT(g_hash_table_lookup(watch->reading, uuid)) > BPFPV_WATCH_READING;

    g_hash_table_remove(watch->reading, uuid);
    if (again)
        bpfpv_watch_refresh(watch, uuid);
}

void
bpfpv_watch_tell_if_listed(BpfpvWatch *watch)
{
    if (!watch->listing || g_hash_table_size(watch->reading) > 0)
        return;
    watch->listing = FALSE;
    watch->funcs->listed(watch->user_data);
}

/* A read that failed, until one has not. */
typedef struct {
    BpfpvWatch *watch;
    char *uuid;
    guint wait_ms;
    guint timer; /* 0: it is being made again */
} Retry;

void
bpfpv_watch_retry_free(gpointer data)
{
    Retry *retry = data;

    g_clear_handle_id(&retry->timer, g_source_remove);
    g_free(retry->uuid);
    g_free(retry);
}

static gboolean
retry_now(gpointer user_data)
{
    Retry *retry = user_data;

    retry->timer = 0;
    bpfpv_watch_refresh(retry->watch, retry->uuid);
    return G_SOURCE_REMOVE;
}

static void
read_later(BpfpvWatch *watch, const char *uuid, const GError *error)
{
    Retry *retry = g_hash_table_lookup(watch->retries, uuid);

    if (!retry) {
        retry = g_new0(Retry, 1);
        retry->watch = watch;
        retry->uuid = g_strdup(uuid);
        g_hash_table_insert(watch->retries, retry->uuid, retry);
    }
    retry->wait_ms = CLAMP(retry->wait_ms * 2, RETRY_FIRST_MS, RETRY_MOST_MS);
    g_clear_handle_id(&retry->timer, g_source_remove);
    retry->timer = g_timeout_add(retry->wait_ms, retry_now, retry);
    g_warning("%s; trying again in %u ms", error->message, retry->wait_ms);
    watch->funcs->unread(uuid, watch->user_data);
}

static void
tell(BpfpvWatch *watch, const char *uuid, const Reading *reading, const GError *error)
{
    int pending = GPOINTER_TO_INT(g_hash_table_lookup(watch->reading, uuid));

    if (pending == BPFPV_WATCH_READING_OUTDATED)
        return; /* the next reading tells */
    if (reading)
        g_hash_table_remove(watch->retries, uuid);
    if (reading && reading->id >= 0)
        watch->funcs->domain(uuid, reading->id, reading->xml, watch->user_data);
    else if (reading || g_error_matches(error, BPFPV_VIRT_ERROR, VIR_ERR_NO_DOMAIN)) {
        g_hash_table_remove(watch->retries, uuid);
        watch->funcs->gone(uuid, watch->user_data);
    } else if (bpfpv_run_is_over(error))
        bpfpv_watch_refresh(watch, uuid);
    else
        read_later(watch, uuid, error);
}

static void
read_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvWatch *watch = user_data;
    BpfpvWatchRead *read = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) error = NULL;
    Reading *reading = g_task_propagate_pointer(G_TASK(result), &error);

    if (g_cancellable_is_cancelled(g_task_get_cancellable(G_TASK(result)))) {
        g_clear_pointer(&reading, reading_free);
        return; /* the watch may be gone */
    }
    if (read->serial != watch->serial) {
        g_clear_pointer(&reading, reading_free);
        return; /* of a connection that was lost; the new one lists again */
    }
    tell(watch, read->uuid, reading, error);
    g_clear_pointer(&reading, reading_free);
    pending_done(watch, read->uuid);
    bpfpv_watch_tell_if_listed(watch);
}

void
bpfpv_watch_run(BpfpvWatch *watch, const char *uuid, GTaskThreadFunc func, GAsyncReadyCallback done)
{
    g_autoptr(GTask) task = g_task_new(NULL, watch->cancellable, done, watch);
    BpfpvWatchRead *read = g_new0(BpfpvWatchRead, 1);

    virConnectRef(watch->connection);
    read->connection = watch->connection;
    read->uuid = g_strdup(uuid);
    read->serial = watch->serial;
    g_task_set_task_data(task, read, read_free);
    bpfpv_worker_run(watch->readers, NULL, task, func);
}

void
bpfpv_watch_refresh(BpfpvWatch *watch, const char *uuid)
{
    gint pending = GPOINTER_TO_INT(g_hash_table_lookup(watch->reading, uuid));

    if (!watch->connection)
        return;
    if (pending > 0) {
        pending = MAX(pending, BPFPV_WATCH_READING_AGAIN);
        g_hash_table_replace(watch->reading, g_strdup(uuid), GINT_TO_POINTER(pending));
        return;
    }
    g_hash_table_replace(watch->reading, g_strdup(uuid), GINT_TO_POINTER(BPFPV_WATCH_READING));
    bpfpv_watch_run(watch, uuid, read_in_worker, read_done);
}

void
bpfpv_watch_run_changed(BpfpvWatch *watch, const char *uuid)
{
    if (g_hash_table_contains(watch->reading, uuid))
        g_hash_table_replace(watch->reading, g_strdup(uuid),
                             GINT_TO_POINTER(BPFPV_WATCH_READING_OUTDATED));
    bpfpv_watch_refresh(watch, uuid);
}
