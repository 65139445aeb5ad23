/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random ways from plan to plan: calls that end in any order or fail, domains
 * that are blocked for a while, plans that change on the way. At no moment may
 * two anchors share a CPU, and in the end the plan must be in force.
 */
#include "unit.h"

#include "core/plan.h"

#define RUNS       4000
#define HOST_CPUS  8
#define MAX_ROUNDS 1000

typedef struct {
    GRand *rand;
    GPtrArray *applied; /* of BpfpvAppliedDomain */
    BpfpvPlan *plan;
    guint calls, failures;
} World;

static void
cpuset_destroy(gpointer set)
{
    bpfpv_cpuset_free(set);
}

static void
applied_destroy(gpointer applied)
{
    bpfpv_applied_domain_free(applied);
}

static BpfpvCpuset *
random_subset(GRand *rand, const BpfpvCpuset *of)
{
    BpfpvCpuset *set = bpfpv_cpuset_copy(of);

    for (guint c = 0; c < HOST_CPUS; c++) {
        if (one_in(rand, 3))
            bpfpv_cpuset_remove(set, c);
    }
    if (bpfpv_cpuset_is_empty(set))
        bpfpv_cpuset_unite(set, of);
    return set;
}

static GPtrArray *
random_applied(GRand *rand)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(applied_destroy);
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_new_range(0, HOST_CPUS - 1);
    guint n_domains = 1 + below(rand, 3);

    for (guint d = 0; d < n_domains; d++) {
        g_autoptr(GPtrArray) originals = g_ptr_array_new_with_free_func(cpuset_destroy);
        g_autofree char *key = g_strdup_printf("%c", 'c' - (char)d);
        guint n_vcpus = 1 + below(rand, 4);

        for (guint v = 0; v < n_vcpus; v++)
            g_ptr_array_add(originals,
                            one_in(rand, 2) ? bpfpv_cpuset_copy(all) : random_subset(rand, all));
        g_ptr_array_add(list, bpfpv_applied_domain_new(key, originals));
    }
    return list;
}

/* Anchors with CPUs of their own, and floats; few CPUs and many anchors make for many circles. */
static BpfpvPlan *
random_plan(GRand *rand, const GPtrArray *applied)
{
    BpfpvPlan *plan = bpfpv_plan_new();
    g_autoptr(BpfpvCpuset) taken = bpfpv_cpuset_new();

    for (guint d = 0; d < applied->len; d++) {
        const BpfpvAppliedDomain *domain = applied->pdata[d];
        BpfpvPlanDomain *planned = bpfpv_plan_add_domain(plan, domain->domain, domain->vcpus->len);

        for (guint v = 0; v < domain->vcpus->len; v++) {
            const BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[v];
            BpfpvPlanVcpu *target = planned->vcpus->pdata[v];
            guint cpu = below(rand, HOST_CPUS);

            target->met = TRUE;
            if (!one_in(rand, 5) && bpfpv_cpuset_contains(vcpu->original, cpu) &&
                !bpfpv_cpuset_contains(taken, cpu)) {
                target->want = BPFPV_WANT_ANCHOR;
                target->cpus = bpfpv_cpuset_new_range(cpu, cpu);
                bpfpv_cpuset_add(taken, cpu);
            } else {
                target->want = BPFPV_WANT_FLOAT;
                target->cpus = random_subset(rand, vcpu->original);
            }
        }
    }
    return plan;
}

static void
assert_not_taken(BpfpvCpuset *taken, const BpfpvAppliedVcpu *vcpu)
{
    g_autoptr(BpfpvCpuset) held = bpfpv_cpuset_new();

    if (vcpu->anchored)
        bpfpv_cpuset_unite(held, vcpu->cpus);
    if (vcpu->pending != NULL && vcpu->pending_anchored)
        bpfpv_cpuset_unite(held, vcpu->pending);
    assert_false(bpfpv_cpuset_intersects(held, taken));
    bpfpv_cpuset_unite(taken, held);
}

static void
assert_no_two_anchors_share(const World *world)
{
    g_autoptr(BpfpvCpuset) taken = bpfpv_cpuset_new();

    for (guint d = 0; d < world->applied->len; d++) {
        const BpfpvAppliedDomain *domain = world->applied->pdata[d];

        for (guint v = 0; v < domain->vcpus->len; v++)
            assert_not_taken(taken, domain->vcpus->pdata[v]);
    }
}

static BpfpvAppliedDomain *
find_applied(const World *world, const char *key)
{
    for (guint d = 0; d < world->applied->len; d++) {
        BpfpvAppliedDomain *domain = world->applied->pdata[d];

        if (strcmp(domain->domain, key) == 0)
            return domain;
    }
    fail_msg("a step for the unknown domain %s", key);
    return NULL;
}

/* Makes the calls that may be made now, or only some of them, as under a limit of rate. */
static guint
make_calls(World *world)
{
    g_autoptr(GPtrArray) steps = bpfpv_plan_next_steps(world->plan, world->applied);

    for (guint i = 0; i < steps->len; i++) {
        const BpfpvPlanStep *step = steps->pdata[i];
        BpfpvAppliedDomain *domain = find_applied(world, step->domain);
        BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[step->vcpu];

        assert_false(domain->blocked);
        assert_null(vcpu->pending);
        assert_false(bpfpv_cpuset_is_empty(step->cpus));
        assert_true(bpfpv_cpuset_is_subset(step->cpus, vcpu->original));
        if (one_in(world->rand, 6))
            continue;
        vcpu->pending = bpfpv_cpuset_copy(step->cpus);
        vcpu->pending_anchored = step->anchored;
        world->calls++;
        assert_no_two_anchors_share(world);
    }
    return steps->len;
}

static void
end_call(World *world, BpfpvAppliedVcpu *vcpu)
{
    if (one_in(world->rand, 4)) {
        g_clear_pointer(&vcpu->pending, bpfpv_cpuset_free);
        world->failures++;
        return;
    }
    bpfpv_cpuset_free(vcpu->cpus);
    vcpu->cpus = g_steal_pointer(&vcpu->pending);
    vcpu->anchored = vcpu->pending_anchored;
}

/* Some of the calls under way end. Returns: how many were under way */
static guint
end_some_calls(World *world)
{
    guint pending = 0;

    for (guint d = 0; d < world->applied->len; d++) {
        const BpfpvAppliedDomain *domain = world->applied->pdata[d];

        for (guint v = 0; v < domain->vcpus->len; v++) {
            BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[v];

            if (vcpu->pending == NULL)
                continue;
            pending++;
            if (one_in(world->rand, 2)) {
                end_call(world, vcpu);
                assert_no_two_anchors_share(world);
            }
        }
    }
    return pending;
}

static gboolean
block_some(World *world)
{
    gboolean blocked = FALSE;

    for (guint d = 0; d < world->applied->len; d++) {
        BpfpvAppliedDomain *domain = world->applied->pdata[d];

        domain->blocked = one_in(world->rand, domain->blocked ? 2 : 8);
        blocked |= domain->blocked;
    }
    return blocked;
}

static void
assert_in_force(const World *world)
{
    for (guint d = 0; d < world->applied->len; d++) {
        const BpfpvAppliedDomain *domain = world->applied->pdata[d];
        const BpfpvPlanDomain *planned = bpfpv_plan_find(world->plan, domain->domain);

        for (guint v = 0; v < domain->vcpus->len; v++) {
            const BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[v];
            const BpfpvPlanVcpu *target = planned->vcpus->pdata[v];

            assert_true(bpfpv_cpuset_equal(vcpu->cpus, target->cpus));
            assert_int_equal(vcpu->anchored, target->want == BPFPV_WANT_ANCHOR);
        }
    }
}

/* Until nothing is left to do, or, if @leave_early, some time before. */
static void
go(World *world, gboolean leave_early)
{
    for (guint round = 0; round < MAX_ROUNDS; round++) {
        gboolean blocked = block_some(world);
        guint steps = make_calls(world);
        guint pending = end_some_calls(world);

        if (leave_early && one_in(world->rand, 4))
            return;
        if (steps == 0 && pending == 0 && !blocked) {
            assert_in_force(world);
            return;
        }
    }
    fail_msg("no end after %d rounds", MAX_ROUNDS);
}

static void
every_way_is_safe_and_ends(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    guint calls = 0, failures = 0;

    (void)state;
    for (guint run = 0; run < RUNS; run++) {
        g_autoptr(GPtrArray) applied = random_applied(rand);
        World world = {.rand = rand, .applied = applied};

        for (guint n = 1 + below(rand, 4); n > 0; n--) {
            g_autoptr(BpfpvPlan) plan = random_plan(rand, applied);

            world.plan = plan;
            go(&world, n > 1 && one_in(rand, 2));
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
        BpfpvPlanDomain *planned = bpfpv_plan_add_domain(plan, "a", HOST_CPUS);
        World world = {rand, applied, plan, 0, 0};
        guint order[HOST_CPUS];

        for (guint c = 0; c < HOST_CPUS; c++) {
            guint other = below(rand, c + 1);

            order[c] = c;
            order[c] = order[other];
            order[other] = c;
            g_ptr_array_add(originals, bpfpv_cpuset_new_range(0, HOST_CPUS - 1));
        }
        g_ptr_array_add(applied, bpfpv_applied_domain_new("a", originals));
        for (guint c = 0; c < HOST_CPUS; c++) {
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
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_is_safe_and_ends),
        cmocka_unit_test(permutations_are_reached),
    };

    return cmocka_run_group_tests_name("plan-random", tests, NULL, NULL);
}
