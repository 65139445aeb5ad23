/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts and domains as people have them, that bpfpv was once wrong on: what "bpfpvctl plan" and the
 * hook make of what is in tests/fixtures/cases.
 */
#include "unit.h"

#include "ctl/scenario/scenario.h"
#include "hook/repair.h"

typedef struct {
    BpfpvScenario *scenario;
    BpfpvPlacer *placer;
} Case;

static char *
case_path(const char *name)
{
    return g_strconcat(SRCDIR "/tests/fixtures/cases/", name, ".json", NULL);
}

static Case
solve(const char *name)
{
    g_autofree char *path = case_path(name);
    g_autoptr(GError) error = NULL;
    Case solved = {bpfpv_scenario_load(path, &error), bpfpv_placer_new()};

    if (!solved.scenario)
        fail_msg("%s", error->message);
    bpfpv_scenario_place(solved.scenario, solved.placer);
    return solved;
}

static void
case_clear(Case *solved)
{
    bpfpv_placer_free(solved->placer);
    bpfpv_scenario_free(solved->scenario);
}

static void
fails(const char *name, const char *message_has)
{
    g_autofree char *path = case_path(name);
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvScenario) scenario = bpfpv_scenario_load(path, &error);

    assert_null(scenario);
    if (!strstr(error->message, message_has))
        fail_msg("'%s' should be in: %s", message_has, error->message);
}

static const BpfpvPlanVcpu *
vcpu_of(const Case *solved, const char *domain, guint vcpu)
{
    const BpfpvPlanDomain *planned = bpfpv_plan_find(bpfpv_placer_plan(solved->placer), domain);

    assert_non_null(planned);
    assert_true(vcpu < planned->vcpus->len);
    return planned->vcpus->pdata[vcpu];
}

static const BpfpvCpuset *
iothread_of(const Case *solved, const char *domain, guint id)
{
    const BpfpvPlanDomain *planned = bpfpv_plan_find(bpfpv_placer_plan(solved->placer), domain);

    for (guint t = 0; t < planned->threads->len; t++) {
        const BpfpvPlanThread *thread = planned->threads->pdata[t];

        if (thread->kind == BPFPV_THREAD_IOTHREAD && thread->id == id)
            return thread->cpus;
    }
    fail_msg("no I/O thread %u", id);
    return NULL;
}

/* Sockets 36 and 3108 are two, as 36 and 3180 are. */
static void
ids_of_any_size_name_different_caches(void **state)
{
    Case odd = solve("cache-key-collision/capabilities");
    Case even = solve("cache-key-collision/control");

    (void)state;
    assert_cpus(vcpu_of(&odd, "db", 0)->cpus, "0-3");
    assert_cpus(vcpu_of(&even, "db", 0)->cpus, "0-3");
    case_clear(&odd);
    case_clear(&even);
}

static void
a_cluster_stands_for_an_unknown_cache(void **state)
{
    Case solved = solve("arm-hybrid-slow-first/plan");
    const BpfpvCpuset *cohort = vcpu_of(&solved, "vm", 0)->cpus;
    g_autoptr(BpfpvCpuset) first = cpus("0-3");
    g_autoptr(BpfpvCpuset) second = cpus("4-7");

    (void)state;
    assert_true(bpfpv_cpuset_is_subset(cohort, first) || bpfpv_cpuset_is_subset(cohort, second));
    case_clear(&solved);
}

static void
cpus_that_nothing_is_said_of_are_online_cores(void **state)
{
    static const char *const names[] = {"caps-without-siblings/plan", "plan-no-topology/plan"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        Case solved = solve(names[i]);

        assert_true(vcpu_of(&solved, "vm", 0)->met);
        assert_int_equal(bpfpv_cpuset_count(vcpu_of(&solved, "vm", 0)->cpus), 1);
        case_clear(&solved);
    }
}

static void
an_io_thread_has_any_id(void **state)
{
    Case solved = solve("iothread-id-2000/plan");

    (void)state;
    assert_cpus(iothread_of(&solved, "vm", 2000), "7");
    case_clear(&solved);
}

/* Whatever the number of the I/O thread that has CPU 0 to itself. */
static void
a_pinned_domains_io_thread_keeps_its_cpu(void **state)
{
    static const char *const names[] = {"iothread-id-2000/fixed", "iothread-id-2000/fixed20"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        Case solved = solve(names[i]);

        assert_cpus(vcpu_of(&solved, "vm", 0)->cpus, "1");
        case_clear(&solved);
    }
}

static void
no_vcpu_is_cut_off(void **state)
{
    Case solved = solve("vcpus-cut-at-1024/plan");

    (void)state;
    assert_cpus(vcpu_of(&solved, "vm", 1200)->cpus, "3");
    assert_int_equal(vcpu_of(&solved, "vm", 1200)->want, BPFPV_WANT_FIXED);
    assert_int_equal(vcpu_of(&solved, "vm", 1499)->want, BPFPV_WANT_FLOAT);
    case_clear(&solved);
    fails("vcpus-cut-at-1024/too-many", "<vcpu> is 9000; bpfpv takes 8192 vCPUs at most");
}

static void
a_pin_that_can_t_be_read_is_an_error(void **state)
{
    (void)state;
    fails("vcpus-cut-at-1024/cpu-9000", "<vcpupin cpuset=\"9000\">");
}

static void
a_vcpu_that_is_not_plugged_in_asks_for_nothing(void **state)
{
    Case solved = solve("plan-counts-unplugged-vcpus/plugged");

    (void)state;
    assert_cpus(((BpfpvScenarioDomain *)solved.scenario->domains->pdata[0])->enabled, "0-1,5");
    assert_int_equal(vcpu_of(&solved, "vm", 5)->want, BPFPV_WANT_ANCHOR);
    case_clear(&solved);
    fails("plan-counts-unplugged-vcpus/plan", "\"mask\": \"2\": the domain has vCPUs 0-1");
}

/* A vCPU with SCHED_FIFO that spins leaves an emulator on its only CPU nothing. */
static void
an_emulator_beside_a_real_time_vcpu_is_said(void **state)
{
    static const char why[] = "its scheduler is a real-time one (<vcpusched>), and the emulator "
                              "may run on CPU 5 alone, where it may get no time; give that more "
                              "CPUs";
    Case tight = solve("rt-vcpu-beside-emulator/plan");
    Case roomy = solve("rt-vcpu-beside-emulator/roomy");

    (void)state;
    assert_cpus(vcpu_of(&tight, "rt", 0)->cpus, "4");
    assert_null(vcpu_of(&tight, "rt", 0)->why);
    assert_cpus(vcpu_of(&tight, "rt", 1)->cpus, "5");
    assert_string_equal(vcpu_of(&tight, "rt", 1)->why, why);
    assert_null(vcpu_of(&roomy, "rt", 1)->why);
    case_clear(&tight);
    case_clear(&roomy);
}

/* The memory is a CXL cell's, 14 from cell 1 and 24 from cell 0. */
static void
memory_without_cpus_is_near_to_the_nearest(void **state)
{
    Case solved = solve("numa-strict-memory-only-cell/plan");
    g_autoptr(BpfpvCpuset) near = cpus("2-3");

    (void)state;
    assert_true(bpfpv_cpuset_is_subset(vcpu_of(&solved, "vm", 0)->cpus, near));
    case_clear(&solved);
}

static void
memory_that_the_host_lacks_is_said(void **state)
{
    Case strict = solve("numa-strict-memory-only-cell/missing");
    Case prefer = solve("numa-strict-memory-only-cell/missing-prefer");

    (void)state;
    assert_false(vcpu_of(&strict, "vm", 0)->met);
    assert_string_equal(vcpu_of(&strict, "vm", 0)->why,
                        "its memory is bound to cell 9, but the host has no cell 9; mend "
                        "<numatune> or use numa 'prefer'");
    assert_true(vcpu_of(&prefer, "vm", 0)->met);
    assert_non_null(strstr(vcpu_of(&prefer, "vm", 0)->why, "near to no memory"));
    case_clear(&strict);
    case_clear(&prefer);
}

/* ---- what Nova has rewritten for the destination ---- */

/* What the hook makes of it. */
static char *
migrate(const char *name)
{
    g_autofree char *path = g_strconcat(SRCDIR "/tests/fixtures/cases/", name, "/dest.xml", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    char *repaired;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    repaired = bpfpv_hook_repair(text, strlen(text), &error);
    assert_non_null(repaired);
    return repaired;
}

static void
a_shared_instance_gets_the_destinations_shared_set(void **state)
{
    g_autofree char *repaired = migrate("nova-migrate-shared");

    (void)state;
    assert_null(strstr(repaired, "pin"));
    assert_null(strstr(repaired, "cputune"));
    assert_non_null(strstr(repaired, "<vcpu placement=\"static\" cpuset=\"8-11\">2</vcpu>"));
    assert_null(strstr(repaired, "urn:bpfpv:status:1"));
}

static void
dedicated_cpus_are_those_of_the_destination(void **state)
{
    g_autofree char *repaired = migrate("nova-migrate-dedicated");

    (void)state;
    assert_non_null(strstr(repaired, "<vcpupin vcpu=\"0\" cpuset=\"28\"/>"));
    assert_non_null(strstr(repaired, "<vcpupin vcpu=\"1\" cpuset=\"20-23\"/>"));
    assert_null(strstr(repaired, "urn:bpfpv:status:1"));
}

/* ---- a domain stays together ---- */

/* The first vCPUs of a domain have CPUs of @place alone. */
static void
assert_within(const Case *solved, const char *domain, guint n_vcpus, const char *place)
{
    g_autoptr(BpfpvCpuset) cpus_of_place = cpus(place);

    for (guint v = 0; v < n_vcpus; v++)
        assert_true(bpfpv_cpuset_is_subset(vcpu_of(solved, domain, v)->cpus, cpus_of_place));
}

static guint64
cost_of(const Case *solved)
{
    BpfpvPlacementScore score;

    bpfpv_placer_score(solved->placer, &score);
    return score.cost;
}

static void
a_domain_is_in_one_cell_whatever_the_numbering(void **state)
{
    Case solved = solve("vm-spread-over-cells/one-vm");

    (void)state;
    assert_within(&solved, "db", 4, "0,2,4,6,8,10,12,14");
    assert_int_equal(cost_of(&solved), 0);
    case_clear(&solved);
}

/* Two more fit beside the first; spread, the second is elsewhere. */
static void
domains_are_packed_or_spread(void **state)
{
    Case packed = solve("vm-spread-over-cells/packed");
    Case spread = solve("vm-spread-over-cells/spread");

    (void)state;
    assert_within(&packed, "one", 4, "0,2,4,6,8,10,12,14");
    assert_within(&packed, "two", 4, "0,2,4,6,8,10,12,14");
    assert_within(&spread, "one", 4, "0,2,4,6,8,10,12,14");
    assert_within(&spread, "two", 4, "1,3,5,7,9,11,13,15");
    case_clear(&packed);
    case_clear(&spread);
}

static void
a_socket_comes_before_anywhere(void **state)
{
    Case solved = solve("cohort-larger-than-cell-both-sockets/anchors");

    (void)state;
    assert_within(&solved, "vm", 12, "16-31");
    assert_int_equal(cost_of(&solved), 0);
    case_clear(&solved);
}

/* Both caches have CPUs enough; only one has the cores. */
static void
room_is_counted_in_whole_cores(void **state)
{
    static const char *const names[] = {
        "isolate-cohort-split-cache/plan",
        "isolate-cohort-split-cache/match",
        "isolate-cohort-split-cache/anchors",
    };

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        Case solved = solve(names[i]);

        assert_within(&solved, "vm", 8, "8-15,24-31");
        assert_int_equal(cost_of(&solved), 0);
        case_clear(&solved);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_any_size_name_different_caches),
        cmocka_unit_test(a_cluster_stands_for_an_unknown_cache),
        cmocka_unit_test(cpus_that_nothing_is_said_of_are_online_cores),
        cmocka_unit_test(an_io_thread_has_any_id),
        cmocka_unit_test(a_pinned_domains_io_thread_keeps_its_cpu),
        cmocka_unit_test(no_vcpu_is_cut_off),
        cmocka_unit_test(a_pin_that_can_t_be_read_is_an_error),
        cmocka_unit_test(a_vcpu_that_is_not_plugged_in_asks_for_nothing),
        cmocka_unit_test(an_emulator_beside_a_real_time_vcpu_is_said),
        cmocka_unit_test(memory_without_cpus_is_near_to_the_nearest),
        cmocka_unit_test(memory_that_the_host_lacks_is_said),
        cmocka_unit_test(a_shared_instance_gets_the_destinations_shared_set),
        cmocka_unit_test(dedicated_cpus_are_those_of_the_destination),
        cmocka_unit_test(a_domain_is_in_one_cell_whatever_the_numbering),
        cmocka_unit_test(domains_are_packed_or_spread),
        cmocka_unit_test(a_socket_comes_before_anywhere),
        cmocka_unit_test(room_is_counted_in_whole_cores),
    };

    return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
