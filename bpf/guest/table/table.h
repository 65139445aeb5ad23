/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of one program, and what of it the host has been told: pure, no
 * I/O and no clock. It knows keys and bytes, not what they mean.
 *
 * Changes wait in a queue, first dirty first out, each key at most once; a key
 * that changes while it waits is sent once, with its latest value.
 */
#ifndef BPFPV_GUEST_TABLE_H
#define BPFPV_GUEST_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

/* What table_next() wants to be sent; @value belongs to the table. */
struct table_change {
    uint64_t key;
    uint32_t size; /* 0: the key is gone */
    const uint8_t *value;
};

/**
 * table_new:
 * @max_keys: most keys with a value that it holds, at least 1; fewer if their
 * values take more than BPFPV_WIRE_MAX_BYTES(@max_keys)
 *
 * Returns: an empty table that the host knows nothing of, or %NULL when there
 * is no memory. Free with table_free().
 */
struct table *table_new(uint32_t max_keys);

/**
 * table_free:
 * @table: (nullable): the table
 */
void table_free(struct table *table);

/**
 * table_apply:
 * @value: @size bytes; may be %NULL when @size is 0
 * @size: 0 for a tombstone
 *
 * Takes a change that the program reported. A key that doesn't fit is dropped
 * and counted.
 */
void table_apply(struct table *table, uint64_t key, const void *value, uint32_t size);

/**
 * table_collect:
 *
 * Starts a snapshot: from here on a change outranks what table_seed() brings
 * for the same key. Resets the count of dropped keys.
 */
void table_collect(struct table *table);

/**
 * table_seed:
 *
 * Takes one live key that the snapshot found. @size is not 0.
 */
void table_seed(struct table *table, uint64_t key, const void *value, uint32_t size);

/**
 * table_collected:
 *
 * Ends the snapshot: keys that were neither found nor changed since
 * table_collect() are gone.
 *
 * Returns: false if memory or room ran out for what it had to remember; the
 * snapshot must then be taken again
 */
bool table_collected(struct table *table);

/**
 * table_publish:
 *
 * Forgets what the host knows and queues every live key ahead of all changes
 * to come; table_initial() tells how many of these are left.
 */
void table_publish(struct table *table);

/**
 * table_next:
 * @change: return location
 *
 * Returns: whether something must be sent; if so @change is valid until the
 * table changes, and table_sent() must follow once it is in the buffer
 */
bool table_next(struct table *table, struct table_change *change);

/**
 * table_sent:
 *
 * The change that table_next() returned is on its way to the host.
 */
void table_sent(struct table *table);

/**
 * table_initial:
 *
 * Returns: how many keys of the last table_publish() are still to be sent
 */
size_t table_initial(const struct table *table);

/**
 * table_known:
 *
 * Returns: how many keys the host's replica holds, once it has received all
 * that was sent
 */
size_t table_known(const struct table *table);

/**
 * table_live:
 *
 * Returns: how many keys have a value
 */
size_t table_live(const struct table *table);

/**
 * table_dropped:
 *
 * Returns: how many keys didn't fit since table_collect()
 */
uint64_t table_dropped(const struct table *table);

/**
 * table_full:
 *
 * Returns: whether a new key would be dropped
 */
bool table_full(const struct table *table);

#endif
