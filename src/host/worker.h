/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Queues of blocking calls, run off the main loop. Each domain has one of its own, so that a slow
 * domain delays nobody else; and calls of a kind share a limit, so that many slow domains hold up
 * neither libvirtd nor this process. Queues that wait for the same kind take turns, call by call.
 */
#pragma once

#include <gio/gio.h>

typedef struct _BpfpvWorker BpfpvWorker;

/**
 * BpfpvWorkerKind:
 *
 * What calls have in common that must not take place too often at once. Static, by
 * BPFPV_WORKER_KIND(): it has no end.
 */
typedef struct {
    guint most; /* calls under way at once; 1 or more */
    /*< private >*/
    guint running;
    GQueue waiting;
} BpfpvWorkerKind;

#define BPFPV_WORKER_KIND(at_most)                                                                 \
    {                                                                                              \
        .most = (at_most), .waiting = G_QUEUE_INIT                                                 \
    }

/* Another limit from now on; what is under way goes on. Any thread. */
void bpfpv_worker_kind_set_most(BpfpvWorkerKind *kind, guint most);
/* Whether calls wait for their turn. Any thread. */
gboolean bpfpv_worker_kind_is_wanted(BpfpvWorkerKind *kind);

/**
 * bpfpv_worker_new:
 * @n_threads: how many of its calls may run at once; 1 keeps their order
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
 * @kind: (nullable): whose limit counts; %NULL: none but the queue's own
 * @task: (transfer none): its callback runs in the main context it was made in
 * @func: runs in a thread and must return a value to @task
 *
 * Queues a call. If the task's cancellable is cancelled before its turn, the call is not made.
 */
void bpfpv_worker_run(BpfpvWorker *worker, BpfpvWorkerKind *kind, GTask *task,
                      GTaskThreadFunc func);
