/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Repacking: moves anchors so that a whole core, a sibling or a place in a
 * cache becomes free for another. What moves keeps an anchor, and one solve
 * moves no more holders than it may.
 */
#include "core/placer/private.h"

/* Owners that improve() looks at for one anchor. */
#define MAX_SWAPS 8

/* ---- a whole core ---- */

typedef struct {
    BpfpvSlot *slot;
    int cpu;
    gboolean held;
} Evicted;

static gboolean
collect_owners(BpfpvPlacer *placer, const BpfpvCpuset *core, GArray *evicted)
{
    for (int c = bpfpv_cpuset_next(core, 0); c >= 0; c = bpfpv_cpuset_next(core, (guint)c + 1)) {
        BpfpvSlot *owner = placer->owner[c];
        Evicted one = {owner, c, owner != NULL && owner->stays};

        if (bpfpv_cpuset_contains(placer->fixed, (guint)c) || placer->idler[c] != NULL ||
            (owner != NULL && !bpfpv_placer_is_movable(placer, owner)))
            return FALSE;
        if (owner != NULL)
            g_array_append_val(evicted, one);
    }
    return TRUE;
}

static void
put_back(BpfpvPlacer *placer, BpfpvSlot *slot, const GArray *evicted, guint moves)
{
    for (guint i = 0; i < evicted->len; i++) {
        const Evicted *one = &g_array_index(evicted, Evicted, i);

        if (one->slot->cpu != BPFPV_NO_CPU)
            bpfpv_placer_vacate(placer, one->slot);
    }
    if (slot->cpu != BPFPV_NO_CPU)
        bpfpv_placer_vacate(placer, slot);
    for (guint i = 0; i < evicted->len; i++) {
        const Evicted *one = &g_array_index(evicted, Evicted, i);

        bpfpv_placer_put(placer, one->slot, one->cpu);
        one->slot->stays = one->held;
    }
    placer->n_moves = moves;
}

/* Its owners go to free CPUs elsewhere, if each finds one. */
static gboolean
empty_core(BpfpvPlacer *placer, BpfpvSlot *slot, guint cpu)
{
    g_autoptr(GArray) evicted = NULL;
    guint moves = placer->n_moves;
    gboolean done;

    /* Those who leave need as many CPUs elsewhere: they are used as before, and the core too. */
    if (bpfpv_cpuset_is_subset(placer->free, placer->reservable) &&
        placer->n_used + bpfpv_placer_charge(placer, slot, cpu) > placer->budget)
        return FALSE;
    evicted = g_array_new(FALSE, FALSE, sizeof(Evicted));
    if (!collect_owners(placer, bpfpv_topology_core_of(placer->topology, cpu), evicted))
        return FALSE;
    for (guint i = 0; i < evicted->len; i++) {
        const Evicted *one = &g_array_index(evicted, Evicted, i);

        bpfpv_placer_vacate(placer, one->slot);
        one->slot->stays = FALSE;
        placer->n_moves += one->held;
    }
    done = placer->n_moves <= placer->host.max_moves && bpfpv_placer_can_take(placer, slot, cpu);
    if (done)
        bpfpv_placer_put(placer, slot, (int)cpu);
    for (guint i = 0; done && i < evicted->len; i++) {
        BpfpvSlot *owner = g_array_index(evicted, Evicted, i).slot;
        int other = bpfpv_placer_best(placer, owner);

        done = other != BPFPV_NO_CPU;
        if (done)
            bpfpv_placer_put(placer, owner, other);
    }
    if (done)
        bpfpv_placer_revive(placer);
    else
        put_back(placer, slot, evicted, moves);
    return done;
}

static guint
count_owners(const BpfpvPlacer *placer, guint cpu)
{
    guint n = 0, c = cpu;

    do {
        n += placer->owner[c] != NULL;
        c = bpfpv_topology_next_thread(placer->topology, c);
    } while (c != cpu);
    return n;
}

/* Gets @slot, which wants a whole core, the one that the fewest have to leave. */
gboolean
bpfpv_placer_free_core(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    BpfpvCpuset *dead = placer->dead[BPFPV_DEAD_FOR_CORES];
    const BpfpvCpuset *set = slot->candidates->set;
    BpfpvCpuset *untried = placer->visited;

    if (bpfpv_placer_is_spent(placer, placer->free))
        return FALSE;
    bpfpv_cpuset_assign(untried, set);
    bpfpv_cpuset_subtract(untried, dead);
    for (guint occupants = 1; occupants <= placer->widest; occupants++) {
        for (int c = bpfpv_cpuset_next(untried, 0); c >= 0;
             c = bpfpv_cpuset_next(untried, (guint)c + 1)) {
            if (!bpfpv_placer_may_look(placer))
                return FALSE;
            if (count_owners(placer, (guint)c) == occupants && empty_core(placer, slot, (guint)c))
                return TRUE;
        }
    }
    bpfpv_cpuset_unite(dead, set);
    return FALSE;
}

/* ---- a better place ---- */

/* @owner leaves its CPU to @slot and is as well off on another. */
static gboolean
swap(BpfpvPlacer *placer, BpfpvSlot *slot, BpfpvSlot *owner, guint most)
{
    int mine = slot->cpu, cpu = owner->cpu, other;
    guint cost = bpfpv_placer_cost(placer, owner, (guint)cpu);
    gboolean held = owner->stays;

    bpfpv_placer_vacate(placer, slot);
    bpfpv_placer_vacate(placer, owner);
    if (bpfpv_placer_can_take(placer, slot, (guint)cpu)) {
        bpfpv_placer_put(placer, slot, cpu);
        other = bpfpv_placer_best(placer, owner);
        if (other != BPFPV_NO_CPU) {
            bpfpv_placer_put(placer, owner, other);
            if (bpfpv_placer_cost(placer, owner, (guint)other) <= cost &&
                bpfpv_placer_cost(placer, slot, (guint)cpu) < most) {
                owner->stays = FALSE;
                placer->n_moves += held;
                bpfpv_placer_revive(placer);
                return TRUE;
            }
            bpfpv_placer_vacate(placer, owner);
        }
        bpfpv_placer_vacate(placer, slot);
    }
    bpfpv_placer_put(placer, owner, cpu);
    bpfpv_placer_put(placer, slot, mine);
    return FALSE;
}

/* Moves @slot to a better CPU if its owner is as well off on another. */
void
bpfpv_placer_improve(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    const BpfpvCpuset *set = slot->candidates->set;
    guint cost = bpfpv_placer_cost(placer, slot, (guint)slot->cpu);
    guint tried = 0;

    if (bpfpv_placer_isolates(slot))
        return;
    for (int c = bpfpv_cpuset_next(set, 0);
         c >= 0 && cost > 0 && tried < MAX_SWAPS && placer->swaps > 0;
         c = bpfpv_cpuset_next(set, (guint)c + 1)) {
        BpfpvSlot *owner = placer->owner[c];

        if (!bpfpv_placer_may_look(placer))
            return;
        if (owner == NULL || owner == slot || !bpfpv_placer_is_movable(placer, owner) ||
            bpfpv_placer_is_aside(placer, slot, (guint)c) ||
            bpfpv_placer_cost(placer, slot, (guint)c) >= cost)
            continue;
        tried++;
        placer->swaps--;
        if (swap(placer, slot, owner, cost))
            cost = bpfpv_placer_cost(placer, slot, (guint)slot->cpu);
    }
}

/* ---- exact search, for small hosts ---- */

typedef struct {
    BpfpvPlacer *placer;
    GPtrArray *slots; /* of BpfpvSlot: all who have an anchor, and the one that wants one */
    int *was;         /* by index: the CPU before the search */
} Search;

static gboolean place_from(Search *search, guint index);

/* A look at one CPU, for which a whole core means one at everybody who must find a CPU left.
 * Returns: whether the effort lasts for it */
static gboolean
spend(BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    guint looks = bpfpv_placer_isolates(slot) ? 1 + placer->tight->len : 1;

    placer->effort -= MIN(placer->effort, looks);
    return placer->effort > 0;
}

static gboolean
try_cpu(Search *search, guint index, BpfpvSlot *slot, int cpu)
{
    BpfpvPlacer *placer = search->placer;
    gboolean held = slot->stays && cpu != search->was[index];

    if (!spend(placer, slot) || !bpfpv_placer_can_take(placer, slot, (guint)cpu) ||
        (held &&
         (placer->n_moves >= placer->host.max_moves || !bpfpv_placer_has_rested(placer, slot))))
        return FALSE;
    bpfpv_placer_put(placer, slot, cpu);
    placer->n_moves += held;
    if (place_from(search, index + 1)) {
        slot->stays = slot->stays && !held;
        return TRUE;
    }
    bpfpv_placer_vacate(placer, slot);
    placer->n_moves -= held;
    return FALSE;
}

/* @slot on any CPU, first where the one at @index was. */
static gboolean
try_slot(Search *search, guint index, BpfpvSlot *slot)
{
    const BpfpvCpuset *set = slot->candidates->set;
    int was = search->was[index];

    if (was != BPFPV_NO_CPU && bpfpv_cpuset_contains(set, (guint)was) &&
        try_cpu(search, index, slot, was))
        return TRUE;
    for (int c = bpfpv_cpuset_next(set, 0); c >= 0 && search->placer->effort > 0;
         c = bpfpv_cpuset_next(set, (guint)c + 1)) {
        if (c != was && try_cpu(search, index, slot, c))
            return TRUE;
    }
    return FALSE;
}

/* Another vCPU of the same domain instead of @slot, the next whose turn it would be: one anchor
 * more counts more than which. Not instead of the one that the search is for: others' domains may
 * come before the next of its own. */
static gboolean
try_instead(Search *search, guint index, const BpfpvSlot *slot)
{
    BpfpvPlacerDomain *domain = slot->domain;

    if (slot->stays || slot->displaced || search->was[index] == BPFPV_NO_CPU)
        return FALSE;
    for (guint i = 0; i < domain->waiting->len && search->placer->effort > 0; i++) {
        BpfpvSlot *other = domain->waiting->pdata[i];
        gboolean found;

        if (other->asked != BPFPV_WANT_ANCHOR || other->listed || other->cpu != BPFPV_NO_CPU)
            continue;
        other->listed = TRUE;
        found = try_slot(search, index, other);
        other->listed = FALSE;
        if (found)
            return TRUE;
    }
    return FALSE;
}

/* Places the slots from @index on, each where it was if that does. */
static gboolean
place_from(Search *search, guint index)
{
    BpfpvSlot *slot;

    if (index == search->slots->len)
        return TRUE;
    slot = search->slots->pdata[index];
    return try_slot(search, index, slot) || try_instead(search, index, slot);
}

/* Fewest candidates first: what can't work shows early. */
static int
compare_room(gconstpointer a, gconstpointer b)
{
    const BpfpvSlot *left = *(BpfpvSlot *const *)a, *right = *(BpfpvSlot *const *)b;
    gboolean left_isolates = bpfpv_placer_isolates(left);
    gboolean right_isolates = bpfpv_placer_isolates(right);
    guint left_room = bpfpv_cpuset_count(left->candidates->set);
    guint right_room = bpfpv_cpuset_count(right->candidates->set);

    if (left_isolates != right_isolates)
        return left_isolates ? -1 : 1;
    if (left_room != right_room)
        return left_room < right_room ? -1 : 1;
    return 0;
}

static void
collect(BpfpvPlacer *placer, GPtrArray *slots)
{
    for (guint d = 0; d < placer->active->len; d++) {
        const BpfpvPlacerDomain *domain = placer->active->pdata[d];

        for (guint i = 0; i < domain->wanting->len; i++) {
            BpfpvSlot *slot = domain->wanting->pdata[i];

            if (slot->cpu != BPFPV_NO_CPU)
                g_ptr_array_add(slots, slot);
        }
    }
}

/* Looks for any way to have @slot and all who have anchors now have one: exact where there are
 * few of them, as long as the solve's effort lasts. */
gboolean
bpfpv_placer_search(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    g_autoptr(GPtrArray) slots = NULL;
    g_autofree int *was = NULL;
    Search search = {placer, NULL, NULL};
    gboolean found;

    if (bpfpv_placer_is_spent(placer, placer->free) ||
        bpfpv_cpuset_is_empty(slot->candidates->set) || placer->effort == 0 ||
        placer->n_anchors >= BPFPV_MAX_SEARCH)
        return FALSE;
    search.slots = slots = g_ptr_array_new();
    collect(placer, slots);
    g_ptr_array_add(slots, slot);
    g_ptr_array_sort(slots, compare_room);
    search.was = was = g_new(int, slots->len);
    for (guint i = 0; i < slots->len; i++) {
        was[i] = ((BpfpvSlot *)slots->pdata[i])->cpu;
        ((BpfpvSlot *)slots->pdata[i])->listed = TRUE;
    }
    for (guint i = 0; i < slots->len; i++) {
        if (was[i] != BPFPV_NO_CPU)
            bpfpv_placer_vacate(placer, slots->pdata[i]);
    }
    found = place_from(&search, 0);
    for (guint i = 0; i < slots->len; i++) {
        ((BpfpvSlot *)slots->pdata[i])->listed = FALSE;
        if (!found && was[i] != BPFPV_NO_CPU)
            bpfpv_placer_put(placer, slots->pdata[i], was[i]);
    }
    if (found)
        bpfpv_placer_revive(placer);
    return found;
}
