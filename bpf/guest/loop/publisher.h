/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps the host's replica of one program's table true: decides when a
 * snapshot is due, takes it, and encodes it and the changes after it.
 * docs/protocol.md has the algorithm and why it is exact.
 */
#ifndef BPFPV_GUEST_PUBLISHER_H
#define BPFPV_GUEST_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/program.h"
#include "table/stream.h"

#define PUBLISHER_NEVER UINT64_MAX

enum publisher_phase {
    PUBLISHER_AWAY,    /* the host has nothing */
    PUBLISHER_BEGIN,   /* a snapshot is taken, BEGIN is to be sent */
    PUBLISHER_SENDING, /* between BEGIN and END */
    PUBLISHER_STEADY,  /* the host has a replica */
};

struct publisher {
    struct program *program;
    uint32_t index; /* of the program, on the wire */
    uint32_t generation;
    enum publisher_phase phase;
    uint64_t due;     /* when to take a snapshot, ms; PUBLISHER_NEVER */
    uint64_t taken;   /* when the last one was taken */
    int tries;        /* snapshots in a row that lost something */
    uint64_t lost;    /* losses that a snapshot has repaired */
    uint64_t counted; /* when the programs' misses were counted */
    bool unchecked;   /* a last look at the losses came while a snapshot was sent */
};

/**
 * publisher_resync:
 * @now: milliseconds, of a clock that never goes back
 *
 * A host asked: whatever the last one was sent counts for nothing.
 */
void publisher_resync(struct publisher *publisher, uint64_t now);

/**
 * publisher_collect:
 * @last: nothing has changed for a while
 *
 * Drains the ring buffer, and takes a snapshot if one is due: because of a
 * resync, because records were lost, or because there is room again for keys
 * that were dropped.
 *
 * Returns: 0, or a negative errno when the iterator fails
 */
int publisher_collect(struct publisher *publisher, uint64_t now, bool last);

/**
 * publisher_owes_check:
 *
 * While a snapshot is sent nobody looks for losses, as none could be repaired
 * before its end; and that may be long after the last change.
 *
 * Returns: whether publisher_collect() is to be called once more with @last
 */
bool publisher_owes_check(const struct publisher *publisher);

/**
 * publisher_pump:
 *
 * Encodes as much as fits into @out.
 *
 * Returns: whether everything fitted
 */
bool publisher_pump(struct publisher *publisher, struct stream_out *out);

#endif
