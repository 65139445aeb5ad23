/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The solver against a search through every arrangement, on hosts of 8 CPUs
 * with up to 4 domains: as many anchors met as can be, and at what cost.
 */
#include "placement-check-plan.h"
#include "random-scenario.h"

#include "core/placer/placer.h"

#define ROUNDS 10000
/* How much more than the least an anchor may cost on average; see docs/placement.md. */
#define COST_BOUND 16384
/* Arrangements whose cost is worked out anew. */
#define CHECK_ONE_IN 20

typedef struct {
    const ScenarioDomain *domain;
    guint v;
    guint domain_index;
    gboolean must;               /* holds an anchor, and so keeps one */
    guint8 candidates;           /* bit n: CPU n */
    guint8 footprint[HOST_CPUS]; /* by CPU: what it takes */
} Anchor;

/* A search through all arrangements of @anchors. */
typedef struct {
    Check check;
    GArray *anchors;
    GArray *floors; /* of guint8: sets of which something must stay open */
    guint8 fixed, reservable;
    guint limits[MAX_DOMAINS];
    guint met, best;
    GHashTable *seen;
} Search;

static guint8
bits_of(const BpfpvCpuset *set)
{
    guint8 bits = 0;

    for (guint c = 0; c < HOST_CPUS; c++)
        bits |= (guint8)(bpfpv_cpuset_contains(set, c) << c);
    return bits;
}

static void
add_anchor(Search *search, const ScenarioDomain *domain, guint index, guint v)
{
    g_autoptr(BpfpvCpuset) candidates = check_candidates(&search->check, domain, v);
    Anchor anchor = {domain, v, index, FALSE, bits_of(candidates), {0}};
    gboolean ignored = FALSE;

    anchor.must =
        search->check.before != NULL && check_held(&search->check, domain, v, &ignored) >= 0;

    for (guint c = 0; c < HOST_CPUS; c++) {
        g_autoptr(BpfpvCpuset) footprint = check_footprint(&search->check, domain, c);
        const BpfpvCpuset *core = bpfpv_topology_core_of(search->check.scenario->topology, c);

        anchor.footprint[c] = bits_of(footprint);
        if (check_isolates(domain) && bpfpv_cpuset_intersects(core, search->check.fixed))
            anchor.candidates &= (guint8) ~(1u << c);
    }
    g_array_append_val(search->anchors, anchor);
}

static void
add_floor(Search *search, const ScenarioDomain *domain, const BpfpvCpuset *original)
{
    g_autoptr(BpfpvCpuset) usable = check_floating_part(&search->check, domain, original);
    guint8 bits = bits_of(usable);

    if (bits != 0)
        g_array_append_val(search->floors, bits);
}

/* @before: (nullable): the plan in force; those who hold an anchor by it keep one */
static void
search_init(Search *search, const Scenario *scenario, const BpfpvPlan *before)
{
    check_init(&search->check, scenario);
    search->check.before = before;
    search->reservable = bits_of(search->check.reservable);
    search->anchors = g_array_new(FALSE, TRUE, sizeof(Anchor));
    search->floors = g_array_new(FALSE, TRUE, sizeof(guint8));
    search->seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (guint d = 0; d < scenario->domains->len; d++) {
        const ScenarioDomain *domain = scenario->domains->pdata[d];

        search->limits[d] = check_limit(&search->check, domain);
        for (guint v = 0; v < domain->n_vcpus; v++) {
            if (!check_is_fixed(domain, v))
                add_floor(search, domain, domain->original->pdata[v]);
            if (check_expected_want(domain, v) == BPFPV_WANT_ANCHOR)
                add_anchor(search, domain, d, v);
        }
        for (guint t = 0; t < domain->threads->len; t++)
            add_floor(search, domain,
                      g_array_index(domain->threads, BpfpvPlacementThread, t).original);
    }
}

static void
search_clear(Search *search)
{
    check_clear(&search->check);
    g_array_unref(search->anchors);
    g_array_unref(search->floors);
    g_hash_table_unref(search->seen);
}

static gboolean
starves(const Search *search, guint8 shut)
{
    for (guint i = 0; i < search->floors->len; i++) {
        if (!(g_array_index(search->floors, guint8, i) & ~shut))
            return TRUE;
    }
    return FALSE;
}

/* Whether these anchors were placed already in a way that comes to the same. */
static gboolean
seen_before(Search *search, guint index, guint8 used, guint8 shut, guint in_domain, guint met)
{
    gint64 *key = g_new(gint64, 1);

    *key = (gint64)index << 32 | (gint64)used << 24 | (gint64)shut << 16 | (gint64)in_domain << 8 |
           met;
    return !g_hash_table_add(search->seen, key);
}

static void
arrange(Search *search, guint index, guint8 used, guint8 shut, guint in_domain, guint met)
{
    const Anchor *anchor;

    if (index == search->anchors->len)
        search->best = MAX(search->best, met);
    if (index == search->anchors->len || met + search->anchors->len - index <= search->best ||
        seen_before(search, index, used, shut, in_domain, met))
        return;
    anchor = &g_array_index(search->anchors, Anchor, index);
    if (index > 0 && (anchor - 1)->domain_index != anchor->domain_index)
        in_domain = 0;
    for (guint c = 0; c < HOST_CPUS && in_domain < search->limits[anchor->domain_index]; c++) {
        guint8 footprint = anchor->footprint[c];
        guint8 now = check_shuts(anchor->domain) ? shut | footprint : shut;

        if (!(anchor->candidates & 1u << c) || (footprint & used) ||
            (guint)__builtin_popcount((used | footprint) & search->reservable) >
                search->check.budget ||
            (now != shut && starves(search, now)))
            continue;
        arrange(search, index + 1, used | footprint, now, in_domain + 1, met + 1);
    }
    if (!anchor->must)
        arrange(search, index + 1, used, shut, in_domain, met);
}

static guint
count_met(const BpfpvPlan *plan)
{
    guint met = 0;

    for (guint d = 0; d < plan->domains->len; d++) {
        const BpfpvPlanDomain *domain = plan->domains->pdata[d];

        for (guint v = 0; v < domain->vcpus->len; v++)
            met += check_is_met_anchor(domain->vcpus->pdata[v]);
    }
    return met;
}

/* As many as this are met, whatever it costs. */
static guint
count_most(const Scenario *scenario, const BpfpvPlan *before)
{
    Search search = {0};
    guint best;

    search_init(&search, scenario, before);
    arrange(&search, 0, 0, 0, 0, 0);
    best = search.best;
    search_clear(&search);
    return best;
}

static void
as_many_anchors_are_met_as_can_be(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    guint total = 0;

    (void)state;
    for (guint round = 0; round < ROUNDS; round++) {
        g_autoptr(Scenario) scenario = random_scenario(rand);
        guint best = count_most(scenario, NULL);

        scenario_solve(scenario);
        assert_int_equal(count_met(scenario->plan), best);
        total += best;
    }
    print_message("%u of %u met\n", total, total);
}

static gboolean
all_can_hold(const Scenario *scenario, const BpfpvPlan *before)
{
    Check check = {.before = before};
    gboolean can;

    check_init(&check, scenario);
    can = check_all_can_hold(&check);
    check_clear(&check);
    return can;
}

/* From a plan in force too, if nothing bounds the moves: those who hold an anchor keep one. */
static void
as_many_as_can_be_are_met_beside_those_who_hold(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    guint total = 0, rounds = 0;

    (void)state;
    while (rounds < ROUNDS) {
        g_autoptr(Scenario) scenario = random_scenario(rand);
        g_autoptr(BpfpvPlan) before = NULL;
        guint best;

        scenario->host.hold_us = 0;
        scenario->host.max_moves = 100;
        scenario->host.share = BPFPV_SHARE_NONE;
        scenario_solve(scenario);
        random_change(rand, scenario);
        before = g_steal_pointer(&scenario->plan);
        if (!all_can_hold(scenario, before))
            continue;
        scenario->plan =
            bpfpv_placement_solve(&scenario->host, scenario->domains, before, scenario->now_us);
        best = count_most(scenario, before);
        assert_int_equal(count_met(scenario->plan), best);
        total += best;
        rounds++;
    }
    print_message("%u of %u met\n", total, total);
}

/* ---- the cost ---- */

/* The same by the table of docs/placement.md, which takes longer. */
static guint64
cost_by_table(const Scenario *scenario, const BpfpvPlan *plan, const GArray *anchors,
              const int *cpu)
{
    Check check = {.plan = plan};
    guint64 sum = 0;

    check_init(&check, scenario);
    for (guint i = 0; i < anchors->len; i++) {
        const Anchor *anchor = &g_array_index(anchors, Anchor, i);
        CheckState state = check_state(&check, anchor->domain, anchor->v);
        guint costs[N_COSTS];

        sum += check_cost(&state, anchor->domain, anchor->v, (guint)cpu[i], costs);
        check_state_clear(&state);
    }
    for (guint d = 0; d < scenario->domains->len; d++)
        sum += check_float_cost(&check, scenario->domains->pdata[d]);
    check_clear(&check);
    return sum;
}

/* What an arrangement costs, by the solver's own sum: holders stay where they are. */
static guint64
cost_of(Scenario *scenario, const GArray *anchors, const int *cpu, gboolean check)
{
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();
    g_autoptr(BpfpvPlan) plan = bpfpv_plan_new();
    BpfpvPlacementScore score;

    bpfpv_placer_set_host(placer, &scenario->host);
    for (guint d = 0; d < scenario->domains->len; d++) {
        const ScenarioDomain *domain = scenario->domains->pdata[d];

        bpfpv_placer_set_domain(placer, &domain->view);
        bpfpv_plan_add_domain(plan, domain->key, domain->n_vcpus);
    }
    for (guint i = 0; i < anchors->len; i++) {
        const Anchor *anchor = &g_array_index(anchors, Anchor, i);
        BpfpvPlanVcpu *vcpu = (BpfpvPlanVcpu *)plan_vcpu(plan, anchor->domain->key, anchor->v);

        vcpu->want = BPFPV_WANT_ANCHOR;
        vcpu->met = cpu[i] >= 0;
        vcpu->cpus = bpfpv_cpuset_new();
        if (cpu[i] >= 0)
            bpfpv_cpuset_add(vcpu->cpus, (guint)cpu[i]);
    }
    bpfpv_placer_adopt(placer, plan);
    bpfpv_placer_solve(placer, scenario->now_us);
    bpfpv_placer_score(placer, &score);
    if (check)
        assert_int_equal(score.cost,
                         cost_by_table(scenario, bpfpv_placer_plan(placer), anchors, cpu));
    return score.cost;
}

typedef struct {
    Search *search;
    Scenario *scenario;
    int cpu[MAX_DOMAINS * MAX_VCPUS];
    guint64 cheapest;
    guint n; /* arrangements that were looked at */
} Cheapest;

/* Every arrangement that meets all anchors. */
static void
find_cheapest(Cheapest *cheapest, guint index, guint8 used, guint8 shut)
{
    const Search *search = cheapest->search;
    const Anchor *anchor;

    if (index == search->anchors->len) {
        guint64 cost = cost_of(cheapest->scenario, search->anchors, cheapest->cpu,
                               cheapest->n++ % CHECK_ONE_IN == 0);

        cheapest->cheapest = MIN(cheapest->cheapest, cost);
        return;
    }
    anchor = &g_array_index(search->anchors, Anchor, index);
    for (guint c = 0; c < HOST_CPUS; c++) {
        guint8 footprint = anchor->footprint[c];
        guint8 now = check_shuts(anchor->domain) ? shut | footprint : shut;

        if (!(anchor->candidates & 1u << c) || (footprint & used) ||
            (guint)__builtin_popcount((used | footprint) & search->reservable) >
                search->check.budget ||
            (now != shut && starves(search, now)))
            continue;
        cheapest->cpu[index] = (int)c;
        find_cheapest(cheapest, index + 1, used | footprint, now);
    }
}

/* Where all are met, and there are 2 to 4 of them. */
static void
the_cost_is_close_to_the_least(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    guint rounds = 0, optimal = 0;
    guint64 worst = 0;

    (void)state;
    while (rounds < 400) {
        g_autoptr(Scenario) scenario = random_scenario(rand);
        Search search = {0};
        Cheapest cheapest = {&search, scenario, {0}, G_MAXUINT64, 0};
        int cpu[MAX_DOMAINS * MAX_VCPUS];

        scenario->host.max_moves = 0;
        scenario->host.hold_us = 0;
        scenario_solve(scenario);
        search_init(&search, scenario, NULL);
        if (search.anchors->len >= 2 && search.anchors->len <= 4 &&
            count_met(scenario->plan) == search.anchors->len) {
            guint64 cost;

            for (guint i = 0; i < search.anchors->len; i++) {
                const Anchor *anchor = &g_array_index(search.anchors, Anchor, i);

                cpu[i] = bpfpv_cpuset_next(
                    plan_vcpu(scenario->plan, anchor->domain->key, anchor->v)->cpus, 0);
            }
            cost = cost_of(scenario, search.anchors, cpu, TRUE);
            find_cheapest(&cheapest, 0, 0, 0);
            assert_true(cost >= cheapest.cheapest);
            optimal += cost == cheapest.cheapest;
            worst = MAX(worst, (cost - cheapest.cheapest) / search.anchors->len);
            rounds++;
        }
        search_clear(&search);
    }
    print_message("%u of %u at the least cost, the worst %u above it for each anchor\n", optimal,
                  rounds, (guint)worst);
    assert_true(optimal * 10 >= rounds * 9);
    assert_true(worst <= COST_BOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_anchors_are_met_as_can_be),
        cmocka_unit_test(as_many_as_can_be_are_met_beside_those_who_hold),
        cmocka_unit_test(the_cost_is_close_to_the_least),
    };

    return cmocka_run_group_tests_name("placement-optimal", tests, NULL, NULL);
}
