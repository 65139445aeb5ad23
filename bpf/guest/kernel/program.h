/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One program in the kernel: the only user of libbpf. It keeps the
 * conventions of bpfpv_record.h and knows nothing else of what it runs.
 */
#ifndef BPFPV_GUEST_PROGRAM_H
#define BPFPV_GUEST_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "bpfpv_wire.h"
#include "complain.h"
#include "kernel/cpus.h"
#include "sent/image.h"
#include "options.h"
#include "kernel/ring.h"
#include "table/table.h"

#define PROGRAM_MAX_ITERATORS 4
#define PROGRAM_MAX_PROGRAMS 64

struct bpf_object;

struct program {
    char name[BPFPV_WIRE_NAME_LEN];
    char attach[BPFPV_WIRE_ATTACH_LEN + 1];
    uint8_t digest[BPFPV_WIRE_DIGEST_LEN];
    struct bpf_object *object;
    struct ring ring;
    int ring_fd;        /* readable when records wait */
    uint32_t ring_most; /* no more records than this fit */
    const volatile uint64_t *lost;
    uint64_t misses;                    /* see program_count_misses() */
    int attached[PROGRAM_MAX_PROGRAMS]; /* program fds, without the iterators */
    unsigned n_attached;
    int iterators[PROGRAM_MAX_ITERATORS]; /* link fds */
    unsigned n_iterators;
    struct table *table; /* where records go */
};

/**
 * program_load:
 * @program: (out): stays in the kernel until the process ends
 * @file: name and path
 * @image: the object file's bytes; not needed afterwards
 * @options: size of the ring buffer, keys of the table, how to attach
 *
 * Loads and attaches one object, as the kernel can: by fentry and fexit, else by
 * kprobe.
 *
 * Returns: %EXIT_RUNNING; %EXIT_KERNEL or %EXIT_OTHER after complaining
 */
enum exit_code program_load(struct program *program, const struct program_file *file,
                            const struct image *image, const struct cpus *cpus,
                            const struct options *options);

/**
 * program_lost:
 *
 * Returns: how many records did not fit into the ring buffer so far, and how many
 * events the kernel had not run a program for when that was last counted
 */
uint64_t program_lost(const struct program *program);

/**
 * program_count_misses:
 *
 * Asks the kernel how often it skipped one of the programs because that was
 * running already on the same CPU: one system call for each. Always 0 before
 * Linux 5.12.
 */
void program_count_misses(struct program *program);

/**
 * program_drain:
 *
 * Moves the records that wait into the table: all that were there when it was
 * called, and never without end. Does not block: one that is still being written holds
 * back all behind it.
 *
 * Returns: whether all that were there, written or not, are in the table now
 */
bool program_drain(struct program *program);

/**
 * program_iterate:
 *
 * Runs the program's iterators and seeds the table with what they find,
 * draining the ring buffer now and then. Between table_collect() and
 * table_collected().
 *
 * Returns: 0 or a negative errno
 */
int program_iterate(struct program *program);

#endif
