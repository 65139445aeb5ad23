/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a domain's cgroup is found, in the layouts that libvirt makes, and what it allows; that a
 * write to it is noticed; and what the kernel says of threads, this program's own.
 */
#define _GNU_SOURCE /* sched_setaffinity(), gettid() */
#include "unit.h"

#include <glib/gstdio.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "host/cgroup.h"
#include "host/threads.h"

#define V2 "30 29 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1                                                                                         \
    "30 29 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"                                   \
    "31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"                                \
    "32 30 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"                          \
    "33 30 0:29 / /sys/fs/cgroup/cpu\\040set rw - cgroup cgroup rw,cpuset\n"
#define SCOPE "/machine.slice/machine-qemu\\x2d1\\x2dweb.scope"

typedef struct {
    char *root;
} Fixture;

static void
put(const Fixture *fixture, const char *path, const char *text)
{
    g_autofree char *file = g_strconcat(fixture->root, path, NULL);
    g_autofree char *directory = g_path_get_dirname(file);

    assert_int_equal(g_mkdir_with_parents(directory, 0755), 0);
    assert_true(g_file_set_contents(file, text, -1, NULL));
}

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);

    fixture->root = g_dir_make_tmp("bpfpv-cgroup-XXXXXX", NULL);
    *state = fixture;
    return fixture->root ? 0 : -1;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", fixture->root);
    int status = system(command);

    g_free(fixture->root);
    g_free(fixture);
    return status;
}

/* @path: below the root */
static void
assert_found(const Fixture *fixture, const char *path, gboolean v1, const char *allowed)
{
    g_autoptr(BpfpvCgroup) cgroup = bpfpv_cgroup_find(fixture->root, 42);
    g_autofree char *expected = g_strconcat(fixture->root, path, NULL);
    g_autoptr(BpfpvCpuset) set = NULL;

    assert_non_null(cgroup);
    assert_string_equal(bpfpv_cgroup_path(cgroup), expected);
    assert_int_equal(bpfpv_cgroup_is_v1(cgroup), v1);
    set = bpfpv_cgroup_allowed(cgroup);
    assert_non_null(set);
    assert_cpus(set, allowed);
}

static void
a_scope_of_systemd_is_found(void **state)
{
    const Fixture *fixture = *state;

    put(fixture, "/proc/self/mountinfo", V2);
    put(fixture, "/proc/42/cgroup", "0::" SCOPE "/libvirt/emulator\n");
    put(fixture, "/sys/fs/cgroup" SCOPE "/libvirt/cpuset.cpus.effective", "1-3\n");
    put(fixture, "/sys/fs/cgroup" SCOPE "/libvirt/vcpu0/cpuset.cpus.effective", "2\n");
    assert_found(fixture, "/sys/fs/cgroup" SCOPE "/libvirt", FALSE, "1-3");
}

static void
without_systemd_it_is_found_too(void **state)
{
    const Fixture *fixture = *state;

    put(fixture, "/proc/self/mountinfo", V2);
    put(fixture, "/proc/42/cgroup", "0::/machine/qemu-1-web.libvirt-qemu/emulator\n");
    put(fixture, "/sys/fs/cgroup/machine/qemu-1-web.libvirt-qemu/cpuset.cpus.effective", "0-7\n");
    assert_found(fixture, "/sys/fs/cgroup/machine/qemu-1-web.libvirt-qemu", FALSE, "0-7");
}

static void
of_version_1_it_is_the_hierarchy_of_cpusets(void **state)
{
    const Fixture *fixture = *state;

    put(fixture, "/proc/self/mountinfo", V1);
    put(fixture, "/proc/42/cgroup",
        "3:cpuset:/machine/qemu-1-web.libvirt-qemu/emulator\n2:cpu,cpuacct:/elsewhere\n"
        "0::/unified\n");
    put(fixture, "/sys/fs/cgroup/cpu set/machine/qemu-1-web.libvirt-qemu/cpuset.effective_cpus",
        "0,2\n");
    assert_found(fixture, "/sys/fs/cgroup/cpu set/machine/qemu-1-web.libvirt-qemu", TRUE, "0,2");
}

/* A container's view: a part of the hierarchy is all that is mounted. */
static void
what_is_above_the_mounted_part_is_left_out(void **state)
{
    const Fixture *fixture = *state;

    put(fixture, "/proc/self/mountinfo",
        "30 29 0:26 /pod /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    put(fixture, "/proc/42/cgroup", "0::/pod/machine/emulator\n");
    put(fixture, "/sys/fs/cgroup/machine/cpuset.cpus.effective", "4-5\n");
    assert_found(fixture, "/sys/fs/cgroup/machine", FALSE, "4-5");
    put(fixture, "/proc/42/cgroup", "0::/podium/machine/emulator\n");
    assert_null(bpfpv_cgroup_find(fixture->root, 42));
}

/* The controller need not be handed down as far as to the domain. */
static void
the_nearest_cgroup_with_a_cpuset_counts(void **state)
{
    const Fixture *fixture = *state;

    put(fixture, "/proc/self/mountinfo", V2);
    put(fixture, "/proc/42/cgroup", "0::/machine.slice/web.scope/libvirt/emulator\n");
    put(fixture, "/sys/fs/cgroup/cpuset.cpus.effective", "0-7\n");
    put(fixture, "/sys/fs/cgroup/machine.slice/cpuset.cpus.effective", "6\n");
    put(fixture, "/sys/fs/cgroup/machine.slice/web.scope/libvirt/cgroup.procs", "");
    assert_found(fixture, "/sys/fs/cgroup/machine.slice/web.scope/libvirt", FALSE, "6");
}

static void
what_is_not_there_is_not_known(void **state)
{
    const Fixture *fixture = *state;
    g_autoptr(BpfpvCgroup) cgroup = NULL;

    assert_null(bpfpv_cgroup_find(fixture->root, 42));
    put(fixture, "/proc/42/cgroup", "0::/machine/emulator\n");
    assert_null(bpfpv_cgroup_find(fixture->root, 42));
    put(fixture, "/proc/self/mountinfo", V2);
    cgroup = bpfpv_cgroup_find(fixture->root, 42);
    assert_non_null(cgroup);
    assert_null(bpfpv_cgroup_allowed(cgroup)); /* it has ended */
    put(fixture, "/sys/fs/cgroup/machine/cpuset.cpus.effective", "\n");
    assert_null(bpfpv_cgroup_allowed(cgroup));
    put(fixture, "/sys/fs/cgroup/machine/cpuset.cpus.effective", "nonsense\n");
    assert_null(bpfpv_cgroup_allowed(cgroup));
}

/* ---- the watch ---- */

static void
count(gpointer n)
{
    ++*(guint *)n;
}

/* In place, as the kernel's files are written. */
static void
write_cpus(const Fixture *fixture, const char *path)
{
    g_autofree char *file = g_strconcat(fixture->root, path, NULL);
    FILE *stream = fopen(file, "we");

    assert_non_null(stream);
    assert_true(fputs("1", stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static void
assert_noticed(const Fixture *fixture, const char *path, guint *n)
{
    *n = 0;
    write_cpus(fixture, path);
    while (*n == 0)
        g_main_context_iteration(NULL, TRUE);
}

static void
a_write_to_what_bounds_a_domain_is_noticed(void **state)
{
    const Fixture *fixture = *state;
    g_autoptr(BpfpvCgroup) cgroup = NULL;
    g_autoptr(BpfpvCgroupWatch) watch = bpfpv_cgroup_watch_new();
    BpfpvCgroupListener *listener, *other;
    guint n = 0, m = 0;

    put(fixture, "/proc/self/mountinfo", V2);
    put(fixture, "/proc/42/cgroup", "0::/machine/web/emulator\n");
    put(fixture, "/sys/fs/cgroup/machine/cpuset.cpus", "");
    put(fixture, "/sys/fs/cgroup/machine/web/cpuset.cpus", "");
    put(fixture, "/sys/fs/cgroup/machine/web/vcpu0/cpuset.cpus", "");
    cgroup = bpfpv_cgroup_find(fixture->root, 42);
    listener = bpfpv_cgroup_watch_add(watch, cgroup, count, &n);
    other = bpfpv_cgroup_watch_add(watch, cgroup, count, &m);
    assert_noticed(fixture, "/sys/fs/cgroup/machine/cpuset.cpus", &n);
    assert_noticed(fixture, "/sys/fs/cgroup/machine/web/cpuset.cpus", &n);
    assert_noticed(fixture, "/sys/fs/cgroup/machine/web/vcpu0/cpuset.cpus", &n);
    put(fixture, "/sys/fs/cgroup/machine/web/vcpu1/cpuset.cpus", "");
    bpfpv_cgroup_watch_threads(listener);
    assert_noticed(fixture, "/sys/fs/cgroup/machine/web/vcpu1/cpuset.cpus", &n);
    bpfpv_cgroup_watch_remove(other);
    m = 0;
    assert_noticed(fixture, "/sys/fs/cgroup/machine/cpuset.cpus", &n); /* not lost with the other */
    assert_int_equal(m, 0);
    bpfpv_cgroup_watch_remove(listener);
}

/* ---- threads ---- */

typedef struct {
    const char *name;
    GMutex lock;
    GCond cond;
    gboolean named, end;
    pid_t tid;
} Thread;

static void *
run(void *data)
{
    Thread *thread = data;

    pthread_setname_np(pthread_self(), thread->name);
    g_mutex_lock(&thread->lock);
    thread->tid = gettid();
    thread->named = TRUE;
    g_cond_broadcast(&thread->cond);
    while (!thread->end)
        g_cond_wait(&thread->cond, &thread->lock);
    g_mutex_unlock(&thread->lock);
    return NULL;
}

static pthread_t
start(Thread *thread)
{
    pthread_t id;

    g_mutex_init(&thread->lock);
    g_cond_init(&thread->cond);
    assert_int_equal(pthread_create(&id, NULL, run, thread), 0);
    g_mutex_lock(&thread->lock);
    while (!thread->named)
        g_cond_wait(&thread->cond, &thread->lock);
    g_mutex_unlock(&thread->lock);
    return id;
}

/* The kernel wakes who joins a thread before the thread is gone from /proc. */
static void
end(Thread *thread, pthread_t id)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d", (int)thread->tid);

    g_mutex_lock(&thread->lock);
    thread->end = TRUE;
    g_cond_broadcast(&thread->cond);
    g_mutex_unlock(&thread->lock);
    pthread_join(id, NULL);
    while (g_file_test(path, G_FILE_TEST_EXISTS))
        g_thread_yield();
}

/* Pins it to the first CPU that this program may run on. Returns: (transfer full): that one */
static BpfpvCpuset *
pin(pthread_t id, const BpfpvCpuset *may)
{
    guint cpu = (guint)bpfpv_cpuset_next(may, 0);
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    assert_int_equal(pthread_setaffinity_np(id, sizeof(set), &set), 0);
    return bpfpv_cpuset_new_range(cpu, cpu);
}

static void
threads_are_known_by_their_names(void **state)
{
    g_autoptr(BpfpvThreads) threads = bpfpv_threads_new(getpid());
    g_autoptr(BpfpvCpuset) may = bpfpv_threads_cpus(threads, BPFPV_THREAD_EMULATOR, 0);
    Thread vcpu = {.name = "CPU 1/KVM"}, io = {.name = "IO iothread7"};
    Thread cut = {.name = "IO iothread4294"};
    pthread_t ids[3] = {start(&vcpu), start(&io), start(&cut)};
    g_autoptr(BpfpvCpuset) pinned = NULL, actual = NULL, other = NULL;

    assert_non_null(may);
    pinned = pin(ids[0], may);
    actual = bpfpv_threads_cpus(threads, BPFPV_THREAD_VCPU, 1);
    assert_true(bpfpv_cpuset_equal(actual, pinned));
    other = bpfpv_threads_cpus(threads, BPFPV_THREAD_IOTHREAD, 7);
    assert_true(bpfpv_cpuset_equal(other, may));
    assert_null(bpfpv_threads_cpus(threads, BPFPV_THREAD_VCPU, 0));
    bpfpv_threads_look(threads);
    assert_null(bpfpv_threads_cpus(threads, BPFPV_THREAD_IOTHREAD, 4294)); /* or 4294967295 */
    end(&vcpu, ids[0]);
    bpfpv_threads_look(threads);
    assert_null(bpfpv_threads_cpus(threads, BPFPV_THREAD_VCPU, 1));
    end(&io, ids[1]);
    end(&cut, ids[2]);
}

static void
a_process_is_the_domains_if_it_was_started_for_it(void **state)
{
    const Fixture *fixture = *state;
    g_autofree char *path = g_strconcat(fixture->root, "/proc/42/cmdline", NULL);
    static const char line[] = "qemu\0-uuid\0aaaa-bbbb\0-S";

    assert_int_equal(bpfpv_threads_find_pid(fixture->root, "web", "aaaa-bbbb"), 0);
    put(fixture, "/run/libvirt/qemu/web.pid", "42");
    assert_int_equal(bpfpv_threads_find_pid(fixture->root, "web", "aaaa-bbbb"), 0);
    put(fixture, "/proc/42/cmdline", "");
    assert_true(g_file_set_contents(path, line, sizeof(line), NULL));
    assert_int_equal(bpfpv_threads_find_pid(fixture->root, "web", "aaaa-bbbb"), 42);
    assert_int_equal(bpfpv_threads_find_pid(fixture->root, "web", "aaaa-bbbc"), 0);
    put(fixture, "/run/libvirt/qemu/web.pid", "4x");
    assert_int_equal(bpfpv_threads_find_pid(fixture->root, "web", "aaaa-bbbb"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_scope_of_systemd_is_found),
        TEST(without_systemd_it_is_found_too),
        TEST(of_version_1_it_is_the_hierarchy_of_cpusets),
        TEST(what_is_above_the_mounted_part_is_left_out),
        TEST(the_nearest_cgroup_with_a_cpuset_counts),
        TEST(what_is_not_there_is_not_known),
        TEST(a_write_to_what_bounds_a_domain_is_noticed),
        TEST(threads_are_known_by_their_names),
        TEST(a_process_is_the_domains_if_it_was_started_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
