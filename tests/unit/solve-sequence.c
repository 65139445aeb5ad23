/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See solve-sequence.h. */
#include "solve-sequence.h"

guint64
number_from(const char *variable, guint64 otherwise)
{
    const char *text = g_getenv(variable);

    return text != NULL ? g_ascii_strtoull(text, NULL, 10) : otherwise;
}

guint
sequence_seed(void)
{
    return (guint)number_from("BPFPV_TEST_SEED", UNIT_DEFAULT_SEED);
}

GArray *
make_sequence(GRand *rand, guint number)
{
    guint32 seed[] = {sequence_seed(), number};

    g_rand_set_seed_array(rand, seed, G_N_ELEMENTS(seed));
    return random_sequence(rand, MOST_STEPS);
}

static void
describe_domain(GString *text, const ScenarioDomain *domain)
{
    const BpfpvPlacementDomain *view = &domain->view;
    g_autofree char *pool = bpfpv_cpuset_format(domain->pool);
    g_autofree char *allowed = domain->allowed ? bpfpv_cpuset_format(domain->allowed) : NULL;
    g_autofree char *refused = domain->refused ? bpfpv_cpuset_format(domain->refused) : NULL;

    g_string_append_printf(
        text,
        "  %s: %s smt=%s cohort=%s numa=%s pool=%s cgroup=%s refused=%s limit=%d reserve=%u "
        "weight=%u threads=%u:",
        domain->key, view->mode == BPFPV_MODE_SHARED ? "shared" : "exclusive",
        bpfpv_smt_to_string(view->smt), bpfpv_cohort_to_string(view->cohort),
        bpfpv_numa_to_string(view->numa), pool, allowed ? allowed : "any",
        refused ? refused : "none", (int)view->max_anchors, view->reserve, view->weight,
        domain->guest->threads);
    for (guint v = 0; v < domain->n_vcpus; v++) {
        g_autofree char *set = bpfpv_cpuset_format(domain->original->pdata[v]);
        const BpfpvCpuset *cells = bpfpv_guest_topology_memory(domain->guest, v);

        g_string_append_printf(text, " %s/%u/%u%s", set,
                               bpfpv_demand_anchor_tasks(domain->demand, v),
                               bpfpv_demand_cohort_tasks(domain->demand, v),
                               cells == NULL                     ? ""
                               : bpfpv_cpuset_contains(cells, 0) ? "@0"
                                                                 : "@1");
    }
    g_string_append_c(text, '\n');
}

static void
describe_cpus(GString *text, const BpfpvTopology *topology)
{
    guint n = bpfpv_cpuset_count(bpfpv_topology_present(topology));

    g_string_append_printf(text, "  %u CPUs, cell:cache:core:class, i if isolated:", n);
    for (guint c = 0; c < MIN(n, 64); c++) {
        const BpfpvTopologyCpu *cpu = bpfpv_topology_cpu(topology, c);

        if (cpu != NULL)
            g_string_append_printf(text, " %d:%d:%d:%u%s", cpu->cell, cpu->cache, cpu->core,
                                   cpu->efficiency, cpu->isolated ? "i" : "");
    }
    g_string_append_c(text, '\n');
}

/* What a step was solved from, for whoever has to find out. */
static char *
describe(const Scenario *scenario, const BpfpvPlan *before)
{
    GString *text = g_string_new(NULL);
    g_autofree char *online = bpfpv_cpuset_format(bpfpv_topology_online(scenario->topology));
    g_autofree char *pool = scenario->pool ? bpfpv_cpuset_format(scenario->pool) : NULL;
    g_autofree char *taken = scenario->taken ? bpfpv_cpuset_format(scenario->taken) : NULL;
    g_autofree char *was = before ? plan_to_text(before, FALSE) : NULL;

    g_string_append_printf(text,
                           "  online %s pool %s taken %s reserve %u hold %d moves %u share %s\n",
                           online, pool ? pool : "any", taken ? taken : "none",
                           scenario->host.reserve, (int)scenario->host.hold_us,
                           scenario->host.max_moves, bpfpv_share_to_string(scenario->host.share));
    describe_cpus(text, scenario->topology);
    for (guint d = 0; d < scenario->domains->len; d++)
        describe_domain(text, scenario->domains->pdata[d]);
    g_string_append_printf(text, "  before: %s\n", was ? was : "nothing");
    return g_string_free(text, FALSE);
}

static gboolean
same_vcpu(const BpfpvPlanVcpu *a, const BpfpvPlanVcpu *b)
{
    return a->want == b->want && a->met == b->met && a->tasks == b->tasks && a->since == b->since &&
           a->unasked == b->unasked && a->lost == b->lost && bpfpv_cpuset_equal(a->cpus, b->cpus) &&
           g_strcmp0(a->why, b->why) == 0;
}

static gboolean
same_domain(const BpfpvPlanDomain *a, const BpfpvPlanDomain *b)
{
    gboolean same = g_str_equal(a->domain, b->domain) && a->vcpus->len == b->vcpus->len &&
                    a->threads->len == b->threads->len && a->unmet == b->unmet &&
                    (a->home == NULL) == (b->home == NULL) &&
                    (a->home == NULL || bpfpv_cpuset_equal(a->home, b->home));

    for (guint v = 0; same && v < a->vcpus->len; v++)
        same = same_vcpu(a->vcpus->pdata[v], b->vcpus->pdata[v]);
    for (guint t = 0; same && t < a->threads->len; t++)
        same = bpfpv_cpuset_equal(((BpfpvPlanThread *)a->threads->pdata[t])->cpus,
                                  ((BpfpvPlanThread *)b->threads->pdata[t])->cpus);
    return same;
}

static gboolean
same_plan(const BpfpvPlan *a, const BpfpvPlan *b)
{
    gboolean same = a->domains->len == b->domains->len;

    for (guint d = 0; same && d < a->domains->len; d++)
        same = same_domain(a->domains->pdata[d], b->domains->pdata[d]);
    return same;
}

static void
reverse(GPtrArray *domains)
{
    for (guint i = 0; i < domains->len / 2; i++) {
        gpointer other = domains->pdata[domains->len - 1 - i];

        domains->pdata[domains->len - 1 - i] = domains->pdata[i];
        domains->pdata[i] = other;
    }
}

/* Do the same domains in another order make another plan? */
static gboolean
order_matters(const Run *run, Scenario *scenario, const BpfpvPlan *before)
{
    BpfpvPlan *plan = g_steal_pointer(&scenario->plan);
    g_autoptr(BpfpvPlan) other = NULL;
    gboolean same;

    reverse(scenario->domains);
    other = run->solver(scenario, before);
    reverse(scenario->domains);
    if (scenario->plan != other)
        bpfpv_plan_free(scenario->plan);
    scenario->plan = plan;
    same = same_plan(plan, other);
    return !same;
}

const BpfpvPlan *
place(BpfpvPlacer *placer, const Scenario *scenario)
{
    g_autoptr(GPtrArray) keys = bpfpv_placer_domains(placer);
    g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);

    for (guint k = 0; k < keys->len; k++) {
        if (!random_key_is_used(scenario, keys->pdata[k]))
            g_ptr_array_add(gone, g_strdup(keys->pdata[k]));
    }
    for (guint k = 0; k < gone->len; k++)
        bpfpv_placer_remove_domain(placer, gone->pdata[k]);
    bpfpv_placer_set_host(placer, &scenario->host);
    for (guint d = 0; d < scenario->domains->len; d++)
        bpfpv_placer_set_domain(placer, scenario->domains->pdata[d]);
    return bpfpv_placer_solve(placer, scenario->now_us);
}

BpfpvPlan *
right_solver(Scenario *scenario, const BpfpvPlan *before)
{
    return bpfpv_placement_solve(&scenario->host, scenario->domains, before, scenario->now_us);
}

BpfpvPlan *
solver_without_reserve(Scenario *scenario, const BpfpvPlan *before)
{
    guint reserve = scenario->host.reserve;
    BpfpvPlan *plan;

    scenario->host.reserve = 0;
    plan = right_solver(scenario, before);
    scenario->host.reserve = reserve;
    return plan;
}

static void
count_anchors(Run *run, const BpfpvPlan *plan)
{
    run->steps++;
    for (guint d = 0; d < plan->domains->len; d++) {
        const BpfpvPlanDomain *domain = plan->domains->pdata[d];

        run->unmet += domain->unmet;
        for (guint v = 0; v < domain->vcpus->len; v++)
            run->anchors += check_is_met_anchor(domain->vcpus->pdata[v]);
    }
}

/* Whoever waits for changes must hear of each. Returns: (nullable): a domain whose change was not
 * told */
static const char *
find_untold(const BpfpvPlacer *placer, const BpfpvPlan *before, const BpfpvPlan *plan)
{
    const GPtrArray *told = bpfpv_placer_changed(placer);

    for (guint d = 0; d < plan->domains->len; d++) {
        const BpfpvPlanDomain *now = plan->domains->pdata[d];
        const BpfpvPlanDomain *was = before != NULL ? bpfpv_plan_find(before, now->domain) : NULL;

        if ((was == NULL || !same_domain(was, now)) &&
            !g_ptr_array_find_with_equal_func((GPtrArray *)told, now->domain, g_str_equal, NULL))
            return now->domain;
    }
    return NULL;
}

/* Returns: (transfer full) (nullable): what is wrong with the plan, which was made from @before */
static char *
complain(Run *run, BpfpvPlacer *placer, Scenario *scenario, const BpfpvPlan *before, gboolean last)
{
    const BpfpvPlan *placed = run->placer ? place(placer, scenario) : NULL;
    g_autofree char *checked = check_plan(scenario, before, scenario->plan);
    g_autoptr(GString) complaints = g_string_new(checked);
    g_autofree char *from = NULL;
    g_autofree char *text = NULL;

    if (placed != NULL && !same_plan(scenario->plan, placed)) {
        g_autofree char *other = plan_to_text(placed, TRUE);

        check_complain_of_all(complaints, "6 the same plan", other);
    } else if (placed != NULL && find_untold(placer, before, scenario->plan) != NULL) {
        check_complain_of_all(complaints, "6 what changed is told",
                              find_untold(placer, before, scenario->plan));
    }
    if (run->placer && last && order_matters(run, scenario, before))
        check_complain_of_all(complaints, "6 whatever the order", "");
    if (complaints->len == 0)
        return NULL;
    from = describe(scenario, before);
    text = plan_to_text(scenario->plan, TRUE);
    return g_strdup_printf("%s%s  plan: %s\n", complaints->str, from, text);
}

char *
run_sequence(const GArray *changes, gpointer data)
{
    Run *run = data;
    g_autoptr(Scenario) scenario = scenario_new("0-7", NULL, 0);
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();

    scenario->now_us = 1000;
    for (guint at = 0; at < changes->len;) {
        g_autoptr(BpfpvPlan) before = scenario->plan;
        char *wrong;

        scenario->plan = NULL;
        at = make_step(run->rand, scenario, changes, at);
        scenario->plan = run->solver(scenario, before);
        wrong = complain(run, placer, scenario, before, at == changes->len);
        if (wrong != NULL)
            return wrong;
        count_anchors(run, scenario->plan);
    }
    return NULL;
}

char *
smallest_failure(GArray **changes, Run *run, const char *wrong)
{
    static const char *const kinds[] = {
        [CHANGE_TOPOLOGY] = "topology", [CHANGE_HOST] = "host",         [CHANGE_ONLINE] = "online",
        [CHANGE_ADD] = "add",           [CHANGE_REMOVE] = "remove",     [CHANGE_POLICY] = "policy",
        [CHANGE_THREADS] = "threads",   [CHANGE_CGROUP] = "cgroup",     [CHANGE_DEMAND] = "demand",
        [CHANGE_COUNT] = "count",       [CHANGE_ISOLATED] = "isolated",
    };
    const char *end = strchr(wrong, ']');
    g_autofree char *rule = g_strndup(wrong, (gsize)(end - wrong) + 1);
    GString *text = g_string_new(NULL);
    g_autofree char *left = NULL;

    shrink(changes, run_sequence, run, rule);
    left = run_sequence(*changes, run);
    g_string_append(text, "the fewest changes that fail:");
    for (guint i = 0; i < (*changes)->len; i++) {
        const Change *change = &g_array_index(*changes, Change, i);

        g_string_append_printf(text, " %u:%s(%u,%u)", change->step, kinds[change->kind],
                               change->seed, change->most);
    }
    g_string_append_printf(text, "\nthe step that fails:\n%s", left);
    return g_string_free(text, FALSE);
}
