/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can be wrong on host and guest is said, with the remedy, and costs the
 * other domains nothing. One healthy guest runs along all the time.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *healthy;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "healthy"};

    healthy = bed_guest_start(&options);
    bed_daemon_start(NULL);
    itest_attach(healthy);
    return 0;
}

static void
assert_ctl_fails(const char *command, const char *domain, const char *words)
{
    g_autofree char *err = NULL;

    assert_int_equal(bed_ctl(NULL, &err, command, domain, NULL), 1);
    if (!strstr(err, words))
        bed_fail("bpfpvctl %s %s says \"%s\", which lacks \"%s\"", command, domain, err, words);
}

static void
what_is_not_a_domain_is_said(void **state)
{
    assert_ctl_fails("attach", "nosuch", "no domain \"nosuch\"");
    assert_ctl_fails("detach", "nosuch", "not managed");
    assert_ctl_fails("show", "nosuch", "not managed");
}

/* Attaches a guest, waits until it failed for this reason, and destroys it. */
static void
assert_fails(BedGuest *guest, const char *words)
{
    assert_int_equal(bed_ctl(NULL, NULL, "attach", "--no-wait", bed_guest_name(guest), NULL), 0);
    bed_wait_state(bed_guest_name(guest), "failed", BED_SOON);
    itest_assert_reason(bed_guest_name(guest), words);
    itest_assert_served(healthy);
    bed_assert_vcpupin_all(guest, 0, 0);
    assert_int_equal(bed_ctl(NULL, NULL, "detach", bed_guest_name(guest), NULL), 0);
    bed_guest_destroy(guest);
}

static void
a_domain_without_an_agents_channel_fails(void **state)
{
    const BedGuestOptions options = {.name = "noagent", .no_agent_channel = TRUE, .no_wait = TRUE};

    assert_fails(bed_guest_start(&options), "no channel for qemu-guest-agent; add <channel");
}

static void
an_agent_that_does_not_run_is_waited_for(void **state)
{
    const BedGuestOptions options = {.name = "silent", .cmdline = "bed.agent=off", .no_wait = TRUE};
    BedGuest *guest = bed_guest_start(&options);

    assert_int_equal(bed_ctl(NULL, NULL, "attach", "--no-wait", "silent", NULL), 0);
    bed_wait_state("silent", "waiting-agent", BED_SOON);
    itest_assert_reason("silent", "is qemu-guest-agent installed and running in the guest, "
                                  "or the package bpfpv-guest?");
    itest_assert_served(healthy);
    bed_guest_destroy(guest);
}

static void
an_agent_that_may_not_execute_fails(void **state)
{
    const BedGuestOptions options = {.name = "noexec", .cmdline = "bed.agent_block=guest-exec"};

    assert_fails(bed_guest_start(&options), "does not allow guest-exec; allow guest-exec");
}

static void
an_agent_that_may_not_write_files_fails(void **state)
{
    const BedGuestOptions options = {.name = "nowrite",
                                     .cmdline = "bed.agent_block=guest-file-open"};

    assert_fails(bed_guest_start(&options), "does not allow guest-file-open");
}

/* What the loader finds in a guest whose kernel was built without BTF. */
static void
a_kernel_without_btf_fails(void **state)
{
    const BedGuestOptions options = {.name = "nobtf"};
    BedGuest *guest = bed_guest_start(&options);

    g_free(
        bed_guest_exec(guest, NULL, "/bin/mount", "-t", "tmpfs", "none", "/sys/kernel/btf", NULL));
    assert_fails(guest, "the guest's kernel refuses the program: bpfpv-guest: ");
}

static void
no_free_cpu_fails(void **state)
{
    const BedGuestOptions options = {
        .name = "nocpu",
        .metadata_xml = "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"
                        "<limit anchors='0'/></program></bpfpv>"};
    BedGuest *guest = bed_guest_start(&options);
    gint64 pid;

    bed_wait_state("nocpu", "active", BED_SOON);
    pid = bed_guest_task(guest, NULL, 0, "pin 1");
    bed_wait_state("nocpu", "failed", BED_SOON);
    itest_assert_reason("nocpu", "anchors");
    itest_assert_want(guest, 1, "anchor", 1);
    bed_assert_vcpupin_all(guest, 1, 0);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_wait_state("nocpu", "active", BED_SOON);
    itest_assert_served(healthy);
    bed_guest_destroy(guest);
}

static void
a_shortage_is_told_and_costs_the_holder_nothing(void **state)
{
    gint64 first = bed_guest_task(healthy, NULL, 0, "pin 1");
    gint64 second;
    int cpu = bed_assert_vcpupin_single(healthy, 1, BED_SOON);
    g_autofree char *text = g_strdup_printf("%d", cpu);
    g_autofree char *element = g_strdup_printf(
        "<bpfpv><program name='affinity'><placement cpuset='%d'/></program></bpfpv>", cpu);

    /* Bounded to the one CPU that it holds, the domain has none for a second anchor. */
    assert_int_equal(virDomainSetMetadata(bed_guest_domain(healthy), VIR_DOMAIN_METADATA_ELEMENT,
                                          element, "bpfpv", "urn:bpfpv:domain:1",
                                          VIR_DOMAIN_AFFECT_LIVE),
                     0);
    second = bed_guest_task(healthy, NULL, 0, "pin 0");
    itest_assert_reason("healthy", "1 of 2 anchors not met: ");
    bed_assert_vcpupin(healthy, 1, text, 0);
    bed_guest_kill(healthy, first, SIGKILL);
    bed_assert_vcpupin(healthy, 0, text, BED_SOON); /* now it is the other's */
    bed_guest_kill(healthy, second, SIGKILL);
    bed_assert_vcpupin_all(healthy, 0, BED_SOON);
    bed_assert_vcpupin_all(healthy, 1, BED_SOON);
}

static void
an_element_with_a_mistake_is_explained(void **state)
{
    const BedGuestOptions options = {
        .name = "typo",
        .no_wait = TRUE,
        .metadata_xml = "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"
                        "<placement mode='rude'/></program></bpfpv>"};
    BedGuest *guest = bed_guest_start(&options);

    bed_wait_state("typo", "failed", BED_SOON);
    itest_assert_reason("typo", "\"rude\" is not one of exclusive, shared");
    bed_guest_destroy(guest);
}

static void
an_unknown_program_is_named(void **state)
{
    const BedGuestOptions options = {
        .name = "unknown",
        .no_wait = TRUE,
        .metadata_xml = "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='telepathy'/></bpfpv>"};
    BedGuest *guest = bed_guest_start(&options);

    bed_wait_state("unknown", "failed", BED_SOON);
    itest_assert_reason("unknown",
                        "name=\"telepathy\">, line 6: no such program; known are: affinity");
    bed_guest_destroy(guest);
    itest_assert_served(healthy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_a_domain_is_said),
        cmocka_unit_test(a_domain_without_an_agents_channel_fails),
        cmocka_unit_test(an_agent_that_does_not_run_is_waited_for),
        cmocka_unit_test(an_agent_that_may_not_execute_fails),
        cmocka_unit_test(an_agent_that_may_not_write_files_fails),
        cmocka_unit_test(a_kernel_without_btf_fails),
        cmocka_unit_test(no_free_cpu_fails),
        cmocka_unit_test(a_shortage_is_told_and_costs_the_holder_nothing),
        cmocka_unit_test(an_element_with_a_mistake_is_explained),
        cmocka_unit_test(an_unknown_program_is_named),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
