/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The placer's domains: keeps copies of what it is told of them, and knows
 * what has to be worked out again when that changes. Decides nothing.
 */
#include "core/placer/private.h"

#include <string.h>

/* Frees a BpfpvPlacerDomain. */
void
bpfpv_placer_domain_free(gpointer data)
{
    BpfpvPlacerDomain *domain = data;

    g_array_unref(domain->slots);
    g_array_unref(domain->threads);
    g_ptr_array_unref(domain->candidates);
    g_ptr_array_unref(domain->components);
    g_ptr_array_unref(domain->wanting);
    g_ptr_array_unref(domain->waiting);
    bpfpv_demand_free(domain->demand);
    bpfpv_cpuset_free(domain->fixed);
    bpfpv_cpuset_free(domain->realtime);
    bpfpv_cpuset_free(domain->pool);
    bpfpv_cpuset_free(domain->allowed);
    bpfpv_cpuset_free(domain->refused);
    g_free(domain->refused_why);
    bpfpv_cpuset_free(domain->memory);
    bpfpv_cpuset_free(domain->near);
    for (guint i = 0; i < G_N_ELEMENTS(domain->near_sets); i++)
        bpfpv_cpuset_free(domain->near_sets[i]);
    bpfpv_guest_topology_free(domain->guest);
    g_free(domain->key);
    g_free(domain);
}

/* Where the domain is in the sorted domains, or where it belongs. */
static guint
index_of(const BpfpvPlacer *placer, const char *key)
{
    guint low = 0, high = placer->domains->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;

        if (strcmp(((BpfpvPlacerDomain *)placer->domains->pdata[middle])->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static BpfpvPlacerDomain *
find(const BpfpvPlacer *placer, const char *key)
{
    guint at = index_of(placer, key);
    BpfpvPlacerDomain *domain = at < placer->domains->len ? placer->domains->pdata[at] : NULL;

    return domain != NULL && strcmp(domain->key, key) == 0 ? domain : NULL;
}

static void
add_slots(BpfpvPlacer *placer, BpfpvPlacerDomain *domain, const BpfpvPlacementDomain *from)
{
    for (guint v = 0; v < from->original->len; v++) {
        BpfpvSlot slot = {.domain = domain,
                          .vcpu = v,
                          .held = BPFPV_NO_CPU,
                          .cpu = BPFPV_NO_CPU,
                          .waiting = G_MAXINT64};

        slot.origin = bpfpv_placer_intern(placer, from->original->pdata[v], from->allowed);
        if (bpfpv_cpuset_count(slot.origin->original) == 1)
            placer->dirty = TRUE;
        else
            slot.origin->floats++;
        g_array_append_val(domain->slots, slot);
    }
    for (guint t = 0; from->threads != NULL && t < from->threads->len; t++) {
        BpfpvPlacerThread thread = {g_array_index(from->threads, BpfpvPlacementThread, t), NULL};

        thread.origin = bpfpv_placer_intern(placer, thread.view.original, from->allowed);
        thread.origin->floats++;
        thread.view.original = thread.origin->original;
        g_array_append_val(domain->threads, thread);
        bpfpv_plan_add_thread(domain->planned, thread.view.kind, thread.view.id, NULL);
    }
}

static BpfpvPlacerDomain *
domain_new(BpfpvPlacer *placer, const BpfpvPlacementDomain *from)
{
    BpfpvPlacerDomain *domain = g_new0(BpfpvPlacerDomain, 1);

    domain->key = g_strdup(from->domain);
    domain->slots = g_array_sized_new(FALSE, TRUE, sizeof(BpfpvSlot), from->original->len);
    domain->threads = g_array_new(FALSE, TRUE, sizeof(BpfpvPlacerThread));
    domain->candidates = g_ptr_array_new_with_free_func(bpfpv_candidates_free);
    domain->components = g_ptr_array_new_with_free_func(bpfpv_component_free);
    domain->wanting = g_ptr_array_new();
    domain->waiting = g_ptr_array_new();
    bpfpv_placer_replace_set(&domain->allowed, from->allowed);
    domain->planned = bpfpv_plan_add_domain(placer->plan, from->domain, from->original->len);
    add_slots(placer, domain, from);
    g_ptr_array_insert(placer->domains, (gint)index_of(placer, domain->key), domain);
    return domain;
}

static void
adopt_vcpu(BpfpvSlot *slot, const BpfpvPlanVcpu *vcpu, BpfpvPlanVcpu *planned)
{
    int cpu = vcpu->cpus != NULL ? bpfpv_cpuset_next(vcpu->cpus, 0) : BPFPV_NO_CPU;

    slot->waiting = G_MAXINT64;
    slot->held = BPFPV_NO_CPU;
    if (vcpu->want == BPFPV_WANT_ANCHOR && vcpu->met) {
        slot->held = cpu;
        slot->since = vcpu->since;
        slot->unasked = vcpu->unasked;
    } else if (vcpu->want == BPFPV_WANT_ANCHOR) {
        slot->waiting = vcpu->since;
        slot->displaced = vcpu->lost;
    } else if (vcpu->want == BPFPV_WANT_COHORT) {
        planned->want = vcpu->want;
        bpfpv_placer_replace_set(&planned->cpus, vcpu->cpus);
    }
}

static void
adopt(BpfpvPlacerDomain *domain, const BpfpvPlanDomain *planned)
{
    for (guint v = 0; v < MIN(domain->slots->len, planned->vcpus->len); v++)
        adopt_vcpu(bpfpv_slot_at(domain, v), planned->vcpus->pdata[v],
                   domain->planned->vcpus->pdata[v]);
    bpfpv_placer_replace_set(&domain->planned->home, planned->home);
    domain->planned->need = planned->need;
}

/* The domain with other original sets or threads, or another cgroup's bounds: an I/O thread came,
 * somebody pinned a vCPU. Its vCPUs hold what they held, and have waited since they did. */
static BpfpvPlacerDomain *
replace(BpfpvPlacer *placer, const BpfpvPlacerDomain *domain, const BpfpvPlacementDomain *from)
{
    g_autoptr(BpfpvPlan) last = bpfpv_plan_new();
    gboolean known = domain->known;
    BpfpvPlacerDomain *other;

    bpfpv_plan_move_domain(placer->plan, from->domain, last);
    bpfpv_placer_remove_domain(placer, from->domain);
    other = domain_new(placer, from);
    other->known = known;
    if (known)
        adopt(other, last->domains->pdata[0]);
    placer->homes_lost = TRUE;
    return other;
}

/* Whether the vCPUs and threads are those that it has, in the same bounds. */
static gboolean
same_shape(const BpfpvPlacerDomain *domain, const BpfpvPlacementDomain *from)
{
    guint n_threads = from->threads != NULL ? from->threads->len : 0;

    if (domain->slots->len != from->original->len || domain->threads->len != n_threads ||
        !bpfpv_placer_same_set(domain->allowed, from->allowed))
        return FALSE;
    for (guint v = 0; v < domain->slots->len; v++) {
        if (!bpfpv_cpuset_equal(bpfpv_slot_at(domain, v)->origin->original,
                                from->original->pdata[v]))
            return FALSE;
    }
    for (guint t = 0; t < n_threads; t++) {
        const BpfpvPlacerThread *has = &g_array_index(domain->threads, BpfpvPlacerThread, t);
        const BpfpvPlacementThread *is = &g_array_index(from->threads, BpfpvPlacementThread, t);

        if (has->view.kind != is->kind || has->view.id != is->id ||
            !bpfpv_cpuset_equal(has->view.original, is->original))
            return FALSE;
    }
    return TRUE;
}

/* Returns: (nullable): those with a real-time scheduler, if there are any */
static const BpfpvCpuset *
realtime_of(const BpfpvPlacementDomain *from)
{
    return from->realtime != NULL && !bpfpv_cpuset_is_empty(from->realtime) ? from->realtime : NULL;
}

/* But for the demand. */
static gboolean
same_wishes(const BpfpvPlacerDomain *domain, const BpfpvPlacementDomain *from)
{
    const BpfpvPlacementDomain *view = &domain->view;

    return domain->demand != NULL && view->mode == from->mode && view->smt == from->smt &&
           view->cohort == from->cohort && view->numa == from->numa &&
           view->max_anchors == from->max_anchors && view->reserve == from->reserve &&
           view->weight == from->weight && view->hold_us == from->hold_us &&
           view->released == from->released && bpfpv_placer_same_set(domain->pool, from->pool) &&
           bpfpv_placer_same_set(domain->fixed, from->fixed) &&
           bpfpv_placer_same_set(domain->realtime, realtime_of(from)) &&
           bpfpv_placer_same_set(domain->refused, from->refused) &&
           g_strcmp0(domain->refused_why, from->refused_why) == 0 &&
           bpfpv_placer_same_set(domain->memory, from->memory) &&
           bpfpv_placer_same_set(domain->near, from->near) &&
           bpfpv_guest_topology_equal(domain->guest, from->guest);
}

/* What the demand asks of every vCPU. */
static void
set_wants(BpfpvPlacerDomain *domain)
{
    domain->demands = !bpfpv_demand_is_empty(domain->demand) && !domain->view.released;
    domain->wants_anchor = FALSE;
    domain->n_open = 0;
    for (guint v = 0; v < domain->slots->len; v++) {
        BpfpvSlot *slot = bpfpv_slot_at(domain, v);
        guint anchor_tasks = bpfpv_demand_anchor_tasks(domain->demand, v);
        guint cohort_tasks = bpfpv_demand_cohort_tasks(domain->demand, v);

        slot->tasks = anchor_tasks > 0 ? anchor_tasks : cohort_tasks;
        if (bpfpv_cpuset_count(slot->origin->original) == 1 ||
            (domain->fixed != NULL && bpfpv_cpuset_contains(domain->fixed, v)))
            slot->asked = BPFPV_WANT_FIXED;
        else if (domain->view.released)
            slot->asked = BPFPV_WANT_FLOAT;
        else if (anchor_tasks > 0)
            slot->asked = BPFPV_WANT_ANCHOR;
        else
            slot->asked = cohort_tasks > 0 ? BPFPV_WANT_COHORT : BPFPV_WANT_FLOAT;
        domain->n_open += slot->asked != BPFPV_WANT_FIXED;
        domain->wants_anchor |= slot->asked == BPFPV_WANT_ANCHOR;
    }
}

/* Copies what @from points to. */
static void
keep(BpfpvPlacerDomain *domain, const BpfpvPlacementDomain *from)
{
    bpfpv_demand_free(domain->demand);
    domain->demand = bpfpv_demand_copy(from->demand);
    bpfpv_placer_replace_set(&domain->fixed, from->fixed);
    bpfpv_placer_replace_set(&domain->realtime, realtime_of(from));
    bpfpv_placer_replace_set(&domain->pool, from->pool);
    bpfpv_placer_replace_set(&domain->refused, from->refused);
    g_free(domain->refused_why);
    domain->refused_why = g_strdup(from->refused_why);
    bpfpv_placer_replace_set(&domain->memory, from->memory);
    bpfpv_placer_replace_set(&domain->near, from->near);
    bpfpv_guest_topology_free(domain->guest);
    domain->guest = from->guest != NULL ? bpfpv_guest_topology_copy(from->guest) : NULL;
    domain->view = *from;
    domain->view.domain = domain->key;
    domain->view.demand = domain->demand;
    domain->view.original = NULL;
    domain->view.threads = NULL;
    domain->view.fixed = domain->fixed;
    domain->view.realtime = domain->realtime;
    domain->view.pool = domain->pool;
    domain->view.allowed = domain->allowed;
    domain->view.refused = domain->refused;
    domain->view.refused_why = domain->refused_why;
    domain->view.memory = domain->memory;
    domain->view.near = domain->near;
    domain->view.guest = domain->guest;
}

/* Only the numbers of tasks differ, so every anchor and cohort stays where it is. */
static void
recount(BpfpvPlacer *placer, BpfpvPlacerDomain *domain, const BpfpvDemand *demand)
{
    bpfpv_demand_free(domain->demand);
    domain->demand = bpfpv_demand_copy(demand);
    domain->view.demand = domain->demand;
    domain->unsaid = TRUE;
    domain->quiet = FALSE;
    set_wants(domain);
    if (domain->realtime != NULL)
        placer->settled = FALSE; /* what is said of that comes last, and of all */
    if (!domain->recounted)
        g_ptr_array_add(placer->recounted, domain);
    domain->recounted = TRUE;
}

/**
 * bpfpv_placer_set_domain:
 * @placer: the placer
 * @from: the domain; what it points to is copied
 *
 * Says what a domain asks for now. If its original sets, its threads or what its
 * cgroup allows are others than before, its vCPUs hold what they held, and have waited as long.
 */
void
bpfpv_placer_set_domain(BpfpvPlacer *placer, const BpfpvPlacementDomain *from)
{
    BpfpvPlacerDomain *domain = find(placer, from->domain);

    if (domain == NULL)
        domain = domain_new(placer, from);
    else if (!same_shape(domain, from))
        domain = replace(placer, domain, from);
    else if (same_wishes(domain, from) && bpfpv_demand_same_wants(domain->demand, from->demand)) {
        if (!bpfpv_demand_equal(domain->demand, from->demand))
            recount(placer, domain, from->demand);
        return;
    }
    placer->settled = FALSE;
    keep(domain, from);
    domain->dirty = TRUE;
    domain->unsaid = TRUE;
    domain->quiet = FALSE;
    set_wants(domain);
    bpfpv_placer_find_components(domain);
}

/**
 * bpfpv_placer_remove_domain:
 * @placer: the placer
 * @key: the domain's key; that it is not there is no error
 *
 * Forgets a domain; its CPUs are free in the next solve.
 */
void
bpfpv_placer_remove_domain(BpfpvPlacer *placer, const char *key)
{
    BpfpvPlacerDomain *domain = find(placer, key);

    if (domain == NULL)
        return;
    placer->settled = FALSE;
    g_ptr_array_remove(placer->recounted, domain);
    for (guint v = 0; v < domain->slots->len; v++) {
        BpfpvOrigin *origin = bpfpv_slot_at(domain, v)->origin;

        if (bpfpv_cpuset_count(origin->original) == 1)
            placer->dirty = TRUE;
        else
            origin->floats--;
        bpfpv_placer_unintern(placer, origin);
    }
    for (guint t = 0; t < domain->threads->len; t++) {
        BpfpvOrigin *origin = g_array_index(domain->threads, BpfpvPlacerThread, t).origin;

        origin->floats--;
        bpfpv_placer_unintern(placer, origin);
    }
    bpfpv_plan_remove_domain(placer->plan, key);
    g_ptr_array_remove_index(placer->domains, index_of(placer, key));
}

/**
 * bpfpv_placer_domains:
 * @placer: the placer
 *
 * Returns: (transfer container) (element-type utf8): the keys of its domains, sorted
 */
GPtrArray *
bpfpv_placer_domains(const BpfpvPlacer *placer)
{
    GPtrArray *keys = g_ptr_array_new();

    for (guint d = 0; d < placer->domains->len; d++)
        g_ptr_array_add(keys, ((BpfpvPlacerDomain *)placer->domains->pdata[d])->key);
    return keys;
}

/**
 * bpfpv_placer_adopt:
 * @placer: the placer
 * @plan: a plan
 *
 * Takes what @plan has for the placer's domains to be in force; not for those
 * that a solve has placed already, of which the placer knows more.
 */
void
bpfpv_placer_adopt(BpfpvPlacer *placer, const BpfpvPlan *plan)
{
    for (guint d = 0; d < placer->domains->len; d++) {
        BpfpvPlacerDomain *domain = placer->domains->pdata[d];
        const BpfpvPlanDomain *planned = bpfpv_plan_find(plan, domain->key);

        domain->quiet = FALSE;
        if (planned != NULL && !domain->known)
            adopt(domain, planned);
    }
    placer->homes_lost = TRUE;
    placer->settled = FALSE;
}
