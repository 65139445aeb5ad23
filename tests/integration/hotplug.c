/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPUs of a guest that come and go: plugged in and out by libvirt, in order and
 * out of it, and turned off and on by the guest. What is pinned stays right.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

#define MAX_VCPUS 4

static BedGuest *guest;
/* By the guest's number of a CPU. How a kernel numbers what is plugged in is its own affair: from
 * 6.9 on by APIC ids, before in the order of plugging. */
static guint vcpu_of[MAX_VCPUS] = {0, 1};
static guint known = 1u << 0 | 1u << 1;

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "plugged",
        .vcpus = 2,
        .max_vcpus = MAX_VCPUS,
        .metadata_xml = ITEST_SHARED,
    };

    guest = bed_guest_start(&options);
    bed_daemon_start(NULL);
    bed_wait_state("plugged", "active", BED_SOON);
    return 0;
}

static void
virsh(const char *command, const char *argument, const char *option)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, command, "plugged", argument, option, NULL) != 0)
        bed_fail("virsh %s: %s", command, err);
}

static void
turn(guint cpu, const char *online)
{
    g_autofree char *command =
        g_strdup_printf("echo %s > /sys/devices/system/cpu/cpu%u/online", online, cpu);

    g_free(bed_guest_exec(guest, NULL, "/bin/sh", "-c", command, NULL));
}

/* The CPU that was not there before. */
static gboolean
find_new(gpointer cpu)
{
    for (guint c = 0; c < MAX_VCPUS; c++) {
        g_autofree char *path = g_strdup_printf("/sys/devices/system/cpu/cpu%u", c);
        int status;

        g_free(bed_guest_exec(guest, &status, "/bin/test", "-d", path, NULL));
        if (status == 0 && !(known & 1u << c)) {
            *(guint *)cpu = c;
            return TRUE;
        }
    }
    return FALSE;
}

/* Plugs vCPU @vcpu in; returns the guest's number of it. */
static guint
plug(guint vcpu)
{
    g_autofree char *number = g_strdup_printf("%u", vcpu);
    guint cpu = 0;

    virsh("setvcpu", number, "--enable");
    if (!bed_wait(find_new, &cpu, BED_SOON))
        bed_fail("the guest has no other CPU after vCPU %u was plugged in", vcpu);
    turn(cpu, "1");
    known |= 1u << cpu;
    vcpu_of[cpu] = vcpu;
    return cpu;
}

static gint64
pin(guint cpu)
{
    g_autofree char *arguments = g_strdup_printf("pin %u", cpu);

    return bed_guest_task(guest, NULL, 0, arguments);
}

/* To a kernel that numbers as they come, vCPU 3 is CPU 2, and vCPU 2 is CPU 3. */
static void
vcpus_out_of_order_are_known(void **state)
{
    gint64 pids[3] = {pin(1)};
    int cpu = bed_assert_vcpupin_single(guest, 1, BED_SOON);
    g_autofree char *still = g_strdup_printf("%d", cpu);

    pids[1] = pin(plug(3));
    itest_assert_want(guest, 3, "anchor", 1);
    itest_assert_want(guest, 2, "float", 0);
    pids[2] = pin(plug(2));
    itest_assert_want(guest, 2, "anchor", 1);
    itest_assert_want(guest, 3, "anchor", 1);
    bed_assert_vcpupin(guest, 1, still, BED_SOON);
    for (gsize i = 0; i < G_N_ELEMENTS(pids); i++)
        bed_guest_kill(guest, pids[i], SIGKILL);
    for (guint vcpu = 0; vcpu < MAX_VCPUS; vcpu++) {
        itest_assert_want(guest, vcpu, "float", 0);
        bed_assert_vcpupin_all(guest, vcpu, BED_SOON);
    }
}

/* Down through the agent, which turns the guest's last CPU off. The kernel widens the mask of a
 * task whose only CPU has gone. */
static void
fewer_vcpus_and_more_again(void **state)
{
    const guint last = MAX_VCPUS - 1, vcpu = vcpu_of[last];
    gint64 pid = pin(last), again;

    bed_assert_vcpupin_single(guest, vcpu, BED_SOON);
    virsh("setvcpus", "3", "--guest");
    itest_assert_want(guest, vcpu, "float", 0);
    bed_assert_vcpupin_all(guest, vcpu, BED_SOON);
    virsh("setvcpus", "4", "--guest");
    again = pin(last);
    bed_assert_vcpupin_single(guest, vcpu, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_guest_kill(guest, again, SIGKILL);
    itest_assert_want(guest, vcpu, "float", 0);
    bed_assert_vcpupin_all(guest, vcpu, BED_SOON);
}

static gboolean
is_unplugged(gpointer cpu)
{
    g_autofree char *path = g_strdup_printf("/sys/devices/system/cpu/cpu%u", GPOINTER_TO_UINT(cpu));
    int status;

    g_free(bed_guest_exec(guest, &status, "/bin/test", "-d", path, NULL));
    return status != 0;
}

/* Really out, and in again, while a task is pinned to it. */
static void
a_vcpu_is_unplugged(void **state)
{
    const guint last = MAX_VCPUS - 1, vcpu = vcpu_of[last];
    g_autofree char *number = g_strdup_printf("%u", vcpu);
    gint64 pid;

    if (g_strcmp0(g_getenv("BED_DOMAIN_TYPE"), "qemu") == 0) {
        print_message("not without KVM: QEMU 7.2 dies of it\n");
        return;
    }
    pid = pin(last);
    bed_assert_vcpupin_single(guest, vcpu, BED_SOON);
    virsh("setvcpu", number, "--disable");
    if (!bed_wait(is_unplugged, GUINT_TO_POINTER(last), BED_SOON))
        bed_fail("CPU %u is still there", last);
    itest_assert_want(guest, vcpu, "float", 0);
    bed_guest_kill(guest, pid, SIGKILL);
    known &= ~(1u << last);
    assert_int_equal(plug(vcpu), last);
}

/* A cohort of two CPUs of which one is turned off is an anchor; back on, it is
 * all there are. */
static void
the_guest_turns_cpus_off_and_on(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1-2");

    itest_assert_want(guest, 1, "cohort", 1);
    itest_assert_want(guest, vcpu_of[2], "cohort", 1);
    turn(2, "0");
    itest_assert_want(guest, 1, "anchor", 1);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    turn(2, "1");
    itest_assert_want(guest, 1, "cohort", 1);
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_want(guest, 1, "float", 0);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(vcpus_out_of_order_are_known),
        cmocka_unit_test(fewer_vcpus_and_more_again),
        cmocka_unit_test(a_vcpu_is_unplugged),
        cmocka_unit_test(the_guest_turns_cpus_off_and_on),
    };

    return cmocka_run_group_tests_name("hotplug", tests, setup, bed_cleanup);
}
