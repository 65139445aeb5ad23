/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Assigns host CPUs to anchors: first every anchor that can stay stays, then a
 * maximum bipartite matching of the others by augmenting paths (Kuhn 1955), one
 * anchor per domain at a time. An augmenting path moves only anchors that are
 * new in this plan, so nothing that is in force moves for somebody else.
 */
#include "core/placement-internal.h"

/* A search for one anchor's CPU: path[i] would get cpus[i], which path[i + 1] has now. */
typedef struct {
    BpfpvSolver *solver;
    BpfpvCpuset *visited;
    GPtrArray *path; /* of BpfpvSlot */
    GArray *cpus;    /* of int */
    gboolean saw_free;
} Search;

/**
 * bpfpv_solver_domain_of:
 * @solver: the solver
 * @slot: one of its slots
 *
 * Returns: (transfer none): the domain that @slot is a vCPU of
 */
BpfpvSolverDomain *
bpfpv_solver_domain_of(const BpfpvSolver *solver, const BpfpvSlot *slot)
{
    return &g_array_index(solver->domains, BpfpvSolverDomain, slot->domain);
}

static gboolean
is_exclusive(const BpfpvSolver *solver, const BpfpvSlot *slot)
{
    return bpfpv_solver_domain_of(solver, slot)->domain->mode == BPFPV_MODE_EXCLUSIVE;
}

static void
put(BpfpvSolver *solver, BpfpvSlot *slot, int cpu)
{
    slot->cpu = cpu;
    solver->owner[cpu] = slot;
    if (is_exclusive(solver, slot))
        bpfpv_cpuset_add(solver->exclusive, (guint)cpu);
    else
        bpfpv_cpuset_remove(solver->exclusive, (guint)cpu);
}

static void
vacate(BpfpvSolver *solver, int cpu)
{
    solver->owner[cpu] = NULL;
    bpfpv_cpuset_remove(solver->exclusive, (guint)cpu);
}

/**
 * bpfpv_solver_find_starved:
 * @solver: the solver
 *
 * Returns: (transfer none) (nullable): the first vCPU that has to float but of
 *   whose online CPUs exclusive anchors have all; a vCPU none of whose CPUs is
 *   online was starved by nobody and does not count
 */
const BpfpvSlot *
bpfpv_solver_find_starved(const BpfpvSolver *solver)
{
    for (guint i = 0; i < solver->slots->len; i++) {
        const BpfpvSlot *slot = solver->slots->pdata[i];

        if (slot->want != BPFPV_WANT_FIXED && slot->cpu == BPFPV_NO_CPU &&
            bpfpv_cpuset_is_subset(slot->usable, solver->exclusive) &&
            !bpfpv_cpuset_is_empty(slot->usable))
            return slot;
    }
    return NULL;
}

/* Everybody on the path moves to the next CPU; undone if that starves a floating vCPU. */
static gboolean
try_path(Search *search)
{
    BpfpvSolver *solver = search->solver;
    guint length = search->path->len;

    for (guint i = 0; i < length; i++)
        put(solver, search->path->pdata[i], g_array_index(search->cpus, int, i));
    if (bpfpv_solver_find_starved(solver) == NULL)
        return TRUE;
    vacate(solver, g_array_index(search->cpus, int, length - 1));
    for (guint i = length - 1; i > 0; i--)
        put(solver, search->path->pdata[i], g_array_index(search->cpus, int, i - 1));
    ((BpfpvSlot *)search->path->pdata[0])->cpu = BPFPV_NO_CPU;
    return FALSE;
}

static gboolean augment(Search *search, BpfpvSlot *slot);

/* Can @slot, the last on the path, have @cpu, if need be after its owner found another? */
static gboolean
try_cpu(Search *search, int cpu)
{
    BpfpvSlot *owner = search->solver->owner[cpu];
    gboolean found;

    bpfpv_cpuset_add(search->visited, (guint)cpu);
    g_array_append_val(search->cpus, cpu);
    if (owner == NULL) {
        search->saw_free = TRUE;
        found = try_path(search);
    } else {
        found = augment(search, owner);
    }
    g_array_set_size(search->cpus, search->cpus->len - 1);
    return found;
}

static gboolean
augment(Search *search, BpfpvSlot *slot)
{
    const BpfpvCpuset *candidates = slot->candidates;
    gboolean found = FALSE;

    g_ptr_array_add(search->path, slot);
    for (guint want_free = 2; want_free-- > 0 && !found;) {
        for (int c = bpfpv_cpuset_next(candidates, 0); c >= 0 && !found;
             c = bpfpv_cpuset_next(candidates, (guint)c + 1)) {
            const BpfpvSlot *owner = search->solver->owner[c];

            if (bpfpv_cpuset_contains(search->visited, (guint)c) ||
                (owner == NULL) != (want_free == 1) || (owner != NULL && owner->stays))
                continue;
            found = try_cpu(search, c);
        }
    }
    g_ptr_array_set_size(search->path, (gint)search->path->len - 1);
    return found;
}

static gboolean
give_any(BpfpvSolver *solver, BpfpvSlot *slot)
{
    g_autoptr(BpfpvCpuset) visited = bpfpv_cpuset_new();
    g_autoptr(GPtrArray) path = g_ptr_array_new();
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(int));
    Search search = {solver, visited, path, cpus, FALSE};
    gboolean found = augment(&search, slot);

    /* Without an augmenting path now there will be none after other paths either; but a path
     * that was refused for a starved vCPU may do once that vCPU is an anchor itself. */
    slot->hopeless = !found && !search.saw_free;
    return found;
}

static gboolean
give_held(BpfpvSolver *solver, BpfpvSlot *slot)
{
    if (solver->owner[slot->held] != NULL)
        return FALSE;
    put(solver, slot, slot->held);
    slot->stays = bpfpv_solver_find_starved(solver) == NULL;
    if (slot->stays)
        return TRUE;
    vacate(solver, slot->held);
    slot->cpu = BPFPV_NO_CPU;
    return FALSE;
}

static gboolean
can_stay(const BpfpvSlot *slot)
{
    return slot->held != BPFPV_NO_CPU;
}

static gboolean
was_displaced(const BpfpvSlot *slot)
{
    return slot->was_anchor && !slot->hopeless;
}

static gboolean
is_unmet(const BpfpvSlot *slot)
{
    return !slot->hopeless;
}

typedef gboolean (*Filter)(const BpfpvSlot *slot);
typedef gboolean (*Give)(BpfpvSolver *solver, BpfpvSlot *slot);

/* One more anchor for @domain, the lowest vCPU that passes @filter and that @give finds a CPU for.
 */
static gboolean
give_one(BpfpvSolver *solver, BpfpvSolverDomain *domain, Filter filter, Give give)
{
    if (domain->n_anchors >= domain->domain->max_anchors)
        return FALSE;
    for (guint v = 0; v < domain->slots->len; v++) {
        BpfpvSlot *slot = domain->slots->pdata[v];

        if (slot->want != BPFPV_WANT_ANCHOR || slot->cpu != BPFPV_NO_CPU || !filter(slot) ||
            !give(solver, slot))
            continue;
        domain->n_anchors++;
        solver->n_anchors++;
        return TRUE;
    }
    return FALSE;
}

/* One anchor per domain at a time, until a whole round gave nobody any or the budget is used. */
static void
share_out(BpfpvSolver *solver, Filter filter, Give give)
{
    gboolean progress = TRUE;

    while (progress) {
        progress = FALSE;
        for (guint d = 0; d < solver->domains->len && solver->n_anchors < solver->budget; d++) {
            BpfpvSolverDomain *domain = &g_array_index(solver->domains, BpfpvSolverDomain, d);

            progress |= give_one(solver, domain, filter, give);
        }
    }
}

/**
 * bpfpv_solver_match:
 * @solver: a solver with all its slots and nothing assigned
 *
 * Gives CPUs to anchors: those that can stay, then those that lost their CPU,
 * then new ones. No anchor gets one at the price of another's, or where that
 * would leave a floating vCPU nothing to float on.
 */
void
bpfpv_solver_match(BpfpvSolver *solver)
{
    share_out(solver, can_stay, give_held);
    share_out(solver, was_displaced, give_any);
    share_out(solver, is_unmet, give_any);
}
