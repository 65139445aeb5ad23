/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What else happens to a domain: saved and restored, suspended, reset,
 * rebooted, ended and started, libvirtd restarted. After each, the pins are
 * what the guest wants, soon, and the originals are right. With the hook.
 */
#include "itest.h"

#include <signal.h>
#include <string.h>

#define SOON_MS 2000
#define ELEMENT                                                                                    \
    "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"                                  \
    "<placement mode='shared'/></program></bpfpv>"

static BedGuest *guest;

/* vCPU 1 has a pin of its own, which has to come back; vCPU 0 has none. */
static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "moved",
        .vcpus = 2,
        .cputune_xml = "<cputune><vcpupin vcpu='1' cpuset='0-1'/></cputune>",
        .metadata_xml = ELEMENT,
    };

    bed_hook_install();
    guest = bed_guest_start(&options);
    bed_daemon_start(NULL);
    bed_wait_state("moved", "active", BED_SOON);
    return 0;
}

static void
virsh(const char *command, const char *argument)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, command, "moved", argument, NULL) != 0)
        bed_fail("virsh %s: %s", command, err);
}

static gint64
pin(void)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    return pid;
}

/* The task still runs and is followed; when it ends, the originals are back. */
static void
assert_goes_on(gint64 pid)
{
    g_autofree char *original = NULL;

    bed_assert_vcpupin_single(guest, 1, SOON_MS);
    bed_wait_state("moved", "active", BED_SOON);
    original = itest_vcpu(guest, 1, "original");
    assert_string_equal(original, "0-1");
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, SOON_MS);
    bed_assert_vcpupin_all(guest, 0, SOON_MS);
}

/* The guest began anew: nothing is wanted, and a new task is followed. */
static void
assert_begins_anew(void)
{
    gint64 pid;

    bed_wait_state("moved", "active", BED_BOOT);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    pid = pin();
    assert_goes_on(pid);
}

static char *
saved_path(void)
{
    return g_build_filename(g_getenv("BED_DIR"), "moved.save", NULL);
}

/* The image has no pin of bpfpv's once the hook has seen it: vCPU 1's own, and none of vCPU 0's. */
static void
save_and_restore(void **state)
{
    g_autofree char *path = saved_path();
    g_autofree char *err = NULL;
    gint64 pid = pin();
    gint64 loader = itest_loader(guest);

    virsh("save", path);
    if (bed_virsh(NULL, &err, "restore", path, NULL) != 0)
        bed_fail("virsh restore: %s", err);
    bed_assert_vcpupin_single(guest, 1, SOON_MS);
    bed_guest_wait_agent(guest);
    assert_int_equal(itest_loader(guest), loader);
    assert_goes_on(pid);
}

static void
managed_save_and_start(void **state)
{
    gint64 pid = pin();

    virsh("managedsave", NULL);
    virsh("start", NULL);
    bed_assert_vcpupin_single(guest, 1, SOON_MS);
    bed_guest_wait_agent(guest);
    assert_goes_on(pid);
}

/* The saved XML as somebody with an editor leaves it: bpfpv has had vCPU 1 on @cpu, and they want
 * it on the other one. */
static char *
edit_saved(const char *path, int cpu)
{
    g_autofree char *file = g_build_filename(g_getenv("BED_DIR"), "edited.xml", NULL);
    g_autofree char *from = g_strdup_printf("<vcpupin vcpu='1' cpuset='%d'/>", cpu);
    g_autofree char *to = g_strdup_printf("<vcpupin vcpu='1' cpuset='%d'/>", 1 - cpu);
    g_autofree char *xml = NULL;
    GString *edited;

    assert_int_equal(bed_virsh(&xml, NULL, "save-image-dumpxml", path, NULL), 0);
    edited = g_string_new(xml);
    if (g_string_replace(edited, from, to, 0) != 1)
        bed_fail("there is no %s in %s", from, xml);
    assert_true(g_file_set_contents(file, edited->str, -1, NULL));
    g_string_free(edited, TRUE);
    return g_steal_pointer(&file);
}

/* What they wrote is a pin like any of a definition, and nobody's to move. */
static void
restore_edited(void)
{
    g_autofree char *path = saved_path();
    g_autofree char *other = NULL;
    g_autofree char *original = NULL;
    g_autofree char *file = NULL;
    g_autofree char *err = NULL;
    int cpu;

    pin();
    cpu = bed_assert_vcpupin_single(guest, 1, BED_SOON);
    other = g_strdup_printf("%d", 1 - cpu);
    virsh("save", path);
    file = edit_saved(path, cpu);
    if (bed_virsh(NULL, &err, "restore", path, "--xml", file, NULL) != 0)
        bed_fail("virsh restore --xml: %s", err);
    bed_guest_wait_agent(guest);
    bed_wait_state("moved", "active", BED_SOON);
    itest_assert_want(guest, 1, "fixed", 1);
    bed_assert_vcpupin(guest, 1, other, BED_SOON);
    original = itest_vcpu(guest, 1, "original");
    assert_string_equal(original, other);
    /* What the definition says again. */
    virsh("destroy", NULL);
    virsh("start", NULL);
    bed_guest_wait_agent(guest);
    bed_wait_state("moved", "active", BED_BOOT);
}

static void
restore_with_an_edited_xml(void **state)
{
    restore_edited();
}

static void
restore_with_an_edited_xml_without_the_hook(void **state)
{
    bed_hook_set_program(NULL);
    restore_edited();
    bed_hook_set_program(g_getenv("BPFPV_HOOK"));
}

static void
suspend_and_resume(void **state)
{
    gint64 pid = pin();

    virsh("suspend", NULL);
    virsh("resume", NULL);
    assert_goes_on(pid);
}

static void
reset(void **state)
{
    pin();
    virsh("reset", NULL);
    bed_assert_vcpupin_all(guest, 1, SOON_MS);
    bed_guest_wait_agent(guest);
    assert_begins_anew();
}

static void
reboot(void **state)
{
    pin();
    virsh("reboot", "--mode=agent");
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    bed_guest_wait_agent(guest);
    assert_begins_anew();
}

static void
destroy_and_start(void **state)
{
    pin();
    virsh("destroy", NULL);
    virsh("start", NULL);
    bed_assert_vcpupin_all(guest, 1, SOON_MS);
    bed_guest_wait_agent(guest);
    assert_begins_anew();
}

static void
libvirtd_restarts(void **state)
{
    gint64 pid = pin();

    bed_libvirtd("restart");
    bed_assert_vcpupin_single(guest, 1, SOON_MS);
    assert_goes_on(pid);
}

/* Where the hook is not, the daemon takes the originals from the status in the XML. */
static void
without_the_hook_originals_are_right_too(void **state)
{
    g_autofree char *path = saved_path();
    gint64 pid = pin();

    bed_hook_remove();
    virsh("save", path);
    assert_int_equal(bed_virsh(NULL, NULL, "restore", path, NULL), 0);
    bed_guest_wait_agent(guest);
    assert_goes_on(pid);
    bed_hook_install();
}

static void
nothing_is_left_after_detach(void **state)
{
    g_autofree char *xml = NULL;

    bed_guest_wait_agent(guest); /* libvirtd has just been restarted */
    pin();
    assert_int_equal(bed_ctl(NULL, NULL, "detach", "moved", NULL), 0);
    bed_assert_vcpupin_all(guest, 0, 0);
    bed_assert_vcpupin_all(guest, 1, 0);
    assert_int_equal(bed_virsh(&xml, NULL, "dumpxml", "moved", NULL), 0);
    assert_null(strstr(xml, "urn:bpfpv"));
    assert_null(strstr(xml, "org.bpfpv"));
    assert_int_equal(itest_loader(guest), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(save_and_restore),
        cmocka_unit_test(managed_save_and_start),
        cmocka_unit_test(restore_with_an_edited_xml),
        cmocka_unit_test(restore_with_an_edited_xml_without_the_hook),
        cmocka_unit_test(suspend_and_resume),
        cmocka_unit_test(reset),
        cmocka_unit_test(reboot),
        cmocka_unit_test(destroy_and_start),
        cmocka_unit_test(libvirtd_restarts),
        cmocka_unit_test(without_the_hook_originals_are_right_too),
        cmocka_unit_test(nothing_is_left_after_detach),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
