/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's CPUs as placement sees them: which there are, which can run, and
 * what they share. Data only; an adapter reads it from the host.
 */
#include "core/topology/private.h"

struct _BpfpvTopology {
    BpfpvCpuset *present;
    BpfpvCpuset *online;
    BpfpvCpuset *isolated;
    GArray *cpus;      /* of BpfpvTopologyCpu, by number; absent ones are unused */
    GPtrArray *cores;  /* of BpfpvCpuset */
    GPtrArray *caches; /* of BpfpvCpuset */
    GPtrArray *cells;  /* of BpfpvTopologyCell, by id */
    /* By CPU, borrowed from the above. */
    const BpfpvCpuset **core_of;
    const BpfpvCpuset **cache_of;
    const BpfpvCpuset **cell_of;
    guint *next_thread;          /* by CPU: the next of its core, round and round */
    GPtrArray *places;           /* of BpfpvPlace */
    const BpfpvPlace **place_of; /* by CPU: the smallest one */
};

typedef int (*PlaceOf)(const BpfpvTopologyCpu *cpu);

static void
set_free(gpointer set)
{
    bpfpv_cpuset_free(set);
}

static void
cell_free(gpointer data)
{
    BpfpvTopologyCell *cell = data;

    bpfpv_cpuset_free(cell->cpus);
    if (cell->distances != NULL)
        g_array_unref(cell->distances);
    g_free(cell);
}

/* A core that is not known is one thread. Apart from those that are known: negative. */
static int
core_place(const BpfpvTopologyCpu *cpu)
{
    return cpu->core != BPFPV_NOWHERE ? cpu->core : -2 - (int)cpu->cpu;
}

static int
cache_place(const BpfpvTopologyCpu *cpu)
{
    return cpu->cache;
}

/* All that are not known are one. */
static int
cell_place(const BpfpvTopologyCpu *cpu)
{
    return MAX(cpu->cell, BPFPV_NOWHERE);
}

static const BpfpvTopologyCpu *
cpu_at(const BpfpvTopology *topology, int cpu)
{
    return &g_array_index(topology->cpus, BpfpvTopologyCpu, cpu);
}

/* Groups the CPUs by place; groups come in the order of their lowest CPU. */
static const BpfpvCpuset **
group(const BpfpvTopology *topology, GPtrArray *groups, PlaceOf place)
{
    const BpfpvCpuset **of = g_new0(const BpfpvCpuset *, topology->cpus->len + 1);
    g_autoptr(GHashTable) found = g_hash_table_new(NULL, NULL);

    for (int c = bpfpv_cpuset_next(topology->present, 0); c >= 0;
         c = bpfpv_cpuset_next(topology->present, (guint)c + 1)) {
        gpointer key = GINT_TO_POINTER(place(cpu_at(topology, c)));
        BpfpvCpuset *set = g_hash_table_lookup(found, key);

        if (set == NULL) {
            set = bpfpv_cpuset_new();
            g_ptr_array_add(groups, set);
            g_hash_table_insert(found, key, set);
        }
        bpfpv_cpuset_add(set, (guint)c);
        of[c] = set;
    }
    return of;
}

/* By CPU: the next one of its core. */
static guint *
link_threads(const BpfpvTopology *topology)
{
    guint *next = g_new0(guint, topology->cpus->len + 1);

    for (guint i = 0; i < topology->cores->len; i++) {
        const BpfpvCpuset *core = topology->cores->pdata[i];

        for (int c = bpfpv_cpuset_next(core, 0); c >= 0;
             c = bpfpv_cpuset_next(core, (guint)c + 1)) {
            int after = bpfpv_cpuset_next(core, (guint)c + 1);

            next[c] = (guint)(after >= 0 ? after : bpfpv_cpuset_next(core, 0));
        }
    }
    return next;
}

static int
compare_cells(gconstpointer a, gconstpointer b)
{
    const BpfpvTopologyCell *const *left = a, *const *right = b;

    return (int)(*left)->id - (int)(*right)->id;
}

/* @memory: (nullable) */
static BpfpvTopologyCell *
add_cell(BpfpvTopology *topology, guint id, const BpfpvTopologyMemory *memory, BpfpvCpuset *cpus)
{
    BpfpvTopologyCell *cell = g_new0(BpfpvTopologyCell, 1);

    cell->id = id;
    cell->memory_kib = memory != NULL ? memory->memory_kib : 0;
    if (memory != NULL && memory->distances != NULL)
        cell->distances = g_array_ref(memory->distances);
    cell->cpus = cpus;
    g_ptr_array_add(topology->cells, cell);
    return cell;
}

static void
add_cells_of_memory(BpfpvTopology *topology, GHashTable *memory)
{
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, memory);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        gboolean known = FALSE;

        for (guint i = 0; i < topology->cells->len && !known; i++)
            known = ((BpfpvTopologyCell *)topology->cells->pdata[i])->id == GPOINTER_TO_UINT(key);
        if (!known)
            add_cell(topology, GPOINTER_TO_UINT(key), value, bpfpv_cpuset_new());
    }
}

/* Those with CPUs, those with memory alone, and last the CPUs of which nobody knows, under a number
 * that no cell has. */
static void
add_cells(BpfpvTopology *topology, GHashTable *memory)
{
    g_autoptr(GPtrArray) groups = g_ptr_array_new();
    BpfpvCpuset *unknown = NULL;

    topology->cell_of = group(topology, groups, cell_place);
    for (guint i = 0; i < groups->len; i++) {
        int id = cpu_at(topology, bpfpv_cpuset_next(groups->pdata[i], 0))->cell;
        const BpfpvTopologyMemory *its =
            memory ? g_hash_table_lookup(memory, GINT_TO_POINTER(id)) : NULL;

        if (id < 0)
            unknown = groups->pdata[i];
        else
            add_cell(topology, (guint)id, its, groups->pdata[i]);
    }
    if (memory != NULL)
        add_cells_of_memory(topology, memory);
    g_ptr_array_sort(topology->cells, compare_cells);
    if (unknown != NULL) {
        guint n = topology->cells->len;
        guint id = n > 0 ? ((BpfpvTopologyCell *)topology->cells->pdata[n - 1])->id + 1 : 0;

        add_cell(topology, id, NULL, unknown)->unknown = TRUE;
    }
}

static void
take_cpus(BpfpvTopology *topology, const GArray *cpus)
{
    g_autoptr(GArray) placed = g_array_copy((GArray *)cpus);

    bpfpv_topology_guess_caches(placed);
    bpfpv_topology_split_caches(placed);
    for (guint i = 0; i < placed->len; i++) {
        BpfpvTopologyCpu cpu = g_array_index(placed, BpfpvTopologyCpu, i);

        if (cpu.cpu >= BPFPV_CPUSET_MAX)
            continue;
        bpfpv_cpuset_add(topology->present, cpu.cpu);
        if (cpu.isolated)
            bpfpv_cpuset_add(topology->isolated, cpu.cpu);
        if (cpu.cpu >= topology->cpus->len)
            g_array_set_size(topology->cpus, cpu.cpu + 1);
        g_array_index(topology->cpus, BpfpvTopologyCpu, cpu.cpu) = cpu;
    }
}

/* By CPU: the smallest place. */
static const BpfpvPlace **
place_cpus(const BpfpvTopology *topology)
{
    const BpfpvPlace **of = g_new0(const BpfpvPlace *, topology->cpus->len + 1);

    for (guint i = topology->places->len; i-- > 0;) {
        const BpfpvPlace *place = topology->places->pdata[i];

        for (int c = bpfpv_cpuset_next(place->cpus, 0); c >= 0;
             c = bpfpv_cpuset_next(place->cpus, (guint)c + 1))
            of[c] = place;
    }
    return of;
}

/* Places are the same if their CPUs are, and what they are part of. */
static gboolean
same_places(const BpfpvTopology *a, const BpfpvTopology *b)
{
    if (a->places->len != b->places->len)
        return FALSE;
    for (guint i = 0; i < a->places->len; i++) {
        const BpfpvPlace *left = a->places->pdata[i], *right = b->places->pdata[i];

        if (left->kind != right->kind || !bpfpv_cpuset_equal(left->cpus, right->cpus) ||
            (left->outer == NULL) != (right->outer == NULL) ||
            (left->outer != NULL && left->outer->index != right->outer->index))
            return FALSE;
    }
    return TRUE;
}

/**
 * bpfpv_topology_new_placed:
 * @cpus: (element-type BpfpvTopologyCpu): every host CPU, each once, in any
 *   order; numbers at or above %BPFPV_CPUSET_MAX are ignored
 * @memory: (nullable): cell id → #BpfpvTopologyMemory; cells that only this
 *   names have no CPUs
 * @online: those that can run now; CPUs that are not present are ignored
 *
 * Returns: (transfer full): the topology
 */
BpfpvTopology *
bpfpv_topology_new_placed(const GArray *cpus, GHashTable *memory, const BpfpvCpuset *online)
{
    BpfpvTopology *topology = g_new0(BpfpvTopology, 1);

    topology->present = bpfpv_cpuset_new();
    topology->isolated = bpfpv_cpuset_new();
    topology->cpus = g_array_new(FALSE, TRUE, sizeof(BpfpvTopologyCpu));
    topology->cores = g_ptr_array_new_with_free_func(set_free);
    topology->caches = g_ptr_array_new_with_free_func(set_free);
    topology->cells = g_ptr_array_new_with_free_func(cell_free);
    take_cpus(topology, cpus);
    topology->online = bpfpv_cpuset_copy(online);
    bpfpv_cpuset_intersect(topology->online, topology->present);
    topology->core_of = group(topology, topology->cores, core_place);
    topology->next_thread = link_threads(topology);
    topology->cache_of = group(topology, topology->caches, cache_place);
    add_cells(topology, memory);
    topology->places = bpfpv_topology_find_places(topology);
    topology->place_of = place_cpus(topology);
    return topology;
}

/**
 * bpfpv_topology_new:
 * @present: every host CPU
 * @online: those that can run now; CPUs that are not in @present are ignored
 *
 * Returns: (transfer full): a topology of which no more is known: every CPU is a
 *   core, all share one cache and one cell
 */
BpfpvTopology *
bpfpv_topology_new(const BpfpvCpuset *present, const BpfpvCpuset *online)
{
    g_autoptr(GArray) cpus = g_array_new(FALSE, TRUE, sizeof(BpfpvTopologyCpu));

    for (int c = bpfpv_cpuset_next(present, 0); c >= 0;
         c = bpfpv_cpuset_next(present, (guint)c + 1)) {
        BpfpvTopologyCpu cpu = {(guint)c,      0, 0,    0, BPFPV_NOWHERE, BPFPV_NOWHERE,
                                BPFPV_NOWHERE, 0, FALSE};

        g_array_append_val(cpus, cpu);
    }
    return bpfpv_topology_new_placed(cpus, NULL, online);
}

/**
 * bpfpv_topology_equal:
 * @a: a topology
 * @b: another
 *
 * Returns: whether both say the same of the CPUs; memory sizes do not count
 */
gboolean
bpfpv_topology_equal(const BpfpvTopology *a, const BpfpvTopology *b)
{
    if (!bpfpv_cpuset_equal(a->present, b->present) || !bpfpv_cpuset_equal(a->online, b->online) ||
        !bpfpv_cpuset_equal(a->isolated, b->isolated))
        return FALSE;
    for (int c = bpfpv_cpuset_next(a->present, 0); c >= 0;
         c = bpfpv_cpuset_next(a->present, (guint)c + 1)) {
        if (!bpfpv_cpuset_equal(a->core_of[c], b->core_of[c]) ||
            !bpfpv_cpuset_equal(a->cache_of[c], b->cache_of[c]) ||
            cpu_at(a, c)->cell != cpu_at(b, c)->cell ||
            cpu_at(a, c)->efficiency != cpu_at(b, c)->efficiency)
            return FALSE;
    }
    return same_places(a, b);
}

/**
 * bpfpv_topology_free:
 * @topology: (nullable): the topology
 *
 * Frees @topology.
 */
void
bpfpv_topology_free(BpfpvTopology *topology)
{
    if (topology == NULL)
        return;
    bpfpv_cpuset_free(topology->present);
    bpfpv_cpuset_free(topology->online);
    bpfpv_cpuset_free(topology->isolated);
    g_array_unref(topology->cpus);
    g_ptr_array_unref(topology->cores);
    g_ptr_array_unref(topology->caches);
    g_free(topology->place_of);
    g_ptr_array_unref(topology->places);
    g_ptr_array_unref(topology->cells);
    g_free(topology->core_of);
    g_free(topology->cache_of);
    g_free(topology->cell_of);
    g_free(topology->next_thread);
    g_free(topology);
}

/** bpfpv_topology_present: Returns: (transfer none): every host CPU */
const BpfpvCpuset *
bpfpv_topology_present(const BpfpvTopology *topology)
{
    return topology->present;
}

/** bpfpv_topology_online: Returns: (transfer none): the host CPUs that can run now */
const BpfpvCpuset *
bpfpv_topology_online(const BpfpvTopology *topology)
{
    return topology->online;
}

/** bpfpv_topology_isolated: Returns: (transfer none): those that the kernel does not balance */
const BpfpvCpuset *
bpfpv_topology_isolated(const BpfpvTopology *topology)
{
    return topology->isolated;
}

/** bpfpv_topology_cpu: Returns: (transfer none) (nullable): where a present @cpu sits */
const BpfpvTopologyCpu *
bpfpv_topology_cpu(const BpfpvTopology *topology, guint cpu)
{
    return bpfpv_cpuset_contains(topology->present, cpu) ? cpu_at(topology, (int)cpu) : NULL;
}

/** bpfpv_topology_core_of: Returns: (transfer none): the threads of the core of a present @cpu */
const BpfpvCpuset *
bpfpv_topology_core_of(const BpfpvTopology *topology, guint cpu)
{
    return topology->core_of[cpu];
}

/** bpfpv_topology_next_thread: Returns: the next CPU of the core of a present @cpu, or the first */
guint
bpfpv_topology_next_thread(const BpfpvTopology *topology, guint cpu)
{
    return topology->next_thread[cpu];
}

/** bpfpv_topology_cache_of: Returns: (transfer none): who shares the last-level cache of @cpu */
const BpfpvCpuset *
bpfpv_topology_cache_of(const BpfpvTopology *topology, guint cpu)
{
    return topology->cache_of[cpu];
}

/** bpfpv_topology_cell_of: Returns: (transfer none): the CPUs of the cell of a present @cpu */
const BpfpvCpuset *
bpfpv_topology_cell_of(const BpfpvTopology *topology, guint cpu)
{
    return topology->cell_of[cpu];
}

/** bpfpv_topology_cores: Returns: (transfer none) (element-type BpfpvCpuset): every core */
const GPtrArray *
bpfpv_topology_cores(const BpfpvTopology *topology)
{
    return topology->cores;
}

/** bpfpv_topology_caches: Returns: (transfer none) (element-type BpfpvCpuset): every cache */
const GPtrArray *
bpfpv_topology_caches(const BpfpvTopology *topology)
{
    return topology->caches;
}

/** bpfpv_topology_cells: Returns: (transfer none) (element-type BpfpvTopologyCell): by id */
const GPtrArray *
bpfpv_topology_cells(const BpfpvTopology *topology)
{
    return topology->cells;
}

/** bpfpv_topology_places: Returns: (transfer none) (element-type BpfpvPlace): smaller ones first */
const GPtrArray *
bpfpv_topology_places(const BpfpvTopology *topology)
{
    return topology->places;
}

/** bpfpv_topology_place_of: Returns: (transfer none): the smallest place of a present @cpu */
const BpfpvPlace *
bpfpv_topology_place_of(const BpfpvTopology *topology, guint cpu)
{
    return topology->place_of[cpu];
}
