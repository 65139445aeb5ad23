/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whatever dies and comes back, the pins are in the end what the guest asks
 * for, and the original masks are never lost.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *guest;
static BedDaemon *bpfpvd;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "lifecycle"};

    guest = bed_guest_start(&options);
    return 0;
}

static void
a_pin_from_before_the_injection_is_found(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bpfpvd = bed_daemon_start(NULL);
    itest_attach(guest);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    itest_assert_want(guest, 1, "anchor", 1);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static void
the_loader_leaves_no_files(void **state)
{
    g_autofree char *found = bed_guest_exec(guest, NULL, "/bin/find", "/run", "/tmp", "/dev/shm",
                                            "-name", "*bpfpv*", NULL);

    assert_string_equal(found, "");
    assert_true(itest_loader(guest) > 0);
}

/* Of two directories as an injection makes them, the one that is in the way of nobody any more. A
 * link, and one that others may enter, aren't the injector's. */
static void
what_was_left_by_an_injection_goes_with_the_next(void **state)
{
    gint64 loader = itest_loader(guest);
    g_autofree char *left = NULL;

    g_free(bed_guest_exec(
        guest, NULL, "/bin/sh", "-c",
        "cd /run; for d in 0123456789abcdef 1123456789abcdef 2123456789abcdef 4123; do"
        " mkdir -m 0700 bpfpv-$d; echo x >bpfpv-$d/affinity.bpf.o; done;"
        "mkdir -m 0700 kept; echo x >kept/file; ln -s kept bpfpv-3123456789abcdef;"
        "chmod 0755 bpfpv-2123456789abcdef;"
        "touch -d 2020-01-01 kept bpfpv-0123456789abcdef bpfpv-2123456789abcdef bpfpv-4123",
        NULL));
    bed_guest_kill(guest, loader, SIGKILL);
    bed_wait_state("lifecycle", "failed", BED_SOON);
    bed_wait_state("lifecycle", "active", BED_SOON);
    left = bed_guest_exec(guest, NULL, "/bin/sh", "-c",
                          "cd /run; echo bpfpv-* kept/*; rm -rf bpfpv-* kept", NULL);
    assert_string_equal(g_strstrip(left), "bpfpv-1123456789abcdef bpfpv-2123456789abcdef "
                                          "bpfpv-3123456789abcdef bpfpv-4123 kept/file");
}

static void
the_loader_keeps_only_what_it_needs(void **state)
{
    g_autofree char *status = bed_guest_exec(
        guest, NULL, "/bin/sh", "-c",
        "grep -E 'Uid|CapEff|CapBnd|Seccomp:' /proc/$(pidof bpfpv-guest)/status", NULL);

    assert_non_null(strstr(status, "Uid:\t65534\t65534"));
    assert_non_null(strstr(status, "CapEff:\t0000008000000000")); /* CAP_BPF */
    assert_non_null(strstr(status, "CapBnd:\t0000000000000000"));
    assert_non_null(strstr(status, "Seccomp:\t2"));
}

static void
a_loader_that_was_killed_is_injected_again(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
    gint64 loader = itest_loader(guest);
    int cpu = bed_assert_vcpupin_single(guest, 1, BED_SOON);
    g_autofree char *text = g_strdup_printf("%d", cpu);

    bed_guest_kill(guest, loader, SIGKILL);
    bed_wait_state("lifecycle", "failed", BED_SOON);
    bed_assert_vcpupin(guest, 1, text, BED_SOON); /* its demand has a time of grace */
    bed_wait_state("lifecycle", "active", BED_SOON);
    assert_true(itest_loader(guest) != loader);
    bed_assert_vcpupin(guest, 1, text, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static void
a_stopped_daemon_leaves_the_original_pins(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
    gint64 loader = itest_loader(guest);

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_daemon_stop(bpfpvd);
    bed_assert_vcpupin_all(guest, 0, 0);
    bed_assert_vcpupin_all(guest, 1, 0);
    assert_int_equal(itest_loader(guest), loader);

    bpfpvd = bed_daemon_start(NULL);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    assert_int_equal(itest_loader(guest), loader); /* adopted, not injected again */
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static gboolean
is_noted_as_syncing(gpointer data)
{
    g_autofree char *out = NULL;

    return bed_virsh(&out, NULL, "metadata", "lifecycle", "urn:bpfpv:status:1", NULL) == 0 &&
           strstr(out, "state=\"syncing\"") != NULL;
}

/* Its loader stands still, so that the daemon does not know yet what the guest asks for when it
 * could pin. */
static void
the_next_daemon_goes_on_where_a_killed_one_was(void **state)
{
    gint64 first = bed_guest_task(guest, NULL, 0, "pin 1");
    gint64 loader = itest_loader(guest);
    int cpu = bed_assert_vcpupin_single(guest, 1, BED_SOON);
    g_autofree char *text = g_strdup_printf("%d", cpu);
    gint64 second;

    bed_daemon_kill(bpfpvd);
    itest_listen();
    bed_guest_kill(guest, loader, SIGSTOP);
    bpfpvd = bed_daemon_start(NULL);
    if (!bed_wait(is_noted_as_syncing, NULL, BED_SOON))
        bed_fail("the status does not say that it is syncing");
    bed_guest_kill(guest, loader, SIGCONT);
    bed_wait_state("lifecycle", "active", BED_SOON);
    second = bed_guest_task(guest, NULL, 0, "pin 1");
    itest_assert_want(guest, 1, "anchor", 2); /* as the guest has told meanwhile */
    bed_assert_vcpupin(guest, 1, text, 0);
    assert_int_equal(itest_count_heard(guest, "vcpupin1"), 0);

    bed_guest_kill(guest, first, SIGKILL);
    bed_guest_kill(guest, second, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    itest_await_heard(guest, "vcpupin1", 1); /* one would have been heard */
}

static void
what_changes_while_no_daemon_runs_is_seen_by_the_next(void **state)
{
    gint64 first = bed_guest_task(guest, NULL, 0, "pin 1");
    gint64 second;

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_daemon_kill(bpfpvd);
    bed_assert_vcpupin_single(guest, 1, 0); /* nobody was there to put it back */
    bed_guest_kill(guest, first, SIGKILL);
    second = bed_guest_task(guest, NULL, 0, "pin 0");

    bpfpvd = bed_daemon_start(NULL);
    bed_assert_vcpupin_single(guest, 0, BED_SOON);
    itest_assert_want(guest, 1, "float", 0);
    bed_guest_kill(guest, second, SIGKILL);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    bed_assert_vcpupin_all(guest, 1, BED_SOON); /* the originals, from the journal */
}

static void
restore_puts_back_what_a_killed_daemon_left(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_daemon_kill(bpfpvd);
    itest_restore();
    bed_assert_vcpupin_all(guest, 0, 0);
    bed_assert_vcpupin_all(guest, 1, 0);

    bpfpvd = bed_daemon_start(NULL);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static void
a_guest_that_reboots_starts_over(void **state)
{
    bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    assert_int_equal(virDomainReset(bed_guest_domain(guest), 0), 0);
    bed_assert_vcpupin_all(guest, 1, BED_SOON); /* long before the guest is back */

    bed_guest_wait_agent(guest);
    bed_wait_state("lifecycle", "active", BED_BOOT);
    itest_assert_keys(guest, 0);
    bed_guest_task(guest, NULL, 0, "pin 0");
    bed_assert_vcpupin_single(guest, 0, BED_SOON);
    assert_int_equal(virDomainReboot(bed_guest_domain(guest), VIR_DOMAIN_REBOOT_GUEST_AGENT), 0);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    bed_guest_wait_agent(guest);
    bed_wait_state("lifecycle", "active", BED_BOOT);
}

static gboolean
ends_with(int wanted, const char *command, const char *part)
{
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    int status = g_str_equal(command, "show") ? bed_ctl(&out, &err, command, "lifecycle", NULL)
                                              : bed_ctl(&out, &err, command, NULL);

    return status == wanted && (strstr(out, part) || strstr(err, part));
}

static gboolean
is_marked_as_last_known(gpointer data)
{
    return ends_with(1, "list", "(last known)") && ends_with(1, "show", "(last known)") &&
           ends_with(1, "map", "as last known");
}

static gboolean
is_true_again(gpointer data)
{
    return ends_with(0, "list", "active") && ends_with(0, "show", "active") &&
           ends_with(0, "map", "CPUs online");
}

static void
what_is_known_is_marked_while_libvirt_is_away(void **state)
{
    g_autofree char *err = NULL;

    bed_libvirtd("stop");
    if (!bed_wait(is_marked_as_last_known, NULL, BED_SOON))
        bed_fail("bpfpvctl does not say that libvirt is away");
    assert_int_equal(bed_ctl(NULL, &err, "list", NULL), 1);
    assert_non_null(strstr(err, "not connected to libvirt at qemu:///system: "));
    bed_daemon_kill(bpfpvd);
    bpfpvd = bed_daemon_start(NULL); /* one that has never had a connection */
    g_clear_pointer(&err, g_free);
    assert_int_equal(bed_ctl(NULL, &err, "list", NULL), 1);
    assert_non_null(strstr(err, "not connected to libvirt at qemu:///system: "));
    assert_null(strstr(err, "No managed domains"));
    g_clear_pointer(&err, g_free);
    assert_int_equal(bed_ctl(NULL, &err, "show", "lifecycle", NULL), 1);
    assert_non_null(strstr(err, "whether domain \"lifecycle\" is managed is not known"));
    bed_libvirtd("start");
    bed_guest_wait_agent(guest);
    if (!bed_wait(is_true_again, NULL, BED_SOON))
        bed_fail("bpfpvctl does not say that libvirt is back");
}

static void
a_libvirtd_that_restarts_is_found_again(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_libvirtd("restart");
    bed_guest_wait_agent(guest);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    pid = bed_guest_task(guest, NULL, 0, "pin 0");
    bed_assert_vcpupin_single(guest, 0, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pin_from_before_the_injection_is_found),
        cmocka_unit_test(the_loader_leaves_no_files),
        cmocka_unit_test(what_was_left_by_an_injection_goes_with_the_next),
        cmocka_unit_test(the_loader_keeps_only_what_it_needs),
        cmocka_unit_test(a_loader_that_was_killed_is_injected_again),
        cmocka_unit_test(a_stopped_daemon_leaves_the_original_pins),
        cmocka_unit_test(the_next_daemon_goes_on_where_a_killed_one_was),
        cmocka_unit_test(what_changes_while_no_daemon_runs_is_seen_by_the_next),
        cmocka_unit_test(restore_puts_back_what_a_killed_daemon_left),
        cmocka_unit_test(a_guest_that_reboots_starts_over),
        cmocka_unit_test(a_libvirtd_that_restarts_is_found_again),
        cmocka_unit_test(what_is_known_is_marked_while_libvirt_is_away),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
