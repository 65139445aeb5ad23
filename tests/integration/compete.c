/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two guests compete for two CPUs, of which the reserve allows one anchor. */
#include "itest.h"

#include <signal.h>

#define ELEMENT(limit)                                                                             \
    "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>" limit "</program></bpfpv>"

static BedGuest *one, *two;

static int
setup(void **state)
{
    static const BedGuestOptions first = {.name = "one",
                                          .cputune_xml = "<iothreads>1</iothreads>",
                                          .metadata_xml = ELEMENT("<limit anchors='1'/>")};
    static const BedGuestOptions second = {.name = "two", .metadata_xml = ELEMENT("")};
    g_autofree char *text = g_strdup_printf("[host]\ncpuset=0-1\nreserve=%u\n", itest_n_cpus() - 1);
    g_autofree char *config = itest_config(text);

    one = bed_guest_start(&first);
    two = bed_guest_start(&second);
    bed_daemon_start(config, NULL);
    bed_wait_state("one", "active", BED_SOON);
    bed_wait_state("two", "active", BED_SOON);
    return 0;
}

/* The other threads of both domains; @cpu: where the anchor is, whom they leave to itself. */
static void
assert_others_off(int cpu)
{
    g_autofree char *rest = itest_cpus_but(cpu);

    bed_assert_emulatorpin(one, rest, BED_SOON);
    bed_assert_emulatorpin(two, rest, BED_SOON);
    bed_assert_iothreadpin(one, 1, rest, BED_SOON);
}

static void
assert_others_back(void)
{
    bed_assert_emulatorpin(one, NULL, BED_SOON);
    bed_assert_emulatorpin(two, NULL, BED_SOON);
    bed_assert_iothreadpin(one, 1, NULL, BED_SOON);
}

static void
set_element(const char *domain, const char *element)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, "metadata", domain, "urn:bpfpv:domain:1", "--key", "bpfpv", "--live",
                  "--set", element, NULL) != 0)
        bed_fail("virsh metadata %s: %s", domain, err);
}

static void
assert_why(BedGuest *guest, guint vcpu, const char *expected)
{
    g_autofree char *why = itest_vcpu(guest, vcpu, "why");

    assert_string_equal(why, expected);
}

/* bpfpv-placement(7): who has an anchor keeps it; who waits is next, and need not ask again. */
static void
the_first_to_ask_gets_the_cpu_and_the_second_waits(void **state)
{
    gint64 first = bed_guest_task(one, NULL, 0, "pin 0");
    int cpu = bed_assert_vcpupin_single(one, 0, BED_SOON);
    g_autofree char *its = g_strdup_printf("%d", cpu);
    g_autofree char *rest = itest_cpus_but(cpu);
    gint64 second;

    assert_others_off(cpu);
    second = bed_guest_task(two, NULL, 0, "pin 1");
    itest_assert_want(two, 1, "anchor", 1);
    itest_assert_reason("two", "1 of 1 anchors not met: no free CPU");
    if (itest_n_cpus() == 2)
        assert_why(two, 1,
                   "no free CPU: 2 online in the pool 0-1, 1 reserved, 1 anchored by others; free "
                   "one or lower the reserve");
    bed_assert_vcpupin_single(one, 0, 0);
    bed_assert_vcpupin(two, 1, rest, 0); /* floats meanwhile */

    bed_guest_kill(one, first, SIGKILL);
    bed_assert_vcpupin(two, 1, its, BED_SOON);
    assert_others_off(cpu);
    assert_why(two, 1, "");
    bed_guest_kill(two, second, SIGKILL);
    bed_assert_vcpupin_all(two, 1, BED_SOON);
    assert_others_back();
}

/* Within a domain too: the second vCPU has the limit's one anchor when the first gives it up. */
static void
the_limit_of_a_domain_is_named(void **state)
{
    gint64 first = bed_guest_task(one, NULL, 0, "pin 0");
    gint64 second;

    bed_assert_vcpupin(one, 0, "0", BED_SOON);
    second = bed_guest_task(one, NULL, 0, "pin 1");
    itest_assert_reason("one", "limit of 1 anchor");
    assert_why(one, 1, "the domain's limit of 1 anchor is reached; raise it");
    bed_guest_kill(one, first, SIGKILL);
    bed_assert_vcpupin(one, 1, "0", BED_SOON);
    bed_guest_kill(one, second, SIGKILL);
    bed_assert_vcpupin_all(one, 1, BED_SOON);
    assert_others_back();
}

/* Its reserve, of both CPUs of the pool, leaves none for its own anchors, and one for others'. */
static void
the_reserve_of_a_domain_is_for_others(void **state)
{
    gint64 first, second;

    set_element("two", ELEMENT("<placement reserve='2'/>"));
    second = bed_guest_task(two, NULL, 0, "pin 1");
    itest_assert_reason("two", "the domain's reserve of 2 CPUs leaves 0 for its anchors; lower it "
                               "or widen the pool");
    bed_assert_vcpupin_all(two, 1, 0);
    first = bed_guest_task(one, NULL, 0, "pin 0");
    assert_others_off(bed_assert_vcpupin_single(one, 0, BED_SOON));
    bed_guest_kill(one, first, SIGKILL);
    assert_others_back();
    set_element("two", ELEMENT("<placement reserve='1'/>"));
    assert_others_off(bed_assert_vcpupin_single(two, 1, BED_SOON));
    bed_guest_kill(two, second, SIGKILL);
    assert_others_back();
}

/* In shared mode nothing else leaves the anchor's CPU. */
static void
a_shared_anchor_moves_nobody(void **state)
{
    gint64 second;

    set_element("two", ELEMENT("<placement mode='shared'/>"));
    second = bed_guest_task(two, NULL, 0, "pin 1");
    bed_assert_vcpupin_single(two, 1, BED_SOON);
    assert_others_back();
    bed_assert_vcpupin_all(two, 0, 0);
    bed_guest_kill(two, second, SIGKILL);
    bed_assert_vcpupin_all(two, 1, BED_SOON);
}

/* What its XML said last, that it is pinned to the CPU, is not so any more. */
static void
one_that_is_let_go_gives_its_cpu_to_the_next(void **state)
{
    gint64 first = bed_guest_task(one, NULL, 0, "pin 0");
    int cpu = bed_assert_vcpupin_single(one, 0, BED_SOON);
    g_autofree char *its = g_strdup_printf("%d", cpu);
    gint64 second;

    set_element("two", ELEMENT(""));
    second = bed_guest_task(two, NULL, 0, "pin 1");
    itest_assert_want(two, 1, "anchor", 1);
    itest_assert_reason("two", "no free CPU");
    itest_listen();
    assert_int_equal(bed_ctl(NULL, NULL, "detach", "one", NULL), 0);
    bed_assert_vcpupin(two, 1, its, BED_SOON);
    itest_attach(one); /* after all that was to come of the detach */
    itest_await_heard(two, "vcpupin1", 1);
    bed_guest_kill(one, first, SIGKILL);
    bed_guest_kill(two, second, SIGKILL);
    bed_assert_vcpupin_all(two, 1, BED_SOON);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_to_ask_gets_the_cpu_and_the_second_waits),
        cmocka_unit_test(the_limit_of_a_domain_is_named),
        cmocka_unit_test(the_reserve_of_a_domain_is_for_others),
        cmocka_unit_test(a_shared_anchor_moves_nobody),
        cmocka_unit_test(one_that_is_let_go_gives_its_cpu_to_the_next),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
