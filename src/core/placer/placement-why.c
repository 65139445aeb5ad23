/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why an anchor is unmet, as a sentence with the numbers and what to change;
 * and who may leave QEMU's own threads nothing. Explains what the match
 * decided, decides nothing itself.
 */
#include "core/placer/private.h"

static BpfpvCpuset *
pool_of(const BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    BpfpvCpuset *pool = bpfpv_cpuset_copy(bpfpv_topology_present(placer->topology));

    if (placer->pool != NULL)
        bpfpv_cpuset_intersect(pool, placer->pool);
    if (slot->domain->pool != NULL)
        bpfpv_cpuset_intersect(pool, slot->domain->pool);
    return pool;
}

static char *
format(const BpfpvCpuset *cpus)
{
    return bpfpv_cpuset_is_empty(cpus) ? g_strdup("(empty)") : bpfpv_cpuset_format(cpus);
}

static char *
explain_empty_pool(const BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    g_autoptr(BpfpvCpuset) host = bpfpv_cpuset_copy(bpfpv_topology_present(placer->topology));
    g_autofree char *own_text = NULL;
    g_autofree char *host_text = NULL;

    if (slot->domain->pool == NULL)
        return g_strdup("the host's pool has none of the host's CPUs; widen it");
    if (placer->pool != NULL)
        bpfpv_cpuset_intersect(host, placer->pool);
    own_text = format(slot->domain->pool);
    host_text = format(host);
    return g_strdup_printf("none of the domain's cpuset %s is in the host's pool %s; widen one of "
                           "them",
                           own_text, host_text);
}

/* For an anchor that may only be near to its memory, and no CPU that it may use is. */
static char *
explain_far(const BpfpvPlacer *placer, const BpfpvSlot *slot, const BpfpvCpuset *allowed)
{
    const BpfpvCpuset *cells = slot->candidates->cells;
    g_autoptr(BpfpvCpuset) missing = bpfpv_topology_missing_cells(placer->topology, cells);
    g_autofree char *cells_text = bpfpv_cpuset_format(cells);
    const char *plural = bpfpv_cpuset_count(cells) == 1 ? "" : "s";
    g_autofree char *cpus = NULL;

    if (!bpfpv_cpuset_is_empty(missing)) {
        g_autofree char *missing_text = bpfpv_cpuset_format(missing);

        return g_strdup_printf("its memory is bound to cell%s %s, but the host has no cell %s; "
                               "mend <numatune> or use numa 'prefer'",
                               plural, cells_text, missing_text);
    }
    if (slot->candidates->near == NULL)
        return g_strdup_printf("its memory is in cell%s %s without CPUs, and the host does not "
                               "say which CPUs are near; use numa 'prefer'",
                               plural, cells_text);
    cpus = bpfpv_cpuset_describe(allowed);
    return g_strdup_printf("%s, the pool's that the vCPU may use, %s away from its "
                           "memory; widen the pool or use numa 'prefer'",
                           cpus, bpfpv_cpuset_count(allowed) == 1 ? "is" : "are all");
}

/* For @cpus of which what @origin is in allows none.
 * Returns: (transfer full) */
char *
bpfpv_placer_explain_cgroup(const BpfpvOrigin *origin, const BpfpvCpuset *cpus)
{
    g_autofree char *text = format(cpus);
    g_autofree char *allowed = bpfpv_cpuset_describe(origin->allowed);

    return g_strdup_printf(
        "the domain's cgroup allows %s alone, and so none of %s; widen the "
        "cpuset of the cgroup (with systemd: AllowedCPUs= of the slice or scope)",
        allowed, text);
}

/* For an anchor that was refused on all CPUs that it could have. */
static char *
explain_refused(const BpfpvSlot *slot, const BpfpvCpuset *open)
{
    g_autofree char *text = format(open);

    return g_strdup_printf("no CPU of %s was accepted (%s); trying again from time to time", text,
                           slot->domain->refused_why != NULL ? slot->domain->refused_why
                                                             : "no reason given");
}

/* For an anchor that has no candidate though some of the pool's CPUs that it may use, @allowed, are
 * online. */
static char *
explain_none_open(const BpfpvPlacer *placer, const BpfpvSlot *slot, const BpfpvCpuset *allowed)
{
    g_autoptr(BpfpvCpuset) open = bpfpv_cpuset_copy(allowed);
    g_autofree char *cpus = bpfpv_cpuset_describe(allowed);

    if (!bpfpv_cpuset_intersects(allowed, slot->origin->usable))
        return bpfpv_placer_explain_cgroup(slot->origin, allowed);
    bpfpv_cpuset_intersect(open, slot->origin->usable);
    bpfpv_cpuset_subtract(open, placer->fixed);
    if (bpfpv_cpuset_is_empty(open))
        return g_strdup_printf("%s, the pool's that the vCPU may use, %s to statically "
                               "pinned vCPUs; widen the pool",
                               cpus, bpfpv_cpuset_count(allowed) == 1 ? "belongs" : "belong");
    if (slot->domain->refused != NULL && bpfpv_cpuset_intersects(open, slot->domain->refused))
        return explain_refused(slot, open);
    return explain_far(placer, slot, allowed);
}

/* For an anchor that has no candidate, whoever else is there. */
static char *
explain_no_candidate(const BpfpvPlacer *placer, const BpfpvSlot *slot, const BpfpvCpuset *pool)
{
    g_autoptr(BpfpvCpuset) allowed = bpfpv_cpuset_copy(slot->origin->original);
    g_autofree char *original_text = format(slot->origin->original);
    g_autofree char *pool_text = format(pool);
    g_autofree char *cpus = NULL;
    gboolean is_one;

    bpfpv_cpuset_intersect(allowed, pool);
    is_one = bpfpv_cpuset_count(allowed) == 1;
    cpus = bpfpv_cpuset_describe(allowed);
    if (bpfpv_cpuset_is_empty(pool))
        return explain_empty_pool(placer, slot);
    if (bpfpv_cpuset_is_empty(allowed))
        return g_strdup_printf("the vCPU's own CPUs %s and the pool %s have none in common; "
                               "widen one of them",
                               original_text, pool_text);
    if (!bpfpv_cpuset_intersects(allowed, bpfpv_topology_online(placer->topology)))
        return g_strdup_printf("%s, the pool's that the vCPU may use, %s offline; "
                               "bring %s online or widen the pool",
                               cpus, is_one ? "is" : "are all", is_one ? "it" : "one");
    return explain_none_open(placer, slot, allowed);
}

/* For an anchor whose free candidates are all somebody's last. */
static char *
explain_kept(const BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    g_autoptr(BpfpvCpuset) cpus = bpfpv_cpuset_copy(slot->candidates->set);
    g_autofree char *text = NULL;

    bpfpv_cpuset_intersect(cpus, placer->free);
    text = bpfpv_cpuset_describe(cpus);
    return g_strdup_printf("%s %s free, but kept for vCPUs or QEMU's threads that could float "
                           "nowhere else; widen theirs or use mode 'shared'",
                           text, bpfpv_cpuset_count(cpus) == 1 ? "is" : "are");
}

static void
append_count(GString *text, guint n, const char *what)
{
    if (n > 0)
        g_string_append_printf(text, ", %u %s", n, what);
}

/* What takes the room, in numbers that add up to those online in @allowed, the pool's CPUs that the
 * vCPU may use. */
static void
append_room(GString *text, const BpfpvPlacer *placer, const BpfpvSlot *slot,
            const BpfpvCpuset *allowed)
{
    const BpfpvCandidates *candidates = slot->candidates;
    const BpfpvCpuset *refused = slot->domain->refused;
    g_autoptr(BpfpvCpuset) usable = bpfpv_cpuset_copy(allowed);
    guint n_online = bpfpv_cpuset_count_common(allowed, bpfpv_topology_online(placer->topology));
    guint n_usable, n_fixed, n_refused, n_set = bpfpv_cpuset_count(candidates->set);
    g_autoptr(BpfpvCpuset) open = bpfpv_cpuset_copy(candidates->set);
    guint n_free;
    gboolean spent;

    bpfpv_cpuset_intersect(open, placer->free);
    n_free = bpfpv_cpuset_count(open);
    spent = bpfpv_placer_is_spent(placer, open);
    bpfpv_cpuset_intersect(usable, slot->origin->usable);
    n_usable = bpfpv_cpuset_count(usable);
    n_fixed = bpfpv_cpuset_count_common(usable, placer->fixed);
    bpfpv_cpuset_subtract(usable, placer->fixed);
    n_refused = refused != NULL ? bpfpv_cpuset_count_common(usable, refused) : 0;
    append_count(text, n_online - n_usable, "outside what the domain's cgroup allows");
    append_count(text, n_fixed, "statically pinned");
    append_count(text, n_refused, "refused");
    append_count(text, n_usable - n_fixed - n_refused - n_set, "away from its memory");
    append_count(text, n_free, spent ? "reserved" : "kept or on cores that others use");
    append_count(text, n_set - n_free, "anchored by others");
    if (n_refused > 0 && slot->domain->refused_why != NULL)
        g_string_append_printf(text, " (refused: %s)", slot->domain->refused_why);
    g_string_append(text, n_free == 0 ? "; free one or widen the pool"
                          : spent     ? "; free one or lower the reserve"
                                      : "; free one or use smt 'match'");
}

static char *
explain_no_room(const BpfpvPlacer *placer, const BpfpvSlot *slot, const BpfpvCpuset *pool)
{
    g_autoptr(BpfpvCpuset) allowed = bpfpv_cpuset_copy(pool);
    g_autofree char *pool_text = NULL;
    GString *text = g_string_new(NULL);

    bpfpv_cpuset_intersect(allowed, slot->origin->original);
    pool_text = format(allowed);
    g_string_printf(
        text, "no free %s: %u online in the pool %s", bpfpv_placer_isolates(slot) ? "core" : "CPU",
        bpfpv_cpuset_count_common(allowed, bpfpv_topology_online(placer->topology)), pool_text);
    append_room(text, placer, slot, allowed);
    return g_string_free(text, FALSE);
}

/* Has @domain its share and no more, where others want CPUs too? */
static gboolean
is_shared_out(const BpfpvPlacer *placer, const BpfpvPlacerDomain *domain)
{
    return placer->n_sharing > 1 && domain->view.max_anchors == G_MAXUINT && domain->share > 0 &&
           domain->share < domain->n_wanted && domain->n_anchors == domain->share;
}

/* @open: what is free of its candidates */
static BpfpvReason
reason_of(const BpfpvPlacer *placer, const BpfpvSlot *slot, const BpfpvCpuset *open)
{
    const BpfpvPlacerDomain *domain = slot->domain;

    if (bpfpv_cpuset_is_empty(slot->candidates->set))
        return BPFPV_REASON_NO_CANDIDATE;
    if (domain->n_anchors >= domain->limit)
        return domain->limit < domain->view.max_anchors ? BPFPV_REASON_RESERVE : BPFPV_REASON_LIMIT;
    if (is_shared_out(placer, domain))
        return BPFPV_REASON_SHARE;
    if (!bpfpv_placer_is_spent(placer, open) && !bpfpv_placer_isolates(slot) &&
        bpfpv_cpuset_intersects(open, placer->last_cpus))
        return BPFPV_REASON_KEPT;
    return BPFPV_REASON_NO_ROOM;
}

static char *
say(const BpfpvPlacer *placer, const BpfpvSlot *slot, BpfpvReason reason)
{
    const BpfpvPlacerDomain *domain = slot->domain;
    g_autoptr(BpfpvCpuset) pool = pool_of(placer, slot);

    switch (reason) {
    case BPFPV_REASON_NO_CANDIDATE:
        return explain_no_candidate(placer, slot, pool);
    case BPFPV_REASON_RESERVE:
        return g_strdup_printf("the domain's reserve of %u CPU%s leaves %u for its anchors; "
                               "lower it or widen the pool",
                               domain->view.reserve, domain->view.reserve == 1 ? "" : "s",
                               domain->limit);
    case BPFPV_REASON_LIMIT:
        return g_strdup_printf("the domain's limit of %u anchor%s is reached; raise it",
                               domain->view.max_anchors, domain->view.max_anchors == 1 ? "" : "s");
    case BPFPV_REASON_SHARE:
        return g_strdup_printf("%u of its %u anchors: the host's share for it is %u while others "
                               "want CPUs; free some or raise its weight",
                               domain->n_anchors, domain->n_wanted, domain->share);
    case BPFPV_REASON_KEPT:
        return explain_kept(placer, slot);
    default:
        return explain_no_room(placer, slot, pool);
    }
}

/* Why @slot, an anchor without a CPU in a solve that has matched, is unmet and what to change.
 * Written again only if the numbers in it have changed; its candidates are others if the rest has.
 * Returns: (transfer none): until the next solve */
const char *
bpfpv_placer_explain(BpfpvPlacer *placer, const BpfpvSlot *slot)
{
    BpfpvCandidates *candidates = slot->candidates;
    BpfpvCpuset *open = placer->open;
    BpfpvReason reason;
    gboolean spent;

    bpfpv_cpuset_assign(open, candidates->set);
    bpfpv_cpuset_intersect(open, placer->free);
    spent = bpfpv_placer_is_spent(placer, open);
    reason = reason_of(placer, slot, open);
    if (candidates->why != NULL && candidates->why_reason == reason &&
        candidates->why_spent == spent && candidates->why_share == slot->domain->share &&
        candidates->why_wanted == slot->domain->n_wanted &&
        (reason == BPFPV_REASON_KEPT
             ? bpfpv_cpuset_equal(candidates->why_free, open)
             : bpfpv_cpuset_count(candidates->why_free) == bpfpv_cpuset_count(open)))
        return candidates->why;
    bpfpv_placer_replace_set(&candidates->why_free, open);
    candidates->why_reason = reason;
    candidates->why_spent = spent;
    candidates->why_share = slot->domain->share;
    candidates->why_wanted = slot->domain->n_wanted;
    g_free(candidates->why);
    candidates->why = say(placer, slot, reason);
    return candidates->why;
}

/* Of which cohort @slot is, the one with most tasks if there are several, and what that means.
 * Returns: (transfer full) */
char *
bpfpv_placer_explain_cohort(const BpfpvSlot *slot)
{
    const GPtrArray *cohorts = bpfpv_demand_cohorts(slot->domain->demand);
    const BpfpvCohort *largest = NULL;
    static const char *const places[] = {"one last-level cache", "one cell", "one socket",
                                         "the nearest cells"};
    g_autofree char *where = NULL;
    g_autofree char *vcpus = NULL;
    guint others = 0;

    for (guint i = 0; i < cohorts->len; i++) {
        const BpfpvCohort *cohort = cohorts->pdata[i];

        if (!bpfpv_cpuset_contains(cohort->vcpus, slot->vcpu))
            continue;
        others += largest != NULL;
        if (largest == NULL || cohort->tasks > largest->tasks)
            largest = cohort;
    }
    if (slot->component != NULL && slot->component->cpus != NULL)
        where =
            g_strconcat("on ", places[MIN(slot->component->kind, G_N_ELEMENTS(places) - 1)], NULL);
    else
        where = g_strdup("placed as floating");
    if (largest == NULL)
        return g_strdup_printf("cohort: %s", where);
    vcpus = bpfpv_cpuset_format(largest->vcpus);
    if (others > 0)
        return g_strdup_printf("cohort of vCPUs %s and %u more: %s", vcpus, others, where);
    return g_strdup_printf("cohort of vCPUs %s: %s", vcpus, where);
}

/* ---- vCPUs with a real-time scheduler (<vcpusched>: FIFO or RR) ----
 *
 * Such a vCPU runs for as long as it likes, and may leave the emulator or an I/O thread nothing: a
 * guest whose emulator does not run stands still. Changes no set, only the plan's sentences. */

static const BpfpvCpuset *
cpus_of(const BpfpvPlacerDomain *domain, guint vcpu)
{
    return ((const BpfpvPlanVcpu *)domain->planned->vcpus->pdata[vcpu])->cpus;
}

static gboolean
is_realtime(const BpfpvPlacerDomain *domain, guint vcpu)
{
    return domain->realtime != NULL && !domain->view.released &&
           bpfpv_cpuset_contains(domain->realtime, vcpu);
}

/* Whether all CPUs of @place may be busy with real-time vCPUs at once: those that have one CPU are
 * there, and each of the others may be on any that is left. */
static gboolean
may_be_full(const BpfpvPlacer *placer, const BpfpvCpuset *place)
{
    g_autoptr(BpfpvCpuset) left = bpfpv_cpuset_copy(place);
    guint n_roaming = 0;

    for (guint d = 0; d < placer->domains->len; d++) {
        const BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        for (guint v = 0; domain->realtime != NULL && v < domain->slots->len; v++)
            if (is_realtime(domain, v) && bpfpv_cpuset_count(cpus_of(domain, v)) == 1)
                bpfpv_cpuset_subtract(left, cpus_of(domain, v));
    }
    for (guint d = 0; d < placer->domains->len; d++) {
        const BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        for (guint v = 0; domain->realtime != NULL && v < domain->slots->len; v++)
            n_roaming += is_realtime(domain, v) && bpfpv_cpuset_count(cpus_of(domain, v)) > 1 &&
                         bpfpv_cpuset_intersects(cpus_of(domain, v), left);
    }
    return n_roaming >= bpfpv_cpuset_count(left);
}

/* The same, asked once for each set: threads share theirs. */
static gboolean
is_tight(const BpfpvPlacer *placer, GHashTable *known, const BpfpvCpuset *place)
{
    gpointer value;

    if (!g_hash_table_lookup_extended(known, place, NULL, &value)) {
        value = GINT_TO_POINTER(may_be_full(placer, place));
        g_hash_table_insert(known, (gpointer)place, value);
    }
    return GPOINTER_TO_INT(value);
}

static char *
name_of(const BpfpvPlanThread *thread, gboolean is_own)
{
    g_autofree char *name = thread->kind == BPFPV_THREAD_EMULATOR
                                ? g_strdup("the emulator")
                                : g_strdup_printf("I/O thread %u", thread->id);

    return is_own ? g_steal_pointer(&name) : g_strdup_printf("%s of another domain", name);
}

/* Adds to what the plan says of @vcpu; the next bpfpv_placer_write() starts from scratch. */
static void
add_why(BpfpvPlacerDomain *domain, guint vcpu, const BpfpvPlacerDomain *owner,
        const BpfpvPlanThread *thread)
{
    BpfpvPlanVcpu *planned = domain->planned->vcpus->pdata[vcpu];
    g_autofree char *name = name_of(thread, owner == domain);
    g_autofree char *place = bpfpv_cpuset_describe(thread->cpus);
    char *why = g_strdup_printf("%s%sits scheduler is a real-time one (<vcpusched>), and %s may "
                                "run on %s alone, where it may get no time; give that more CPUs",
                                planned->why != NULL ? planned->why : "",
                                planned->why != NULL ? "; " : "", name, place);

    g_free(planned->why);
    planned->why = why;
    domain->unsaid = TRUE;
    domain->quiet = FALSE;
    domain->changed = TRUE;
}

/* The first thread of any domain that @vcpu may starve is said. */
static void
look_at(const BpfpvPlacer *placer, GHashTable *known, BpfpvPlacerDomain *domain, guint vcpu)
{
    for (guint d = 0; d < placer->domains->len; d++) {
        const BpfpvPlacerDomain *owner = placer->domains->pdata[d];

        for (guint t = 0; t < owner->planned->threads->len; t++) {
            const BpfpvPlanThread *thread = owner->planned->threads->pdata[t];

            if (!bpfpv_cpuset_intersects(thread->cpus, cpus_of(domain, vcpu)) ||
                !is_tight(placer, known, thread->cpus))
                continue;
            add_why(domain, vcpu, owner, thread);
            return;
        }
    }
}

/* After all sets are written. */
void
bpfpv_placer_say_realtime(BpfpvPlacer *placer)
{
    g_autoptr(GHashTable) known = g_hash_table_new(NULL, NULL);

    for (guint d = 0; d < placer->domains->len; d++) {
        BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        for (guint v = 0; domain->realtime != NULL && v < domain->slots->len; v++)
            if (is_realtime(domain, v))
                look_at(placer, known, domain, v);
    }
}
