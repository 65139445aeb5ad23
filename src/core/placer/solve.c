/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of things in one solve: who keeps what they have, and whose turn
 * it is to get a CPU. Pure: the same state and time give the same plan.
 */
#include "core/placer/private.h"

#include <string.h>

/* Search nodes that one solve may spend on requests that nothing simpler meets. */
#define EFFORT 60000
/* Swaps for better places that one solve may try. */
#define SWAPS 64
/* Looks at what others have, to move them, that one solve may take: so many for each CPU, and some
 * more. Far more than a host of 64 CPUs can need; on a larger one it bounds the time. */
#define LOOKS_PER_CPU 16
#define LOOKS 4096

/* Whether an anchor that nobody asks for is held: for its time from when that was first seen, so
 * that a task that comes and goes doesn't move the neighbours each time. */
static gboolean
lingers(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    gint64 until;

    if (slot->unasked == 0)
        slot->unasked = placer->now_us;
    until = slot->unasked + bpfpv_placer_hold_us(placer, slot->domain);
    if (until <= placer->now_us)
        return FALSE;
    placer->next_us = MIN(placer->next_us, until);
    return TRUE;
}

static void
set_want(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    slot->want = slot->asked;
    slot->cpu = BPFPV_NO_CPU;
    slot->stays = FALSE;
    slot->holds = FALSE;
    slot->displaced &= slot->asked == BPFPV_WANT_ANCHOR;
    if (slot->asked == BPFPV_WANT_ANCHOR) {
        slot->displaced |= slot->held != BPFPV_NO_CPU;
        slot->unasked = 0;
    } else if (slot->asked != BPFPV_WANT_FIXED && slot->held != BPFPV_NO_CPU &&
               !slot->domain->view.released && lingers(placer, slot)) {
        slot->want = BPFPV_WANT_ANCHOR;
    }
    if (slot->want != BPFPV_WANT_ANCHOR) {
        slot->domain->stirred |= slot->held != BPFPV_NO_CPU;
        slot->held = BPFPV_NO_CPU;
        slot->unasked = 0;
        slot->waiting = G_MAXINT64;
        return;
    }
    if (slot->held != BPFPV_NO_CPU &&
        !bpfpv_cpuset_contains(slot->candidates->set, (guint)slot->held))
        slot->held = BPFPV_NO_CPU;
    g_ptr_array_add(slot->domain->wanting, slot);
}

static guint
limit_of(const BpfpvPlacerDomain *domain)
{
    const BpfpvPlacementDomain *view = &domain->view;
    guint n = 0;

    if (view->reserve == 0)
        return view->max_anchors;
    for (guint i = 0; i < domain->candidates->len; i++)
        n = MAX(n, bpfpv_cpuset_count(((BpfpvCandidates *)domain->candidates->pdata[i])->set));
    return MIN(view->max_anchors, n > view->reserve ? n - view->reserve : 0);
}

/* Nobody is known to find nothing. */
void
bpfpv_placer_clear_hopeless(BpfpvPlacer *placer)
{
    for (guint d = 0; d < placer->active->len; d++) {
        const BpfpvPlacerDomain *domain = placer->active->pdata[d];

        for (guint i = 0; i < domain->candidates->len; i++)
            ((BpfpvCandidates *)domain->candidates->pdata[i])->hopeless = FALSE;
    }
}

static gboolean
is_somebody_unmet(const BpfpvPlacer *placer)
{
    for (guint d = 0; d < placer->active->len; d++) {
        const BpfpvPlacerDomain *domain = placer->active->pdata[d];

        if (domain->wanting->len > domain->n_anchors)
            return TRUE;
    }
    return FALSE;
}

/* Those that this solve is about; a domain that asks for nothing only floats. */
static void
find_active(BpfpvPlacer *placer)
{
    g_ptr_array_set_size(placer->active, 0);
    for (guint d = 0; d < placer->domains->len; d++) {
        BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        if (!domain->quiet)
            g_ptr_array_add(placer->active, domain);
    }
}

static void
start(BpfpvPlacer *placer)
{
    placer->next_us = G_MAXINT64;
    placer->n_used = 0;
    placer->n_moves = 0;
    placer->effort = EFFORT;
    placer->swaps = SWAPS;
    placer->looks = LOOKS + LOOKS_PER_CPU * placer->n_cpus;
    placer->n_anchors = 0;
    bpfpv_placer_revive(placer);
    find_active(placer);
    bpfpv_placer_clear_hopeless(placer);
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        domain->n_anchors = 0;
        domain->limit = limit_of(domain);
        g_ptr_array_set_size(domain->wanting, 0);
        for (guint v = 0; v < domain->slots->len; v++)
            set_want(placer, bpfpv_slot_at(domain, v));
    }
    bpfpv_placer_find_needs(placer);
    memset(placer->owner, 0, placer->n_cpus * sizeof(BpfpvSlot *));
    memset(placer->idler, 0, placer->n_cpus * sizeof(BpfpvSlot *));
    bpfpv_placer_keep(placer);
    bpfpv_placer_free_all(placer);
}

static gboolean
give_held(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    if (!bpfpv_cpuset_contains(slot->candidates->set, (guint)slot->held) ||
        !bpfpv_placer_can_take(placer, slot, (guint)slot->held))
        return FALSE;
    bpfpv_placer_put(placer, slot, slot->held);
    slot->stays = TRUE;
    slot->holds = TRUE;
    return TRUE;
}

static gboolean
give_any(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    int cpu;

    /* Only held: not worth another CPU. Or it got one meanwhile, for another of its domain. */
    if (slot->asked != BPFPV_WANT_ANCHOR || slot->cpu != BPFPV_NO_CPU)
        return FALSE;
    cpu = bpfpv_placer_best(placer, slot);
    if (cpu != BPFPV_NO_CPU) {
        bpfpv_placer_put(placer, slot, cpu);
        bpfpv_placer_improve(placer, slot);
        return TRUE;
    }
    if (slot->candidates->hopeless)
        return FALSE;
    if (bpfpv_placer_isolates(slot) ? bpfpv_placer_free_core(placer, slot)
                                    : bpfpv_placer_augment(placer, slot))
        return TRUE;
    if (bpfpv_placer_search(placer, slot))
        return TRUE;
    slot->candidates->hopeless = TRUE;
    return FALSE;
}

/* What is free and no more: who finds nothing does so for all of its kind. */
static gboolean
give_free(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    int cpu;

    if (slot->candidates->hopeless)
        return FALSE;
    cpu = bpfpv_placer_best(placer, slot);
    slot->candidates->hopeless = cpu == BPFPV_NO_CPU;
    if (cpu != BPFPV_NO_CPU)
        bpfpv_placer_put(placer, slot, cpu);
    return cpu != BPFPV_NO_CPU;
}

static gboolean
wants_held(const BpfpvSlot *slot)
{
    return slot->held != BPFPV_NO_CPU;
}

static gboolean
wants_any(const BpfpvSlot *slot)
{
    return slot->cpu == BPFPV_NO_CPU && slot->asked == BPFPV_WANT_ANCHOR;
}

/* Whether all holders can have what they hold, so that turns make no difference. */
static gboolean
hold_all(BpfpvPlacer *placer)
{
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        for (guint i = 0; i < domain->wanting->len; i++) {
            BpfpvSlot *slot = domain->wanting->pdata[i];

            if (slot->held == BPFPV_NO_CPU)
                continue;
            if (domain->n_anchors >= domain->limit || !give_held(placer, slot))
                return FALSE;
        }
    }
    return TRUE;
}

static void
take_back_all(BpfpvPlacer *placer)
{
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        for (guint i = 0; i < domain->wanting->len; i++) {
            BpfpvSlot *slot = domain->wanting->pdata[i];

            if (slot->cpu != BPFPV_NO_CPU)
                bpfpv_placer_vacate(placer, slot);
            slot->stays = FALSE;
            slot->holds = FALSE;
        }
    }
}

/* Those who were served early chose without knowing who would come: once more for each that is new
 * and not as well off as could be. */
static void
polish(BpfpvPlacer *placer)
{
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        for (guint i = 0; i < domain->wanting->len && placer->swaps > 0; i++) {
            BpfpvSlot *slot = domain->wanting->pdata[i];

            if (slot->cpu == BPFPV_NO_CPU || slot->stays ||
                bpfpv_placer_cost(placer, slot, (guint)slot->cpu) == 0)
                continue;
            bpfpv_placer_vacate(placer, slot);
            bpfpv_placer_put(placer, slot, bpfpv_placer_best(placer, slot));
            bpfpv_placer_improve(placer, slot);
        }
    }
}

/* What was only held and could not be: as if nobody had held it. */
static void
let_go(BpfpvPlacer *placer)
{
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        for (guint i = 0; i < domain->wanting->len; i++) {
            BpfpvSlot *slot = domain->wanting->pdata[i];

            if (slot->cpu == BPFPV_NO_CPU)
                slot->want = slot->asked;
        }
    }
}

/* Gives CPUs to anchors: to those that can stay first, then to those that lost theirs, then to
 * new ones; who waits from now on is noted. */
void
bpfpv_placer_match(BpfpvPlacer *placer)
{
    if (!hold_all(placer)) {
        take_back_all(placer);
        bpfpv_placer_deal(placer, wants_held, give_held);
    }
    bpfpv_placer_choose_homes(placer);
    bpfpv_placer_deal(placer, wants_any, give_any);
    if (placer->n_anchors < BPFPV_MAX_SEARCH && is_somebody_unmet(placer)) {
        /* Who found nothing may now: others have moved, or gave way to one of their own domain. */
        bpfpv_placer_clear_hopeless(placer);
        bpfpv_placer_deal(placer, wants_any, give_any);
        bpfpv_placer_meet_most(placer);
    }
    polish(placer);
    if (!bpfpv_placer_is_spent(placer, placer->free) && is_somebody_unmet(placer)) {
        /* And again: a chain or a swap may have left a CPU that somebody was refused before. */
        bpfpv_placer_clear_hopeless(placer);
        bpfpv_placer_deal(placer, wants_any, give_free);
    }
    bpfpv_placer_share(placer);
    let_go(placer);
}

/* Until when another solve would come to the same plan, if this one did: until somebody may be
 * moved who may not yet, for those who wait. */
static void
foresee(BpfpvPlacer *placer)
{
    gboolean unmet = is_somebody_unmet(placer);

    placer->settled = TRUE; /* bpfpv_placer_write() knows whether it did */
    placer->settled_us = placer->next_us;
    for (guint d = 0; unmet && d < placer->active->len; d++) {
        const BpfpvPlacerDomain *domain = placer->active->pdata[d];

        for (guint i = 0; i < domain->wanting->len; i++) {
            const BpfpvSlot *slot = domain->wanting->pdata[i];
            gint64 rested_us = slot->since + bpfpv_placer_hold_us(placer, domain);

            if (slot->cpu != BPFPV_NO_CPU && rested_us > placer->now_us)
                placer->settled_us = MIN(placer->settled_us, rested_us);
        }
    }
}

/* Remembers for the next solve who has what, and since when. */
static void
remember(BpfpvPlacer *placer)
{
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        for (guint i = 0; i < domain->wanting->len; i++) {
            BpfpvSlot *slot = domain->wanting->pdata[i];

            if (slot->want == BPFPV_WANT_ANCHOR && slot->cpu == BPFPV_NO_CPU)
                slot->waiting = MIN(slot->waiting, placer->now_us);
            else
                slot->waiting = G_MAXINT64;
            if (slot->cpu != BPFPV_NO_CPU && slot->cpu != slot->held)
                slot->since = placer->now_us;
            if (slot->cpu == BPFPV_NO_CPU)
                slot->unasked = 0;
            else
                slot->displaced = FALSE;
            slot->held = slot->cpu;
        }
        domain->stirred = FALSE;
        domain->known = TRUE;
    }
}

/**
 * bpfpv_placer_solve:
 * @placer: a placer that knows its host
 * @now_us: the time, of any clock that does not go back
 *
 * Solves by the rules of docs/placement.md. The result depends on the host, the
 * domains, the time and the plan in force, and not on the order in which they
 * were told. Time goes with n log n of the vCPUs, and allocates nothing for what is
 * unchanged; docs/placement.md has the bounds of what is searched. Where nothing but numbers of
 * tasks changed, it goes with the vCPUs of those domains.
 *
 * Returns: (transfer none): the plan for every domain of @placer; the next call
 *   changes it in place
 */
const BpfpvPlan *
bpfpv_placer_solve(BpfpvPlacer *placer, gint64 now_us)
{
    placer->now_us = now_us;
    if (placer->settled && now_us < placer->settled_us) {
        bpfpv_placer_write_recounted(placer);
        return placer->plan;
    }
    bpfpv_placer_refresh(placer);
    start(placer);
    bpfpv_placer_match(placer);
    bpfpv_placer_place_cohorts(placer);
    remember(placer);
    foresee(placer);
    bpfpv_placer_write(placer);
    return placer->plan;
}
