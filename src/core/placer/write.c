/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes what was decided into the plan, in place: only what is not there yet
 * costs anything, and sets that many have are one set with many holders.
 */
#include "core/placer/private.h"

#include <string.h>

/* Puts @set into @place of @domain's plan, shared. */
static void
share_into(BpfpvPlacerDomain *domain, BpfpvCpuset **place, BpfpvCpuset *set)
{
    if (*place == set)
        return;
    domain->moved |= *place == NULL || !bpfpv_cpuset_equal(*place, set);
    bpfpv_cpuset_free(*place);
    *place = bpfpv_cpuset_share(set);
}

/* Makes @place equal to @wanted, with a set of its own that others may share; false: it was. */
static void
renew(BpfpvCpuset **place, const BpfpvCpuset *wanted)
{
    if (*place != NULL && bpfpv_cpuset_equal(*place, wanted))
        return;
    bpfpv_cpuset_free(*place);
    *place = bpfpv_cpuset_copy(wanted);
}

/* The original set, which the kernel itself narrows to what the cgroup allows, and widens again;
 * cgroup v1 takes nothing that goes beyond that. */
static void
set_back(BpfpvPlacer *placer, BpfpvOrigin *origin)
{
    g_autoptr(BpfpvCpuset) back =
        bpfpv_thread_truth_back(origin->original, origin->allowed, placer->host.allowed_only);

    renew(&origin->back, back);
}

/* What of @cpus is not shut; where all of it is offline or not allowed, the original: there is
 * nothing else. */
static void
without_shut(const BpfpvPlacer *placer, const BpfpvOrigin *origin, const BpfpvCpuset *cpus,
             BpfpvCpuset *open)
{
    bpfpv_cpuset_assign(open, cpus);
    bpfpv_cpuset_subtract(open, placer->exclusive);
    if (bpfpv_cpuset_is_empty(open))
        bpfpv_cpuset_assign(open, origin->original);
}

/* What @origin's vCPUs float on: their online CPUs without exclusive anchors and without isolated
 * ones; exactly the original set as long as their domain asks for nothing and no such anchor is in
 * it. */
static void
set_floating(BpfpvPlacer *placer, BpfpvOrigin *origin)
{
    BpfpvCpuset *busy = placer->scratch;

    set_back(placer, origin);
    without_shut(placer, origin, origin->floating, busy);
    renew(&origin->busy, busy);
    origin->n_busy = bpfpv_cpuset_count(busy);
    for (guint i = 0; i < origin->homes->len; i++) {
        BpfpvOriginHome *home = origin->homes->pdata[i];

        if (home == NULL)
            continue;
        bpfpv_cpuset_assign(busy, origin->busy);
        bpfpv_cpuset_intersect(busy, home->place->cpus);
        renew(&home->busy, busy);
        home->n = bpfpv_cpuset_count(busy);
    }
    without_shut(placer, origin, origin->usable, busy);
    renew(&origin->idle,
          bpfpv_cpuset_intersects(origin->original, placer->exclusive) ? busy : origin->back);
}

/* @why: (nullable): copied if it is not what @vcpu says already */
static void
set_why(const BpfpvSlot *slot, BpfpvPlanVcpu *vcpu, const char *why)
{
    if (g_strcmp0(vcpu->why, why) == 0)
        return;
    slot->domain->changed = TRUE;
    g_free(vcpu->why);
    vcpu->why = g_strdup(why);
}

static void
write_anchor(const BpfpvSlot *slot, BpfpvPlanVcpu *vcpu)
{
    vcpu->since = slot->since;
    vcpu->unasked = slot->unasked;
    if (vcpu->cpus == NULL || bpfpv_cpuset_count(vcpu->cpus) != 1 ||
        !bpfpv_cpuset_contains(vcpu->cpus, (guint)slot->cpu)) {
        slot->domain->moved = TRUE;
        bpfpv_cpuset_free(vcpu->cpus);
        vcpu->cpus = bpfpv_cpuset_new_range((guint)slot->cpu, (guint)slot->cpu);
    }
    if (slot->asked != BPFPV_WANT_ANCHOR)
        set_why(slot, vcpu, "held for a moment: nobody asks for it any more");
    else if (slot->candidates->near != NULL &&
             !bpfpv_cpuset_contains(slot->candidates->near, (guint)slot->cpu))
        set_why(slot, vcpu, "away from its memory: no CPU of those cells was free");
    else if (slot->candidates->cells != NULL && slot->candidates->near == NULL)
        set_why(slot, vcpu,
                "near to no memory: the host does not have the cells that <numatune> names, "
                "or does not say which CPUs are near to them");
    else
        set_why(slot, vcpu, NULL);
}

/* None of its CPUs is online and allowed: there is nothing that it could have instead. */
static void
write_unusable(const BpfpvPlacer *placer, const BpfpvSlot *slot, BpfpvPlanVcpu *vcpu)
{
    g_autofree char *original = bpfpv_cpuset_format(slot->origin->original);
    g_autofree char *why = NULL;

    if (slot->origin->allowed != NULL &&
        bpfpv_cpuset_intersects(slot->origin->original, bpfpv_topology_online(placer->topology)))
        why = bpfpv_placer_explain_cgroup(slot->origin, slot->origin->original);
    else
        why = g_strdup_printf("all of the vCPU's CPUs %s are offline; bring one online", original);
    vcpu->met = FALSE;
    set_why(slot, vcpu, why);
}

/* What it floats on: there should be a CPU for each of its domain's that float. */
static BpfpvCpuset *
at_home(const BpfpvSlot *slot)
{
    return bpfpv_placer_floats(slot->domain, slot->origin,
                               slot->domain->n_open - slot->domain->n_anchors);
}

#define WHY_ISOLATED "floats on isolated CPUs, where the kernel does not balance"

/* Whether one that floats on @cpus stays on whichever of them it is on. */
static gboolean
is_stuck(const BpfpvPlacer *placer, const BpfpvCpuset *cpus)
{
    return bpfpv_cpuset_is_subset(cpus, bpfpv_topology_isolated(placer->topology)) &&
           bpfpv_cpuset_count(cpus) > 1;
}

/* Of which cohort it is; anew if something in that sentence has changed. */
static void
say_cohort(const BpfpvPlacer *placer, const BpfpvSlot *slot, BpfpvPlanVcpu *vcpu, BpfpvWant was)
{
    const BpfpvComponent *component = slot->component;
    gboolean stuck = is_stuck(placer, vcpu->cpus);
    gboolean said = vcpu->why != NULL && g_str_has_suffix(vcpu->why, WHY_ISOLATED);
    g_autofree char *why = NULL;
    g_autofree char *more = NULL;

    if (!slot->domain->unsaid && component != NULL && component->said == component->place &&
        was == BPFPV_WANT_COHORT && said == stuck)
        return;
    why = bpfpv_placer_explain_cohort(slot);
    more = stuck ? g_strconcat(why, "; " WHY_ISOLATED, NULL) : NULL;
    set_why(slot, vcpu, stuck ? more : why);
}

static void
write_floating(BpfpvPlacer *placer, const BpfpvSlot *slot, BpfpvPlanVcpu *vcpu, BpfpvWant was)
{
    BpfpvComponent *component = slot->want == BPFPV_WANT_COHORT ? slot->component : NULL;
    gboolean demands = slot->domain->demands;

    if (slot->domain->view.released)
        share_into(slot->domain, &vcpu->cpus, slot->origin->back);
    else if (component != NULL && component->cpus != NULL)
        share_into(slot->domain, &vcpu->cpus, component->cpus);
    else
        share_into(slot->domain, &vcpu->cpus, demands ? at_home(slot) : slot->origin->idle);
    vcpu->lost = slot->displaced;
    if (slot->want == BPFPV_WANT_ANCHOR) {
        vcpu->since = slot->waiting;
        set_why(slot, vcpu, bpfpv_placer_explain(placer, slot));
    } else if (slot->want == BPFPV_WANT_COHORT) {
        say_cohort(placer, slot, vcpu, was);
    } else {
        set_why(slot, vcpu, demands && is_stuck(placer, vcpu->cpus) ? WHY_ISOLATED : NULL);
    }
    if (demands && bpfpv_cpuset_is_empty(slot->origin->usable))
        write_unusable(placer, slot, vcpu);
}

static void
write_vcpu(BpfpvPlacer *placer, const BpfpvSlot *slot, BpfpvPlanVcpu *vcpu)
{
    const BpfpvPlanVcpu before = *vcpu;

    vcpu->want = slot->want;
    vcpu->tasks = slot->want == slot->asked ? slot->tasks : 0;
    vcpu->met = slot->want != BPFPV_WANT_ANCHOR || slot->cpu != BPFPV_NO_CPU;
    vcpu->since = 0;
    vcpu->unasked = 0;
    vcpu->lost = FALSE;
    if (slot->want == BPFPV_WANT_FIXED)
        share_into(slot->domain, &vcpu->cpus, slot->origin->original);
    else if (slot->cpu != BPFPV_NO_CPU)
        write_anchor(slot, vcpu);
    else
        write_floating(placer, slot, vcpu, before.want);
    slot->domain->changed |= vcpu->tasks != before.tasks;
    slot->domain->moved |= vcpu->want != before.want || vcpu->met != before.met ||
                           vcpu->since != before.since || vcpu->unasked != before.unasked ||
                           vcpu->lost != before.lost;
}

static void
write_home(BpfpvPlacerDomain *domain)
{
    BpfpvPlanDomain *planned = domain->planned;
    const BpfpvCpuset *home = domain->home != NULL ? domain->home->cpus : NULL;

    domain->moved |= !bpfpv_placer_same_set(planned->home, home) ||
                     memcmp(&planned->need, &domain->home_need, sizeof(planned->need)) != 0;
    planned->need = domain->home_need;
    if (domain->home != NULL)
        renew(&planned->home, domain->home->cpus);
    else
        g_clear_pointer(&planned->home, bpfpv_cpuset_free);
}

static void
write_domain(BpfpvPlacer *placer, BpfpvPlacerDomain *domain)
{
    BpfpvPlanDomain *planned = domain->planned;

    placer->n_written++;
    write_home(domain);
    planned->unmet = 0;
    for (guint v = 0; v < domain->slots->len; v++) {
        BpfpvPlanVcpu *vcpu = planned->vcpus->pdata[v];

        write_vcpu(placer, bpfpv_slot_at(domain, v), vcpu);
        planned->unmet += !vcpu->met;
    }
    domain->unsaid = FALSE;
    for (guint i = 0; i < domain->components->len; i++) {
        BpfpvComponent *component = domain->components->pdata[i];

        component->said = component->place;
    }
    for (guint t = 0; t < domain->threads->len; t++) {
        BpfpvOrigin *origin = g_array_index(domain->threads, BpfpvPlacerThread, t).origin;
        BpfpvPlanThread *thread = planned->threads->pdata[t];

        share_into(domain, &thread->cpus,
                   domain->view.released ? origin->back
                   : domain->demands     ? bpfpv_placer_floats(domain, origin, 1)
                                         : origin->idle);
    }
    domain->quiet = !domain->demands && domain->wanting->len == 0 && domain->components->len == 0 &&
                    domain->home == NULL;
}

/* Lists those that were changed by @placer's solve. */
static void
list_changed(BpfpvPlacer *placer, const GPtrArray *domains)
{
    for (guint d = 0; d < domains->len; d++) {
        BpfpvPlacerDomain *domain = domains->pdata[d];

        if (domain->changed || domain->moved)
            g_ptr_array_add(placer->changed, domain->key);
        placer->settled &= !domain->moved;
        domain->changed = domain->moved = FALSE;
        domain->recounted = FALSE;
    }
}

void
bpfpv_placer_write_recounted(BpfpvPlacer *placer)
{
    g_ptr_array_set_size(placer->changed, 0);
    placer->n_written = 0;
    for (guint d = 0; d < placer->recounted->len; d++)
        write_domain(placer, placer->recounted->pdata[d]);
    list_changed(placer, placer->recounted);
    g_ptr_array_set_size(placer->recounted, 0);
}

/* Brings the plan up to date. */
void
bpfpv_placer_write(BpfpvPlacer *placer)
{
    gboolean changed =
        placer->floats_changed || !bpfpv_cpuset_equal(placer->exclusive, placer->last_exclusive);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, placer->origins);
    while (changed && g_hash_table_iter_next(&iter, NULL, &value))
        set_floating(placer, value);
    bpfpv_cpuset_assign(placer->last_exclusive, placer->exclusive);
    placer->floats_changed = FALSE;
    g_ptr_array_set_size(placer->changed, 0);
    placer->n_written = 0;
    for (guint d = 0; d < placer->domains->len; d++) {
        BpfpvPlacerDomain *domain = placer->domains->pdata[d];

        if (changed || !domain->quiet)
            write_domain(placer, domain);
    }
    bpfpv_placer_say_realtime(placer);
    list_changed(placer, placer->domains);
    g_ptr_array_set_size(placer->recounted, 0);
}
