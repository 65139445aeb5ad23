/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the memory of domains lies that nothing binds: what they are best placed near to. It is
 * looked at when a domain becomes managed and when its guest begins to ask for something, not more
 * often than now and then, and in a worker: the kernel may have to go through all of it.
 */
#include "daemon/manager/private.h"

#include "host/memory.h"
#include "host/worker.h"

/* Pages move slowly, and a home is kept as long as it will do. */
#define AGAIN_S 60
#define AT_ONCE 2

static BpfpvWorkerKind looks = BPFPV_WORKER_KIND(AT_ONCE);

/* By key: the domain may be gone when it is over. */
typedef struct {
    BpfpvManager *manager;
    char *key;
    gint64 pid;
    char *cgroup; /* (nullable) */
} Look;

static void
look_free(gpointer data)
{
    Look *look = data;

    g_free(look->key);
    g_free(look->cgroup);
    g_free(look);
}

static void
look_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    const Look *look = data;

    g_task_return_pointer(task, bpfpv_memory_cells("", look->pid, look->cgroup),
                          (GDestroyNotify)bpfpv_cpuset_free);
}

static void
on_looked(GObject *source, GAsyncResult *result, gpointer user_data)
{
    const Look *look = g_task_get_task_data(G_TASK(result));
    g_autoptr(BpfpvCpuset) cells = g_task_propagate_pointer(G_TASK(result), NULL);
    BpfpvManaged *managed;

    if (g_cancellable_is_cancelled(g_task_get_cancellable(G_TASK(result))))
        return; /* the manager is gone */
    managed = g_hash_table_lookup(look->manager->by_key, look->key);
    if (!managed || !cells || (managed->memory && bpfpv_cpuset_equal(managed->memory, cells)))
        return;
    bpfpv_cpuset_free(managed->memory);
    managed->memory = g_steal_pointer(&cells);
    bpfpv_managed_place_soon(managed);
}

/* Whether there is more than one place where memory, and CPUs near to it, could be. */
static gboolean
has_cells(const BpfpvManager *manager)
{
    return manager->topology && bpfpv_topology_cells(manager->topology)->len > 1;
}

void
bpfpv_managed_look_at_memory(BpfpvManaged *managed)
{
    BpfpvManager *manager = managed->manager;
    gint64 now = g_get_monotonic_time(), pid = bpfpv_pins_pid(managed->pins);
    g_autoptr(BpfpvWorker) worker = NULL;
    g_autoptr(GTask) task = NULL;
    Look *look;

    if (!has_cells(manager) || pid == 0 ||
        (managed->memory_us > 0 && now - managed->memory_us < AGAIN_S * G_USEC_PER_SEC))
        return;
    managed->memory_us = now;
    look = g_new0(Look, 1);
    look->manager = manager;
    look->key = g_strdup(managed->key);
    look->pid = pid;
    look->cgroup = g_strdup(bpfpv_pins_cgroup(managed->pins));
    task = g_task_new(NULL, manager->cancellable, on_looked, NULL);
    g_task_set_check_cancellable(task, FALSE);
    g_task_set_task_data(task, look, look_free);
    worker = bpfpv_worker_new(1);
    bpfpv_worker_run(worker, &looks, task, look_in_worker);
}
