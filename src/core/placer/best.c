/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The best free CPU for an anchor, by the costs of cost.c: each of them
 * is more than all that follow it, so the cheapest CPUs are what is left when
 * one after the other gives what it can. Operations on sets alone: the time
 * goes with the words of a set, not with the CPUs in it.
 */
#include "core/placer/private.h"

/* @set loses what is not in @good, unless nothing would be left. */
static void
prefer(BpfpvCpuset *set, const BpfpvCpuset *good)
{
    if (bpfpv_cpuset_intersects(set, good))
        bpfpv_cpuset_intersect(set, good);
}

/* @set loses @bad, unless nothing would be left. */
static void
avoid(BpfpvCpuset *set, const BpfpvCpuset *bad)
{
    if (!bpfpv_cpuset_is_subset(set, bad))
        bpfpv_cpuset_subtract(set, bad);
}

static void
prefer_fast(const BpfpvPlacer *placer, BpfpvCpuset *set)
{
    for (guint i = 0; i < BPFPV_MAX_CLASS; i++) {
        if (bpfpv_cpuset_intersects(set, placer->classes[i])) {
            bpfpv_cpuset_intersect(set, placer->classes[i]);
            return;
        }
    }
}

/* Where the guest's siblings of a vCPU are. */
typedef struct {
    guint first, end;        /* vCPUs of its core as the guest sees it */
    const BpfpvCpuset *core; /* (nullable): the one core that has all that are placed */
    gboolean apart;          /* those that are placed are on several */
    guint coming;            /* wanted and not placed yet */
} Siblings;

static Siblings
find_siblings(const BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    guint threads = slot->domain->guest != NULL ? slot->domain->guest->threads : 1;
    Siblings siblings = {slot->vcpu / threads * threads, 0, NULL, FALSE, 0};

    siblings.end = MIN(siblings.first + threads, slot->domain->slots->len);
    for (guint v = siblings.first; v < siblings.end; v++) {
        const BpfpvSlot *other = bpfpv_slot_at(slot->domain, v);
        const BpfpvCpuset *core;

        if (other == slot || other->want != BPFPV_WANT_ANCHOR)
            continue;
        if (other->cpu == BPFPV_NO_CPU) {
            siblings.coming++;
            continue;
        }
        core = bpfpv_topology_core_of(placer->topology, (guint)other->cpu);
        siblings.apart |= siblings.core != NULL && siblings.core != core;
        siblings.core = core;
    }
    return siblings;
}

/* The CPUs of cores with a stranger: those that are occupied by others than siblings alone. */
static void
avoid_strangers(BpfpvPlacer *placer, const BpfpvSlot *slot, const Siblings *siblings,
                BpfpvCpuset *set)
{
    BpfpvCpuset *crowded = placer->marked;

    if (siblings->core == NULL) {
        avoid(set, placer->occupied);
        return;
    }
    bpfpv_cpuset_assign(crowded, placer->occupied);
    for (guint v = siblings->first; v < siblings->end; v++) {
        const BpfpvSlot *other = bpfpv_slot_at(slot->domain, v);

        if (other == slot || other->cpu == BPFPV_NO_CPU)
            continue;
        if (bpfpv_placer_count_strangers(placer, slot, (guint)other->cpu) == 0)
            bpfpv_cpuset_subtract(crowded,
                                  bpfpv_topology_core_of(placer->topology, (guint)other->cpu));
    }
    avoid(set, crowded);
}

static void
prefer_by_threads(BpfpvPlacer *placer, const BpfpvSlot *slot, BpfpvCpuset *set)
{
    Siblings siblings = find_siblings(placer, slot);
    gboolean split =
        siblings.apart || (siblings.core != NULL && !bpfpv_cpuset_intersects(set, siblings.core));

    if (siblings.core != NULL && !split)
        bpfpv_cpuset_intersect(set, siblings.core);
    if (!split && siblings.coming > 0 && siblings.coming + 1 <= placer->widest)
        prefer(set, placer->room[siblings.coming + 1]);
    avoid_strangers(placer, slot, &siblings, set);
}

/* @set loses what is not in @place, or where nothing would be left, in the next larger one. */
static void
prefer_around(BpfpvCpuset *set, const BpfpvPlace *place)
{
    for (; place != NULL; place = place->outer) {
        if (bpfpv_cpuset_intersects(set, place->cpus)) {
            bpfpv_cpuset_intersect(set, place->cpus);
            return;
        }
    }
}

static void
prefer_by_company(BpfpvPlacer *placer, const BpfpvSlot *slot, BpfpvCpuset *set)
{
    BpfpvCompany company = bpfpv_placer_company(placer, slot);
    BpfpvSmt smt = slot->domain->view.smt;

    if (company.first != NULL)
        prefer_around(set, company.place);
    else if (company.n > 0 && company.n <= placer->largest_cache[smt])
        prefer(set, bpfpv_placer_roomy_caches(placer, smt, company.n));
}

/* @set loses what is set aside for those who live in a smaller place than @slot's domain; and for
 * the first of several the caches that have too little beside that, if they would find room in one.
 */
static void
leave_room(BpfpvPlacer *placer, const BpfpvSlot *slot, BpfpvCpuset *set)
{
    const BpfpvCpuset *aside = bpfpv_placer_aside(placer, slot);
    const GPtrArray *caches = bpfpv_topology_caches(placer->topology);
    BpfpvCpuset *roomy = placer->marked, *open = placer->scratch;
    BpfpvCompany company;

    if (aside == NULL || !bpfpv_cpuset_intersects(set, aside))
        return;
    avoid(set, aside);
    company = bpfpv_placer_company(placer, slot);
    if (company.first != NULL)
        return;
    bpfpv_cpuset_assign(open, placer->free);
    bpfpv_cpuset_subtract(open, aside);
    bpfpv_cpuset_subtract(roomy, roomy);
    for (guint i = 0; i < caches->len; i++) {
        if (bpfpv_cpuset_count_common(caches->pdata[i], open) >= company.n)
            bpfpv_cpuset_unite(roomy, caches->pdata[i]);
    }
    prefer(set, roomy);
}

/* The lowest of the cheapest CPUs of @open, best one that nobody needs for floating. */
static int
cheapest(BpfpvPlacer *placer, const BpfpvSlot *slot, const BpfpvCpuset *open)
{
    BpfpvCpuset *set = placer->choice;

    bpfpv_cpuset_assign(set, open);
    if (slot->candidates->near != NULL)
        prefer(set, slot->candidates->near);
    prefer_fast(placer, set);
    if (slot->domain->view.smt == BPFPV_SMT_MATCH)
        prefer_by_threads(placer, slot, set);
    prefer_around(set, slot->domain->home);
    leave_room(placer, slot, set);
    prefer_by_company(placer, slot, set);
    if (slot->candidates->any_isolated)
        prefer(set, bpfpv_topology_isolated(placer->topology));
    avoid(set, placer->kept);
    return bpfpv_cpuset_next(set, 0);
}

/* The cheapest of the CPUs that are free for @slot, which has none; of equals one that nobody
 * needs for floating, then the lowest; or BPFPV_NO_CPU. */
int
bpfpv_placer_best(BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    BpfpvCpuset *open = placer->open;
    int cpu;

    bpfpv_cpuset_assign(open, slot->candidates->set);
    bpfpv_cpuset_intersect(open, placer->free);
    if (bpfpv_placer_is_spent(placer, open))
        return BPFPV_NO_CPU;
    if (placer->n_used >= placer->budget)
        bpfpv_cpuset_subtract(open, placer->reservable);
    if (bpfpv_placer_isolates(slot)) {
        bpfpv_cpuset_intersect(open, placer->whole);
        bpfpv_cpuset_subtract(open, placer->fixed_cores);
    } else if (slot->domain->view.mode == BPFPV_MODE_EXCLUSIVE) {
        bpfpv_cpuset_subtract(open, placer->last_cpus);
    }
    /* Only a whole core may be too much for the reserve, or for those who float. */
    while ((cpu = cheapest(placer, slot, open)) >= 0) {
        if (bpfpv_placer_can_take(placer, slot, (guint)cpu))
            return cpu;
        bpfpv_cpuset_subtract(open, bpfpv_topology_core_of(placer->topology, (guint)cpu));
    }
    return BPFPV_NO_CPU;
}
