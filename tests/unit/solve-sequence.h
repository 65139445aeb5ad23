/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Solves a random sequence step by step with a solver that may be wrong, checks
 * every plan, and says what is wrong with the first that breaks a rule.
 *
 * BPFPV_TEST_SEED=N BPFPV_TEST_SEQUENCE=M runs one sequence alone;
 * BPFPV_TEST_SEQUENCES=N runs fewer or more of them.
 */
#pragma once

#include "placement-check-plan.h"
#include "random-sequence.h"

#include "core/placer/placer.h"

#define MOST_STEPS 6

typedef BpfpvPlan *(*Solver)(Scenario *scenario, const BpfpvPlan *before);

/* What run_sequence() takes as its data. */
typedef struct {
    Solver solver;
    gboolean placer; /* the placer, told one change at a time, must come to the same plans */
    guint steps, anchors, unmet;
    GRand *rand; /* scratch */
} Run;

guint64 number_from(const char *variable, guint64 otherwise);

guint sequence_seed(void);

/* The sequence of that number: each can be made alone. */
GArray *make_sequence(GRand *rand, guint number);

/* ---- the same plan ---- */

/* Tells @placer what @scenario is now. */
const BpfpvPlan *place(BpfpvPlacer *placer, const Scenario *scenario);

BpfpvPlan *right_solver(Scenario *scenario, const BpfpvPlan *before);

/* A wrong one: as if the host's reserve were 0. */
BpfpvPlan *solver_without_reserve(Scenario *scenario, const BpfpvPlan *before);

/* A RunSequence. */
char *run_sequence(const GArray *changes, gpointer data);

/* Shrinks @changes, which break the rule that @wrong begins with, and says what is left.
 * Returns: (transfer full): for people */
char *smallest_failure(GArray **changes, Run *run, const char *wrong);
