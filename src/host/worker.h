/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A queue of blocking calls, run one after the other off the main loop. Each
 * domain has its own, so that a slow one delays nobody else.
 */
#pragma once

#include <gio/gio.h>

typedef struct _BpfpvWorker BpfpvWorker;

/**
 * bpfpv_worker_new:
 * @n_threads: how many calls may run at once; 1 keeps their order
 */
BpfpvWorker *bpfpv_worker_new(guint n_threads);

/**
 * bpfpv_worker_new_shared:
 * @purpose: what the calls are
 * @key: what they are for, a domain's UUID
 *
 * A queue that keeps the order of calls, and keeps it also after bpfpv_worker_free(): as long as a
 * call is under way, whoever asks for the same purpose and key comes after it. So the first call of
 * a domain's next run waits for the last one of the run before.
 */
BpfpvWorker *bpfpv_worker_new_shared(const char *purpose, const char *key);

/**
 * bpfpv_worker_free:
 *
 * Never waits: calls already queued still run, each seeing its own cancellable.
 */
void bpfpv_worker_free(BpfpvWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvWorker, bpfpv_worker_free)

/**
 * bpfpv_worker_run:
 * @task: (transfer none): its callback runs in the main context it was made in
 * @func: runs in a worker thread and must return a value to @task
 *
 * Queues a call. If the task's cancellable is cancelled before its turn, the
 * call is not made.
 */
void bpfpv_worker_run(BpfpvWorker *worker, GTask *task, GTaskThreadFunc func);
