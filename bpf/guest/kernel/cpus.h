/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which CPUs the guest has.
 */
#ifndef BPFPV_GUEST_CPUS_H
#define BPFPV_GUEST_CPUS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpfpv_wire.h"
#include "kernel/cpu-ids.h"

#define CPUS_WORDS (BPFPV_WIRE_MAX_CPUS / 64)

struct cpus {
    uint32_t n_cpus; /* the kernel's nr_cpu_ids */
    uint32_t words;
    int online_fd;      /* stays open: read again after privileges are gone */
    int uevent_fd;      /* readable after CPUs came or went; -1: nobody says */
    struct cpu_ids ids; /* of those that are online */
    uint64_t possible[CPUS_WORDS];
    uint64_t online[CPUS_WORDS];
};

/**
 * cpus_open:
 * @cpus: (out): filled from sysfs
 *
 * Returns: false with errno set when sysfs doesn't say, or says nonsense
 */
bool cpus_open(struct cpus *cpus);

/**
 * cpus_refresh:
 *
 * Reads again which CPUs are online, and which they are. What can't be read stays as it was.
 */
void cpus_refresh(struct cpus *cpus);

/**
 * cpus_heard:
 *
 * To be called when @cpus->uevent_fd is readable: refreshes @cpus.
 */
void cpus_heard(struct cpus *cpus);

#endif
