/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pin that a person types while bpfpv manages the domain is theirs, then and afterwards. */
#include "itest.h"

#include <signal.h>
#include <string.h>

static BedGuest *guest;
static BedDaemon *bpfpvd;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "theirs", .vcpus = 3};

    guest = bed_guest_start(&options);
    bpfpvd = bed_daemon_start(NULL);
    itest_attach(guest);
    return 0;
}

static void
type_vcpupin(const char *vcpu, const char *cpus)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, "vcpupin", "theirs", vcpu, cpus, "--live", NULL) != 0)
        bed_fail("virsh vcpupin theirs %s %s: %s", vcpu, cpus, err);
}

typedef struct {
    guint vcpu;
    const char *text;
} Expected;

static gboolean
has_why(gpointer data)
{
    const Expected *expected = data;
    g_autofree char *why = itest_vcpu(guest, expected->vcpu, "why");

    return g_str_equal(why, expected->text);
}

static void
assert_fixed(guint vcpu)
{
    Expected why = {vcpu, "fixed by administrator"};

    if (!bed_wait(has_why, &why, BED_SOON))
        bed_fail("vCPU %u is not shown as fixed by administrator", vcpu);
}

static gboolean
has_original(gpointer data)
{
    const Expected *expected = data;
    g_autofree char *original = itest_vcpu(guest, expected->vcpu, "original");

    return g_str_equal(original, expected->text);
}

static void
assert_original(guint vcpu, const char *cpus)
{
    Expected expected = {vcpu, cpus};

    if (!bed_wait(has_original, &expected, BED_SOON))
        bed_fail("the original of vCPU %u is not %s", vcpu, cpus);
}

static void
our_own_pins_are_not_taken_for_theirs(void **state)
{
    for (guint i = 0; i < 5; i++) {
        gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
        g_autofree char *why = NULL;

        bed_assert_vcpupin_single(guest, 1, BED_SOON);
        why = itest_vcpu(guest, 1, "want");
        assert_string_equal(why, "anchor");
        bed_guest_kill(guest, pid, SIGKILL);
        bed_assert_vcpupin_all(guest, 1, BED_SOON);
    }
}

static void
a_pin_of_theirs_is_noticed_and_shown(void **state)
{
    g_autofree char *original = NULL;

    type_vcpupin("2", "1");
    assert_fixed(2);
    original = itest_vcpu(guest, 2, "original");
    assert_string_equal(original, "1");
    itest_assert_want(guest, 2, "fixed", 0);
}

static void
it_stays_whatever_the_guest_wants(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 2");

    itest_assert_keys(guest, 1);
    bed_assert_vcpupin(guest, 2, "1", 0);
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_keys(guest, 0);
    bed_assert_vcpupin(guest, 2, "1", 0);
}

/* Of two CPUs it is: also where a task needs the vCPU on one. */
static void
a_wide_one_is_left_alone_too(void **state)
{
    gint64 pid;

    type_vcpupin("2", "0-1");
    assert_fixed(2);
    pid = bed_guest_task(guest, NULL, 0, "pin 2");
    itest_assert_keys(guest, 1);
    bed_assert_vcpupin(guest, 2, "0-1", 0);
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_keys(guest, 0);
}

/* Not at once: to pin something to what it has anyway is nothing that could be noticed. */
static void
make_wide_one_theirs(void)
{
    type_vcpupin("2", "1");
    assert_original(2, "1");
    type_vcpupin("2", "0-1");
    assert_original(2, "0-1");
    assert_fixed(2);
}

static char *
release(const char *vcpu, int *status)
{
    char *err = NULL;

    *status = bed_ctl(NULL, &err, "release", "theirs", vcpu, NULL);
    return err;
}

/* By however many pins it has become theirs. */
static void
a_released_one_is_managed_again(void **state)
{
    g_autofree char *all = bed_host_cpus();
    g_autofree char *err = NULL;
    gint64 pid;
    int status;

    err = release("2", &status);
    if (status != 0)
        bed_fail("release: %s", err);
    bed_assert_vcpupin_all(guest, 2, BED_SOON);
    assert_original(2, all);
    itest_assert_want(guest, 2, "float", 0);
    pid = bed_guest_task(guest, NULL, 0, "pin 2");
    bed_assert_vcpupin_single(guest, 2, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 2, BED_SOON);
    make_wide_one_theirs();
}

/* An anchored vCPU moved by hand in front of bpfpv's eyes. */
static void
it_wins_over_an_anchor(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
    int cpu = bed_assert_vcpupin_single(guest, 1, BED_SOON);
    const char *other = cpu == 0 ? "1" : "0";

    type_vcpupin("1", other);
    assert_fixed(1);
    bed_assert_vcpupin(guest, 1, other, 0);
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_keys(guest, 0);
    bed_assert_vcpupin(guest, 1, other, 0);
    type_vcpupin("1", "0");
    bed_assert_vcpupin(guest, 1, "0", 0);
}

static void
one_that_nobody_pinned_is_not_released(void **state)
{
    g_autofree char *managed = NULL;
    g_autofree char *absent = NULL;
    int status;

    managed = release("0", &status);
    assert_int_equal(status, 1);
    assert_non_null(strstr(managed, "vCPU 0 of domain theirs is managed already"));
    absent = release("7", &status);
    assert_int_equal(status, 1);
    assert_non_null(strstr(absent, "domain theirs has no vCPU 7: they are 0 to 2"));
}

/* The daemon that releases is not the one that saw the pins; the journal has what was before. */
static void
all_are_released_together(void **state)
{
    g_autofree char *all = bed_host_cpus();
    g_autofree char *err = NULL;
    int status;

    assert_int_equal(bed_virsh(NULL, NULL, "emulatorpin", "theirs", "0", "--live", NULL), 0);
    bed_assert_emulatorpin(guest, "0", BED_SOON);
    err = release(NULL, &status);
    if (status != 0)
        bed_fail("release: %s", err);
    for (guint v = 0; v < 3; v++) {
        bed_assert_vcpupin_all(guest, v, BED_SOON);
        assert_original(v, all);
    }
    bed_assert_emulatorpin(guest, NULL, BED_SOON);
    g_clear_pointer(&err, g_free);
    err = release(NULL, &status);
    assert_int_equal(status, 1);
    assert_non_null(strstr(err, "nothing of domain theirs is pinned by an administrator"));
    type_vcpupin("1", "0");
    assert_fixed(1);
    make_wide_one_theirs();
}

/* The daemon stands still while libvirtd is started anew, and somebody pins. */
static void
one_made_while_nobody_listens_is_found(void **state)
{
    bed_daemon_signal(bpfpvd, SIGSTOP);
    bed_libvirtd("restart");
    type_vcpupin("2", "0");
    bed_daemon_signal(bpfpvd, SIGCONT);
    assert_original(2, "0");
    bed_assert_vcpupin(guest, 2, "0", 0);
    type_vcpupin("2", "0-1");
    assert_original(2, "0-1");
    bed_guest_wait_agent(guest);
    bed_wait_state("theirs", "active", BED_SOON);
}

static void
it_outlives_the_daemon(void **state)
{
    bed_daemon_kill_all();
    bed_daemon_start(NULL);
    bed_wait_state("theirs", "active", BED_SOON);
    assert_fixed(1);
    assert_fixed(2);
    bed_assert_vcpupin(guest, 1, "0", 0);
}

static void
it_stands_after_detach(void **state)
{
    g_autofree char *err = NULL;

    if (bed_ctl(NULL, &err, "detach", "theirs", NULL) != 0)
        bed_fail("detach: %s", err);
    bed_assert_vcpupin(guest, 1, "0", 0);
    bed_assert_vcpupin(guest, 2, "0-1", 0);
    bed_assert_vcpupin_all(guest, 0, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_pins_are_not_taken_for_theirs),
        cmocka_unit_test(a_pin_of_theirs_is_noticed_and_shown),
        cmocka_unit_test(it_stays_whatever_the_guest_wants),
        cmocka_unit_test(a_wide_one_is_left_alone_too),
        cmocka_unit_test(a_released_one_is_managed_again),
        cmocka_unit_test(it_wins_over_an_anchor),
        cmocka_unit_test(one_that_nobody_pinned_is_not_released),
        cmocka_unit_test(one_made_while_nobody_listens_is_found),
        cmocka_unit_test(it_outlives_the_daemon),
        cmocka_unit_test(all_are_released_together),
        cmocka_unit_test(it_stands_after_detach),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
