/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How long placement takes: one change at a time on a host of 512 CPUs with
 * 200 domains of 8 vCPUs, everything at once, how both grow with the domains
 * and with the CPUs, and how often they allocate memory. Prints tables; fails
 * if a goal is missed by more than BPFPV_BENCH_SLACK times.
 *
 * Times are of the thread's processor time. How they grow is a quotient of two
 * of them, which is wrong as soon as the processor was slower during one: other
 * guests of its host, its clock, what others leave in its caches. All of that
 * only adds. So a table is gone through several times, row after row, and each
 * row has the least that any pass took. The goals are held against one pass.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib.h>

#include "bench-allocations.h"
#include "bench-hard.h"
#include "bench-time.h"

#include "core/placer/placer.h"

#define VCPUS 8
#define ROUNDS 400
#define ROWS 5
#define PASSES 5
#define GOAL_CHANGE_US 200.0
#define GOAL_COUNT_US 40.0
#define GOAL_FULL_US 20000.0

/* What domains ask for. */
typedef enum {
    PLAIN, /* any CPU will do */
    MIXED, /* threads, whole cores, cohorts of anchors, pools, near memory */
} Kind;

typedef struct {
    Kind kind;
    BpfpvCpuset *half;           /* of the host */
    BpfpvGuestTopology *threads; /* a guest with two threads for each core */
    BpfpvGuestTopology *near;    /* one with all memory in cell 0 */
    GPtrArray *domains;          /* of BpfpvPlacementDomain */
    GPtrArray *demands;          /* of BpfpvDemand */
    GPtrArray *keys;
    GPtrArray *original;
    BpfpvCpuset *all;
    BpfpvTopology *topology;
    BpfpvPlacementHost host;
} Bench;

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

/* Two cells, caches of 16 threads, cores of two. */
static BpfpvTopology *
topology_new(guint n_cpus, const BpfpvCpuset *online)
{
    g_autoptr(GArray) cpus = g_array_new(FALSE, TRUE, sizeof(BpfpvTopologyCpu));

    for (guint c = 0; c < n_cpus; c++) {
        int core = (int)(c % (n_cpus / 2));
        BpfpvTopologyCpu cpu = {
            .cpu = c, .core = core, .cache = core / 8, .cell = core / (int)MAX(n_cpus / 4, 1)};

        g_array_append_val(cpus, cpu);
    }
    return bpfpv_topology_new_placed(cpus, NULL, online);
}

/* @anchors of the vCPUs of a domain are anchored, from @first on; two more are a cohort, and one of
 * them is an anchor too if @mixed. */
static BpfpvDemand *
demand_new(guint first, guint anchors, gboolean mixed)
{
    BpfpvDemand *demand = bpfpv_demand_new(VCPUS);
    g_autoptr(BpfpvCpuset) online = bpfpv_cpuset_new_range(0, VCPUS - 1);
    g_autoptr(BpfpvCpuset) cohort =
        bpfpv_cpuset_new_range(mixed ? (first + anchors - 1) % (VCPUS - 2) : VCPUS - 2, VCPUS - 1);

    for (guint i = 0; i < anchors; i++) {
        guint v = (first + i) % (VCPUS - 2);
        g_autoptr(BpfpvCpuset) mask = bpfpv_cpuset_new_range(v, v);

        bpfpv_demand_add(demand, mask, online, 1);
    }
    bpfpv_demand_add(demand, cohort, online, 1);
    return demand;
}

static void
mix(const Bench *bench, BpfpvPlacementDomain *domain, guint number)
{
    domain->guest = number % 3 == 0 ? bench->threads : number % 3 == 1 ? bench->near : NULL;
    domain->pool = number % 4 == 0 ? bench->half : NULL;
    domain->mode = number % 5 == 0 ? BPFPV_MODE_SHARED : BPFPV_MODE_EXCLUSIVE;
    domain->smt = number % 8 == 0 ? BPFPV_SMT_ISOLATE : BPFPV_SMT_MATCH;
}

static Bench *
bench_new(Kind kind, guint n_cpus, guint n_domains)
{
    Bench *bench = g_new0(Bench, 1);
    g_autoptr(BpfpvCpuset) cell = bpfpv_cpuset_new_range(0, 0);

    bench->kind = kind;
    bench->half = bpfpv_cpuset_new_range(0, n_cpus / 2 - 1);
    bench->threads = bpfpv_guest_topology_new();
    bench->threads->threads = 2;
    bench->near = bpfpv_guest_topology_new();
    for (guint v = 0; v < VCPUS; v++)
        bpfpv_guest_topology_set_memory(bench->near, v, cell);

    bench->domains = g_ptr_array_new_with_free_func(g_free);
    bench->demands = g_ptr_array_new_with_free_func(demand_free);
    bench->keys = g_ptr_array_new_with_free_func(g_free);
    bench->original = g_ptr_array_new_with_free_func(set_free);
    bench->all = bpfpv_cpuset_new_range(0, n_cpus - 1);
    bench->topology = topology_new(n_cpus, bench->all);
    bench->host = (BpfpvPlacementHost){.topology = bench->topology, .reserve = 4, .max_moves = 8};
    for (guint v = 0; v < VCPUS; v++)
        g_ptr_array_add(bench->original, bpfpv_cpuset_copy(bench->all));
    for (guint d = 0; d < n_domains; d++) {
        BpfpvPlacementDomain *domain = g_new0(BpfpvPlacementDomain, 1);

        g_ptr_array_add(bench->keys, g_strdup_printf("domain-%04u", d));
        g_ptr_array_add(bench->demands, demand_new(d, 2, kind == MIXED));
        domain->domain = bench->keys->pdata[d];
        domain->demand = bench->demands->pdata[d];
        domain->original = bench->original;
        domain->max_anchors = G_MAXUINT;
        if (kind == MIXED)
            mix(bench, domain, d);
        g_ptr_array_add(bench->domains, domain);
    }
    return bench;
}

static void
bench_free(Bench *bench)
{
    g_ptr_array_unref(bench->domains);
    g_ptr_array_unref(bench->demands);
    g_ptr_array_unref(bench->keys);
    g_ptr_array_unref(bench->original);
    bpfpv_cpuset_free(bench->all);
    bpfpv_cpuset_free(bench->half);
    bpfpv_guest_topology_free(bench->threads);
    bpfpv_guest_topology_free(bench->near);
    bpfpv_topology_free(bench->topology);
    g_free(bench);
}

typedef struct {
    guint n_cpus, n_domains;
    double change, change_99; /* us */
    double count, count_99;   /* us: a change that moves nobody: one task more, or less */
    double full, full_99;     /* us */
    double again_allocations; /* of a solve that nothing has changed for */
    double change_allocations;
} Result;

/* One domain after another wants one anchor more, or one less. */
static void
measure_changes(Bench *bench, Result *result)
{
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    guint64 allocations = 0;

    bpfpv_placer_set_host(placer, &bench->host);
    for (guint d = 0; d < bench->domains->len; d++)
        bpfpv_placer_set_domain(placer, bench->domains->pdata[d]);
    bpfpv_placer_solve(placer, 0);
    for (guint round = 0; round < ROUNDS; round++) {
        guint which = round / 2 * 7 % bench->domains->len;
        BpfpvPlacementDomain domain = *(BpfpvPlacementDomain *)bench->domains->pdata[which];
        g_autoptr(BpfpvDemand) demand =
            demand_new(round / 2, 2 + (round + 1) % 2, bench->kind == MIXED);

        /* The change, there and back. */
        for (guint i = 0; i < 4; i++) {
            guint64 before = bench_allocations();
            double began = bench_now();
            double took;

            domain.demand = i % 2 ? bench->demands->pdata[which] : demand;
            bpfpv_placer_set_domain(placer, &domain);
            bpfpv_placer_solve(placer, 0);
            took = bench_now() - began;
            allocations += bench_allocations() - before;
            g_array_append_val(times, took);
        }
    }
    result->change = bench_quantile(times, 0.5);
    result->change_99 = bench_quantile(times, 0.99);
    result->change_allocations = (double)allocations / times->len;
    allocations = bench_allocations();
    for (guint round = 0; round < 10; round++) {
        for (guint d = 0; d < bench->domains->len; d++)
            bpfpv_placer_set_domain(placer, bench->domains->pdata[d]);
        bpfpv_placer_solve(placer, 0);
    }
    result->again_allocations = (double)(bench_allocations() - allocations) / 10;
}

/* Where a task asks for an anchor that one asks for already. */
static void
measure_counts(Bench *bench, Result *result)
{
    g_autoptr(BpfpvPlacer) placer = bpfpv_placer_new();
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(BpfpvCpuset) online = bpfpv_cpuset_new_range(0, VCPUS - 1);

    bpfpv_placer_set_host(placer, &bench->host);
    for (guint d = 0; d < bench->domains->len; d++)
        bpfpv_placer_set_domain(placer, bench->domains->pdata[d]);
    for (guint i = 0; i < 100; i++) /* until nobody can be moved for others any more */
        bpfpv_placer_solve(placer, 0);
    for (guint round = 0; round < ROUNDS; round++) {
        guint which = round * 7 % bench->domains->len;
        BpfpvPlacementDomain domain = *(BpfpvPlacementDomain *)bench->domains->pdata[which];
        g_autoptr(BpfpvDemand) more = bpfpv_demand_copy(domain.demand);
        g_autoptr(BpfpvCpuset) mask =
            bpfpv_cpuset_new_range(which % (VCPUS - 2), which % (VCPUS - 2));

        bpfpv_demand_add(more, mask, online, 1);
        for (guint i = 0; i < 2; i++) {
            double began = bench_now(), took;

            domain.demand = i == 0 ? more : bench->demands->pdata[which];
            bpfpv_placer_set_domain(placer, &domain);
            bpfpv_placer_solve(placer, 0);
            took = bench_now() - began;
            g_array_append_val(times, took);
        }
    }
    result->count = bench_quantile(times, 0.5);
    result->count_99 = bench_quantile(times, 0.99);
}

static void
measure_full(Bench *bench, Result *result)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));

    for (guint round = 0; round < 15; round++) {
        double began = bench_now();
        BpfpvPlan *plan = bpfpv_placement_solve(&bench->host, bench->domains, NULL, 0);
        double took = bench_now() - began;

        bpfpv_plan_free(plan);
        g_array_append_val(times, took);
    }
    result->full = bench_quantile(times, 0.5);
    result->full_99 = bench_quantile(times, 0.99);
}

static Result
measure(Kind kind, guint n_cpus, guint n_domains)
{
    Bench *bench = bench_new(kind, n_cpus, n_domains);
    Result result = {.n_cpus = n_cpus, .n_domains = n_domains};

    measure_changes(bench, &result);
    measure_full(bench, &result);
    bench_free(bench);
    return result;
}

static double
n_log_n(double n)
{
    return n * log2(n);
}

/* CPUs and domains both count: one that does not grow does not make the other look better. */
static double
growth_of(const Result *from, const Result *to)
{
    double cpus = n_log_n(to->n_cpus) / n_log_n(from->n_cpus);
    double vcpus = n_log_n(to->n_domains * VCPUS) / n_log_n(from->n_domains * VCPUS);

    return MAX(cpus, vcpus);
}

static void
print_row(const Result *result, const Result *last)
{
    printf("%6u %8u %6u %10.1f %10.1f %10.0f %10.0f", result->n_cpus, result->n_domains,
           result->n_domains * VCPUS, result->change, result->change_99, result->full,
           result->full_99);
    if (last != NULL)
        printf("    x%-5.2f x%-5.2f x%.2f", result->change / last->change,
               result->full / last->full, growth_of(last, result));
    printf("\n");
}

static void
take_least(Result *result, const Result *pass)
{
    result->change = MIN(result->change, pass->change);
    result->change_99 = MIN(result->change_99, pass->change_99);
    result->full = MIN(result->full, pass->full);
    result->full_99 = MIN(result->full_99, pass->full_99);
}

/* Doubles domains, CPUs or both from @n_cpus and @n_domains on. Returns: whether both times grew
 * by no more than n log n from the first to the last, give or take @slack */
static gboolean
table(Kind kind, guint n_cpus, guint n_domains, gboolean more_cpus, gboolean more_domains,
      double slack)
{
    Result rows[ROWS];
    const Result *first = &rows[0], *last = &rows[ROWS - 1];
    double change, full, bound;

    for (guint pass = 0; pass < PASSES; pass++) {
        for (guint i = 0; i < ROWS; i++) {
            Result result =
                measure(kind, n_cpus << (more_cpus ? i : 0), n_domains << (more_domains ? i : 0));

            if (pass == 0)
                rows[i] = result;
            else
                take_least(&rows[i], &result);
        }
    }
    printf("%6s %8s %6s %10s %10s %10s %10s    %s\n", "CPUs", "domains", "vCPUs", "change us",
           "99% us", "full us", "99% us", "change full   n log n");
    for (guint i = 0; i < ROWS; i++)
        print_row(&rows[i], i > 0 ? &rows[i - 1] : NULL);
    change = last->change / first->change;
    full = last->full / first->full;
    bound = growth_of(first, last);
    printf("  in all: change x%.1f, full x%.1f, n log n x%.1f\n\n", change, full, bound);
    return change <= bound * slack && full <= bound * slack;
}

/* What did not change costs nothing, however much of it there is. */
static gboolean
counts_cost_nothing(Kind kind, double slack)
{
    static const guint domains[] = {25, 100, 400, 1000};
    gboolean fine = TRUE;

    printf("A change that moves nobody, one task more or less, 512 CPUs (goal %.0f us):\n",
           GOAL_COUNT_US);
    for (guint i = 0; i < G_N_ELEMENTS(domains); i++) {
        Bench *bench = bench_new(kind, 512, domains[i]);
        Result result = {0};

        measure_counts(bench, &result);
        printf("%6u domains %8.1f us, 99%% %8.1f us\n", domains[i], result.count, result.count_99);
        fine &= result.count <= GOAL_COUNT_US * slack;
        bench_free(bench);
    }
    printf("\n");
    return fine;
}

/* The times that the goals are for. */
static gboolean
reaches_goals(Kind kind, double slack)
{
    Result result = measure(kind, 512, 200);

    printf("512 CPUs, 200 domains of %u vCPUs, %s:\n  a change %.1f us, 99%% %.1f us (goal %.0f)\n"
           "  everything %.0f us, 99%% %.0f us (goal %.0f)\n"
           "  allocations: %.1f for a solve without a change (goal 0), %.1f for a change\n\n",
           VCPUS, kind == PLAIN ? "plain" : "mixed", result.change, result.change_99,
           GOAL_CHANGE_US, result.full, result.full_99, GOAL_FULL_US, result.again_allocations,
           result.change_allocations);
    return result.change <= GOAL_CHANGE_US * slack && result.full <= GOAL_FULL_US * slack &&
           result.again_allocations <= 0;
}

int
main(void)
{
    const char *text = g_getenv("BPFPV_BENCH_SLACK");
    double slack = text != NULL ? g_ascii_strtod(text, NULL) : 1.0;
    gboolean fine = TRUE;

    printf(
        "Processor time. In the tables: the median and the 99th percentile, of both the least of\n"
        "%u passes over the table.\n\n",
        PASSES);
    for (Kind kind = PLAIN; kind <= MIXED; kind++) {
        printf("%s domains\n", kind == PLAIN ? "Plain" : "Mixed");
        fine &= table(kind, 512, 25, FALSE, TRUE, slack);
        fine &= table(kind, 64, 100, TRUE, FALSE, slack);
        fine &= table(kind, 64, 25, TRUE, TRUE, slack);
    }
    fine &= counts_cost_nothing(PLAIN, slack);
    fine &= counts_cost_nothing(MIXED, slack);
    fine &= bench_hard(GOAL_FULL_US * slack);
    fine &= reaches_goals(PLAIN, slack);
    fine &= reaches_goals(MIXED, slack);
    printf("%s\n", fine ? "all goals reached" : "a goal is missed");
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
