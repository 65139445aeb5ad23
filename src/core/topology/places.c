/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Places that a domain can live in, from a cache to the whole host, each within the next larger
 * one. What is the same set of CPUs is one place, of the smaller kind.
 */
#include "core/topology/private.h"

/* Returns: (transfer none): a place for @cpus, which is there already or new */
static BpfpvPlace *
add_place(GPtrArray *places, BpfpvPlaceKind kind, const BpfpvCpuset *cpus)
{
    BpfpvPlace *place;

    /* Caches have no CPU in common. */
    for (guint i = 0; kind != BPFPV_PLACE_CACHE && i < places->len; i++) {
        place = places->pdata[i];
        if (bpfpv_cpuset_equal(place->cpus, cpus))
            return place;
    }
    place = g_new0(BpfpvPlace, 1);
    place->kind = kind;
    place->cpus = bpfpv_cpuset_copy(cpus);
    g_ptr_array_add(places, place);
    return place;
}

/* Makes @outer the next larger place of @place, unless they are one. */
static BpfpvPlace *
link_places(BpfpvPlace *place, BpfpvPlace *outer)
{
    if (place != outer && place->outer == NULL)
        place->outer = outer;
    return outer;
}

/* The CPUs of the socket of @cell, if it has whole cells; else those of @cell.
 * Returns: (transfer full) */
static BpfpvCpuset *
socket_around(const BpfpvTopology *topology, const BpfpvCpuset *cell)
{
    const GPtrArray *cells = bpfpv_topology_cells(topology);
    const BpfpvCpuset *present = bpfpv_topology_present(topology);
    int socket = bpfpv_topology_cpu(topology, (guint)bpfpv_cpuset_next(cell, 0))->socket;
    g_autoptr(BpfpvCpuset) cpus = bpfpv_cpuset_new();

    for (int c = bpfpv_cpuset_next(present, 0); socket != BPFPV_NOWHERE && c >= 0;
         c = bpfpv_cpuset_next(present, (guint)c + 1)) {
        if (bpfpv_topology_cpu(topology, (guint)c)->socket == socket)
            bpfpv_cpuset_add(cpus, (guint)c);
    }
    for (guint i = 0; i < cells->len; i++) {
        const BpfpvCpuset *other = ((const BpfpvTopologyCell *)cells->pdata[i])->cpus;

        if (bpfpv_cpuset_intersects(other, cpus) && !bpfpv_cpuset_is_subset(other, cpus))
            return bpfpv_cpuset_copy(cell);
    }
    return bpfpv_cpuset_is_empty(cpus) ? bpfpv_cpuset_copy(cell) : g_steal_pointer(&cpus);
}

/* @inner and the cells outside it that are nearest to @cell, by the host's distances.
 * Returns: (transfer full) */
static BpfpvCpuset *
with_nearest(const BpfpvTopology *topology, const BpfpvTopologyCell *cell, const BpfpvCpuset *inner)
{
    const GPtrArray *cells = bpfpv_topology_cells(topology);
    BpfpvCpuset *cpus = bpfpv_cpuset_copy(inner);
    guint nearest = G_MAXUINT;

    for (guint i = 0; i < cells->len; i++) {
        const BpfpvTopologyCell *other = cells->pdata[i];
        guint distance = bpfpv_topology_distance(cell, other);

        if (bpfpv_cpuset_is_empty(other->cpus) || bpfpv_cpuset_intersects(other->cpus, inner) ||
            distance > nearest || distance == G_MAXUINT)
            continue;
        if (distance < nearest)
            bpfpv_cpuset_assign(cpus, inner);
        nearest = distance;
        bpfpv_cpuset_unite(cpus, other->cpus);
    }
    return cpus;
}

/* From @cell outwards. @at: the place of the cell's own CPUs */
static void
add_around(const BpfpvTopology *topology, const BpfpvTopologyCell *cell, GPtrArray *places,
           BpfpvPlace *at)
{
    g_autoptr(BpfpvCpuset) socket = socket_around(topology, cell->cpus);
    g_autoptr(BpfpvCpuset) near = with_nearest(topology, cell, socket);

    at = link_places(at, add_place(places, BPFPV_PLACE_SOCKET, socket));
    at = link_places(at, add_place(places, BPFPV_PLACE_NEAR, near));
    link_places(at, add_place(places, BPFPV_PLACE_HOST, bpfpv_topology_present(topology)));
}

static int
compare_places(gconstpointer a, gconstpointer b)
{
    const BpfpvPlace *left = *(BpfpvPlace *const *)a, *right = *(BpfpvPlace *const *)b;

    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return bpfpv_cpuset_next(left->cpus, 0) < bpfpv_cpuset_next(right->cpus, 0) ? -1 : 1;
}

GPtrArray *
bpfpv_topology_find_places(const BpfpvTopology *topology)
{
    const GPtrArray *caches = bpfpv_topology_caches(topology);
    const GPtrArray *cells = bpfpv_topology_cells(topology);
    GPtrArray *places = g_ptr_array_new_with_free_func(bpfpv_topology_place_free);

    for (guint i = 0; i < caches->len; i++)
        add_place(places, BPFPV_PLACE_CACHE, caches->pdata[i]);
    for (guint i = 0; i < cells->len; i++) {
        const BpfpvTopologyCell *cell = cells->pdata[i];
        BpfpvPlace *place;

        if (bpfpv_cpuset_is_empty(cell->cpus))
            continue;
        place = add_place(places, BPFPV_PLACE_CELL, cell->cpus);
        for (guint k = 0; k < caches->len; k++) {
            if (bpfpv_cpuset_is_subset(caches->pdata[k], cell->cpus))
                link_places(places->pdata[k], place);
        }
        add_around(topology, cell, places, place);
    }
    g_ptr_array_sort(places, compare_places);
    for (guint i = 0; i < places->len; i++)
        ((BpfpvPlace *)places->pdata[i])->index = i;
    return places;
}

void
bpfpv_topology_place_free(gpointer data)
{
    BpfpvPlace *place = data;

    bpfpv_cpuset_free(place->cpus);
    g_free(place);
}
