/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan says which host CPUs each vCPU of each managed domain may use, and
 * why; and which pin calls lead there from what is applied now. Pure.
 */
#pragma once

#include <glib.h>

#include "core/cpuset/cpuset.h"
#include "core/plan/truth.h"

typedef enum {
    BPFPV_WANT_FLOAT,  /* no task needs this vCPU in particular */
    BPFPV_WANT_ANCHOR, /* some task may run only here */
    BPFPV_WANT_COHORT, /* tasks are confined to a set that contains it */
    BPFPV_WANT_FIXED,  /* one CPU by its definition: never touched */
} BpfpvWant;
const char *bpfpv_want_to_string(BpfpvWant want); /* "float", "anchor", "cohort", "fixed" */

typedef enum {
    BPFPV_THREAD_VCPU,
    BPFPV_THREAD_EMULATOR, /* QEMU's own threads */
    BPFPV_THREAD_IOTHREAD,
} BpfpvThreadKind;

typedef struct {
    BpfpvWant want;
    guint tasks;       /* that want it */
    gboolean met;      /* FALSE: @why says what is missing */
    BpfpvCpuset *cpus; /* what it shall have; never empty; may be shared with others */
    char *why;         /* a sentence for people; NULL if nothing needs saying */
    gint64 since;      /* microseconds: when an anchor got its CPU or began to wait for one */
    gint64 unasked;    /* since when nobody asks for an anchor that is held; 0: somebody does */
    gboolean lost;     /* an unmet anchor had a CPU and lost it */
} BpfpvPlanVcpu;

/* A thread of QEMU's that is no vCPU. */
typedef struct {
    BpfpvThreadKind kind;
    guint id;          /* an I/O thread's number */
    BpfpvCpuset *cpus; /* as a vCPU's */
} BpfpvPlanThread;

/* What a domain needs of a place to be in it as a whole. */
typedef struct {
    guint anchors; /* CPUs of those that may hold its anchors */
    guint cores;   /* whole ones, for its anchors */
    guint cpus;    /* in all: one for each vCPU, more for anchors that have whole cores */
} BpfpvPlanNeed;

typedef struct {
    char *domain;       /* the key that the domain was given to the solver under */
    GPtrArray *vcpus;   /* of BpfpvPlanVcpu, by vCPU number */
    GPtrArray *threads; /* of BpfpvPlanThread, as given to the solver */
    guint unmet;        /* vCPUs with met == FALSE */
    BpfpvCpuset
        *home; /* (nullable): the cache, cell, … that it lives in; NULL: it asks for nothing */
    BpfpvPlanNeed need; /* what its home was chosen for */
} BpfpvPlanDomain;

typedef struct {
    GPtrArray *domains; /* of BpfpvPlanDomain, sorted by key */
} BpfpvPlan;

BpfpvPlan *bpfpv_plan_new(void);
void bpfpv_plan_free(BpfpvPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvPlan, bpfpv_plan_free)
/* Adds a domain that is not in @plan yet, kept sorted; its vCPUs have no CPUs yet.
 * Returns: (transfer none) */
BpfpvPlanDomain *bpfpv_plan_add_domain(BpfpvPlan *plan, const char *domain, guint n_vcpus);
void bpfpv_plan_remove_domain(BpfpvPlan *plan, const char *domain);
void bpfpv_plan_move_domain(BpfpvPlan *from, const char *domain, BpfpvPlan *to);
/* Adds a thread that has @cpus. */
void bpfpv_plan_add_thread(BpfpvPlanDomain *domain, BpfpvThreadKind kind, guint id,
                           BpfpvCpuset *cpus);
/* Returns: (transfer none) (nullable) */
const BpfpvPlanDomain *bpfpv_plan_find(const BpfpvPlan *plan, const char *domain);

/* What is in force for one vCPU. Owned by whoever applies plans. */
typedef struct {
    BpfpvCpuset *cpus;    /* the last pin that succeeded, or the original mask */
    gboolean anchored;    /* @cpus is an anchor that a plan gave */
    BpfpvCpuset *pending; /* (nullable): a pin call to this set is under way */
    gboolean pending_anchored;
    BpfpvCpuset *last;     /* (nullable): what it had before it came to float, or to be anchored */
    BpfpvCpuset *original; /* set by bpfpv_applied_domain_new(); a detour stays within it */
    gboolean inherited;    /* that is no pin of its own */
    BpfpvThreadTruth truth;
} BpfpvAppliedVcpu;

/* What is in force for a thread of QEMU's that is no vCPU. */
typedef struct {
    BpfpvThreadKind kind;
    guint id;
    BpfpvCpuset *cpus;
    BpfpvCpuset *pending; /* (nullable) */
    BpfpvCpuset *original;
    gboolean inherited; /* that is no pin of its own */
    gboolean fixed;     /* somebody else pinned it: no step is for it */
    BpfpvThreadTruth truth;
} BpfpvAppliedThread;

typedef struct {
    char *domain;
    GPtrArray *vcpus;     /* of BpfpvAppliedVcpu */
    GPtrArray *threads;   /* of BpfpvAppliedThread */
    gboolean blocked;     /* no call may be made for it now (a job holds the domain) */
    BpfpvCpuset *allowed; /* (nullable): what its cgroup allows; a detour stays within it */
} BpfpvAppliedDomain;

/* Whether a vCPU is anchored, and really has its CPU and no other. */
gboolean bpfpv_applied_vcpu_holds(const BpfpvAppliedVcpu *vcpu);

/* Returns: (transfer none) (nullable) */
BpfpvAppliedThread *bpfpv_applied_domain_find_thread(const BpfpvAppliedDomain *applied,
                                                     BpfpvThreadKind kind, guint id);
BpfpvAppliedDomain *bpfpv_applied_domain_new(const char *domain, GPtrArray *original_sets);
/* Adds a thread that has its original set; copied. */
void bpfpv_applied_domain_add_thread(BpfpvAppliedDomain *applied, BpfpvThreadKind kind, guint id,
                                     const BpfpvCpuset *original);
void bpfpv_applied_domain_free(BpfpvAppliedDomain *applied);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvAppliedDomain, bpfpv_applied_domain_free)

/* adopt.c: domains that come into a plan from what is in force. */
void bpfpv_plan_adopt(BpfpvPlan *plan, const BpfpvAppliedDomain *applied);
void bpfpv_plan_add_original(BpfpvPlan *plan, const char *domain, const GPtrArray *original,
                             const BpfpvAppliedDomain *applied);

typedef struct {
    char *domain;
    BpfpvThreadKind kind;
    guint vcpu; /* or an I/O thread's number */
    BpfpvCpuset *cpus;
    gboolean anchored;
} BpfpvPlanStep;
void bpfpv_plan_step_free(BpfpvPlanStep *step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvPlanStep, bpfpv_plan_step_free)

/* Whether every thread of @applied has what @plan gives it and no call is under way; FALSE for a
 * domain that @plan does not name. */
gboolean bpfpv_plan_is_reached(const BpfpvPlan *plan, const BpfpvAppliedDomain *applied);

/* The pin calls that may be made now, all at once, on the way from @applied (element-type
 * BpfpvAppliedDomain, all that have not reached @plan at least) to @plan: none for a blocked
 * domain, a vCPU with a call pending or a set that it was refused, one more for a vCPU that has
 * something else than it was given, and no anchor on a CPU that another vCPU's applied or pending
 * anchor still holds: such a step becomes due when that one has moved. Of anchors that wait for one
 * another in a circle, one first gets a set to float on: what a floating vCPU of its domain has,
 * else its original set without others' anchors. Returns: (transfer full) (element-type
 * BpfpvPlanStep): the most urgent first; empty when nothing is left to do now */
GPtrArray *bpfpv_plan_next_steps(const BpfpvPlan *plan, const GPtrArray *applied);
