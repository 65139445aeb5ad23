/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sets that vCPUs and threads had before bpfpv, each with what its cgroup allows of it. */
#include "core/placer/private.h"

static void
home_free(gpointer data)
{
    BpfpvOriginHome *home = data;

    if (home == NULL)
        return;
    bpfpv_cpuset_free(home->busy);
    g_free(home);
}

static void
origin_free(gpointer data)
{
    BpfpvOrigin *origin = data;

    bpfpv_cpuset_free(origin->original);
    bpfpv_cpuset_free(origin->allowed);
    bpfpv_cpuset_free(origin->back);
    bpfpv_cpuset_free(origin->usable);
    bpfpv_cpuset_free(origin->floating);
    bpfpv_cpuset_free(origin->idle);
    bpfpv_cpuset_free(origin->busy);
    g_ptr_array_unref(origin->homes);
    g_free(origin);
}

static guint
origin_hash(gconstpointer data)
{
    const BpfpvOrigin *origin = data;
    guint hash = bpfpv_cpuset_hash(origin->original);

    return origin->allowed != NULL ? hash * 31 + bpfpv_cpuset_hash(origin->allowed) : hash;
}

static gboolean
origin_equal(gconstpointer a, gconstpointer b)
{
    const BpfpvOrigin *left = a, *right = b;

    return bpfpv_cpuset_equal(left->original, right->original) &&
           bpfpv_placer_same_set(left->allowed, right->allowed);
}

/* Returns: (transfer full): a table for bpfpv_placer_intern() */
GHashTable *
bpfpv_placer_origins_new(void)
{
    return g_hash_table_new_full(origin_hash, origin_equal, origin_free, NULL);
}

/* Original sets are interned: on a real host nearly all are the same, and what is worked out of
 * one need not be worked out again. @allowed: (nullable)
 * Returns: (transfer none): with one more user. */
BpfpvOrigin *
bpfpv_placer_intern(BpfpvPlacer *placer, const BpfpvCpuset *original, const BpfpvCpuset *allowed)
{
    gboolean all = allowed == NULL || bpfpv_cpuset_is_subset(original, allowed);
    BpfpvOrigin key = {.original = (BpfpvCpuset *)original,
                       .allowed = all ? NULL : (BpfpvCpuset *)allowed};
    BpfpvOrigin *origin = g_hash_table_lookup(placer->origins, &key);

    if (origin == NULL) {
        origin = g_new0(BpfpvOrigin, 1);
        origin->original = bpfpv_cpuset_copy(original);
        origin->allowed = all ? NULL : bpfpv_cpuset_copy(allowed);
        origin->homes = g_ptr_array_new_with_free_func(home_free);
        g_hash_table_add(placer->origins, origin);
    }
    origin->users++;
    return origin;
}

/* One user less. */
void
bpfpv_placer_unintern(BpfpvPlacer *placer, BpfpvOrigin *origin)
{
    if (--origin->users == 0)
        g_hash_table_remove(placer->origins, origin);
}

/* ---- what floats ---- */

/* The part of @origin's that is in @place. */
static const BpfpvOriginHome *
origin_home(BpfpvOrigin *origin, const BpfpvPlace *place)
{
    BpfpvOriginHome *home;

    if (origin->homes->len <= place->index)
        g_ptr_array_set_size(origin->homes, (gint)place->index + 1);
    home = origin->homes->pdata[place->index];
    if (home == NULL) {
        home = g_new0(BpfpvOriginHome, 1);
        home->place = place;
        home->busy = bpfpv_cpuset_copy(origin->busy);
        bpfpv_cpuset_intersect(home->busy, place->cpus);
        home->n = bpfpv_cpuset_count(home->busy);
        origin->homes->pdata[place->index] = home;
    }
    return home;
}

/* What @need vCPUs or threads of @domain float on that had @origin: its part of the smallest place
 * around the home that has a CPU for each, or all that there are; all of @origin's where none of it
 * can be used. Once a solve has written what origins have. */
BpfpvCpuset *
bpfpv_placer_floats(const BpfpvPlacerDomain *domain, BpfpvOrigin *origin, guint need)
{
    const BpfpvPlace *place = bpfpv_cpuset_is_empty(origin->usable) ? NULL : domain->home;

    for (; place != NULL && place->outer != NULL; place = place->outer) {
        const BpfpvOriginHome *home = origin_home(origin, place);

        if (home->n > 0 && home->n >= MIN(need, origin->n_busy))
            return home->busy;
    }
    return origin->busy;
}
