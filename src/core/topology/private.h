/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. */
#pragma once

#include "core/topology/topology.h"

/**
 * bpfpv_topology_guess_caches:
 * @cpus: (element-type BpfpvTopologyCpu): every host CPU
 *
 * Gives a cache to those that have none or a guessed one: CPUs that share a cluster, if clusters
 * are larger than a core on this host, else those that share a die, are taken to share a cache.
 * Guessed caches have numbers below %BPFPV_NOWHERE.
 */
void bpfpv_topology_guess_caches(GArray *cpus);
