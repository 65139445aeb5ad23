/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the guest's owner can see, stop and refuse, and what the loader is left with once it runs.
 */
#include "itest.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static BedGuest *guest;

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "owned", .metadata_xml = ITEST_SHARED};

    guest = bed_guest_start(&options);
    bed_daemon_start(NULL);
    bed_wait_state("owned", "active", BED_SOON);
    return 0;
}

/* A command line for the guest's shell, in which $P is the loader's process. */
static char *
ask(const char *line)
{
    g_autofree char *with_pid = g_strconcat("P=$(pidof bpfpv-guest); ", line, NULL);

    return g_strstrip(bed_guest_exec(guest, NULL, "/bin/sh", "-c", with_pid, NULL));
}

static char *
digest_of(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("BPFPV_GUEST_DIR"), name, NULL);
    g_autofree char *bytes = NULL;
    gsize length;

    assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)bytes, length);
}

static void
assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        bed_fail("\"%s\" is not in: %s", part, text);
}

static void
ps_tells_what_runs(void **state)
{
    g_autofree char *comm = ask("cat /proc/$P/comm");
    g_autofree char *title = ask("ps -o args | grep '^bpfpv-gues[t]'");
    g_autofree char *digest = digest_of("affinity.bpf.o");

    assert_string_equal(comm, "bpfpv-guest");
    assert_says(title, "affinity,f");
    assert_says(title, digest);
    assert_says(title, "host=connected");
}

static void
status_is_asked_of_the_file_that_is_gone(void **state)
{
    g_autofree char *file = ask("readlink /proc/$P/exe");
    g_autofree char *out = ask("/proc/$P/exe --status");
    g_autofree char *version = ask("/proc/$P/exe --version");
    g_autofree char *program = digest_of("affinity.bpf.o");
    g_autofree char *loader = digest_of("bpfpv-guest");

    print_message("%s\n", out);
    assert_says(file, "(deleted)");
    assert_true(g_str_has_prefix(version, "bpfpv-guest 0."));
    assert_says(out, program);
    assert_says(out, loader);
    assert_says(out, "host=connected");
    assert_says(out, "to stop it: kill ");
    assert_says(out, "/etc/bpfpv/deny");
}

static void
nothing_is_left_on_the_guests_disk(void **state)
{
    g_autofree char *found = ask("find / -xdev -name '*bpfpv*'; "
                                 "find /run /dev/shm /tmp -name '*bpfpv*' -o -name '*.bpf.o'");

    assert_string_equal(found, "");
}

static void
assert_status_field(const char *status, const char *field, const char *value)
{
    g_autofree char *line = g_strdup_printf("%s:\t%s\n", field, value);

    assert_says(status, line);
}

static void
privileges_are_dropped(void **state)
{
    g_autofree char *status = ask("cat /proc/$P/status");

    assert_status_field(status, "Uid", "65534\t65534\t65534\t65534");
    assert_status_field(status, "Gid", "65534\t65534\t65534\t65534");
    assert_says(status, "Groups:\t \n");
    /* CAP_BPF alone, number 39: an iterator is created for each snapshot. */
    assert_status_field(status, "CapInh", "0000000000000000");
    assert_status_field(status, "CapPrm", "0000008000000000");
    assert_status_field(status, "CapEff", "0000008000000000");
    assert_status_field(status, "CapBnd", "0000000000000000");
    assert_status_field(status, "CapAmb", "0000000000000000");
    assert_status_field(status, "NoNewPrivs", "1");
    assert_status_field(status, "Seccomp", "2");
    assert_status_field(status, "Threads", "1");
}

/* Whatever it could read or write, it would have to have opened before. */
static void
no_file_is_open_but_its_own(void **state)
{
    g_autofree char *links = ask("for f in /proc/$P/fd/*; do readlink $f; done");
    g_auto(GStrv) lines = g_strsplit(links, "\n", -1);
    /* The socket is where the kernel tells of its CPUs. */
    static const char *const known[] = {"/dev/null",
                                        "/dev/vport",
                                        "/proc/cpuinfo",
                                        "/sys/devices/system/cpu/online",
                                        "anon_inode:[eventp",
                                        "anon_inode:[timerfd]",
                                        "anon_inode:[signalfd]",
                                        "anon_inode:bpf-map",
                                        "anon_inode:bpf-prog",
                                        "anon_inode:bpf_link",
                                        "anon_inode:bpf_iter",
                                        "anon_inode:btf",
                                        "socket:[",
                                        NULL};
    guint others = 0;

    for (gsize i = 0; lines[i]; i++) {
        gboolean is_known = FALSE;

        for (gsize k = 0; known[k]; k++)
            is_known = is_known || g_str_has_prefix(lines[i], known[k]);
        if (!is_known)
            print_error("open in the loader: %s\n", lines[i]);
        others += !is_known;
    }
    assert_true(g_strv_length(lines) > 10);
    assert_int_equal(others, 0);
}

static void
its_memory_holds_nothing_of_the_disk_but_itself(void **state)
{
    g_autofree char *maps =
        ask("awk '$6 ~ /^\\// && $6 != \"/dev/zero\" {print $6, $7}' /proc/$P/maps | sort -u");
    g_autofree char *cwd = ask("readlink /proc/$P/cwd");

    assert_true(g_str_has_suffix(maps, "/bpfpv-guest (deleted)"));
    assert_null(strchr(maps, '\n'));
    assert_string_equal(cwd, "/");
}

static long
wake_ups(void)
{
    g_autofree char *text = ask("grep ^voluntary_ctxt_switches /proc/$P/status");

    return strtol(strchr(text, ':') + 1, NULL, 10);
}

/* BPFPV_TEST_IDLE_S is for how long it is watched. */
static void
it_sleeps_while_nothing_changes(void **state)
{
    const char *text = g_getenv("BPFPV_TEST_IDLE_S");
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
    long before, after;

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    g_usleep(G_USEC_PER_SEC); /* its last look for losses, half a second after the last change */
    before = wake_ups();
    g_usleep((text ? strtoul(text, NULL, 10) : 10) * G_USEC_PER_SEC);
    after = wake_ups();
    print_message("wake-ups of the loader: %ld\n", after - before);
    assert_int_equal(after, before);
    bed_guest_kill(guest, pid, SIGKILL);
    itest_assert_keys(guest, 0);
    assert_true(wake_ups() > before);
}

static void
assert_stopped(void)
{
    bed_wait_state("owned", "failed", BED_SOON);
    itest_assert_reason("owned", "somebody in the guest stopped the loader");
    itest_assert_reason("owned", "next try in 5"); /* 5xx s: not soon */
}

static void
kill_stops_it_and_it_stays_stopped(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_guest_kill(guest, itest_loader(guest), SIGTERM);
    assert_stopped();
    bed_assert_vcpupin_all(guest, 1, BED_SOON); /* after the time of grace */
    assert_int_equal(itest_loader(guest), 0);
    bed_guest_kill(guest, pid, SIGKILL);
}

static void
attach_starts_it_again(void **state)
{
    itest_attach(guest);
    itest_assert_served(guest);
}

static void
the_agents_restart_starts_it_again(void **state)
{
    bed_guest_kill(guest, itest_loader(guest), SIGTERM);
    assert_stopped();
    bed_guest_spawn(guest, "/bin/sh", "-c", "sleep 1; kill $(pidof qemu-ga)", NULL);
    bed_wait_state("owned", "active", BED_BOOT);
    bed_guest_wait_agent(guest);
}

static void
restart_against(const char *deny)
{
    g_free(ask(deny));
    bed_guest_kill(guest, itest_loader(guest), SIGTERM);
    assert_stopped();
    assert_int_not_equal(bed_ctl(NULL, NULL, "attach", "owned", NULL), 0);
    bed_wait_state("owned", "failed", BED_SOON);
}

static void
a_file_refuses(void **state)
{
    restart_against("mkdir -p /etc/bpfpv; "
                    "printf 'ask \\033[2Jops\\nsecond line\\n' >/etc/bpfpv/deny");
    itest_assert_reason("owned", "the guest's administrator refuses it; ask for /etc/bpfpv/deny in "
                                 "the guest to be removed: ");
    itest_assert_reason("owned", "ask ?[2Jops (next try in 5");
    assert_int_equal(itest_loader(guest), 0);
}

static void
any_file_of_that_name_refuses(void **state)
{
    static const char *const kinds[] = {": >/etc/bpfpv/deny", "mkdir /etc/bpfpv/deny",
                                        "mkfifo /etc/bpfpv/deny", "ln -s deny /etc/bpfpv/deny",
                                        "ln -s /dev/zero /etc/bpfpv/deny"};

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *line = g_strconcat("rm -rf /etc/bpfpv/deny; ", kinds[i], NULL);

        g_free(ask(line));
        assert_int_not_equal(bed_ctl(NULL, NULL, "attach", "owned", NULL), 0);
        itest_assert_reason("owned", "refuses it; ask for /etc/bpfpv/deny");
    }
}

static void
without_the_file_it_may_again(void **state)
{
    g_free(ask("rm -rf /etc/bpfpv"));
    itest_attach(guest);
    itest_assert_served(guest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ps_tells_what_runs),
        cmocka_unit_test(status_is_asked_of_the_file_that_is_gone),
        cmocka_unit_test(nothing_is_left_on_the_guests_disk),
        cmocka_unit_test(privileges_are_dropped),
        cmocka_unit_test(no_file_is_open_but_its_own),
        cmocka_unit_test(its_memory_holds_nothing_of_the_disk_but_itself),
        cmocka_unit_test(it_sleeps_while_nothing_changes),
        cmocka_unit_test(kill_stops_it_and_it_stays_stopped),
        cmocka_unit_test(attach_starts_it_again),
        cmocka_unit_test(the_agents_restart_starts_it_again),
        cmocka_unit_test(a_file_refuses),
        cmocka_unit_test(any_file_of_that_name_refuses),
        cmocka_unit_test(without_the_file_it_may_again),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
