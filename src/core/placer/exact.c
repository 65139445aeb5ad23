/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The largest number of anchors, exactly, on a small host: a whole core that
 * went to the one whose turn it was may be worth two anchors of others. Goes
 * through all arrangements, those that come to the same once (dynamic
 * programming); nobody loses what they hold.
 */
#include "core/placer/private.h"

#include <string.h>

#define MAX_CPUS 16
/* States that are looked at before it gives up, and the anchors stay as they are. */
#define MAX_STATES 60000
/* Domains that ask for more than their limit. */
#define MAX_LIMITED 4

/* One who wants an anchor. Sets of CPUs are bits, in the order of the online ones. */
typedef struct {
    BpfpvSlot *slot;
    gboolean must;               /* keeps an anchor */
    gboolean shuts;              /* what it takes is closed to floating */
    int held;                    /* going elsewhere is a move; BPFPV_NO_CPU: it holds none */
    guint16 options;             /* CPUs that it may have */
    guint16 footprint[MAX_CPUS]; /* by CPU: what an anchor there takes */
    int limited;                 /* the domain's place in State.counts; -1: no limit matters */
} Asker;

typedef struct {
    guint index; /* of the next asker */
    guint16 used, shut;
    guint moves;
    guint8 counts[MAX_LIMITED]; /* anchors of domains with a limit that matters */
} State;

typedef struct {
    BpfpvPlacer *placer;
    GArray *askers;     /* of Asker, by turn */
    BpfpvStates *known; /* what most_from() has found */
    GArray *floors;     /* of guint16: somebody needs a CPU of each that is not shut */
    guint limits[MAX_LIMITED];
    guint n_limited;
    int cpus[MAX_CPUS];
    guint n_cpus;
    guint16 reservable; /* those that count for the budget */
    guint16 others;     /* that an anchor can have without that */
} Exact;

/* One number for each state: no field is larger than it has bits here. */
static guint64
number_of(const State *state)
{
    guint64 number = (guint64)state->used << 16 | state->shut;

    G_STATIC_ASSERT(BPFPV_MAX_SEARCH < 32 && MAX_LIMITED * 5 + 5 + 5 + 32 < 64);
    number = number << 5 | state->index;
    number = number << 5 | state->moves;
    for (guint i = 0; i < MAX_LIMITED; i++)
        number = number << 5 | state->counts[i];
    return number;
}

/* ---- what there is to arrange ---- */

static guint16
bits_of(const Exact *exact, const BpfpvCpuset *set)
{
    guint16 bits = 0;

    for (guint i = 0; i < exact->n_cpus; i++)
        bits |= (guint16)(bpfpv_cpuset_contains(set, (guint)exact->cpus[i]) << i);
    return bits;
}

static int
index_of(const Exact *exact, int cpu)
{
    for (guint i = 0; i < exact->n_cpus; i++) {
        if (exact->cpus[i] == cpu)
            return (int)i;
    }
    return BPFPV_NO_CPU;
}

static void
set_options(const Exact *exact, Asker *asker)
{
    const BpfpvPlacer *placer = exact->placer;
    const BpfpvSlot *slot = asker->slot;
    gboolean isolates = bpfpv_placer_isolates(slot);

    asker->options = bits_of(exact, slot->candidates->set);
    if (isolates)
        asker->options &= (guint16)~bits_of(exact, placer->fixed_cores);
    for (guint i = 0; i < exact->n_cpus; i++)
        asker->footprint[i] =
            isolates
                ? bits_of(exact, bpfpv_topology_core_of(placer->topology, (guint)exact->cpus[i]))
                : (guint16)(1u << i);
    asker->held = slot->holds ? index_of(exact, slot->held) : BPFPV_NO_CPU;
    if (asker->held >= 0 && !bpfpv_placer_has_rested(placer, slot))
        asker->options &= (guint16)(1u << asker->held);
}

/* FALSE: there are too many limits to count. */
static gboolean
add_askers(Exact *exact, const BpfpvPlacerDomain *domain)
{
    int limited = -1;

    if (domain->limit < domain->wanting->len) {
        if (exact->n_limited == G_N_ELEMENTS(exact->limits))
            return FALSE;
        limited = (int)exact->n_limited++;
        exact->limits[limited] = domain->limit;
    }
    for (guint i = 0; i < domain->wanting->len; i++) {
        BpfpvSlot *slot = domain->wanting->pdata[i];
        Asker asker = {.slot = slot, .limited = limited};

        /* Only held: not worth another CPU. */
        if (slot->cpu == BPFPV_NO_CPU && slot->asked != BPFPV_WANT_ANCHOR)
            continue;
        asker.must = slot->cpu != BPFPV_NO_CPU && slot->holds;
        asker.shuts = domain->view.mode == BPFPV_MODE_EXCLUSIVE || bpfpv_placer_isolates(slot);
        set_options(exact, &asker);
        g_array_append_val(exact->askers, asker);
    }
    return TRUE;
}

/* ---- whose turn it would be if everybody were met ---- */

static gboolean
wants_turn(const BpfpvSlot *slot)
{
    return slot->asked == BPFPV_WANT_ANCHOR && !slot->holds &&
           !bpfpv_cpuset_is_empty(slot->candidates->set);
}

static gboolean
take_turn(BpfpvPlacer *placer, BpfpvSlot *slot)
{
    slot->turn = placer->n_turns++;
    slot->domain->n_anchors++;
    return TRUE;
}

static void
count_anchors(BpfpvPlacer *placer, gboolean holders_alone)
{
    for (guint d = 0; d < placer->active->len; d++) {
        BpfpvPlacerDomain *domain = placer->active->pdata[d];

        domain->n_anchors = 0;
        for (guint i = 0; i < domain->wanting->len; i++) {
            BpfpvSlot *slot = domain->wanting->pdata[i];

            domain->n_anchors += slot->cpu != BPFPV_NO_CPU && (slot->holds || !holders_alone);
            slot->turn = holders_alone ? G_MAXUINT : slot->turn;
        }
    }
}

/* The turns of the deal won't do: who was refused let the next of its domain come, before others
 * that have no more anchors. */
static void
set_turns(BpfpvPlacer *placer)
{
    placer->n_turns = 0;
    count_anchors(placer, TRUE);
    bpfpv_placer_deal(placer, wants_turn, take_turn);
    count_anchors(placer, FALSE);
}

/* ---- who asks ---- */

static int
compare_askers(gconstpointer a, gconstpointer b)
{
    const Asker *left = a, *right = b;

    if (left->must != right->must)
        return left->must ? -1 : 1;
    if (left->slot->turn != right->slot->turn)
        return left->slot->turn < right->slot->turn ? -1 : 1;
    return 0;
}

static gboolean
collect(Exact *exact)
{
    const BpfpvPlacer *placer = exact->placer;
    const BpfpvCpuset *online = bpfpv_topology_online(placer->topology);

    if (bpfpv_cpuset_count(online) > MAX_CPUS)
        return FALSE;
    for (int c = bpfpv_cpuset_next(online, 0); c >= 0; c = bpfpv_cpuset_next(online, (guint)c + 1))
        exact->cpus[exact->n_cpus++] = c;
    exact->reservable = bits_of(exact, placer->reservable);
    exact->others =
        (guint16)(bits_of(exact, online) & ~bits_of(exact, placer->fixed) & ~exact->reservable);
    for (guint i = 0; i < placer->tight->len; i++) {
        guint16 bits = bits_of(exact, ((BpfpvOrigin *)placer->tight->pdata[i])->floating);

        g_array_append_val(exact->floors, bits);
    }
    set_turns(exact->placer);
    for (guint d = 0; d < placer->active->len; d++) {
        if (!add_askers(exact, placer->active->pdata[d]))
            return FALSE;
    }
    g_array_sort(exact->askers, compare_askers);
    return exact->askers->len <= BPFPV_MAX_SEARCH;
}

/* ---- how many ---- */

static gboolean
starves(const Exact *exact, guint16 shut)
{
    for (guint i = 0; i < exact->floors->len; i++) {
        if ((g_array_index(exact->floors, guint16, i) & ~shut) == 0)
            return TRUE;
    }
    return FALSE;
}

/* What @state becomes if its next asker gets the CPU @cpu; FALSE: it can't. */
static gboolean
take(const Exact *exact, const State *state, guint cpu, State *next)
{
    const Asker *asker = &g_array_index(exact->askers, Asker, state->index);
    guint16 footprint = asker->footprint[cpu];

    *next = *state;
    next->index++;
    next->used |= footprint;
    if (asker->shuts)
        next->shut |= footprint;
    if (asker->held >= 0 && asker->held != (int)cpu)
        next->moves++;
    if (asker->limited >= 0 && next->counts[asker->limited]++ >= exact->limits[asker->limited])
        return FALSE;
    return (asker->options & 1u << cpu) && !(footprint & state->used) &&
           next->moves <= exact->placer->host.max_moves &&
           (guint)__builtin_popcount(next->used & exact->reservable) <= exact->placer->budget &&
           (next->shut == state->shut || !starves(exact, next->shut));
}

/* No more than this can be met from @state on: all who are left, each with a CPU. */
static int
bound_from(const Exact *exact, const State *state)
{
    guint used = (guint)__builtin_popcount(state->used & exact->reservable);
    guint others = (guint)__builtin_popcount(exact->others & ~state->used);
    guint left = exact->askers->len - state->index;

    return (int)MIN(left, exact->placer->budget - used + others);
}

/* How many from @state on can be met; -1: not all who must. */
static int
most_from(Exact *exact, const State *state)
{
    const Asker *asker;
    guint64 number = number_of(state);
    State next;
    int most = -1, bound = bound_from(exact, state);

    if (state->index == exact->askers->len)
        return 0;
    if (bpfpv_states_find(exact->known, number, &most))
        return most;
    if (bpfpv_states_count(exact->known) >= MAX_STATES)
        return -1;
    most = -1;
    asker = &g_array_index(exact->askers, Asker, state->index);
    for (guint left = asker->options & (guint)~state->used; left != 0 && most < bound;
         left &= left - 1) {
        if (take(exact, state, (guint)__builtin_ctz(left), &next)) {
            int rest = most_from(exact, &next);

            most = rest >= 0 ? MAX(most, rest + 1) : most;
        }
    }
    if (!asker->must && most < bound) {
        next = *state;
        next.index++;
        most = MAX(most, most_from(exact, &next));
    }
    bpfpv_states_add(exact->known, number, most);
    return most;
}

/* ---- which ---- */

/* The CPU that the next asker of @state gets if @most are to be met: what it has now, if that
 * does, else the first that does; BPFPV_NO_CPU: none; @next: what comes of it. */
static int
choose(Exact *exact, const State *state, int most, State *next)
{
    const Asker *asker = &g_array_index(exact->askers, Asker, state->index);
    int now = index_of(exact, asker->slot->was);

    if (now >= 0 && take(exact, state, (guint)now, next) && most_from(exact, next) == most - 1)
        return now;
    for (guint c = 0; c < exact->n_cpus; c++) {
        if (take(exact, state, c, next) && most_from(exact, next) == most - 1)
            return (int)c;
    }
    *next = *state;
    next->index++;
    return BPFPV_NO_CPU;
}

static void
arrange(Exact *exact, int most)
{
    BpfpvPlacer *placer = exact->placer;
    State state = {0}, next;

    for (guint i = 0; i < exact->askers->len; i++) {
        BpfpvSlot *slot = g_array_index(exact->askers, Asker, i).slot;

        slot->was = slot->cpu;
        if (slot->cpu != BPFPV_NO_CPU)
            bpfpv_placer_vacate(placer, slot);
    }
    for (guint i = 0; i < exact->askers->len; i++) {
        const Asker *asker = &g_array_index(exact->askers, Asker, i);
        int cpu = choose(exact, &state, most, &next);

        state = next;
        asker->slot->stays = asker->held >= 0 && cpu == asker->held;
        if (cpu == BPFPV_NO_CPU)
            continue;
        bpfpv_placer_put(placer, asker->slot, exact->cpus[cpu]);
        most--;
    }
    placer->n_moves = state.moves;
}

/* Whether somebody is unmet while there is a CPU left, or others have whole cores. */
static gboolean
is_worth_it(const BpfpvPlacer *placer)
{
    guint unmet = 0, cores = 0;

    for (guint d = 0; d < placer->active->len; d++) {
        const BpfpvPlacerDomain *domain = placer->active->pdata[d];

        for (guint i = 0; i < domain->wanting->len; i++) {
            const BpfpvSlot *slot = domain->wanting->pdata[i];

            if (slot->cpu == BPFPV_NO_CPU)
                unmet += !bpfpv_cpuset_is_empty(slot->candidates->set);
            else
                cores += bpfpv_placer_isolates(slot);
        }
    }
    return unmet > 0 && (cores > 0 || !bpfpv_placer_is_spent(placer, placer->free));
}

/* Meets as many as can be met, if that is more than are met now. Those who hold an anchor keep one,
 * and of the others those whose turn was first. */
void
bpfpv_placer_meet_most(BpfpvPlacer *placer)
{
    Exact exact = {.placer = placer};
    State state = {0};
    int most;

    if (placer->n_anchors >= BPFPV_MAX_SEARCH || !is_worth_it(placer))
        return;
    exact.askers = g_array_new(FALSE, TRUE, sizeof(Asker));
    exact.floors = g_array_new(FALSE, TRUE, sizeof(guint16));
    exact.known = bpfpv_states_new();
    if (collect(&exact)) {
        most = most_from(&exact, &state);
        if (most > (int)placer->n_anchors && bpfpv_states_count(exact.known) < MAX_STATES)
            arrange(&exact, most);
    }
    g_array_unref(exact.askers);
    g_array_unref(exact.floors);
    bpfpv_states_free(exact.known);
}
