/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How much of every place is vacant: CPUs, and cores that an anchor could have
 * to itself; and how much of that is claimed. Counted once in a solve for all domains that may have
 * the same CPUs, which on a real host are nearly all.
 */
#include "core/placer/private.h"

#include <string.h>

/* What anchors take by policy: CPUs, or cores of which the first threads are said. */
const BpfpvCpuset *
bpfpv_placer_units(const BpfpvPlacer *placer, BpfpvSmt smt)
{
    return smt == BPFPV_SMT_IGNORE ? placer->free : placer->units[smt];
}

/* The first threads of the vacant cores that have a thread in @open. */
static void
find_cores(BpfpvPlacer *placer, const BpfpvCpuset *open, BpfpvSmt smt, BpfpvCpuset *cores)
{
    BpfpvCpuset *rest = placer->marked;

    bpfpv_cpuset_assign(cores, placer->units[smt]);
    bpfpv_cpuset_assign(rest, cores);
    bpfpv_cpuset_subtract(rest, open);
    for (int c = bpfpv_cpuset_next(rest, 0); c >= 0; c = bpfpv_cpuset_next(rest, (guint)c + 1)) {
        if (!bpfpv_cpuset_intersects(bpfpv_topology_core_of(placer->topology, (guint)c), open))
            bpfpv_cpuset_remove(cores, (guint)c);
    }
}

static void
count(BpfpvPlacer *placer, BpfpvVacancy *vacancy)
{
    const GPtrArray *places = bpfpv_topology_places(placer->topology);
    BpfpvCpuset *open = placer->open, *cores = placer->choice;

    bpfpv_cpuset_assign(open, vacancy->of);
    bpfpv_cpuset_intersect(open, placer->free);
    if (vacancy->smt != BPFPV_SMT_IGNORE)
        find_cores(placer, open, vacancy->smt, cores);
    for (guint i = 0; i < places->len; i++) {
        const BpfpvPlace *place = places->pdata[i];

        vacancy->cpus[i] = bpfpv_cpuset_count_common(place->cpus, open);
        vacancy->cores[i] = vacancy->smt == BPFPV_SMT_IGNORE
                                ? vacancy->cpus[i]
                                : bpfpv_cpuset_count_common(place->cpus, cores);
    }
}

/* Returns: (transfer none): of those who may have @set, until somebody gets a CPU or another asks;
 *   two that differ in whether @smt is %BPFPV_SMT_IGNORE stand beside one another */
const BpfpvVacancy *
bpfpv_placer_vacancy(BpfpvPlacer *placer, const BpfpvCpuset *set, BpfpvSmt smt)
{
    guint n = G_N_ELEMENTS(placer->vacancies) / 2;
    guint at = bpfpv_cpuset_hash(set) % n + (smt == BPFPV_SMT_IGNORE ? n : 0);
    BpfpvVacancy *vacancy = &placer->vacancies[at];

    if (vacancy->of != NULL && vacancy->serial == placer->serial && vacancy->smt == smt &&
        bpfpv_cpuset_equal(vacancy->of, set))
        return vacancy;
    if (vacancy->of == NULL) {
        guint n_places = bpfpv_topology_places(placer->topology)->len;

        vacancy->of = bpfpv_cpuset_new();
        vacancy->cpus = g_new(guint, n_places);
        vacancy->cores = g_new(guint, n_places);
    }
    bpfpv_cpuset_assign(vacancy->of, set);
    vacancy->smt = smt;
    vacancy->serial = placer->serial;
    count(placer, vacancy);
    return vacancy;
}

static void
set_capacity(BpfpvPlacer *placer, BpfpvSmt smt, const BpfpvCpuset *units)
{
    const GPtrArray *places = bpfpv_topology_places(placer->topology);

    if (placer->capacity[smt] == NULL)
        placer->capacity[smt] = g_new(guint, places->len);
    placer->largest_cache[smt] = 0;
    for (guint i = 0; i < places->len; i++) {
        const BpfpvPlace *place = places->pdata[i];

        placer->capacity[smt][i] = bpfpv_cpuset_count_common(place->cpus, units);
        if (place->kind == BPFPV_PLACE_CACHE)
            placer->largest_cache[smt] = MAX(placer->largest_cache[smt], placer->capacity[smt][i]);
    }
}

/* Works out what places hold if nobody is anchored: until the host or a fixed CPU changes. */
void
bpfpv_placer_survey_places(BpfpvPlacer *placer)
{
    const GPtrArray *cores = bpfpv_topology_cores(placer->topology);
    BpfpvCpuset *open = placer->open, *whole = placer->choice, *vacant = placer->leaders;

    bpfpv_cpuset_assign(open, bpfpv_topology_online(placer->topology));
    bpfpv_cpuset_subtract(open, placer->fixed);
    bpfpv_cpuset_subtract(vacant, vacant);
    for (guint i = 0; i < cores->len; i++) {
        if (bpfpv_cpuset_intersects(cores->pdata[i], open))
            bpfpv_cpuset_add(vacant, (guint)bpfpv_cpuset_next(cores->pdata[i], 0));
    }
    bpfpv_cpuset_assign(whole, vacant);
    bpfpv_cpuset_subtract(whole, placer->fixed_cores);
    set_capacity(placer, BPFPV_SMT_MATCH, vacant);
    set_capacity(placer, BPFPV_SMT_ISOLATE, whole);
    set_capacity(placer, BPFPV_SMT_IGNORE, open);
    if (placer->claims == NULL) {
        placer->claims = g_new0(BpfpvClaim, bpfpv_topology_places(placer->topology)->len);
        placer->lodgers = g_new0(BpfpvClaim, bpfpv_topology_places(placer->topology)->len);
    }
}

/* ---- what is claimed ---- */

/* Nobody is to come to any place. */
void
bpfpv_placer_clear_claims(BpfpvPlacer *placer)
{
    guint n = bpfpv_topology_places(placer->topology)->len;

    memset(placer->claims, 0, n * sizeof(BpfpvClaim));
    memset(placer->lodgers, 0, n * sizeof(BpfpvClaim));
}

static void
add_claim(BpfpvClaim *to, BpfpvClaim claim)
{
    to->anchors += claim.anchors;
    to->cores += claim.cores;
    to->cpus += claim.cpus;
}

/* Somebody who lives in @place claims so much of it, and so of all that it is part of. */
void
bpfpv_placer_claim(BpfpvPlacer *placer, const BpfpvPlace *place, BpfpvClaim claim)
{
    if (place != NULL)
        add_claim(&placer->lodgers[place->index], claim);
    for (; place != NULL; place = place->outer)
        add_claim(&placer->claims[place->index], claim);
}

/* Moves up to @n CPUs of @open, the lowest, or what is free of so many of its cores, to @aside. */
static guint
take_lowest(const BpfpvPlacer *placer, BpfpvCpuset *open, guint n, gboolean cores,
            BpfpvCpuset *aside)
{
    guint taken = 0;

    for (int c = bpfpv_cpuset_next(open, 0); c >= 0 && n > 0;
         c = bpfpv_cpuset_next(open, (guint)c + 1)) {
        guint thread = (guint)c;

        if (cores && bpfpv_cpuset_contains(placer->occupied, (guint)c))
            continue;
        do {
            if (bpfpv_cpuset_contains(open, thread)) {
                bpfpv_cpuset_remove(open, thread);
                bpfpv_cpuset_add(aside, thread);
                taken++;
            }
            thread = bpfpv_topology_next_thread(placer->topology, thread);
        } while (cores && thread != (guint)c);
        n--;
    }
    return taken;
}

/* Chooses CPUs for those who are to come to a place and what floats there: who lives in a larger
 * one leaves them if others are as good. */
void
bpfpv_placer_set_aside(BpfpvPlacer *placer)
{
    const GPtrArray *places = bpfpv_topology_places(placer->topology);
    BpfpvCpuset *open = placer->open, *left = placer->choice;

    bpfpv_cpuset_assign(left, placer->free);
    for (guint kind = 0; kind < G_N_ELEMENTS(placer->aside); kind++) {
        BpfpvCpuset *aside = placer->aside[kind];

        if (kind > 0)
            bpfpv_cpuset_assign(aside, placer->aside[kind - 1]);
        else
            bpfpv_cpuset_subtract(aside, aside);
        for (guint i = 0; i < places->len; i++) {
            const BpfpvPlace *place = places->pdata[i];
            const BpfpvClaim *claim = &placer->lodgers[i];
            guint taken;

            if (place->kind != kind || claim->cpus == 0)
                continue;
            bpfpv_cpuset_assign(open, left);
            bpfpv_cpuset_intersect(open, place->cpus);
            taken = take_lowest(placer, open, claim->cores, TRUE, aside);
            take_lowest(placer, open, claim->cpus - MIN(taken, claim->cpus), FALSE, aside);
            bpfpv_cpuset_subtract(left, aside);
        }
    }
}

/* Forgets what was counted by place: the places are others. */
void
bpfpv_placer_forget_places(BpfpvPlacer *placer)
{
    GHashTableIter iter;
    gpointer origin;

    for (guint i = 0; i < G_N_ELEMENTS(placer->vacancies); i++) {
        bpfpv_cpuset_free(placer->vacancies[i].of);
        g_free(placer->vacancies[i].cpus);
        g_free(placer->vacancies[i].cores);
    }
    memset(placer->vacancies, 0, sizeof(placer->vacancies));
    for (guint smt = 0; smt < G_N_ELEMENTS(placer->capacity); smt++)
        g_clear_pointer(&placer->capacity[smt], g_free);
    g_clear_pointer(&placer->claims, g_free);
    g_clear_pointer(&placer->lodgers, g_free);
    g_hash_table_iter_init(&iter, placer->origins);
    while (g_hash_table_iter_next(&iter, NULL, &origin))
        g_ptr_array_set_size(((BpfpvOrigin *)origin)->homes, 0);
    for (guint d = 0; d < placer->domains->len; d++)
        ((BpfpvPlacerDomain *)placer->domains->pdata[d])->home = NULL;
    placer->homes_lost = TRUE;
}
