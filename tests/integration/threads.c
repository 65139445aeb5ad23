/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The emulator and the I/O threads leave an anchored CPU, and have exactly what
 * they had before once nothing is anchored any more, whatever dies meanwhile.
 * I/O thread 2 is pinned to CPU 1, so that no anchor may have that.
 */
#include "itest.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

/* For a disk that is plugged in; the first few are the other devices'. */
#define PORT "<controller type='pci' model='pcie-root-port'/>"

static BedGuest *guest;
static BedDaemon *bpfpvd;

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "threads",
        .cputune_xml = "<iothreads>2</iothreads><cputune><iothreadpin iothread='2' cpuset='1'/>"
                       "</cputune>",
        .metadata_xml = "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"
                        "<placement cpuset='0-1'/></program></bpfpv>",
        .devices_xml =
            "<controller type='pci' index='0' model='pcie-root'/>" PORT PORT PORT PORT PORT PORT,
    };

    bed_hook_install();
    guest = bed_guest_start(&options);
    bpfpvd = bed_daemon_start(NULL);
    bed_wait_state("threads", "active", BED_SOON);
    return 0;
}

static void
virsh(const char *command, const char *first, const char *second)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, command, first, second, NULL) != 0)
        bed_fail("virsh %s %s: %s", command, first, err);
}

static gint64
pin(void)
{
    return bed_guest_task(guest, NULL, 0, "pin 1");
}

static void
assert_moved_off(void)
{
    g_autofree char *all = bed_host_cpus();
    const char *others = all + 2; /* "0-1" without 0, "0-7" without 0, … */
    g_autofree char *rest =
        strcmp(others, "1") == 0 ? g_strdup("1") : g_strdup_printf("1-%s", others);

    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    bed_assert_emulatorpin(guest, rest, BED_SOON);
    bed_assert_iothreadpin(guest, 1, rest, BED_SOON);
    bed_assert_iothreadpin(guest, 2, "1", BED_SOON);
}

static void
assert_came_back(guint timeout_ms)
{
    bed_assert_vcpupin_all(guest, 1, timeout_ms);
    bed_assert_emulatorpin(guest, NULL, timeout_ms);
    bed_assert_iothreadpin(guest, 1, NULL, timeout_ms);
    bed_assert_iothreadpin(guest, 2, "1", timeout_ms);
}

static void
end(gint64 pid)
{
    bed_guest_kill(guest, pid, SIGKILL);
    assert_came_back(BED_SOON);
}

static void
they_leave_an_anchors_cpu_and_come_back(void **state)
{
    gint64 pid;

    assert_came_back(0);
    pid = pin();
    assert_moved_off();
    end(pid);
}

static void
show_says_what_they_have_and_had(void **state)
{
    gint64 pid = pin();
    g_autofree char *all = bed_host_cpus();
    g_autofree char *emulator = NULL, *original = NULL, *applied = NULL, *planned = NULL;
    g_autofree char *pinned = NULL, *none = NULL, *status = NULL;

    assert_moved_off();
    emulator = bed_emulatorpin(guest);
    original = itest_emulator(guest, "original");
    applied = itest_emulator(guest, "applied");
    planned = itest_iothread(guest, 1, "cpus");
    pinned = itest_iothread(guest, 2, "original");
    none = itest_iothread(guest, 3, "original");
    assert_string_equal(original, all);
    assert_string_equal(applied, emulator);
    assert_string_equal(planned, emulator);
    assert_string_equal(pinned, "1");
    assert_string_equal(none, "");
    assert_int_equal(bed_virsh(&status, NULL, "metadata", "threads", "urn:bpfpv:status:1", NULL),
                     0);
    assert_non_null(strstr(status, "<emulator applied="));
    assert_non_null(strstr(status, "<iothread id=\"2\" applied=\"1\" original=\"1\"/>"));
    end(pid);
}

/* With no daemon there: it is the hook that undoes them. */
static void
the_hook_undoes_them(void **state)
{
    g_autofree char *path = g_build_filename(g_getenv("BED_DIR"), "threads.save", NULL);
    gint64 pid = pin();

    assert_moved_off();
    virsh("save", "threads", path);
    bed_daemon_kill(bpfpvd);
    virsh("restore", path, NULL);
    assert_came_back(0);
    bpfpvd = bed_daemon_start(NULL);
    assert_moved_off();
    bed_guest_wait_agent(guest);
    end(pid);
}

static void
managed_save_and_start(void **state)
{
    gint64 pid = pin();

    assert_moved_off();
    virsh("managedsave", "threads", NULL);
    virsh("start", "threads", NULL);
    assert_moved_off();
    bed_guest_wait_agent(guest);
    end(pid);
}

/* The saved pins are in force then, and the status says what was before them. */
static void
without_the_hook_the_status_tells_their_originals(void **state)
{
    g_autofree char *path = g_build_filename(g_getenv("BED_DIR"), "threads.save", NULL);
    gint64 pid = pin();

    assert_moved_off();
    bed_hook_remove();
    virsh("save", "threads", path);
    virsh("restore", path, NULL);
    bed_hook_install();
    bed_guest_wait_agent(guest);
    assert_moved_off();
    bed_guest_kill(guest, pid, SIGKILL);
    assert_came_back(BED_SOON);
}

static void
a_new_daemon_gives_them_back(void **state)
{
    gint64 pid = pin();

    assert_moved_off();
    bed_daemon_kill(bpfpvd);
    bed_guest_kill(guest, pid, SIGKILL);
    assert_moved_off();
    bpfpvd = bed_daemon_start(NULL);
    assert_came_back(BED_SOON);
}

static void
restore_gives_them_back(void **state)
{
    gint64 pid = pin();

    assert_moved_off();
    bed_daemon_kill(bpfpvd);
    itest_restore();
    assert_came_back(0);
    bpfpvd = bed_daemon_start(NULL);
    assert_moved_off();
    end(pid);
}

static void
a_daemon_that_stops_gives_them_back(void **state)
{
    gint64 pid = pin();

    assert_moved_off();
    bed_daemon_stop(bpfpvd);
    assert_came_back(0);
    bpfpvd = bed_daemon_start(NULL);
    assert_moved_off();
    end(pid);
}

/* ---- I/O threads that come and go ---- */

static char *
disk_file(void)
{
    g_autofree char *image = g_build_filename(g_getenv("BED_DIR"), "threads.img", NULL);
    g_autofree char *disk = g_build_filename(g_getenv("BED_DIR"), "threads-disk.xml", NULL);
    g_autofree char *bytes = g_malloc0(1 << 20);
    g_autofree char *xml =
        g_strdup_printf("<disk type='file' device='disk'><driver name='qemu' type='raw' "
                        "iothread='3'/><source file='%s'/><target dev='vda' bus='virtio'/></disk>",
                        image);

    assert_true(g_file_set_contents(image, bytes, 1 << 20, NULL));
    assert_true(g_file_set_contents(disk, xml, -1, NULL));
    return g_steal_pointer(&disk);
}

/* A thread that comes is noticed with the disk that it is for. */
static void
one_that_comes_is_steered_too(void **state)
{
    g_autofree char *disk = disk_file();
    g_autofree char *emulator = NULL;
    gint64 pid = pin();

    assert_moved_off();
    emulator = bed_emulatorpin(guest);
    virsh("iothreadadd", "threads", "3");
    bed_assert_iothreadpin(guest, 3, NULL, 0);
    virsh("attach-device", "threads", disk);
    bed_assert_iothreadpin(guest, 3, emulator, BED_SOON);
    bed_assert_vcpupin(guest, 1, "0", 0); /* its anchor has not moved for it */
    end(pid);
    bed_assert_iothreadpin(guest, 3, NULL, BED_SOON);
}

static void
one_that_comes_while_pinned_comes_back_after_a_crash(void **state)
{
    g_autofree char *emulator = NULL;
    gint64 pid = pin();

    assert_moved_off();
    emulator = bed_emulatorpin(guest);
    bed_assert_iothreadpin(guest, 3, emulator, BED_SOON);
    bed_daemon_kill(bpfpvd);
    itest_restore();
    assert_came_back(0);
    bed_assert_iothreadpin(guest, 3, NULL, 0);
    bpfpvd = bed_daemon_start(NULL);
    bed_assert_iothreadpin(guest, 3, emulator, BED_SOON);
    end(pid);
}

static guint
count(const char *text, const char *part)
{
    guint n = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

static gboolean
is_forgotten(gpointer data)
{
    g_autofree char *original = itest_iothread(guest, 3, "original");

    return *original == '\0';
}

static gboolean
disk_is_gone(gpointer data)
{
    g_autofree char *xml = NULL;

    return bed_virsh(&xml, NULL, "dumpxml", "threads", NULL) == 0 && !strstr(xml, "'vda'");
}

/* libvirt has no event for it: the next call for the thread fails, once. */
static void
one_that_goes_is_forgotten(void **state)
{
    g_autofree char *log = NULL;
    gint64 pid;

    virsh("detach-disk", "threads", "vda");
    if (!bed_wait(disk_is_gone, NULL, BED_SOON))
        bed_fail("the disk stays plugged in");
    virsh("iothreaddel", "threads", "3");
    pid = pin();
    assert_moved_off();
    if (!bed_wait(is_forgotten, NULL, BED_SOON))
        bed_fail("I/O thread 3 is still shown");
    end(pid);
    log = bed_daemon_log();
    assert_true(count(log, "pinning I/O thread 3") <= 1);
}

/* libvirt numbers them without gaps only as long as nobody deletes one. */
static void
a_gap_in_their_numbers_confuses_nobody(void **state)
{
    gint64 pid;

    virsh("iothreaddel", "threads", "1");
    pid = pin();
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    bed_assert_iothreadpin(guest, 2, "1", BED_SOON);
    virsh("iothreadadd", "threads", "7");
    assert_int_equal(bed_ctl(NULL, NULL, "detach", "threads", NULL), 0);
    bed_assert_vcpupin_all(guest, 1, 0);
    bed_assert_emulatorpin(guest, NULL, 0);
    bed_assert_iothreadpin(guest, 2, "1", 0);
    bed_assert_iothreadpin(guest, 7, NULL, 0);
    bed_guest_kill(guest, pid, SIGKILL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_leave_an_anchors_cpu_and_come_back),
        cmocka_unit_test(show_says_what_they_have_and_had),
        cmocka_unit_test(the_hook_undoes_them),
        cmocka_unit_test(managed_save_and_start),
        cmocka_unit_test(without_the_hook_the_status_tells_their_originals),
        cmocka_unit_test(a_new_daemon_gives_them_back),
        cmocka_unit_test(restore_gives_them_back),
        cmocka_unit_test(a_daemon_that_stops_gives_them_back),
        cmocka_unit_test(one_that_comes_is_steered_too),
        cmocka_unit_test(one_that_comes_while_pinned_comes_back_after_a_crash),
        cmocka_unit_test(one_that_goes_is_forgotten),
        cmocka_unit_test(a_gap_in_their_numbers_confuses_nobody),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
