/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain stays together, on random hosts: interleaved numbers, threads, several caches a cell,
 * caches over several cells, sockets of several cells, offline CPUs, cells of memory alone.
 */
#include "placement-check.h"

#define HOSTS 4000
#define MAX_CPUS 256

/* ---- hosts ---- */

typedef struct {
    guint sockets, cells, caches, cores, threads; /* of each in the next larger */
    gboolean interleaved;  /* neighbouring numbers are in different sockets */
    gboolean threads_last; /* the second threads are numbered after all first ones */
    gboolean sub_numa;     /* a cache is shared by the cells of a socket */
} Shape;

static Shape
random_shape(GRand *rand)
{
    Shape shape = {1 + below(rand, 3), 1 + below(rand, 2), 1 + below(rand, 2), 2 + below(rand, 3),
                   1 + below(rand, 2), one_in(rand, 2),    one_in(rand, 2),    one_in(rand, 4)};

    return shape;
}

static guint
n_cores(const Shape *shape)
{
    return shape->sockets * shape->cells * shape->caches * shape->cores;
}

/* The number of a thread of the @core-th core. */
static guint
number_of(const Shape *shape, guint core, guint thread)
{
    guint in_socket = n_cores(shape) / shape->sockets;
    guint place = shape->interleaved ? core % in_socket * shape->sockets + core / in_socket : core;

    return shape->threads_last ? thread * n_cores(shape) + place : place * shape->threads + thread;
}

static void
add_core(const Shape *shape, guint core, GArray *cpus)
{
    guint cache = core / shape->cores, cell = cache / shape->caches, socket = cell / shape->cells;

    for (guint t = 0; t < shape->threads; t++) {
        BpfpvTopologyCpu cpu = {.cpu = number_of(shape, core, t),
                                .core = (int)core,
                                .cache = (int)(shape->sub_numa ? socket : cache),
                                .cell = (int)cell * 3,
                                .socket = (int)socket * 36,
                                .cluster = BPFPV_NOWHERE};

        g_array_append_val(cpus, cpu);
    }
}

static gpointer
memory_of(const Shape *shape, guint cell, gboolean alone)
{
    BpfpvTopologyMemory *memory = g_new0(BpfpvTopologyMemory, 1);

    memory->memory_kib = 1024;
    memory->distances = g_array_new(FALSE, FALSE, sizeof(BpfpvTopologyDistance));
    for (guint other = 0; other < shape->sockets * shape->cells; other++) {
        guint from = cell / shape->cells, socket = other / shape->cells;
        BpfpvTopologyDistance to = {other * 3, 40};

        if (!alone)
            to.distance = other == cell ? 10 : 12 + 10 * (MAX(from, socket) - MIN(from, socket));
        g_array_append_val(memory->distances, to);
    }
    return memory;
}

static void
memory_free(gpointer data)
{
    BpfpvTopologyMemory *memory = data;

    g_array_unref(memory->distances);
    g_free(memory);
}

static BpfpvTopology *
random_topology(GRand *rand)
{
    Shape shape = random_shape(rand);
    g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(BpfpvTopologyCpu));
    g_autoptr(GHashTable) memory = g_hash_table_new_full(NULL, NULL, NULL, memory_free);
    g_autoptr(BpfpvCpuset) online = NULL;
    guint n = n_cores(&shape) * shape.threads;

    for (guint core = 0; core < n_cores(&shape); core++)
        add_core(&shape, core, cpus);
    for (guint cell = 0; cell < shape.sockets * shape.cells; cell++)
        g_hash_table_insert(memory, GUINT_TO_POINTER(cell * 3), memory_of(&shape, cell, FALSE));
    if (one_in(rand, 3))
        g_hash_table_insert(memory, GUINT_TO_POINTER(100), memory_of(&shape, 100, TRUE));
    online = bpfpv_cpuset_new_range(0, n - 1);
    for (guint left = one_in(rand, 3) ? 1 + below(rand, 2) : 0; left > 0; left--)
        bpfpv_cpuset_remove(online, 1 + below(rand, n - 1));
    return bpfpv_topology_new_placed(cpus, memory, online);
}

/* ---- domains ---- */

static ScenarioDomain *
add_domain(GRand *rand, Scenario *scenario, guint n_vcpus, guint n_anchors)
{
    g_autofree char *key =
        g_strdup_printf("%c%u", 'a' + (char)below(rand, 26), scenario->domains->len);
    g_autofree char *all = bpfpv_cpuset_format(bpfpv_topology_present(scenario->topology));
    g_autoptr(GString) originals = g_string_new(all);
    ScenarioDomain *domain;

    for (guint v = 1; v < n_vcpus; v++)
        g_string_append_printf(originals, " %s", all);
    domain = scenario_add(scenario, key, originals->str);
    domain->view.smt = (BpfpvSmt)below(rand, 3);
    domain->guest->threads = 1 + below(rand, 2);
    scenario_add_thread(domain, BPFPV_THREAD_EMULATOR, 0, all);
    for (guint v = 0; v < n_anchors; v++) {
        g_autoptr(BpfpvCpuset) one = bpfpv_cpuset_new_range(v, v);

        scenario_demand(domain, one);
    }
    if (n_vcpus > 1 && (n_anchors == 0 || one_in(rand, 2))) {
        g_autoptr(BpfpvCpuset) cohort = bpfpv_cpuset_new_range(0, below(rand, n_vcpus - 1) + 1);

        scenario_demand(domain, cohort);
    }
    return domain;
}

/* What is needed of a place and what one has, as the policy counts it. */
typedef struct {
    guint cpus, cores;
} Room;

/* Online threads of the widest core. */
static guint
widest_core(const BpfpvTopology *topology)
{
    const GPtrArray *cores = bpfpv_topology_cores(topology);
    guint widest = 0;

    for (guint i = 0; i < cores->len; i++)
        widest = MAX(widest,
                     bpfpv_cpuset_count_common(cores->pdata[i], bpfpv_topology_online(topology)));
    return widest;
}

static Room
room_for(const BpfpvTopology *topology, const ScenarioDomain *domain)
{
    guint widest = widest_core(topology), in_core = 0, n = 0;
    guint threads = domain->view.smt == BPFPV_SMT_MATCH ? domain->guest->threads : 1;
    Room room = {domain->n_vcpus, 0};

    for (guint v = 0; v < domain->n_vcpus; v++) {
        if (v % threads == 0)
            in_core = 0;
        if (bpfpv_demand_anchor_tasks(domain->demand, v) == 0)
            continue;
        n++;
        if (domain->view.smt != BPFPV_SMT_IGNORE)
            room.cores += in_core++ % widest == 0;
    }
    if (domain->view.smt == BPFPV_SMT_ISOLATE)
        room.cpus += n * (widest - 1);
    return room;
}

static Room
room_in(const BpfpvTopology *topology, const BpfpvPlace *place)
{
    const BpfpvCpuset *online = bpfpv_topology_online(topology);
    const GPtrArray *cores = bpfpv_topology_cores(topology);
    Room room = {bpfpv_cpuset_count_common(place->cpus, online), 0};

    for (guint i = 0; i < cores->len; i++)
        room.cores += bpfpv_cpuset_is_subset(cores->pdata[i], place->cpus) &&
                      bpfpv_cpuset_intersects(cores->pdata[i], online);
    return room;
}

/* All that the vCPUs of @domain have. Returns: (transfer full) */
static BpfpvCpuset *
all_of(const Scenario *scenario, const ScenarioDomain *domain)
{
    BpfpvCpuset *all = bpfpv_cpuset_new();

    for (guint v = 0; v < domain->n_vcpus; v++)
        bpfpv_cpuset_unite(all, plan_vcpu(scenario->plan, domain->key, v)->cpus);
    return all;
}

/* Is all of @domain in one place of @kind or smaller? */
static gboolean
is_within(const Scenario *scenario, const ScenarioDomain *domain, BpfpvPlaceKind kind)
{
    const GPtrArray *places = bpfpv_topology_places(scenario->topology);
    g_autoptr(BpfpvCpuset) all = all_of(scenario, domain);

    for (guint i = 0; i < places->len; i++) {
        const BpfpvPlace *place = places->pdata[i];

        if (place->kind <= kind && bpfpv_cpuset_is_subset(all, place->cpus))
            return TRUE;
    }
    return FALSE;
}

static void
fail_with(const Scenario *scenario, const char *what)
{
    const GPtrArray *places = bpfpv_topology_places(scenario->topology);
    g_autofree char *plan = plan_to_text(scenario->plan, FALSE);
    g_autofree char *online = bpfpv_cpuset_format(bpfpv_topology_online(scenario->topology));

    for (guint i = 0; i < places->len; i++) {
        g_autofree char *cpus = bpfpv_cpuset_format(((BpfpvPlace *)places->pdata[i])->cpus);

        fprintf(stderr, "place of kind %u: %s\n", ((BpfpvPlace *)places->pdata[i])->kind, cpus);
    }
    for (guint d = 0; d < scenario->domains->len; d++) {
        const ScenarioDomain *domain = scenario->domains->pdata[d];
        const BpfpvPlanDomain *planned = bpfpv_plan_find(scenario->plan, domain->key);
        g_autofree char *home = planned->home ? bpfpv_cpuset_format(planned->home) : NULL;

        fprintf(stderr, "%s: %u vCPUs smt=%s threads=%u home %s\n", domain->key, domain->n_vcpus,
                bpfpv_smt_to_string(domain->view.smt), domain->guest->threads,
                home ? home : "none");
    }
    fail_msg("%s; online %s: %s", what, online, plan);
}

static Scenario *
random_host(GRand *rand)
{
    Scenario *scenario = scenario_new("0", NULL, 0);

    scenario_take_topology(scenario, random_topology(rand));
    scenario->host.max_moves = 8;
    return scenario;
}

/* ---- properties ---- */

static void
a_domain_that_fits_in_a_place_is_in_one(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    guint by_kind[BPFPV_PLACE_HOST + 1] = {0};

    (void)state;
    for (guint round = 0; round < HOSTS; round++) {
        g_autoptr(Scenario) scenario = random_host(rand);
        const GPtrArray *places = bpfpv_topology_places(scenario->topology);
        guint n = 1 + below(rand, bpfpv_cpuset_count(bpfpv_topology_online(scenario->topology)));
        ScenarioDomain *domain = add_domain(rand, scenario, n, below(rand, n + 1));
        Room need = room_for(scenario->topology, domain);

        scenario->host.spread = (BpfpvSpread)below(rand, 2);
        if (bpfpv_demand_is_empty(domain->demand))
            continue;
        scenario_solve(scenario);
        for (guint i = 0; i < places->len; i++) {
            const BpfpvPlace *place = places->pdata[i];
            Room room = room_in(scenario->topology, place);

            if (room.cpus < need.cpus || room.cores < need.cores)
                continue;
            if (!is_within(scenario, domain, place->kind))
                fail_with(scenario, "not together");
            by_kind[place->kind]++;
            break;
        }
    }
    for (guint kind = 0; kind <= BPFPV_PLACE_HOST; kind++) {
        print_message("%u fit in a place of kind %u\n", by_kind[kind], kind);
        assert_true(by_kind[kind] > 0);
    }
}

/* Fills all caches, or all cells, with domains. */
static void
fill(GRand *rand, Scenario *scenario, BpfpvPlaceKind kind)
{
    const GPtrArray *places = bpfpv_topology_places(scenario->topology);
    g_autoptr(BpfpvCpuset) full = bpfpv_cpuset_new();

    /* Of the same CPUs there is one place, of the smaller kind. */
    for (guint i = places->len; i-- > 0;) {
        const BpfpvPlace *place = places->pdata[i];
        guint left =
            bpfpv_cpuset_count_common(place->cpus, bpfpv_topology_online(scenario->topology));

        if (place->kind > kind || bpfpv_cpuset_intersects(place->cpus, full))
            continue;
        bpfpv_cpuset_unite(full, place->cpus);
        while (left > 0) {
            guint n = 1 + below(rand, left);

            add_domain(rand, scenario, n, 1 + below(rand, n))->view.smt = BPFPV_SMT_IGNORE;
            left -= n;
        }
    }
}

/* Not a CPU is left. */
static void
domains_that_fit_together_each_stay_whole(void **state)
{
    g_autoptr(GRand) rand = unit_random(__func__);
    guint n_domains = 0;

    (void)state;
    for (guint round = 0; round < HOSTS; round++) {
        g_autoptr(Scenario) scenario = random_host(rand);
        BpfpvPlaceKind kind = one_in(rand, 2) ? BPFPV_PLACE_CACHE : BPFPV_PLACE_CELL;

        fill(rand, scenario, kind);
        scenario_solve(scenario);
        for (guint d = 0; d < scenario->domains->len; d++) {
            if (!is_within(scenario, scenario->domains->pdata[d], kind))
                fail_with(scenario, ((ScenarioDomain *)scenario->domains->pdata[d])->key);
        }
        n_domains += scenario->domains->len;
    }
    print_message("%u domains on %u hosts\n", n_domains, HOSTS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_that_fits_in_a_place_is_in_one),
        cmocka_unit_test(domains_that_fit_together_each_stay_whole),
    };

    return cmocka_run_group_tests_name("home", tests, NULL, NULL);
}
