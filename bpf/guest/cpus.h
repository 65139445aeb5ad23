/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which CPUs the guest has.
 */
#ifndef BPFPV_GUEST_CPUS_H
#define BPFPV_GUEST_CPUS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpfpv_wire.h"

#define CPUS_WORDS (BPFPV_WIRE_MAX_CPUS / 64)

struct cpus {
    uint32_t n_cpus; /* the kernel's nr_cpu_ids */
    uint32_t words;
    int online_fd; /* stays open: read again after privileges are gone */
    uint64_t possible[CPUS_WORDS];
    uint64_t online[CPUS_WORDS];
};

/**
 * cpus_open:
 * @cpus: (out): filled from sysfs
 *
 * Returns: false with errno set when sysfs doesn't say, or says nonsense
 */
bool
cpus_open(struct cpus *cpus);

/**
 * cpus_refresh:
 *
 * Reads again which CPUs are online. What can't be read stays as it was.
 */
void
cpus_refresh(struct cpus *cpus);

#endif
