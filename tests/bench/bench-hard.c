/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Solves that have to search. Guests choose what they ask for, and a solve is
 * made in the daemon's main thread: so the longest of many random ones counts,
 * not the usual one. Each is made three times, and the least of it taken.
 */
#include "bench-hard.h"

#include <stdio.h>

#include "bench-time.h"

#include "core/placer/placer.h"

#define INSTANCES 300
#define TIMES 3
#define SEED 20220602u

/* What kind of hosts. */
typedef struct {
    const char *name;
    guint n_cpus;
    guint n_domains, n_vcpus;
    guint n_askers; /* of all vCPUs */
    guint isolates; /* of 8 domains, so many want whole cores */
    guint narrow;   /* of 8 sets, so many have a few CPUs */
    guint few;      /* at most so many */
} Hosts;

static const Hosts hosts[] = {
    {"16 CPUs, 23 askers, mixed", 16, 6, 4, 23, 3, 4, 6},
    {"16 CPUs, 23 askers, shared", 16, 8, 3, 23, 1, 2, 12},
    {"16 CPUs, 23 askers, cores", 16, 6, 4, 23, 7, 1, 12},
    {"512 CPUs, 20 cores and 3 for 2", 512, 6, 4, 23, 7, 4, 4},
    {"512 CPUs, 20 askers, crowded", 512, 10, 8, 20, 2, 7, 3},
    {"512 CPUs, 400 askers, crowded", 512, 100, 8, 400, 2, 7, 12},
    {"512 CPUs, 600 askers, full", 512, 100, 8, 600, 1, 1, 64},
};

typedef struct {
    const Hosts *of;
    GRand *rand;
    GPtrArray *sets;    /* of BpfpvCpuset */
    GPtrArray *demands; /* of BpfpvDemand */
    GPtrArray *keys;
    GPtrArray *originals; /* of GPtrArray */
    GPtrArray *domains;   /* of BpfpvPlacementDomain */
    BpfpvGuestTopology *threads;
    BpfpvTopology *topology;
    BpfpvPlacementHost host;
} Instance;

static void
set_free(gpointer set)
{
    bpfpv_cpuset_free(set);
}

static void
demand_free(gpointer demand)
{
    bpfpv_demand_free(demand);
}

static void
array_free(gpointer array)
{
    g_ptr_array_unref(array);
}

static guint
below(GRand *rand, guint end)
{
    return (guint)g_rand_int_range(rand, 0, (gint32)end);
}

/* Cores of two threads, caches of 8, two cells. */
static BpfpvTopology *
topology_new(guint n_cpus)
{
    g_autoptr(GArray) cpus = g_array_new(FALSE, TRUE, sizeof(BpfpvTopologyCpu));
    g_autoptr(BpfpvCpuset) online = bpfpv_cpuset_new_range(0, n_cpus - 1);

    for (guint c = 0; c < n_cpus; c++) {
        BpfpvTopologyCpu cpu = {
            .cpu = c, .core = (int)c / 2, .cache = (int)c / 8, .cell = (int)(c / (n_cpus / 2))};

        g_array_append_val(cpus, cpu);
    }
    return bpfpv_topology_new_placed(cpus, NULL, online);
}

/* All CPUs, or a few neighbours: most of what is narrow overlaps. Kept in @instance. */
static const BpfpvCpuset *
random_set(Instance *instance)
{
    guint n_cpus = instance->of->n_cpus;
    BpfpvCpuset *set;

    if (below(instance->rand, 8) >= instance->of->narrow) {
        set = bpfpv_cpuset_new_range(0, n_cpus - 1);
    } else {
        guint first = below(instance->rand, n_cpus);

        set = bpfpv_cpuset_new();
        for (guint n = 2 + below(instance->rand, instance->of->few); n > 0; n--)
            bpfpv_cpuset_add(set, (first + below(instance->rand, 2 * instance->of->few)) % n_cpus);
        bpfpv_cpuset_add(set, first);
        bpfpv_cpuset_add(set, (first + 1) % n_cpus);
    }
    g_ptr_array_add(instance->sets, set);
    return set;
}

/* @n of its vCPUs are anchors. */
static BpfpvDemand *
random_demand(Instance *instance, guint n)
{
    BpfpvDemand *demand = bpfpv_demand_new(instance->of->n_vcpus);
    g_autoptr(BpfpvCpuset) online = bpfpv_cpuset_new_range(0, instance->of->n_vcpus);
    guint first = below(instance->rand, instance->of->n_vcpus);

    for (guint i = 0; i < n; i++) {
        guint v = (first + i) % instance->of->n_vcpus;
        g_autoptr(BpfpvCpuset) mask = bpfpv_cpuset_new_range(v, v);

        bpfpv_demand_add(demand, mask, online, 1);
    }
    g_ptr_array_add(instance->demands, demand);
    return demand;
}

static guint
askers_of(const Hosts *of, guint d)
{
    return of->n_askers * (d + 1) / of->n_domains - of->n_askers * d / of->n_domains;
}

static void
add_domain(Instance *instance, guint d)
{
    const Hosts *of = instance->of;
    BpfpvPlacementDomain *domain = g_new0(BpfpvPlacementDomain, 1);
    GPtrArray *original = g_ptr_array_new();

    g_ptr_array_add(instance->keys, g_strdup_printf("domain-%04u", d));
    for (guint v = 0; v < of->n_vcpus; v++)
        g_ptr_array_add(original, (gpointer)random_set(instance));
    g_ptr_array_add(instance->originals, original);
    domain->domain = instance->keys->pdata[d];
    domain->demand = random_demand(instance, askers_of(of, d));
    domain->original = original;
    domain->pool = below(instance->rand, 2) ? random_set(instance) : NULL;
    domain->guest = below(instance->rand, 3) ? NULL : instance->threads;
    domain->mode = below(instance->rand, 3) ? BPFPV_MODE_EXCLUSIVE : BPFPV_MODE_SHARED;
    domain->smt = below(instance->rand, 8) < of->isolates ? BPFPV_SMT_ISOLATE : BPFPV_SMT_MATCH;
    domain->max_anchors = below(instance->rand, 3) ? G_MAXUINT : 2;
    domain->weight = below(instance->rand, 3);
    g_ptr_array_add(instance->domains, domain);
}

static Instance *
instance_new(const Hosts *of, GRand *rand)
{
    Instance *instance = g_new0(Instance, 1);

    instance->of = of;
    instance->rand = rand;
    instance->sets = g_ptr_array_new_with_free_func(set_free);
    instance->demands = g_ptr_array_new_with_free_func(demand_free);
    instance->keys = g_ptr_array_new_with_free_func(g_free);
    instance->originals = g_ptr_array_new_with_free_func(array_free);
    instance->domains = g_ptr_array_new_with_free_func(g_free);
    instance->threads = bpfpv_guest_topology_new();
    instance->threads->threads = 2;
    instance->topology = topology_new(of->n_cpus);
    instance->host = (BpfpvPlacementHost){
        .topology = instance->topology, .reserve = 1 + below(rand, 2), .max_moves = 8};
    for (guint d = 0; d < of->n_domains; d++)
        add_domain(instance, d);
    return instance;
}

static void
instance_free(Instance *instance)
{
    g_ptr_array_unref(instance->domains);
    g_ptr_array_unref(instance->originals);
    g_ptr_array_unref(instance->keys);
    g_ptr_array_unref(instance->demands);
    g_ptr_array_unref(instance->sets);
    bpfpv_guest_topology_free(instance->threads);
    bpfpv_topology_free(instance->topology);
    g_free(instance);
}

/* Adds what a solve from @before takes. Returns: (transfer full): its plan */
static BpfpvPlan *
time_solve(const Instance *instance, const BpfpvPlan *before, GArray *times)
{
    BpfpvPlan *plan = NULL;
    double least = G_MAXDOUBLE;

    for (guint i = 0; i < TIMES; i++) {
        double began = bench_now();

        bpfpv_plan_free(plan);
        plan = bpfpv_placement_solve(&instance->host, instance->domains, before, 0);
        least = MIN(least, bench_now() - began);
    }
    g_array_append_val(times, least);
    return plan;
}

/* From nothing, and after everybody asks for others than before. */
static void
time_instance(Instance *instance, GArray *times)
{
    g_autoptr(BpfpvPlan) plan = time_solve(instance, NULL, times);
    g_autoptr(BpfpvPlan) next = NULL;

    for (guint d = 0; d < instance->domains->len; d += 2)
        ((BpfpvPlacementDomain *)instance->domains->pdata[d])->demand =
            random_demand(instance, askers_of(instance->of, d));
    next = time_solve(instance, plan, times);
}

gboolean
bench_hard(double goal_us)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
    gboolean fine = TRUE;

    printf("Solves that search: %u random ones each\n%-32s %10s %10s %10s\n", 2 * INSTANCES, "",
           "median us", "99% us", "longest us");
    for (guint i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));

        for (guint n = 0; n < INSTANCES; n++) {
            Instance *instance = instance_new(&hosts[i], rand);

            time_instance(instance, times);
            instance_free(instance);
        }
        printf("%-32s %10.0f %10.0f %10.0f\n", hosts[i].name, bench_quantile(times, 0.5),
               bench_quantile(times, 0.99), bench_quantile(times, 1));
        fine &= bench_quantile(times, 1) <= goal_us;
    }
    printf("  goal: %.0f us for the longest\n\n", goal_us);
    return fine;
}
