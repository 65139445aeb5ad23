/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In which cells of the host a domain's memory lies, as the kernel counts it: by its cgroup
 * (memory.numa_stat, hugetlb.SIZE.numa_stat), which is counted already, else by QEMU's mappings
 * (/proc/PID/numa_maps), which the kernel has to go through.
 */
#pragma once

#include <glib.h>

#include "core/cpuset/cpuset.h"

/**
 * bpfpv_memory_cells:
 * @root: "" for the host's files, or a directory that they are below
 * @pid: QEMU's
 * @cgroup: (nullable): the directory of the domain's cgroup, of version 2
 *
 * The fewest cells that have three quarters of it together, the fullest first. Of a guest that has
 * hardly touched any yet, it says little. Blocks, for a second where a terabyte has to be gone
 * through: call from a worker.
 *
 * Returns: (transfer full) (nullable): ids of cells; %NULL: not known
 */
BpfpvCpuset *bpfpv_memory_cells(const char *root, gint64 pid, const char *cgroup);
