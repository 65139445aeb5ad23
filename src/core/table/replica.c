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

static GTree *
new_tree(void)
{
    return g_tree_new_full(compare_keys, NULL, g_free, NULL);
}

/**
 * bpfpv_replica_new:
 * @funcs: (nullable): how its digest is made; NULL: without
 *
 * Returns: (transfer full): an empty replica
 */
BpfpvReplica *
bpfpv_replica_new(const BpfpvDigestFuncs *funcs)
{
    BpfpvReplica *replica = g_new0(BpfpvReplica, 1);

    replica->entries = new_tree();
    replica->funcs = funcs;
    if (funcs)
        replica->digest = funcs->create();
    return replica;
}

/**
 * bpfpv_replica_free:
 * @replica: (nullable): the replica
 *
 * Frees @replica and its digest.
 */
void
bpfpv_replica_free(BpfpvReplica *replica)
{
    if (!replica)
        return;
    if (replica->funcs)
        replica->funcs->destroy(replica->digest);
    g_tree_unref(replica->entries);
    g_free(replica);
}

static const BpfpvEntry *
find(GTree *tree, guint64 key)
{
    BpfpvEntry wanted = {.key = key};

    return g_tree_lookup(tree, &wanted);
}

static void
count_out(BpfpvReplica *replica, const BpfpvEntry *entry)
{
    replica->bytes -= entry->size;
    if (replica->funcs)
        replica->funcs->remove(replica->digest, entry->key, entry->value, entry->size);
}

static void
count_in(BpfpvReplica *replica, const BpfpvEntry *entry)
{
    replica->bytes += entry->size;
    if (replica->funcs)
        replica->funcs->add(replica->digest, entry->key, entry->value, entry->size);
}

/**
 * bpfpv_replica_set:
 * @replica: the replica
 * @record: a value, or a tombstone if its size is 0
 *
 * Applies @record. No limit is checked here.
 *
 * Returns: whether that changed @replica
 */
gboolean
bpfpv_replica_set(BpfpvReplica *replica, const BpfpvWireRecord *record)
{
    const BpfpvEntry *old = find(replica->entries, record->key);
    BpfpvEntry *entry;

    if (!old && record->size == 0)
        return FALSE;
    if (old && old->size == record->size && memcmp(old->value, record->value, record->size) == 0)
        return FALSE;
    if (old)
        count_out(replica, old);
    if (record->size == 0)
        return g_tree_remove(replica->entries, old);
    entry = g_malloc(sizeof(BpfpvEntry) + record->size);
    entry->key = record->key;
    entry->size = record->size;
    memcpy(entry->value, record->value, record->size);
    g_tree_replace(replica->entries, entry, entry);
    count_in(replica, entry);
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
bpfpv_replica_equal(const BpfpvReplica *a, const BpfpvReplica *b)
{
    GTreeNode *left = g_tree_node_first(a->entries), *right = g_tree_node_first(b->entries);

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
    GTree *last = new_tree();

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
 * @keys: (out): how many keys @replica would have after all of @records
 * @bytes: (out): what its values would take
 */
void
bpfpv_replica_measure_after(const BpfpvReplica *replica, const GArray *records, guint *keys,
                            gsize *bytes)
{
    g_autoptr(GTree) last = last_records(records);

    *keys = (guint)g_tree_nnodes(replica->entries);
    *bytes = replica->bytes;
    for (GTreeNode *node = g_tree_node_first(last); node; node = g_tree_node_next(node)) {
        const BpfpvEntry *entry = g_tree_node_key(node);
        const BpfpvEntry *old = find(replica->entries, entry->key);

        *keys = *keys + (entry->size > 0) - (old != NULL);
        *bytes = *bytes + entry->size - (old != NULL ? old->size : 0);
    }
}
