/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of src/core/plan: which pin calls may be made now, by examples. */
#include "unit.h"

#include "core/plan/plan.h"

/* A plan or a state in one line: "0-3" floats, "=2" is anchored, "fix1" is fixed. */
static BpfpvPlan *
plan_add(BpfpvPlan *plan, const char *key, const char *text)
{
    g_auto(GStrv) sets = g_strsplit(text, " ", -1);
    BpfpvPlanDomain *domain = bpfpv_plan_add_domain(plan, key, g_strv_length(sets));

    for (guint v = 0; sets[v] != NULL; v++) {
        BpfpvPlanVcpu *vcpu = domain->vcpus->pdata[v];
        gboolean fixed = g_str_has_prefix(sets[v], "fix");

        vcpu->want = fixed             ? BPFPV_WANT_FIXED
                     : *sets[v] == '=' ? BPFPV_WANT_ANCHOR
                                       : BPFPV_WANT_FLOAT;
        vcpu->met = TRUE;
        vcpu->cpus = cpus(sets[v] + (fixed ? 3 : *sets[v] == '='));
    }
    return plan;
}

static BpfpvPlan *
plan_of(const char *key, const char *text)
{
    return plan_add(bpfpv_plan_new(), key, text);
}

static void
cpuset_destroy(gpointer set)
{
    bpfpv_cpuset_free(set);
}

static void
applied_destroy(gpointer applied)
{
    bpfpv_applied_domain_free(applied);
}

static GPtrArray *
applied_list(void)
{
    return g_ptr_array_new_with_free_func(applied_destroy);
}

/* All vCPUs have the original set @original. */
static BpfpvAppliedDomain *
applied_add(GPtrArray *list, const char *key, const char *original, const char *text)
{
    g_auto(GStrv) sets = g_strsplit(text, " ", -1);
    g_autoptr(GPtrArray) originals = g_ptr_array_new_with_free_func(cpuset_destroy);
    BpfpvAppliedDomain *applied;

    for (guint v = 0; sets[v] != NULL; v++)
        g_ptr_array_add(originals, cpus(original));
    applied = bpfpv_applied_domain_new(key, originals);
    for (guint v = 0; sets[v] != NULL; v++) {
        BpfpvAppliedVcpu *vcpu = applied->vcpus->pdata[v];

        vcpu->anchored = *sets[v] == '=';
        bpfpv_cpuset_free(vcpu->cpus);
        vcpu->cpus = cpus(sets[v] + vcpu->anchored);
    }
    g_ptr_array_add(list, applied);
    return applied;
}

static void
set_pending(BpfpvAppliedDomain *applied, guint v, const char *text)
{
    BpfpvAppliedVcpu *vcpu = applied->vcpus->pdata[v];

    vcpu->pending_anchored = *text == '=';
    vcpu->pending = cpus(text + vcpu->pending_anchored);
}

/* Steps as "a0 0-3; b1 =2". */
static void
assert_steps(const BpfpvPlan *plan, const GPtrArray *applied, const char *expected)
{
    g_autoptr(GPtrArray) steps = bpfpv_plan_next_steps(plan, applied);
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < steps->len; i++) {
        const BpfpvPlanStep *step = steps->pdata[i];
        g_autofree char *set = bpfpv_cpuset_format(step->cpus);

        g_string_append_printf(text, "%s%s%u %s%s", i > 0 ? "; " : "", step->domain, step->vcpu,
                               step->anchored ? "=" : "", set);
    }
    assert_string_equal(text->str, expected);
}

static void
wants_have_names(void **state)
{
    (void)state;
    assert_string_equal(bpfpv_want_to_string(BPFPV_WANT_FLOAT), "float");
    assert_string_equal(bpfpv_want_to_string(BPFPV_WANT_ANCHOR), "anchor");
    assert_string_equal(bpfpv_want_to_string(BPFPV_WANT_COHORT), "cohort");
    assert_string_equal(bpfpv_want_to_string(BPFPV_WANT_FIXED), "fixed");
}

static void
domains_are_kept_sorted_and_found(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("b", "0-3");

    (void)state;
    plan_add(plan, "c", "0-3");
    plan_add(plan, "a", "0-3 0-3");
    assert_string_equal(((BpfpvPlanDomain *)plan->domains->pdata[0])->domain, "a");
    assert_string_equal(((BpfpvPlanDomain *)plan->domains->pdata[2])->domain, "c");
    assert_int_equal(bpfpv_plan_find(plan, "a")->vcpus->len, 2);
    assert_null(bpfpv_plan_find(plan, "aa"));
    assert_null(bpfpv_plan_find(plan, "d"));
}

static void
a_new_applied_domain_has_its_original_sets(void **state)
{
    g_autoptr(GPtrArray) originals = g_ptr_array_new_with_free_func(cpuset_destroy);
    g_autoptr(BpfpvAppliedDomain) applied = NULL;
    const BpfpvAppliedVcpu *vcpu;

    (void)state;
    g_ptr_array_add(originals, cpus("0-3"));
    g_ptr_array_add(originals, cpus("2"));
    applied = bpfpv_applied_domain_new("a", originals);
    vcpu = applied->vcpus->pdata[1];
    assert_cpus(vcpu->cpus, "2");
    assert_cpus(vcpu->original, "2");
    assert_false(vcpu->anchored);
    assert_null(vcpu->pending);
    assert_false(applied->blocked);
}

static void
what_is_applied_needs_no_step(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=0 1-3");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    applied_add(applied, "a", "0-3", "=0 1-3");
    assert_steps(plan, applied, "");
}

/* The anchors, whose tasks wait; then b0, which gives a CPU up, and b1, which has to leave its;
 * then a1, which only loses some of its CPUs, and b2, which gets some back. */
static void
the_most_urgent_step_comes_first(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=0 1-3 =2");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    plan_add(plan, "b", "1-3 1-3 1-3");
    applied_add(applied, "b", "0-3", "=3 0 1");
    applied_add(applied, "a", "0-3", "0-3 0-3 0-3");
    assert_steps(plan, applied, "a0 =0; a2 =2; b0 1-3; b1 1-3; a1 1-3; b2 1-3");
}

static void
an_anchor_waits_until_its_cpu_is_released(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=1");
    g_autoptr(GPtrArray) applied = applied_list();
    BpfpvAppliedDomain *holder;
    BpfpvAppliedVcpu *vcpu;

    (void)state;
    plan_add(plan, "b", "0-3");
    applied_add(applied, "a", "0-3", "0-3");
    holder = applied_add(applied, "b", "0-3", "=1");
    assert_steps(plan, applied, "b0 0-3");
    set_pending(holder, 0, "0-3");
    assert_steps(plan, applied, "");
    vcpu = holder->vcpus->pdata[0];
    bpfpv_cpuset_free(vcpu->cpus);
    vcpu->cpus = g_steal_pointer(&vcpu->pending);
    vcpu->anchored = FALSE;
    assert_steps(plan, applied, "a0 =1");
}

static void
a_pending_anchor_holds_its_new_cpu_too(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=1 =2");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    plan_add(plan, "b", "0-3");
    applied_add(applied, "a", "0-3", "0-3 0-3");
    set_pending(applied_add(applied, "b", "0-3", "=2"), 0, "=1");
    assert_steps(plan, applied, "");
}

static void
a_float_whose_only_cpu_becomes_its_anchor_is_told(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=1 0");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    applied_add(applied, "a", "0-3", "1 =0");
    assert_steps(plan, applied, "a0 =1; a1 0");
}

static void
an_unmet_anchor_is_released(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=1");
    g_autoptr(GPtrArray) applied = applied_list();
    BpfpvPlanVcpu *vcpu = ((BpfpvPlanDomain *)plan->domains->pdata[0])->vcpus->pdata[0];

    (void)state;
    vcpu->met = FALSE;
    bpfpv_cpuset_add(vcpu->cpus, 2);
    applied_add(applied, "a", "0-3", "=1");
    assert_steps(plan, applied, "a0 1-2");
}

static void
blocked_domains_get_no_step_but_hold_their_cpus(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=1");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    plan_add(plan, "b", "0-3");
    applied_add(applied, "a", "0-3", "0-3");
    applied_add(applied, "b", "0-3", "=1")->blocked = TRUE;
    assert_steps(plan, applied, "");
}

static void
domains_that_are_not_planned_hold_their_cpus(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=1");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    applied_add(applied, "a", "0-3", "0-3");
    applied_add(applied, "z", "0-3", "=1");
    assert_steps(plan, applied, "");
}

static void
fixed_vcpus_get_no_step(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "fix1");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    applied_add(applied, "a", "1", "0-3");
    assert_steps(plan, applied, "");
}

static void
vcpus_that_only_one_side_knows_are_left_alone(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=1");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    applied_add(applied, "a", "0-3", "0-3 0-3");
    plan_add(plan, "b", "=2 =3");
    applied_add(applied, "b", "0-3", "0-3");
    assert_steps(plan, applied, "a0 =1; b0 =2");
}

static void
of_two_that_swap_the_first_floats_where_its_domain_does(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=2 =1 0,3");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    applied_add(applied, "a", "0-3", "=1 =2 0,3");
    assert_steps(plan, applied, "a0 0,3");
}

static void
without_a_floating_vcpu_it_avoids_others_anchors(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("b", "=2");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    plan_add(plan, "c", "=1");
    applied_add(applied, "c", "0-3", "=2");
    applied_add(applied, "b", "0-3", "=1");
    assert_steps(plan, applied, "b0 0-1,3");
}

static void
an_unmet_vcpu_shows_no_way_out(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=2 =1 0");
    g_autoptr(GPtrArray) applied = applied_list();
    BpfpvPlanDomain *domain = plan->domains->pdata[0];

    (void)state;
    ((BpfpvPlanVcpu *)domain->vcpus->pdata[2])->met = FALSE;
    applied_add(applied, "a", "0-3", "=1 =2 0");
    assert_steps(plan, applied, "a0 0-1,3");
}

static void
a_detour_stays_within_the_original_set(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=2 =1 0,3");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    applied_add(applied, "a", "1-2", "=1 =2 0,3");
    assert_steps(plan, applied, "a0 1");
}

static void
a_longer_circle_is_opened_at_one_place(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=2 4-7");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    plan_add(plan, "b", "=3 4-7");
    plan_add(plan, "c", "=1 4-7");
    applied_add(applied, "c", "0-7", "=3 4-7");
    applied_add(applied, "b", "0-7", "=2 4-7");
    applied_add(applied, "a", "0-7", "=1 4-7");
    assert_steps(plan, applied, "a0 4-7");
}

static void
two_circles_and_a_chain_are_told_apart(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=1 =0 =3 =2 =5 =6 7");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    applied_add(applied, "a", "0-7", "=0 =1 =2 =3 =4 =5 7");
    assert_steps(plan, applied, "a5 =6; a0 7; a2 7");
}

static void
a_circle_through_a_pending_call_waits(void **state)
{
    g_autoptr(BpfpvPlan) plan = plan_of("a", "=2 4-7");
    g_autoptr(GPtrArray) applied = applied_list();

    (void)state;
    plan_add(plan, "b", "=1 4-7");
    applied_add(applied, "a", "0-7", "=1 4-7");
    set_pending(applied_add(applied, "b", "0-7", "=2 4-7"), 0, "4-7");
    assert_steps(plan, applied, "");
}

static void
thread_step(const char *plan_id, BpfpvAppliedDomain *applied, const char *expected)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_autoptr(BpfpvPlan) plan = plan_of("a", "0-3");
    BpfpvPlanDomain *domain = plan->domains->pdata[0];
    g_autoptr(GPtrArray) steps = NULL;

    g_ptr_array_add(list, applied);
    bpfpv_plan_add_thread(domain, BPFPV_THREAD_EMULATOR, 0, cpus("0-3"));
    bpfpv_plan_add_thread(domain, BPFPV_THREAD_IOTHREAD, (guint)atoi(plan_id), cpus("2"));
    steps = bpfpv_plan_next_steps(plan, list);
    assert_int_equal(steps->len, expected != NULL);
    if (expected != NULL) {
        const BpfpvPlanStep *step = steps->pdata[0];

        assert_int_equal(step->kind, BPFPV_THREAD_IOTHREAD);
        assert_int_equal(step->vcpu, atoi(plan_id));
        assert_cpus(step->cpus, expected);
    }
}

/* By kind and number: which threads there are may have changed since the plan. */
static void
threads_go_where_they_shall_be(void **state)
{
    g_autoptr(GPtrArray) list = applied_list();
    BpfpvAppliedDomain *applied = applied_add(list, "a", "0-3", "0-3");
    g_autoptr(BpfpvCpuset) all = cpus("0-3");
    BpfpvAppliedThread *thread;

    (void)state;
    bpfpv_applied_domain_add_thread(applied, BPFPV_THREAD_IOTHREAD, 7, all);
    bpfpv_applied_domain_add_thread(applied, BPFPV_THREAD_EMULATOR, 0, all);
    thread_step("7", applied, "2");
    thread_step("8", applied, NULL);
    thread = bpfpv_applied_domain_find_thread(applied, BPFPV_THREAD_IOTHREAD, 7);
    thread->fixed = TRUE;
    thread_step("7", applied, NULL);
    thread->fixed = FALSE;
    applied->blocked = TRUE;
    thread_step("7", applied, NULL);
    applied->blocked = FALSE;
    thread->pending = cpus("2");
    thread_step("7", applied, NULL);
    assert_null(bpfpv_applied_domain_find_thread(applied, BPFPV_THREAD_EMULATOR, 7));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_have_names),
        cmocka_unit_test(domains_are_kept_sorted_and_found),
        cmocka_unit_test(a_new_applied_domain_has_its_original_sets),
        cmocka_unit_test(what_is_applied_needs_no_step),
        cmocka_unit_test(the_most_urgent_step_comes_first),
        cmocka_unit_test(an_anchor_waits_until_its_cpu_is_released),
        cmocka_unit_test(a_pending_anchor_holds_its_new_cpu_too),
        cmocka_unit_test(a_float_whose_only_cpu_becomes_its_anchor_is_told),
        cmocka_unit_test(an_unmet_anchor_is_released),
        cmocka_unit_test(blocked_domains_get_no_step_but_hold_their_cpus),
        cmocka_unit_test(domains_that_are_not_planned_hold_their_cpus),
        cmocka_unit_test(fixed_vcpus_get_no_step),
        cmocka_unit_test(vcpus_that_only_one_side_knows_are_left_alone),
        cmocka_unit_test(of_two_that_swap_the_first_floats_where_its_domain_does),
        cmocka_unit_test(without_a_floating_vcpu_it_avoids_others_anchors),
        cmocka_unit_test(an_unmet_vcpu_shows_no_way_out),
        cmocka_unit_test(a_detour_stays_within_the_original_set),
        cmocka_unit_test(a_longer_circle_is_opened_at_one_place),
        cmocka_unit_test(two_circles_and_a_chain_are_told_apart),
        cmocka_unit_test(a_circle_through_a_pending_call_waits),
        cmocka_unit_test(threads_go_where_they_shall_be),
    };

    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
