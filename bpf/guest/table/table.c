/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The replicated table, see table.h. An entry is there while its key has a
 * value, or the host still believes it has one, or (during a snapshot) while
 * its tombstone must outrank what the snapshot may bring.
 */
#include "table/table.h"

#include <stdlib.h>
#include <string.h>

#include "bpfpv_wire.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

struct entry {
    uint64_t key;
    uint8_t *value; /* NULL: gone */
    uint8_t *sent;  /* what the host has; NULL: nothing; may be value itself */
    uint32_t size;
    uint32_t sent_size;
    uint32_t changed; /* epoch of the last change */
    uint32_t seen;    /* epoch of the last time a snapshot found it */
    bool queued;
    bool initial; /* queued by table_publish */
    struct entry *prev, *next;
    UT_hash_handle hh;
};

struct table {
    struct entry *entries;
    struct entry *queue;
    uint32_t max_keys;
    uint32_t epoch;
    bool collecting;
    bool unsure; /* a tombstone could not be remembered while collecting */
    bool missed; /* a change was dropped while collecting */
    size_t live;
    uint64_t bytes;   /* of the values */
    uint32_t largest; /* value that there ever was */
    size_t known;
    size_t initial;
    uint64_t dropped;
};

struct table *
table_new(uint32_t max_keys)
{
    struct table *table = calloc(1, sizeof(*table));

    if (table != NULL)
        table->max_keys = max_keys;
    return table;
}

static void
free_sent(struct entry *entry)
{
    if (entry->sent != entry->value)
        free(entry->sent);
    entry->sent = NULL;
    entry->sent_size = 0;
}

static void
remove_entry(struct table *table, struct entry *entry)
{
    if (entry->queued)
        DL_DELETE(table->queue, entry);
    if (entry->initial)
        table->initial--;
    HASH_DEL(table->entries, entry);
    free_sent(entry);
    free(entry->value);
    free(entry);
}

void
table_free(struct table *table)
{
    struct entry *entry, *next;

    if (table == NULL)
        return;
    HASH_ITER (hh, table->entries, entry, next)
        remove_entry(table, entry);
    free(table);
}

/* For a key that has no value yet. */
static bool
has_room(const struct table *table, uint32_t size)
{
    /* Tombstones that wait for the host take room too, but not without end. */
    return table->live < table->max_keys &&
           table->bytes + size <= BPFPV_WIRE_MAX_BYTES(table->max_keys) &&
           HASH_COUNT(table->entries) < 2 * (size_t)table->max_keys;
}

bool
table_full(const struct table *table)
{
    return !has_room(table, table->largest);
}

static struct entry *
find(struct table *table, uint64_t key)
{
    struct entry *entry;

    HASH_FIND(hh, table->entries, &key, sizeof(key), entry);
    return entry;
}

static struct entry *
add(struct table *table, uint64_t key)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (entry == NULL)
        return NULL;
    entry->key = key;
    HASH_ADD(hh, table->entries, key, sizeof(entry->key), entry);
    if (entry->hh.tbl == NULL) {
        free(entry);
        return NULL;
    }
    return entry;
}

static bool
same(const uint8_t *a, uint32_t a_size, const uint8_t *b, uint32_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

/* Queues the entry if the host has to hear of it, and drops it if nobody has
 * a use for it any more. */
static void
settle(struct table *table, struct entry *entry)
{
    bool clean = same(entry->value, entry->size, entry->sent, entry->sent_size);

    if (clean) {
        free_sent(entry);
        entry->sent = entry->value;
        entry->sent_size = entry->size;
    }
    if (!clean && !entry->queued) {
        DL_APPEND(table->queue, entry);
        entry->queued = true;
    } else if (clean && entry->value == NULL && !table->collecting) {
        remove_entry(table, entry);
    }
}

/* Gives the entry a value; what the host has stays what it was. False: no room or no memory. */
static bool
set_value(struct table *table, struct entry *entry, const void *value, uint32_t size)
{
    uint8_t *copy = NULL;

    if (same(entry->value, entry->size, value, size))
        return true;
    if (table->bytes - entry->size + size > BPFPV_WIRE_MAX_BYTES(table->max_keys))
        return false;
    if (size > 0) {
        copy = malloc(size);
        if (copy == NULL)
            return false;
        memcpy(copy, value, size);
    }
    table->live += (size > 0);
    table->live -= (entry->size > 0);
    table->bytes += size;
    table->bytes -= entry->size;
    if (entry->value != entry->sent)
        free(entry->value);
    entry->value = copy;
    entry->size = size;
    return true;
}

/* Better nothing than a value that isn't true any more. */
static void
set_or_drop(struct table *table, struct entry *entry, const void *value, uint32_t size)
{
    if (set_value(table, entry, value, size))
        return;
    set_value(table, entry, NULL, 0);
    table->dropped++;
}

/* The entry to write @size bytes to; NULL when it doesn't fit. */
static struct entry *
entry_for(struct table *table, uint64_t key, uint32_t size)
{
    struct entry *entry = find(table, key);

    if (size > table->largest)
        table->largest = size;
    if (entry != NULL && (entry->size > 0 || size == 0))
        return entry;
    if (size == 0 && !table->collecting)
        return NULL;
    if (size == 0 && HASH_COUNT(table->entries) >= 2 * (size_t)table->max_keys) {
        table->unsure = true;
        return NULL;
    }
    if (size > 0 && !has_room(table, size))
        return NULL;
    if (entry == NULL)
        entry = add(table, key);
    table->unsure |= (entry == NULL);
    return entry;
}

void
table_apply(struct table *table, uint64_t key, const void *value, uint32_t size)
{
    struct entry *entry = entry_for(table, key, size);

    if (entry == NULL) {
        table->dropped += (size > 0);
        table->missed |= (size > 0);
        return;
    }
    set_or_drop(table, entry, value, size);
    entry->changed = table->epoch;
    settle(table, entry);
}

void
table_collect(struct table *table)
{
    table->epoch++;
    table->collecting = true;
    table->unsure = false;
    table->missed = false;
    table->dropped = 0;
}

void
table_seed(struct table *table, uint64_t key, const void *value, uint32_t size)
{
    struct entry *entry = find(table, key);

    if (entry != NULL && entry->changed == table->epoch)
        return;
    /* After a dropped change, a key that isn't in the table may be that one:
     * what the snapshot has of it may be old. */
    if ((entry == NULL || entry->size == 0) && table->missed)
        entry = NULL;
    else
        entry = entry_for(table, key, size);
    if (entry == NULL) {
        table->dropped++;
        return;
    }
    set_or_drop(table, entry, value, size);
    entry->seen = table->epoch;
    settle(table, entry);
}

bool
table_collected(struct table *table)
{
    struct entry *entry, *next;

    table->collecting = false;
    HASH_ITER (hh, table->entries, entry, next) {
        if (entry->seen != table->epoch && entry->changed != table->epoch)
            set_value(table, entry, NULL, 0);
        settle(table, entry);
    }
    return !table->unsure;
}

void
table_publish(struct table *table)
{
    struct entry *entry, *next;

    table->queue = NULL;
    table->known = 0;
    table->initial = 0;
    HASH_ITER (hh, table->entries, entry, next) {
        entry->queued = false;
        entry->initial = false;
        free_sent(entry);
        settle(table, entry);
    }
    for (entry = table->queue; entry != NULL; entry = entry->next) {
        entry->initial = true;
        table->initial++;
    }
}

/* The host has the entry's present value; it needs no place in the queue. */
static void
dequeue(struct table *table, struct entry *entry)
{
    DL_DELETE(table->queue, entry);
    entry->queued = false;
    table->initial -= entry->initial;
    entry->initial = false;
    settle(table, entry);
}

bool
table_next(struct table *table, struct table_change *change)
{
    struct entry *entry;

    while ((entry = table->queue) != NULL) {
        if (!same(entry->value, entry->size, entry->sent, entry->sent_size)) {
            change->key = entry->key;
            change->size = entry->size;
            change->value = entry->value;
            return true;
        }
        dequeue(table, entry);
    }
    return false;
}

void
table_sent(struct table *table)
{
    struct entry *entry = table->queue;

    table->known += (entry->size > 0);
    table->known -= (entry->sent_size > 0);
    free_sent(entry);
    entry->sent = entry->value;
    entry->sent_size = entry->size;
    dequeue(table, entry);
}

size_t
table_initial(const struct table *table)
{
    return table->initial;
}

size_t
table_known(const struct table *table)
{
    return table->known;
}

size_t
table_live(const struct table *table)
{
    return table->live;
}

uint64_t
table_dropped(const struct table *table)
{
    return table->dropped;
}
