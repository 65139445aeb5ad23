/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See scenario.h. */
#include "scenario.h"

static void
scenario_cpuset_free(gpointer set)
{
    bpfpv_cpuset_free(set);
}

static void
scenario_domain_free(gpointer data)
{
    ScenarioDomain *domain = data;

    g_free(domain->key);
    bpfpv_demand_free(domain->demand);
    g_ptr_array_unref(domain->original);
    bpfpv_cpuset_free(domain->pool);
    bpfpv_cpuset_free(domain->allowed);
    bpfpv_cpuset_free(domain->refused);
    bpfpv_guest_topology_free(domain->guest);
    g_array_unref(domain->threads);
    g_ptr_array_unref(domain->thread_sets);
    g_free(domain);
}

void
scenario_free(Scenario *scenario)
{
    bpfpv_topology_free(scenario->topology);
    bpfpv_cpuset_free(scenario->pool);
    bpfpv_cpuset_free(scenario->taken);
    g_ptr_array_unref(scenario->domains);
    bpfpv_plan_free(scenario->plan);
    g_free(scenario);
}

void
scenario_set_online(Scenario *scenario, const char *present_text, const char *online_text)
{
    g_autoptr(BpfpvCpuset) present = cpus(present_text);
    g_autoptr(BpfpvCpuset) online = cpus(online_text);

    bpfpv_topology_free(scenario->topology);
    scenario->topology = bpfpv_topology_new(present, online);
    scenario->host.topology = scenario->topology;
}

Scenario *
scenario_new(const char *online_text, const char *pool_text, guint reserve)
{
    Scenario *scenario = g_new0(Scenario, 1);

    scenario_set_online(scenario, online_text, online_text);
    scenario->pool = pool_text != NULL ? cpus(pool_text) : NULL;
    scenario->host.pool = scenario->pool;
    scenario->host.reserve = reserve;
    scenario->domains = g_ptr_array_new_with_free_func(scenario_domain_free);
    return scenario;
}

ScenarioDomain *
scenario_add(Scenario *scenario, const char *key, const char *originals_text)
{
    ScenarioDomain *domain = g_new0(ScenarioDomain, 1);
    g_auto(GStrv) originals = g_strsplit(originals_text, " ", -1);

    domain->key = g_strdup(key);
    domain->original = g_ptr_array_new_with_free_func(scenario_cpuset_free);
    for (guint v = 0; originals[v] != NULL; v++)
        g_ptr_array_add(domain->original, cpus(originals[v]));
    domain->n_vcpus = domain->original->len;
    domain->demand = bpfpv_demand_new(domain->n_vcpus);
    domain->guest = bpfpv_guest_topology_new();
    domain->threads = g_array_new(FALSE, FALSE, sizeof(BpfpvPlacementThread));
    domain->thread_sets = g_ptr_array_new_with_free_func(scenario_cpuset_free);
    domain->view = (BpfpvPlacementDomain){
        .domain = domain->key,
        .guest = domain->guest,
        .threads = domain->threads,
        .demand = domain->demand,
        .original = domain->original,
        .mode = BPFPV_MODE_EXCLUSIVE,
        .smt = BPFPV_SMT_IGNORE,
        .max_anchors = G_MAXUINT,
    };
    g_ptr_array_add(scenario->domains, domain);
    return domain;
}

void
scenario_add_thread(ScenarioDomain *domain, BpfpvThreadKind kind, guint id, const char *set_text)
{
    BpfpvPlacementThread thread = {kind, id, NULL};

    g_ptr_array_add(domain->thread_sets, cpus(set_text));
    thread.original = domain->thread_sets->pdata[domain->thread_sets->len - 1];
    g_array_append_val(domain->threads, thread);
}

BpfpvTopology *
scenario_topology(const char *where, const char *online_text)
{
    g_autoptr(GArray) placed = g_array_new(FALSE, TRUE, sizeof(BpfpvTopologyCpu));
    g_autoptr(BpfpvCpuset) online = cpus(online_text);
    g_auto(GStrv) words = g_strsplit(where, " ", -1);

    for (guint c = 0; words[c] != NULL; c++) {
        g_auto(GStrv) parts = g_strsplit(words[c], ":", -1);
        BpfpvTopologyCpu cpu = {
            .cpu = c, .cell = atoi(parts[0]), .cache = atoi(parts[1]), .core = atoi(parts[2])};

        cpu.efficiency = parts[3] != NULL ? (guint)atoi(parts[3]) : 0;
        g_array_append_val(placed, cpu);
    }
    return bpfpv_topology_new_placed(placed, NULL, online);
}

void
scenario_take_topology(Scenario *scenario, BpfpvTopology *topology)
{
    bpfpv_topology_free(scenario->topology);
    scenario->topology = topology;
    scenario->host.topology = topology;
}

void
scenario_set_pool(ScenarioDomain *domain, const char *pool_text)
{
    bpfpv_cpuset_free(domain->pool);
    domain->pool = cpus(pool_text);
    domain->view.pool = domain->pool;
}

void
scenario_set_allowed(ScenarioDomain *domain, const char *allowed_text)
{
    bpfpv_cpuset_free(domain->allowed);
    domain->allowed = allowed_text != NULL ? cpus(allowed_text) : NULL;
    domain->view.allowed = domain->allowed;
}

void
scenario_set_refused(ScenarioDomain *domain, const char *refused_text)
{
    bpfpv_cpuset_free(domain->refused);
    domain->refused = refused_text != NULL ? cpus(refused_text) : NULL;
    domain->view.refused = domain->refused;
    domain->view.refused_why = refused_text != NULL ? "says the host" : NULL;
}

void
scenario_clear_demand(ScenarioDomain *domain)
{
    bpfpv_demand_free(domain->demand);
    domain->demand = bpfpv_demand_new(domain->n_vcpus);
    domain->view.demand = domain->demand;
}

void
scenario_demand(ScenarioDomain *domain, const BpfpvCpuset *mask)
{
    /* One more than there are, so that even all of them are not all. */
    g_autoptr(BpfpvCpuset) online = bpfpv_cpuset_new_range(0, domain->n_vcpus);

    bpfpv_demand_add(domain->demand, mask, online, 1);
}

void
scenario_anchor(ScenarioDomain *domain, const char *vcpus_text)
{
    g_autoptr(BpfpvCpuset) vcpus = cpus(vcpus_text);

    for (int v = bpfpv_cpuset_next(vcpus, 0); v >= 0; v = bpfpv_cpuset_next(vcpus, (guint)v + 1)) {
        g_autoptr(BpfpvCpuset) mask = bpfpv_cpuset_new_range((guint)v, (guint)v);

        scenario_demand(domain, mask);
    }
}

void
scenario_solve(Scenario *scenario)
{
    BpfpvPlan *plan =
        bpfpv_placement_solve(&scenario->host, scenario->domains, scenario->plan, scenario->now_us);

    bpfpv_plan_free(scenario->plan);
    scenario->plan = plan;
}

const BpfpvPlanVcpu *
plan_vcpu(const BpfpvPlan *plan, const char *key, guint vcpu)
{
    const BpfpvPlanDomain *domain = bpfpv_plan_find(plan, key);

    assert_non_null(domain);
    assert_true(vcpu < domain->vcpus->len);
    return domain->vcpus->pdata[vcpu];
}

char *
plan_to_text(const BpfpvPlan *plan, gboolean with_why)
{
    GString *text = g_string_new(NULL);

    for (guint d = 0; d < plan->domains->len; d++) {
        const BpfpvPlanDomain *domain = plan->domains->pdata[d];

        g_string_append_printf(text, "%s%s:", d > 0 ? "; " : "", domain->domain);
        for (guint v = 0; v < domain->vcpus->len; v++) {
            const BpfpvPlanVcpu *vcpu = domain->vcpus->pdata[v];
            g_autofree char *set = bpfpv_cpuset_format(vcpu->cpus);

            g_string_append_printf(text, " %s%s=%s", bpfpv_want_to_string(vcpu->want),
                                   vcpu->met ? "" : "!", set);
            if (with_why && vcpu->why != NULL)
                g_string_append_printf(text, "(%s)", vcpu->why);
        }
        for (guint t = 0; t < domain->threads->len; t++) {
            const BpfpvPlanThread *thread = domain->threads->pdata[t];
            g_autofree char *set = bpfpv_cpuset_format(thread->cpus);

            g_string_append_printf(text, " %s%u=%s",
                                   thread->kind == BPFPV_THREAD_EMULATOR ? "emulator" : "iothread",
                                   thread->id, set);
        }
    }
    return g_string_free(text, FALSE);
}

void
assert_plan(const Scenario *scenario, const char *expected)
{
    g_autofree char *text = plan_to_text(scenario->plan, FALSE);

    assert_string_equal(text, expected);
}
