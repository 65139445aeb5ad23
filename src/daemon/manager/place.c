/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From demands to pin calls: gathers what the solver needs, keeps its plan,
 * and hands out the plan's next steps as the earlier ones end.
 */
#include "daemon/manager/private.h"

#include "daemon/counters.h"

/* Anchors that one solve may move so that another finds its place. */
#define MAX_MOVES 8

gboolean
bpfpv_managed_takes_part(const BpfpvManager *manager, const BpfpvManaged *managed)
{
    return !manager->shutting_down && !managed->releasing && bpfpv_pins_original(managed->pins) &&
           bpfpv_session_config(managed->session);
}

void
bpfpv_managed_fill(const BpfpvManaged *managed, BpfpvPlacementDomain *domain, GArray *threads)
{
    const BpfpvConfig *config = bpfpv_session_config(managed->session);
    const BpfpvAppliedDomain *applied = bpfpv_pins_applied(managed->pins);

    for (guint t = 0; t < applied->threads->len; t++) {
        const BpfpvAppliedThread *from = g_ptr_array_index(applied->threads, t);
        BpfpvPlacementThread thread = {from->kind, from->id, from->original};

        g_array_append_val(threads, thread);
    }
    domain->domain = managed->key;
    domain->demand = bpfpv_session_demand(managed->session);
    domain->original = bpfpv_pins_original(managed->pins);
    domain->fixed = bpfpv_pins_fixed(managed->pins);
    domain->realtime = managed->realtime;
    domain->guest = managed->guest;
    domain->memory = managed->memory;
    domain->near = managed->near;
    domain->threads = threads;
    domain->allowed = bpfpv_pins_allowed(managed->pins);
    domain->refused = bpfpv_pins_refused(managed->pins, &domain->refused_why);
    domain->released = !bpfpv_managed_takes_part(managed->manager, managed);
    domain->max_anchors = G_MAXUINT;
    if (config)
        bpfpv_config_fill_placement(config, domain);
}

BpfpvPlacementHost
bpfpv_manager_placement_host(const BpfpvManager *manager, const BpfpvCpuset *taken)
{
    return (BpfpvPlacementHost){
        .topology = manager->topology,
        .pool = manager->conf->cpuset,
        .taken = taken,
        .reserve = manager->conf->reserve,
        .hold_us = (gint64)manager->conf->hold_ms * 1000,
        .max_moves = MAX_MOVES,
        .spread = manager->conf->spread,
        .share = manager->conf->share,
        .allowed_only = manager->allowed_only,
    };
}

/* Forgets domains that are here no more. */
static void
remove_gone(BpfpvManager *manager)
{
    g_autoptr(GPtrArray) keys = bpfpv_placer_domains(manager->placer);

    for (guint i = 0; i < keys->len; i++) {
        g_autofree char *key = g_strdup(g_ptr_array_index(keys, i));
        const BpfpvManaged *managed = g_hash_table_lookup(manager->by_key, key);

        if (!managed || !bpfpv_pins_original(managed->pins))
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

    bpfpv_managed_fill(managed, &domain, threads);
    bpfpv_placer_set_domain(manager->placer, &domain);
    managed->placed_serial = bpfpv_pins_serial(managed->pins);
    if (is_new) {
        g_autoptr(BpfpvPlan) in_force = bpfpv_plan_new();

        bpfpv_plan_adopt(in_force, bpfpv_pins_applied(managed->pins));
        bpfpv_placer_adopt(manager->placer, in_force);
    }
}

static void
tell_host(BpfpvManager *manager)
{
    g_autoptr(BpfpvCpuset) taken = bpfpv_manager_taken(manager);
    BpfpvPlacementHost host = bpfpv_manager_placement_host(manager, taken);

    bpfpv_placer_set_host(manager->placer, &host);
}

/* Whether a cgroup of a domain's refuses what goes beyond it; one speaks for all. */
static gboolean
learns_limit(BpfpvManager *manager, const BpfpvManaged *managed)
{
    gboolean is_new = !manager->allowed_only && bpfpv_pins_allowed_only(managed->pins);

    manager->allowed_only |= is_new;
    return is_new;
}

/* What the placer is told, of those domains alone of which it may know something old. */
static void
tell_placer(BpfpvManager *manager)
{
    GHashTableIter iter;
    gpointer value;

    if (manager->all_unplaced) {
        remove_gone(manager);
        g_hash_table_iter_init(&iter, manager->domains);
        while (g_hash_table_iter_next(&iter, NULL, &value))
            g_hash_table_add(manager->unplaced, value);
    }
    g_hash_table_iter_init(&iter, manager->unplaced);
    while (g_hash_table_iter_next(&iter, &value, NULL))
        manager->all_unplaced |= learns_limit(manager, value);
    if (manager->all_unplaced)
        tell_host(manager);
    g_hash_table_iter_init(&iter, manager->unplaced);
    while (g_hash_table_iter_next(&iter, &value, NULL)) {
        if (bpfpv_pins_original(((BpfpvManaged *)value)->pins))
            place_domain(manager, value);
    }
}

static gboolean place_now(gpointer user_data);

/* Once for all that has changed in this turn of the main loop; later where a solve takes long, so
 * that no more than half of the time is spent on them. */
static void
solve_soon(BpfpvManager *manager)
{
    gint64 rest_us = manager->rest_until_us - g_get_monotonic_time();

    if (manager->place_source)
        return;
    if (rest_us >= 1000)
        manager->place_source = g_timeout_add((guint)(rest_us / 1000), place_now, manager);
    else
        manager->place_source = g_idle_add_full(G_PRIORITY_DEFAULT, place_now, manager, NULL);
}

static gboolean
hold_is_over(gpointer user_data)
{
    BpfpvManager *manager = user_data;

    manager->hold_source = 0;
    solve_soon(manager);
    return G_SOURCE_REMOVE;
}

static void
solve(BpfpvManager *manager)
{
    gint64 now = g_get_monotonic_time(), end;

    tell_placer(manager);
    bpfpv_placer_solve(manager->placer, now);
    end = g_get_monotonic_time();
    bpfpv_histogram_add(&bpfpv_counters.solve_time, end - now);
    manager->rest_until_us = 2 * end - now;
    g_clear_handle_id(&manager->hold_source, g_source_remove);
    if (bpfpv_placer_next_us(manager->placer) != G_MAXINT64)
        manager->hold_source =
            g_timeout_add((guint)((bpfpv_placer_next_us(manager->placer) - now) / 1000 + 1),
                          hold_is_over, manager);
}

/* ---- steps ---- */

static gboolean
step_now(gpointer user_data)
{
    BpfpvManager *manager = user_data;
    const BpfpvPlan *plan = bpfpv_placer_plan(manager->placer);
    g_autoptr(GPtrArray) applied = g_ptr_array_new();
    g_autoptr(GPtrArray) steps = NULL;
    GHashTableIter iter;
    gpointer managed;

    manager->step_source = 0;
    g_hash_table_iter_init(&iter, manager->unreached);
    while (g_hash_table_iter_next(&iter, &managed, NULL)) {
        BpfpvAppliedDomain *one = bpfpv_pins_applied(((BpfpvManaged *)managed)->pins);

        if (!one || bpfpv_plan_is_reached(plan, one))
            g_hash_table_iter_remove(&iter);
        else
            g_ptr_array_add(applied, one);
    }
    steps = bpfpv_plan_next_steps(plan, applied);
    for (guint i = 0; i < steps->len; i++) {
        const BpfpvPlanStep *step = g_ptr_array_index(steps, i);
        BpfpvManaged *one = g_hash_table_lookup(manager->by_key, step->domain);

        if (one && bpfpv_pins_applied(one->pins))
            bpfpv_pins_step(one->pins, step);
    }
    bpfpv_manager_check_shutdown(manager);
    return G_SOURCE_REMOVE;
}

static void
step_soon(BpfpvManager *manager)
{
    if (!manager->step_source)
        manager->step_source = g_idle_add_full(G_PRIORITY_DEFAULT, step_now, manager, NULL);
}

void
bpfpv_managed_step_soon(BpfpvManaged *managed)
{
    g_hash_table_add(managed->manager->unreached, managed);
    step_soon(managed->manager);
}

/* ---- what comes of it ---- */

static void
note_change(BpfpvManaged *managed)
{
    g_hash_table_add(managed->manager->unreached, managed);
    g_hash_table_add(managed->manager->untold, managed);
    bpfpv_pins_note_soon(managed->pins);
}

/* What it asks for and has just become active has been placed, or could not be: nobody was told
 * that it is active before. */
static void
settle(BpfpvManaged *managed)
{
    if (managed->settled || !managed->manager->topology || !bpfpv_pins_original(managed->pins) ||
        bpfpv_session_state(managed->session) != BPFPV_STATE_ACTIVE)
        return;
    managed->settled = TRUE;
    bpfpv_managed_tell_state(managed);
}

/* Those whose plan is another, and those that may have changed otherwise. */
static void
note_changes(BpfpvManager *manager)
{
    const GPtrArray *changed = bpfpv_placer_changed(manager->placer);
    GHashTableIter iter;
    gpointer value;

    if (manager->all_unplaced)
        g_hash_table_remove_all(manager->hopeless);
    for (guint i = 0; i < changed->len; i++) {
        BpfpvManaged *managed = g_hash_table_lookup(manager->by_key, changed->pdata[i]);

        if (managed)
            note_change(managed);
    }
    g_hash_table_iter_init(&iter, manager->unplaced);
    while (g_hash_table_iter_next(&iter, &value, NULL)) {
        BpfpvManaged *managed = value;

        g_hash_table_remove(manager->hopeless, managed->key);
        note_change(managed);
        settle(managed);
    }
}

static gboolean
place_now(gpointer user_data)
{
    BpfpvManager *manager = user_data;
    gboolean all = manager->all_unplaced;

    manager->place_source = 0;
    if (manager->topology)
        solve(manager);
    note_changes(manager);
    g_hash_table_remove_all(manager->unplaced);
    manager->all_unplaced = !manager->topology;
    step_soon(manager);
    bpfpv_manager_tell_states(manager);
    if (all)
        manager->funcs->host(manager->user_data);
    return G_SOURCE_REMOVE;
}

void
bpfpv_managed_place_soon(BpfpvManaged *managed)
{
    g_hash_table_add(managed->manager->unplaced, managed);
    solve_soon(managed->manager);
}

void
bpfpv_manager_place_soon(BpfpvManager *manager)
{
    manager->all_unplaced = TRUE;
    solve_soon(manager);
}
