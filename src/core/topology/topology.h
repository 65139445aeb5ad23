/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's CPUs as placement sees them: where each sits and with which
 * others it shares a core, a last-level cache, a memory cell. Filled by an
 * adapter; pure data, never changes once made.
 */
#pragma once

#include "core/cpuset/cpuset.h"

#define BPFPV_NOWHERE (-1)

/* Where a CPU sits. Numbers name places: CPUs with the same number share it, and core, cache and
 * cell are unique on the host. BPFPV_NOWHERE: not known. */
typedef struct {
    guint cpu;
    int cell;
    int socket;
    int die;
    int cluster;
    int core;
    int cache;         /* the last-level cache; below BPFPV_NOWHERE: what is taken for one */
    guint efficiency;  /* 0: a full core; higher: a slower one of a hybrid host */
    gboolean isolated; /* the kernel moves no threads between it and others (isolcpus=) */
} BpfpvTopologyCpu;

/* As firmware says (ACPI's SLIT): 10 is local, larger is farther. */
typedef struct {
    guint cell;
    guint distance;
} BpfpvTopologyDistance;

typedef struct {
    guint id;
    guint64 memory_kib;
    BpfpvCpuset *cpus; /* present ones; empty: a cell of memory only */
    GArray *distances; /* (nullable) of BpfpvTopologyDistance */
    gboolean unknown;  /* no cell: the CPUs of which nobody knows where they are */
} BpfpvTopologyCell;

/* What is known of a cell beside its CPUs. */
typedef struct {
    guint64 memory_kib;
    GArray *distances; /* (nullable) of BpfpvTopologyDistance: to other cells, and to itself */
} BpfpvTopologyMemory;

/* Somewhere that a domain can live, from small to large. */
typedef enum {
    BPFPV_PLACE_CACHE,  /* one last-level cache, or what of it is in one cell */
    BPFPV_PLACE_CELL,   /* one memory cell */
    BPFPV_PLACE_SOCKET, /* the cells of a socket */
    BPFPV_PLACE_NEAR,   /* a cell or a socket and the cells that are nearest to it */
    BPFPV_PLACE_HOST,
} BpfpvPlaceKind;

typedef struct _BpfpvPlace {
    BpfpvPlaceKind kind;
    guint index; /* in bpfpv_topology_places() */
    BpfpvCpuset *cpus;
    const struct _BpfpvPlace *outer; /* (nullable): the next larger that it is part of */
} BpfpvPlace;

typedef struct _BpfpvTopology BpfpvTopology;

/* Nothing known but the numbers: every CPU is a core, all share one cache and one cell.
 * @present: every host CPU; @online: those that can run now, a non-empty part of it. */
BpfpvTopology *bpfpv_topology_new(const BpfpvCpuset *present, const BpfpvCpuset *online);
/* @cpus: (element-type BpfpvTopologyCpu): every host CPU, each once
 * @memory: (nullable) (element-type guint BpfpvTopologyMemory): by cell id; names cells without
 *   CPUs too */
BpfpvTopology *bpfpv_topology_new_placed(const GArray *cpus, GHashTable *memory,
                                         const BpfpvCpuset *online);
/* The same host with other CPUs online. */
BpfpvTopology *bpfpv_topology_with_online(const BpfpvTopology *topology, const BpfpvCpuset *online);
/* The same host whose CPUs @cpus are of @efficiency. */
BpfpvTopology *bpfpv_topology_with_efficiency(const BpfpvTopology *topology,
                                              const BpfpvCpuset *cpus, guint efficiency);
/* The same host whose CPUs @cpus alone are isolated. */
BpfpvTopology *bpfpv_topology_with_isolated(const BpfpvTopology *topology, const BpfpvCpuset *cpus);
/* The same host with these last-level caches, where none was known.
 * @caches: (element-type BpfpvCpuset): who shares each; equal sets are one cache */
BpfpvTopology *bpfpv_topology_with_caches(const BpfpvTopology *topology, const GPtrArray *caches);
BpfpvTopology *bpfpv_topology_copy(const BpfpvTopology *topology);
gboolean bpfpv_topology_equal(const BpfpvTopology *a, const BpfpvTopology *b);
void bpfpv_topology_free(BpfpvTopology *topology);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvTopology, bpfpv_topology_free)

const BpfpvCpuset *bpfpv_topology_present(const BpfpvTopology *topology);
const BpfpvCpuset *bpfpv_topology_online(const BpfpvTopology *topology);
/* Present CPUs among which the kernel's scheduler does not move threads: one with several of them
 * in its mask stays on the one that it woke up on. */
const BpfpvCpuset *bpfpv_topology_isolated(const BpfpvTopology *topology);
/* Returns: (nullable): NULL if @cpu is not present */
const BpfpvTopologyCpu *bpfpv_topology_cpu(const BpfpvTopology *topology, guint cpu);
/* The CPUs that share something with @cpu, itself included, offline ones too. Each is the same
 * pointer for all that share it. @cpu: present */
const BpfpvCpuset *bpfpv_topology_core_of(const BpfpvTopology *topology, guint cpu);
const BpfpvCpuset *bpfpv_topology_cache_of(const BpfpvTopology *topology, guint cpu);
const BpfpvCpuset *bpfpv_topology_cell_of(const BpfpvTopology *topology, guint cpu);
/* The next thread of its core, from the last on to the first; @cpu itself if it is alone. Goes over
 * a core in a time that does not grow with the host. @cpu: present */
guint bpfpv_topology_next_thread(const BpfpvTopology *topology, guint cpu);
/* (element-type BpfpvCpuset), by lowest CPU */
const GPtrArray *bpfpv_topology_cores(const BpfpvTopology *topology);
const GPtrArray *bpfpv_topology_caches(const BpfpvTopology *topology);
/* (element-type BpfpvTopologyCell), by id */
const GPtrArray *bpfpv_topology_cells(const BpfpvTopology *topology);
/* (element-type BpfpvPlace): every place, each set of CPUs once, by kind and lowest CPU. The last
 * of each chain of outer ones has all CPUs. */
const GPtrArray *bpfpv_topology_places(const BpfpvTopology *topology);
/* The smallest place of @cpu, which is present. */
const BpfpvPlace *bpfpv_topology_place_of(const BpfpvTopology *topology, guint cpu);
/* From one cell to another: 10 is local; G_MAXUINT: the host does not say. */
guint bpfpv_topology_distance(const BpfpvTopologyCell *from, const BpfpvTopologyCell *to);
/* The CPUs of the cells @ids; where these have memory alone, the nearest cells' that have CPUs.
 * Returns: (transfer full): empty where nothing is near */
BpfpvCpuset *bpfpv_topology_cpus_near(const BpfpvTopology *topology, const BpfpvCpuset *ids);
/* Returns: (transfer full): those of @ids that are no cell of the host */
BpfpvCpuset *bpfpv_topology_missing_cells(const BpfpvTopology *topology, const BpfpvCpuset *ids);
