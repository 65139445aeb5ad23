/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain that has pins of its own in its XML gets them back, exactly. */
#include "itest.h"

#include <signal.h>

static BedGuest *guest;

/* vCPU 0 is pinned to one host CPU, vCPU 1 to two, vCPU 2 has the <vcpu> element's set. */
static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "originals",
        .vcpus = 3,
        .vcpu_cpuset = "1",
        .cputune_xml = "<cputune><vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' cpuset='0-1'/>"
                       "</cputune>",
        .metadata_xml = ITEST_SHARED,
    };

    guest = bed_guest_start(&options);
    return 0;
}

static void
assert_originals(void)
{
    bed_assert_vcpupin(guest, 0, "1", BED_SOON);
    bed_assert_vcpupin(guest, 1, "0-1", BED_SOON);
    bed_assert_vcpupin(guest, 2, "1", BED_SOON);
}

static char *
definition(void)
{
    char *xml = virDomainGetXMLDesc(bed_guest_domain(guest), VIR_DOMAIN_XML_INACTIVE);

    assert_non_null(xml);
    return xml;
}

static void
a_domain_with_the_element_needs_no_attach(void **state)
{
    /* A fixed vCPU's CPU is no reserve: of two CPUs, the other is all there is. */
    g_autofree char *config = itest_config("[host]\nreserve=0\n");

    assert_originals();
    bed_daemon_start(config, NULL);
    bed_wait_state("originals", "active", BED_SOON);
    assert_originals();
}

static void
a_statically_pinned_vcpu_is_left_alone(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 0");
    g_autofree char *original = NULL;

    itest_assert_keys(guest, 1);
    original = itest_vcpu(guest, 0, "original");
    assert_string_equal(original, "1");
    itest_assert_want(guest, 2, "fixed", 0);
    assert_originals();
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_keys(guest, 0);
}

static void
the_cpu_of_a_fixed_vcpu_is_no_one_elses(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    bed_assert_vcpupin(guest, 0, "1", 0);
    bed_guest_kill(guest, pid, SIGKILL);
    assert_originals();
}

static void
the_definition_is_never_touched(void **state)
{
    g_autofree char *before = definition();
    g_autofree char *during = NULL;
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    during = definition();
    assert_string_equal(during, before);
    bed_guest_kill(guest, pid, SIGKILL);
    assert_originals();
}

static gboolean
is_fixed_by_hand(gpointer data)
{
    g_autofree char *why = itest_vcpu(guest, 0, "why");

    return g_str_equal(why, "fixed by administrator");
}

/* Nobody was there to hear of it. */
static void
one_that_is_pinned_elsewhere_while_no_daemon_runs_stays_there(void **state)
{
    g_autofree char *config = itest_config("[host]\nreserve=0\n");
    g_autofree char *original = NULL;
    g_autofree char *err = NULL;
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin(guest, 1, "0",
                       BED_SOON); /* so that the journal says that pins are in force */
    bed_daemon_kill_all();
    bed_guest_kill(guest, pid, SIGKILL);
    if (bed_virsh(NULL, &err, "vcpupin", "originals", "0", "0", "--live", NULL) != 0)
        bed_fail("virsh vcpupin originals 0 0: %s", err);
    bed_daemon_start(config, NULL);
    bed_wait_state("originals", "active", BED_SOON);
    if (!bed_wait(is_fixed_by_hand, NULL, BED_SOON))
        bed_fail("vCPU 0 is not shown as fixed by administrator");
    original = itest_vcpu(guest, 0, "original");
    assert_string_equal(original, "0");
    bed_assert_vcpupin(guest, 0, "0", 0);
    bed_assert_vcpupin(guest, 1, "0-1", BED_SOON);
}

static void
detaching_gives_them_back(void **state)
{
    g_autofree char *err = NULL;

    assert_int_equal(bed_ctl(NULL, &err, "detach", "originals", NULL), 0);
    bed_assert_vcpupin(guest, 0, "0", 0);
    bed_assert_vcpupin(guest, 1, "0-1", 0);
    bed_assert_vcpupin(guest, 2, "1", 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_with_the_element_needs_no_attach),
        cmocka_unit_test(a_statically_pinned_vcpu_is_left_alone),
        cmocka_unit_test(the_cpu_of_a_fixed_vcpu_is_no_one_elses),
        cmocka_unit_test(the_definition_is_never_touched),
        cmocka_unit_test(one_that_is_pinned_elsewhere_while_no_daemon_runs_stays_there),
        cmocka_unit_test(detaching_gives_them_back),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
