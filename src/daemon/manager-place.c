/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From demands to pin calls: gathers what the solver needs, keeps its plan,
 * and hands out the plan's next steps as the earlier ones end.
 */
#include "daemon/manager-private.h"

/* How long a solve waits for further changes. */
#define PLACE_MS 5

static gboolean
takes_part(const BpfpvManager *manager, const BpfpvManaged *managed)
{
    return !manager->shutting_down && !managed->releasing && bpfpv_pins_original(managed->pins) &&
           bpfpv_session_config(managed->session);
}

static void
fill_domain(const BpfpvManaged *managed, BpfpvPlacementDomain *domain)
{
    const BpfpvConfig *config = bpfpv_session_config(managed->session);

    domain->domain = managed->name; /* unique on a host, and what people call it */
    domain->demand = bpfpv_session_demand(managed->session);
    domain->original = bpfpv_pins_original(managed->pins);
    domain->fixed = bpfpv_pins_fixed(managed->pins);
    domain->pool = config->cpuset;
    domain->mode = config->mode;
    domain->max_anchors = config->max_anchors;
}

static BpfpvPlacementHost
host_of(const BpfpvManager *manager)
{
    return (BpfpvPlacementHost){
        .topology = manager->topology,
        .pool = manager->conf->cpuset,
        .reserve = manager->conf->reserve,
    };
}

/* The last plan, and for domains it does not have yet (a daemon that died left them pinned) what
 * is in force. */
static void
solve(BpfpvManager *manager)
{
    g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
    BpfpvPlacementHost host = host_of(manager);
    BpfpvPlan *plan;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        BpfpvManaged *managed = value;
        BpfpvPlacementDomain *domain;

        if (!bpfpv_pins_original(managed->pins))
            continue;
        bpfpv_plan_adopt(manager->plan, bpfpv_pins_applied(managed->pins));
        if (!takes_part(manager, managed))
            continue;
        domain = g_new0(BpfpvPlacementDomain, 1);
        fill_domain(managed, domain);
        g_ptr_array_add(domains, domain);
    }
    plan = bpfpv_placement_solve(&host, domains, manager->plan);
    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        BpfpvManaged *managed = value;

        if (bpfpv_pins_original(managed->pins) && !takes_part(manager, managed))
            bpfpv_plan_add_original(plan, managed->name, bpfpv_pins_original(managed->pins));
    }
    bpfpv_plan_free(manager->plan);
    manager->plan = plan;
}

static gboolean
step_now(gpointer user_data)
{
    BpfpvManager *manager = user_data;
    g_autoptr(GPtrArray) applied = g_ptr_array_new();
    g_autoptr(GPtrArray) steps = NULL;
    GHashTableIter iter;
    gpointer value;

    manager->step_source = 0;
    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        BpfpvAppliedDomain *one = bpfpv_pins_applied(((BpfpvManaged *)value)->pins);

        if (one)
            g_ptr_array_add(applied, one);
    }
    steps = bpfpv_plan_next_steps(manager->plan, applied);
    for (guint i = 0; i < steps->len; i++) {
        const BpfpvPlanStep *step = g_ptr_array_index(steps, i);

        bpfpv_pins_step(bpfpv_manager_find(manager, step->domain)->pins, step);
    }
    bpfpv_manager_check_shutdown(manager);
    return G_SOURCE_REMOVE;
}

void
bpfpv_manager_step_soon(BpfpvManager *manager)
{
    if (!manager->step_source)
        manager->step_source = g_idle_add(step_now, manager);
}

static void
note_all(BpfpvManager *manager)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        bpfpv_pins_note_soon(((BpfpvManaged *)value)->pins);
}

static gboolean
place_now(gpointer user_data)
{
    BpfpvManager *manager = user_data;

    manager->place_source = 0;
    if (manager->topology)
        solve(manager);
    note_all(manager);
    bpfpv_manager_step_soon(manager);
    return G_SOURCE_REMOVE;
}

void
bpfpv_manager_place_soon(BpfpvManager *manager)
{
    if (!manager->place_source)
        manager->place_source = g_timeout_add(PLACE_MS, place_now, manager);
}

const BpfpvPlanDomain *
bpfpv_manager_plan(BpfpvManager *manager, const BpfpvManaged *managed)
{
    return bpfpv_plan_find(manager->plan, managed->name);
}

static char *
unmet_reason(const BpfpvPlanDomain *plan)
{
    guint anchors = 0;
    const char *first = NULL;

    for (guint i = 0; plan && i < plan->vcpus->len; i++) {
        const BpfpvPlanVcpu *vcpu = g_ptr_array_index(plan->vcpus, i);

        anchors += vcpu->want == BPFPV_WANT_ANCHOR;
        if (!vcpu->met && !first)
            first = vcpu->why;
    }
    if (!plan || plan->unmet == 0)
        return g_strdup("");
    return g_strdup_printf("%u of %u anchors not met: %s", plan->unmet, anchors,
                           first ? first : "no reason given");
}

BpfpvState
bpfpv_managed_state(const BpfpvManaged *managed, char **reason)
{
    BpfpvManager *manager = managed->manager;
    BpfpvState state = bpfpv_session_state(managed->session);
    BpfpvPlacementHost host = host_of(manager);
    BpfpvPlacementDomain domain = {0};
    const BpfpvPlanDomain *plan;
    g_autofree char *why = NULL;

    *reason = bpfpv_session_reason(managed->session);
    if (state != BPFPV_STATE_ACTIVE || !manager->topology || !takes_part(manager, managed))
        return state;
    fill_domain(managed, &domain);
    plan = bpfpv_manager_plan(manager, managed);
    if (plan && plan->unmet > 0 && bpfpv_placement_capacity(&host, &domain, &why) == 0) {
        g_free(*reason);
        *reason = g_steal_pointer(&why);
        return BPFPV_STATE_FAILED;
    }
    if (!**reason) {
        g_free(*reason);
        *reason = unmet_reason(plan);
    }
    return state;
}
