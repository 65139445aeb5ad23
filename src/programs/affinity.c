/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Affinity, host half: the guest's table maps a thread id to the mask of guest
 * CPUs that the thread may run on, while that is narrower than all of them.
 * Guest CPU n is taken to be vCPU n, as QEMU and Linux number them.
 */
#include "programs/program.h"

#include <string.h>

/* Distinct masks of one guest that are told apart; a guest with more is not read further. */
#define MAX_MASKS 4096

typedef struct {
    GHashTable *tasks; /* mask → number of tasks */
} Count;

static void
count_task(guint64 key, const guint8 *value, gsize size, gpointer user_data)
{
    Count *count = user_data;
    guint64 words[BPFPV_WIRE_MAX_VALUE / sizeof(guint64)];
    gsize n_words = size / sizeof(guint64);
    BpfpvCpuset *mask;
    gpointer tasks;

    if (size % sizeof(guint64) != 0 || n_words > G_N_ELEMENTS(words))
        return;
    memcpy(words, value, size);
    for (gsize i = 0; i < n_words; i++)
        words[i] = GUINT64_FROM_LE(words[i]);
    mask = bpfpv_cpuset_new_from_words(words, n_words, BPFPV_CPUSET_MAX);
    tasks = g_hash_table_lookup(count->tasks, mask);
    if (tasks || g_hash_table_size(count->tasks) < MAX_MASKS)
        g_hash_table_replace(count->tasks, mask, GUINT_TO_POINTER(GPOINTER_TO_UINT(tasks) + 1));
    else
        bpfpv_cpuset_free(mask);
}

static gboolean
mask_equal(gconstpointer a, gconstpointer b)
{
    return bpfpv_cpuset_equal(a, b);
}

static void
add_demand(const BpfpvTable *table, const BpfpvCpuset *online, BpfpvDemand *demand)
{
    g_autoptr(GHashTable) tasks = g_hash_table_new_full(bpfpv_cpuset_hash, mask_equal,
                                                        (GDestroyNotify)bpfpv_cpuset_free, NULL);
    Count count = {tasks};
    GHashTableIter iter;
    gpointer mask, n;

    bpfpv_table_foreach(table, count_task, &count);
    g_hash_table_iter_init(&iter, tasks);
    while (g_hash_table_iter_next(&iter, &mask, &n))
        bpfpv_demand_add(demand, mask, online, GPOINTER_TO_UINT(n));
}

const BpfpvProgram bpfpv_program_affinity = {
    .name = "affinity",
    .add_demand = add_demand,
};
