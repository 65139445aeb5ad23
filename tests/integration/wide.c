/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests that may have far more CPUs than they have: masks of more than one
 * word, and of more than the 1024 CPUs that a cpu_set_t holds.
 */
#include "itest.h"

#include <signal.h>
#include <stdio.h>

static int
setup(void **state)
{
    bed_daemon_start(NULL);
    return 0;
}

static int
remove_guest(void **state)
{
    bed_guest_destroy_all();
    return 0;
}

/* A CPU list of the guest: "possible", "online"; g_free(). */
static char *
cpus(BedGuest *guest, const char *which)
{
    g_autofree char *path = g_strdup_printf("/sys/devices/system/cpu/%s", which);

    return g_strchomp(bed_guest_exec(guest, NULL, "/bin/cat", path, NULL));
}

static void
assert_cpus(BedGuest *guest, const char *which, const char *expected)
{
    g_autofree char *list = cpus(guest, which);

    assert_string_equal(list, expected);
}

static void
assert_floats(BedGuest *guest, guint vcpu)
{
    itest_assert_want(guest, vcpu, "float", 0);
    bed_assert_vcpupin_all(guest, vcpu, BED_SOON);
}

/* @with_absent: CPU 0, and one that is not online. */
static void
assert_first_two_serve(BedGuest *guest, const char *with_absent)
{
    g_autofree char *absent = g_strconcat("pin ", with_absent, NULL);
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    itest_assert_want(guest, 1, "anchor", 1);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_keys(guest, 0);
    assert_floats(guest, 1);
    /* Kernels differ in whether the mask keeps the CPUs that are not there. */
    pid = bed_guest_task(guest, NULL, 0, absent);
    itest_assert_want(guest, 0, "anchor", 1);
    bed_assert_vcpupin_single(guest, 0, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_keys(guest, 0);
    assert_floats(guest, 0);
}

/* Since 6.9 a kernel takes what the firmware lists, and under TCG, which is no hypervisor that it
 * knows, not even all of that: neither a parameter nor a vCPU to come adds to it. */
static gboolean
takes_more_than_there_are(BedGuest *guest)
{
    g_autofree char *release = bed_guest_exec(guest, NULL, "/bin/uname", "-r", NULL);
    int major = 0, minor = 0;

    assert_int_equal(sscanf(release, "%d.%d", &major, &minor), 2);
    return major < 6 || (major == 6 && minor < 9);
}

static void
assert_possible(BedGuest *guest, const char *expected)
{
    g_autofree char *list = cpus(guest, "possible");

    if (takes_more_than_there_are(guest))
        assert_string_equal(list, expected);
    else if (!g_str_equal(list, expected))
        print_message("this kernel has possible CPUs %s instead of %s\n", list, expected);
}

static void
most_of_eighty_vcpus_are_not_plugged_in(void **state)
{
    static const BedGuestOptions options = {.name = "unplugged", .vcpus = 2, .max_vcpus = 80};
    BedGuest *guest = bed_guest_start(&options);

    assert_possible(guest, "0-79");
    assert_cpus(guest, "online", "0-1");
    itest_attach(guest);
    assert_first_two_serve(guest, "0,70");
}

/* CPUs 0, 1 and 70 are online: the last by the guest's own hand. */
static void
assert_the_second_word_serves(BedGuest *guest)
{
    gint64 pid;

    g_free(bed_guest_exec(guest, NULL, "/bin/sh", "-c",
                          "echo 1 >/sys/devices/system/cpu/cpu70/online", NULL));
    assert_cpus(guest, "online", "0-1,70");
    itest_attach(guest);
    pid = bed_guest_task(guest, NULL, 0, "pin 70");
    itest_assert_want(guest, 70, "anchor", 1);
    bed_assert_vcpupin_single(guest, 70, BED_SOON);
    itest_assert_want(guest, 6, "float", 0); /* the same bit, one word before */
    bed_guest_kill(guest, pid, SIGKILL);
    assert_floats(guest, 70);
    pid = bed_guest_task(guest, NULL, 0, "pin 1,70");
    itest_assert_want(guest, 1, "cohort", 1);
    itest_assert_want(guest, 70, "cohort", 1);
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_keys(guest, 0);
}

static void
most_of_eighty_cpus_are_offline_in_the_guest(void **state)
{
    static const BedGuestOptions options = {.name = "offline", .vcpus = 80, .cmdline = "maxcpus=2"};
    BedGuest *guest = bed_guest_start(&options);

    assert_cpus(guest, "possible", "0-79");
    assert_the_second_word_serves(guest);
}

static void
eleven_hundred_cpus_are_possible(void **state)
{
    static const BedGuestOptions options = {.name = "eleven-hundred",
                                            .vcpus = 80,
                                            .memory_mib = 1536,
                                            .cmdline = "maxcpus=2 possible_cpus=1100"};
    BedGuest *guest = bed_guest_start(&options);

    assert_possible(guest, "0-1099");
    assert_the_second_word_serves(guest);
    assert_first_two_serve(guest, "0,1000");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(most_of_eighty_vcpus_are_not_plugged_in, remove_guest),
        cmocka_unit_test_teardown(most_of_eighty_cpus_are_offline_in_the_guest, remove_guest),
        cmocka_unit_test_teardown(eleven_hundred_cpus_are_possible, remove_guest),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
