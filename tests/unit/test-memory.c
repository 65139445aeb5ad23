/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In which cells a domain's memory lies, by the files that kernels write. */
#include "unit.h"

#include <stdlib.h>

#include "host/memory.h"

#define PID 42
#define SCOPE "/cg/machine-qemu\\x2d1\\x2dweb.scope"
#define MIB(n) #n "000000"

static char *root;

static void
put(const char *path, const char *text)
{
    g_autofree char *file = g_strconcat(root, path, NULL);
    g_autofree char *directory = g_path_get_dirname(file);

    assert_int_equal(g_mkdir_with_parents(directory, 0755), 0);
    assert_true(g_file_set_contents(file, text, -1, NULL));
}

static int
setup(void **state)
{
    root = g_dir_make_tmp("bpfpv-memory-XXXXXX", NULL);
    return root ? 0 : -1;
}

static int
teardown(void **state)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", root);
    int status = system(command);

    g_clear_pointer(&root, g_free);
    return status;
}

/* @cgroup: (nullable): below the root; @expected: (nullable) */
static void
assert_cells(const char *cgroup, const char *expected)
{
    g_autofree char *path = cgroup ? g_strconcat(root, cgroup, NULL) : NULL;
    g_autoptr(BpfpvCpuset) cells = bpfpv_memory_cells(root, PID, path);

    if (!expected) {
        assert_null(cells);
        return;
    }
    assert_non_null(cells);
    assert_cpus(cells, expected);
}

/* What the kernel's own structures take of it does not count. */
static void
a_cgroup_counts_it(void **state)
{
    put(SCOPE "/memory.numa_stat", "anon N0=" MIB(10) " N1=" MIB(900) "\nfile N0=" MIB(
                                       5) " N1=0\n"
                                          "slab_reclaimable N0=" MIB(9000) " N1=0\n");
    assert_cells(SCOPE "/libvirt", "1");
    put(SCOPE "/libvirt/memory.numa_stat", "anon N0=" MIB(900) " N1=0\n");
    assert_cells(SCOPE "/libvirt", "1"); /* the scope has all of it */
}

static void
it_may_lie_in_several_cells(void **state)
{
    put("/cg/memory.numa_stat",
        "anon N0=" MIB(400) " N1=" MIB(30) " N2=" MIB(410) " N3=" MIB(60) "\n");
    assert_cells("/cg", "0,2");
}

/* Which are in no memory.numa_stat. */
static void
huge_pages_count(void **state)
{
    put("/cg/memory.numa_stat", "anon N0=" MIB(200) " N1=0\n");
    put("/cg/hugetlb.2MB.numa_stat", "total=8000000000 N0=0 N1=8000000000\n");
    put("/cg/hugetlb.1GB.numa_stat", "total=0 N0=0 N1=0\n");
    assert_cells("/cg", "1");
}

static void
huge_pages_that_no_cgroup_counts_are_in_the_mappings(void **state)
{
    put("/cg/memory.numa_stat", "anon N0=" MIB(200) " N1=0\n");
    put("/proc/42/status", "Name:\tqemu\nHugetlbPages:\t 4194304 kB\nThreads:\t9\n");
    put("/proc/42/numa_maps",
        "7f00 default anon=51200 dirty=51200 N0=51200 kernelpagesize_kB=4\n"
        "7f80 default file=/dev/hugepages/x huge dirty=2048 N1=2048 kernelpagesize_kB=2048\n");
    assert_cells("/cg", "1");
    put("/proc/42/status", "Name:\tqemu\nHugetlbPages:\t       0 kB\n");
    assert_cells("/cg", "0");
}

static void
without_a_cgroup_the_mappings_count(void **state)
{
    put("/proc/42/numa_maps",
        "55d0 default file=/usr/bin/qemu mapped=99 N3=99 kernelpagesize_kB=4\n"
        "7f00 default anon=512000 N0=12000 N2=500000 kernelpagesize_kB=4\n"
        "7fff default heap\n");
    assert_cells(NULL, "2");
    assert_cells("/none", "2");
}

static void
what_says_little_says_nothing(void **state)
{
    assert_cells(NULL, NULL);
    assert_cells("/cg", NULL);
    put("/cg/memory.numa_stat", "anon N0=" MIB(9) " N1=0\n");
    assert_cells("/cg", NULL);
    put("/cg/memory.numa_stat", "anon Nx=1 N=2 N9999999=" MIB(900) " N0\n\n");
    assert_cells("/cg", NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cgroup_counts_it),
        TEST(it_may_lie_in_several_cells),
        TEST(huge_pages_count),
        TEST(huge_pages_that_no_cgroup_counts_are_in_the_mappings),
        TEST(without_a_cgroup_the_mappings_count),
        TEST(what_says_little_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
