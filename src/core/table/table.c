/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The replica of one program's table: the one in use, and the one that a
 * snapshot in progress builds. Which frames may come when is decided here; how
 * a replica keeps its keys is replica.c.
 */
#include "core/table/table.h"

#include "core/table/replica.h"

struct _BpfpvTable {
    guint max_keys;
    const BpfpvDigestFuncs *digest; /* (nullable) */
    BpfpvReplica *current;
    BpfpvReplica *shadow; /* (nullable): a snapshot is in progress */
    gboolean synced;
    guint32 generation;       /* of current, if synced */
    gboolean begun;           /* some BEGIN was accepted since clear() */
    guint32 begun_generation; /* the last such BEGIN's */
    guint64 lost, dropped;
};

static gboolean
order_error(GError **error, const char *what, guint32 generation, guint32 expected)
{
    g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_ORDER,
                "%s of generation %u, the host is at %u", what, generation, expected);
    return FALSE;
}

static gboolean
apply_begin(BpfpvTable *table, const BpfpvFrame *frame, GError **error)
{
    if (table->begun && frame->generation <= table->begun_generation)
        return order_error(error, "BEGIN", frame->generation, table->begun_generation);
    g_clear_pointer(&table->shadow, bpfpv_replica_free);
    table->shadow = bpfpv_replica_new(table->digest);
    table->begun = TRUE;
    table->begun_generation = frame->generation;
    return TRUE;
}

static gboolean
check_limits(const BpfpvTable *table, const BpfpvReplica *target, const GArray *records,
             GError **error)
{
    gsize most = (gsize)BPFPV_WIRE_MAX_BYTES(table->max_keys);
    gsize most_added = (gsize)records->len * BPFPV_WIRE_MAX_VALUE;
    guint64 most_keys = (guint64)g_tree_nnodes(target->entries) + records->len;
    guint keys;
    gsize bytes;

    if (most_keys <= table->max_keys && target->bytes + most_added <= most)
        return TRUE;
    bpfpv_replica_measure_after(target, records, &keys, &bytes);
    if (keys > table->max_keys) {
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_LIMIT,
                    "the guest has more keys than this domain may have, %u", table->max_keys);
        return FALSE;
    }
    if (bytes <= most)
        return TRUE;
    g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_LIMIT,
                "the guest's values take more than this domain may have, %zu bytes", most);
    return FALSE;
}

static gboolean
apply_records(BpfpvTable *table, const BpfpvFrame *frame, gboolean *changed, GError **error)
{
    BpfpvReplica *target = table->shadow != NULL ? table->shadow : table->current;
    guint32 expected = table->shadow != NULL ? table->begun_generation : table->generation;

    if (table->shadow == NULL && !table->synced) {
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_ORDER,
                    "RECORDS before the first BEGIN");
        return FALSE;
    }
    if (frame->generation != expected)
        return order_error(error, "RECORDS", frame->generation, expected);
    if (!check_limits(table, target, frame->records, error))
        return FALSE;
    for (guint i = 0; i < frame->records->len; i++) {
        if (bpfpv_replica_set(target, &g_array_index(frame->records, BpfpvWireRecord, i)) &&
            target == table->current)
            *changed = TRUE;
    }
    return TRUE;
}

static gboolean
apply_end(BpfpvTable *table, const BpfpvFrame *frame, gboolean *changed, GError **error)
{
    guint64 keys;

    if (table->shadow == NULL) {
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_ORDER,
                    "END of generation %u without its BEGIN", frame->generation);
        return FALSE;
    }
    if (frame->generation != table->begun_generation)
        return order_error(error, "END", frame->generation, table->begun_generation);
    keys = (guint64)g_tree_nnodes(table->shadow->entries);
    if (frame->keys != keys) {
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_ORDER,
                    "END counts %" G_GUINT64_FORMAT " keys, %" G_GUINT64_FORMAT " came",
                    frame->keys, keys);
        return FALSE;
    }
    if (!bpfpv_replica_equal(table->shadow, table->current))
        *changed = TRUE;
    bpfpv_replica_free(table->current);
    table->current = g_steal_pointer(&table->shadow);
    table->synced = TRUE;
    table->generation = frame->generation;
    table->lost = frame->lost;
    table->dropped = frame->dropped;
    return TRUE;
}

/**
 * bpfpv_table_new:
 * @max_keys: most keys in each of the two replicas
 * @digest: (nullable): how its digest is made; NULL: none is needed
 *
 * Returns: (transfer full): an empty table that is not synced
 */
BpfpvTable *
bpfpv_table_new(guint max_keys, const BpfpvDigestFuncs *digest)
{
    BpfpvTable *table = g_new0(BpfpvTable, 1);

    table->max_keys = max_keys;
    table->digest = digest;
    table->current = bpfpv_replica_new(digest);
    return table;
}

/**
 * bpfpv_table_free:
 * @table: (nullable): the table
 *
 * Frees @table.
 */
void
bpfpv_table_free(BpfpvTable *table)
{
    if (table == NULL)
        return;
    bpfpv_replica_free(table->current);
    bpfpv_replica_free(table->shadow);
    g_free(table);
}

/**
 * bpfpv_table_apply:
 * @table: the table of the program that @frame is of
 * @frame: a decoded BEGIN, RECORDS or END
 * @changed: (inout): set to %TRUE if what bpfpv_table_foreach() shows changed,
 *   never to %FALSE
 * @error: return location, domain %BPFPV_WIRE_ERROR
 *
 * Applies @frame. A BEGIN must have a higher generation than any before; it
 * drops a snapshot that is in progress. RECORDS must be of the snapshot in
 * progress, or of the replica in use if there is none. END must count what
 * came. A frame is applied as a whole or not at all, and an error drops a
 * snapshot in progress but leaves the replica in use as it was.
 *
 * Returns: %TRUE, or %FALSE with @error set to ORDER or LIMIT
 */
gboolean
bpfpv_table_apply(BpfpvTable *table, const BpfpvFrame *frame, gboolean *changed, GError **error)
{
    gboolean applied = FALSE;

    if (frame->type == BPFPV_WIRE_BEGIN)
        applied = apply_begin(table, frame, error);
    else if (frame->type == BPFPV_WIRE_RECORDS)
        applied = apply_records(table, frame, changed, error);
    else if (frame->type == BPFPV_WIRE_END)
        applied = apply_end(table, frame, changed, error);
    else
        g_set_error(error, BPFPV_WIRE_ERROR, BPFPV_WIRE_ERROR_ORDER,
                    "a frame of type %u is none of a table", (guint)frame->type);
    if (!applied)
        g_clear_pointer(&table->shadow, bpfpv_replica_free);
    return applied;
}

/**
 * bpfpv_table_clear:
 * @table: the table
 *
 * Forgets everything, as before the first snapshot; any generation may come next.
 */
void
bpfpv_table_clear(BpfpvTable *table)
{
    guint max_keys = table->max_keys;
    const BpfpvDigestFuncs *digest = table->digest;

    bpfpv_replica_free(table->current);
    bpfpv_replica_free(table->shadow);
    *table =
        (BpfpvTable){.max_keys = max_keys, .digest = digest, .current = bpfpv_replica_new(digest)};
}

/**
 * bpfpv_table_is_synced:
 * @table: the table
 *
 * Returns: whether a snapshot was completed since bpfpv_table_new() or
 *   bpfpv_table_clear()
 */
gboolean
bpfpv_table_is_synced(const BpfpvTable *table)
{
    return table->synced;
}

/**
 * bpfpv_table_n_keys:
 * @table: the table
 *
 * Returns: the keys of the replica in use
 */
guint
bpfpv_table_n_keys(const BpfpvTable *table)
{
    return (guint)g_tree_nnodes(table->current->entries);
}

/**
 * bpfpv_table_generation:
 * @table: the table
 *
 * Returns: the generation of the replica in use; 0 before the first
 */
guint32
bpfpv_table_generation(const BpfpvTable *table)
{
    return table->generation;
}

/**
 * bpfpv_table_lost:
 * @table: the table
 *
 * Returns: the events that the guest had lost, all repaired, as of the last END
 */
guint64
bpfpv_table_lost(const BpfpvTable *table)
{
    return table->lost;
}

/**
 * bpfpv_table_dropped:
 * @table: the table
 *
 * Returns: the keys that did not fit into the guest's table, as of the last END
 */
guint64
bpfpv_table_dropped(const BpfpvTable *table)
{
    return table->dropped;
}

/**
 * bpfpv_table_digest:
 * @table: the table
 *
 * Returns: (transfer none) (nullable): the digest of the replica in use, valid until the next
 *   frame is applied; %NULL if bpfpv_table_new() was given none
 */
gconstpointer
bpfpv_table_digest(const BpfpvTable *table)
{
    return table->current->digest;
}

/**
 * bpfpv_table_foreach:
 * @table: the table
 * @func: (scope call): called for every key of the replica in use, lowest first
 * @user_data: passed to @func
 *
 * @func must not change @table; the value is borrowed for the call and aligned
 * to 8 bytes.
 */
void
bpfpv_table_foreach(const BpfpvTable *table, BpfpvTableFunc func, gpointer user_data)
{
    for (GTreeNode *node = g_tree_node_first(table->current->entries); node != NULL;
         node = g_tree_node_next(node)) {
        const BpfpvEntry *entry = g_tree_node_key(node);

        func(entry->key, entry->value, entry->size, user_data);
    }
}
