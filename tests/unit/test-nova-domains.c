/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains as several releases of Nova write them (tests/fixtures/nova): what
 * their flavors mean, and that no plan leaves cpu_shared_set or touches what
 * Nova has pinned. $srcdir is the top of the source tree.
 */
#include "unit.h"

#include "core/placer/placement.h"
#include "xml/domain-topology.h"
#include "xml/domain.h"

/* Of the host in the fixtures. */
#define HOST_CPUS "0-31"
#define SHARED "2-5,8-29"
#define DEDICATED "6-7,30-31"

static char *
read_fixture(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("srcdir") ? g_getenv("srcdir") : ".",
                                             "tests/fixtures/nova", name, NULL);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        fail_msg("cannot read %s", path);
    return text;
}

/* Calls @check with the release and the name of every fixture whose name has @part; there are
 * @least or more. */
static void
for_each_of(const char *part, guint least, void (*check)(guint release, const char *name))
{
    g_autofree char *path = g_build_filename(g_getenv("srcdir") ? g_getenv("srcdir") : ".",
                                             "tests/fixtures/nova", NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;
    guint n = 0;

    assert_non_null(folder);
    while ((name = g_dir_read_name(folder))) {
        if (!g_str_has_suffix(name, ".xml") || !strstr(name, part))
            continue;
        check((guint)g_ascii_strtoull(name, NULL, 10), name);
        n++;
    }
    assert_true(n >= least);
}

static void
for_each(void (*check)(guint release, const char *name))
{
    for_each_of("", 20, check);
}

static BpfpvDomainXml *
parse(const char *name, const BpfpvPolicy *policy)
{
    g_autofree char *text = read_fixture(name);
    g_autoptr(GError) error = NULL;
    BpfpvDomainXml *xml = bpfpv_domain_xml_parse(text, NULL, policy, &error);

    assert_null(error);
    assert_null(xml->config_error);
    assert_false(xml->has_element);
    return xml;
}

/* ---- what it means ---- */

static void
check_specs(guint release, const char *name)
{
    g_autoptr(BpfpvDomainXml) xml = parse(name, NULL);

    if (release < 32) {
        assert_null(xml->config);
        assert_null(xml->source);
        return;
    }
    assert_non_null(xml->config);
    assert_true(xml->stands);
    assert_string_equal(xml->source, "flavor extra specs");
    assert_int_equal(xml->config->mode, BPFPV_MODE_EXCLUSIVE);
    assert_int_equal(xml->config->smt, BPFPV_SMT_ISOLATE);
    assert_int_equal(xml->config->numa, BPFPV_NUMA_STRICT);
    assert_int_equal(xml->config->max_anchors, 2);
}

static void
extra_specs_count_as_of_release_32(void **state)
{
    for_each(check_specs);
}

static void
check_sections(guint release, const char *name)
{
    g_autoptr(BpfpvPolicy) policy = bpfpv_policy_new();
    BpfpvSettings *other = bpfpv_policy_add_section(policy, BPFPV_SECTION_FLAVOR, "m1.*");
    BpfpvSettings *ours = bpfpv_policy_add_section(policy, BPFPV_SECTION_FLAVOR, "bpfpv.*");
    g_autoptr(BpfpvDomainXml) xml = NULL;

    assert_null(bpfpv_settings_set(other, "affinity", "off"));
    assert_null(bpfpv_settings_set(ours, "affinity", "shared"));
    assert_null(bpfpv_settings_set(ours, "cohort", "cell"));
    xml = parse(name, policy);
    assert_non_null(xml->config);
    assert_int_equal(xml->config->cohort, BPFPV_COHORT_CELL);
    assert_int_equal(xml->config->mode, release < 32 ? BPFPV_MODE_SHARED : BPFPV_MODE_EXCLUSIVE);
    assert_string_equal(xml->source, release < 32
                                         ? "bpfpvd.conf [flavor bpfpv.*]"
                                         : "flavor extra specs, bpfpvd.conf [flavor bpfpv.*]");
}

static void
the_flavors_name_counts_in_every_release(void **state)
{
    for_each(check_sections);
}

static void
check_hook(guint release, const char *name)
{
    g_autofree char *text = read_fixture(name);
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvMistakes) mistakes = bpfpv_domain_check(text, strlen(text), NULL, NULL, &error);

    assert_null(error);
    assert_int_equal(mistakes->len, 0);
}

static void
the_hook_has_nothing_against_them(void **state)
{
    for_each(check_hook);
}

/* ---- what a plan makes of it ---- */

typedef struct {
    BpfpvDomainTopology *xml;
    BpfpvCpuset *all;
    GPtrArray *original;
    GArray *threads;
    BpfpvPlan *plan;
} World;

static void
cpuset_free(gpointer set)
{
    bpfpv_cpuset_free(set);
}

/* A task is pinned to each of the vCPUs @wanted. */
static World *
solve(const char *name, const char *wanted)
{
    g_autofree char *text = read_fixture(name);
    g_autoptr(BpfpvCpuset) anchors = cpus(wanted);
    g_autoptr(BpfpvCpuset) guest = NULL;
    g_autoptr(BpfpvCpuset) pool = cpus(SHARED);
    g_autoptr(BpfpvTopology) topology = NULL;
    g_autoptr(BpfpvDemand) demand = NULL;
    g_autoptr(GPtrArray) domains = g_ptr_array_new();
    World *world = g_new0(World, 1);
    BpfpvPlacementThread emulator = {BPFPV_THREAD_EMULATOR, 0, NULL};
    BpfpvPlacementDomain domain = {.domain = "x", .max_anchors = G_MAXUINT, .weight = 1};
    BpfpvPlacementHost host = {.reserve = 1};

    world->xml = bpfpv_domain_topology_parse(text, NULL);
    world->all = cpus(HOST_CPUS);
    world->original = g_ptr_array_new_with_free_func(cpuset_free);
    world->threads = g_array_new(FALSE, FALSE, sizeof(BpfpvPlacementThread));
    for (guint v = 0; v < world->xml->n_vcpus; v++) {
        const BpfpvCpuset *set = g_ptr_array_index(world->xml->original, v);

        g_ptr_array_add(world->original, bpfpv_cpuset_copy(set ? set : world->all));
    }
    emulator.original = world->xml->emulator ? world->xml->emulator : world->all;
    g_array_append_val(world->threads, emulator);
    topology = bpfpv_topology_new(world->all, world->all);
    demand = bpfpv_demand_new(world->xml->n_vcpus);
    guest = bpfpv_cpuset_new_range(0, world->xml->n_vcpus - 1);
    for (int v = bpfpv_cpuset_next(anchors, 0); v >= 0 && (guint)v < world->xml->n_vcpus;
         v = bpfpv_cpuset_next(anchors, (guint)v + 1)) {
        g_autoptr(BpfpvCpuset) one = bpfpv_cpuset_new_range((guint)v, (guint)v);

        if (world->xml->n_vcpus > 1)
            bpfpv_demand_add(demand, one, guest, 1);
    }
    domain.demand = demand;
    domain.original = world->original;
    domain.threads = world->threads;
    host.topology = topology;
    host.pool = pool;
    g_ptr_array_add(domains, &domain);
    world->plan = bpfpv_placement_solve(&host, domains, NULL, 0);
    return world;
}

static void
world_free(World *world)
{
    bpfpv_plan_free(world->plan);
    g_ptr_array_unref(world->original);
    g_array_unref(world->threads);
    bpfpv_cpuset_free(world->all);
    bpfpv_domain_topology_free(world->xml);
    g_free(world);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(World, world_free)

/* For any domain of Nova's and any demand. */
static void
check_respect(const World *world)
{
    g_autoptr(BpfpvCpuset) dedicated = cpus(DEDICATED);
    const BpfpvPlanDomain *plan = bpfpv_plan_find(world->plan, "x");

    assert_int_equal(plan->vcpus->len, world->original->len);
    for (guint v = 0; v < plan->vcpus->len; v++) {
        const BpfpvPlanVcpu *vcpu = g_ptr_array_index(plan->vcpus, v);
        const BpfpvCpuset *original = g_ptr_array_index(world->original, v);

        assert_true(bpfpv_cpuset_is_subset(vcpu->cpus, original));
        assert_false(bpfpv_cpuset_is_empty(vcpu->cpus));
        if (bpfpv_cpuset_count(original) == 1)
            assert_int_equal(vcpu->want, BPFPV_WANT_FIXED);
        else if (vcpu->want == BPFPV_WANT_ANCHOR && vcpu->met)
            assert_false(bpfpv_cpuset_intersects(vcpu->cpus, dedicated));
    }
    for (guint t = 0; t < plan->threads->len; t++) {
        const BpfpvPlanThread *thread = g_ptr_array_index(plan->threads, t);

        assert_true(bpfpv_cpuset_is_subset(
            thread->cpus, g_array_index(world->threads, BpfpvPlacementThread, 0).original));
        assert_false(bpfpv_cpuset_is_empty(thread->cpus));
    }
}

static void
check_plans(guint release, const char *name)
{
    static const char *const demands[] = {"", "0", "0-1", "2-3", "0-3"};

    for (gsize i = 0; i < G_N_ELEMENTS(demands); i++) {
        g_autoptr(World) world = solve(name, demands[i]);

        check_respect(world);
    }
}

static void
no_plan_leaves_what_nova_gave(void **state)
{
    for_each(check_plans);
}

static const BpfpvPlanVcpu *
planned(const World *world, guint vcpu)
{
    return g_ptr_array_index(bpfpv_plan_find(world->plan, "x")->vcpus, vcpu);
}

static void
check_shared(guint release, const char *name)
{
    g_autoptr(BpfpvCpuset) shared = cpus(SHARED);
    g_autoptr(World) world = solve(name, "1");

    assert_int_equal(planned(world, 1)->want, BPFPV_WANT_ANCHOR);
    assert_true(planned(world, 1)->met);
    assert_int_equal(bpfpv_cpuset_count(planned(world, 1)->cpus), 1);
    assert_true(bpfpv_cpuset_is_subset(planned(world, 1)->cpus, shared));
}

static void
a_shared_instance_is_anchored_within_cpu_shared_set(void **state)
{
    for_each_of("-shared", 7, check_shared);
}

static void
check_numa(guint release, const char *name)
{
    g_autoptr(World) world = solve(name, "0,3");
    g_autoptr(BpfpvCpuset) first = cpus("2-5");
    g_autoptr(BpfpvCpuset) second = cpus("8-15");

    assert_true(planned(world, 0)->met && planned(world, 3)->met);
    assert_true(bpfpv_cpuset_is_subset(planned(world, 0)->cpus, first));
    assert_true(bpfpv_cpuset_is_subset(planned(world, 3)->cpus, second));
}

static void
a_numa_instance_is_anchored_within_its_cell(void **state)
{
    for_each_of("-numa", 5, check_numa);
}

static void
check_mixed(guint release, const char *name)
{
    g_autoptr(World) world = solve(name, "0-3");
    g_autoptr(BpfpvCpuset) shared = cpus("24-29");

    for (guint v = 0; v < 2; v++) {
        assert_true(planned(world, v)->met);
        assert_int_equal(bpfpv_cpuset_count(planned(world, v)->cpus), 1);
        assert_true(bpfpv_cpuset_is_subset(planned(world, v)->cpus, shared));
    }
    assert_cpus(planned(world, 2)->cpus, "30");
    assert_cpus(planned(world, 3)->cpus, "31");
}

static void
a_mixed_instance_keeps_its_dedicated_vcpus(void **state)
{
    for_each_of("-mixed", 5, check_mixed);
}

static void
check_dedicated(guint release, const char *name)
{
    g_autoptr(World) world = solve(name, "0-1");

    for (guint v = 0; v < world->original->len; v++)
        assert_true(bpfpv_cpuset_equal(planned(world, v)->cpus, world->original->pdata[v]));
}

static void
a_dedicated_instance_is_left_alone(void **state)
{
    static const struct {
        const char *name;
        const char *emulator;
    } cases[] = {
        {"26-dedicated.xml", "6-7"},
        {"32-dedicated.xml", "6-7"},
        {"32-dedicated-share.xml", "2-5,8-29"},
        {"32-dedicated-isolate.xml", "7"},
    };

    for_each_of("-dedicated", 7, check_dedicated);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(World) world = solve(cases[i].name, "0-1");
        const BpfpvPlanDomain *plan = bpfpv_plan_find(world->plan, "x");
        const BpfpvPlanThread *emulator = g_ptr_array_index(plan->threads, 0);

        assert_cpus(emulator->cpus, cases[i].emulator);
    }
}

/* hw:emulator_threads_policy=isolate: CPU 7 is the emulator's, and nobody's anchor even if that
 * would not turn it out. */
static void
an_isolated_emulator_keeps_its_cpu_for_itself(void **state)
{
    g_autoptr(World) world = solve("32-dedicated-isolate.xml", "");
    g_autoptr(BpfpvTopology) topology = bpfpv_topology_new(world->all, world->all);
    g_autoptr(BpfpvDemand) none = bpfpv_demand_new(world->xml->n_vcpus);
    g_autoptr(BpfpvDemand) demand = bpfpv_demand_new(2);
    g_autoptr(GPtrArray) original = g_ptr_array_new_with_free_func(cpuset_free);
    g_autoptr(GPtrArray) domains = g_ptr_array_new();
    g_autoptr(BpfpvCpuset) both = cpus("0-1");
    g_autoptr(BpfpvCpuset) first = cpus("0");
    g_autoptr(BpfpvPlan) plan = NULL;
    BpfpvPlacementHost host = {.topology = topology};
    BpfpvPlacementDomain pinned = {
        .domain = "x", .demand = none, .original = world->original, .threads = world->threads};
    BpfpvPlacementDomain other = {.domain = "y",
                                  .demand = demand,
                                  .original = original,
                                  .mode = BPFPV_MODE_SHARED,
                                  .max_anchors = G_MAXUINT};

    assert_cpus(world->xml->fixed, "6-7");
    bpfpv_demand_add(demand, first, both, 1);
    g_ptr_array_add(original, cpus("6-8"));
    g_ptr_array_add(original, cpus("6-8"));
    g_ptr_array_add(domains, &pinned);
    g_ptr_array_add(domains, &other);
    plan = bpfpv_placement_solve(&host, domains, NULL, 0);
    assert_cpus(((BpfpvPlanVcpu *)bpfpv_plan_find(plan, "y")->vcpus->pdata[0])->cpus, "8");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extra_specs_count_as_of_release_32),
        cmocka_unit_test(the_flavors_name_counts_in_every_release),
        cmocka_unit_test(the_hook_has_nothing_against_them),
        cmocka_unit_test(no_plan_leaves_what_nova_gave),
        cmocka_unit_test(a_shared_instance_is_anchored_within_cpu_shared_set),
        cmocka_unit_test(a_numa_instance_is_anchored_within_its_cell),
        cmocka_unit_test(a_mixed_instance_keeps_its_dedicated_vcpus),
        cmocka_unit_test(a_dedicated_instance_is_left_alone),
        cmocka_unit_test(an_isolated_emulator_keeps_its_cpu_for_itself),
    };

    return cmocka_run_group_tests_name("nova-domains", tests, NULL, NULL);
}
