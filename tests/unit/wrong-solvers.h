/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Solvers that are right but for one thing that they read wrong: a setting of
 * the domains, or the plan in force.
 */
#pragma once

#include "solve-sequence.h"

/* What each is blind to, or has lost, is in its name. */
BpfpvPlan *solver_blind_to_memory(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_blind_to_cgroups(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_blind_to_refusals(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_one_thread(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_same_weight(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_no_cohort(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_no_limit(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_all_shared(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_ignore_threads(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_blind_to_shares(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_blind_to_isolation(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_blind_to_efficiency(Scenario *scenario, const BpfpvPlan *before);
/* Refuses all anchors to the first domain. */
BpfpvPlan *solver_too_strict(Scenario *scenario, const BpfpvPlan *before);
/* Whoever it is told of first weighs most. */
BpfpvPlan *solver_that_favours_the_first(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_forget_unasked(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_forget_lost(Scenario *scenario, const BpfpvPlan *before);
BpfpvPlan *solver_forget_waiting(Scenario *scenario, const BpfpvPlan *before);
/* Gives what is free to whoever comes first in the alphabet, whoever holds it. */
BpfpvPlan *solver_that_takes_from_holders(Scenario *scenario, const BpfpvPlan *before);
