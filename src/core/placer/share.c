/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain's fair share of the CPUs, where not everybody's anchors find one: as many as it would
 * have if CPUs were dealt, one by one, to the domain that has the fewest for its weight (weighted
 * max-min fairness, Bertsekas and Gallager, Data Networks, 6.5.2). Who waits and has less than its
 * share takes a CPU of who has more, one for one; nobody else loses anything.
 */
#include "core/placer/private.h"

#include <string.h>

/* Sets of candidates that are told apart; all others are one. */
#define MAX_GROUPS 6
/* Anchors of others that are tried for one who waits. */
#define MAX_VICTIMS 8

/* What domains could have: those with the same candidates are a group. */
typedef struct {
    BpfpvPlacer *placer;
    BpfpvCpuset *sets[MAX_GROUPS];
    guint n_groups;
    guint room[1 << MAX_GROUPS];  /* by groups, as bits: CPUs that they may take together */
    guint taken[1 << MAX_GROUPS]; /* the same: those that have been dealt to them */
} Shares;

/* ---- what domains want, and could have ---- */

static guint
count_wanted(const BpfpvPlacerDomain *domain)
{
    guint n = 0;

    for (guint i = 0; i < domain->wanting->len; i++) {
        const BpfpvSlot *slot = domain->wanting->pdata[i];

        n += slot->asked == BPFPV_WANT_ANCHOR || slot->held != BPFPV_NO_CPU;
    }
    return MIN(n, domain->limit);
}

/* All that any anchor of @domain could have, in @set. */
static void
find_candidates(const BpfpvPlacerDomain *domain, BpfpvCpuset *set)
{
    bpfpv_cpuset_subtract(set, set);
    for (guint i = 0; i < domain->candidates->len; i++)
        bpfpv_cpuset_unite(set, ((const BpfpvCandidates *)domain->candidates->pdata[i])->set);
}

static guint
find_group(Shares *shares, const BpfpvCpuset *set)
{
    for (guint i = 0; i < shares->n_groups; i++) {
        if (bpfpv_cpuset_equal(shares->sets[i], set))
            return i;
    }
    if (shares->n_groups == MAX_GROUPS) {
        bpfpv_cpuset_unite(shares->sets[MAX_GROUPS - 1], set);
        return MAX_GROUPS - 1;
    }
    shares->sets[shares->n_groups] = bpfpv_cpuset_copy(set);
    return shares->n_groups++;
}

/* CPUs of each union of groups, without those of the reserve. */
static void
measure(Shares *shares)
{
    const BpfpvPlacer *placer = shares->placer;
    g_autoptr(BpfpvCpuset) all = bpfpv_cpuset_new();

    for (guint groups = 1; groups < 1u << shares->n_groups; groups++) {
        guint n, n_reservable;

        bpfpv_cpuset_subtract(all, all);
        for (guint i = 0; i < shares->n_groups; i++) {
            if (groups & 1u << i)
                bpfpv_cpuset_unite(all, shares->sets[i]);
        }
        n = bpfpv_cpuset_count(all);
        n_reservable = bpfpv_cpuset_count_common(all, placer->reservable);
        shares->room[groups] = n - n_reservable + MIN(n_reservable, placer->budget);
    }
}

/* CPUs that one anchor of @domain takes. */
static guint
cost_of(const Shares *shares, const BpfpvPlacerDomain *domain)
{
    return domain->view.smt == BPFPV_SMT_ISOLATE ? shares->placer->widest : 1;
}

/* One more for @domain, as long as every union of groups has room for what its own have together,
 * which is when each of them can have different CPUs (Hall 1935). */
static gboolean
deal_one(Shares *shares, BpfpvPlacerDomain *domain)
{
    guint cost = cost_of(shares, domain), own = 1u << domain->group;

    for (guint groups = own; groups < 1u << shares->n_groups; groups++) {
        if ((groups & own) && shares->taken[groups] + cost > shares->room[groups])
            return FALSE;
    }
    for (guint groups = own; groups < 1u << shares->n_groups; groups++)
        shares->taken[groups] += groups & own ? cost : 0;
    domain->share++;
    return TRUE;
}

/* ---- the deal ---- */

/* Whether the next CPU is @a's rather than @b's. Of equals whoever has more anchors, so that nobody
 * has to give one away for nothing. */
static gboolean
is_poorer(const BpfpvPlacerDomain *a, const BpfpvPlacerDomain *b)
{
    guint64 left = (guint64)a->share * MAX(b->view.weight, 1);
    guint64 right = (guint64)b->share * MAX(a->view.weight, 1);

    if (left != right)
        return left < right;
    if (a->n_anchors != b->n_anchors)
        return a->n_anchors > b->n_anchors;
    return strcmp(a->key, b->key) < 0;
}

static void
deal(Shares *shares, GPtrArray *heap)
{
    for (guint i = heap->len / 2; i-- > 0;)
        bpfpv_placer_sift_down(heap, i, is_poorer);
    while (heap->len > 0) {
        BpfpvPlacerDomain *domain = heap->pdata[0];

        if (domain->share == domain->n_wanted || !deal_one(shares, domain))
            g_ptr_array_remove_index_fast(heap, 0);
        if (heap->len > 1)
            bpfpv_placer_sift_down(heap, 0, is_poorer);
    }
}

static void
find_shares(BpfpvPlacer *placer)
{
    Shares shares = {.placer = placer};
    GPtrArray *heap = placer->turns;

    g_ptr_array_set_size(heap, 0);
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        domain->share = 0;
        domain->n_wanted = count_wanted(domain);
        if (domain->n_wanted == 0)
            continue;
        find_candidates(domain, placer->choice);
        domain->group = find_group(&shares, placer->choice);
        g_ptr_array_add(heap, domain);
    }
    placer->n_sharing = heap->len;
    measure(&shares);
    deal(&shares, heap);
    for (guint i = 0; i < shares.n_groups; i++)
        bpfpv_cpuset_free(shares.sets[i]);
}

/* ---- who takes from whom ---- */

static gboolean
waits(const BpfpvSlot *slot)
{
    return slot->cpu == BPFPV_NO_CPU && slot->asked == BPFPV_WANT_ANCHOR &&
           slot->domain->n_anchors < slot->domain->limit;
}

/* A limit of its own is somebody's will. */
static gboolean
has_too_much(const BpfpvPlacerDomain *domain)
{
    return domain->view.max_anchors == G_MAXUINT && domain->n_anchors > domain->share;
}

/* Whether @a is to go before @b: what nobody asks for, then what was given last. */
static gboolean
goes_first(const BpfpvPlacer *placer, const BpfpvSlot *a, const BpfpvSlot *b)
{
    gboolean left = a->asked == BPFPV_WANT_ANCHOR, right = b->asked == BPFPV_WANT_ANCHOR;
    gint64 since_a = a->cpu == a->held ? a->since : placer->now_us;
    gint64 since_b = b->cpu == b->held ? b->since : placer->now_us;

    if (left != right)
        return right;
    if (since_a != since_b)
        return since_a > since_b;
    if (a->domain != b->domain)
        return strcmp(a->domain->key, b->domain->key) > 0;
    return a->vcpu > b->vcpu;
}

/* Would an anchor of @a's domain leave to one of @b's just what that takes, and nothing over? */
static gboolean
are_alike(const BpfpvSlot *a, const BpfpvSlot *b)
{
    return bpfpv_placer_isolates(a) == bpfpv_placer_isolates(b) &&
           (bpfpv_placer_isolates(a) || a->domain->view.mode == b->domain->view.mode);
}

/* Of the owners of CPUs in @untried, who goes first to let @slot have one; or NULL. */
static BpfpvSlot *
next_victim(const BpfpvPlacer *placer, const BpfpvSlot *slot, const BpfpvCpuset *untried)
{
    BpfpvSlot *best = NULL;

    for (int c = bpfpv_cpuset_next(untried, 0); c >= 0;
         c = bpfpv_cpuset_next(untried, (guint)c + 1)) {
        BpfpvSlot *owner = placer->owner[c];

        if (owner != NULL && has_too_much(owner->domain) && are_alike(owner, slot) &&
            (best == NULL || goes_first(placer, owner, best)))
            best = owner;
    }
    return best;
}

/* What @victim left, who took @cost CPUs, or as much elsewhere, with nothing else for @victim;
 * @used: CPUs that were taken before. */
static gboolean
take_direct(BpfpvPlacer *placer, BpfpvSlot *slot, const BpfpvSlot *victim, guint used, guint cost)
{
    int cpu = bpfpv_placer_best(placer, slot);

    if (cpu == BPFPV_NO_CPU)
        return FALSE;
    bpfpv_placer_put(placer, slot, cpu);
    if (placer->n_used == used && bpfpv_placer_cost_in_cpus(placer, slot, (guint)cpu) == cost &&
        bpfpv_placer_best(placer, victim) == BPFPV_NO_CPU)
        return TRUE;
    bpfpv_placer_vacate(placer, slot);
    return FALSE;
}

/* Who could go elsewhere does not do without: it is only that it may not be moved now. */
static gboolean
has_another(const BpfpvPlacer *placer, const BpfpvSlot *victim, int was)
{
    const BpfpvCpuset *set = victim->candidates->set;

    for (int c = bpfpv_cpuset_next(set, 0); c >= 0; c = bpfpv_cpuset_next(set, (guint)c + 1)) {
        if (c != was && bpfpv_placer_can_take(placer, victim, (guint)c))
            return TRUE;
    }
    return FALSE;
}

/* By others who move; what that comes to can't be taken back, so only where all CPUs count alike.
 */
static gboolean
take_by_chain(BpfpvPlacer *placer, BpfpvSlot *slot, const BpfpvSlot *victim, int was)
{
    return !bpfpv_placer_isolates(slot) &&
           bpfpv_cpuset_is_subset(placer->free, placer->reservable) &&
           !has_another(placer, victim, was) && bpfpv_placer_augment(placer, slot);
}

/* @victim's CPU goes to @slot, or lets another move so that @slot finds one; else all stays. */
static gboolean
take_from(BpfpvPlacer *placer, BpfpvSlot *victim, BpfpvSlot *slot)
{
    gboolean stays = victim->stays;
    int was = victim->cpu;
    guint used = placer->n_used, cost = bpfpv_placer_cost_in_cpus(placer, victim, (guint)was);

    bpfpv_placer_vacate(placer, victim);
    bpfpv_placer_revive(placer);
    victim->stays = FALSE;
    if (take_direct(placer, slot, victim, used, cost) || take_by_chain(placer, slot, victim, was)) {
        victim->displaced = FALSE; /* it is nobody's fault, and gives it no precedence */
        return TRUE;
    }
    victim->stays = stays;
    bpfpv_placer_put(placer, victim, was);
    return FALSE;
}

/* First of those whose CPU it could have itself, then of all, whose CPU may be of use to another
 * who makes room. */
static gboolean
take_share(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    g_autoptr(BpfpvCpuset) untried = NULL;
    BpfpvSlot *victim;

    if (slot->candidates->hopeless || slot->domain->n_anchors >= slot->domain->share)
        return FALSE;
    untried = bpfpv_cpuset_copy(slot->candidates->set);
    for (guint tried = 0; tried < MAX_VICTIMS && bpfpv_placer_may_look(placer); tried++) {
        victim = next_victim(placer, slot, untried);
        if (victim == NULL)
            break;
        bpfpv_cpuset_remove(untried, (guint)victim->cpu);
        if (take_from(placer, victim, slot))
            return TRUE;
    }
    victim = next_victim(placer, slot, bpfpv_topology_online(placer->topology));
    if (victim != NULL && bpfpv_placer_may_look(placer) && take_from(placer, victim, slot))
        return TRUE;
    slot->candidates->hopeless = TRUE;
    return FALSE;
}

/* ---- all of them ---- */

/* Whether somebody who waits has less than its share, and another more. */
static gboolean
is_unfair(const BpfpvPlacer *placer)
{
    gboolean poor = FALSE, rich = FALSE;

    for (guint d = 0; d < placer->active->len; d++) {
        const BpfpvPlacerDomain *domain = placer->active->pdata[d];

        poor |= domain->n_anchors < domain->share;
        rich |= has_too_much(domain);
    }
    return poor && rich;
}

/* Where somebody waits once all that is free has been dealt: finds the shares, and who has less
 * than its own takes from who has more. Where all are met nothing is done. */
void
bpfpv_placer_share(BpfpvPlacer *placer)
{
    gboolean anybody = FALSE;

    placer->n_sharing = 0;
    for (guint d = 0; d < placer->active->len && !anybody; d++) {
        const BpfpvPlacerDomain *domain = placer->active->pdata[d];

        /* Most of the time all are met, and nothing is gone through. */
        for (guint i = 0; domain->wanting->len > domain->n_anchors && i < domain->wanting->len; i++)
            anybody |= waits(domain->wanting->pdata[i]);
    }
    if (!anybody || placer->host.share != BPFPV_SHARE_FAIR)
        return;
    find_shares(placer);
    if (!is_unfair(placer))
        return;
    bpfpv_placer_clear_hopeless(placer);
    bpfpv_placer_deal(placer, waits, take_share);
}
