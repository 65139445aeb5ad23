/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Affinity, host half: the guest's table maps a thread id to the mask of guest
 * CPUs that the thread may run on, while that is narrower than all of them.
 */
#include "programs/program.h"

#include <string.h>

/* Distinct masks of one guest that are told apart; a guest with more is not read further. */
#define MAX_MASKS 4096

typedef struct {
    GHashTable *tasks; /* mask → number of tasks */
} Count;

/* (transfer full): NULL if it is malformed. */
static BpfpvCpuset *
read_mask(const guint8 *value, gsize size)
{
    guint64 words[BPFPV_WIRE_MAX_VALUE / sizeof(guint64)];
    gsize n_words = size / sizeof(guint64);

    if (size % sizeof(guint64) != 0 || n_words > G_N_ELEMENTS(words))
        return NULL;
    memcpy(words, value, size);
    for (gsize i = 0; i < n_words; i++)
        words[i] = GUINT64_FROM_LE(words[i]);
    return bpfpv_cpuset_new_from_words(words, n_words, BPFPV_CPUSET_MAX);
}

static void
count_task(guint64 key, const guint8 *value, gsize size, gpointer user_data)
{
    Count *count = user_data;
    BpfpvCpuset *mask = read_mask(value, size);
    gpointer tasks;

    if (!mask)
        return;
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
add_demand(const BpfpvTable *table, const BpfpvGuestCpus *cpus, BpfpvDemand *demand)
{
    g_autoptr(GHashTable) tasks = g_hash_table_new_full(bpfpv_cpuset_hash, mask_equal,
                                                        (GDestroyNotify)bpfpv_cpuset_free, NULL);
    Count count = {tasks};
    GHashTableIter iter;
    gpointer mask, n;

    bpfpv_table_foreach(table, count_task, &count);
    g_hash_table_iter_init(&iter, tasks);
    while (g_hash_table_iter_next(&iter, &mask, &n)) {
        g_autoptr(BpfpvCpuset) vcpus = bpfpv_guest_cpus_to_vcpus(cpus, mask);

        bpfpv_demand_add(demand, vcpus, bpfpv_guest_cpus_online(cpus), GPOINTER_TO_UINT(n));
    }
}

static char *
format_value(const guint8 *value, gsize size)
{
    g_autoptr(BpfpvCpuset) mask = read_mask(value, size);

    return mask ? bpfpv_cpuset_format(mask) : g_strdup("?");
}

const BpfpvProgram bpfpv_program_affinity = {
    .name = "affinity",
    .add_demand = add_demand,
    .format_value = format_value,
};
