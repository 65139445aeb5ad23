/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places cohorts: the floating vCPUs that tasks are confined to together get
 * the CPUs of one last-level cache, else of one cell, else of a socket, that has a CPU for each,
 * near home if it can be.
 */
#include "core/placer/private.h"

/* Frees a BpfpvComponent. */
void
bpfpv_component_free(gpointer data)
{
    BpfpvComponent *component = data;

    bpfpv_cpuset_free(component->vcpus);
    bpfpv_cpuset_free(component->cpus);
    g_free(component);
}

static void
merge(BpfpvPlacerDomain *domain, const BpfpvCpuset *vcpus)
{
    BpfpvComponent *component = g_new0(BpfpvComponent, 1);

    component->vcpus = bpfpv_cpuset_copy(vcpus);
    for (guint i = domain->components->len; i-- > 0;) {
        BpfpvComponent *other = domain->components->pdata[i];

        if (!bpfpv_cpuset_intersects(other->vcpus, component->vcpus))
            continue;
        bpfpv_cpuset_unite(component->vcpus, other->vcpus);
        g_ptr_array_remove_index(domain->components, i);
    }
    g_ptr_array_add(domain->components, component);
}

static int
compare_components(gconstpointer a, gconstpointer b)
{
    const BpfpvComponent *const *left = a, *const *right = b;

    return bpfpv_cpuset_compare((*left)->vcpus, (*right)->vcpus);
}

/* Finds out which vCPUs of @domain overlapping cohorts connect. */
void
bpfpv_placer_find_components(BpfpvPlacerDomain *domain)
{
    const GPtrArray *cohorts = bpfpv_demand_cohorts(domain->demand);

    g_ptr_array_set_size(domain->components, 0);
    for (guint v = 0; v < domain->slots->len; v++)
        bpfpv_slot_at(domain, v)->component = NULL;
    for (guint i = 0; i < cohorts->len; i++)
        merge(domain, ((const BpfpvCohort *)cohorts->pdata[i])->vcpus);
    g_ptr_array_sort(domain->components, compare_components);
    for (guint i = 0; i < domain->components->len; i++) {
        BpfpvComponent *component = domain->components->pdata[i];
        const BpfpvCpuset *vcpus = component->vcpus;
        guint threads = domain->guest != NULL ? domain->guest->threads : 1, core = G_MAXUINT;

        for (int v = bpfpv_cpuset_next(vcpus, 0); v >= 0 && (guint)v < domain->slots->len;
             v = bpfpv_cpuset_next(vcpus, (guint)v + 1)) {
            BpfpvSlot *slot = bpfpv_slot_at(domain, (guint)v);

            slot->component = component;
            if (slot->asked != BPFPV_WANT_ANCHOR)
                continue;
            component->n_anchors++;
            component->n_cores += slot->vcpu / threads != core;
            core = slot->vcpu / threads;
        }
    }
}

/* @common loses what is not at home, or in the smallest place around it with enough of it. */
static void
stay_home(const BpfpvPlacerDomain *domain, BpfpvComponent *component, BpfpvCpuset *common)
{
    component->lesser = NULL;
    for (const BpfpvPlace *place = domain->home; place != NULL; place = place->outer) {
        if (bpfpv_cpuset_count_common(common, place->cpus) >= component->need) {
            bpfpv_cpuset_intersect(common, place->cpus);
            return;
        }
        component->lesser = place->cpus;
    }
}

/* What all floating vCPUs of @component may have, near their memory and home if there is something.
 */
static void
find_common(BpfpvPlacer *placer, BpfpvPlacerDomain *domain, BpfpvComponent *component,
            BpfpvCpuset *common)
{
    const BpfpvCpuset *vcpus = component->vcpus;
    const BpfpvOrigin *last = NULL;

    component->need = 0;
    component->near = NULL;
    for (int v = bpfpv_cpuset_next(vcpus, 0); v >= 0 && (guint)v < domain->slots->len;
         v = bpfpv_cpuset_next(vcpus, (guint)v + 1)) {
        const BpfpvSlot *slot = bpfpv_slot_at(domain, (guint)v);

        if (slot->want == BPFPV_WANT_FIXED || slot->cpu != BPFPV_NO_CPU)
            continue;
        component->need++;
        if (last == NULL)
            bpfpv_cpuset_assign(common, slot->origin->floating);
        else if (last != slot->origin)
            bpfpv_cpuset_intersect(common, slot->origin->floating);
        if (component->near == NULL)
            component->near = slot->candidates->near;
        last = slot->origin;
    }
    if (last == NULL)
        bpfpv_cpuset_subtract(common, common);
    bpfpv_cpuset_subtract(common, placer->exclusive);
    if (component->near != NULL && bpfpv_cpuset_intersects(common, component->near))
        bpfpv_cpuset_intersect(common, component->near);
    stay_home(domain, component, common);
}

static gboolean
fits(const BpfpvComponent *component, const BpfpvCpuset *place, const BpfpvCpuset *common)
{
    return bpfpv_cpuset_count_common(place, common) >= component->need;
}

/* The place with the least to do for what it has free, which @rooms says; the first of equals. */
static const BpfpvCpuset *
best_of(const BpfpvPlacer *placer, const GPtrArray *places, gboolean cells, const guint *rooms,
        guint need)
{
    const BpfpvCpuset *best = NULL;
    guint64 best_load = 0, best_room = 1;

    for (guint i = 0; i < places->len; i++) {
        const BpfpvCpuset *place =
            cells ? ((const BpfpvTopologyCell *)places->pdata[i])->cpus : places->pdata[i];
        guint64 room = rooms[i], load;

        if (room < need)
            continue;
        load = placer->load[bpfpv_cpuset_next(place, 0)];
        if (best == NULL || load * best_room < best_load * room) {
            best = place;
            best_load = load;
            best_room = room;
        }
    }
    return best;
}

/* What the last plan gave to the first vCPU of @component that was in a cohort then. */
static BpfpvCpuset *
last_cpus(const BpfpvPlacerDomain *domain, const BpfpvComponent *component)
{
    const BpfpvCpuset *vcpus = component->vcpus;

    for (int v = bpfpv_cpuset_next(vcpus, 0); v >= 0 && (guint)v < domain->slots->len;
         v = bpfpv_cpuset_next(vcpus, (guint)v + 1)) {
        const BpfpvPlanVcpu *vcpu = domain->planned->vcpus->pdata[v];

        if (vcpu->want == BPFPV_WANT_COHORT && vcpu->cpus != NULL)
            return vcpu->cpus;
    }
    return NULL;
}

/* The cache or cell that all of what the component has now is in. */
static const BpfpvCpuset *
present_place(const BpfpvPlacer *placer, const BpfpvPlacerDomain *domain,
              const BpfpvComponent *component, const BpfpvCpuset *common)
{
    const BpfpvTopology *topology = placer->topology;
    const BpfpvCpuset *last = last_cpus(domain, component);
    int cpu = last != NULL ? bpfpv_cpuset_next(last, 0) : -1;
    const BpfpvCpuset *place;

    if (cpu < 0 || bpfpv_topology_cpu(topology, (guint)cpu) == NULL)
        return NULL;
    place = domain->view.cohort == BPFPV_COHORT_LLC ? bpfpv_topology_cache_of(topology, (guint)cpu)
                                                    : bpfpv_topology_cell_of(topology, (guint)cpu);
    return bpfpv_cpuset_is_subset(last, place) && fits(component, place, common) ? place : NULL;
}

/* The place with the least to do for what it has of @common, among those of several cells. */
static const BpfpvCpuset *
best_of_cells(const BpfpvPlacer *placer, const BpfpvCpuset *common, BpfpvComponent *component)
{
    const GPtrArray *places = bpfpv_topology_places(placer->topology);
    const BpfpvCpuset *best = NULL;
    guint64 best_load = 0, best_room = 1;

    for (guint i = 0; i < places->len; i++) {
        const BpfpvPlace *place = places->pdata[i];
        guint64 room, load;

        if (best != NULL && place->kind != component->kind)
            break;
        if (place->kind < BPFPV_PLACE_SOCKET || place->outer == NULL)
            continue;
        room = bpfpv_cpuset_count_common(place->cpus, common);
        load = placer->load[bpfpv_cpuset_next(place->cpus, 0)];
        if (room < component->need || (best != NULL && load * best_room >= best_load * room))
            continue;
        component->kind = place->kind;
        best = place->cpus;
        best_load = load;
        best_room = room;
    }
    return best;
}

static void
choose_place(BpfpvPlacer *placer, BpfpvPlacerDomain *domain, BpfpvComponent *component,
             const BpfpvCpuset *common)
{
    const BpfpvTopology *topology = placer->topology;
    const BpfpvCpuset *place = present_place(placer, domain, component, common);
    gboolean by_cache = domain->view.cohort == BPFPV_COHORT_LLC;

    component->kind = by_cache ? BPFPV_PLACE_CACHE : BPFPV_PLACE_CELL;
    if (place == NULL) {
        const BpfpvRooms *rooms = bpfpv_placer_rooms(placer, common);

        if (by_cache && rooms->most_in_cache >= component->need)
            place = best_of(placer, bpfpv_topology_caches(topology), FALSE, rooms->in_cache,
                            component->need);
        if (place == NULL) {
            place = best_of(placer, bpfpv_topology_cells(topology), TRUE, rooms->in_cell,
                            component->need);
            component->kind = BPFPV_PLACE_CELL;
        }
        if (place == NULL)
            place = best_of_cells(placer, common, component);
    }
    component->place = place;
    if (place != NULL)
        placer->load[bpfpv_cpuset_next(place, 0)] += component->need;
}

/* Whether nothing that @component's place was chosen by has changed since the last solve. */
static gboolean
can_stay(const BpfpvPlacer *placer, const BpfpvPlacerDomain *domain,
         const BpfpvComponent *component)
{
    return !domain->stirred && component->place != NULL && component->cpus != NULL &&
           last_cpus(domain, component) == component->cpus &&
           component->kind ==
               (domain->view.cohort == BPFPV_COHORT_CELL ? BPFPV_PLACE_CELL : BPFPV_PLACE_CACHE) &&
           (component->lesser == NULL ||
            !bpfpv_cpuset_intersects(component->lesser, placer->stirred)) &&
           !bpfpv_cpuset_intersects(component->place, placer->stirred) &&
           (component->near == NULL || !bpfpv_cpuset_intersects(component->near, placer->stirred));
}

static void
place_component(BpfpvPlacer *placer, BpfpvPlacerDomain *domain, BpfpvComponent *component)
{
    BpfpvCpuset *common = placer->scratch;
    BpfpvCpuset *last;

    if (can_stay(placer, domain, component)) {
        placer->load[bpfpv_cpuset_next(component->place, 0)] += component->need;
        return;
    }
    component->place = NULL;
    g_clear_pointer(&component->cpus, bpfpv_cpuset_free);
    find_common(placer, domain, component, common);
    if (domain->view.cohort == BPFPV_COHORT_NONE || component->need == 0 ||
        bpfpv_cpuset_is_empty(common))
        return;
    choose_place(placer, domain, component, common);
    if (component->place == NULL)
        return;
    bpfpv_cpuset_intersect(common, component->place);
    last = last_cpus(domain, component);
    component->cpus = last != NULL && bpfpv_cpuset_equal(last, common) ? bpfpv_cpuset_share(last)
                                                                       : bpfpv_cpuset_copy(common);
}

/* The CPUs that became exclusive, or are no more. */
static void
find_stirred(BpfpvPlacer *placer)
{
    bpfpv_cpuset_assign(placer->stirred, placer->exclusive);
    bpfpv_cpuset_subtract(placer->stirred, placer->last_exclusive);
    bpfpv_cpuset_assign(placer->scratch, placer->last_exclusive);
    bpfpv_cpuset_subtract(placer->scratch, placer->exclusive);
    bpfpv_cpuset_unite(placer->stirred, placer->scratch);
}

/* Have the domain's anchors changed since the last solve, or what it asks for? */
static gboolean
is_stirred(const BpfpvPlacerDomain *domain)
{
    for (guint i = 0; i < domain->wanting->len; i++) {
        const BpfpvSlot *slot = domain->wanting->pdata[i];

        if (slot->cpu != slot->held)
            return TRUE;
    }
    return domain->stirred;
}

/* Chooses a place for every cohort; one whose place still fits keeps it. */
void
bpfpv_placer_place_cohorts(BpfpvPlacer *placer)
{
    find_stirred(placer);
    for (guint c = 0; c < placer->n_cpus; c++)
        placer->load[c] = 0;
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        domain->stirred = is_stirred(domain);
        for (guint i = 0; i < domain->components->len; i++)
            place_component(placer, domain, domain->components->pdata[i]);
    }
}
