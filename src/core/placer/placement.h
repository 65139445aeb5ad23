/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The placement solver: a pure, deterministic function from what the host has
 * and what the guests ask for to a plan. The rules that hold for every plan
 * are in docs/placement.md. A BpfpvPlacer (core/placer.h) does the same for
 * one change after another.
 */
#pragma once

#include "core/demand.h"
#include "core/topology/guest-topology.h"
#include "core/plan/plan.h"
#include "core/topology/topology.h"

typedef enum {
    BPFPV_MODE_EXCLUSIVE, /* everything else that is managed stays off anchored CPUs */
    BPFPV_MODE_SHARED,    /* floating vCPUs may use anchored CPUs too */
} BpfpvPlacementMode;

/* Threads of a core. */
typedef enum {
    BPFPV_SMT_MATCH, /* guest siblings on host siblings, others on cores of their own if they can */
    BPFPV_SMT_ISOLATE, /* an anchor has a whole core, whose other threads stay idle */
    BPFPV_SMT_IGNORE,  /* threads are CPUs like any other */
} BpfpvSmt;

/* The largest thing that a cohort is spread over if it fits. */
typedef enum {
    BPFPV_COHORT_LLC,  /* one last-level cache, else one cell */
    BPFPV_COHORT_CELL, /* one cell */
    BPFPV_COHORT_NONE, /* floats as any other vCPU */
} BpfpvCohortPolicy;

/* Which of the places that a domain fits in as a whole it gets. */
typedef enum {
    BPFPV_SPREAD_PACK,    /* the one that it fills best: the largest holes are left to others */
    BPFPV_SPREAD_DOMAINS, /* the one with most room: domains are apart */
} BpfpvSpread;

/* What a domain keeps where not everybody's anchors find a CPU. */
typedef enum {
    BPFPV_SHARE_FAIR, /* its share by weight; what is beyond that goes to who has less than its own
                       */
    BPFPV_SHARE_NONE, /* all that it has */
} BpfpvShare;

/* The host cells that hold the memory near a vCPU. */
typedef enum {
    BPFPV_NUMA_PREFER, /* there if it can be, before anything else */
    BPFPV_NUMA_STRICT, /* anchored there or not at all */
    BPFPV_NUMA_IGNORE,
} BpfpvNuma;

/* What a domain lives near to whose memory nothing binds. */
typedef enum {
    BPFPV_NEAR_MEMORY,  /* where that is */
    BPFPV_NEAR_DEVICES, /* its PCI devices, else that */
} BpfpvNear;

/* A thread of QEMU's that is no vCPU. */
typedef struct {
    BpfpvThreadKind kind;        /* not BPFPV_THREAD_VCPU */
    guint id;                    /* an I/O thread's number */
    const BpfpvCpuset *original; /* as before bpfpv */
} BpfpvPlacementThread;

/* One domain's wishes and bounds; all pointers are borrowed for the call. */
typedef struct {
    const char *domain;              /* unique key, e.g. the UUID */
    const BpfpvDemand *demand;       /* its n_vcpus is the domain's */
    const GPtrArray *original;       /* of BpfpvCpuset, by vCPU: as before bpfpv */
    const BpfpvCpuset *fixed;        /* (nullable): vCPUs that keep their original whatever it is */
    const BpfpvCpuset *realtime;     /* (nullable): vCPUs with a real-time scheduler */
    const BpfpvCpuset *pool;         /* (nullable): host CPUs it may be anchored to; NULL: any */
    const BpfpvGuestTopology *guest; /* (nullable): NULL: one thread per core, memory anywhere */
    const BpfpvCpuset *memory;  /* (nullable): ids of the host cells that hold its memory, where
                                 * nothing binds it; NULL: not known */
    const BpfpvCpuset *near;    /* (nullable): ids of the cells that it is to live near to, whatever
                                 * holds its memory, where nothing binds it; NULL: none */
    const GArray *threads;      /* (nullable) of BpfpvPlacementThread */
    const BpfpvCpuset *allowed; /* (nullable): what its cgroup allows; NULL: any */
    const BpfpvCpuset *refused; /* (nullable): CPUs that it was refused as an anchor's */
    const char *refused_why;    /* (nullable): by whom and why, for people */
    BpfpvPlacementMode mode;
    BpfpvSmt smt;
    BpfpvCohortPolicy cohort;
    BpfpvNuma numa;
    guint max_anchors; /* G_MAXUINT: no limit of its own */
    guint reserve;     /* CPUs that it could be anchored to and leaves to others */
    guint weight;      /* its part where there is not enough; 0 is 1 */
    gint64 hold_us;    /* in place of the host's; 0: the host's; BPFPV_NO_HOLD: none */
    gboolean released; /* not managed any more: gets exactly its original sets */
} BpfpvPlacementDomain;

#define BPFPV_NO_HOLD (-1)

typedef struct {
    const BpfpvTopology *topology;
    const BpfpvCpuset *pool;  /* (nullable): host CPUs that may hold anchors; NULL: any */
    const BpfpvCpuset *taken; /* (nullable): CPUs that vCPUs of unmanaged domains are pinned to */
    guint reserve;            /* online CPUs that never hold an anchor, at least */
    gint64 hold_us;           /* an anchor isn't moved for so long after it was given, and is kept
                               * for so long after it was last asked for */
    guint max_moves;          /* anchors that one solve may move for others; 0: none */
    BpfpvSpread spread;
    BpfpvShare share;
    gboolean allowed_only; /* whatever is not within what a cgroup allows is refused, as by
                            * cgroup v1; else as much as is within counts */
} BpfpvPlacementHost;

/* What is not as one would wish, over all met anchors; the less the better. */
typedef struct {
    guint anchors; /* met */
    guint unmet;
    guint remote;  /* away from their memory */
    guint slow;    /* on cores that are not full ones */
    guint split;   /* guest siblings that are not on one host core */
    guint crowded; /* with a stranger on the same core */
    guint spread; /* away from the cache, cell or socket of the others of their cohort, or domain */
    guint away;   /* outside their domain's home, floating vCPUs too */
    guint64 cost; /* all of these with their weights */
} BpfpvPlacementScore;

/* @domains: (element-type BpfpvPlacementDomain); @current: (nullable): the last plan, for
 * hysteresis: an anchor that can stay stays; @now_us: of any clock that @current's times are of.
 * Returns: (transfer full): the plan; never fails, what can't be met is marked unmet with the
 * reason. */
BpfpvPlan *bpfpv_placement_solve(const BpfpvPlacementHost *host, const GPtrArray *domains,
                                 const BpfpvPlan *current, gint64 now_us);

/* How many anchors @domain could get at the very most with nobody else on the host; 0 means its
 * pool can never give one, and @why (out, transfer full) says why and what to change. */
guint bpfpv_placement_capacity(const BpfpvPlacementHost *host, const BpfpvPlacementDomain *domain,
                               char **why);

/* The name of a BpfpvPlacementMode, BpfpvSmt, BpfpvCohortPolicy or BpfpvNuma, for people and their
 * XML: "match", "isolate", …; values past the last: NULL. */
const char *bpfpv_mode_to_string(guint mode);
const char *bpfpv_smt_to_string(guint smt);
const char *bpfpv_cohort_to_string(guint cohort);
const char *bpfpv_numa_to_string(guint numa);
/* "memory", "devices" */
const char *bpfpv_near_to_string(guint near);
/* "fair", "none" */
const char *bpfpv_share_to_string(guint share);
/* "pack", "domains" */
const char *bpfpv_spread_to_string(guint spread);
