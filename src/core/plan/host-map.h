/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who sits on which host CPU: what `bpfpvctl map` and `plan --map` draw, and
 * the method Map of org.bpfpv1 returns. Pure.
 */
#pragma once

#include "core/plan/plan.h"
#include "core/topology/topology.h"

typedef struct _BpfpvHostMap BpfpvHostMap;

/* @pool: (nullable): host CPUs that may hold anchors, NULL: any; @reserve: how many online ones
 * never do. @topology and @pool are borrowed as long as the map. */
BpfpvHostMap *bpfpv_host_map_new(const BpfpvTopology *topology, const BpfpvCpuset *pool,
                                 guint reserve);
void bpfpv_host_map_free(BpfpvHostMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvHostMap, bpfpv_host_map_free)

/* @name: (nullable): a domain that is not managed, NULL: not known; @cpus: CPUs that vCPUs of it
 * are pinned to, one by one */
void bpfpv_host_map_add_neighbour(BpfpvHostMap *map, const char *name, const BpfpvCpuset *cpus);
/* A managed vCPU. BPFPV_WANT_ANCHOR and BPFPV_WANT_FIXED sit on @cpus if that is one CPU, all else
 * floats on @cpus. @isolates: an anchor's siblings stay idle */
void bpfpv_host_map_add_vcpu(BpfpvHostMap *map, const char *domain, guint vcpu, BpfpvWant want,
                             const BpfpvCpuset *cpus, gboolean isolates);
/* Returns: (transfer floating): a{sv}, with the keys of data/org.bpfpv1.xml; @map: (nullable):
 * NULL: the host is not known yet, and there are no CPUs in it */
GVariant *bpfpv_host_map_describe(const BpfpvHostMap *map);
