/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records out of the kernel and into the table: changes from the ring buffer,
 * live keys from the iterators.
 */
#include "kernel/program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <string.h>
#include <unistd.h>

#include "bpfpv_record.h"

#define CHUNK 65536

/* How many records are consumed before their room is given back. */
#define BATCH 64

static bool
is_whole(const struct bpfpv_record *record, uint32_t size)
{
    return size >= sizeof(*record) && record->size <= size - sizeof(*record) &&
           record->size <= BPFPV_WIRE_MAX_VALUE;
}

/*
 * Of a row of records with one key only the last is applied, so that a task that
 * changes its mask all the time costs next to nothing here. Returns how many were
 * consumed, at most @most.
 */
static uint32_t
take(struct program *program, uint32_t most)
{
    const struct bpfpv_record *last = NULL, *record;
    uint32_t n = 0, size;

    while (n < most && (record = ring_next(&program->ring, &size)) != NULL) {
        n++;
        if (!is_whole(record, size))
            continue;
        if (last != NULL && last->key != record->key)
            table_apply(program->table, last->key, last->value, last->size);
        last = record;
    }
    if (last != NULL)
        table_apply(program->table, last->key, last->value, last->size);
    ring_release(&program->ring);
    return n;
}

bool
program_drain(struct program *program)
{
    unsigned long end = ring_end(&program->ring);
    /* More can't have been waiting; what is new since may wait for the next. */
    uint32_t left = program->ring_most, n;

    do {
        n = take(program, left < BATCH ? left : BATCH);
        left -= n;
    } while (n > 0 && left > 0);
    return ring_has_passed(&program->ring, end);
}

/* Before what is read next: the records of the changes before those that were lost are among the
 * ones that program_drain() finds. */
uint64_t
program_lost(const struct program *program)
{
    return __atomic_load_n(program->lost, __ATOMIC_ACQUIRE) + program->misses;
}

void
program_count_misses(struct program *program)
{
    uint64_t misses = 0;
    unsigned i;

    for (i = 0; i < program->n_attached; i++) {
        struct bpf_prog_info info = {0};
        uint32_t size = sizeof(info);

        if (bpf_obj_get_info_by_fd(program->attached[i], &info, &size) == 0)
            misses += info.recursion_misses;
    }
    program->misses = misses;
}

/* Seeds the table with the whole records in @bytes; how many bytes they took,
 * or -EPROTO. */
static int
seed(struct program *program, const uint8_t *bytes, size_t length)
{
    struct bpfpv_record record;
    size_t at = 0, whole;

    while (length - at >= sizeof(record)) {
        memcpy(&record, bytes + at, sizeof(record));
        whole = sizeof(record) + record.size;
        if (record.size == 0 || record.size > BPFPV_WIRE_MAX_VALUE)
            return -EPROTO;
        if (length - at < whole)
            break;
        table_seed(program->table, record.key, bytes + at + sizeof(record), record.size);
        at += whole;
    }
    return (int)at;
}

static int
read_iterator(struct program *program, int fd)
{
    static uint8_t bytes[CHUNK];
    size_t length = 0;
    ssize_t n;
    int taken;

    for (;;) {
        n = read(fd, bytes + length, sizeof(bytes) - length);
        /* EAGAIN: many tasks in a row had nothing to say. */
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return length == 0 ? 0 : -EPROTO;
        length += (size_t)n;
        taken = seed(program, bytes, length);
        if (taken < 0)
            return taken;
        length -= (size_t)taken;
        memmove(bytes, bytes + taken, length);
        program_drain(program);
    }
}

int
program_iterate(struct program *program)
{
    unsigned i;
    int fd, result = 0;

    for (i = 0; i < program->n_iterators && result == 0; i++) {
        fd = bpf_iter_create(program->iterators[i]);
        if (fd < 0)
            return -errno;
        result = read_iterator(program, fd);
        close(fd);
    }
    return result;
}
