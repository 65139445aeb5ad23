/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How well a CPU suits an anchor: what is not as one would wish costs, memory
 * more than all else together, then slow cores, then threads, then caches.
 */
#include "core/placer/private.h"

#include <string.h>

/* Each more than all that follow it can cost together. */
#define COST_REMOTE 4096u
#define COST_SLOW 512u /* for each class, BPFPV_MAX_CLASS of them */
#define COST_SPLIT 128u
#define COST_NARROW 64u
#define COST_CROWDED 32u
#define COST_SPREAD 8u /* another cache; twice that in another cell */
#define COST_TIGHT 4u

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

/* CPUs of @set that are free for @cpu's next owner and his company: @cpu too, whoever has it. */
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
const BpfpvSlot *
bpfpv_placer_first_anchor(const BpfpvSlot *slot)
{
    const BpfpvCpuset *vcpus = slot->component->vcpus;

    for (int v = bpfpv_cpuset_next(vcpus, 0); v >= 0; v = bpfpv_cpuset_next(vcpus, (guint)v + 1)) {
        const BpfpvSlot *other = bpfpv_slot_at(slot->domain, (guint)v);

        if (other != slot && other->cpu != BPFPV_NO_CPU)
            return other;
    }
    return NULL;
}

static guint
cohort_cost(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu)
{
    const BpfpvTopology *topology = placer->topology;
    BpfpvCohortPolicy policy = slot->domain->view.cohort;
    const BpfpvSlot *first;

    if (slot->component == NULL || policy == BPFPV_COHORT_NONE)
        return 0;
    first = bpfpv_placer_first_anchor(slot);
    if (first == NULL)
        return room_with(placer, bpfpv_topology_cache_of(topology, cpu), cpu) <
                       slot->component->n_anchors
                   ? COST_TIGHT
                   : 0;
    if (bpfpv_topology_cell_of(topology, cpu) !=
        bpfpv_topology_cell_of(topology, (guint)first->cpu))
        return 2 * COST_SPREAD;
    if (policy == BPFPV_COHORT_CELL)
        return 0;
    return bpfpv_topology_cache_of(topology, cpu) ==
                   bpfpv_topology_cache_of(topology, (guint)first->cpu)
               ? 0
               : COST_SPREAD;
}

/* What @slot loses on @cpu, as things are now; 0 is perfect. */
guint
bpfpv_placer_cost(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu)
{
    const BpfpvCpuset *near = slot->candidates->near;
    guint cost = COST_SLOW * bpfpv_placer_class(placer, cpu);

    if (near != NULL && !bpfpv_cpuset_contains(near, cpu))
        cost += COST_REMOTE;
    return cost + smt_cost(placer, slot, cpu) + cohort_cost(placer, slot, cpu);
}

static void
add_score(const BpfpvPlacer *placer, const BpfpvSlot *slot, BpfpvPlacementScore *score)
{
    const BpfpvTopologyCpu *cpu;
    guint smt, cohort;

    if (slot->want == BPFPV_WANT_ANCHOR && slot->cpu == BPFPV_NO_CPU)
        score->unmet++;
    if (slot->cpu == BPFPV_NO_CPU)
        return;
    cpu = bpfpv_topology_cpu(placer->topology, (guint)slot->cpu);
    smt = smt_cost(placer, slot, cpu->cpu);
    cohort = cohort_cost(placer, slot, cpu->cpu);
    score->anchors++;
    score->remote +=
        slot->candidates->near != NULL && !bpfpv_cpuset_contains(slot->candidates->near, cpu->cpu);
    score->slow += cpu->efficiency > 0;
    score->split += (smt & COST_SPLIT) != 0;
    score->crowded += (smt & COST_CROWDED) != 0;
    score->spread += cohort >= COST_SPREAD;
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
