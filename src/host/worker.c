/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A queue of blocking calls; see worker.h. */
#include "host/worker.h"

struct _BpfpvWorker {
    GThreadPool *pool;
    guint refs; /* its owners, and each call; under lock */
    char *name; /* (nullable): where it is shared */
};

typedef struct {
    BpfpvWorker *worker; /* a reference */
    GTask *task;
    GTaskThreadFunc func;
} Call;

static GMutex lock;
static GHashTable *shared; /* name → BpfpvWorker; under lock */

static void
run_call(gpointer data, gpointer user_data)
{
    Call *call = data;

    if (!g_task_return_error_if_cancelled(call->task))
        call->func(call->task, g_task_get_source_object(call->task),
                   g_task_get_task_data(call->task), g_task_get_cancellable(call->task));
    g_object_unref(call->task);
    bpfpv_worker_free(call->worker);
    g_free(call);
}

static BpfpvWorker *
new_worker(guint n_threads, const char *name)
{
    BpfpvWorker *worker = g_new0(BpfpvWorker, 1);

    worker->pool = g_thread_pool_new(run_call, NULL, (gint)n_threads, FALSE, NULL);
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

static void
worker_ref(BpfpvWorker *worker)
{
    g_mutex_lock(&lock);
    worker->refs++;
    g_mutex_unlock(&lock);
}

/* Whether that was the last one: nobody can find it any more. */
static gboolean
drop_reference(BpfpvWorker *worker)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&lock);

    if (--worker->refs > 0)
        return FALSE;
    if (worker->name)
        g_hash_table_remove(shared, worker->name);
    return TRUE;
}

void
bpfpv_worker_free(BpfpvWorker *worker)
{
    if (!worker || !drop_reference(worker))
        return;
    g_thread_pool_free(worker->pool, FALSE, FALSE);
    g_free(worker->name);
    g_free(worker);
}

void
bpfpv_worker_run(BpfpvWorker *worker, GTask *task, GTaskThreadFunc func)
{
    Call *call = g_new(Call, 1);

    worker_ref(worker);
    call->worker = worker;
    call->task = g_object_ref(task);
    call->func = func;
    g_thread_pool_push(worker->pool, call, NULL);
}
