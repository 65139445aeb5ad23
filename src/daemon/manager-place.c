/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From demands to pin calls: gathers what the solver needs, keeps its plan,
 * and hands out the plan's next steps as the earlier ones end.
 */
#include "daemon/manager-private.h"

/* How long a solve waits for further changes. */
#define PLACE_MS 5
/* How long an anchor is kept at least, so that a task that comes and goes moves nobody. */
#define HOLD_MS 500
/* Anchors that one solve may move so that another finds its place. */
#define MAX_MOVES 8

static gboolean
takes_part(const BpfpvManager *manager, const BpfpvManaged *managed)
{
    return !manager->shutting_down && !managed->releasing && bpfpv_pins_original(managed->pins) &&
           bpfpv_session_config(managed->session);
}

/* @threads: of BpfpvPlacementThread, filled; borrows from @managed. */
static void
fill_domain(const BpfpvManaged *managed, BpfpvPlacementDomain *domain, GArray *threads)
{
    const BpfpvConfig *config = bpfpv_session_config(managed->session);
    const BpfpvAppliedDomain *applied = bpfpv_pins_applied(managed->pins);

    for (guint t = 0; t < applied->threads->len; t++) {
        const BpfpvAppliedThread *from = g_ptr_array_index(applied->threads, t);
        BpfpvPlacementThread thread = {from->kind, from->id, from->original};

        g_array_append_val(threads, thread);
    }
    domain->domain = managed->name; /* unique on a host, and what people call it */
    domain->demand = bpfpv_session_demand(managed->session);
    domain->original = bpfpv_pins_original(managed->pins);
    domain->fixed = bpfpv_pins_fixed(managed->pins);
    domain->guest = managed->guest;
    domain->threads = threads;
    domain->released = !takes_part(managed->manager, managed);
    domain->max_anchors = G_MAXUINT;
    if (!config)
        return;
    domain->pool = config->cpuset;
    domain->mode = config->mode;
    domain->smt = config->smt;
    domain->cohort = config->cohort;
    domain->numa = config->numa;
    domain->max_anchors = config->max_anchors;
    domain->reserve = config->reserve;
    domain->weight = config->weight;
}

/* @taken: bpfpv_manager_taken()'s */
static BpfpvPlacementHost
host_of(const BpfpvManager *manager, const BpfpvCpuset *taken)
{
    return (BpfpvPlacementHost){
        .topology = manager->topology,
        .pool = manager->conf->cpuset,
        .taken = taken,
        .reserve = manager->conf->reserve,
        .hold_us = HOLD_MS * 1000,
        .max_moves = MAX_MOVES,
    };
}

static gboolean
has_domain(BpfpvManager *manager, const char *name)
{
    BpfpvManaged *managed = bpfpv_manager_find(manager, name);

    return managed && g_str_equal(managed->name, name) && bpfpv_pins_original(managed->pins);
}

/* Forgets domains that are here no more. */
static void
remove_gone(BpfpvManager *manager)
{
    g_autoptr(GPtrArray) keys = bpfpv_placer_domains(manager->placer);

    for (guint i = 0; i < keys->len; i++) {
        g_autofree char *key = g_strdup(g_ptr_array_index(keys, i));

        if (!has_domain(manager, key))
            bpfpv_placer_remove_domain(manager->placer, key);
    }
}

/* A domain that is new here may have pins in force: a daemon that died left it so. And the placer
 * takes one with other originals for another domain, whose anchors shall stay all the same. */
static void
place_domain(BpfpvManager *manager, BpfpvManaged *managed)
{
    g_autoptr(GArray) threads = g_array_new(FALSE, FALSE, sizeof(BpfpvPlacementThread));
    BpfpvPlacementDomain domain = {0};
    gboolean is_new = managed->placed_serial != bpfpv_pins_serial(managed->pins);

    fill_domain(managed, &domain, threads);
    bpfpv_placer_set_domain(manager->placer, &domain);
    managed->placed_serial = bpfpv_pins_serial(managed->pins);
    if (is_new) {
        g_autoptr(BpfpvPlan) in_force = bpfpv_plan_new();

        bpfpv_plan_adopt(in_force, bpfpv_pins_applied(managed->pins));
        bpfpv_placer_adopt(manager->placer, in_force);
    }
}

static gboolean
hold_is_over(gpointer user_data)
{
    BpfpvManager *manager = user_data;

    manager->hold_source = 0;
    bpfpv_manager_place_soon(manager);
    return G_SOURCE_REMOVE;
}

static void
solve(BpfpvManager *manager)
{
    g_autoptr(BpfpvCpuset) taken = bpfpv_manager_taken(manager);
    BpfpvPlacementHost host = host_of(manager, taken);
    gint64 now = g_get_monotonic_time();
    GHashTableIter iter;
    gpointer value;

    remove_gone(manager);
    bpfpv_placer_set_host(manager->placer, &host);
    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (bpfpv_pins_original(((BpfpvManaged *)value)->pins))
            place_domain(manager, value);
    }
    bpfpv_placer_solve(manager->placer, now);
    g_clear_handle_id(&manager->hold_source, g_source_remove);
    if (bpfpv_placer_next_us(manager->placer) != G_MAXINT64)
        manager->hold_source =
            g_timeout_add((guint)((bpfpv_placer_next_us(manager->placer) - now) / 1000 + 1),
                          hold_is_over, manager);
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
    steps = bpfpv_plan_next_steps(bpfpv_placer_plan(manager->placer), applied);
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
    manager->funcs->host(manager->user_data);
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
    return bpfpv_plan_find(bpfpv_placer_plan(manager->placer), managed->name);
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
    g_autoptr(BpfpvCpuset) taken = bpfpv_manager_taken(manager);
    g_autoptr(GArray) threads = g_array_new(FALSE, FALSE, sizeof(BpfpvPlacementThread));
    BpfpvPlacementHost host = host_of(manager, taken);
    BpfpvPlacementDomain domain = {0};
    const BpfpvPlanDomain *plan;
    g_autofree char *why = NULL;

    *reason = bpfpv_session_reason(managed->session);
    if (state != BPFPV_STATE_ACTIVE || !manager->topology || !takes_part(manager, managed))
        return state;
    fill_domain(managed, &domain, threads);
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
