/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Affinity, host half: the guest's table maps a thread id to the mask of guest
 * CPUs that the thread may run on, while that is narrower than all of them.
 */
#include "programs/program.h"

#include <string.h>

/* Distinct masks of one guest that are told apart; a guest with more is not read further. */
#define MAX_MASKS 4096

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
    GTree *tasks = user_data;
    BpfpvCpuset *mask = read_mask(value, size);
    gpointer n;

    if (!mask)
        return;
    n = g_tree_lookup(tasks, mask);
    if (n || g_tree_nnodes(tasks) < MAX_MASKS)
        g_tree_insert(tasks, mask, GUINT_TO_POINTER(GPOINTER_TO_UINT(n) + 1));
    else
        bpfpv_cpuset_free(mask);
}

static int
compare_masks(gconstpointer a, gconstpointer b, gpointer user_data)
{
    return bpfpv_cpuset_compare(a, b);
}

/* Each mask once, however many tasks have it. Not by a hash: the guest chooses the masks. */
static void
add_demand(const BpfpvTable *table, const BpfpvGuestCpus *cpus, BpfpvDemand *demand)
{
    g_autoptr(GTree) tasks =
        g_tree_new_full(compare_masks, NULL, (GDestroyNotify)bpfpv_cpuset_free, NULL);

    bpfpv_table_foreach(table, count_task, tasks);
    for (GTreeNode *node = g_tree_node_first(tasks); node; node = g_tree_node_next(node)) {
        g_autoptr(BpfpvCpuset) vcpus = bpfpv_guest_cpus_to_vcpus(cpus, g_tree_node_key(node));

        bpfpv_demand_add(demand, vcpus, bpfpv_guest_cpus_online(cpus),
                         GPOINTER_TO_UINT(g_tree_node_value(node)));
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
