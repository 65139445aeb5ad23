/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Puts anchors on CPUs: what is allowed where, and chains
 * of moves (augmenting paths, Kuhn 1955) when none is free. Holders move for
 * others only as often as one solve may move them, and not before their time.
 */
#include "core/placer/private.h"

/* Whether @slot's domain wants whole cores for its anchors. */
gboolean
bpfpv_placer_isolates(const BpfpvSlot *slot)
{
    return slot->domain->view.smt == BPFPV_SMT_ISOLATE;
}

static gboolean
is_exclusive(const BpfpvSlot *slot)
{
    return slot->domain->view.mode == BPFPV_MODE_EXCLUSIVE;
}

/* Is @cpu's core, apart from itself, nobody's? Offline threads are idle anyway. */
static gboolean
siblings_can_idle(const BpfpvPlacer *placer, guint cpu)
{
    const BpfpvCpuset *core = bpfpv_topology_core_of(placer->topology, cpu);
    const BpfpvCpuset *online = bpfpv_topology_online(placer->topology);

    for (int c = bpfpv_cpuset_next(core, 0); c >= 0; c = bpfpv_cpuset_next(core, (guint)c + 1)) {
        if ((guint)c == cpu)
            continue;
        if (bpfpv_cpuset_contains(placer->fixed, (guint)c))
            return FALSE;
        if (bpfpv_cpuset_contains(online, (guint)c) &&
            !bpfpv_cpuset_contains(placer->free, (guint)c))
            return FALSE;
    }
    return TRUE;
}

/* CPUs that an anchor takes out of use for floating. */
guint
bpfpv_placer_cost_in_cpus(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu)
{
    if (!bpfpv_placer_isolates(slot))
        return 1;
    return bpfpv_cpuset_count_common(bpfpv_topology_core_of(placer->topology, cpu),
                                     bpfpv_topology_online(placer->topology));
}

/* CPUs that an anchor takes of those that the reserve is of. */
guint
bpfpv_placer_charge(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu)
{
    if (!bpfpv_placer_isolates(slot))
        return bpfpv_cpuset_contains(placer->reservable, cpu);
    return bpfpv_cpuset_count_common(bpfpv_topology_core_of(placer->topology, cpu),
                                     placer->reservable);
}

/* Whether @cpu, one of @slot's candidates, can be @slot's now. */
gboolean
bpfpv_placer_can_take(const BpfpvPlacer *placer, const BpfpvSlot *slot, guint cpu)
{
    if (!bpfpv_cpuset_contains(placer->free, cpu) ||
        placer->n_used + bpfpv_placer_charge(placer, slot, cpu) > placer->budget)
        return FALSE;
    if (!bpfpv_placer_isolates(slot))
        return !is_exclusive(slot) || placer->critical[cpu] == 0;
    return siblings_can_idle(placer, cpu) &&
           !bpfpv_placer_starves(placer, bpfpv_topology_core_of(placer->topology, cpu));
}

static void
set_idle(BpfpvPlacer *placer, BpfpvSlot *slot, guint cpu, gboolean idle)
{
    const BpfpvCpuset *core = bpfpv_topology_core_of(placer->topology, cpu);
    const BpfpvCpuset *online = bpfpv_topology_online(placer->topology);

    for (int c = bpfpv_cpuset_next(core, 0); c >= 0; c = bpfpv_cpuset_next(core, (guint)c + 1)) {
        if (!bpfpv_cpuset_contains(online, (guint)c))
            continue;
        placer->idler[c] = idle && (guint)c != cpu ? slot : NULL;
        if (idle) {
            bpfpv_placer_shut(placer, (guint)c);
            bpfpv_cpuset_remove(placer->free, (guint)c);
        } else {
            bpfpv_placer_reopen(placer, (guint)c);
            bpfpv_cpuset_add(placer->free, (guint)c);
        }
    }
}

/* Gives @cpu to @slot, which has none. */
void
bpfpv_placer_put(BpfpvPlacer *placer, BpfpvSlot *slot, int cpu)
{
    slot->cpu = cpu;
    slot->domain->n_anchors++;
    placer->n_anchors++;
    placer->owner[cpu] = slot;
    placer->n_used += bpfpv_placer_charge(placer, slot, (guint)cpu);
    bpfpv_cpuset_remove(placer->free, (guint)cpu);
    if (is_exclusive(slot) || bpfpv_placer_isolates(slot))
        bpfpv_placer_shut(placer, (guint)cpu);
    if (bpfpv_placer_isolates(slot))
        set_idle(placer, slot, (guint)cpu, TRUE);
    bpfpv_placer_note_core(placer, (guint)cpu);
}

/* Takes @slot's CPU back. */
void
bpfpv_placer_vacate(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    guint cpu = (guint)slot->cpu;

    if (bpfpv_placer_isolates(slot))
        set_idle(placer, slot, cpu, FALSE);
    placer->n_used -= bpfpv_placer_charge(placer, slot, cpu);
    placer->owner[cpu] = NULL;
    bpfpv_placer_reopen(placer, cpu);
    bpfpv_cpuset_add(placer->free, cpu);
    bpfpv_placer_note_core(placer, cpu);
    slot->domain->n_anchors--;
    placer->n_anchors--;
    slot->cpu = BPFPV_NO_CPU;
}

/* May @owner be moved for others? Whoever is new in this solve always, a holder as long as the
 * solve may move one more and it has had its CPU for its time. */
gboolean
bpfpv_placer_is_movable(const BpfpvPlacer *placer, const BpfpvSlot *owner)
{
    if (bpfpv_placer_isolates(owner))
        return FALSE;
    return !owner->stays ||
           (placer->n_moves < placer->host.max_moves && bpfpv_placer_has_rested(placer, owner));
}

/* Looks of this solve at what others have, to move them. */
gboolean
bpfpv_placer_may_look(BpfpvPlacer *placer)
{
    if (placer->looks == 0)
        return FALSE;
    placer->looks--;
    return TRUE;
}

/* Somebody has moved for another: what led nowhere before may do so no more. */
void
bpfpv_placer_revive(BpfpvPlacer *placer)
{
    for (guint i = 0; i < BPFPV_N_DEAD; i++)
        bpfpv_cpuset_subtract(placer->dead[i], placer->dead[i]);
}

static gboolean
augment(BpfpvPlacer *placer, BpfpvSlot *slot, gboolean holders)
{
    const BpfpvCpuset *set = slot->candidates->set;
    BpfpvCpuset *visited = placer->visited;
    int cpu = bpfpv_placer_best(placer, slot);

    if (cpu != BPFPV_NO_CPU) {
        bpfpv_placer_put(placer, slot, cpu);
        return TRUE;
    }
    for (int c = bpfpv_cpuset_next(set, 0); c >= 0; c = bpfpv_cpuset_next(set, (guint)c + 1)) {
        BpfpvSlot *owner = placer->owner[c];
        gboolean held = owner != NULL && owner->stays;

        if (owner == NULL || bpfpv_cpuset_contains(visited, (guint)c) || (held && !holders) ||
            !bpfpv_placer_is_movable(placer, owner))
            continue;
        if (!bpfpv_placer_may_look(placer))
            return FALSE;
        bpfpv_cpuset_add(visited, (guint)c);
        bpfpv_placer_vacate(placer, owner);
        owner->stays = FALSE;
        placer->n_moves += held;
        if (bpfpv_placer_can_take(placer, slot, (guint)c)) {
            bpfpv_placer_put(placer, slot, c);
            if (augment(placer, owner, holders))
                return TRUE;
            bpfpv_placer_vacate(placer, slot);
        }
        placer->n_moves -= held;
        owner->stays = held;
        bpfpv_placer_put(placer, owner, c);
    }
    return FALSE;
}

/* What led nowhere leads nowhere for the next one either (Hungarian trees), until somebody moves.
 * Almost: what is kept for floating may differ between them, so where a search can be exact it
 * decides. */
static gboolean
augment_from(BpfpvPlacer *placer, BpfpvSlot *slot, BpfpvDead kind)
{
    gboolean large = placer->n_anchors >= BPFPV_MAX_SEARCH;

    if (large)
        bpfpv_cpuset_assign(placer->visited, placer->dead[kind]);
    else
        bpfpv_cpuset_subtract(placer->visited, placer->visited);
    if (augment(placer, slot, kind == BPFPV_DEAD_FOR_HOLDERS)) {
        bpfpv_placer_revive(placer);
        return TRUE;
    }
    if (large)
        bpfpv_cpuset_assign(placer->dead[kind], placer->visited);
    return FALSE;
}

/* Finds @slot a CPU by moving others along a chain: first those that are new in this solve, then
 * holders too. */
gboolean
bpfpv_placer_augment(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    if (bpfpv_placer_is_spent(placer, placer->free))
        return FALSE;
    if (augment_from(placer, slot, BPFPV_DEAD_FOR_NEW))
        return TRUE;
    return placer->n_moves < placer->host.max_moves &&
           augment_from(placer, slot, BPFPV_DEAD_FOR_HOLDERS);
}
