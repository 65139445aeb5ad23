/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which cores and caches have room: sets that are kept up as anchors come and
 * go, so that the best CPU is found by a few operations on sets and not by a
 * look at each.
 */
#include "core/placer/private.h"

#include <string.h>

/* All of @cpu's core are in @set, or none. */
static void
include_core(const BpfpvPlacer *placer, BpfpvCpuset *set, guint cpu, gboolean include)
{
    guint c = cpu;

    if (bpfpv_cpuset_contains(set, cpu) == include)
        return;
    do {
        if (include)
            bpfpv_cpuset_add(set, c);
        else
            bpfpv_cpuset_remove(set, c);
        c = bpfpv_topology_next_thread(placer->topology, c);
    } while (c != cpu);
}

/* The CPUs of caches with @n free units or more. */
static void
find_roomy(const BpfpvPlacer *placer, BpfpvSmt smt, guint n, BpfpvCpuset *roomy)
{
    const GPtrArray *caches = bpfpv_topology_caches(placer->topology);
    const BpfpvCpuset *units = bpfpv_placer_units(placer, smt);

    bpfpv_cpuset_subtract(roomy, roomy);
    for (guint i = 0; i < caches->len; i++) {
        if (bpfpv_cpuset_count_common(caches->pdata[i], units) >= n)
            bpfpv_cpuset_unite(roomy, caches->pdata[i]);
    }
}

/* The CPUs of caches with @n free CPUs, or cores, or more: found by the first who asks in a solve,
 * and kept up from then on. Returns: (transfer none): until somebody gets a CPU, or asks for others
 */
const BpfpvCpuset *
bpfpv_placer_roomy_caches(BpfpvPlacer *placer, BpfpvSmt smt, guint n)
{
    if (n > BPFPV_MAX_ROOM) {
        find_roomy(placer, smt, n, placer->marked);
        return placer->marked;
    }
    if (!placer->roomy_asked[smt][n]) {
        if (placer->roomy[smt][n] == NULL)
            placer->roomy[smt][n] = bpfpv_cpuset_new();
        find_roomy(placer, smt, n, placer->roomy[smt][n]);
        placer->roomy_asked[smt][n] = TRUE;
        placer->any_roomy_asked = TRUE;
    }
    return placer->roomy[smt][n];
}

/* Whether CPUs of @cache are free has changed. */
static void
note_cache(BpfpvPlacer *placer, const BpfpvCpuset *cache)
{
    for (guint smt = 0; smt < G_N_ELEMENTS(placer->roomy); smt++) {
        guint n_free = bpfpv_cpuset_count_common(cache, bpfpv_placer_units(placer, (BpfpvSmt)smt));

        for (guint n = 0; n <= BPFPV_MAX_ROOM; n++) {
            if (!placer->roomy_asked[smt][n])
                continue;
            if (n_free >= n)
                bpfpv_cpuset_unite(placer->roomy[smt][n], cache);
            else
                bpfpv_cpuset_subtract(placer->roomy[smt][n], cache);
        }
    }
}

/* The caches of @cpu's core; it is one unless the host says strange things. */
static void
note_caches(BpfpvPlacer *placer, guint cpu)
{
    const BpfpvCpuset *last = NULL;
    guint c = cpu;

    do {
        const BpfpvCpuset *cache = bpfpv_topology_cache_of(placer->topology, c);

        if (cache != last)
            note_cache(placer, cache);
        last = cache;
        c = bpfpv_topology_next_thread(placer->topology, c);
    } while (c != cpu);
}

/* @core, by its first thread, is in @units, or not. */
static void
include_unit(BpfpvCpuset *units, guint core, gboolean include)
{
    if (include)
        bpfpv_cpuset_add(units, core);
    else
        bpfpv_cpuset_remove(units, core);
}

/* The owner of @cpu, or whether it or its siblings are free, has changed. */
void
bpfpv_placer_note_core(BpfpvPlacer *placer, guint cpu)
{
    const BpfpvCpuset *online = bpfpv_topology_online(placer->topology);
    guint n_free = 0, n_online = 0, n_owners = 0, c = cpu, first = cpu;

    do {
        first = MIN(first, c);
        n_free += bpfpv_cpuset_contains(placer->free, c);
        n_online += bpfpv_cpuset_contains(online, c);
        n_owners += placer->owner[c] != NULL;
        c = bpfpv_topology_next_thread(placer->topology, c);
    } while (c != cpu);
    for (guint k = 2; k <= placer->widest; k++)
        include_core(placer, placer->room[k], cpu, n_free >= k);
    include_core(placer, placer->whole, cpu, n_free == n_online);
    include_core(placer, placer->occupied, cpu, n_owners > 0);
    include_unit(placer->units[BPFPV_SMT_MATCH], first, n_owners == 0 && n_free > 0);
    include_unit(placer->units[BPFPV_SMT_ISOLATE], first,
                 n_free > 0 && n_free == n_online &&
                     !bpfpv_cpuset_contains(placer->fixed_cores, first));
    if (placer->any_roomy_asked)
        note_caches(placer, cpu);
}

static BpfpvCpuset *
empty(BpfpvCpuset **set)
{
    if (*set == NULL)
        *set = bpfpv_cpuset_new();
    bpfpv_cpuset_subtract(*set, *set);
    return *set;
}

/* @open: CPUs that anybody could be anchored to */
static void
add_core(BpfpvPlacer *placer, const BpfpvCpuset *core, const BpfpvCpuset *open)
{
    guint n_open = bpfpv_cpuset_count_common(core, open);

    for (guint k = 2; k <= MIN(n_open, BPFPV_MAX_ROOM); k++)
        bpfpv_cpuset_unite(placer->empty_room[k], core);
    placer->widest = MAX(placer->widest, MIN(n_open, BPFPV_MAX_ROOM));
    if (bpfpv_cpuset_intersects(core, placer->fixed))
        bpfpv_cpuset_unite(placer->fixed_cores, core);
}

/* Works out what does not change until the host or a fixed CPU does. */
void
bpfpv_placer_survey(BpfpvPlacer *placer)
{
    const BpfpvCpuset *present = bpfpv_topology_present(placer->topology);
    const GPtrArray *cores = bpfpv_topology_cores(placer->topology);

    for (guint i = 0; i <= BPFPV_MAX_CLASS; i++)
        empty(&placer->classes[i]);
    for (guint k = 0; k <= BPFPV_MAX_ROOM; k++)
        empty(&placer->empty_room[k]);
    empty(&placer->fixed_cores);
    placer->widest = 1;
    for (int c = bpfpv_cpuset_next(present, 0); c >= 0;
         c = bpfpv_cpuset_next(present, (guint)c + 1))
        bpfpv_cpuset_add(placer->classes[bpfpv_placer_class(placer, (guint)c)], (guint)c);
    bpfpv_cpuset_assign(placer->scratch, bpfpv_topology_online(placer->topology));
    bpfpv_cpuset_subtract(placer->scratch, placer->fixed);
    for (guint i = 0; i < cores->len; i++)
        add_core(placer, cores->pdata[i], placer->scratch);
    bpfpv_placer_survey_places(placer);
}

/* All online CPUs but those of fixed vCPUs are free again. */
void
bpfpv_placer_free_all(BpfpvPlacer *placer)
{
    bpfpv_cpuset_assign(placer->free, bpfpv_topology_online(placer->topology));
    bpfpv_cpuset_subtract(placer->free, placer->fixed);
    bpfpv_cpuset_assign(placer->whole, bpfpv_topology_present(placer->topology));
    bpfpv_cpuset_subtract(placer->whole, placer->fixed_cores);
    bpfpv_cpuset_subtract(placer->occupied, placer->occupied);
    bpfpv_cpuset_assign(placer->units[BPFPV_SMT_MATCH], placer->leaders);
    bpfpv_cpuset_assign(placer->units[BPFPV_SMT_ISOLATE], placer->leaders);
    bpfpv_cpuset_subtract(placer->units[BPFPV_SMT_ISOLATE], placer->fixed_cores);
    memset(placer->roomy_asked, 0, sizeof(placer->roomy_asked));
    placer->any_roomy_asked = FALSE;
    for (guint k = 2; k <= placer->widest; k++) {
        if (placer->room[k] == NULL)
            placer->room[k] = bpfpv_cpuset_new();
        bpfpv_cpuset_assign(placer->room[k], placer->empty_room[k]);
    }
}

/* Frees the sets. */
void
bpfpv_placer_clear_room(BpfpvPlacer *placer)
{
    for (guint i = 0; i <= BPFPV_MAX_CLASS; i++)
        bpfpv_cpuset_free(placer->classes[i]);
    for (guint k = 0; k <= BPFPV_MAX_ROOM; k++) {
        bpfpv_cpuset_free(placer->empty_room[k]);
        bpfpv_cpuset_free(placer->room[k]);
        for (guint smt = 0; smt < G_N_ELEMENTS(placer->roomy); smt++)
            bpfpv_cpuset_free(placer->roomy[smt][k]);
    }
    bpfpv_cpuset_free(placer->fixed_cores);
    bpfpv_cpuset_free(placer->whole);
    bpfpv_cpuset_free(placer->occupied);
}

/* ---- how many CPUs of a set every cache and cell has ---- */

/* Of all cohorts that look for a place in one solve, nearly all look for it in one of a few sets:
 * what has been counted for one of them is kept for the others. */
static void
count_rooms(BpfpvPlacer *placer, BpfpvRooms *rooms)
{
    const GPtrArray *caches = bpfpv_topology_caches(placer->topology);
    const GPtrArray *cells = bpfpv_topology_cells(placer->topology);

    rooms->most_in_cache = 0;
    for (guint i = 0; i < caches->len; i++) {
        rooms->in_cache[i] = bpfpv_cpuset_count_common(caches->pdata[i], rooms->of);
        rooms->most_in_cache = MAX(rooms->most_in_cache, rooms->in_cache[i]);
    }
    for (guint i = 0; i < cells->len; i++)
        rooms->in_cell[i] = bpfpv_cpuset_count_common(
            ((const BpfpvTopologyCell *)cells->pdata[i])->cpus, rooms->of);
}

/* Returns: (transfer none): of @set, until the next call */
const BpfpvRooms *
bpfpv_placer_rooms(BpfpvPlacer *placer, const BpfpvCpuset *set)
{
    BpfpvRooms *rooms = &placer->rooms[bpfpv_cpuset_hash(set) % G_N_ELEMENTS(placer->rooms)];

    if (rooms->of != NULL && bpfpv_cpuset_equal(rooms->of, set))
        return rooms;
    if (rooms->of == NULL) {
        rooms->of = bpfpv_cpuset_new();
        rooms->in_cache = g_new(guint, bpfpv_topology_caches(placer->topology)->len + 1);
        rooms->in_cell = g_new(guint, bpfpv_topology_cells(placer->topology)->len + 1);
    }
    bpfpv_cpuset_assign(rooms->of, set);
    count_rooms(placer, rooms);
    return rooms;
}

/* Forgets what has been counted: the caches and cells are others. */
void
bpfpv_placer_forget_rooms(BpfpvPlacer *placer)
{
    for (guint i = 0; i < G_N_ELEMENTS(placer->rooms); i++) {
        bpfpv_cpuset_free(placer->rooms[i].of);
        g_free(placer->rooms[i].in_cache);
        g_free(placer->rooms[i].in_cell);
    }
    memset(placer->rooms, 0, sizeof(placer->rooms));
}
