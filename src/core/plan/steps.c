/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which pin calls may be made now on the way from what is applied to a plan.
 * At no moment may two anchors share a host CPU, whichever calls succeed, fail
 * or take long: so a CPU counts as held until the call that moves its anchor
 * away has succeeded, and from before the call that moves one there is made.
 */
#include "core/plan/plan.h"

#include <string.h>

#define NOBODY (-1)
#define SEVERAL (-2) /* only in a state that no plan of ours led to; waits till one is left */

/* One vCPU of an applied domain. */
typedef struct {
    const BpfpvAppliedDomain *domain;
    guint vcpu;
    const BpfpvAppliedVcpu *applied;
    const BpfpvPlanDomain *plan_domain;
    const BpfpvPlanVcpu *plan; /* NULL: there is nothing to do */
    int waits_for;             /* index of the node that holds its CPU; NOBODY; SEVERAL */
    guint walk;                /* the walk that came by last, see break_cycles() */
} Node;

typedef struct {
    const BpfpvPlan *plan;
    GArray *nodes;                /* of Node, by domain key and vCPU number */
    int holder[BPFPV_CPUSET_MAX]; /* by host CPU: index of a node; NOBODY; SEVERAL */
} Graph;

static gboolean
is_anchor(const BpfpvPlanVcpu *plan)
{
    return plan->want == BPFPV_WANT_ANCHOR && plan->met;
}

static gboolean
needs_step(const BpfpvAppliedDomain *domain, const BpfpvAppliedVcpu *applied,
           const BpfpvPlanVcpu *plan)
{
    if (domain->blocked || applied->pending != NULL || plan->want == BPFPV_WANT_FIXED ||
        bpfpv_thread_truth_refuses(&applied->truth, plan->cpus))
        return FALSE;
    return applied->truth.astray || !bpfpv_cpuset_equal(applied->cpus, plan->cpus) ||
           applied->anchored != is_anchor(plan);
}

static int
compare_domains(gconstpointer a, gconstpointer b)
{
    const BpfpvAppliedDomain *const *left = a, *const *right = b;

    return strcmp((*left)->domain, (*right)->domain);
}

static void
add_nodes(Graph *graph, const BpfpvPlan *plan, const GPtrArray *applied)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();

    for (guint i = 0; i < applied->len; i++)
        g_ptr_array_add(sorted, applied->pdata[i]);
    g_ptr_array_sort(sorted, compare_domains);
    for (guint i = 0; i < sorted->len; i++) {
        const BpfpvAppliedDomain *domain = sorted->pdata[i];
        const BpfpvPlanDomain *planned = bpfpv_plan_find(plan, domain->domain);

        for (guint v = 0; v < domain->vcpus->len; v++) {
            Node node = {domain, v, domain->vcpus->pdata[v], planned, NULL, NOBODY, 0};

            if (planned != NULL && v < planned->vcpus->len &&
                needs_step(domain, node.applied, planned->vcpus->pdata[v]))
                node.plan = planned->vcpus->pdata[v];
            g_array_append_val(graph->nodes, node);
        }
    }
}

static Node *
node_at(const Graph *graph, int index)
{
    return &g_array_index(graph->nodes, Node, index);
}

static void
hold(Graph *graph, int index, const BpfpvCpuset *cpus)
{
    for (int c = bpfpv_cpuset_next(cpus, 0); c >= 0; c = bpfpv_cpuset_next(cpus, (guint)c + 1)) {
        if (graph->holder[c] == NOBODY)
            graph->holder[c] = index;
        else if (graph->holder[c] != index)
            graph->holder[c] = SEVERAL;
    }
}

static void
add_holders(Graph *graph)
{
    for (guint cpu = 0; cpu < BPFPV_CPUSET_MAX; cpu++)
        graph->holder[cpu] = NOBODY;
    for (guint i = 0; i < graph->nodes->len; i++) {
        const BpfpvAppliedVcpu *applied = node_at(graph, (int)i)->applied;

        if (applied->anchored)
            hold(graph, (int)i, applied->cpus);
        if (applied->pending != NULL && applied->pending_anchored)
            hold(graph, (int)i, applied->pending);
    }
}

/* Who stands in the way of the anchor that node @index is to become? */
static int
find_blocker(const Graph *graph, int index)
{
    const BpfpvCpuset *cpus = node_at(graph, index)->plan->cpus;

    for (int c = bpfpv_cpuset_next(cpus, 0); c >= 0; c = bpfpv_cpuset_next(cpus, (guint)c + 1)) {
        if (graph->holder[c] != NOBODY && graph->holder[c] != index)
            return graph->holder[c];
    }
    return NOBODY;
}

static void
add_step(GPtrArray *steps, const Node *node, const BpfpvCpuset *cpus, gboolean anchored)
{
    BpfpvPlanStep *step = g_new0(BpfpvPlanStep, 1);

    step->domain = g_strdup(node->domain->domain);
    step->vcpu = node->vcpu;
    step->cpus = bpfpv_cpuset_copy(cpus);
    step->anchored = anchored;
    g_ptr_array_add(steps, step);
}

/* One that floats, and can go on doing so on what it shall have of what it has. */
static gboolean
can_wait(const Node *node)
{
    return !node->applied->anchored &&
           bpfpv_cpuset_intersects(node->applied->cpus, node->plan->cpus);
}

/* @late: those that can wait, or all others */
static void
add_floats(Graph *graph, GPtrArray *steps, gboolean late)
{
    for (guint i = 0; i < graph->nodes->len; i++) {
        const Node *node = node_at(graph, (int)i);

        if (node->plan != NULL && !is_anchor(node->plan) && can_wait(node) == late)
            add_step(steps, node, node->plan->cpus, FALSE);
    }
}

static void
add_anchors(Graph *graph, GPtrArray *steps)
{
    for (guint i = 0; i < graph->nodes->len; i++) {
        Node *node = node_at(graph, (int)i);

        if (node->plan == NULL || !is_anchor(node->plan))
            continue;
        node->waits_for = find_blocker(graph, (int)i);
        if (node->waits_for == NOBODY)
            add_step(steps, node, node->plan->cpus, TRUE);
    }
}

/* Takes out what the anchors of those hold that are where they shall be, and in no node. */
static void
subtract_settled(const Graph *graph, BpfpvCpuset *cpus)
{
    g_autoptr(GHashTable) known = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < graph->nodes->len; i++)
        g_hash_table_add(known, (gpointer)node_at(graph, (int)i)->plan_domain);
    for (guint d = 0; d < graph->plan->domains->len; d++) {
        const BpfpvPlanDomain *domain = graph->plan->domains->pdata[d];

        for (guint v = 0; !g_hash_table_contains(known, domain) && v < domain->vcpus->len; v++)
            if (is_anchor(domain->vcpus->pdata[v]))
                bpfpv_cpuset_subtract(cpus, ((BpfpvPlanVcpu *)domain->vcpus->pdata[v])->cpus);
    }
}

/* What a vCPU on its way from one anchor to another floats on meanwhile. */
static BpfpvCpuset *
detour(const Graph *graph, int index)
{
    const Node *node = node_at(graph, index);
    g_autoptr(BpfpvCpuset) bounds =
        bpfpv_thread_truth_back(node->applied->original, node->domain->allowed, TRUE);
    BpfpvCpuset *cpus;

    for (guint v = 0; v < node->plan_domain->vcpus->len; v++) {
        const BpfpvPlanVcpu *other = node->plan_domain->vcpus->pdata[v];

        /* One that is unmet may have nothing but offline CPUs. */
        if (is_anchor(other) || !other->met || other->want == BPFPV_WANT_FIXED ||
            !bpfpv_cpuset_intersects(other->cpus, bounds))
            continue;
        cpus = bpfpv_cpuset_copy(other->cpus);
        bpfpv_cpuset_intersect(cpus, bounds);
        return cpus;
    }
    /* Keeps the CPU that it has now, which is known to work; the rest may be offline. */
    cpus = bpfpv_cpuset_copy(bounds);
    subtract_settled(graph, cpus);
    for (guint cpu = 0; cpu < BPFPV_CPUSET_MAX; cpu++) {
        if (graph->holder[cpu] != NOBODY && graph->holder[cpu] != index)
            bpfpv_cpuset_remove(cpus, cpu);
    }
    if (bpfpv_cpuset_is_empty(cpus))
        bpfpv_cpuset_unite(cpus, bounds);
    return cpus;
}

/* Each node waits for at most one other, so a walk along waits_for ends or runs into a cycle.
 * The lowest node of a cycle gives up its CPU for now. */
static void
break_cycles(Graph *graph, GPtrArray *steps)
{
    for (guint i = 0; i < graph->nodes->len; i++) {
        guint walk = i + 1;
        int start = (int)i, lowest;

        while (start >= 0 && node_at(graph, start)->walk == 0) {
            node_at(graph, start)->walk = walk;
            start = node_at(graph, start)->waits_for;
        }
        if (start < 0 || node_at(graph, start)->walk != walk)
            continue;
        lowest = start;
        for (int at = node_at(graph, start)->waits_for; at != start;
             at = node_at(graph, at)->waits_for)
            lowest = MIN(lowest, at);
        g_autoptr(BpfpvCpuset) cpus = detour(graph, lowest);
        if (!bpfpv_thread_truth_refuses(&node_at(graph, lowest)->applied->truth, cpus))
            add_step(steps, node_at(graph, lowest), cpus, FALSE);
    }
}

/* QEMU's other threads float: they go where they shall be at once, and nobody waits for them. */
static void
add_threads(const BpfpvPlan *plan, const BpfpvAppliedDomain *domain, GPtrArray *steps)
{
    const BpfpvPlanDomain *planned = bpfpv_plan_find(plan, domain->domain);

    for (guint t = 0; planned != NULL && !domain->blocked && t < planned->threads->len; t++) {
        const BpfpvPlanThread *thread = planned->threads->pdata[t];
        const BpfpvAppliedThread *applied =
            bpfpv_applied_domain_find_thread(domain, thread->kind, thread->id);
        BpfpvPlanStep *step;

        if (applied == NULL || applied->fixed || applied->pending != NULL ||
            bpfpv_thread_truth_refuses(&applied->truth, thread->cpus) ||
            (!applied->truth.astray && bpfpv_cpuset_equal(applied->cpus, thread->cpus)))
            continue;
        step = g_new0(BpfpvPlanStep, 1);
        step->domain = g_strdup(domain->domain);
        step->kind = thread->kind;
        step->vcpu = thread->id;
        step->cpus = bpfpv_cpuset_copy(thread->cpus);
        g_ptr_array_add(steps, step);
    }
}

static void
step_free(gpointer data)
{
    bpfpv_plan_step_free(data);
}

/* Whether a call would change nothing, and none is under way. */
static gboolean
has(const BpfpvAppliedVcpu *applied, const BpfpvPlanVcpu *plan)
{
    if (applied->pending != NULL || applied->anchored != is_anchor(plan))
        return FALSE;
    return plan->want == BPFPV_WANT_FIXED ||
           (!applied->truth.astray && bpfpv_cpuset_equal(applied->cpus, plan->cpus));
}

gboolean
bpfpv_plan_is_reached(const BpfpvPlan *plan, const BpfpvAppliedDomain *applied)
{
    const BpfpvPlanDomain *planned = bpfpv_plan_find(plan, applied->domain);

    if (planned == NULL || planned->vcpus->len != applied->vcpus->len)
        return FALSE;
    for (guint v = 0; v < planned->vcpus->len; v++) {
        if (!has(applied->vcpus->pdata[v], planned->vcpus->pdata[v]))
            return FALSE;
    }
    for (guint t = 0; t < planned->threads->len; t++) {
        const BpfpvPlanThread *thread = planned->threads->pdata[t];
        const BpfpvAppliedThread *has =
            bpfpv_applied_domain_find_thread(applied, thread->kind, thread->id);

        if (has != NULL && !has->fixed &&
            (has->pending != NULL || has->truth.astray ||
             !bpfpv_cpuset_equal(has->cpus, thread->cpus)))
            return FALSE;
    }
    return TRUE;
}

/**
 * bpfpv_plan_next_steps:
 * @plan: where to go
 * @applied: (element-type BpfpvAppliedDomain): where things are, every managed
 *   domain, those that are blocked or not in @plan too: they hold CPUs. One that
 *   bpfpv_plan_is_reached() may be missing: what its anchors hold is nobody else's in @plan
 *
 * Finds the pin calls that may be made now, in any order and all at once. There
 * are none for blocked domains, for vCPUs with a call pending or fixed by their
 * definition, for a set that a thread was refused, and for domains that @plan
 * does not name. A thread that is not where it was put is put there again. An anchor is not moved
 * to a CPU that another one holds, before that one's call has succeeded. Among
 * anchors that wait for one another in a circle the first (by domain key and
 * vCPU number) is moved out of the way to float: on what a met floating vCPU of
 * its domain is planned to have, as far as that is in its own original set,
 * else on its original set without others' anchors.
 *
 * Call it again whenever a call ended, a domain was unblocked or there is
 * another plan. A step that failed comes again.
 *
 * Returns: (transfer full) (element-type BpfpvPlanStep): the calls, the most
 *   urgent first, as they are made one after the other and there may be a limit
 *   to how many: anchors, whose tasks wait for them; what leaves a CPU; then
 *   what floats and has just more or fewer CPUs than it shall have; empty when
 *   there is nothing to do now
 */
GPtrArray *
bpfpv_plan_next_steps(const BpfpvPlan *plan, const GPtrArray *applied)
{
    g_autofree Graph *graph = g_new0(Graph, 1);
    GPtrArray *steps = g_ptr_array_new_with_free_func(step_free);

    graph->plan = plan;
    graph->nodes = g_array_new(FALSE, FALSE, sizeof(Node));
    add_nodes(graph, plan, applied);
    add_holders(graph);
    add_anchors(graph, steps);
    add_floats(graph, steps, FALSE);
    break_cycles(graph, steps);
    add_floats(graph, steps, TRUE);
    for (guint i = 0; i < applied->len; i++)
        add_threads(plan, applied->pdata[i], steps);
    g_array_unref(graph->nodes);
    return steps;
}
