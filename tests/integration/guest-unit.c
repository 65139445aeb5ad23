/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the package bpfpv-guest installs, in a Debian as it comes whose agent runs no programs: udev
 * starts the unit when the host plugs the port in, and its sandbox lets the loader do its work.
 */
#include "itest.h"

#include <string.h>

static BedGuest *guest;

/* (transfer full): a tar of what "make install-guest" installs below /usr */
static GBytes *
make_tar(void)
{
    g_autofree char *root = g_dir_make_tmp("bpfpv-own-XXXXXX", NULL);
    g_autofree char *line =
        g_strdup_printf("MAKEFLAGS= make -s install-guest prefix=/usr "
                        "systemdsystemunitdir=/usr/lib/systemd/system DESTDIR=%s &&"
                        "tar -C %s -czf %s.tar usr && rm -r %s",
                        root, root, root, root);
    g_autofree char *path = g_strconcat(root, ".tar", NULL);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    char *bytes = NULL;
    int status = 1;
    gsize length;

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, NULL);
    assert_int_equal(status, 0);
    assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    return g_bytes_new_take(bytes, length);
}

static void
run(const char *line)
{
    g_free(bed_guest_exec(guest, NULL, "/bin/sh", "-c", line, NULL));
}

static int
setup(void **state)
{
    static const char agent_conf[] = "[general]\nblock-rpcs=guest-exec\n";
    static const BedGuestOptions options = {
        .name = "own-unit", .stock = TRUE, .metadata_xml = ITEST_SHARED};
    g_autoptr(GBytes) tar = make_tar();

    guest = bed_guest_start(&options);
    bed_guest_write(guest, "/run/own.tar", g_bytes_get_data(tar, NULL), g_bytes_get_size(tar));
    run("tar -C / --no-same-owner -xzf /run/own.tar && systemctl daemon-reload && "
        "udevadm control --reload && mkdir -p /etc/qemu && "
        "systemd-run -q taskset -c 1 sleep infinity");
    bed_guest_write(guest, "/etc/qemu/qemu-ga.conf", agent_conf, strlen(agent_conf));
    bed_guest_spawn(guest, "/usr/bin/systemctl", "--no-block", "restart", "qemu-guest-agent", NULL);
    bed_guest_wait_no_exec(guest);
    bed_daemon_start(NULL);
    return 0;
}

static void
assert_is_its_own(void)
{
    g_autoptr(JsonObject) object = bed_ctl_show("own-unit");

    assert_non_null(object);
    assert_string_equal(
        json_object_get_string_member(json_object_get_object_member(object, "guest"), "owner"),
        "guest");
}

static void
udev_starts_it_when_the_port_comes(void **state)
{
    bed_wait_state("own-unit", "active", BED_BOOT);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    assert_is_its_own();
}

/* The port goes with the detach, and the unit with it. */
static void
again_when_it_comes_again(void **state)
{
    assert_int_equal(bed_ctl(NULL, NULL, "detach", "own-unit", NULL), 0);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    assert_int_equal(bed_ctl(NULL, NULL, "attach", "--no-wait", "own-unit", NULL), 0);
    bed_wait_state("own-unit", "active", BED_BOOT);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    assert_is_its_own();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udev_starts_it_when_the_port_comes),
        cmocka_unit_test(again_when_it_comes_again),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
