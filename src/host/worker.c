/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues of blocking calls; see worker.h. */
#include "host/worker.h"

typedef struct {
    BpfpvWorker *worker;   /* a reference */
    BpfpvWorkerKind *kind; /* (nullable) */
    GTask *task;
    GTaskThreadFunc func;
} Call;

struct _BpfpvWorker {
    guint refs;      /* its owners, and each call */
    char *name;      /* (nullable): where it is shared */
    GQueue calls;    /* of Call: those that have not begun */
    guint n_threads; /* calls that may run at once */
    guint n_taken;   /* that run, or wait for their kind's turn */
};

static GMutex lock;        /* of all that follows, and of all workers and kinds */
static GHashTable *shared; /* name → BpfpvWorker */
static GThreadPool *threads;

static BpfpvWorker *
new_worker(guint n_threads, const char *name)
{
    BpfpvWorker *worker = g_new0(BpfpvWorker, 1);

    g_queue_init(&worker->calls);
    worker->n_threads = n_threads;
    worker->refs = 1;
    worker->name = g_strdup(name);
    return worker;
}

BpfpvWorker *
bpfpv_worker_new(guint n_threads)
{
    return new_worker(n_threads, NULL);
}

BpfpvWorker *
bpfpv_worker_new_shared(const char *purpose, const char *key)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);
    g_autofree char *name = g_strconcat(purpose, ":", key, NULL);
    BpfpvWorker *worker;

    if (!shared)
        shared = g_hash_table_new(g_str_hash, g_str_equal);
    worker = g_hash_table_lookup(shared, name);
    if (worker) {
        worker->refs++;
        return worker;
    }
    worker = new_worker(1, name);
    g_hash_table_insert(shared, worker->name, worker);
    return worker;
}

/* ---- under the lock ---- */

static void
unref(BpfpvWorker *worker)
{
    if (--worker->refs > 0)
        return;
    if (worker->name)
        g_hash_table_remove(shared, worker->name);
    g_free(worker->name);
    g_free(worker);
}

static void run_call(gpointer data, gpointer user_data);

static void
start(Call *call)
{
    if (!threads)
        threads = g_thread_pool_new(run_call, NULL, -1, FALSE, NULL);
    g_thread_pool_push(threads, call, NULL);
}

static void
serve(BpfpvWorkerKind *kind)
{
    while (kind->running < kind->most && !g_queue_is_empty(&kind->waiting)) {
        kind->running++;
        start(g_queue_pop_head(&kind->waiting));
    }
}

/* The worker's next calls take their turns, if it may have more under way. */
static void
advance(BpfpvWorker *worker)
{
    while (worker->n_taken < worker->n_threads && !g_queue_is_empty(&worker->calls)) {
        Call *call = g_queue_pop_head(&worker->calls);

        worker->n_taken++;
        if (!call->kind) {
            start(call);
            continue;
        }
        g_queue_push_tail(&call->kind->waiting, call);
        serve(call->kind);
    }
}

static void
finish(Call *call)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);

    call->worker->n_taken--;
    if (call->kind)
        call->kind->running--;
    advance(call->worker); /* behind those that wait already */
    if (call->kind)
        serve(call->kind);
    unref(call->worker);
}

/* ---- any thread ---- */

static void
run_call(gpointer data, gpointer user_data)
{
    Call *call = data;

    if (!g_task_return_error_if_cancelled(call->task))
        call->func(call->task, g_task_get_source_object(call->task),
                   g_task_get_task_data(call->task), g_task_get_cancellable(call->task));
    g_object_unref(call->task);
    finish(call);
    g_free(call);
}

void
bpfpv_worker_kind_set_most(BpfpvWorkerKind *kind, guint most)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);

    kind->most = most;
    serve(kind);
}

gboolean
bpfpv_worker_kind_is_wanted(BpfpvWorkerKind *kind)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);

    return !g_queue_is_empty(&kind->waiting);
}

void
bpfpv_worker_free(BpfpvWorker *worker)
{
    if (!worker)
        return;
    g_mutex_lock(&lock);
    unref(worker);
    g_mutex_unlock(&lock);
}

void
bpfpv_worker_run(BpfpvWorker *worker, BpfpvWorkerKind *kind, GTask *task, GTaskThreadFunc func)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);
    Call *call = g_new(Call, 1);

    worker->refs++;
    *call = (Call){worker, kind, g_object_ref(task), func};
    g_queue_push_tail(&worker->calls, call);
    advance(worker);
}
