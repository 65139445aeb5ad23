/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Somebody narrows the cpuset that the host's virtual machines are in, widens it again, moves a
 * thread behind libvirt's back, or the kernel refuses a pin: what bpfpv reports is what the threads
 * have, what a cgroup takes away is in nobody's pool, and what is refused is not asked for again
 * and again.
 */
#include "itest.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#define ELEMENT(cpuset)                                                                            \
    "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"                                  \
    "<placement mode='shared' cpuset='" cpuset "'/></program></bpfpv>"

static BedGuest *guest;
static BedDaemon *bpfpvd;
static char *all;     /* host CPUs */
static char *rest;    /* without CPU 0 */
static char *machine; /* the domain's cgroup */
static gboolean v1;
static gint64 task;

/* ---- cgroups ---- */

/* Where the domain's threads have their cgroups, by where QEMU's main thread is. */
static char *
find_machine(void)
{
    g_autofree char *pid = NULL, *path = NULL, *text = NULL;
    g_auto(GStrv) lines = NULL;
    char *found = NULL;

    if (!g_file_get_contents("/run/libvirt/qemu/cgroup.pid", &pid, NULL, NULL))
        bed_fail("no pid of QEMU");
    path = g_strdup_printf("/proc/%s/cgroup", g_strstrip(pid));
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && !found; line++) {
        g_auto(GStrv) parts = g_strsplit(*line, ":", 3);

        if (g_strv_length(parts) < 3 || !g_str_equal(v1 ? parts[1] : parts[0], v1 ? "cpuset" : "0"))
            continue;
        found = g_strdup_printf("/sys/fs/cgroup%s%s", v1 ? "/cpuset" : "", parts[2]);
    }
    if (!found || !g_str_has_suffix(found, "/emulator"))
        bed_fail("QEMU's main thread is in no cgroup of its own: %s", text);
    found[strlen(found) - strlen("/emulator")] = '\0';
    return found;
}

/* Not by g_file_set_contents(), which makes another file. Returns: whether the kernel took it */
static gboolean
write_to(const char *directory, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    FILE *file = fopen(path, "we");
    gboolean written;

    if (!file)
        return FALSE;
    written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

/* Those of the threads, as cgroup v1 wants it first. */
static void
narrow_threads(const char *cpus)
{
    g_autoptr(GDir) directory = g_dir_open(machine, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(directory))) {
        g_autofree char *below = g_build_filename(machine, name, NULL);

        if (g_file_test(below, G_FILE_TEST_IS_DIR))
            write_to(below, "cpuset.cpus", cpus);
    }
}

/* bpfpvd may pin one of the threads in between. */
static gboolean
narrow(gpointer cpus)
{
    if (v1)
        narrow_threads(cpus);
    return write_to(machine, "cpuset.cpus", cpus);
}

/* ---- what bpfpv reports ---- */

typedef struct {
    guint vcpu;
    const char *member;
    const char *value;
    char *is;
} Report;

static gboolean
is_reported(gpointer data)
{
    Report *report = data;

    g_free(report->is);
    report->is = itest_vcpu(guest, report->vcpu, report->member);
    return g_str_equal(report->is, report->value);
}

static void
assert_reported(guint vcpu, const char *member, const char *value)
{
    Report report = {vcpu, member, value, NULL};

    if (!bed_wait(is_reported, &report, BED_SOON))
        bed_fail("the \"%s\" of vCPU %u should be %s, and is %s", member, vcpu, value, report.is);
    g_free(report.is);
}

/* "bpfpvctl list": how many of its anchors and other vCPUs have not what they want. */
static gint64
count_unmet(void)
{
    g_autofree char *out = NULL;
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonArray *list;

    assert_int_equal(bed_ctl(&out, NULL, "list", "--json", NULL), 0);
    assert_true(json_parser_load_from_data(parser, out, -1, NULL));
    list = json_node_get_array(json_parser_get_root(parser));
    return json_object_get_int_member(json_array_get_object_element(list, 0), "unmet");
}

static gboolean
is_unmet(gpointer n)
{
    return count_unmet() == GPOINTER_TO_INT(n);
}

static void
assert_unmet(gint n)
{
    if (!bed_wait(is_unmet, GINT_TO_POINTER(n), BED_SOON))
        bed_fail("%d should be unmet, and %d are", n, (int)count_unmet());
}

static gboolean
is_logged(gpointer part)
{
    g_autofree char *log = bed_daemon_log();

    return strstr(log, part) != NULL;
}

static void
set_element(const char *element)
{
    g_autofree char *err = NULL;

    if (bed_virsh(NULL, &err, "metadata", "cgroup", "urn:bpfpv:domain:1", "--key", "bpfpv", "--set",
                  element, "--live", NULL) != 0)
        bed_fail("virsh metadata --set: %s", err);
}

/* ---- the tests ---- */

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "cgroup",
        .cputune_xml = "<iothreads>1</iothreads>",
        .metadata_xml = ELEMENT("0-1"),
    };

    all = bed_host_cpus();
    rest = itest_cpus_but(0);
    v1 = g_file_test("/sys/fs/cgroup/cpuset", G_FILE_TEST_IS_DIR);
    guest = bed_guest_start(&options);
    machine = find_machine();
    bpfpvd = bed_daemon_start(NULL);
    bed_wait_state("cgroup", "active", BED_SOON);
    return 0;
}

static int
teardown(void **state)
{
    g_free(all);
    g_free(rest);
    g_free(machine);
    return bed_cleanup(state);
}

static void
an_anchor_has_what_it_was_given(void **state)
{
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    assert_reported(1, "applied", "0");
    assert_unmet(0);
}

/* Whoever moves the thread of a vCPU behind libvirt's back is told of, and it is put back. */
static void
a_thread_that_was_moved_is_noticed_and_put_back(void **state)
{
    g_autofree char *vcpu = g_build_filename(machine, "vcpu1", NULL);
    g_autofree char *said = g_strdup_printf("pinned to host CPUs 0, but the kernel has the thread "
                                            "on %s",
                                            rest);

    assert_true(write_to(vcpu, "cpuset.cpus", rest));
    if (!bed_wait(is_logged, said, BED_SOON))
        bed_fail("bpfpvd did not notice");
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    assert_reported(1, "applied", "0");
    assert_reported(1, "why", "");
    assert_unmet(0);
}

static void
an_anchor_moves_to_what_its_cgroup_leaves(void **state)
{
    if (!bed_wait(narrow, rest, BED_SOON))
        bed_fail("%s can't be narrowed", machine);
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    bed_assert_vcpupin(guest, 0, rest, BED_SOON);
    bed_assert_emulatorpin(guest, rest, BED_SOON);
    bed_assert_iothreadpin(guest, 1, rest, BED_SOON);
    assert_reported(1, "applied", "1");
    assert_reported(0, "applied", rest);
    assert_unmet(0);
}

static void
an_anchor_without_a_cpu_says_what_takes_it_away(void **state)
{
    set_element(ELEMENT("0"));
    itest_assert_reason("cgroup", "the domain's cgroup allows CPU");
    itest_assert_reason("cgroup", "and so none of 0; widen the cpuset of the cgroup");
    bed_assert_vcpupin(guest, 1, rest, BED_SOON);
    assert_reported(1, "applied", rest);
    assert_unmet(1);
}

static void
what_is_given_back_is_used_again(void **state)
{
    assert_true(write_to(machine, "cpuset.cpus", all));
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    bed_assert_emulatorpin(guest, NULL, BED_SOON);
    assert_reported(1, "applied", "0");
    assert_unmet(0);
    bed_guest_kill(guest, task, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

/* The thread's own cpuset has no CPU 0, and whatever libvirt writes to it goes to a file that lies
 * over it: to the kernel a pin to CPU 0 makes no sense, though all that bounds the domain allows
 * it. */
static void
cover(void)
{
    g_autofree char *vcpu = g_build_filename(machine, "vcpu1", NULL);
    g_autofree char *path = g_build_filename(vcpu, "cpuset.cpus", NULL);
    g_autofree char *file = g_build_filename(g_getenv("BED_DIR"), "cpus", NULL);

    assert_true(write_to(vcpu, "cpuset.cpus", rest));
    assert_true(g_file_set_contents(file, "", -1, NULL));
    if (mount(file, path, NULL, MS_BIND, NULL) < 0)
        bed_fail("can't cover %s", path);
}

static void
uncover(void)
{
    g_autofree char *path = g_build_filename(machine, "vcpu1", "cpuset.cpus", NULL);

    assert_return_code(umount(path), 0);
}

static void
a_refused_pin_leads_to_another_cpu(void **state)
{
    set_element(ELEMENT("0-1"));
    cover();
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin(guest, 1, "1", BED_SOON);
    assert_reported(1, "applied", "1");
    assert_unmet(0);
    assert_true(is_logged("to host CPUs 0: "));
    assert_false(is_logged("libvirt gave no reason"));
}

static void
where_there_is_none_the_refusal_is_the_reason(void **state)
{
    set_element(ELEMENT("0"));
    itest_assert_reason("cgroup", "no CPU of 0 was accepted (pinning vCPU 1 of domain cgroup to "
                                  "host CPUs 0: ");
    assert_unmet(1);
}

static void
it_is_asked_for_again_from_time_to_time(void **state)
{
    uncover();
    bed_assert_vcpupin(guest, 1, "0", BED_BOOT); /* what was refused rests longer each time */
    assert_reported(1, "applied", "0");
    assert_reported(1, "why", "");
    assert_unmet(0);
    bed_guest_kill(guest, task, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

/* With a cgroup that stays narrow the originals come back as far as they can, and that will do. */
static void
a_domain_in_a_narrow_cgroup_is_let_go(void **state)
{
    task = bed_guest_task(guest, NULL, 0, "pin 1");
    bed_assert_vcpupin(guest, 1, "0", BED_SOON);
    if (!bed_wait(narrow, rest, BED_SOON))
        bed_fail("%s can't be narrowed", machine);
    assert_unmet(1);
    assert_int_equal(bed_ctl(NULL, NULL, "detach", "cgroup", NULL), 0);
    bed_assert_vcpupin(guest, 1, v1 ? rest : all, BED_SOON);
    bed_daemon_stop(bpfpvd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_anchor_has_what_it_was_given),
        cmocka_unit_test(a_thread_that_was_moved_is_noticed_and_put_back),
        cmocka_unit_test(an_anchor_moves_to_what_its_cgroup_leaves),
        cmocka_unit_test(an_anchor_without_a_cpu_says_what_takes_it_away),
        cmocka_unit_test(what_is_given_back_is_used_again),
        cmocka_unit_test(a_refused_pin_leads_to_another_cpu),
        cmocka_unit_test(where_there_is_none_the_refusal_is_the_reason),
        cmocka_unit_test(it_is_asked_for_again_from_time_to_time),
        cmocka_unit_test(a_domain_in_a_narrow_cgroup_is_let_go),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
