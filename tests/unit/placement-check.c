/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See placement-check.h. */
#include "placement-check.h"

gboolean
check_is_met_anchor(const BpfpvPlanVcpu *vcpu)
{
    return vcpu->want == BPFPV_WANT_ANCHOR && vcpu->met;
}

gboolean
check_is_fixed(const ScenarioDomain *domain, guint v)
{
    return bpfpv_cpuset_count(domain->original->pdata[v]) == 1;
}

gboolean
check_isolates(const ScenarioDomain *domain)
{
    return domain->view.smt == BPFPV_SMT_ISOLATE;
}

gboolean
check_shuts(const ScenarioDomain *domain)
{
    return domain->view.mode == BPFPV_MODE_EXCLUSIVE || check_isolates(domain);
}

static BpfpvCpuset *
check_online_part(const Check *check, const BpfpvCpuset *original)
{
    BpfpvCpuset *set = bpfpv_cpuset_copy(original);

    bpfpv_cpuset_intersect(set, check->online);
    return set;
}

BpfpvCpuset *
check_usable_part(const Check *check, const ScenarioDomain *domain, const BpfpvCpuset *original)
{
    BpfpvCpuset *set = check_online_part(check, original);

    if (domain->allowed != NULL)
        bpfpv_cpuset_intersect(set, domain->allowed);
    return set;
}

static void
check_prefer_balanced(const Check *check, BpfpvCpuset *set)
{
    g_autoptr(BpfpvCpuset) balanced = bpfpv_cpuset_copy(set);

    bpfpv_cpuset_subtract(balanced, check->isolated);
    if (!bpfpv_cpuset_is_empty(balanced))
        bpfpv_cpuset_assign(set, balanced);
}

BpfpvCpuset *
check_floating_part(const Check *check, const ScenarioDomain *domain, const BpfpvCpuset *original)
{
    BpfpvCpuset *set = check_usable_part(check, domain, original);

    check_prefer_balanced(check, set);
    return set;
}

guint
check_charge(const Check *check, const BpfpvCpuset *footprint)
{
    return bpfpv_cpuset_count_common(footprint, check->reservable);
}

/* What it is to have that gets its original set back. */
static BpfpvCpuset *
check_back(const Check *check, const ScenarioDomain *domain, const BpfpvCpuset *original)
{
    BpfpvCpuset *set = bpfpv_cpuset_copy(original);

    if (check->scenario->host.allowed_only && domain->allowed != NULL &&
        bpfpv_cpuset_intersects(set, domain->allowed))
        bpfpv_cpuset_intersect(set, domain->allowed);
    return set;
}

BpfpvCpuset *
check_near(const Check *check, const ScenarioDomain *domain, guint v)
{
    const BpfpvCpuset *cells = bpfpv_guest_topology_memory(domain->guest, v);
    BpfpvCpuset *near;

    if (cells == NULL || domain->view.numa == BPFPV_NUMA_IGNORE)
        return NULL;
    near = bpfpv_topology_cpus_near(check->scenario->topology, cells);
    if (bpfpv_cpuset_is_empty(near))
        g_clear_pointer(&near, bpfpv_cpuset_free);
    return near;
}

BpfpvCpuset *
check_candidates(const Check *check, const ScenarioDomain *domain, guint v)
{
    BpfpvCpuset *set = check_usable_part(check, domain, domain->original->pdata[v]);
    g_autoptr(BpfpvCpuset) near = check_near(check, domain, v);

    bpfpv_cpuset_subtract(set, check->fixed);
    if (domain->refused != NULL)
        bpfpv_cpuset_subtract(set, domain->refused);
    if (check->scenario->pool != NULL)
        bpfpv_cpuset_intersect(set, check->scenario->pool);
    if (domain->pool != NULL)
        bpfpv_cpuset_intersect(set, domain->pool);
    if (domain->view.numa == BPFPV_NUMA_STRICT &&
        bpfpv_guest_topology_memory(domain->guest, v) != NULL) {
        g_autoptr(BpfpvCpuset) none = bpfpv_cpuset_new();

        bpfpv_cpuset_intersect(set, near != NULL ? near : none);
    }
    return set;
}

BpfpvCpuset *
check_footprint(const Check *check, const ScenarioDomain *domain, guint cpu)
{
    if (!check_isolates(domain))
        return bpfpv_cpuset_new_range(cpu, cpu);
    return check_online_part(check, bpfpv_topology_core_of(check->scenario->topology, cpu));
}

void
check_complain(Check *check, const char *rule, const ScenarioDomain *domain, guint v)
{
    check_is_listed(rule);
    g_string_append_printf(check->complaints, "[%s] domain %s vCPU %u\n", rule, domain->key, v);
}

void
check_complain_of_all(GString *complaints, const char *rule, const char *what)
{
    check_is_listed(rule);
    g_string_append_printf(complaints, "[%s] %s\n", rule, what);
}

guint
check_limit(const Check *check, const ScenarioDomain *domain)
{
    guint most = 0;

    if (domain->view.reserve == 0)
        return domain->view.max_anchors;
    for (guint v = 0; v < domain->n_vcpus; v++) {
        g_autoptr(BpfpvCpuset) set = check_candidates(check, domain, v);

        most = MAX(most, bpfpv_cpuset_count(set));
    }
    return MIN(domain->view.max_anchors, most - MIN(most, domain->view.reserve));
}

guint
check_domain_anchors(const Check *check, const ScenarioDomain *domain)
{
    guint count = 0;

    for (guint v = 0; v < domain->n_vcpus; v++)
        count += check_is_met_anchor(plan_vcpu(check->plan, domain->key, v));
    return count;
}

gboolean
check_starves(const Check *check, const BpfpvCpuset *exclusive)
{
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint i = 0; i < domain->n_vcpus + domain->threads->len; i++) {
            const BpfpvCpuset *original =
                i < domain->n_vcpus
                    ? domain->original->pdata[i]
                    : g_array_index(domain->threads, BpfpvPlacementThread, i - domain->n_vcpus)
                          .original;
            g_autoptr(BpfpvCpuset) usable = check_floating_part(check, domain, original);

            if ((i < domain->n_vcpus && check_is_fixed(domain, i)) || bpfpv_cpuset_is_empty(usable))
                continue;
            if (bpfpv_cpuset_is_subset(usable, exclusive))
                return TRUE;
        }
    }
    return FALSE;
}

void
check_anchor(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);
    g_autoptr(BpfpvCpuset) footprint = NULL;
    int cpu = bpfpv_cpuset_next(vcpu->cpus, 0);

    if (bpfpv_cpuset_count(vcpu->cpus) != 1 || !bpfpv_cpuset_is_subset(vcpu->cpus, candidates))
        check_complain(check, "1 within its bounds", domain, v);
    if (bpfpv_cpuset_intersects(vcpu->cpus, check->anchored))
        check_complain(check, "2 nobody else's", domain, v);
    if (cpu < 0 || bpfpv_topology_cpu(check->scenario->topology, (guint)cpu) == NULL)
        return;
    footprint = check_footprint(check, domain, (guint)cpu);
    if (check_isolates(domain) &&
        (bpfpv_cpuset_intersects(footprint, check->anchored) ||
         bpfpv_cpuset_intersects(bpfpv_topology_core_of(check->scenario->topology, (guint)cpu),
                                 check->fixed)))
        check_complain(check, "7 a core of its own", domain, v);
    bpfpv_cpuset_unite(check->anchored, footprint);
    if (check_shuts(domain))
        bpfpv_cpuset_unite(check->exclusive, footprint);
    check->n_used += check_charge(check, footprint);
}

/* vCPUs that could float on any of several CPUs and do. */
static guint
check_count_floating(const Check *check, const ScenarioDomain *domain)
{
    guint n = 0;

    for (guint v = 0; v < domain->n_vcpus; v++)
        n += !check_is_fixed(domain, v) &&
             !check_is_met_anchor(plan_vcpu(check->plan, domain->key, v));
    return n;
}

void
check_float(Check *check, const ScenarioDomain *domain, guint v, const BpfpvCpuset *original,
            const BpfpvCpuset *cpus, gboolean cohort)
{
    g_autoptr(BpfpvCpuset) expected = check_usable_part(check, domain, original);
    g_autoptr(BpfpvCpuset) home = NULL;
    g_autoptr(BpfpvCpuset) back = check_back(check, domain, original);

    if (bpfpv_cpuset_is_empty(cpus))
        check_complain(check, "1 not empty", domain, v);
    if (bpfpv_cpuset_is_empty(expected)) {
        if (!bpfpv_cpuset_equal(cpus, original) && !bpfpv_cpuset_equal(cpus, back))
            check_complain(check, "1 offline as it was", domain, v);
        return;
    }
    if (bpfpv_cpuset_intersects(cpus, check->exclusive))
        check_complain(check, "3 off exclusive anchors", domain, v);
    if (bpfpv_demand_is_empty(domain->demand) &&
        !bpfpv_cpuset_intersects(original, check->exclusive)) {
        if (!bpfpv_cpuset_equal(cpus, back))
            check_complain(check, "5 the original set", domain, v);
        return;
    }
    if (!bpfpv_demand_is_empty(domain->demand)) {
        check_prefer_balanced(check, expected);
        if (bpfpv_cpuset_intersects(cpus, check->isolated) &&
            !bpfpv_cpuset_intersects(expected, check->isolated))
            check_complain(check, "1 where the kernel balances", domain, v);
    }
    bpfpv_cpuset_subtract(expected, check->exclusive);
    home = bpfpv_demand_is_empty(domain->demand)
               ? bpfpv_cpuset_copy(expected)
               : check_at_home(check, domain, expected,
                               v >= 1000 ? 1 : check_count_floating(check, domain));
    if (!cohort && bpfpv_cpuset_is_subset(cpus, expected) && !bpfpv_cpuset_equal(cpus, home))
        check_complain(check, "8 floats at home", domain, v);
    else if (cohort ? !bpfpv_cpuset_is_subset(cpus, expected)
                    : !bpfpv_cpuset_is_subset(cpus, expected))
        check_complain(check, "1 all it may have", domain, v);
}

void
check_unmet(Check *check, const ScenarioDomain *domain, guint v, const BpfpvPlanVcpu *vcpu)
{
    g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);

    if (vcpu->why == NULL || *vcpu->why == '\0')
        check_complain(check, "4 says why", domain, v);
    if (check_domain_anchors(check, domain) >= check_limit(check, domain))
        return;
    for (int c = bpfpv_cpuset_next(candidates, 0); c >= 0;
         c = bpfpv_cpuset_next(candidates, (guint)c + 1)) {
        g_autoptr(BpfpvCpuset) exclusive = bpfpv_cpuset_copy(check->exclusive);
        g_autoptr(BpfpvCpuset) footprint = check_footprint(check, domain, (guint)c);

        if (bpfpv_cpuset_intersects(footprint, check->anchored) ||
            (check_isolates(domain) &&
             bpfpv_cpuset_intersects(bpfpv_topology_core_of(check->scenario->topology, (guint)c),
                                     check->fixed)) ||
            check->n_used + check_charge(check, footprint) > check->budget)
            continue;
        bpfpv_cpuset_unite(exclusive, footprint);
        if (!check_shuts(domain) || !check_starves(check, exclusive))
            check_complain(check, "4 unmet for a reason", domain, v);
    }
}

BpfpvWant
check_expected_want(const ScenarioDomain *domain, guint v)
{
    if (check_is_fixed(domain, v))
        return BPFPV_WANT_FIXED;
    if (bpfpv_demand_anchor_tasks(domain->demand, v) > 0)
        return BPFPV_WANT_ANCHOR;
    return bpfpv_demand_cohort_tasks(domain->demand, v) > 0 ? BPFPV_WANT_COHORT : BPFPV_WANT_FLOAT;
}

void
check_each(Check *check, CheckRule rule)
{
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++)
            rule(check, domain, v, plan_vcpu(check->plan, domain->key, v));
    }
}
