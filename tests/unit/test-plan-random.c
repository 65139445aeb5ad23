/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random ways from plan to plan: calls that end in any order or fail, domains
 * that are blocked for a while, plans that change on the way. Wrong orders of
 * the calls show that the checks bite.
 */
#include "plan-world.h"
#include "random-scenario.h"

#define RUNS 4000

static void
assert_nothing_wrong(const World *world)
{
    if (world->wrong != NULL)
        fail_msg("%s, after %u calls", world->wrong, world->calls);
}

static gboolean
same_step(const BpfpvPlanStep *a, const BpfpvPlanStep *b)
{
    return g_str_equal(a->domain, b->domain) && a->kind == b->kind && a->vcpu == b->vcpu &&
           a->anchored == b->anchored && bpfpv_cpuset_equal(a->cpus, b->cpus);
}

/* By those alone that have not reached the plan; must be what follows from all. */
static GPtrArray *
steps_of_unreached(const BpfpvPlan *plan, const GPtrArray *applied)
{
    g_autoptr(GPtrArray) unreached = g_ptr_array_new();
    g_autoptr(GPtrArray) all = bpfpv_plan_next_steps(plan, applied);
    GPtrArray *steps;

    for (guint d = 0; d < applied->len; d++)
        if (!bpfpv_plan_is_reached(plan, applied->pdata[d]))
            g_ptr_array_add(unreached, applied->pdata[d]);
    steps = bpfpv_plan_next_steps(plan, unreached);
    assert_int_equal(steps->len, all->len);
    for (guint i = 0; i < steps->len; i++)
        assert_true(same_step(steps->pdata[i], all->pdata[i]));
    return steps;
}

static void
every_way_is_safe_and_ends(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    guint calls = 0, failures = 0;

    (void)state;
    for (guint run = 0; run < RUNS; run++) {
        g_autoptr(GPtrArray) applied = random_applied(rand);
        World world = {.next_steps = steps_of_unreached, .rand = rand, .applied = applied};

        for (guint n = 1 + below(rand, 4); n > 0; n--) {
            g_autoptr(BpfpvPlan) plan = random_plan(rand, applied);

            world.plan = plan;
            go(&world, n > 1 && one_in(rand, 2));
            assert_nothing_wrong(&world);
        }
        calls += world.calls;
        failures += world.failures;
    }
    print_message("%u calls, %u of them failed\n", calls, failures);
    assert_true(failures > RUNS);
}

/* All anchored, then a random permutation of them: nothing but circles. */
static void
permutations_are_reached(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);

    (void)state;
    for (guint run = 0; run < 1000; run++) {
        g_autoptr(GPtrArray) applied = g_ptr_array_new_with_free_func(applied_destroy);
        g_autoptr(GPtrArray) originals = g_ptr_array_new_with_free_func(cpuset_destroy);
        g_autoptr(BpfpvPlan) plan = bpfpv_plan_new();
        BpfpvPlanDomain *planned = bpfpv_plan_add_domain(plan, "a", WORLD_CPUS);
        World world = {
            .next_steps = steps_of_unreached, .rand = rand, .applied = applied, .plan = plan};
        guint order[WORLD_CPUS];

        for (guint c = 0; c < WORLD_CPUS; c++) {
            guint other = below(rand, c + 1);

            order[c] = c;
            order[c] = order[other];
            order[other] = c;
            g_ptr_array_add(originals, bpfpv_cpuset_new_range(0, WORLD_CPUS - 1));
        }
        g_ptr_array_add(applied, bpfpv_applied_domain_new("a", originals));
        for (guint c = 0; c < WORLD_CPUS; c++) {
            BpfpvAppliedDomain *domain = applied->pdata[0];
            BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[c];
            BpfpvPlanVcpu *target = planned->vcpus->pdata[c];

            bpfpv_cpuset_free(vcpu->cpus);
            vcpu->cpus = bpfpv_cpuset_new_range(c, c);
            vcpu->anchored = TRUE;
            target->want = BPFPV_WANT_ANCHOR;
            target->met = TRUE;
            target->cpus = bpfpv_cpuset_new_range(order[c], order[c]);
        }
        go(&world, FALSE);
        assert_nothing_wrong(&world);
    }
}

/* ---- with the solver ---- */

static GPtrArray *
applied_of(const Scenario *scenario)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(applied_destroy);

    for (guint d = 0; d < scenario->domains->len; d++) {
        const ScenarioDomain *domain = scenario->domains->pdata[d];

        g_ptr_array_add(list, bpfpv_applied_domain_new(domain->key, domain->original));
        for (guint t = 0; t < domain->threads->len; t++) {
            const BpfpvPlacementThread *thread =
                &g_array_index(domain->threads, BpfpvPlacementThread, t);

            bpfpv_applied_domain_add_thread(list->pdata[d], thread->kind, thread->id,
                                            thread->original);
        }
    }
    return list;
}

/* What a daemon that starts anew takes to be in force. */
static BpfpvPlan *
found_in_force(const GPtrArray *applied)
{
    BpfpvPlan *plan = bpfpv_plan_new();

    for (guint d = 0; d < applied->len; d++)
        bpfpv_plan_adopt(plan, applied->pdata[d]);
    return plan;
}

/* Plans are left half way, with calls refused; the demand changes, or the daemon starts anew and
 * knows no more than what is pinned. The next plan is reached from there. */
static void
the_next_solve_repairs_what_was_left_half_way(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    guint failures = 0, anew = 0;

    (void)state;
    for (guint run = 0; run < RUNS; run++) {
        g_autoptr(Scenario) scenario = random_scenario(rand);
        g_autoptr(GPtrArray) applied = applied_of(scenario);
        World world = {.next_steps = steps_of_unreached, .rand = rand, .applied = applied};

        for (guint n = 1 + below(rand, 4); n > 0; n--) {
            scenario_solve(scenario);
            world.plan = scenario->plan;
            go(&world, n > 1);
            assert_nothing_wrong(&world);
            change_demand(rand, scenario->domains->pdata[below(rand, scenario->domains->len)]);
            if (one_in(rand, 3)) {
                bpfpv_plan_free(scenario->plan);
                scenario->plan = found_in_force(applied);
                anew++;
            }
        }
        failures += world.failures;
    }
    print_message("%u calls refused, %u times anew\n", failures, anew);
    assert_true(failures > RUNS && anew > RUNS / 2);
}

/* ---- wrong orders ---- */

/* All calls at once, whoever is where. */
static GPtrArray *
all_at_once(const BpfpvPlan *plan, const GPtrArray *applied)
{
    GPtrArray *steps = bpfpv_plan_next_steps(plan, applied);

    g_ptr_array_set_size(steps, 0);
    for (guint d = 0; d < applied->len; d++) {
        const BpfpvAppliedDomain *domain = applied->pdata[d];
        const BpfpvPlanDomain *planned = bpfpv_plan_find(plan, domain->domain);

        for (guint v = 0; !domain->blocked && v < domain->vcpus->len; v++) {
            const BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[v];
            const BpfpvPlanVcpu *target = planned->vcpus->pdata[v];
            BpfpvPlanStep *step;

            if (vcpu->pending != NULL || bpfpv_cpuset_equal(vcpu->cpus, target->cpus))
                continue;
            step = g_new0(BpfpvPlanStep, 1);
            step->domain = g_strdup(domain->domain);
            step->vcpu = v;
            step->cpus = bpfpv_cpuset_copy(target->cpus);
            step->anchored = target->want == BPFPV_WANT_ANCHOR;
            g_ptr_array_add(steps, step);
        }
    }
    return steps;
}

/* Keeps the right calls that @keep says. */
static GPtrArray *
only(const BpfpvPlan *plan, const GPtrArray *applied,
     gboolean (*keep)(const BpfpvPlan *plan, const BpfpvPlanStep *step))
{
    GPtrArray *steps = bpfpv_plan_next_steps(plan, applied);

    for (guint i = steps->len; i-- > 0;) {
        if (!keep(plan, steps->pdata[i]))
            g_ptr_array_remove_index(steps, i);
    }
    return steps;
}

static gboolean
is_no_detour(const BpfpvPlan *plan, const BpfpvPlanStep *step)
{
    const BpfpvPlanDomain *planned = bpfpv_plan_find(plan, step->domain);

    return step->kind != BPFPV_THREAD_VCPU ||
           bpfpv_cpuset_equal(step->cpus,
                              ((BpfpvPlanVcpu *)planned->vcpus->pdata[step->vcpu])->cpus);
}

static gboolean
is_vcpu(const BpfpvPlan *plan, const BpfpvPlanStep *step)
{
    (void)plan;
    return step->kind == BPFPV_THREAD_VCPU;
}

static GPtrArray *
without_detours(const BpfpvPlan *plan, const GPtrArray *applied)
{
    return only(plan, applied, is_no_detour);
}

static GPtrArray *
without_threads(const BpfpvPlan *plan, const GPtrArray *applied)
{
    return only(plan, applied, is_vcpu);
}

/* As if no domain were blocked. */
static GPtrArray *
through_blocks(const BpfpvPlan *plan, const GPtrArray *applied)
{
    gboolean was[8];
    GPtrArray *steps;

    for (guint d = 0; d < applied->len; d++) {
        was[d] = ((BpfpvAppliedDomain *)applied->pdata[d])->blocked;
        ((BpfpvAppliedDomain *)applied->pdata[d])->blocked = FALSE;
    }
    steps = bpfpv_plan_next_steps(plan, applied);
    for (guint d = 0; d < applied->len; d++)
        ((BpfpvAppliedDomain *)applied->pdata[d])->blocked = was[d];
    return steps;
}

/* Unpins by the empty set before it pins. */
static GPtrArray *
through_nothing(const BpfpvPlan *plan, const GPtrArray *applied)
{
    GPtrArray *steps = bpfpv_plan_next_steps(plan, applied);

    for (guint i = 0; i < steps->len; i++) {
        BpfpvPlanStep *step = steps->pdata[i];

        if (!step->anchored)
            bpfpv_cpuset_subtract(step->cpus, step->cpus);
    }
    return steps;
}

static void
wrong_orders_are_found_out(void **state)
{
    static const struct {
        const char *wrong;
        NextSteps next_steps;
    } mutations[] = {
        {"two anchors share a CPU", all_at_once},
        {"the end is not the plan", without_detours},
        {"the end is not the plan", without_threads},
        {"a call for a blocked domain", through_blocks},
        {"an empty set", through_nothing},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(mutations); i++) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(UNIT_DEFAULT_SEED);
        gboolean found = FALSE;
        guint run;

        for (run = 0; run < RUNS && !found; run++) {
            g_autoptr(GPtrArray) applied = random_applied(rand);
            World world = {.next_steps = mutations[i].next_steps, .rand = rand, .applied = applied};

            for (guint n = 3; n > 0; n--) {
                g_autoptr(BpfpvPlan) plan = random_plan(rand, applied);

                world.plan = plan;
                go(&world, n > 1 && one_in(rand, 2));
            }
            found = world.wrong != NULL && strcmp(world.wrong, mutations[i].wrong) == 0;
        }
        print_message("%s: caught in run %u\n", mutations[i].wrong, run);
        assert_true(found);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_is_safe_and_ends),
        cmocka_unit_test(permutations_are_reached),
        cmocka_unit_test(the_next_solve_repairs_what_was_left_half_way),
        cmocka_unit_test(wrong_orders_are_found_out),
    };

    return cmocka_run_group_tests_name("plan-random", tests, NULL, NULL);
}
