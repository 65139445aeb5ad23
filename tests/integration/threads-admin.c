/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pin that a person types for the emulator or an I/O thread while bpfpv
 * manages the domain is theirs, then and afterwards; as with a vCPU's.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *guest;

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "theirs",
        .cputune_xml = "<iothreads>2</iothreads>",
    };

    bed_hook_install();
    guest = bed_guest_start(&options);
    bed_daemon_start(NULL);
    itest_attach(guest);
    return 0;
}

static void
virsh(const char *command, const char *first, const char *second)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, command, first, second, NULL) != 0)
        bed_fail("virsh %s %s %s: %s", command, first, second, err);
}

static gboolean
is_fixed(gpointer data)
{
    guint id = GPOINTER_TO_UINT(data);
    g_autofree char *why = id ? itest_iothread(guest, id, "why") : itest_emulator(guest, "why");

    return g_str_equal(why, "fixed by administrator");
}

/* @id: 0: the emulator */
static void
assert_fixed(guint id)
{
    if (!bed_wait(is_fixed, GUINT_TO_POINTER(id), BED_SOON))
        bed_fail("thread %u is not shown as fixed by administrator", id);
}

static void
type_iothreadpin(const char *id, const char *cpus)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, "iothreadpin", "theirs", id, cpus, "--live", NULL) != 0)
        bed_fail("virsh iothreadpin %s %s: %s", id, cpus, err);
}

static void
assert_theirs(guint timeout_ms)
{
    bed_assert_emulatorpin(guest, "0", timeout_ms);
    bed_assert_iothreadpin(guest, 1, "0-1", timeout_ms);
}

static void
our_own_pins_are_not_taken_for_theirs(void **state)
{
    for (guint i = 0; i < 3; i++) {
        gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
        g_autofree char *why = NULL;

        bed_assert_vcpupin_single(guest, 1, BED_SOON);
        why = itest_emulator(guest, "why");
        assert_string_equal(why, "");
        bed_guest_kill(guest, pid, SIGKILL);
        bed_assert_vcpupin_all(guest, 1, BED_SOON);
        bed_assert_emulatorpin(guest, NULL, BED_SOON);
    }
}

/* In front of an anchor, which the emulator and I/O thread 1 had left. */
static void
theirs_win_over_an_anchor(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    bed_assert_emulatorpin(guest, "1", BED_SOON);
    type_iothreadpin("1", "0-1");
    assert_fixed(1);
    virsh("emulatorpin", "theirs", "0");
    assert_fixed(0);
    assert_theirs(0);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    assert_theirs(0);
    bed_assert_iothreadpin(guest, 2, NULL, BED_SOON);
}

/* CPU 0 is all that the emulator has, so that the anchor goes elsewhere; I/O thread 2 is nobody's
 * and leaves it. */
static void
they_stay_whatever_the_guest_wants(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 0");

    bed_assert_vcpupin(guest, 0, "1", BED_SOON);
    bed_assert_iothreadpin(guest, 2, "0", BED_SOON);
    assert_theirs(0);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    assert_theirs(0);
}

static void
they_outlive_the_daemon(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 0");

    bed_assert_vcpupin(guest, 0, "1", BED_SOON);
    bed_daemon_kill_all();
    virsh("emulatorpin", "theirs", "1");
    virsh("emulatorpin", "theirs", "0"); /* while nobody listens */
    itest_restore();
    bed_assert_vcpupin_all(guest, 0, 0);
    bed_assert_iothreadpin(guest, 2, NULL, 0);
    assert_theirs(0);
    bed_daemon_start(NULL);
    bed_assert_vcpupin(guest, 0, "1", BED_SOON);
    assert_fixed(0);
    assert_fixed(1);
    assert_theirs(0);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
}

/* The hook leaves them, and the status that it leaves says whose they are. */
static void
they_travel_along(void **state)
{
    virsh("managedsave", "theirs", "--running");
    bed_daemon_kill_all();
    virsh("start", "theirs", "--paused");
    assert_theirs(0);
    virsh("resume", "theirs", NULL);
    bed_daemon_start(NULL);
    bed_wait_state("theirs", "active", BED_SOON);
    assert_fixed(0);
    assert_fixed(1);
    bed_guest_wait_agent(guest);
}

static void
they_stand_after_detach(void **state)
{
    g_autofree char *err = NULL;

    bed_guest_task(guest, NULL, 0, "pin 0");
    bed_assert_vcpupin(guest, 0, "1", BED_SOON);
    if (bed_ctl(NULL, &err, "detach", "theirs", NULL) != 0)
        bed_fail("detach: %s", err);
    bed_assert_vcpupin_all(guest, 0, 0);
    bed_assert_iothreadpin(guest, 2, NULL, 0);
    assert_theirs(0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_pins_are_not_taken_for_theirs),
        cmocka_unit_test(theirs_win_over_an_anchor),
        cmocka_unit_test(they_stay_whatever_the_guest_wants),
        cmocka_unit_test(they_outlive_the_daemon),
        cmocka_unit_test(they_travel_along),
        cmocka_unit_test(they_stand_after_detach),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
