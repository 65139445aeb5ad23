/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host that pin calls are made on: they end in any order or fail, domains are
 * blocked for a while. Says what is wrong with the calls that it is told to
 * make: at no moment may two anchors share a CPU or a set be empty, and in the
 * end the plan must be in force.
 */
#pragma once

#include "unit.h"

#include "core/plan/plan.h"

#define WORLD_CPUS 8
#define MAX_ROUNDS 1000

typedef GPtrArray *(*NextSteps)(const BpfpvPlan *plan, const GPtrArray *applied);

typedef struct {
    NextSteps next_steps;
    const char *wrong; /* the first thing that was; NULL: nothing */
    GRand *rand;
    GPtrArray *applied; /* of BpfpvAppliedDomain */
    BpfpvPlan *plan;
    guint calls, failures;
} World;

void cpuset_destroy(gpointer set);

void applied_destroy(gpointer applied);

GPtrArray *random_applied(GRand *rand);

/* Anchors with CPUs of their own, and floats; few CPUs and many anchors make for many circles. */
BpfpvPlan *random_plan(GRand *rand, const GPtrArray *applied);

/* Until nothing is left to do, or, if @leave_early, some time before. */
void go(World *world, gboolean leave_early);
