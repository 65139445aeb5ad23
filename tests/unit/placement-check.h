/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks a plan against the rules of docs/placement.md, written from the rules
 * and not from the solver. A complaint begins with the rule that it is about.
 */
#pragma once

#include "placement-check-rules.h"
#include "scenario.h"

/* What the rules are checked with: a plan, what it was made from, and sums over it. */
typedef struct {
    const Scenario *scenario;
    const BpfpvPlan *before; /* (nullable): the plan in force when it was made */
    const BpfpvPlan *plan;
    const BpfpvCpuset *online;
    const BpfpvCpuset *isolated;
    BpfpvCpuset *fixed;      /* CPUs of statically pinned vCPUs, managed or not */
    BpfpvCpuset *reservable; /* that the reserve is of */
    BpfpvCpuset *anchored;   /* CPUs of met anchors */
    BpfpvCpuset *exclusive;  /* CPUs that are not to be floated on */
    guint n_used;            /* reservable CPUs that anchors take out of use */
    guint budget;
    GString *complaints;
} Check;

gboolean check_is_met_anchor(const BpfpvPlanVcpu *vcpu);

gboolean check_is_fixed(const ScenarioDomain *domain, guint v);

gboolean check_isolates(const ScenarioDomain *domain);

/* Does an anchor of this domain keep others off its CPU? */
gboolean check_shuts(const ScenarioDomain *domain);

/* The part of a set that is online and that the domain's cgroup allows. */
BpfpvCpuset *check_usable_part(const Check *check, const ScenarioDomain *domain,
                               const BpfpvCpuset *original);

/* What of that is to be floated on: not isolated CPUs, unless there are no others. */
BpfpvCpuset *check_floating_part(const Check *check, const ScenarioDomain *domain,
                                 const BpfpvCpuset *original);

BpfpvCpuset *check_near(const Check *check, const ScenarioDomain *domain, guint v);

BpfpvCpuset *check_candidates(const Check *check, const ScenarioDomain *domain, guint v);

/* What an anchor on @cpu takes out of use for others: the online part of its core, or itself. */
BpfpvCpuset *check_footprint(const Check *check, const ScenarioDomain *domain, guint cpu);

/* How many of @footprint count for the reserve. */
guint check_charge(const Check *check, const BpfpvCpuset *footprint);

void check_complain(Check *check, const char *rule, const ScenarioDomain *domain, guint v);

/* About the plan as a whole. */
void check_complain_of_all(GString *complaints, const char *rule, const char *what);

guint check_limit(const Check *check, const ScenarioDomain *domain);

guint check_domain_anchors(const Check *check, const ScenarioDomain *domain);

/* Would @exclusive leave anybody who is not pinned statically no CPU at all to float on? */
gboolean check_starves(const Check *check, const BpfpvCpuset *exclusive);

/* Rules 1, 2 and 7: an anchor's CPU. */
void check_anchor(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu);

/* What of @cpus @need of a domain float on: its part of the smallest place around its home that has
 * a CPU for each. Returns: (transfer full) */
BpfpvCpuset *check_at_home(const Check *check, const ScenarioDomain *domain,
                           const BpfpvCpuset *cpus, guint need);

/* Rules 1, 3 and 5: what floats; @cohort: it may have less. */
void check_float(Check *check, const ScenarioDomain *domain, guint v, const BpfpvCpuset *original,
                 const BpfpvCpuset *cpus, gboolean cohort);

/* Rule 4: an unmet anchor says why, and there was really nothing for it. */
void check_unmet(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu);

BpfpvWant check_expected_want(const ScenarioDomain *domain, guint v);

typedef void (*CheckRule)(Check *check, const ScenarioDomain *domain, guint v,
                          const BpfpvPlanVcpu *vcpu);

void check_each(Check *check, CheckRule rule);
