/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What became of a pin, what was refused, and what steps that leads to: pure. */
#include "unit.h"

#include "core/plan/refusals.h"

#define SECOND G_USEC_PER_SEC

static gboolean
see(BpfpvThreadTruth *truth, const char *given, const char *actual, const char *allowed,
    const char *online)
{
    g_autoptr(BpfpvCpuset) given_set = cpus(given);
    g_autoptr(BpfpvCpuset) actual_set = actual ? cpus(actual) : NULL;
    g_autoptr(BpfpvCpuset) allowed_set = allowed ? cpus(allowed) : NULL;
    g_autoptr(BpfpvCpuset) online_set = online ? cpus(online) : NULL;

    return bpfpv_thread_truth_see(truth, given_set, actual_set, allowed_set, online_set);
}

static void
a_thread_that_has_what_it_was_given_is_not_astray(void **state)
{
    BpfpvThreadTruth truth = {0};

    assert_true(see(&truth, "0", "0", NULL, NULL));
    assert_false(truth.astray);
    assert_false(see(&truth, "0", "0", NULL, NULL)); /* nothing new */
    see(&truth, "0-3", "1-3", "1-3", "0-3");         /* the cgroup's */
    assert_false(truth.astray);
    see(&truth, "0-3", "1-3", NULL, "1-3"); /* offline */
    assert_false(truth.astray);
    see(&truth, "0-3", "0-3", NULL, "1-3"); /* not known to be offline yet */
    assert_false(truth.astray);
    bpfpv_thread_truth_clear(&truth);
}

static void
a_thread_that_has_something_else_is(void **state)
{
    BpfpvThreadTruth truth = {0};
    g_autoptr(BpfpvCpuset) given = cpus("0");

    assert_true(see(&truth, "0", "1-3", "0-3", "0-3"));
    assert_true(truth.astray);
    assert_cpus(bpfpv_thread_truth_cpus(&truth, given), "1-3");
    see(&truth, "0-1", "1", "0-3", "0-3");
    assert_true(truth.astray);
    bpfpv_thread_truth_clear(&truth);
}

static void
there_is_no_right_place_where_nothing_is_allowed(void **state)
{
    BpfpvThreadTruth truth = {0};

    see(&truth, "0", "1-3", "1-3", "0-3"); /* there will be another plan */
    assert_false(truth.astray);
    bpfpv_thread_truth_clear(&truth);
}

static void
what_is_not_known_is_believed(void **state)
{
    BpfpvThreadTruth truth = {0};
    g_autoptr(BpfpvCpuset) given = cpus("0");

    assert_false(see(&truth, "0", NULL, NULL, NULL));
    assert_false(truth.astray);
    assert_cpus(bpfpv_thread_truth_cpus(&truth, given), "0");
}

static void
assert_back(const char *original, const char *allowed, gboolean only, const char *expected)
{
    g_autoptr(BpfpvCpuset) original_set = cpus(original);
    g_autoptr(BpfpvCpuset) allowed_set = allowed ? cpus(allowed) : NULL;
    g_autoptr(BpfpvCpuset) back = bpfpv_thread_truth_back(original_set, allowed_set, only);

    assert_cpus(back, expected);
}

static void
the_original_comes_back_as_far_as_it_is_taken(void **state)
{
    assert_back("0-3", NULL, TRUE, "0-3");
    assert_back("0-3", "1-3", FALSE, "0-3");
    assert_back("0-3", "1-3", TRUE, "1-3");
    assert_back("0-1", "2-3", TRUE, "0-1"); /* there is nothing better */
}

/* ---- an anchor that isn't one ---- */

static BpfpvAppliedDomain *
applied_domain(const char *original)
{
    g_autoptr(GPtrArray) sets = g_ptr_array_new();
    g_autoptr(BpfpvCpuset) set = cpus(original);

    g_ptr_array_add(sets, set);
    g_ptr_array_add(sets, set);
    return bpfpv_applied_domain_new("a", sets);
}

static void
give(BpfpvAppliedDomain *domain, guint index, const char *set, gboolean anchored)
{
    BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[index];

    bpfpv_cpuset_free(vcpu->cpus);
    vcpu->cpus = cpus(set);
    vcpu->anchored = anchored;
}

static void
an_anchor_holds_what_the_kernel_says_it_has(void **state)
{
    g_autoptr(BpfpvAppliedDomain) domain = applied_domain("0-3");
    BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[0];

    assert_false(bpfpv_applied_vcpu_holds(vcpu));
    give(domain, 0, "0", TRUE);
    assert_true(bpfpv_applied_vcpu_holds(vcpu));
    see(&vcpu->truth, "0", "0", NULL, NULL);
    assert_true(bpfpv_applied_vcpu_holds(vcpu));
    see(&vcpu->truth, "0", "1-3", NULL, NULL);
    assert_false(bpfpv_applied_vcpu_holds(vcpu));
}

/* ---- steps ---- */

static BpfpvPlan *
plan_for(const char *first, const char *second)
{
    BpfpvPlan *plan = bpfpv_plan_new();
    BpfpvPlanDomain *domain = bpfpv_plan_add_domain(plan, "a", 2);
    BpfpvPlanVcpu *anchor = domain->vcpus->pdata[0], *floats = domain->vcpus->pdata[1];

    anchor->want = BPFPV_WANT_ANCHOR;
    anchor->met = floats->met = TRUE;
    anchor->cpus = cpus(first);
    floats->cpus = cpus(second);
    return plan;
}

static char *
next_steps(const BpfpvPlan *plan, BpfpvAppliedDomain *domain)
{
    g_autoptr(GPtrArray) applied = g_ptr_array_new();
    g_autoptr(GPtrArray) steps = NULL;
    GString *text = g_string_new(NULL);

    g_ptr_array_add(applied, domain);
    steps = bpfpv_plan_next_steps(plan, applied);
    for (guint i = 0; i < steps->len; i++) {
        const BpfpvPlanStep *step = steps->pdata[i];
        g_autofree char *set = bpfpv_cpuset_format(step->cpus);

        g_string_append_printf(text, "%s%u=%s", i > 0 ? " " : "", step->vcpu, set);
    }
    return g_string_free(text, FALSE);
}

static void
assert_steps(const BpfpvPlan *plan, BpfpvAppliedDomain *domain, const char *expected)
{
    g_autofree char *steps = next_steps(plan, domain);

    assert_string_equal(steps, expected);
}

static void
what_is_astray_is_put_back_and_what_was_refused_rests(void **state)
{
    g_autoptr(BpfpvAppliedDomain) domain = applied_domain("0-3");
    g_autoptr(BpfpvPlan) plan = plan_for("0", "1-3");
    g_autoptr(BpfpvPlan) other = plan_for("1", "0,2-3");
    BpfpvAppliedVcpu *vcpu = domain->vcpus->pdata[0];

    give(domain, 0, "0", TRUE);
    give(domain, 1, "1-3", FALSE);
    assert_steps(plan, domain, "");
    vcpu->truth.astray = TRUE;
    assert_steps(plan, domain, "0=0");
    vcpu->truth.refused = cpus("0");
    assert_steps(plan, domain, "");
    assert_steps(other, domain, "0=1 1=0,2-3"); /* another set was not refused */
}

static void
a_detour_stays_within_what_the_cgroup_allows(void **state)
{
    g_autoptr(BpfpvAppliedDomain) domain = applied_domain("0-3");
    g_autoptr(BpfpvPlan) plan = plan_for("2", "1");

    ((BpfpvPlanVcpu *)((BpfpvPlanDomain *)plan->domains->pdata[0])->vcpus->pdata[1])->want =
        BPFPV_WANT_ANCHOR;
    give(domain, 0, "1", TRUE);
    give(domain, 1, "2", TRUE);
    assert_steps(plan, domain, "0=0-1,3");
    domain->allowed = cpus("1-3");
    assert_steps(plan, domain, "0=1,3");
}

/* ---- refusals ---- */

static void
refuse(BpfpvRefusals *refusals, guint vcpu, const char *set, gint64 now_us)
{
    g_autoptr(BpfpvCpuset) asked = cpus(set);

    bpfpv_refusals_add(refusals, BPFPV_THREAD_VCPU, vcpu, asked, bpfpv_cpuset_count(asked) == 1,
                       "no", now_us);
}

static char *
refused_cpus(const BpfpvRefusals *refusals, gint64 now_us)
{
    g_autoptr(BpfpvCpuset) all = cpus("0-7");
    g_autoptr(BpfpvCpuset) set = bpfpv_refusals_cpus(refusals, all, now_us);

    return set ? bpfpv_cpuset_format(set) : g_strdup("");
}

static void
assert_refused(const BpfpvRefusals *refusals, gint64 now_us, const char *expected)
{
    g_autofree char *set = refused_cpus(refusals, now_us);

    assert_string_equal(set, expected);
}

static void
a_refused_cpu_rests_longer_each_time(void **state)
{
    g_autoptr(BpfpvRefusals) refusals = bpfpv_refusals_new();
    gint64 now = 100 * SECOND;

    assert_refused(refusals, now, "");
    assert_int_equal(bpfpv_refusals_next_us(refusals, now), G_MAXINT64);
    for (guint i = 0; i < 12; i++) {
        gint64 wait = MIN((gint64)BPFPV_REFUSED_FIRST_US << MIN(i, 20), BPFPV_REFUSED_LONGEST_US);
        g_autofree char *still = NULL;

        refuse(refusals, 0, "3", now);
        still = refused_cpus(refusals, now + wait - 1);
        assert_string_not_equal(still, "");
        now += wait;
        assert_refused(refusals, now, "");
        assert_int_equal(bpfpv_refusals_next_us(refusals, now), G_MAXINT64);
    }
}

static void
after_several_cpus_it_is_not_the_cpu(void **state)
{
    g_autoptr(BpfpvRefusals) refusals = bpfpv_refusals_new();
    g_autoptr(BpfpvCpuset) five = cpus("5");

    refuse(refusals, 0, "0", SECOND);
    refuse(refusals, 0, "1", SECOND);
    refuse(refusals, 0, "2", SECOND);
    assert_refused(refusals, SECOND, "0-2");
    refuse(refusals, 0, "3", SECOND);
    assert_refused(refusals, SECOND, "0-7");
    assert_refused(refusals, 4 * SECOND, "");
    refuse(refusals, 0, "4", 4 * SECOND); /* one more shows that nothing has changed */
    assert_refused(refusals, 4 * SECOND, "0-7");
    bpfpv_refusals_accept(refusals, BPFPV_THREAD_VCPU, 1, five, TRUE);
    assert_refused(refusals, 4 * SECOND, "4");
    assert_string_equal(bpfpv_refusals_why(refusals), "no");
}

static void
a_refused_set_is_that_threads_alone(void **state)
{
    g_autoptr(BpfpvRefusals) refusals = bpfpv_refusals_new();
    g_autoptr(BpfpvCpuset) set = cpus("0-3");
    g_autoptr(BpfpvCpuset) other = cpus("1-3");

    refuse(refusals, 0, "0-3", SECOND);
    assert_refused(refusals, SECOND, "");
    assert_true(bpfpv_refusals_has(refusals, BPFPV_THREAD_VCPU, 0, set, SECOND));
    assert_false(bpfpv_refusals_has(refusals, BPFPV_THREAD_VCPU, 0, other, SECOND));
    assert_false(bpfpv_refusals_has(refusals, BPFPV_THREAD_VCPU, 1, set, SECOND));
    assert_false(bpfpv_refusals_has(refusals, BPFPV_THREAD_EMULATOR, 0, set, SECOND));
    assert_false(bpfpv_refusals_has(refusals, BPFPV_THREAD_VCPU, 0, set, 3 * SECOND));
    refuse(refusals, 0, "0-3", 3 * SECOND);
    assert_int_equal(bpfpv_refusals_next_us(refusals, 3 * SECOND), 7 * SECOND);
    bpfpv_refusals_clear(refusals);
    assert_false(bpfpv_refusals_has(refusals, BPFPV_THREAD_VCPU, 0, set, 3 * SECOND));
    refuse(refusals, 0, "0-3", 3 * SECOND);
    assert_int_equal(bpfpv_refusals_next_us(refusals, 3 * SECOND), 5 * SECOND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_has_what_it_was_given_is_not_astray),
        cmocka_unit_test(a_thread_that_has_something_else_is),
        cmocka_unit_test(there_is_no_right_place_where_nothing_is_allowed),
        cmocka_unit_test(what_is_not_known_is_believed),
        cmocka_unit_test(the_original_comes_back_as_far_as_it_is_taken),
        cmocka_unit_test(an_anchor_holds_what_the_kernel_says_it_has),
        cmocka_unit_test(what_is_astray_is_put_back_and_what_was_refused_rests),
        cmocka_unit_test(a_detour_stays_within_what_the_cgroup_allows),
        cmocka_unit_test(a_refused_cpu_rests_longer_each_time),
        cmocka_unit_test(after_several_cpus_it_is_not_the_cpu),
        cmocka_unit_test(a_refused_set_is_that_threads_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
