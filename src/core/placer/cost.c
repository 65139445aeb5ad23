/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How well a CPU suits an anchor: what is not as one would wish costs, memory
 * more than all else together, then slow cores, then threads, then caches.
 */
#include "core/placer/private.h"

#include <string.h>

/* Each more than all that follow it can cost together. */
#define COST_REMOTE 16384u
#define COST_SLOW 2048u /* for each class, BPFPV_MAX_CLASS of them */
#define COST_SPLIT 1024u
#define COST_NARROW 512u
#define COST_CROWDED 256u
#define COST_AWAY 32u  /* outside the home; twice that in another cell, … */
#define COST_SPREAD 8u /* another cache than the company; twice that in another cell, … */
#define COST_TIGHT 4u
#define COST_BALANCED 2u /* not isolated, though some of the candidates are */
/* How many times the last two count at most; by kind of the smallest place around. */
#define MAX_STEPS 3u

/* How slow @cpu is; 0: a full core. */
guint
bpfpv_placer_class(const BpfpvPlacer *placer, guint cpu)
{
    return MIN(bpfpv_topology_cpu(placer->topology, cpu)->efficiency, BPFPV_MAX_CLASS);
}

/* What @slot and @other are to one another on their cores. */
static gboolean
are_guest_siblings(const BpfpvSlot *slot, const BpfpvSlot *other)
{
    guint threads = slot->domain->guest != NULL ? slot->domain->guest->threads : 1;

    return slot->domain == other->domain && slot->vcpu / threads == other->vcpu / threads;
}

/* Anchors on @cpu's core that are not of the same core of the guest as @slot. */
guint
bpfpv_placer_count_strangers(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu)
{
    guint strangers = 0, c = cpu;

    do {
        const BpfpvSlot *owner = placer->owner[c];

        strangers += owner != NULL && owner != slot && !are_guest_siblings(slot, owner);
        c = bpfpv_topology_next_thread(placer->topology, c);
    } while (c != cpu);
    return strangers;
}

/* The guest's siblings of @slot: are they on @core, and how many have still to come? */
static void
look_at_siblings(const BpfpvSlot *slot, const BpfpvCpuset *core, gboolean *split, guint *coming)
{
    guint threads = slot->domain->guest != NULL ? slot->domain->guest->threads : 1;
    guint first = slot->vcpu / threads * threads;

    for (guint v = first; v < MIN(first + threads, slot->domain->slots->len); v++) {
        const BpfpvSlot *other = bpfpv_slot_at(slot->domain, v);

        if (v == slot->vcpu || other->want != BPFPV_WANT_ANCHOR)
            continue;
        if (other->cpu == BPFPV_NO_CPU)
            (*coming)++;
        else if (!bpfpv_cpuset_contains(core, (guint)other->cpu))
            *split = TRUE;
    }
}

/* CPUs of @set that are free for @cpu's next owner and his siblings: @cpu too, whoever has it. */
static guint
room_with(const BpfpvPlacer *placer, const BpfpvCpuset *set, guint cpu)
{
    return bpfpv_cpuset_count_common(set, placer->free) + !bpfpv_cpuset_contains(placer->free, cpu);
}

static guint
smt_cost(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu)
{
    const BpfpvCpuset *core = bpfpv_topology_core_of(placer->topology, cpu);
    gboolean split = FALSE;
    guint coming = 0, cost = 0, strangers;
    const BpfpvSlot *owner;

    if (slot->domain->view.smt != BPFPV_SMT_MATCH)
        return 0;
    look_at_siblings(slot, core, &split, &coming);
    if (split)
        cost += COST_SPLIT;
    else if (coming > 0 && room_with(placer, core, cpu) < coming + 1)
        cost += COST_NARROW;
    strangers = bpfpv_placer_count_strangers(placer, slot, cpu);
    /* Whoever has @cpu now would not be there. */
    owner = placer->owner[cpu];
    if (owner != NULL && owner != slot && !are_guest_siblings(slot, owner))
        strangers--;
    if (strangers > 0)
        cost += COST_CROWDED;
    return cost;
}

/* Of the others in @slot's component, the first that has a CPU; or NULL. */
static const BpfpvSlot *
first_in_cohort(const BpfpvSlot *slot)
{
    const BpfpvCpuset *vcpus = slot->component->vcpus;

    for (int v = bpfpv_cpuset_next(vcpus, 0); v >= 0; v = bpfpv_cpuset_next(vcpus, (guint)v + 1)) {
        const BpfpvSlot *other = bpfpv_slot_at(slot->domain, (guint)v);

        if (other != slot && other->cpu != BPFPV_NO_CPU)
            return other;
    }
    return NULL;
}

/* Of the others in the domain whose memory is bound as @slot's is; or NULL. */
static const BpfpvSlot *
first_in_domain(const BpfpvSlot *slot)
{
    const GPtrArray *wanting = slot->domain->wanting;

    for (guint i = 0; i < wanting->len; i++) {
        const BpfpvSlot *other = wanting->pdata[i];

        if (other != slot && other->cpu != BPFPV_NO_CPU &&
            (other->candidates == slot->candidates ||
             bpfpv_placer_same_set(other->candidates->cells, slot->candidates->cells)))
            return other;
    }
    return NULL;
}

/* Cores, or CPUs, that the anchors of a cohort take by policy. */
static guint
units_of(const BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    const BpfpvComponent *component = slot->component;

    if (slot->domain->view.smt != BPFPV_SMT_MATCH)
        return component->n_anchors;
    return MAX(component->n_cores, (component->n_anchors + placer->widest - 1) / placer->widest);
}

/* Whom @slot is best near to: the anchors of its cohort if it is in one, else those of its domain
 * whose memory is bound as its own. */
BpfpvCompany
bpfpv_placer_company(const BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    const BpfpvPlacerDomain *domain = slot->domain;
    BpfpvCohortPolicy policy = domain->view.cohort;
    const BpfpvComponent *component = policy == BPFPV_COHORT_NONE ? NULL : slot->component;
    BpfpvCompany company = {NULL, NULL, 0};

    company.n = component != NULL ? units_of(placer, slot) : domain->n_units;
    company.first = component != NULL ? first_in_cohort(slot) : first_in_domain(slot);
    if (company.first == NULL)
        return company;
    company.place = bpfpv_topology_place_of(placer->topology, (guint)company.first->cpu);
    while (company.place->outer != NULL &&
           (placer->capacity[domain->view.smt][company.place->index] < company.n ||
            (component != NULL && policy == BPFPV_COHORT_CELL &&
             company.place->outer->kind == BPFPV_PLACE_CELL)))
        company.place = company.place->outer;
    return company;
}

/* How far @cpu is from @place: 0 within it, else the more the larger the place that has both. */
static guint
steps_from(const BpfpvPlace *place, guint cpu)
{
    const BpfpvPlace *around = place;

    while (around->outer != NULL && !bpfpv_cpuset_contains(around->cpus, cpu))
        around = around->outer;
    return around == place ? 0 : MIN((guint)around->kind, MAX_STEPS);
}

static guint
home_cost(const BpfpvSlot *slot, guint cpu)
{
    return slot->domain->home != NULL ? COST_AWAY * steps_from(slot->domain->home, cpu) : 0;
}

/* Does @cpu's core, or @cpu, become one that an anchor can have when @cpu's owner leaves? */
static gboolean
is_left_vacant(const BpfpvPlacer *placer, BpfpvSmt smt, guint cpu)
{
    const BpfpvSlot *owner = placer->owner[cpu];
    guint c = cpu;

    if (owner == NULL || smt == BPFPV_SMT_IGNORE)
        return owner != NULL;
    if (smt == BPFPV_SMT_ISOLATE && bpfpv_cpuset_contains(placer->fixed_cores, cpu))
        return FALSE;
    do {
        gboolean idle = bpfpv_cpuset_contains(placer->free, c) || placer->idler[c] == owner ||
                        !bpfpv_cpuset_contains(bpfpv_topology_online(placer->topology), c);

        if (c != cpu && (placer->owner[c] != NULL || (smt == BPFPV_SMT_ISOLATE && !idle)))
            return FALSE;
        c = bpfpv_topology_next_thread(placer->topology, c);
    } while (c != cpu);
    return TRUE;
}

/* Has @cpu's cache too little room for @n, with what @cpu itself, whoever has it, leaves? */
static gboolean
is_tight(const BpfpvPlacer *placer, BpfpvSmt smt, guint n, guint cpu)
{
    const BpfpvCpuset *cache = bpfpv_topology_cache_of(placer->topology, cpu);

    return bpfpv_cpuset_count_common(cache, bpfpv_placer_units(placer, smt)) +
               is_left_vacant(placer, smt, cpu) <
           n;
}

static guint
company_cost(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu)
{
    BpfpvCompany company = bpfpv_placer_company(placer, slot);
    BpfpvSmt smt = slot->domain->view.smt;

    if (company.first != NULL)
        return COST_SPREAD * steps_from(company.place, cpu);
    if (company.n == 0 || company.n > placer->largest_cache[smt])
        return 0;
    return is_tight(placer, smt, company.n, cpu) ? COST_TIGHT : 0;
}

/* What @slot loses on @cpu, as things are now; 0 is perfect. */
guint
bpfpv_placer_cost(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu)
{
    const BpfpvCpuset *near = slot->candidates->near;
    guint cost = COST_SLOW * bpfpv_placer_class(placer, cpu);

    if (near != NULL && !bpfpv_cpuset_contains(near, cpu))
        cost += COST_REMOTE;
    if (slot->candidates->any_isolated &&
        !bpfpv_cpuset_contains(bpfpv_topology_isolated(placer->topology), cpu))
        cost += COST_BALANCED;
    return cost + smt_cost(placer, slot, cpu) + home_cost(slot, cpu) +
           company_cost(placer, slot, cpu);
}

/* What floats outside its home counts as an anchor there. */
static void
add_floating(const BpfpvSlot *slot, BpfpvPlacementScore *score)
{
    const BpfpvCpuset *cpus =
        ((const BpfpvPlanVcpu *)slot->domain->planned->vcpus->pdata[slot->vcpu])->cpus;
    const BpfpvPlace *place = slot->domain->home;

    if (place == NULL || slot->want == BPFPV_WANT_FIXED)
        return;
    while (place->outer != NULL && !bpfpv_cpuset_is_subset(cpus, place->cpus))
        place = place->outer;
    if (place == slot->domain->home)
        return;
    score->away++;
    score->cost += COST_AWAY * MIN((guint)place->kind, MAX_STEPS);
}

static void
add_score(const BpfpvPlacer *placer, const BpfpvSlot *slot, BpfpvPlacementScore *score)
{
    const BpfpvTopologyCpu *cpu;
    guint smt;

    if (slot->want == BPFPV_WANT_ANCHOR && slot->cpu == BPFPV_NO_CPU)
        score->unmet++;
    if (slot->cpu == BPFPV_NO_CPU) {
        add_floating(slot, score);
        return;
    }
    cpu = bpfpv_topology_cpu(placer->topology, (guint)slot->cpu);
    smt = smt_cost(placer, slot, cpu->cpu);
    score->anchors++;
    score->remote +=
        slot->candidates->near != NULL && !bpfpv_cpuset_contains(slot->candidates->near, cpu->cpu);
    score->slow += cpu->efficiency > 0;
    score->split += (smt & COST_SPLIT) != 0;
    score->crowded += (smt & COST_CROWDED) != 0;
    score->spread += company_cost(placer, slot, cpu->cpu) >= COST_SPREAD;
    score->away += home_cost(slot, cpu->cpu) > 0;
    score->cost += bpfpv_placer_cost(placer, slot, cpu->cpu);
}

/**
 * bpfpv_placer_score:
 * @placer: a placer that has solved
 * @score: (out caller-allocates): what is not as one would wish
 *
 * Adds up what the met anchors of the last plan lack.
 */
void
bpfpv_placer_score(const BpfpvPlacer *placer, BpfpvPlacementScore *score)
{
    memset(score, 0, sizeof(*score));
    for (guint d = 0; d < placer->domains->len; d++) {
        const BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        for (guint v = 0; v < domain->slots->len; v++)
            add_score(placer, bpfpv_slot_at(domain, v), score);
    }
}
