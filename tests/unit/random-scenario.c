/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See random-scenario.h. */
#include "random-scenario.h"

BpfpvCpuset *
random_set(GRand *rand, const BpfpvTopology *topology)
{
    const BpfpvCpuset *present = bpfpv_topology_present(topology);
    guint n = bpfpv_cpuset_count(present);
    guint any = below(rand, n);
    BpfpvCpuset *set;

    if (one_in(rand, 3))
        return bpfpv_cpuset_copy(present);
    if (n > HOST_CPUS && one_in(rand, 2) && bpfpv_cpuset_contains(present, any)) {
        guint which = below(rand, 3);

        return bpfpv_cpuset_copy(which == 0   ? bpfpv_topology_core_of(topology, any)
                                 : which == 1 ? bpfpv_topology_cache_of(topology, any)
                                              : bpfpv_topology_cell_of(topology, any));
    }
    set = bpfpv_cpuset_new();
    for (guint left = 1 + below(rand, HOST_CPUS); left > 0; left--)
        bpfpv_cpuset_add(set, below(rand, n));
    return set;
}

static char *
random_set_text(GRand *rand, const BpfpvTopology *topology)
{
    g_autoptr(BpfpvCpuset) set = random_set(rand, topology);

    return bpfpv_cpuset_format(set);
}

static void
change_topology(GRand *rand, Scenario *scenario)
{
    const char *host = random_hosts[below(rand, G_N_ELEMENTS(random_hosts))];
    g_autofree char *online = random_set_text(rand, scenario->topology);

    scenario_take_topology(scenario, scenario_topology(host, one_in(rand, 2) ? "0-7" : online));
}

void
change_online(GRand *rand, Scenario *scenario)
{
    g_autoptr(BpfpvCpuset) online = random_set(rand, scenario->topology);

    scenario_take_topology(scenario, bpfpv_topology_with_online(scenario->topology, online));
}

void
change_isolated(GRand *rand, Scenario *scenario)
{
    g_autoptr(BpfpvCpuset) none = bpfpv_cpuset_new();
    g_autoptr(BpfpvCpuset) some = random_set(rand, scenario->topology);

    scenario_take_topology(
        scenario, bpfpv_topology_with_isolated(scenario->topology, one_in(rand, 4) ? none : some));
}

/* Neighbours that are a cohort, and anchors too. */
static void
demand_together(GRand *rand, ScenarioDomain *domain)
{
    guint first = below(rand, domain->n_vcpus);
    guint last = MIN(first + 1 + below(rand, 3), domain->n_vcpus - 1);
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_new_range(first, last);

    scenario_demand(domain, all);
    for (guint v = first; v <= last; v++) {
        g_autoptr(BpfpvCpuset) one = bpfpv_cpuset_new_range(v, v);

        scenario_demand(domain, one);
    }
}

void
change_demand(GRand *rand, ScenarioDomain *domain)
{
    if (one_in(rand, 4))
        scenario_clear_demand(domain);
    if (one_in(rand, 5))
        return;
    if (one_in(rand, 8)) {
        demand_together(rand, domain);
        return;
    }
    for (guint n = 1 + below(rand, domain->n_vcpus); n > 0; n--) {
        guint vcpu = below(rand, domain->n_vcpus);
        g_autoptr(BpfpvCpuset) mask = bpfpv_cpuset_new_range(vcpu, vcpu);

        if (one_in(rand, 4))
            bpfpv_cpuset_add(mask, below(rand, domain->n_vcpus));
        scenario_demand(domain, mask);
    }
}

void
change_count(GRand *rand, ScenarioDomain *domain)
{
    const GPtrArray *cohorts = bpfpv_demand_cohorts(domain->demand);
    guint vcpu = below(rand, domain->n_vcpus);
    g_autoptr(BpfpvCpuset) mask = bpfpv_cpuset_new_range(vcpu, vcpu);

    if (bpfpv_demand_anchor_tasks(domain->demand, vcpu) > 0)
        scenario_demand(domain, mask);
    else if (cohorts->len > 0) {
        bpfpv_cpuset_assign(
            mask, ((const BpfpvCohort *)cohorts->pdata[below(rand, cohorts->len)])->vcpus);
        scenario_demand(domain, mask);
    }
}

void
change_cgroup(GRand *rand, const Scenario *scenario, ScenarioDomain *domain)
{
    g_autofree char *allowed = random_set_text(rand, scenario->topology);
    g_autofree char *refused = random_set_text(rand, scenario->topology);

    scenario_set_allowed(domain, one_in(rand, 3) ? NULL : allowed);
    scenario_set_refused(domain, one_in(rand, 2) ? refused : NULL);
}

void
change_bounds(GRand *rand, const Scenario *scenario, ScenarioDomain *domain)
{
    g_autofree char *pool = random_set_text(rand, scenario->topology);
    g_autoptr(BpfpvCpuset) cells = cpus(one_in(rand, 2) ? "0" : "1");

    domain->view.mode = one_in(rand, 3) ? BPFPV_MODE_SHARED : BPFPV_MODE_EXCLUSIVE;
    domain->view.smt = (BpfpvSmt)below(rand, 3);
    domain->view.cohort = (BpfpvCohortPolicy)below(rand, 3);
    domain->view.numa = (BpfpvNuma)below(rand, 3);
    domain->view.max_anchors = one_in(rand, 4) ? below(rand, 3) : G_MAXUINT;
    domain->view.reserve = one_in(rand, 6) ? below(rand, 5) : 0;
    domain->view.weight = below(rand, 4);
    domain->guest->threads = 1 + below(rand, 2);
    for (guint v = 0; v < domain->n_vcpus; v++)
        bpfpv_guest_topology_set_memory(domain->guest, v, one_in(rand, 3) ? cells : NULL);
    scenario_set_pool(domain, one_in(rand, 2) ? "0-1023" : pool);
}

gboolean
random_key_is_used(const Scenario *scenario, const char *key)
{
    for (guint d = 0; d < scenario->domains->len; d++) {
        if (strcmp(((ScenarioDomain *)scenario->domains->pdata[d])->key, key) == 0)
            return TRUE;
    }
    return FALSE;
}

void
change_threads(GRand *rand, const Scenario *scenario, ScenarioDomain *domain)
{
    if (one_in(rand, 3)) {
        g_array_set_size(domain->threads, 0);
    } else {
        g_autofree char *set = random_set_text(rand, scenario->topology);

        scenario_add_thread(domain, BPFPV_THREAD_IOTHREAD, 10 + domain->threads->len, set);
    }
}

/* Not one that a domain of the last step had: it would be taken for that one. */
static char *
random_key(GRand *rand, const Scenario *scenario)
{
    char *key = NULL;

    do {
        g_free(key);
        key = g_strdup_printf("%c%04x", 'a' + (char)below(rand, 20), below(rand, 0x10000));
    } while (random_key_is_used(scenario, key));
    return key;
}

void
make_plain(ScenarioDomain *domain)
{
    domain->view.mode = BPFPV_MODE_EXCLUSIVE;
    domain->view.smt = BPFPV_SMT_IGNORE;
    domain->view.numa = BPFPV_NUMA_IGNORE;
    domain->view.max_anchors = G_MAXUINT;
    domain->view.reserve = 0;
    scenario_set_pool(domain, "0-1023");
}

void
add_plain_domain(GRand *rand, Scenario *scenario, guint most)
{
    g_autofree char *present = bpfpv_cpuset_format(bpfpv_topology_present(scenario->topology));
    g_autofree char *key = random_key(rand, scenario);
    g_autoptr(GString) originals = g_string_new(present);
    ScenarioDomain *domain;

    for (guint n = below(rand, most); n > 0; n--)
        g_string_append_printf(originals, " %s", present);
    domain = scenario_add(scenario, key, originals->str);
    make_plain(domain);
    domain->view.weight = 1 + below(rand, 3);
    change_demand(rand, domain);
}

void
add_domain(GRand *rand, Scenario *scenario, guint most)
{
    g_autoptr(GString) originals = g_string_new(NULL);
    g_autofree char *key = random_key(rand, scenario);
    ScenarioDomain *domain;

    for (guint n = 1 + below(rand, most); n > 0; n--) {
        g_autofree char *set = random_set_text(rand, scenario->topology);

        g_string_append_printf(originals, "%s%s", originals->len > 0 ? " " : "", set);
    }
    domain = scenario_add(scenario, key, originals->str);
    for (guint t = below(rand, 3); t > 0; t--) {
        g_autofree char *set = random_set_text(rand, scenario->topology);

        scenario_add_thread(domain, t == 1 ? BPFPV_THREAD_EMULATOR : BPFPV_THREAD_IOTHREAD, t - 1,
                            set);
    }
    change_bounds(rand, scenario, domain);
    change_demand(rand, domain);
}

void
change_host(GRand *rand, Scenario *scenario)
{
    g_clear_pointer(&scenario->pool, bpfpv_cpuset_free);
    g_clear_pointer(&scenario->taken, bpfpv_cpuset_free);
    if (one_in(rand, 2))
        scenario->pool = random_set(rand, scenario->topology);
    if (one_in(rand, 5))
        scenario->taken = bpfpv_cpuset_new_range(below(rand, 4), 3 + below(rand, 2));
    scenario->host.pool = scenario->pool;
    scenario->host.taken = scenario->taken;
    scenario->host.reserve = below(rand, 4);
    scenario->host.hold_us = one_in(rand, 2) ? 0 : 100;
    scenario->host.max_moves = below(rand, 4);
    scenario->host.allowed_only = one_in(rand, 3);
    scenario->host.share = one_in(rand, 2) ? BPFPV_SHARE_NONE : BPFPV_SHARE_FAIR;
}

Scenario *
random_scenario(GRand *rand)
{
    Scenario *scenario = scenario_new("0-7", NULL, 0);

    change_topology(rand, scenario);
    if (one_in(rand, 4))
        change_isolated(rand, scenario);
    change_host(rand, scenario);
    scenario->now_us = 1000;
    for (guint n = 1 + below(rand, MAX_DOMAINS - 1); n > 0; n--)
        add_domain(rand, scenario, MAX_VCPUS);
    return scenario;
}

void
random_change(GRand *rand, Scenario *scenario)
{
    guint which = below(rand, scenario->domains->len);

    scenario->now_us += below(rand, 120);
    if (one_in(rand, 5))
        change_online(rand, scenario);
    if (one_in(rand, 20))
        change_topology(rand, scenario);
    if (one_in(rand, 5) && scenario->domains->len < MAX_DOMAINS)
        add_domain(rand, scenario, MAX_VCPUS);
    if (one_in(rand, 8))
        change_bounds(rand, scenario, scenario->domains->pdata[which]);
    if (one_in(rand, 8) && scenario->domains->len > 1)
        g_ptr_array_remove_index(scenario->domains, which);
    else
        change_demand(rand, scenario->domains->pdata[which]);
}
