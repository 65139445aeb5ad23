/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Snapshots and changes of one table, see publisher.h.
 */
#include "loop/publisher.h"

#define LOST_INTERVAL_MS 200
#define ROOM_INTERVAL_MS 1000
#define RETRY_MS 100
#define MAX_TRIES 3

void
publisher_resync(struct publisher *publisher, uint64_t now)
{
    publisher->phase = PUBLISHER_AWAY;
    publisher->tries = 0;
    publisher->due = now;
    publisher->unchecked = false;
}

static void
want_snapshot(struct publisher *publisher, uint64_t when)
{
    if (when < publisher->due)
        publisher->due = when;
}

/* Whether another attempt is worth it. A host that waits for ever is worse off than
 * one whose replica is repaired in a moment. */
static bool
try_again(struct publisher *publisher, uint64_t now)
{
    if (++publisher->tries >= MAX_TRIES)
        return false;
    publisher->due = now + RETRY_MS;
    return true;
}

/* One attempt. A change that comes while the iterator runs outranks what the iterator
 * says of its key, whichever of the two is read first. A record of before must not: what
 * came after it may be among the losses. So all of those are in the table before. */
static int
take_snapshot(struct publisher *publisher, uint64_t now)
{
    struct program *program = publisher->program;
    uint64_t lost;
    bool sure;
    int result;

    publisher->taken = now;
    program_count_misses(program);
    lost = program_lost(program);
    sure = program_drain(program);
    if (!sure && try_again(publisher, now))
        return 0;
    table_collect(program->table);
    result = program_iterate(program);
    program_drain(program);
    program_count_misses(program);
    sure = table_collected(program->table) && sure;
    if (result < 0)
        return result;
    publisher->lost = lost;
    sure = sure && program_lost(program) == lost;
    if (!sure && try_again(publisher, now))
        return 0;
    publisher->due = sure ? PUBLISHER_NEVER : now + LOST_INTERVAL_MS;
    publisher->tries = 0;
    publisher->generation++;
    publisher->phase = PUBLISHER_BEGIN;
    table_publish(program->table);
    return 0;
}

static bool
is_sending(const struct publisher *publisher)
{
    return publisher->phase == PUBLISHER_BEGIN || publisher->phase == PUBLISHER_SENDING;
}

bool
publisher_owes_check(const struct publisher *publisher)
{
    return publisher->unchecked && publisher->phase == PUBLISHER_STEADY;
}

/* Not with every flush of a storm, but with one that nothing follows. */
static void
count_misses(struct publisher *publisher, uint64_t now, bool last)
{
    if (!last && now < publisher->counted + LOST_INTERVAL_MS)
        return;
    program_count_misses(publisher->program);
    publisher->counted = now;
}

int
publisher_collect(struct publisher *publisher, uint64_t now, bool last)
{
    struct table *table = publisher->program->table;

    program_drain(publisher->program);
    if (is_sending(publisher)) {
        publisher->unchecked |= last;
        return 0;
    }
    publisher->unchecked &= !last;
    count_misses(publisher, now, last);
    if (program_lost(publisher->program) != publisher->lost)
        want_snapshot(publisher, publisher->taken + LOST_INTERVAL_MS);
    if (table_dropped(table) > 0 && !table_full(table))
        want_snapshot(publisher, publisher->taken + ROOM_INTERVAL_MS);
    return now >= publisher->due ? take_snapshot(publisher, now) : 0;
}

static bool
send_begin(struct publisher *publisher, struct stream_out *out)
{
    struct bpfpv_wire_begin begin = {
        .program = publisher->index,
        .generation = publisher->generation,
    };

    if (!stream_out_frame(out, BPFPV_WIRE_BEGIN, &begin, sizeof(begin)))
        return false;
    publisher->phase = PUBLISHER_SENDING;
    return true;
}

static bool
send_end(struct publisher *publisher, struct stream_out *out)
{
    const struct table *table = publisher->program->table;
    struct bpfpv_wire_end end = {
        .program = publisher->index,
        .generation = publisher->generation,
        .keys = table_known(table),
        .lost = program_lost(publisher->program),
        .dropped = table_dropped(table),
    };

    if (!stream_out_frame(out, BPFPV_WIRE_END, &end, sizeof(end)))
        return false;
    publisher->phase = PUBLISHER_STEADY;
    return true;
}

/* One RECORDS frame: in a snapshot of its keys only, later of any change. */
static bool
send_records(struct publisher *publisher, struct stream_out *out)
{
    struct table *table = publisher->program->table;
    bool snapshot = publisher->phase == PUBLISHER_SENDING;
    struct table_change change;

    if (!stream_out_batch(out, publisher->index, publisher->generation, BPFPV_WIRE_MAX_VALUE))
        return false;
    while (!(snapshot && table_initial(table) == 0) && table_next(table, &change)) {
        if (!stream_out_record(out, change.key, change.value, change.size))
            break;
        table_sent(table);
    }
    stream_out_batch_end(out);
    return true;
}

bool
publisher_pump(struct publisher *publisher, struct stream_out *out)
{
    struct table *table = publisher->program->table;
    struct table_change change;

    if (publisher->phase == PUBLISHER_BEGIN && !send_begin(publisher, out))
        return false;
    while (publisher->phase == PUBLISHER_SENDING) {
        if (table_initial(table) == 0) {
            if (!send_end(publisher, out))
                return false;
        } else if (!send_records(publisher, out)) {
            return false;
        }
    }
    /* After an attempt that lost something, the table may be wrong until the next. */
    if (publisher->phase != PUBLISHER_STEADY || publisher->tries > 0)
        return true;
    while (table_next(table, &change)) {
        if (!send_records(publisher, out))
            return false;
    }
    return true;
}
