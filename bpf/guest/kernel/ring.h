/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The consumer of one BPF ring buffer (Documentation/bpf/ringbuf.rst of the
 * kernel), which hands out records without copying them, and gives their room
 * back only when it is told to.
 */
#ifndef BPFPV_GUEST_RING_H
#define BPFPV_GUEST_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
    unsigned long *consumer;       /* where the kernel reads how far we are */
    const unsigned long *producer; /* how far the kernel is */
    const uint8_t *data;
    unsigned long mask; /* of positions, to offsets in data */
    unsigned long at;   /* how far ring_next() is */
};

/**
 * ring_open:
 * @ring: (out): stays mapped until the process ends
 * @fd: the map's
 * @bytes: its size, a power of two
 *
 * Returns: whether it could be mapped; errno is set if not
 */
bool ring_open(struct ring *ring, int fd, size_t bytes);

/**
 * ring_next:
 * @size: (out): bytes of the record
 *
 * Returns: the next record, valid until ring_release(), or %NULL if none is there yet
 */
const void *ring_next(struct ring *ring, uint32_t *size);

/**
 * ring_end:
 *
 * Returns: the position behind all records that the kernel has begun so far
 */
unsigned long ring_end(const struct ring *ring);

/**
 * ring_has_passed:
 * @end: what ring_end() said
 *
 * Returns: whether ring_next() has returned all records before @end; it stops at one
 * that is still being written
 */
bool ring_has_passed(const struct ring *ring, unsigned long end);

/**
 * ring_release:
 *
 * Gives back the room of all records that ring_next() returned.
 */
void ring_release(struct ring *ring);

#endif
