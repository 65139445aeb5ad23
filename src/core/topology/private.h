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

/**
 * bpfpv_topology_split_caches:
 * @cpus: (element-type BpfpvTopologyCpu): every host CPU, each with a cache
 *
 * A cache that CPUs of several cells share (sub-NUMA clustering) becomes one for each of them:
 * nothing is spread over two cells because they share one. Numbers of the new ones are no other's.
 */
void bpfpv_topology_split_caches(GArray *cpus);
/**
 * bpfpv_topology_find_places:
 * @topology: a topology that has its caches and cells
 *
 * Returns: (transfer full) (element-type BpfpvPlace): what bpfpv_topology_places() returns
 */
GPtrArray *bpfpv_topology_find_places(const BpfpvTopology *topology);
/* Frees a BpfpvPlace. */
void bpfpv_topology_place_free(gpointer place);
