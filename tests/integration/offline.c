/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host CPU goes offline and comes back, as libvirtd sees it: in this world's
 * own mount namespace, a file lies over the kernel's list of CPUs that are
 * online. No CPU is touched.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>
#include <sys/mount.h>

#define ONLINE "/sys/devices/system/cpu/online"

static BedGuest *guest;
static char *all;  /* host CPUs */
static char *rest; /* without CPU 0 */

static void
cover(void)
{
    g_autofree char *path = g_build_filename(g_getenv("BED_DIR"), "online", NULL);

    assert_true(g_file_set_contents(path, rest, -1, NULL));
    if (mount(path, ONLINE, NULL, MS_BIND, NULL) < 0)
        bed_fail("can't cover " ONLINE);
}

static void
uncover(void)
{
    assert_return_code(umount(ONLINE), 0);
}

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "offline",
        .cputune_xml = "<iothreads>1</iothreads>",
        .metadata_xml = "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"
                        "<placement cpuset='0-1'/></program></bpfpv>",
    };

    all = bed_host_cpus();
    if (!g_str_has_prefix(all, "0-")) /* the first run of them begins with CPU 0 */
        bed_fail("this host's CPUs are %s; the test needs CPUs 0 and 1", all);
    rest = strcmp(all, "0-1") == 0 ? g_strdup("1") : g_strdup_printf("1-%s", all + 2);
    guest = bed_guest_start(&options);
    bed_daemon_start(NULL);
    bed_wait_state("offline", "active", BED_SOON);
    return 0;
}

static int
teardown(void **state)
{
    umount(ONLINE);
    g_free(all);
    g_free(rest);
    return bed_cleanup(state);
}

static gint64 task;

static void
an_anchor_has_the_first_cpu(void **state)
{
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    bed_assert_emulatorpin(guest, rest, BED_SOON);
}

/* Of two CPUs the one that is left is the reserve: the anchor waits, and floats on it. With more
 * CPUs it gets another one. */
static void
it_loses_a_cpu_that_goes_offline(void **state)
{
    gboolean has_more = strcmp(rest, "1") != 0;

    cover();
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    if (!has_more) {
        itest_assert_reason("offline", "no free CPU: 1 online in the pool 0-1, 1 reserved");
        bed_assert_vcpupin(guest, 0, "1", BED_SOON);
        bed_assert_emulatorpin(guest, "1", BED_SOON);
        bed_assert_iothreadpin(guest, 1, "1", BED_SOON);
    }
    bed_wait_state("offline", has_more ? "active" : "failed", BED_SOON);
}

/* A reason is what is missing. */
static gboolean
is_met(gpointer data)
{
    g_autofree char *reason = itest_reason("offline");

    return *reason == '\0';
}

static void
it_gets_one_again_when_it_comes_back(void **state)
{
    int cpu;

    uncover();
    if (!bed_wait(is_met, NULL, BED_SOON))
        bed_fail("the anchor is not met");
    bed_wait_state("offline", "active", 0);
    itest_assert_want(guest, 1, "anchor", 1);
    cpu = bed_assert_vcpupin_single(guest, 1, BED_SOON);
    assert_true(cpu == 0 || cpu == 1);
}

static void
and_the_originals_have_it_again(void **state)
{
    bed_guest_kill(guest, task, SIGKILL);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    bed_assert_emulatorpin(guest, NULL, BED_SOON);
    bed_assert_iothreadpin(guest, 1, NULL, BED_SOON);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anchor_has_the_first_cpu),
        cmocka_unit_test(it_loses_a_cpu_that_goes_offline),
        cmocka_unit_test(it_gets_one_again_when_it_comes_back),
        cmocka_unit_test(and_the_originals_have_it_again),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
