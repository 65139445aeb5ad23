/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who sits on which host CPU; see host-map.h. */
#include "core/plan/host-map.h"

#include "core/dict.h"

/* A vCPU that has a CPU. */
typedef struct {
    char *domain;
    guint vcpu;
    BpfpvWant want; /* ANCHOR or FIXED */
} Seat;

/* What there is to say of one CPU. */
typedef struct {
    GPtrArray *seats;      /* (nullable) of Seat */
    GPtrArray *neighbours; /* (nullable) of names */
    gboolean anchored;
    gboolean taken;
    gboolean idle; /* beside an isolated anchor */
    guint floating;
} Place;

struct _BpfpvHostMap {
    const BpfpvTopology *topology;
    const BpfpvCpuset *pool;
    guint reserve;
    GArray *places; /* of Place, by CPU */
};

static void
seat_free(gpointer data)
{
    Seat *seat = data;

    g_free(seat->domain);
    g_free(seat);
}

static void
place_clear(gpointer data)
{
    Place *place = data;

    g_clear_pointer(&place->seats, g_ptr_array_unref);
    g_clear_pointer(&place->neighbours, g_ptr_array_unref);
}

/* Returns: (nullable): NULL for a CPU that is not present */
static Place *
place_at(const BpfpvHostMap *map, guint cpu)
{
    return bpfpv_cpuset_contains(bpfpv_topology_present(map->topology), cpu)
               ? &g_array_index(map->places, Place, cpu)
               : NULL;
}

BpfpvHostMap *
bpfpv_host_map_new(const BpfpvTopology *topology, const BpfpvCpuset *pool, guint reserve)
{
    BpfpvHostMap *map = g_new0(BpfpvHostMap, 1);
    const BpfpvCpuset *present = bpfpv_topology_present(topology);

    map->topology = topology;
    map->pool = pool;
    map->reserve = reserve;
    map->places = g_array_new(FALSE, TRUE, sizeof(Place));
    g_array_set_clear_func(map->places, place_clear);
    for (int c = bpfpv_cpuset_next(present, 0); c >= 0;
         c = bpfpv_cpuset_next(present, (guint)c + 1))
        g_array_set_size(map->places, (guint)c + 1);
    return map;
}

void
bpfpv_host_map_free(BpfpvHostMap *map)
{
    if (map == NULL)
        return;
    g_array_unref(map->places);
    g_free(map);
}

void
bpfpv_host_map_add_neighbour(BpfpvHostMap *map, const char *name, const BpfpvCpuset *cpus)
{
    for (int c = bpfpv_cpuset_next(cpus, 0); c >= 0; c = bpfpv_cpuset_next(cpus, (guint)c + 1)) {
        Place *place = place_at(map, (guint)c);

        if (place == NULL)
            continue;
        place->taken = TRUE;
        if (name == NULL)
            continue;
        if (place->neighbours == NULL)
            place->neighbours = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(place->neighbours, g_utf8_make_valid(name, -1));
    }
}

static void
idle_siblings(BpfpvHostMap *map, guint cpu)
{
    const BpfpvCpuset *core = bpfpv_topology_core_of(map->topology, cpu);

    for (int c = bpfpv_cpuset_next(core, 0); c >= 0; c = bpfpv_cpuset_next(core, (guint)c + 1)) {
        if ((guint)c != cpu)
            place_at(map, (guint)c)->idle = TRUE;
    }
}

static void
sit(BpfpvHostMap *map, guint cpu, const Seat *wanted, gboolean isolates)
{
    Place *place = place_at(map, cpu);
    Seat *seat;

    if (place == NULL)
        return;
    seat = g_new0(Seat, 1);
    *seat = (Seat){g_strdup(wanted->domain), wanted->vcpu, wanted->want};
    if (place->seats == NULL)
        place->seats = g_ptr_array_new_with_free_func(seat_free);
    g_ptr_array_add(place->seats, seat);
    if (seat->want != BPFPV_WANT_ANCHOR)
        return;
    place->anchored = TRUE;
    if (isolates)
        idle_siblings(map, cpu);
}

void
bpfpv_host_map_add_vcpu(BpfpvHostMap *map, const char *domain, guint vcpu, BpfpvWant want,
                        const BpfpvCpuset *cpus, gboolean isolates)
{
    const Seat seat = {(char *)domain, vcpu, want};

    if ((want == BPFPV_WANT_ANCHOR || want == BPFPV_WANT_FIXED) && bpfpv_cpuset_count(cpus) == 1) {
        sit(map, (guint)bpfpv_cpuset_next(cpus, 0), &seat, isolates);
        return;
    }
    for (int c = bpfpv_cpuset_next(cpus, 0); c >= 0; c = bpfpv_cpuset_next(cpus, (guint)c + 1)) {
        if (bpfpv_cpuset_contains(bpfpv_topology_online(map->topology), (guint)c))
            g_array_index(map->places, Place, c).floating++;
    }
}

/* ---- as dictionaries ---- */

static gboolean
is_in_pool(const BpfpvHostMap *map, guint cpu)
{
    return map->pool == NULL || bpfpv_cpuset_contains(map->pool, cpu);
}

static const char *
state_of(const BpfpvHostMap *map, const Place *place, guint cpu)
{
    if (!bpfpv_cpuset_contains(bpfpv_topology_online(map->topology), cpu))
        return "offline";
    if (place->anchored)
        return "anchor";
    if (place->seats != NULL)
        return "fixed";
    if (place->taken)
        return "taken";
    if (place->idle)
        return "idle";
    return is_in_pool(map, cpu) ? "free" : "outside";
}

static GVariant *
describe_seats(const Place *place)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));

    for (guint i = 0; place->seats != NULL && i < place->seats->len; i++) {
        const Seat *seat = place->seats->pdata[i];

        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        bpfpv_dict_add_string(&builder, "domain", seat->domain);
        bpfpv_dict_add_uint(&builder, "vcpu", seat->vcpu);
        bpfpv_dict_add_string(&builder, "want", bpfpv_want_to_string(seat->want));
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

static GVariant *
describe_neighbours(const Place *place)
{
    static const char *const nobody[] = {NULL};

    if (place->neighbours == NULL)
        return g_variant_new_strv(nobody, 0);
    return g_variant_new_strv((const char *const *)place->neighbours->pdata,
                              place->neighbours->len);
}

/* What is not known has no key. */
static void
add_where(GVariantBuilder *dict, const char *key, int place)
{
    if (place >= 0)
        bpfpv_dict_add_uint(dict, key, (guint)place);
}

/* A cache is called by its place among all, which is by lowest CPU. */
static int
cache_of(const BpfpvTopology *topology, const BpfpvTopologyCpu *cpu)
{
    const GPtrArray *caches = bpfpv_topology_caches(topology);

    for (guint i = 0; cpu->cache > BPFPV_NOWHERE && i < caches->len; i++) {
        if (caches->pdata[i] == bpfpv_topology_cache_of(topology, cpu->cpu))
            return (int)i;
    }
    return BPFPV_NOWHERE;
}

static void
add_cpu(GVariantBuilder *cpus, const BpfpvHostMap *map, guint cpu)
{
    const BpfpvTopologyCpu *where = bpfpv_topology_cpu(map->topology, cpu);
    const Place *place = place_at(map, cpu);

    g_variant_builder_open(cpus, G_VARIANT_TYPE_VARDICT);
    bpfpv_dict_add_uint(cpus, "cpu", cpu);
    add_where(cpus, "cell", where->cell);
    add_where(cpus, "socket", where->socket);
    add_where(cpus, "cache", cache_of(map->topology, where));
    /* Its lowest thread; core ids repeat. */
    add_where(cpus, "core", bpfpv_cpuset_next(bpfpv_topology_core_of(map->topology, cpu), 0));
    bpfpv_dict_add_uint(cpus, "efficiency", where->efficiency);
    bpfpv_dict_add_boolean(cpus, "online",
                           bpfpv_cpuset_contains(bpfpv_topology_online(map->topology), cpu));
    bpfpv_dict_add_boolean(cpus, "isolated", where->isolated);
    bpfpv_dict_add_boolean(cpus, "pool", is_in_pool(map, cpu));
    bpfpv_dict_add_string(cpus, "state", state_of(map, place, cpu));
    bpfpv_dict_add_value(cpus, "vcpus", describe_seats(place));
    bpfpv_dict_add_value(cpus, "taken_by", describe_neighbours(place));
    bpfpv_dict_add_uint(cpus, "floating", place->floating);
    g_variant_builder_close(cpus);
}

static GVariant *
describe_cpus(const BpfpvHostMap *map)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
    const BpfpvCpuset *present = map ? bpfpv_topology_present(map->topology) : NULL;

    for (int c = map ? bpfpv_cpuset_next(present, 0) : -1; c >= 0;
         c = bpfpv_cpuset_next(present, (guint)c + 1))
        add_cpu(&builder, map, (guint)c);
    return g_variant_builder_end(&builder);
}

static GVariant *
describe_cells(const BpfpvHostMap *map)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
    const GPtrArray *cells = map ? bpfpv_topology_cells(map->topology) : NULL;

    for (guint i = 0; cells != NULL && i < cells->len; i++) {
        const BpfpvTopologyCell *cell = cells->pdata[i];
        int first = bpfpv_cpuset_next(cell->cpus, 0);

        /* CPUs of no known cell are no cell. */
        if (first >= 0 && bpfpv_topology_cpu(map->topology, (guint)first)->cell < 0)
            continue;
        g_variant_builder_open(&builder, G_VARIANT_TYPE_VARDICT);
        bpfpv_dict_add_uint(&builder, "cell", cell->id);
        bpfpv_dict_add_uint64(&builder, "memory", cell->memory_kib);
        bpfpv_dict_add_set(&builder, "cpus", cell->cpus);
        g_variant_builder_close(&builder);
    }
    return g_variant_builder_end(&builder);
}

GVariant *
bpfpv_host_map_describe(const BpfpvHostMap *map)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    const BpfpvCpuset *present = map ? bpfpv_topology_present(map->topology) : NULL;
    g_autoptr(BpfpvCpuset) pool = present ? bpfpv_cpuset_copy(present) : NULL;

    if (map && map->pool)
        bpfpv_cpuset_intersect(pool, map->pool); /* which may name CPUs that no host has */
    bpfpv_dict_add_set(&builder, "present", present);
    bpfpv_dict_add_set(&builder, "online", map ? bpfpv_topology_online(map->topology) : NULL);
    bpfpv_dict_add_set(&builder, "isolated", map ? bpfpv_topology_isolated(map->topology) : NULL);
    bpfpv_dict_add_set(&builder, "pool", pool);
    bpfpv_dict_add_uint(&builder, "reserve", map ? map->reserve : 0);
    bpfpv_dict_add_value(&builder, "cells", describe_cells(map));
    bpfpv_dict_add_value(&builder, "cpus", describe_cpus(map));
    return g_variant_builder_end(&builder);
}
