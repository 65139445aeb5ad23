/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records out of the kernel and into the table: changes from the ring buffer,
 * live keys from the iterators.
 */
#include "records.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/types.h>
#include <string.h>
#include <unistd.h>

#include "bpfpv_record.h"

#define CHUNK 65536

/* One change; a negative value stops the drain, the record is consumed. */
static int
take(void *context, void *data, size_t size)
{
    struct program *program = context;
    const struct bpfpv_record *record = data;

    if (size >= sizeof(*record) && record->size <= size - sizeof(*record) &&
        record->size <= BPFPV_WIRE_MAX_VALUE)
        table_apply(program->table, record->key, record->value, record->size);
    return --program->budget > 0 ? 0 : -ECANCELED;
}

struct ring_buffer *
records_open(struct program *program)
{
    return ring_buffer__new(program->ring_fd, take, program, NULL);
}

uint64_t
program_lost(const struct program *program)
{
    return *program->lost;
}

void
program_drain(struct program *program)
{
    /* More can't have been waiting; what is new since may wait for the next. */
    program->budget = program->ring_most;
    ring_buffer__consume(program->ring);
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
    return (int) at;
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
        length += (size_t) n;
        taken = seed(program, bytes, length);
        if (taken < 0)
            return taken;
        length -= (size_t) taken;
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
