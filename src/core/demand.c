/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one guest asks for, counted per vCPU and per cohort. A guest chooses the
 * cohorts, so they are kept in a sorted array of bounded length: no order of
 * adding and no choice of masks makes it slow or large.
 */
#include "core/demand.h"

#include <string.h>

/* Distinct cohorts kept by their set; tasks of further ones only count for their vCPUs. */
#define MAX_COHORTS 1024u

struct _BpfpvDemand {
    guint n_vcpus;
    guint *anchor_tasks; /* by vCPU */
    guint *cohort_tasks; /* by vCPU, those of folded cohorts included */
    GPtrArray *cohorts;  /* of BpfpvCohort, sorted */
    gboolean is_empty;
};

static void
cohort_free(gpointer data)
{
    BpfpvCohort *cohort = data;

    bpfpv_cpuset_free(cohort->vcpus);
    g_free(cohort);
}

static BpfpvCohort *
cohort_new(const BpfpvCpuset *vcpus, guint tasks)
{
    BpfpvCohort *cohort = g_new0(BpfpvCohort, 1);

    cohort->vcpus = bpfpv_cpuset_copy(vcpus);
    cohort->tasks = tasks;
    return cohort;
}

static void
count(guint *counter, guint tasks)
{
    *counter = *counter > G_MAXUINT - tasks ? G_MAXUINT : *counter + tasks;
}

/**
 * bpfpv_demand_new:
 * @n_vcpus: the domain's vCPUs, 1 to %BPFPV_CPUSET_MAX
 *
 * Returns: (transfer full): a demand that asks for nothing
 */
BpfpvDemand *
bpfpv_demand_new(guint n_vcpus)
{
    BpfpvDemand *demand = g_new0(BpfpvDemand, 1);

    demand->n_vcpus = CLAMP(n_vcpus, 1, BPFPV_CPUSET_MAX);
    demand->anchor_tasks = g_new0(guint, demand->n_vcpus);
    demand->cohort_tasks = g_new0(guint, demand->n_vcpus);
    demand->cohorts = g_ptr_array_new_with_free_func(cohort_free);
    demand->is_empty = TRUE;
    return demand;
}

/**
 * bpfpv_demand_copy:
 * @demand: the demand
 *
 * Returns: (transfer full): a demand of its own that asks for the same
 */
BpfpvDemand *
bpfpv_demand_copy(const BpfpvDemand *demand)
{
    BpfpvDemand *copy = bpfpv_demand_new(demand->n_vcpus);

    memcpy(copy->anchor_tasks, demand->anchor_tasks, demand->n_vcpus * sizeof(guint));
    memcpy(copy->cohort_tasks, demand->cohort_tasks, demand->n_vcpus * sizeof(guint));
    for (guint i = 0; i < demand->cohorts->len; i++) {
        const BpfpvCohort *cohort = demand->cohorts->pdata[i];

        g_ptr_array_add(copy->cohorts, cohort_new(cohort->vcpus, cohort->tasks));
    }
    copy->is_empty = demand->is_empty;
    return copy;
}

/**
 * bpfpv_demand_free:
 * @demand: (nullable): the demand
 *
 * Frees @demand.
 */
void
bpfpv_demand_free(BpfpvDemand *demand)
{
    if (demand == NULL)
        return;
    g_free(demand->anchor_tasks);
    g_free(demand->cohort_tasks);
    g_ptr_array_unref(demand->cohorts);
    g_free(demand);
}

/* Where @vcpus is in the sorted cohorts, or where it belongs. */
static guint
cohort_index(const BpfpvDemand *demand, const BpfpvCpuset *vcpus)
{
    guint low = 0, high = demand->cohorts->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const BpfpvCohort *cohort = demand->cohorts->pdata[middle];

        if (bpfpv_cpuset_compare(cohort->vcpus, vcpus) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
add_cohort(BpfpvDemand *demand, const BpfpvCpuset *vcpus, guint tasks)
{
    guint at = cohort_index(demand, vcpus);
    BpfpvCohort *found = at < demand->cohorts->len ? demand->cohorts->pdata[at] : NULL;

    if (found != NULL && bpfpv_cpuset_equal(found->vcpus, vcpus))
        count(&found->tasks, tasks);
    else if (demand->cohorts->len < MAX_COHORTS)
        g_ptr_array_insert(demand->cohorts, (gint)at, cohort_new(vcpus, tasks));
    for (int v = bpfpv_cpuset_next(vcpus, 0); v >= 0; v = bpfpv_cpuset_next(vcpus, (guint)v + 1))
        count(&demand->cohort_tasks[v], tasks);
}

/**
 * bpfpv_demand_add:
 * @demand: the demand
 * @mask: guest CPUs that the tasks are confined to
 * @online: the guest's online CPUs
 * @tasks: how many tasks
 *
 * Adds @tasks tasks. CPUs of @mask that are offline or that the domain has no
 * vCPU for don't count. A mask that covers all of @online asks for nothing, as
 * does one of which nothing is left; one vCPU left is an anchor; more are a
 * cohort, unless they are all the online vCPUs there are.
 *
 * Of more than 1024 distinct cohorts the first 1024 are kept; tasks of later
 * ones still count for bpfpv_demand_cohort_tasks().
 */
void
bpfpv_demand_add(BpfpvDemand *demand, const BpfpvCpuset *mask, const BpfpvCpuset *online,
                 guint tasks)
{
    g_autoptr(BpfpvCpuset) usable = bpfpv_cpuset_new_range(0, demand->n_vcpus - 1);
    g_autoptr(BpfpvCpuset) wanted = NULL;
    guint n_wanted;

    if (tasks == 0 || bpfpv_cpuset_is_subset(online, mask))
        return;
    bpfpv_cpuset_intersect(usable, online);
    wanted = bpfpv_cpuset_copy(mask);
    bpfpv_cpuset_intersect(wanted, usable);
    n_wanted = bpfpv_cpuset_count(wanted);
    if (n_wanted == 0 || (n_wanted > 1 && bpfpv_cpuset_equal(wanted, usable)))
        return;
    if (n_wanted == 1)
        count(&demand->anchor_tasks[bpfpv_cpuset_next(wanted, 0)], tasks);
    else
        add_cohort(demand, wanted, tasks);
    demand->is_empty = FALSE;
}

/**
 * bpfpv_demand_n_vcpus:
 * @demand: the demand
 *
 * Returns: the number of vCPUs that bpfpv_demand_new() was given
 */
guint
bpfpv_demand_n_vcpus(const BpfpvDemand *demand)
{
    return demand->n_vcpus;
}

/**
 * bpfpv_demand_is_empty:
 * @demand: the demand
 *
 * Returns: whether no vCPU is anchored and there is no cohort
 */
gboolean
bpfpv_demand_is_empty(const BpfpvDemand *demand)
{
    return demand->is_empty;
}

/**
 * bpfpv_demand_anchor_tasks:
 * @demand: the demand
 * @vcpu: any number
 *
 * Returns: how many tasks anchor @vcpu; 0 if it is not anchored or not there
 */
guint
bpfpv_demand_anchor_tasks(const BpfpvDemand *demand, guint vcpu)
{
    return vcpu < demand->n_vcpus ? demand->anchor_tasks[vcpu] : 0;
}

/**
 * bpfpv_demand_cohort_tasks:
 * @demand: the demand
 * @vcpu: any number
 *
 * Returns: the tasks of all cohorts that contain @vcpu
 */
guint
bpfpv_demand_cohort_tasks(const BpfpvDemand *demand, guint vcpu)
{
    return vcpu < demand->n_vcpus ? demand->cohort_tasks[vcpu] : 0;
}

/**
 * bpfpv_demand_cohorts:
 * @demand: the demand
 *
 * Returns: (transfer none) (element-type BpfpvCohort): the cohorts, sorted by
 *   bpfpv_cpuset_compare(); valid until @demand changes
 */
const GPtrArray *
bpfpv_demand_cohorts(const BpfpvDemand *demand)
{
    return demand->cohorts;
}

/**
 * bpfpv_demand_equal:
 * @a: a demand
 * @b: another
 *
 * Returns: whether both ask for the same, by the same numbers of tasks
 */
gboolean
bpfpv_demand_equal(const BpfpvDemand *a, const BpfpvDemand *b)
{
    if (a->n_vcpus != b->n_vcpus || a->cohorts->len != b->cohorts->len ||
        memcmp(a->anchor_tasks, b->anchor_tasks, a->n_vcpus * sizeof(guint)) != 0 ||
        memcmp(a->cohort_tasks, b->cohort_tasks, a->n_vcpus * sizeof(guint)) != 0)
        return FALSE;
    for (guint i = 0; i < a->cohorts->len; i++) {
        const BpfpvCohort *ours = a->cohorts->pdata[i], *theirs = b->cohorts->pdata[i];

        if (ours->tasks != theirs->tasks || !bpfpv_cpuset_equal(ours->vcpus, theirs->vcpus))
            return FALSE;
    }
    return TRUE;
}

/**
 * bpfpv_demand_same_wants:
 * @a: a demand
 * @b: another, perhaps for another number of vCPUs
 *
 * Returns: whether both ask for the same anchors and cohorts, if by other
 *   numbers of tasks: a plan that is right for one is so for the other
 */
gboolean
bpfpv_demand_same_wants(const BpfpvDemand *a, const BpfpvDemand *b)
{
    if (a->cohorts->len != b->cohorts->len)
        return FALSE;
    for (guint v = 0; v < MAX(a->n_vcpus, b->n_vcpus); v++) {
        if ((bpfpv_demand_anchor_tasks(a, v) > 0) != (bpfpv_demand_anchor_tasks(b, v) > 0))
            return FALSE;
    }
    for (guint i = 0; i < a->cohorts->len; i++) {
        const BpfpvCohort *ours = a->cohorts->pdata[i], *theirs = b->cohorts->pdata[i];

        if (!bpfpv_cpuset_equal(ours->vcpus, theirs->vcpus))
            return FALSE;
    }
    return TRUE;
}
