/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Affinity, host half: the guest's table maps a thread id to the mask of guest
 * CPUs that the thread may run on, while that is narrower than all of them.
 */
#include "programs/program.h"

#include <string.h>

/* Distinct masks of one guest that are asked for; of more the first count, by their order. */
#define MAX_MASKS 4096

/* The digest is a tree of these: each mask once, however many tasks have it. Not by a hash: the
 * guest chooses the masks. */
typedef struct {
    BpfpvCpuset *mask;
    guint tasks; /* 1 or more */
} MaskCount;

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

static int
compare_masks(gconstpointer a, gconstpointer b, gpointer user_data)
{
    return bpfpv_cpuset_compare(((const MaskCount *)a)->mask, ((const MaskCount *)b)->mask);
}

static void
free_count(gpointer data)
{
    MaskCount *count = data;

    bpfpv_cpuset_free(count->mask);
    g_free(count);
}

static gpointer
create_digest(void)
{
    return g_tree_new_full(compare_masks, NULL, free_count, NULL);
}

static void
destroy_digest(gpointer digest)
{
    g_tree_unref(digest);
}

static void
add_value(gpointer digest, guint64 key, const guint8 *value, gsize size)
{
    MaskCount wanted = {.mask = read_mask(value, size)}, *found;

    if (!wanted.mask)
        return;
    found = g_tree_lookup(digest, &wanted);
    if (found) {
        found->tasks++;
        bpfpv_cpuset_free(wanted.mask);
        return;
    }
    found = g_new(MaskCount, 1);
    *found = (MaskCount){.mask = wanted.mask, .tasks = 1};
    g_tree_insert(digest, found, found);
}

static void
remove_value(gpointer digest, guint64 key, const guint8 *value, gsize size)
{
    g_autoptr(BpfpvCpuset) mask = read_mask(value, size);
    MaskCount wanted = {.mask = mask};
    MaskCount *found = mask ? g_tree_lookup(digest, &wanted) : NULL;

    if (found && --found->tasks == 0)
        g_tree_remove(digest, &wanted);
}

static void
add_demand(gconstpointer digest, const BpfpvGuestCpus *cpus, BpfpvDemand *demand)
{
    GTreeNode *node = g_tree_node_first((GTree *)digest);

    for (guint i = 0; node && i < MAX_MASKS; i++, node = g_tree_node_next(node)) {
        const MaskCount *count = g_tree_node_key(node);
        g_autoptr(BpfpvCpuset) vcpus = bpfpv_guest_cpus_to_vcpus(cpus, count->mask);

        bpfpv_demand_add(demand, vcpus, bpfpv_guest_cpus_online(cpus), count->tasks);
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
    .digest = {create_digest, destroy_digest, add_value, remove_value},
    .add_demand = add_demand,
    .format_value = format_value,
};
