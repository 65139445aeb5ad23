/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading a ring buffer, see ring.h. In memory there is the consumer's page, the
 * producer's page, and the data twice in a row, so that a record is never split.
 */
#include "kernel/ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

/* Before each record: its size and two flags, then the kernel's own. */
struct header {
    uint32_t size;
    uint32_t page;
};

bool
ring_open(struct ring *ring, int fd, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint8_t *producer;

    if (consumer == MAP_FAILED)
        return false;
    producer = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, fd, (off_t)page);
    if (producer == MAP_FAILED) {
        munmap(consumer, page);
        return false;
    }
    ring->consumer = consumer;
    ring->producer = (const unsigned long *)(const void *)producer;
    ring->data = producer + page;
    ring->mask = bytes - 1;
    ring->at = *ring->consumer;
    return true;
}

const void *
ring_next(struct ring *ring, uint32_t *size)
{
    const struct header *header;
    uint32_t length;

    while (ring->at != __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE)) {
        header = (const void *)(ring->data + (ring->at & ring->mask));
        length = __atomic_load_n(&header->size, __ATOMIC_ACQUIRE);
        if (length & BPF_RINGBUF_BUSY_BIT)
            return NULL;
        *size = length & ~BPF_RINGBUF_DISCARD_BIT;
        ring->at += (sizeof(*header) + *size + 7) & ~7ul;
        if (*size == length)
            return header + 1;
    }
    return NULL;
}

unsigned long
ring_end(const struct ring *ring)
{
    return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
}

bool
ring_has_passed(const struct ring *ring, unsigned long end)
{
    return (long)(ring->at - end) >= 0;
}

/* Ordered against what is looked at next: the kernel wakes nobody for a record
 * that follows one which it takes for not yet consumed. By a fence, as a store alone is not ordered
 * against a load that only acquires (arm64's from 8.3 on). */
void
ring_release(struct ring *ring)
{
    __atomic_store_n(ring->consumer, ring->at, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
