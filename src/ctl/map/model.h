/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the picture of the host is drawn from: its CPUs in the order in which
 * they are drawn, and who sits there. Read from the dictionaries of the bus.
 */
#pragma once

#include "core/cpuset/cpuset.h"
#include "ctl/term.h"

typedef enum {
    BPFPV_MAP_FREE,
    BPFPV_MAP_OUTSIDE, /* the pool: only floats are there */
    BPFPV_MAP_IDLE,    /* beside an isolated anchor */
    BPFPV_MAP_ANCHOR,
    BPFPV_MAP_FIXED,
    BPFPV_MAP_TAKEN, /* by a domain that is not managed */
    BPFPV_MAP_OFFLINE,
    BPFPV_MAP_N_STATES,
} BpfpvMapState;

/* A vCPU on its CPU. */
typedef struct {
    guint vcpu;
    guint cpu;
    gboolean fixed;
} BpfpvMapSeat;

/* A domain that sits somewhere. */
typedef struct {
    char *name; /* clean */
    gboolean managed;
    char letter;       /* in a dense picture */
    GArray *seats;     /* of BpfpvMapSeat, if it is managed */
    BpfpvCpuset *cpus; /* that it sits on */
} BpfpvMapWho;

/* A place that is not known is -1. */
typedef struct {
    guint cpu;
    int cell, socket, cache, core;
    guint efficiency; /* 0: a full core */
    BpfpvMapState state;
    const BpfpvMapWho *who; /* (nullable) */
    guint vcpu;             /* of @who, if it is managed */
    guint more;             /* others that sit here too */
    guint floating;
} BpfpvMapCpu;

/* CPUs of one cell that share a cache and are of one efficiency. */
typedef struct {
    guint first, n; /* in @cpus */
    gboolean lost;  /* offline, and no more is known of them */
} BpfpvMapGroup;

typedef struct {
    int cell; /* -1: not known */
    guint64 memory_kib;
} BpfpvMapCell;

typedef struct {
    GArray *cpus;   /* of BpfpvMapCpu, as they are drawn */
    GArray *groups; /* of BpfpvMapGroup */
    GArray *cells;  /* of BpfpvMapCell, by number, one that is not known last */
    GPtrArray *who; /* of BpfpvMapWho: managed ones by name, then the others */
    char *pool;     /* clean */
    char *isolated; /* clean; "": none */
    guint reserve;
    guint n_sockets;
} BpfpvMapModel;

BpfpvMapModel *bpfpv_map_model_new(GVariant *map);
void bpfpv_map_model_free(BpfpvMapModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvMapModel, bpfpv_map_model_free)

/* order.c: sorts CPUs and cells, and makes the groups. */
void bpfpv_map_model_sort(BpfpvMapModel *model);

static inline const BpfpvMapCpu *
bpfpv_map_cpu(const BpfpvMapModel *model, guint index)
{
    return &g_array_index(model->cpus, BpfpvMapCpu, index);
}
