/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From demands to pin calls: gathers what the solver needs, keeps its plan,
 * and hands out the plan's next steps as the earlier ones end.
 */
#include "daemon/manager/private.h"

/* How long an anchor stays when nobody asks for it any more, and at least where it was given: a
 * task that comes and goes moves nobody. */
#define HOLD_MS 500
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
    domain->threads = threads;
    domain->allowed = bpfpv_pins_allowed(managed->pins);
    domain->refused = bpfpv_pins_refused(managed->pins, &domain->refused_why);
    domain->released = !bpfpv_managed_takes_part(managed->manager, managed);
    domain->max_anchors = G_MAXUINT;
    if (config)
        bpfpv_config_fill_placement(config, domain);
}

/* Whether the host's cgroups refuse what goes beyond them. */
static gboolean
allows_only(const BpfpvManager *manager)
{
    gboolean only = FALSE;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (!only && g_hash_table_iter_next(&iter, NULL, &value))
        only = bpfpv_pins_allowed_only(((BpfpvManaged *)value)->pins);
    return only;
}

BpfpvPlacementHost
bpfpv_manager_placement_host(const BpfpvManager *manager, const BpfpvCpuset *taken)
{
    return (BpfpvPlacementHost){
        .topology = manager->topology,
        .pool = manager->conf->cpuset,
        .taken = taken,
        .reserve = manager->conf->reserve,
        .hold_us = HOLD_MS * 1000,
        .max_moves = MAX_MOVES,
        .spread = manager->conf->spread,
        .allowed_only = allows_only(manager),
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
    BpfpvPlacementHost host = bpfpv_manager_placement_host(manager, taken);
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
    manager->rest_until_us = 2 * g_get_monotonic_time() - now;
    g_hash_table_remove_all(manager->hopeless);
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
        BpfpvManaged *managed = g_hash_table_lookup(manager->by_key, step->domain);

        if (managed && bpfpv_pins_applied(managed->pins))
            bpfpv_pins_step(managed->pins, step);
    }
    bpfpv_manager_check_shutdown(manager);
    return G_SOURCE_REMOVE;
}

void
bpfpv_manager_step_soon(BpfpvManager *manager)
{
    if (!manager->step_source)
        manager->step_source = g_idle_add_full(G_PRIORITY_DEFAULT, step_now, manager, NULL);
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

/* What those ask for that have just become active has been placed, or could not be: nobody was
 * told that they are active before. */
static void
settle(BpfpvManager *manager)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, manager->domains);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        BpfpvManaged *managed = value;

        if (managed->settled || !bpfpv_pins_original(managed->pins) ||
            bpfpv_session_state(managed->session) != BPFPV_STATE_ACTIVE)
            continue;
        managed->settled = TRUE;
        bpfpv_managed_tell_state(managed);
    }
}

static gboolean
place_now(gpointer user_data)
{
    BpfpvManager *manager = user_data;

    manager->place_source = 0;
    if (manager->topology) {
        solve(manager);
        settle(manager);
    }
    note_all(manager);
    bpfpv_manager_step_soon(manager);
    bpfpv_manager_tell_states(manager);
    manager->funcs->host(manager->user_data);
    return G_SOURCE_REMOVE;
}

/* Once for all that has changed in this turn of the main loop; later where a solve takes long, so
 * that no more than half of the time is spent on them. */
void
bpfpv_manager_place_soon(BpfpvManager *manager)
{
    gint64 rest_us = manager->rest_until_us - g_get_monotonic_time();

    if (manager->place_source)
        return;
    if (rest_us >= 1000)
        manager->place_source = g_timeout_add((guint)(rest_us / 1000), place_now, manager);
    else
        manager->place_source = g_idle_add_full(G_PRIORITY_DEFAULT, place_now, manager, NULL);
}
