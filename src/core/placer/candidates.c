/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What everybody could have: the CPUs that each vCPU could be anchored to, and
 * those that are kept for floating.
 */
#include "core/placer/private.h"

#include <string.h>

/* Frees a BpfpvCandidates. */
void
bpfpv_candidates_free(gpointer data)
{
    BpfpvCandidates *candidates = data;

    bpfpv_cpuset_free(candidates->set);
    bpfpv_cpuset_free(candidates->near);
    bpfpv_cpuset_free(candidates->why_free);
    g_free(candidates->why);
    g_free(candidates);
}

static const BpfpvCpuset *
cells_of(const BpfpvSlot *slot)
{
    if (slot->domain->view.numa == BPFPV_NUMA_IGNORE)
        return NULL;
    return bpfpv_guest_topology_memory(slot->domain->guest, slot->vcpu);
}

static BpfpvCandidates *
candidates_new(const BpfpvPlacer *placer, const BpfpvSlot *slot, const BpfpvCpuset *cells)
{
    BpfpvCandidates *candidates = g_new0(BpfpvCandidates, 1);
    const BpfpvPlacerDomain *domain = slot->domain;

    candidates->origin = slot->origin;
    candidates->cells = cells;
    candidates->set = bpfpv_cpuset_copy(slot->origin->usable);
    bpfpv_cpuset_subtract(candidates->set, placer->fixed);
    if (placer->pool != NULL)
        bpfpv_cpuset_intersect(candidates->set, placer->pool);
    if (domain->pool != NULL)
        bpfpv_cpuset_intersect(candidates->set, domain->pool);
    if (domain->refused != NULL)
        bpfpv_cpuset_subtract(candidates->set, domain->refused);
    if (cells != NULL) {
        candidates->near = bpfpv_topology_cpus_near(placer->topology, cells);
        if (domain->view.numa == BPFPV_NUMA_STRICT)
            bpfpv_cpuset_intersect(candidates->set, candidates->near);
        /* Nobody knows what is near to a cell that is missing, or of memory alone without
         * distances. */
        if (bpfpv_cpuset_is_empty(candidates->near))
            g_clear_pointer(&candidates->near, bpfpv_cpuset_free);
    }
    candidates->any_isolated =
        bpfpv_cpuset_intersects(candidates->set, bpfpv_topology_isolated(placer->topology));
    return candidates;
}

/* Makes @set a copy, in @place, of what of it is in @near, if there is something. */
static void
keep_near(BpfpvCpuset **place, const BpfpvCpuset **set, const BpfpvCpuset *near)
{
    if (!bpfpv_cpuset_intersects(*set, near))
        return;
    if (*place == NULL)
        *place = bpfpv_cpuset_new();
    bpfpv_cpuset_assign(*place, *set);
    bpfpv_cpuset_intersect(*place, near);
    *set = *place;
}

/* (nullable): ids of the cells that @domain is to live near to where nothing binds its memory. */
static const BpfpvCpuset *
wished_cells(const BpfpvPlacerDomain *domain)
{
    if (domain->near != NULL)
        return domain->near;
    return domain->view.numa != BPFPV_NUMA_IGNORE ? domain->memory : NULL;
}

/* What the vCPUs of @domain that are not fixed have in common, if it is enough for a home. */
static void
set_lodger(const BpfpvPlacer *placer, BpfpvPlacerDomain *domain)
{
    const BpfpvCpuset *near, *cells = wished_cells(domain);
    g_autoptr(BpfpvCpuset) wished = NULL;

    domain->lodger = NULL;
    for (guint v = 0; v < domain->slots->len; v++) {
        const BpfpvSlot *slot = bpfpv_slot_at(domain, v);

        if (slot->asked == BPFPV_WANT_FIXED || slot->candidates == domain->lodger)
            continue;
        if (domain->lodger != NULL &&
            !bpfpv_placer_same_set(slot->candidates->cells, domain->lodger->cells)) {
            domain->lodger = NULL;
            return;
        }
        if (domain->lodger == NULL)
            domain->lodger = slot->candidates;
    }
    if (domain->lodger == NULL)
        return;
    domain->anchors_in = domain->lodger->set;
    domain->floats_in = domain->lodger->origin->usable;
    near = domain->lodger->near;
    if (domain->lodger->cells == NULL && cells != NULL)
        near = wished = bpfpv_topology_cpus_near(placer->topology, cells);
    if (near == NULL)
        return;
    keep_near(&domain->near_sets[0], &domain->anchors_in, near);
    keep_near(&domain->near_sets[1], &domain->floats_in, near);
}

static void
set_candidates(const BpfpvPlacer *placer, BpfpvPlacerDomain *domain)
{
    g_ptr_array_set_size(domain->candidates, 0);
    for (guint v = 0; v < domain->slots->len; v++) {
        BpfpvSlot *slot = bpfpv_slot_at(domain, v);
        const BpfpvCpuset *cells = cells_of(slot);

        slot->candidates = NULL;
        for (guint i = 0; i < domain->candidates->len && slot->candidates == NULL; i++) {
            BpfpvCandidates *other = domain->candidates->pdata[i];

            if (other->origin == slot->origin && bpfpv_placer_same_set(other->cells, cells))
                slot->candidates = other;
        }
        if (slot->candidates == NULL) {
            slot->candidates = candidates_new(placer, slot, cells);
            g_ptr_array_add(domain->candidates, slot->candidates);
        }
    }
    set_lodger(placer, domain);
    domain->dirty = FALSE;
    domain->stirred = TRUE;
}

/* The kernel doesn't move threads among isolated CPUs: several vCPUs that float there alone may all
 * stay on one. */
static void
set_floating(const BpfpvPlacer *placer, BpfpvOrigin *origin)
{
    const BpfpvCpuset *isolated = bpfpv_topology_isolated(placer->topology);

    bpfpv_cpuset_assign(origin->floating, origin->usable);
    if (!bpfpv_cpuset_is_subset(origin->usable, isolated))
        bpfpv_cpuset_subtract(origin->floating, isolated);
}

static void
set_usable(BpfpvPlacer *placer, BpfpvOrigin *origin)
{
    placer->floats_changed = TRUE;
    if (origin->usable == NULL) {
        origin->usable = bpfpv_cpuset_new();
        origin->floating = bpfpv_cpuset_new();
    }
    bpfpv_cpuset_assign(origin->usable, origin->original);
    bpfpv_cpuset_intersect(origin->usable, bpfpv_topology_online(placer->topology));
    if (origin->allowed != NULL)
        bpfpv_cpuset_intersect(origin->usable, origin->allowed);
    set_floating(placer, origin);
}

/* A domain with a statically pinned vCPU is pinned as a whole: a CPU that is its emulator's or an
 * I/O thread's alone is no one else's either. */
static void
add_fixed_threads(const BpfpvPlacerDomain *domain, BpfpvCpuset *fixed)
{
    gboolean pinned = FALSE;

    for (guint v = 0; v < domain->slots->len && !pinned; v++)
        pinned = bpfpv_cpuset_count(bpfpv_slot_at(domain, v)->origin->original) == 1;
    for (guint t = 0; pinned && t < domain->threads->len; t++) {
        const BpfpvOrigin *origin = g_array_index(domain->threads, BpfpvPlacerThread, t).origin;

        if (bpfpv_cpuset_count(origin->original) == 1)
            bpfpv_cpuset_unite(fixed, origin->original);
    }
}

/* The reserve is for floating: not of isolated CPUs, unless there are no others. */
static void
set_reservable(BpfpvPlacer *placer)
{
    const BpfpvCpuset *isolated = bpfpv_topology_isolated(placer->topology);
    BpfpvCpuset *set = placer->reservable;

    bpfpv_cpuset_assign(set, bpfpv_topology_online(placer->topology));
    bpfpv_cpuset_subtract(set, placer->fixed);
    if (!bpfpv_cpuset_is_subset(set, isolated))
        bpfpv_cpuset_subtract(set, isolated);
}

/* Nobody should float on a statically pinned vCPU's CPU. */
static void
set_fixed(BpfpvPlacer *placer)
{
    GHashTableIter iter;
    gpointer value;

    bpfpv_cpuset_subtract(placer->fixed, placer->fixed);
    if (placer->taken != NULL)
        bpfpv_cpuset_unite(placer->fixed, placer->taken);
    g_hash_table_iter_init(&iter, placer->origins);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        BpfpvOrigin *origin = value;

        set_usable(placer, origin);
        /* A set of one CPU is a vCPU's, unless only an emulator has it. */
        if (bpfpv_cpuset_count(origin->original) == 1 && origin->users > origin->floats)
            bpfpv_cpuset_unite(placer->fixed, origin->original);
    }
    for (guint d = 0; d < placer->domains->len; d++)
        add_fixed_threads(placer->domains->pdata[d], placer->fixed);
    set_reservable(placer);
}

/* Works out again what a change has made stale. */
void
bpfpv_placer_refresh(BpfpvPlacer *placer)
{
    guint n_reservable;

    if (placer->dirty) {
        set_fixed(placer);
        bpfpv_placer_survey(placer);
    }
    if (placer->homes_lost)
        bpfpv_placer_find_homes(placer);
    for (guint d = 0; d < placer->domains->len; d++) {
        BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        if (!placer->dirty && !domain->dirty)
            continue;
        for (guint v = 0; v < domain->slots->len; v++) {
            if (bpfpv_slot_at(domain, v)->origin->usable == NULL)
                set_usable(placer, bpfpv_slot_at(domain, v)->origin);
        }
        for (guint t = 0; t < domain->threads->len; t++) {
            BpfpvOrigin *origin = g_array_index(domain->threads, BpfpvPlacerThread, t).origin;

            if (origin->usable == NULL)
                set_usable(placer, origin);
        }
        set_candidates(placer, domain);
    }
    n_reservable = bpfpv_cpuset_count(placer->reservable);
    placer->budget = n_reservable - MIN(n_reservable, placer->host.reserve);
    placer->dirty = FALSE;
}

/* Adds what  anchors could be on. */
static void
add_candidates(const BpfpvPlacerDomain *domain, BpfpvCpuset *set)
{
    for (guint i = 0; i < domain->candidates->len; i++)
        bpfpv_cpuset_unite(set, ((BpfpvCandidates *)domain->candidates->pdata[i])->set);
}

/* The CPUs that exclusive anchors, wanted or held, could come to, and the siblings that whole cores
 * would idle, which are as good as anchored. */
static void
find_exposed(const BpfpvPlacer *placer, BpfpvCpuset *exposed)
{
    BpfpvCpuset *isolated = placer->scratch;

    bpfpv_cpuset_subtract(isolated, isolated);
    for (guint d = 0; d < placer->active->len; d++) {
        const BpfpvPlacerDomain *domain = placer->active->pdata[d];

        if (domain->wanting->len == 0)
            continue;
        if (domain->view.smt == BPFPV_SMT_ISOLATE)
            add_candidates(domain, isolated);
        else if (domain->view.mode == BPFPV_MODE_EXCLUSIVE)
            add_candidates(domain, exposed);
    }
    for (int c = bpfpv_cpuset_next(isolated, 0); c >= 0;
         c = bpfpv_cpuset_next(isolated, (guint)c + 1))
        bpfpv_cpuset_unite(exposed, bpfpv_topology_core_of(placer->topology, (guint)c));
}

/* Adds @by to the count of every CPU of @set. */
static void
count_up(guint *counts, const BpfpvCpuset *set, int by)
{
    for (int c = bpfpv_cpuset_next(set, 0); c >= 0; c = bpfpv_cpuset_next(set, (guint)c + 1))
        counts[c] += (guint)by;
}

/* Nobody's anchor first, then what serves most, then a slow core, then the highest number. */
static int
choose_kept(const BpfpvPlacer *placer, const guint *counts)
{
    int best = BPFPV_NO_CPU;
    guint64 best_value = 0;

    for (guint c = 0; c < placer->n_cpus; c++) {
        guint64 value;

        if (counts[c] == 0)
            continue;
        value = (guint64)(placer->owner[c] == NULL) << 63 | (guint64)counts[c] << 24 |
                (guint64)MIN(bpfpv_topology_cpu(placer->topology, c)->efficiency, 255) << 16 | c;
        if (best == BPFPV_NO_CPU || value > best_value) {
            best = (int)c;
            best_value = value;
        }
    }
    return best;
}

/* Who holds which CPU by the last plan, in placer->owner. */
static void
mark_holders(BpfpvPlacer *placer)
{
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        for (guint i = 0; i < domain->wanting->len; i++) {
            BpfpvSlot *slot = domain->wanting->pdata[i];

            if (slot->held != BPFPV_NO_CPU)
                placer->owner[slot->held] = slot;
        }
    }
}

static int
last_of(const BpfpvPlacer *placer, const BpfpvOrigin *origin)
{
    bpfpv_cpuset_assign(placer->scratch, origin->floating);
    bpfpv_cpuset_subtract(placer->scratch, placer->exclusive);
    return bpfpv_cpuset_next(placer->scratch, 0);
}

static void
add_critical(BpfpvPlacer *placer, int cpu)
{
    if (placer->critical[cpu]++ == 0)
        bpfpv_cpuset_add(placer->last_cpus, (guint)cpu);
}

static void
remove_critical(BpfpvPlacer *placer, int cpu)
{
    if (--placer->critical[cpu] == 0)
        bpfpv_cpuset_remove(placer->last_cpus, (guint)cpu);
}

/* @cpu becomes one that floating threads stay off. */
void
bpfpv_placer_shut(BpfpvPlacer *placer, guint cpu)
{
    if (bpfpv_cpuset_contains(placer->exclusive, cpu))
        return;
    bpfpv_cpuset_add(placer->exclusive, cpu);
    for (guint i = 0; i < placer->tight->len; i++) {
        BpfpvOrigin *origin = placer->tight->pdata[i];

        if (bpfpv_cpuset_contains(origin->floating, cpu) && --origin->left == 1)
            add_critical(placer, last_of(placer, origin));
    }
}

/* @cpu is no more one that floating threads stay off. */
void
bpfpv_placer_reopen(BpfpvPlacer *placer, guint cpu)
{
    if (!bpfpv_cpuset_contains(placer->exclusive, cpu))
        return;
    for (guint i = 0; i < placer->tight->len; i++) {
        BpfpvOrigin *origin = placer->tight->pdata[i];

        if (bpfpv_cpuset_contains(origin->floating, cpu) && origin->left++ == 1)
            remove_critical(placer, last_of(placer, origin));
    }
    bpfpv_cpuset_remove(placer->exclusive, cpu);
}

/* Would all of @cpus being shut leave a tight origin nothing? */
gboolean
bpfpv_placer_starves(const BpfpvPlacer *placer, const BpfpvCpuset *cpus)
{
    for (guint i = 0; i < placer->tight->len; i++) {
        BpfpvOrigin *origin = placer->tight->pdata[i];

        bpfpv_cpuset_assign(placer->scratch, origin->floating);
        bpfpv_cpuset_subtract(placer->scratch, placer->exclusive);
        if (bpfpv_cpuset_is_subset(placer->scratch, cpus))
            return TRUE;
    }
    return FALSE;
}

/* Sets that exclusive anchors could take all of: everybody who has one must find a CPU left in it,
 * now and if he loses his anchor, whatever the others do. */
static void
find_tight(BpfpvPlacer *placer, guint *counts)
{
    GHashTableIter iter;
    gpointer value;

    bpfpv_cpuset_subtract(placer->visited, placer->visited);
    find_exposed(placer, placer->visited);
    g_ptr_array_set_size(placer->tight, 0);
    memset(placer->critical, 0, placer->n_cpus * sizeof(guint));
    bpfpv_cpuset_subtract(placer->last_cpus, placer->last_cpus);
    memset(counts, 0, placer->n_cpus * sizeof(guint));
    g_hash_table_iter_init(&iter, placer->origins);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        BpfpvOrigin *origin = value;

        if (origin->floats == 0 || bpfpv_cpuset_is_empty(origin->floating) ||
            !bpfpv_cpuset_is_subset(origin->floating, placer->visited))
            continue;
        g_ptr_array_add(placer->tight, origin);
        count_up(counts, origin->floating, 1);
        origin->left = bpfpv_cpuset_count(origin->floating);
        if (origin->left == 1)
            add_critical(placer, bpfpv_cpuset_next(origin->floating, 0));
    }
}

/* Chooses the CPUs that are best left for floating. */
void
bpfpv_placer_keep(BpfpvPlacer *placer)
{
    GPtrArray *open = placer->uncovered;
    guint *counts = placer->load;

    bpfpv_cpuset_subtract(placer->kept, placer->kept);
    bpfpv_cpuset_subtract(placer->exclusive, placer->exclusive);
    find_tight(placer, counts);
    mark_holders(placer);
    for (guint i = 0; i < placer->tight->len; i++)
        g_ptr_array_add(open, placer->tight->pdata[i]);
    while (open->len > 0) {
        int cpu = choose_kept(placer, counts);

        bpfpv_cpuset_add(placer->kept, (guint)cpu);
        for (guint i = open->len; i-- > 0;) {
            BpfpvOrigin *origin = open->pdata[i];

            if (!bpfpv_cpuset_contains(origin->floating, (guint)cpu))
                continue;
            count_up(counts, origin->floating, -1);
            g_ptr_array_remove_index_fast(open, i);
        }
    }
    for (guint c = 0; c < placer->n_cpus; c++)
        placer->owner[c] = NULL;
}
