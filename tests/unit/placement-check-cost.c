/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See placement-check-cost.h. */
#include "placement-check-cost.h"

static const guint check_costs[N_COSTS] = {16384, 2048, 1024, 512, 256, 32, 8, 8, 4, 2};

static const char *const check_cost_rules[N_COSTS] = {
    "cost near its memory",   "cost a full core",        "cost beside its siblings",
    "cost room for siblings", "cost without strangers",  "cost at home",
    "cost its cohort's cell", "cost its cohort's cache", "cost room for its cohort",
    "cost an isolated CPU"};

void
check_state_clear(CheckState *state)
{
    g_free(state->owner);
    bpfpv_cpuset_free(state->free);
    bpfpv_cpuset_free(state->shut);
}

CheckState
check_state(Check *check, const ScenarioDomain *but, guint v)
{
    CheckState state = {.check = check,
                        .owner = g_new0(CheckOwner, BPFPV_CPUSET_MAX),
                        .free = bpfpv_cpuset_copy(check->online),
                        .shut = bpfpv_cpuset_new()};

    bpfpv_cpuset_subtract(state.free, check->fixed);
    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint w = 0; w < domain->n_vcpus; w++) {
            const BpfpvPlanVcpu *vcpu = plan_vcpu(check->plan, domain->key, w);
            g_autoptr(BpfpvCpuset) footprint = NULL;
            guint cpu;

            if (!check_is_met_anchor(vcpu) || (domain == but && w == v) ||
                bpfpv_cpuset_is_empty(vcpu->cpus))
                continue;
            cpu = (guint)bpfpv_cpuset_next(vcpu->cpus, 0);
            footprint = check_footprint(check, domain, cpu);
            state.owner[cpu] = (CheckOwner){domain, w};
            state.n_used += check_charge(check, footprint);
            bpfpv_cpuset_subtract(state.free, footprint);
            if (check_shuts(domain))
                bpfpv_cpuset_unite(state.shut, footprint);
        }
    }
    return state;
}

static gboolean
check_could_have(const CheckState *state, const ScenarioDomain *domain, guint cpu)
{
    const Check *check = state->check;
    g_autoptr(BpfpvCpuset) footprint = check_footprint(check, domain, cpu);
    g_autoptr(BpfpvCpuset) shut = bpfpv_cpuset_copy(state->shut);

    bpfpv_cpuset_unite(shut, footprint);
    return bpfpv_cpuset_is_subset(footprint, state->free) &&
           state->n_used + check_charge(check, footprint) <= check->budget &&
           !(check_isolates(domain) &&
             bpfpv_cpuset_intersects(bpfpv_topology_core_of(check->scenario->topology, cpu),
                                     check->fixed)) &&
           !(check_shuts(domain) && check_starves(check, shut));
}

/* The lines about threads. */
static void
check_thread_costs(const CheckState *state, const ScenarioDomain *domain, guint v, guint cpu,
                   guint *costs)
{
    const BpfpvCpuset *core = bpfpv_topology_core_of(state->check->scenario->topology, cpu);
    guint threads = domain->guest->threads, coming = 0;

    for (guint w = v / threads * threads; w < MIN((v / threads + 1) * threads, domain->n_vcpus);
         w++) {
        const BpfpvPlanVcpu *sibling = plan_vcpu(state->check->plan, domain->key, w);

        if (w == v || sibling->want != BPFPV_WANT_ANCHOR)
            continue;
        coming += !sibling->met;
        if (sibling->met && !bpfpv_cpuset_is_subset(sibling->cpus, core))
            costs[COST_SPLIT] = 1;
    }
    costs[COST_NARROW] = costs[COST_SPLIT] == 0 && coming > 0 &&
                         bpfpv_cpuset_count_common(core, state->free) < coming + 1;
    for (int c = bpfpv_cpuset_next(core, 0); c >= 0; c = bpfpv_cpuset_next(core, (guint)c + 1)) {
        const CheckOwner *owner = &state->owner[c];

        if (owner->domain != NULL && (owner->domain != domain || owner->v / threads != v / threads))
            costs[COST_STRANGER] = 1;
    }
}

/* The vCPUs that overlapping cohorts connect with @v; empty: it is in none. */
static BpfpvCpuset *
check_component(const ScenarioDomain *domain, guint v)
{
    const GPtrArray *cohorts = bpfpv_demand_cohorts(domain->demand);
    BpfpvCpuset *all = bpfpv_cpuset_new_range(v, v);
    guint was = 0;

    while (bpfpv_cpuset_count(all) != was) {
        was = bpfpv_cpuset_count(all);
        for (guint i = 0; i < cohorts->len; i++) {
            const BpfpvCpuset *vcpus = ((const BpfpvCohort *)cohorts->pdata[i])->vcpus;

            if (bpfpv_cpuset_intersects(vcpus, all))
                bpfpv_cpuset_unite(all, vcpus);
        }
    }
    if (was == 1)
        bpfpv_cpuset_remove(all, v);
    return all;
}

/* How far @cpu is from @place: 1 is the cell, 2 the socket, 3 more. */
static guint
check_steps(const BpfpvPlace *place, guint cpu)
{
    const BpfpvPlace *around = place;

    while (!bpfpv_cpuset_contains(around->cpus, cpu))
        around = around->outer;
    return around == place ? 0 : MIN((guint)around->kind, 3);
}

/* Can an anchor of @domain have the core, or CPU, that @cpu is the first of? @state: (nullable): as
 * if nobody were anchored */
static gboolean
check_is_unit(const Check *check, const CheckState *state, const ScenarioDomain *domain, guint cpu)
{
    const BpfpvTopology *topology = check->scenario->topology;
    const BpfpvCpuset *core = bpfpv_topology_core_of(topology, cpu);
    g_autoptr(BpfpvCpuset) open = bpfpv_cpuset_copy(check->online);

    bpfpv_cpuset_subtract(open, check->fixed);
    if (state != NULL)
        bpfpv_cpuset_intersect(open, state->free);
    if (domain->view.smt == BPFPV_SMT_IGNORE)
        return bpfpv_cpuset_contains(open, cpu);
    if (cpu != (guint)bpfpv_cpuset_next(core, 0) || !bpfpv_cpuset_intersects(core, open))
        return FALSE;
    for (int c = bpfpv_cpuset_next(core, 0); c >= 0; c = bpfpv_cpuset_next(core, (guint)c + 1)) {
        if (state != NULL && state->owner[c].domain != NULL)
            return FALSE;
        if (check_isolates(domain) && (bpfpv_cpuset_contains(check->fixed, (guint)c) ||
                                       (bpfpv_cpuset_contains(check->online, (guint)c) &&
                                        !bpfpv_cpuset_contains(open, (guint)c))))
            return FALSE;
    }
    return TRUE;
}

static guint
check_units(const Check *check, const CheckState *state, const ScenarioDomain *domain,
            const BpfpvCpuset *cpus)
{
    guint n = 0;

    for (int c = bpfpv_cpuset_next(cpus, 0); c >= 0; c = bpfpv_cpuset_next(cpus, (guint)c + 1))
        n += check_is_unit(check, state, domain, (guint)c);
    return n;
}

/* Threads of the widest core that may be an anchor's. */
static guint
check_widest(const Check *check)
{
    const GPtrArray *cores = bpfpv_topology_cores(check->scenario->topology);
    g_autoptr(BpfpvCpuset) open = bpfpv_cpuset_copy(check->online);
    guint widest = 1;

    bpfpv_cpuset_subtract(open, check->fixed);
    for (guint i = 0; i < cores->len; i++)
        widest = MAX(widest, bpfpv_cpuset_count_common(cores->pdata[i], open));
    return MIN(widest, 8);
}

static gboolean
check_same_memory(const ScenarioDomain *domain, guint v, guint w)
{
    const BpfpvCpuset *a = bpfpv_guest_topology_memory(domain->guest, v);
    const BpfpvCpuset *b = bpfpv_guest_topology_memory(domain->guest, w);

    if (domain->view.numa == BPFPV_NUMA_IGNORE || a == b)
        return TRUE;
    return a != NULL && b != NULL && bpfpv_cpuset_equal(a, b);
}

/* Is all that is not fixed near to the same memory? */
static gboolean
check_has_home(const ScenarioDomain *domain)
{
    int first = -1;

    for (guint v = 0; v < domain->n_vcpus; v++) {
        if (check_is_fixed(domain, v))
            continue;
        if (first >= 0 && !check_same_memory(domain, (guint)first, v))
            return FALSE;
        first = (int)v;
    }
    return TRUE;
}

/* Those that @v is best near to: its cohort, else all of its domain near the same memory. */
typedef struct {
    int first; /* the CPU of the first of them that has one; -1: nobody has */
    guint n;   /* CPUs or cores that they take */
} CheckCompany;

static gboolean
check_wants_anchor(const CheckState *state, const ScenarioDomain *domain, guint w, gboolean cohort)
{
    return cohort ? check_expected_want(domain, w) == BPFPV_WANT_ANCHOR
                  : plan_vcpu(state->check->plan, domain->key, w)->want == BPFPV_WANT_ANCHOR;
}

static CheckCompany
check_company(const CheckState *state, const ScenarioDomain *domain, guint v)
{
    g_autoptr(BpfpvCpuset) component = check_component(domain, v);
    gboolean cohort = !bpfpv_cpuset_is_empty(component) && domain->view.cohort != BPFPV_COHORT_NONE;
    guint widest = check_widest(state->check), threads = domain->guest->threads;
    guint n = 0, cores = 0, wide = 0, on_core = 0, core = G_MAXUINT;
    CheckCompany company = {-1, 0};

    for (guint w = 0; w < domain->n_vcpus; w++) {
        const BpfpvPlanVcpu *vcpu = plan_vcpu(state->check->plan, domain->key, w);

        if (cohort && !bpfpv_cpuset_contains(component, w))
            continue;
        if (w / threads != core)
            on_core = 0;
        core = w / threads;
        if (check_wants_anchor(state, domain, w, cohort)) {
            n++;
            cores += on_core == 0;
            wide += on_core++ % widest == 0;
        }
        if (w != v && company.first < 0 && check_is_met_anchor(vcpu) &&
            (cohort || check_same_memory(domain, v, w)))
            company.first = bpfpv_cpuset_next(vcpu->cpus, 0);
    }
    if (cohort)
        company.n = domain->view.smt != BPFPV_SMT_MATCH ? n : MAX(cores, (n + widest - 1) / widest);
    else if (check_has_home(domain)) {
        n = MIN(n, check_limit(state->check, domain));
        company.n = domain->view.smt != BPFPV_SMT_MATCH ? n : MIN(wide, n);
    }
    return company;
}

/* The lines about cohorts, and domains. */
static void
check_cohort_costs(const CheckState *state, const ScenarioDomain *domain, guint v, guint cpu,
                   guint *costs)
{
    const BpfpvTopology *topology = state->check->scenario->topology;
    const GPtrArray *caches = bpfpv_topology_caches(topology);
    CheckCompany company = check_company(state, domain, v);
    g_autoptr(BpfpvCpuset) component = check_component(domain, v);
    gboolean by_cell =
        !bpfpv_cpuset_is_empty(component) && domain->view.cohort == BPFPV_COHORT_CELL;
    const BpfpvPlace *place;
    gboolean fits = FALSE;
    guint steps;

    if (company.first < 0) {
        for (guint i = 0; i < caches->len; i++)
            fits |= check_units(state->check, NULL, domain, caches->pdata[i]) >= company.n;
        costs[COST_TIGHT] = fits && check_units(state->check, state, domain,
                                                bpfpv_topology_cache_of(topology, cpu)) < company.n;
        return;
    }
    place = bpfpv_topology_place_of(topology, (guint)company.first);
    while (place->outer != NULL &&
           (check_units(state->check, NULL, domain, place->cpus) < company.n ||
            (by_cell && place->outer->kind == BPFPV_PLACE_CELL)))
        place = place->outer;
    steps = check_steps(place, cpu);
    costs[steps > 1 ? COST_CELL : COST_CACHE] = steps;
}

/* Returns: (nullable): where the plan has @domain live */
static const BpfpvPlace *
check_home(const Check *check, const ScenarioDomain *domain)
{
    const GPtrArray *places = bpfpv_topology_places(check->scenario->topology);
    const BpfpvPlanDomain *planned = bpfpv_plan_find(check->plan, domain->key);

    for (guint i = 0; planned->home != NULL && i < places->len; i++) {
        const BpfpvPlace *place = places->pdata[i];

        if (bpfpv_cpuset_equal(place->cpus, planned->home))
            return place;
    }
    return NULL;
}

BpfpvCpuset *
check_at_home(const Check *check, const ScenarioDomain *domain, const BpfpvCpuset *cpus, guint need)
{
    for (const BpfpvPlace *place = check_home(check, domain); place != NULL; place = place->outer) {
        guint n = bpfpv_cpuset_count_common(place->cpus, cpus);

        if (n > 0 && n >= MIN(need, bpfpv_cpuset_count(cpus))) {
            BpfpvCpuset *set = bpfpv_cpuset_copy(cpus);

            bpfpv_cpuset_intersect(set, place->cpus);
            return set;
        }
    }
    return bpfpv_cpuset_copy(cpus);
}

guint
check_float_cost(const Check *check, const ScenarioDomain *domain)
{
    const BpfpvPlace *home = check_home(check, domain);
    guint sum = 0;

    for (guint v = 0; home != NULL && v < domain->n_vcpus; v++) {
        const BpfpvPlanVcpu *vcpu = plan_vcpu(check->plan, domain->key, v);
        guint steps = 0;

        if (check_is_fixed(domain, v) || check_is_met_anchor(vcpu))
            continue;
        for (int c = bpfpv_cpuset_next(vcpu->cpus, 0); c >= 0;
             c = bpfpv_cpuset_next(vcpu->cpus, (guint)c + 1)) {
            if (bpfpv_topology_cpu(check->scenario->topology, (guint)c) != NULL)
                steps = MAX(steps, check_steps(home, (guint)c));
        }
        sum += steps * check_costs[COST_AWAY];
    }
    return sum;
}

guint
check_cost(const CheckState *state, const ScenarioDomain *domain, guint v, guint cpu,
           guint costs[N_COSTS])
{
    g_autoptr(BpfpvCpuset) near = check_near(state->check, domain, v);
    g_autoptr(BpfpvCpuset) candidates = check_candidates(state->check, domain, v);
    const BpfpvCpuset *isolated = state->check->isolated;
    guint sum = 0;

    memset(costs, 0, N_COSTS * sizeof(guint));
    costs[COST_MEMORY] = near != NULL && !bpfpv_cpuset_contains(near, cpu);
    costs[COST_CLASS] = bpfpv_topology_cpu(state->check->scenario->topology, cpu)->efficiency;
    if (domain->view.smt == BPFPV_SMT_MATCH)
        check_thread_costs(state, domain, v, cpu, costs);
    if (check_home(state->check, domain) != NULL)
        costs[COST_AWAY] = check_steps(check_home(state->check, domain), cpu);
    check_cohort_costs(state, domain, v, cpu, costs);
    costs[COST_BALANCED] =
        bpfpv_cpuset_intersects(candidates, isolated) && !bpfpv_cpuset_contains(isolated, cpu);
    for (guint i = 0; i < N_COSTS; i++)
        sum += costs[i] * check_costs[i];
    return sum;
}

/* Might @domain leave CPUs to others who live in a smaller place? Then these count before its
 * cohort. */
static gboolean
check_leaves_room(const Check *check, const ScenarioDomain *domain)
{
    const BpfpvPlace *home = check_home(check, domain);

    return home != NULL && home->kind > BPFPV_PLACE_CACHE && check->scenario->domains->len > 1;
}

/* The only one who is not where he was has the cheapest of the CPUs that were free. */
static void
check_cheapest(Check *check, const ScenarioDomain *domain, guint v)
{
    CheckState state = check_state(check, domain, v);
    g_autoptr(BpfpvCpuset) candidates = check_candidates(check, domain, v);
    int has = bpfpv_cpuset_next(plan_vcpu(check->plan, domain->key, v)->cpus, 0);
    guint costs[N_COSTS], others[N_COSTS];
    guint cost = check_cost(&state, domain, v, (guint)has, costs);
    guint least = check_leaves_room(check, domain) ? check_costs[COST_AWAY] : 1;

    for (int c = bpfpv_cpuset_next(candidates, 0); c >= 0 && cost > 0;
         c = bpfpv_cpuset_next(candidates, (guint)c + 1)) {
        if (check_cost(&state, domain, v, (guint)c, others) / least >= cost / least ||
            !check_could_have(&state, domain, (guint)c))
            continue;
        for (guint i = 0; i < N_COSTS; i++) {
            if (costs[i] > others[i]) {
                check_complain(check, check_cost_rules[i], domain, v);
                break;
            }
        }
        break;
    }
    check_state_clear(&state);
}

gboolean
check_stays(const Check *check, const ScenarioDomain *domain, guint v)
{
    const BpfpvPlanDomain *before =
        check->before != NULL ? bpfpv_plan_find(check->before, domain->key) : NULL;
    const BpfpvPlanVcpu *was = before != NULL ? before->vcpus->pdata[v] : NULL;

    return was != NULL && check_is_met_anchor(was) &&
           bpfpv_cpuset_equal(was->cpus, plan_vcpu(check->plan, domain->key, v)->cpus);
}

void
check_costs_of_newcomer(Check *check)
{
    const ScenarioDomain *newcomer = NULL;
    guint which = 0, n = 0;

    for (guint d = 0; d < check->scenario->domains->len; d++) {
        const ScenarioDomain *domain = check->scenario->domains->pdata[d];

        for (guint v = 0; v < domain->n_vcpus; v++) {
            if (!check_is_met_anchor(plan_vcpu(check->plan, domain->key, v)) ||
                check_stays(check, domain, v))
                continue;
            newcomer = domain;
            which = v;
            n++;
        }
    }
    if (n == 1)
        check_cheapest(check, newcomer, which);
}
