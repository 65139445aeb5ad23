/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One replica of a table: keys and values, no protocol. It is a balanced tree
 * rather than a hash table because the guest chooses the keys: no choice of
 * keys makes a lookup slow.
 */
#include "core/table/replica.h"

#include <string.h>

static int
compare_keys(gconstpointer a, gconstpointer b, gpointer user_data)
{
    guint64 left = ((const BpfpvEntry *)a)->key, right = ((const BpfpvEntry *)b)->key;

    (void)user_data;
    return left < right ? -1 : left > right;
}

/**
 * bpfpv_replica_new:
 *
 * Returns: (transfer full) (element-type BpfpvEntry): an empty replica
 */
GTree *
bpfpv_replica_new(void)
{
    return g_tree_new_full(compare_keys, NULL, g_free, NULL);
}

static const BpfpvEntry *
find(GTree *replica, guint64 key)
{
    BpfpvEntry wanted = {.key = key};

    return g_tree_lookup(replica, &wanted);
}

/**
 * bpfpv_replica_set:
 * @replica: the replica
 * @record: a value, or a tombstone if its size is 0
 * @bytes: (inout): what the values of @replica take together
 *
 * Applies @record. No limit is checked here.
 *
 * Returns: whether that changed @replica
 */
gboolean
bpfpv_replica_set(GTree *replica, const BpfpvWireRecord *record, gsize *bytes)
{
    const BpfpvEntry *old = find(replica, record->key);
    gsize old_size = old != NULL ? old->size : 0;
    BpfpvEntry *entry;

    if (record->size == 0) {
        *bytes -= old_size;
        return old != NULL && g_tree_remove(replica, old);
    }
    if (old != NULL && old->size == record->size &&
        memcmp(old->value, record->value, record->size) == 0)
        return FALSE;
    entry = g_malloc(sizeof(BpfpvEntry) + record->size);
    entry->key = record->key;
    entry->size = record->size;
    memcpy(entry->value, record->value, record->size);
    g_tree_replace(replica, entry, entry);
    *bytes += entry->size - old_size;
    return TRUE;
}

/**
 * bpfpv_replica_equal:
 * @a: a replica
 * @b: another
 *
 * Returns: whether both have the same keys with the same values
 */
gboolean
bpfpv_replica_equal(GTree *a, GTree *b)
{
    GTreeNode *left = g_tree_node_first(a), *right = g_tree_node_first(b);

    for (; left != NULL && right != NULL;
         left = g_tree_node_next(left), right = g_tree_node_next(right)) {
        const BpfpvEntry *ours = g_tree_node_key(left), *theirs = g_tree_node_key(right);

        if (ours->key != theirs->key || ours->size != theirs->size ||
            memcmp(ours->value, theirs->value, ours->size) != 0)
            return FALSE;
    }
    return left == right;
}

/* Of a key that comes twice the last record counts. */
static GTree *
last_records(const GArray *records)
{
    GTree *last = bpfpv_replica_new();

    for (guint i = 0; i < records->len; i++) {
        const BpfpvWireRecord *record = &g_array_index(records, BpfpvWireRecord, i);
        BpfpvEntry *entry = g_new0(BpfpvEntry, 1);

        entry->key = record->key;
        entry->size = record->size;
        g_tree_replace(last, entry, entry);
    }
    return last;
}

/**
 * bpfpv_replica_measure_after:
 * @replica: the replica
 * @records: (element-type BpfpvWireRecord): one frame's records
 * @keys: (inout): how many keys @replica has, and would have after all of @records
 * @bytes: (inout): what its values take, and would take
 */
void
bpfpv_replica_measure_after(GTree *replica, const GArray *records, guint *keys, gsize *bytes)
{
    g_autoptr(GTree) last = last_records(records);

    for (GTreeNode *node = g_tree_node_first(last); node; node = g_tree_node_next(node)) {
        const BpfpvEntry *entry = g_tree_node_key(node);
        const BpfpvEntry *old = find(replica, entry->key);

        *keys = *keys + (entry->size > 0) - (old != NULL);
        *bytes = *bytes + entry->size - (old != NULL ? old->size : 0);
    }
}
