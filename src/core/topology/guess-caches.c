/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Last-level caches where the host tells of none: an older libvirt, or an ARM or POWER kernel that
 * has no cache ids. Places are compared by all that is known of them: ids are any numbers, offsets
 * in a firmware table on ARM.
 */
#include "core/topology/private.h"

typedef struct {
    int cell;
    int socket;
    int die;
    int cluster;
} Place;

static guint
place_hash(gconstpointer key)
{
    const Place *place = key;

    return ((((guint)place->cell * 31) + (guint)place->socket) * 31 + (guint)place->die) * 31 +
           (guint)place->cluster;
}

static gboolean
place_equal(gconstpointer a, gconstpointer b)
{
    const Place *left = a, *right = b;

    return left->cell == right->cell && left->socket == right->socket && left->die == right->die &&
           left->cluster == right->cluster;
}

static Place *
place_new(const BpfpvTopologyCpu *cpu, gboolean clusters)
{
    Place *place = g_new(Place, 1);

    *place = (Place){cpu->cell, cpu->socket, cpu->die, clusters ? cpu->cluster : BPFPV_NOWHERE};
    return place;
}

static gboolean
is_guessed(const BpfpvTopologyCpu *cpu)
{
    return cpu->cache <= BPFPV_NOWHERE;
}

/* Firmware may call each core a cluster; such a one shares nothing. */
static gboolean
clusters_are_larger_than_cores(const GArray *cpus)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(place_hash, place_equal, g_free, NULL); /* → one of its CPUs */
    gboolean larger = FALSE;

    for (guint i = 0; i < cpus->len && !larger; i++) {
        const BpfpvTopologyCpu *cpu = &g_array_index(cpus, BpfpvTopologyCpu, i), *other;
        Place *place;

        if (!is_guessed(cpu) || cpu->cluster == BPFPV_NOWHERE)
            continue;
        place = place_new(cpu, TRUE);
        other = g_hash_table_lookup(seen, place);
        larger = other != NULL && (other->core != cpu->core || cpu->core == BPFPV_NOWHERE);
        if (other == NULL)
            g_hash_table_insert(seen, place, (gpointer)cpu);
        else
            g_free(place);
    }
    return larger;
}

void
bpfpv_topology_guess_caches(GArray *cpus)
{
    gboolean clusters = clusters_are_larger_than_cores(cpus);
    g_autoptr(GHashTable) guessed = g_hash_table_new_full(place_hash, place_equal, g_free, NULL);

    for (guint i = 0; i < cpus->len; i++) {
        BpfpvTopologyCpu *cpu = &g_array_index(cpus, BpfpvTopologyCpu, i);
        Place *place;
        gpointer number;

        if (!is_guessed(cpu))
            continue;
        place = place_new(cpu, clusters);
        if (g_hash_table_lookup_extended(guessed, place, NULL, &number)) {
            cpu->cache = GPOINTER_TO_INT(number);
            g_free(place);
        } else {
            cpu->cache = -2 - (int)g_hash_table_size(guessed);
            g_hash_table_insert(guessed, place, GINT_TO_POINTER(cpu->cache));
        }
    }
}

/* A number that no cache has yet. */
static int
next_number(const GArray *cpus)
{
    int next = 0;

    for (guint i = 0; i < cpus->len; i++)
        next = MAX(next, MIN(g_array_index(cpus, BpfpvTopologyCpu, i).cache, G_MAXINT - 1) + 1);
    return next;
}

void
bpfpv_topology_split_caches(GArray *cpus)
{
    g_autoptr(GHashTable) first_cell = g_hash_table_new(NULL, NULL); /* by cache */
    g_autoptr(GHashTable) split = g_hash_table_new_full(place_hash, place_equal, g_free, NULL);
    int next = next_number(cpus);

    for (guint i = 0; i < cpus->len; i++) {
        BpfpvTopologyCpu *cpu = &g_array_index(cpus, BpfpvTopologyCpu, i);
        gpointer key = GINT_TO_POINTER(cpu->cache), cell, number;
        Place place = {cpu->cell, cpu->cache, 0, 0};

        if (!g_hash_table_lookup_extended(first_cell, key, NULL, &cell)) {
            g_hash_table_insert(first_cell, key, GINT_TO_POINTER(cpu->cell));
        } else if (GPOINTER_TO_INT(cell) != cpu->cell) {
            if (!g_hash_table_lookup_extended(split, &place, NULL, &number)) {
                number = GINT_TO_POINTER(next++);
                g_hash_table_insert(split, g_memdup2(&place, sizeof(place)), number);
            }
            cpu->cache = GPOINTER_TO_INT(number);
        }
    }
}
