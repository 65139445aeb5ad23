/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where each domain lives: the smallest place, from a cache to the host, that
 * has room for the whole of it as its policy counts room. Chosen when a domain
 * first asks for something, and kept for as long as it does.
 */
#include "core/placer/private.h"

#include <string.h>

/* ---- what a domain needs ---- */

/* Cores that @n anchors of one core of the guest take. */
static guint
cores_of_siblings(const BpfpvPlacer *placer, guint n)
{
    return (n + placer->widest - 1) / placer->widest;
}

/* Cores that the anchors which @domain wants take by its policy. */
static guint
cores_for(const BpfpvPlacer *placer, const BpfpvPlacerDomain *domain)
{
    guint threads =
        domain->view.smt == BPFPV_SMT_MATCH && domain->guest != NULL ? domain->guest->threads : 1;
    guint core = G_MAXUINT, n = 0, cores = 0;

    for (guint i = 0; i < domain->wanting->len; i++) {
        const BpfpvSlot *slot = domain->wanting->pdata[i];

        if (slot->vcpu / threads != core) {
            cores += cores_of_siblings(placer, n);
            n = 0;
        }
        core = slot->vcpu / threads;
        n++;
    }
    return cores + cores_of_siblings(placer, n);
}

static BpfpvPlanNeed
need_of(const BpfpvPlacer *placer, const BpfpvPlacerDomain *domain)
{
    BpfpvPlanNeed need = {MIN(domain->wanting->len, domain->limit), 0, domain->n_open};

    if (domain->lodger == NULL || domain->n_open == 0 ||
        (!domain->demands && domain->wanting->len == 0))
        return (BpfpvPlanNeed){0, 0, 0};
    if (domain->view.smt != BPFPV_SMT_IGNORE)
        need.cores = MIN(cores_for(placer, domain), need.anchors);
    if (domain->view.smt == BPFPV_SMT_ISOLATE)
        need.cpus += need.anchors * (placer->widest - 1);
    return need;
}

/* If all that may be anchored were. */
static BpfpvPlanNeed
need_at_most(const BpfpvPlacer *placer, const BpfpvPlacerDomain *domain)
{
    BpfpvPlanNeed need = {MIN(domain->n_open, domain->limit), 0, domain->n_open};
    guint threads = domain->guest != NULL ? domain->guest->threads : 1;

    if (domain->view.smt == BPFPV_SMT_MATCH)
        need.cores = (need.anchors + threads - 1) / threads;
    if (domain->view.smt == BPFPV_SMT_ISOLATE) {
        need.cores = need.anchors;
        need.cpus += need.anchors * (placer->widest - 1);
    }
    return need;
}

/* Works out what every domain needs in this solve. */
void
bpfpv_placer_find_needs(BpfpvPlacer *placer)
{
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        domain->need = need_of(placer, domain);
        domain->n_units =
            domain->view.smt == BPFPV_SMT_IGNORE ? domain->need.anchors : domain->need.cores;
        if (domain->need.cpus == 0)
            domain->home = NULL;
    }
}

/* ---- what places have ---- */

/* The vacancy that @domain sees, without what others have still to come to. */
typedef struct {
    const BpfpvPlacer *placer;
    const BpfpvVacancy *anchors; /* for its anchors */
    const BpfpvVacancy *floats;  /* for all of it */
} View;

static gboolean
has(guint vacant, guint claimed, guint need)
{
    return vacant >= claimed + need;
}

/* Has @place room for @need, and all that it is part of too? @cpus: what others float on counts as
 * claimed */
static gboolean
fits(const View *view, const BpfpvPlace *place, const BpfpvPlanNeed *need, gboolean cpus)
{
    for (; place != NULL; place = place->outer) {
        const BpfpvClaim *claim = &view->placer->claims[place->index];
        guint i = place->index;

        if (!has(view->floats->cpus[i], cpus ? claim->cpus : claim->anchors, need->cpus) ||
            !has(view->anchors->cpus[i], claim->anchors, need->anchors) ||
            (need->cores > 0 && !has(view->anchors->cores[i], claim->cores, need->cores)))
            return FALSE;
    }
    return TRUE;
}

/* What @domain has still to put into its home, @times: 1, or -1 to take it back. */
static void
claim(BpfpvPlacer *placer, const BpfpvPlacerDomain *domain, int times)
{
    guint coming = domain->need.anchors - MIN(domain->n_anchors, domain->need.anchors);
    BpfpvClaim own = {coming, MIN(domain->need.cores, coming), 0};

    if (domain->view.smt == BPFPV_SMT_ISOLATE)
        own.anchors = coming * placer->widest;
    own.cpus = own.anchors + domain->n_open - MIN(domain->need.anchors, domain->n_open);
    own.anchors *= (guint)times;
    own.cores *= (guint)times;
    own.cpus *= (guint)times;
    bpfpv_placer_claim(placer, domain->home, own);
}

/* ---- one that has anchors already ---- */

/* Cores in @place that @domain's anchors have, or that are vacant and that it may have. */
static guint
count_cores(BpfpvPlacer *placer, const BpfpvPlacerDomain *domain, const BpfpvPlace *place)
{
    BpfpvCpuset *cores = placer->choice;

    bpfpv_cpuset_assign(cores, placer->units[domain->view.smt]);
    for (guint i = 0; i < domain->wanting->len; i++) {
        int cpu = ((const BpfpvSlot *)domain->wanting->pdata[i])->cpu;

        if (cpu != BPFPV_NO_CPU)
            bpfpv_cpuset_add(cores, (guint)bpfpv_cpuset_next(
                                        bpfpv_topology_core_of(placer->topology, (guint)cpu), 0));
    }
    bpfpv_cpuset_intersect(cores, place->cpus);
    bpfpv_cpuset_assign(placer->marked, cores);
    bpfpv_cpuset_subtract(placer->marked, domain->anchors_in);
    for (int c = bpfpv_cpuset_next(placer->marked, 0); c >= 0;
         c = bpfpv_cpuset_next(placer->marked, (guint)c + 1)) {
        if (!bpfpv_cpuset_intersects(bpfpv_topology_core_of(placer->topology, (guint)c),
                                     domain->anchors_in))
            bpfpv_cpuset_remove(cores, (guint)c);
    }
    return bpfpv_cpuset_count(cores);
}

/* CPUs that the anchors have which @domain holds in @place. */
static guint
count_own(const BpfpvPlacer *placer, const BpfpvPlacerDomain *domain, const BpfpvPlace *place)
{
    guint n = 0;

    for (guint i = 0; i < domain->wanting->len; i++) {
        const BpfpvSlot *slot = domain->wanting->pdata[i];

        if (slot->cpu != BPFPV_NO_CPU && bpfpv_cpuset_contains(place->cpus, (guint)slot->cpu))
            n += bpfpv_placer_cost_in_cpus(placer, slot, (guint)slot->cpu);
    }
    return n;
}

/* As fits(), where what the domain holds counts as vacant. */
static gboolean
has_room(BpfpvPlacer *placer, const BpfpvPlacerDomain *domain, const BpfpvPlace *place)
{
    const BpfpvPlanNeed *need = &domain->need;
    const BpfpvClaim *claim = &placer->claims[place->index];
    guint own = count_own(placer, domain, place);
    BpfpvCpuset *open = placer->open;

    bpfpv_cpuset_assign(open, domain->floats_in);
    bpfpv_cpuset_intersect(open, placer->free);
    if (!has(own + bpfpv_cpuset_count_common(open, place->cpus), claim->anchors, need->cpus))
        return FALSE;
    bpfpv_cpuset_assign(open, domain->anchors_in);
    bpfpv_cpuset_intersect(open, placer->free);
    return has(own + bpfpv_cpuset_count_common(open, place->cpus), claim->anchors, need->anchors) &&
           (need->cores == 0 || has(count_cores(placer, domain, place), claim->cores, need->cores));
}

/* The smallest place that the first anchor of @domain is in, of those that it may have now. */
static const BpfpvPlace *
place_of_first(const BpfpvPlacer *placer, const BpfpvPlacerDomain *domain)
{
    for (guint i = 0; i < domain->wanting->len; i++) {
        const BpfpvSlot *slot = domain->wanting->pdata[i];

        if (slot->cpu != BPFPV_NO_CPU &&
            bpfpv_cpuset_contains(domain->anchors_in, (guint)slot->cpu))
            return bpfpv_topology_place_of(placer->topology, (guint)slot->cpu);
    }
    return NULL;
}

/* Around what it holds: the smallest place that has room, else @from, or if it is new what would
 * have room without others. */
static const BpfpvPlace *
widen(BpfpvPlacer *placer, const BpfpvPlacerDomain *domain, const BpfpvPlace *from)
{
    const BpfpvPlace *place = from;

    while (place != NULL && !has_room(placer, domain, place))
        place = place->outer;
    if (place != NULL || domain->home != NULL)
        return place != NULL ? place : from;
    for (place = from; place->outer != NULL; place = place->outer) {
        if (placer->capacity[BPFPV_SMT_IGNORE][place->index] >= domain->need.cpus)
            break;
    }
    return place;
}

/* ---- one that has none ---- */

/* What is left of @place, from itself outwards. */
static guint
left_in(const View *view, const BpfpvPlace *place)
{
    guint claimed = view->placer->claims[place->index].cpus;

    return view->floats->cpus[place->index] - MIN(claimed, view->floats->cpus[place->index]);
}

/* Whether @a leaves larger holes than @b, both of one kind and with room. */
static gboolean
packs_better(const View *view, const BpfpvPlace *a, const BpfpvPlace *b)
{
    for (; a != NULL && b != NULL; a = a->outer, b = b->outer) {
        if (left_in(view, a) != left_in(view, b))
            return left_in(view, a) < left_in(view, b);
    }
    return FALSE;
}

/* Whether @a is emptier than @b, and so is what they are part of. */
static gboolean
spreads_better(const View *view, const BpfpvPlace *a, const BpfpvPlace *b)
{
    if (a->outer != NULL && b->outer != NULL && a->outer != b->outer &&
        left_in(view, a->outer) != left_in(view, b->outer))
        return spreads_better(view, a->outer, b->outer);
    return left_in(view, a) > left_in(view, b);
}

/* Whether less is done in @a than in @b for what they have. */
static gboolean
is_less_loaded(const View *view, const BpfpvPlace *a, const BpfpvPlace *b)
{
    guint64 left = view->placer->claims[a->index].cpus, right = view->placer->claims[b->index].cpus;

    return left * view->floats->cpus[b->index] < right * view->floats->cpus[a->index];
}

typedef struct {
    const BpfpvPlace *place; /* (nullable) */
    gboolean apart;          /* it has room beside what others float on */
    gboolean lasting;        /* and if all of the domain were anchored */
} Best;

static void
consider(const View *view, const BpfpvPlace *place, const BpfpvPlanNeed *need,
         const BpfpvPlanNeed *most, Best *best)
{
    Best one = {place, fits(view, place, need, TRUE), FALSE};
    gboolean better;

    one.lasting = one.apart && fits(view, place, most, TRUE);
    if (best->place == NULL || one.apart != best->apart || one.lasting != best->lasting)
        better = best->place == NULL || one.apart + one.lasting > best->apart + best->lasting;
    else if (!one.apart)
        better = is_less_loaded(view, place, best->place);
    else
        better = view->placer->host.spread == BPFPV_SPREAD_DOMAINS
                     ? spreads_better(view, place, best->place)
                     : packs_better(view, place, best->place);
    if (better)
        *best = one;
}

/* The best of the smallest places that have room, @apart from what others float on or not. */
static Best
find_among(const View *view, const BpfpvPlanNeed *need, const BpfpvPlanNeed *most,
           BpfpvPlaceKind largest, gboolean apart)
{
    const GPtrArray *places = bpfpv_topology_places(view->placer->topology);
    Best best = {NULL, FALSE, FALSE};

    for (guint i = 0; i < places->len; i++) {
        const BpfpvPlace *place = places->pdata[i];

        if (place->kind > largest || (best.place != NULL && best.place->kind != place->kind))
            break;
        if (fits(view, place, need, apart))
            consider(view, place, need, most, &best);
    }
    return best;
}

/* Within a cell it is better to be apart from others than in a cache. */
static Best
find_place(const View *view, const BpfpvPlanNeed *need, const BpfpvPlanNeed *most)
{
    Best best = find_among(view, need, most, BPFPV_PLACE_CELL, TRUE);

    return best.place != NULL ? best : find_among(view, need, most, BPFPV_PLACE_HOST, FALSE);
}

/* Where nothing has room for all of it: what its memory is near to, else anywhere. */
static const BpfpvPlace *
place_around(const BpfpvPlacer *placer, const BpfpvCpuset *cpus)
{
    const GPtrArray *places = bpfpv_topology_places(placer->topology);
    const BpfpvPlace *place;

    for (guint i = 0; i < places->len; i++) {
        place = places->pdata[i];
        if (place->outer == NULL || bpfpv_cpuset_is_subset(cpus, place->cpus))
            return place;
    }
    return NULL;
}

static View
view_of(BpfpvPlacer *placer, const BpfpvPlacerDomain *domain)
{
    View view = {.placer = placer};

    view.floats = bpfpv_placer_vacancy(placer, domain->floats_in, BPFPV_SMT_IGNORE);
    view.anchors = domain->view.smt == BPFPV_SMT_IGNORE && domain->anchors_in == domain->floats_in
                       ? view.floats
                       : bpfpv_placer_vacancy(placer, domain->anchors_in, domain->view.smt);
    return view;
}

static Best
search(BpfpvPlacer *placer, const BpfpvPlacerDomain *domain)
{
    BpfpvPlanNeed need = domain->need, most = need_at_most(placer, domain);
    View view = view_of(placer, domain);
    Best best = find_place(&view, &need, &most);

    if (best.place == NULL && need.cores > 0) {
        /* Where whole cores are short, threads have to do. */
        need.cores = 0;
        best = find_place(&view, &need, &most);
    }
    if (best.place == NULL)
        best.place = place_around(placer, domain->floats_in);
    return best;
}

/* ---- several at once ---- */

/* Arrangements of homes that one solve tries if giving them to the largest first does not do. */
#define MAX_TRIES 2000

typedef struct {
    BpfpvPlacer *placer;
    GPtrArray *movers; /* of BpfpvPlacerDomain, the largest first */
    guint from;        /* the first of them that holds nothing */
    const Best *alone; /* by mover: what it had if it were the only one */
    gboolean strict;   /* none may be larger than that, else than a cell */
    guint tries;
} Packing;

/* How large the home of the mover @at may be. */
static BpfpvPlaceKind
largest_for(const Packing *packing, guint at)
{
    BpfpvPlaceKind alone = packing->alone[at].place->kind;

    return packing->strict ? alone : MAX(alone, BPFPV_PLACE_CELL);
}

static gboolean
pack_from(Packing *packing, guint at)
{
    BpfpvPlacer *placer = packing->placer;
    const GPtrArray *places = bpfpv_topology_places(placer->topology);
    BpfpvPlacerDomain *domain;

    if (at == packing->movers->len)
        return TRUE;
    domain = packing->movers->pdata[at];
    for (guint i = 0; i < places->len && packing->tries < MAX_TRIES; i++) {
        const BpfpvPlace *place = places->pdata[i];
        View view;

        if (place->kind > largest_for(packing, at))
            break;
        packing->tries++;
        view = view_of(placer, domain);
        if (!fits(&view, place, &domain->need, TRUE))
            continue;
        domain->home = place;
        claim(placer, domain, 1);
        if (pack_from(packing, at + 1))
            return TRUE;
        claim(placer, domain, -1);
    }
    return FALSE;
}

/* Whether every mover is apart in a cell, or in what it would live in if it were the only one. */
static gboolean
is_packed(const Packing *packing, const Best *found)
{
    for (guint i = packing->from; i < packing->movers->len; i++) {
        if (found[i].place->kind > largest_for(packing, i) || !found[i].apart)
            return FALSE;
    }
    return TRUE;
}

/* Can all of them be apart from one another at all? */
static gboolean
could_be_packed(const Packing *packing)
{
    const GPtrArray *places = bpfpv_topology_places(packing->placer->topology);
    guint64 need = 0, room = bpfpv_cpuset_count(packing->placer->free);

    for (guint i = packing->from; i < packing->movers->len; i++) {
        const BpfpvPlacerDomain *domain = packing->movers->pdata[i];

        need += domain->need.cpus;
        if (!packing->alone[i].apart || domain->need.cpus > BPFPV_CPUSET_MAX)
            return FALSE;
    }
    for (guint i = 0; i < places->len; i++) {
        if (((const BpfpvPlace *)places->pdata[i])->outer == NULL)
            need = MAX(need, packing->placer->claims[i].cpus);
    }
    return need <= room;
}

/* Any arrangement by which each is apart in a home that is not too large. */
static gboolean
repack(Packing *packing, gboolean strict, const Best *found)
{
    packing->strict = strict;
    packing->tries = 0;
    if (is_packed(packing, found))
        return FALSE;
    for (guint i = packing->from; i < packing->movers->len; i++)
        claim(packing->placer, packing->movers->pdata[i], -1);
    if (pack_from(packing, packing->from))
        return TRUE;
    for (guint i = packing->from; i < packing->movers->len; i++) {
        BpfpvPlacerDomain *domain = packing->movers->pdata[i];

        domain->home = found[i].place;
        claim(packing->placer, domain, 1);
    }
    return FALSE;
}

/* The largest first, each the best that is left; if somebody would do better alone, an arrangement
 * by which nobody does, or none would do better than in a cell. */
static void
pack(Packing *packing)
{
    BpfpvPlacer *placer = packing->placer;
    g_autofree Best *alone = g_new(Best, packing->movers->len);
    g_autofree Best *found = g_new(Best, packing->movers->len);

    packing->alone = alone;
    for (guint i = packing->from; i < packing->movers->len; i++)
        alone[i] = search(placer, packing->movers->pdata[i]);
    for (guint i = packing->from; i < packing->movers->len; i++) {
        BpfpvPlacerDomain *domain = packing->movers->pdata[i];

        found[i] = i == packing->from ? alone[i] : search(placer, domain);
        domain->home = found[i].place;
        claim(placer, domain, 1);
    }
    if (packing->movers->len - packing->from >= 2 && could_be_packed(packing) &&
        !repack(packing, TRUE, found))
        repack(packing, FALSE, found);
}

/* ---- all of them ---- */

static gboolean
needs_home(const BpfpvPlacerDomain *domain)
{
    return domain->need.cpus > 0 &&
           (domain->home == NULL ||
            memcmp(&domain->need, &domain->home_need, sizeof(domain->need)) != 0 ||
            !bpfpv_cpuset_intersects(domain->home->cpus, domain->anchors_in));
}

/* Returns: whether the home that it had, or what it holds, says where it lives */
static gboolean
stays(BpfpvPlacer *placer, BpfpvPlacerDomain *domain)
{
    const BpfpvPlace *from = domain->home;

    if (from != NULL && !bpfpv_cpuset_intersects(from->cpus, domain->anchors_in))
        from = domain->home = NULL;
    if (from == NULL)
        from = place_of_first(placer, domain);
    if (from == NULL || (domain->n_anchors == 0 && !has_room(placer, domain, from)))
        return FALSE;
    if (domain->n_anchors > 0)
        domain->home = widen(placer, domain, from);
    return TRUE;
}

/* The largest first: it is they who don't fit everywhere. */
static int
compare_movers(gconstpointer a, gconstpointer b)
{
    const BpfpvPlacerDomain *left = *(BpfpvPlacerDomain *const *)a;
    const BpfpvPlacerDomain *right = *(BpfpvPlacerDomain *const *)b;

    if (left->need.cpus != right->need.cpus)
        return left->need.cpus > right->need.cpus ? -1 : 1;
    if (left->need.cores != right->need.cores)
        return left->need.cores > right->need.cores ? -1 : 1;
    return strcmp(left->key, right->key);
}

/* Those of the movers who stay come first, and claim what they need. Returns: how many they are */
static guint
settle(BpfpvPlacer *placer)
{
    GPtrArray *movers = placer->movers;
    guint n = 0;

    for (guint i = 0; i < movers->len; i++) {
        BpfpvPlacerDomain *domain = movers->pdata[i];

        if (!stays(placer, domain))
            continue;
        claim(placer, domain, 1);
        for (guint k = i; k > n; k--)
            movers->pdata[k] = movers->pdata[k - 1];
        movers->pdata[n++] = domain;
    }
    return n;
}

/* Gives a home to whoever needs one and has none, or needs more or less than before. Those who
 * hold anchors have them already. */
void
bpfpv_placer_choose_homes(BpfpvPlacer *placer)
{
    Packing packing = {.placer = placer, .movers = placer->movers};

    placer->serial++;
    g_ptr_array_set_size(placer->movers, 0);
    for (guint d = 0; d < placer->active->len; d++) {
        if (needs_home(placer->active->pdata[d]))
            g_ptr_array_add(placer->movers, placer->active->pdata[d]);
    }
    for (guint kind = 0; kind < G_N_ELEMENTS(placer->aside); kind++)
        bpfpv_cpuset_subtract(placer->aside[kind], placer->aside[kind]);
    if (placer->movers->len == 0)
        return;
    bpfpv_placer_clear_claims(placer);
    for (guint d = 0; d < placer->active->len; d++) {
        if (!needs_home(placer->active->pdata[d]))
            claim(placer, placer->active->pdata[d], 1);
    }
    g_ptr_array_sort(placer->movers, compare_movers);
    packing.from = settle(placer);
    if (packing.from < placer->movers->len)
        pack(&packing);
    for (guint i = 0; i < placer->movers->len; i++) {
        BpfpvPlacerDomain *domain = placer->movers->pdata[i];

        domain->home_need = domain->need;
        domain->stirred = TRUE;
    }
    bpfpv_placer_set_aside(placer);
}

/* Finds the places that domains live in by their CPUs. */
void
bpfpv_placer_find_homes(BpfpvPlacer *placer)
{
    const GPtrArray *places = bpfpv_topology_places(placer->topology);

    for (guint d = 0; d < placer->domains->len; d++) {
        BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        domain->home = NULL;
        domain->home_need = domain->planned->need;
        for (guint i = 0; domain->planned->home != NULL && i < places->len; i++) {
            const BpfpvPlace *place = places->pdata[i];

            if (bpfpv_cpuset_equal(place->cpus, domain->planned->home))
                domain->home = place;
        }
    }
    placer->homes_lost = FALSE;
}
