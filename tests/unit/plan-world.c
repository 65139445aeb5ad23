/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See plan-world.h. */
#include "plan-world.h"

void
cpuset_destroy(gpointer set)
{
    bpfpv_cpuset_free(set);
}

void
applied_destroy(gpointer applied)
{
    bpfpv_applied_domain_free(applied);
}

static BpfpvCpuset *
random_subset(GRand *rand, const BpfpvCpuset *of)
{
    BpfpvCpuset *set = bpfpv_cpuset_copy(of);

    for (guint c = 0; c < WORLD_CPUS; c++) {
        if (one_in(rand, 3))
            bpfpv_cpuset_remove(set, c);
    }
    if (bpfpv_cpuset_is_empty(set))
        bpfpv_cpuset_unite(set, of);
    return set;
}

GPtrArray *
random_applied(GRand *rand)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(applied_destroy);
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_new_range(0, WORLD_CPUS - 1);
    guint n_domains = 1 + below(rand, 3);

    for (guint d = 0; d < n_domains; d++) {
        g_autoptr(GPtrArray) originals = g_ptr_array_new_with_free_func(cpuset_destroy);
        g_autofree char *key = g_strdup_printf("%c", 'c' - (char)d);
        guint n_vcpus = 1 + below(rand, 4);

        for (guint v = 0; v < n_vcpus; v++)
            g_ptr_array_add(originals,
                            one_in(rand, 2) ? bpfpv_cpuset_copy(all) : random_subset(rand, all));
        g_ptr_array_add(list, bpfpv_applied_domain_new(key, originals));
        for (guint t = below(rand, 3); t > 0; t--) {
            g_autoptr(BpfpvCpuset) original = random_subset(rand, all);

            bpfpv_applied_domain_add_thread(list->pdata[d],
                                            t == 1 ? BPFPV_THREAD_EMULATOR : BPFPV_THREAD_IOTHREAD,
                                            t - 1, original);
        }
    }
    return list;
}

BpfpvPlan *
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
            guint cpu = below(rand, WORLD_CPUS);

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
        for (guint t = 0; t < domain->threads->len; t++) {
            const BpfpvAppliedThread *thread = domain->threads->pdata[t];

            bpfpv_plan_add_thread(planned, thread->kind, thread->id,
                                  random_subset(rand, thread->original));
        }
    }
    return plan;
}

static void
complain_if(World *world, gboolean wrong, const char *what)
{
    if (wrong && world->wrong == NULL)
        world->wrong = what;
}

static void
check_not_taken(World *world, BpfpvCpuset *taken, const BpfpvAppliedVcpu *vcpu)
{
    g_autoptr(BpfpvCpuset) held = bpfpv_cpuset_new();

    if (vcpu->anchored)
        bpfpv_cpuset_unite(held, vcpu->cpus);
    if (vcpu->pending != NULL && vcpu->pending_anchored)
        bpfpv_cpuset_unite(held, vcpu->pending);
    complain_if(world, bpfpv_cpuset_intersects(held, taken), "two anchors share a CPU");
    bpfpv_cpuset_unite(taken, held);
}

static void
check_no_two_anchors_share(World *world)
{
    g_autoptr(BpfpvCpuset) taken = bpfpv_cpuset_new();

    for (guint d = 0; d < world->applied->len; d++) {
        const BpfpvAppliedDomain *domain = world->applied->pdata[d];

        for (guint v = 0; v < domain->vcpus->len; v++)
            check_not_taken(world, taken, domain->vcpus->pdata[v]);
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

/* What a step changes. */
static void
find_target(const BpfpvAppliedDomain *domain, const BpfpvPlanStep *step, BpfpvCpuset ***pending,
            const BpfpvCpuset **original)
{
    if (step->kind == BPFPV_THREAD_VCPU) {
        BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[step->vcpu];

        *pending = &vcpu->pending;
        *original = vcpu->original;
        return;
    }
    for (guint t = 0; t < domain->threads->len; t++) {
        BpfpvAppliedThread *thread = domain->threads->pdata[t];

        if (thread->kind != step->kind || thread->id != step->vcpu)
            continue;
        *pending = &thread->pending;
        *original = thread->original;
        return;
    }
    fail_msg("a step for an unknown thread %u of %s", step->vcpu, domain->domain);
}

/* Makes the calls that may be made now, or only some of them, as under a limit of rate. */
static guint
make_calls(World *world)
{
    g_autoptr(GPtrArray) steps = world->next_steps(world->plan, world->applied);

    for (guint i = 0; i < steps->len; i++) {
        const BpfpvPlanStep *step = steps->pdata[i];
        BpfpvAppliedDomain *domain = find_applied(world, step->domain);
        BpfpvCpuset **pending = NULL;
        const BpfpvCpuset *original = NULL;

        find_target(domain, step, &pending, &original);
        complain_if(world, domain->blocked, "a call for a blocked domain");
        complain_if(world, *pending != NULL, "two calls at once");
        complain_if(world, bpfpv_cpuset_is_empty(step->cpus), "an empty set");
        complain_if(world, !bpfpv_cpuset_is_subset(step->cpus, original),
                    "more than the original set");
        if (*pending != NULL || one_in(world->rand, 6))
            continue;
        *pending = bpfpv_cpuset_copy(step->cpus);
        if (step->kind == BPFPV_THREAD_VCPU)
            ((BpfpvAppliedVcpu *)domain->vcpus->pdata[step->vcpu])->pending_anchored =
                step->anchored;
        world->calls++;
        check_no_two_anchors_share(world);
    }
    return steps->len;
}

/* Half of the calls under way end, a quarter of those with an error. Returns: whether this one
 * is in force now */
static gboolean
end_call(World *world, BpfpvCpuset **cpus, BpfpvCpuset **pending)
{
    if (*pending == NULL || one_in(world->rand, 2))
        return FALSE;
    if (one_in(world->rand, 4)) {
        g_clear_pointer(pending, bpfpv_cpuset_free);
        world->failures++;
        return FALSE;
    }
    bpfpv_cpuset_free(*cpus);
    *cpus = g_steal_pointer(pending);
    return TRUE;
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

            pending += vcpu->pending != NULL;
            if (end_call(world, &vcpu->cpus, &vcpu->pending))
                vcpu->anchored = vcpu->pending_anchored;
            check_no_two_anchors_share(world);
        }
        for (guint t = 0; t < domain->threads->len; t++) {
            BpfpvAppliedThread *thread = domain->threads->pdata[t];

            pending += thread->pending != NULL;
            end_call(world, &thread->cpus, &thread->pending);
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
check_in_force(World *world)
{
    for (guint d = 0; d < world->applied->len; d++) {
        const BpfpvAppliedDomain *domain = world->applied->pdata[d];
        const BpfpvPlanDomain *planned = bpfpv_plan_find(world->plan, domain->domain);

        for (guint v = 0; v < domain->vcpus->len; v++) {
            const BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[v];
            const BpfpvPlanVcpu *target = planned->vcpus->pdata[v];

            complain_if(world,
                        !bpfpv_cpuset_equal(vcpu->cpus, target->cpus) ||
                            vcpu->anchored != (target->want == BPFPV_WANT_ANCHOR && target->met),
                        "the end is not the plan");
        }
        for (guint t = 0; t < domain->threads->len; t++)
            complain_if(world,
                        !bpfpv_cpuset_equal(((BpfpvAppliedThread *)domain->threads->pdata[t])->cpus,
                                            ((BpfpvPlanThread *)planned->threads->pdata[t])->cpus),
                        "the end is not the plan");
    }
}

void
go(World *world, gboolean leave_early)
{
    for (guint round = 0; round < MAX_ROUNDS && world->wrong == NULL; round++) {
        gboolean blocked = block_some(world);
        guint steps = make_calls(world);
        guint pending = end_some_calls(world);

        if (leave_early && one_in(world->rand, 4))
            return;
        if (steps == 0 && pending == 0 && !blocked) {
            check_in_force(world);
            return;
        }
    }
    complain_if(world, TRUE, "no end");
}
