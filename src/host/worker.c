/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A queue of blocking calls; see worker.h. */
#include "host/worker.h"

struct _BpfpvWorker {
    GThreadPool *pool;
};

typedef struct {
    GTask *task;
    GTaskThreadFunc func;
} Call;

static void
run_call(gpointer data, gpointer user_data)
{
    g_autofree Call *call = data;
    g_autoptr(GTask) task = call->task;

    if (g_task_return_error_if_cancelled(task))
        return;
    call->func(task, g_task_get_source_object(task), g_task_get_task_data(task),
               g_task_get_cancellable(task));
}

BpfpvWorker *
bpfpv_worker_new(guint n_threads)
{
    BpfpvWorker *worker = g_new0(BpfpvWorker, 1);

    worker->pool = g_thread_pool_new(run_call, NULL, (gint)n_threads, FALSE, NULL);
    return worker;
}

void
bpfpv_worker_free(BpfpvWorker *worker)
{
    if (!worker)
        return;
    g_thread_pool_free(worker->pool, FALSE, FALSE);
    g_free(worker);
}

void
bpfpv_worker_run(BpfpvWorker *worker, GTask *task, GTaskThreadFunc func)
{
    Call *call = g_new(Call, 1);

    call->task = g_object_ref(task);
    call->func = func;
    g_thread_pool_push(worker->pool, call, NULL);
}
