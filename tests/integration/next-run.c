/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of bpfpvd that were meant for one run of a domain, and reach libvirt when the domain has
 * been destroyed and started again: the next run has nothing of them. And what the log says of
 * runs that end.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *asking;
static BedGuest *restarted;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "asking"};

    itest_late_calls();
    asking = bed_guest_start(&options);
    bed_daemon_start(NULL);
    itest_attach(asking);
    return 0;
}

/* Managed, without an agent that answers. */
static void
start_restarted(const char *cmdline)
{
    const BedGuestOptions options = {
        .name = "restarted",
        .cmdline = cmdline,
        .no_wait = TRUE,
        .cputune_xml = "<iothreads>1</iothreads>",
        .metadata_xml = "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv>",
    };

    restarted = bed_guest_start(&options);
}

static void
end_restarted(void)
{
    g_clear_pointer(&restarted, bed_guest_destroy);
}

/* What a test that failed has left. */
static int
clear(void **state)
{
    static const char *const calls[] = {"attach-restarted", "note-restarted", "pin-restarted"};

    for (gsize i = 0; i < G_N_ELEMENTS(calls); i++)
        itest_late_release(calls[i]);
    if (restarted)
        end_restarted();
    return 0;
}

static void
start_it_again(void)
{
    virDomainPtr domain = bed_guest_domain(restarted);

    assert_int_equal(virDomainDestroy(domain), 0);
    assert_int_equal(virDomainCreate(domain), 0);
}

static void
assert_as_defined(void)
{
    g_autofree char *why = NULL;

    bed_wait_state("restarted", "waiting-agent", BED_SOON);
    bed_assert_vcpupin_all(restarted, 0, BED_SOON);
    bed_assert_vcpupin_all(restarted, 1, BED_SOON);
    bed_assert_emulatorpin(restarted, NULL, BED_SOON);
    bed_assert_iothreadpin(restarted, 1, NULL, BED_SOON);
    for (guint v = 0; v < 2; v++) {
        g_autofree char *all = bed_host_cpus();
        g_autofree char *original = itest_vcpu(restarted, v, "original");

        why = itest_vcpu(restarted, v, "why");
        assert_string_equal(original, all);
        assert_string_equal(why, "");
        g_clear_pointer(&why, g_free);
    }
}

static gboolean
has_status(gpointer data)
{
    return bed_virsh(NULL, NULL, "metadata", "restarted", "urn:bpfpv:status:1", "--live", NULL) ==
           0;
}

/* "asking" gets a CPU of its own, which everybody else has to leave. */
static void
a_pin_does_not_reach_the_next_run(void **state)
{
    gint64 pid;

    start_restarted("bed.agent=off");
    if (!bed_wait(has_status, NULL, BED_SOON))
        bed_fail("no status was written");
    itest_late_hold("pin-restarted");
    pid = bed_guest_task(asking, NULL, 0, "pin 1");
    itest_late_wait("pin-restarted");
    bed_guest_kill(asking, pid, SIGKILL); /* nothing is to be pinned any more but what is late */
    itest_assert_keys(asking, 0);
    start_it_again();
    itest_late_release("pin-restarted");
    assert_as_defined();
    end_restarted();
}

static gboolean
has_no_status(gpointer data)
{
    return !has_status(NULL);
}

/* The next run is not managed, so that nobody writes another over it. */
static void
a_status_does_not_reach_the_next_run(void **state)
{
    itest_late_hold("note-restarted");
    start_restarted("bed.agent=off");
    itest_late_wait("note-restarted");
    assert_int_equal(bed_virsh(NULL, NULL, "metadata", "restarted", "urn:bpfpv:domain:1",
                               "--remove", "--config", NULL),
                     0);
    start_it_again();
    itest_late_release("note-restarted");
    if (!bed_wait(has_no_status, NULL, BED_SOON))
        bed_fail("the status of the run before is in the next one");
    end_restarted();
}

static gboolean
has_channel(gpointer data)
{
    g_autofree char *xml = NULL;

    return bed_virsh(&xml, NULL, "dumpxml", "restarted", NULL) == 0 && strstr(xml, "'org.bpfpv.0'");
}

static gboolean
has_no_channel(gpointer data)
{
    return !has_channel(NULL);
}

static void
a_channel_does_not_reach_the_next_run(void **state)
{
    itest_late_hold("attach-restarted");
    start_restarted(NULL);
    itest_late_wait("attach-restarted");
    assert_int_equal(bed_virsh(NULL, NULL, "metadata", "restarted", "urn:bpfpv:domain:1",
                               "--remove", "--config", NULL),
                     0);
    start_it_again();
    itest_late_release("attach-restarted");
    if (!bed_wait(has_no_channel, NULL, BED_SOON))
        bed_fail("the channel of the run before is in the next one");
    end_restarted();
}

/* ---- the log ---- */

static guint
count_lines(const char *log, const char *part)
{
    guint n = 0;

    for (const char *at = strstr(log, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

static void
a_run_without_an_agent_is_one_line(void **state)
{
    g_autofree char *before = bed_daemon_log();
    g_autofree char *after = NULL;
    const char *new_lines;

    start_restarted("bed.agent=off");
    bed_wait_state("restarted", "waiting-agent", BED_SOON);
    for (guint i = 0; i < 3; i++) {
        start_it_again();
        bed_wait_state("restarted", "waiting-agent", BED_SOON);
    }
    end_restarted();
    itest_assert_served(asking); /* whatever follows the end of a run has been logged by then */
    after = bed_daemon_log();
    new_lines = after + strlen(before);
    print_message("%s", new_lines);
    assert_int_equal(count_lines(new_lines, "domain restarted: waiting-agent"), 4);
    assert_int_equal(count_lines(new_lines, "restarted"), 4);
}

/* Nothing of that is a fault. */
static void
a_domain_that_is_saved_or_ends_is_no_failure(void **state)
{
    g_autofree char *file = g_build_filename(g_getenv("BED_DIR"), "asking.save", NULL);
    g_autofree char *before = bed_daemon_log();
    g_autofree char *after = NULL;
    const char *new_lines;

    assert_int_equal(virDomainSave(bed_guest_domain(asking), file), 0);
    assert_int_equal(bed_virsh(NULL, NULL, "restore", file, NULL), 0);
    bed_wait_state("asking", "active", BED_SOON);
    itest_assert_served(asking);
    assert_int_equal(virDomainDestroy(bed_guest_domain(asking)), 0);
    assert_int_equal(virDomainCreate(bed_guest_domain(asking)), 0);
    bed_guest_wait_agent(asking);
    after = bed_daemon_log();
    new_lines = after + strlen(before);
    print_message("%s", new_lines);
    assert_int_equal(count_lines(new_lines, "failed"), 0);
    assert_int_equal(count_lines(new_lines, "WARNING"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_pin_does_not_reach_the_next_run, clear),
        cmocka_unit_test_teardown(a_status_does_not_reach_the_next_run, clear),
        cmocka_unit_test_teardown(a_channel_does_not_reach_the_next_run, clear),
        cmocka_unit_test_teardown(a_run_without_an_agent_is_one_line, clear),
        cmocka_unit_test_teardown(a_domain_that_is_saved_or_ends_is_no_failure, clear),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
