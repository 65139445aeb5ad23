/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The solver's working state, shared by its three steps: placement.c gathers
 * what is asked and writes the plan, placement-match.c assigns CPUs to
 * anchors, placement-why.c explains what could not be met.
 */
#pragma once

#include "core/placement.h"

#define BPFPV_NO_CPU (-1)

/* One vCPU of one domain. */
typedef struct {
    guint domain; /* index into the solver's domains */
    guint vcpu;
    BpfpvWant want;
    guint tasks;
    const BpfpvCpuset *original;
    BpfpvCpuset *usable;     /* original ∩ online */
    BpfpvCpuset *candidates; /* of an anchor: usable ∩ pools, without fixed CPUs */
    gboolean was_anchor;     /* the current plan has it anchored */
    int held;                /* the candidate that the current plan gave it, or BPFPV_NO_CPU */
    int cpu;                 /* what it gets as an anchor, or BPFPV_NO_CPU */
    gboolean stays;          /* cpu is held, and not for anybody else to move */
    gboolean hopeless;       /* no chain of moves frees a CPU for it, now or later */
} BpfpvSlot;

typedef struct {
    const BpfpvPlacementDomain *domain;
    GPtrArray *slots; /* of BpfpvSlot, by vCPU, owned by the solver */
    guint n_anchors;  /* given so far */
} BpfpvSolverDomain;

typedef struct {
    const BpfpvPlacementHost *host;
    const BpfpvCpuset *online;
    GArray *domains;        /* of BpfpvSolverDomain, sorted by key */
    GPtrArray *slots;       /* of BpfpvSlot: all of them, by domain and vCPU */
    BpfpvCpuset *fixed;     /* CPUs of vCPUs with one CPU by their definition */
    BpfpvCpuset *exclusive; /* CPUs of anchors of exclusive domains */
    BpfpvSlot **owner;      /* by online host CPU: the anchor that has it, or NULL */
    guint budget;           /* most anchors that the reserve allows */
    guint n_anchors;        /* given so far */
} BpfpvSolver;

/* Gives CPUs to as many anchors as can be. */
void bpfpv_solver_match(BpfpvSolver *solver);
/* A vCPU that would have nothing left to float on with the solver's exclusive CPUs, or NULL. */
const BpfpvSlot *bpfpv_solver_find_starved(const BpfpvSolver *solver);
/* Why an anchor is unmet, and what to change. */
char *bpfpv_solver_explain(BpfpvSolver *solver, BpfpvSlot *slot);
/* Of which cohort a vCPU is. */
char *bpfpv_solver_explain_cohort(const BpfpvSolver *solver, const BpfpvSlot *slot);
BpfpvSolverDomain *bpfpv_solver_domain_of(const BpfpvSolver *solver, const BpfpvSlot *slot);
