/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest whose agent runs no programs: it is served by the loader that the guest itself starts, as
 * the package bpfpv-guest does, and without that the reason names both ways.
 */
#include "itest.h"

#include <string.h>

#define DIRECTORY "/run/own"

/* As udev and systemd do: starts it once the port is there, and again when it has ended. */
static const char own[] = "while [ ! -e " DIRECTORY "/go ]; do sleep 1; done\n"
                          "bed-task pin 1 &\n"
                          "while sleep 1; do\n"
                          "  rm " DIRECTORY "/restart 2>/dev/null && kill $(pidof bpfpv-guest)\n"
                          "done &\n"
                          "while :; do\n"
                          "  " DIRECTORY "/bpfpv-guest --foreground --await-host "
                          "--channel=org.bpfpv.0 " DIRECTORY "/affinity.bpf.o\n"
                          "  echo $? >>" DIRECTORY "/ends\n"
                          "  sleep 1\n"
                          "done\n";

static BedGuest *guest;

/* @more: bytes appended to it, so that it is another build's. */
static char *
send_file(const char *name, gsize more)
{
    g_autofree char *path = g_build_filename(g_getenv("BPFPV_GUEST_DIR"), name, NULL);
    g_autofree char *to = g_build_filename(DIRECTORY, name, NULL);
    g_autofree char *bytes = NULL;
    gsize length;

    assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    bytes = g_realloc(bytes, length + more);
    memset(bytes + length, 'x', more);
    bed_guest_write(guest, to, bytes, length + more);
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)bytes, length + more);
}

static void
run(const char *line)
{
    g_free(bed_guest_exec(guest, NULL, "/bin/sh", "-c", line, NULL));
}

static char *digest;

/* The agent's command line comes from the kernel's. */
static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "own", .metadata_xml = ITEST_SHARED};

    guest = bed_guest_start(&options);
    run("mkdir " DIRECTORY);
    digest = send_file("bpfpv-guest", 8);
    g_free(send_file("affinity.bpf.o", 0));
    run("chmod 755 " DIRECTORY "/bpfpv-guest; : >" DIRECTORY
        "/ends; echo bed.agent_block=guest-exec >" DIRECTORY "/cmdline; mount --bind " DIRECTORY
        "/cmdline /proc/cmdline");
    bed_guest_spawn(guest, "/bin/sh", "-c", own, NULL);
    bed_guest_spawn(guest, "/bin/sh", "-c", "kill $(pidof qemu-ga)", NULL);
    bed_guest_wait_no_exec(guest);
    bed_daemon_start(NULL);
    return 0;
}

static void
with_neither_the_reason_names_both_ways(void **state)
{
    bed_wait_state("own", "failed", BED_SOON);
    itest_assert_reason("own", "the guest's agent does not allow guest-exec");
    itest_assert_reason("own", "install the package bpfpv-guest in the guest");
}

static char *
member(const char *name)
{
    g_autoptr(JsonObject) object = bed_ctl_show("own");
    JsonObject *of = object ? json_object_get_object_member(object, "guest") : NULL;

    return g_strdup(of ? json_object_get_string_member(of, name) : "");
}

/* It is not the host's build, and the host leaves it alone. */
static void
the_guests_own_loader_is_taken_when_it_comes(void **state)
{
    g_autofree char *owner = NULL;
    g_autofree char *shown = NULL;

    bed_guest_write(guest, DIRECTORY "/go", "", 0);
    bed_wait_state("own", "active", BED_SOON);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    owner = member("owner");
    shown = member("digest");
    assert_string_equal(owner, "guest");
    assert_string_equal(shown, digest);
}

static void
bpfpvctl_says_whose_it_is(void **state)
{
    g_autofree char *out = NULL;

    assert_int_equal(bed_ctl(&out, NULL, "show", "own", NULL), 0);
    assert_non_null(strstr(out, ", the guest's own\n"));
    assert_non_null(strstr(out, digest));
}

static void
the_next_daemon_finds_it(void **state)
{
    bed_daemon_kill_all();
    bed_daemon_start(NULL);
    bed_wait_state("own", "active", BED_SOON);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
}

static gboolean
has_ended(gpointer data)
{
    g_autofree char *statuses = bed_guest_read(guest, DIRECTORY "/ends");

    return *statuses != '\0';
}

/* As its package manager does, after an update: it says farewell, and is there again. */
static void
one_that_the_guest_starts_anew_is_taken_again(void **state)
{
    bed_guest_write(guest, DIRECTORY "/restart", "", 0);
    if (!bed_wait(has_ended, NULL, BED_SOON))
        bed_fail("it still runs");
    bed_wait_state("own", "active", BED_SOON);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
}

/* Told to end, it ends well; started again, it waits for the host without being in its way. */
static void
a_detach_ends_it_and_an_attach_finds_it_again(void **state)
{
    g_autofree char *statuses = NULL;

    assert_int_equal(bed_ctl(NULL, NULL, "detach", "own", NULL), 0);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    itest_attach(guest);
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    statuses = bed_guest_read(guest, DIRECTORY "/ends");
    assert_true(g_str_has_prefix(statuses, "0\n0\n"));
}

static int
teardown(void **state)
{
    g_free(digest);
    return bed_cleanup(state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_neither_the_reason_names_both_ways),
        cmocka_unit_test(the_guests_own_loader_is_taken_when_it_comes),
        cmocka_unit_test(bpfpvctl_says_whose_it_is),
        cmocka_unit_test(the_next_daemon_finds_it),
        cmocka_unit_test(one_that_the_guest_starts_anew_is_taken_again),
        cmocka_unit_test(a_detach_ends_it_and_an_attach_finds_it_again),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
