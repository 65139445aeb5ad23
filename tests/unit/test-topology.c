/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is read from capabilities and domain XML: one fixture per kind of host. */
#include "unit.h"

#include "xml/capabilities.h"
#include "xml/domain-topology.h"
#include "xml/host-cpus.h"

#include <glib/gstdio.h>

static BpfpvTopology *
load(const char *name, const char *online_text)
{
    g_autofree char *path = g_strconcat(SRCDIR "/tests/fixtures/capabilities/", name, ".xml", NULL);
    g_autofree char *text = NULL;
    g_autoptr(BpfpvCpuset) online = online_text ? cpus(online_text) : NULL;
    g_autoptr(GError) error = NULL;
    BpfpvTopology *topology;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    topology = bpfpv_capabilities_parse(text, online, &error);
    assert_null(error);
    return topology;
}

static void
every_kind_of_host_is_read(void **state)
{
    static const struct {
        const char *name, *online;
        guint cores, caches, cells;
        guint cpu;
        const char *core, *cache, *cell;
    } hosts[] = {
        {"laptop", "0-1", 2, 1, 1, 1, "1", "0-1", "0-1"},
        {"smt", "0-7", 4, 1, 1, 5, "1,5", "0-7", "0-7"},
        {"sub-numa", "0-31", 16, 4, 4, 20, "4,20", "4-7,20-23", "4-7,20-23"},
        {"epyc", "0-63", 32, 8, 1, 36, "4,36", "4-7,36-39", "0-63"},
        {"cpus-512", "0-511", 256, 32, 2, 511, "255,511", "248-255,504-511", "128-255,384-511"},
        {"hybrid", "0-15", 12, 1, 1, 9, "9", "0-15", "0-15"},
        {"offline", "0-2,4-5", 6, 2, 1, 4, "0,4", "0-2,4-5", "0-7"},
        {"no-cache", "0-7", 4, 2, 2, 5, "4-5", "4-7", "4-7"},
        {"memory-only", "0-3", 4, 1, 2, 3, "3", "0-3", "0-3"},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autoptr(BpfpvTopology) topology = load(hosts[i].name, NULL);
        g_autoptr(BpfpvTopology) copy = bpfpv_topology_copy(topology);

        assert_cpus(bpfpv_topology_online(topology), hosts[i].online);
        assert_int_equal(bpfpv_topology_cores(topology)->len, hosts[i].cores);
        assert_int_equal(bpfpv_topology_caches(topology)->len, hosts[i].caches);
        assert_int_equal(bpfpv_topology_cells(topology)->len, hosts[i].cells);
        assert_cpus(bpfpv_topology_core_of(topology, hosts[i].cpu), hosts[i].core);
        assert_cpus(bpfpv_topology_cache_of(topology, hosts[i].cpu), hosts[i].cache);
        assert_cpus(bpfpv_topology_cell_of(topology, hosts[i].cpu), hosts[i].cell);
        assert_true(bpfpv_topology_equal(topology, copy));
    }
}

static void
a_cell_of_memory_alone_has_no_cpus(void **state)
{
    g_autoptr(BpfpvTopology) topology = load("memory-only", NULL);
    const BpfpvTopologyCell *cell = bpfpv_topology_cells(topology)->pdata[1];
    g_autoptr(BpfpvCpuset) ids = cpus("1");
    g_autoptr(BpfpvCpuset) none = bpfpv_topology_cpus_near(topology, ids);

    (void)state;
    assert_int_equal(cell->id, 1);
    assert_true(cell->memory_kib == G_GUINT64_CONSTANT(64) << 20);
    assert_true(bpfpv_cpuset_is_empty(none));
}

static void
cpus_that_the_xml_lacks_are_added(void **state)
{
    g_autoptr(BpfpvTopology) topology = load("laptop", "0-3");

    (void)state;
    assert_cpus(bpfpv_topology_online(topology), "0-3");
    assert_cpus(bpfpv_topology_core_of(topology, 3), "3");
    assert_int_equal(bpfpv_topology_cpu(topology, 3)->cell, BPFPV_NOWHERE);
    assert_null(bpfpv_topology_cpu(topology, 4));
}

/* They may be anywhere: not in cell 0, whose memory stays what it is. */
static void
a_cpu_of_an_unknown_cell_is_near_no_memory(void **state)
{
    g_autoptr(GArray) placed = g_array_new(FALSE, TRUE, sizeof(BpfpvTopologyCpu));
    g_autoptr(GHashTable) memory = g_hash_table_new(NULL, NULL);
    g_autoptr(BpfpvCpuset) online = cpus("0-3");
    g_autoptr(BpfpvCpuset) ids = cpus("0-9");
    g_autoptr(BpfpvTopology) topology = NULL;
    g_autoptr(BpfpvTopology) copy = NULL;
    g_autoptr(BpfpvCpuset) near = NULL;
    BpfpvTopologyMemory own = {.memory_kib = 4096};

    (void)state;
    for (guint c = 0; c < 4; c++) {
        BpfpvTopologyCpu cpu = {.cpu = c, .core = (int)c, .cell = c < 2 ? 0 : BPFPV_NOWHERE};

        g_array_append_val(placed, cpu);
    }
    g_hash_table_insert(memory, GUINT_TO_POINTER(0), &own);
    topology = bpfpv_topology_new_placed(placed, memory, online);
    copy = bpfpv_topology_copy(topology);
    near = bpfpv_topology_cpus_near(copy, ids);
    assert_cpus(near, "0-1");
    assert_int_equal(bpfpv_topology_cells(copy)->len, 2);
    for (guint i = 0; i < 2; i++) {
        const BpfpvTopologyCell *cell = bpfpv_topology_cells(copy)->pdata[i];

        assert_int_equal(cell->id, i);
        assert_int_equal(cell->unknown, i == 1);
        assert_int_equal(cell->memory_kib, i == 0 ? own.memory_kib : 0);
    }
    assert_cpus(bpfpv_topology_cell_of(copy, 3), "2-3");
}

static void
threads_of_a_core_come_round(void **state)
{
    g_autoptr(BpfpvTopology) smt = load("smt", NULL);
    g_autoptr(BpfpvTopology) offline = load("offline", NULL);
    g_autoptr(BpfpvTopology) laptop = load("laptop", NULL);
    const GPtrArray *cores = bpfpv_topology_cores(offline);

    (void)state;
    assert_int_equal(bpfpv_topology_next_thread(smt, 1), 5);
    assert_int_equal(bpfpv_topology_next_thread(smt, 5), 1);
    assert_int_equal(bpfpv_topology_next_thread(laptop, 1), 1);
    for (guint i = 0; i < cores->len; i++) {
        const BpfpvCpuset *core = cores->pdata[i];
        guint first = (guint)bpfpv_cpuset_next(core, 0), cpu = first;

        for (guint n = bpfpv_cpuset_count(core); n > 0; n--) {
            assert_true(bpfpv_cpuset_contains(core, cpu));
            cpu = bpfpv_topology_next_thread(offline, cpu);
            assert_int_equal(cpu == first, n == 1);
        }
    }
}

static void
efficiency_is_a_property_of_a_cpu(void **state)
{
    g_autoptr(BpfpvTopology) topology = load("hybrid", NULL);
    g_autoptr(BpfpvCpuset) slow = cpus("8-15");
    g_autoptr(BpfpvTopology) hybrid = bpfpv_topology_with_efficiency(topology, slow, 1);

    (void)state;
    assert_int_equal(bpfpv_topology_cpu(hybrid, 7)->efficiency, 0);
    assert_int_equal(bpfpv_topology_cpu(hybrid, 8)->efficiency, 1);
    assert_false(bpfpv_topology_equal(topology, hybrid));
}

/* ---- what sysfs adds ---- */

static void
write_sysfs(const char *sysfs, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(sysfs, "devices", name, NULL);
    g_autofree char *directory = g_path_get_dirname(path);

    assert_int_equal(g_mkdir_with_parents(directory, 0700), 0);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void
remove_tree(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;

    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        remove_tree(below);
    }
    g_remove(path);
}

static BpfpvTopology *
refine(const char *fixture, const char *sysfs)
{
    return bpfpv_host_cpus_refine(load(fixture, NULL), sysfs);
}

static void
a_host_without_more_stays_as_it_is(void **state)
{
    g_autofree char *sysfs = g_dir_make_tmp("bpfpv-sysfs-XXXXXX", NULL);
    g_autoptr(BpfpvTopology) plain = load("smt", NULL);
    g_autoptr(BpfpvTopology) refined = refine("smt", sysfs);

    (void)state;
    assert_true(bpfpv_topology_equal(plain, refined));
    remove_tree(sysfs);
}

static void
the_kernel_tells_three_kinds_of_core(void **state)
{
    g_autofree char *sysfs = g_dir_make_tmp("bpfpv-sysfs-XXXXXX", NULL);
    g_autoptr(BpfpvTopology) topology = NULL;

    (void)state;
    write_sysfs(sysfs, "cpu_core/cpus", "0-7\n");
    write_sysfs(sysfs, "cpu_atom/cpus", "8-13\n");
    write_sysfs(sysfs, "cpu_lowpower/cpus", "14-15\n");
    topology = refine("hybrid", sysfs);
    assert_int_equal(bpfpv_topology_cpu(topology, 7)->efficiency, 0);
    assert_int_equal(bpfpv_topology_cpu(topology, 8)->efficiency, 1);
    assert_int_equal(bpfpv_topology_cpu(topology, 15)->efficiency, 2);
    remove_tree(sysfs);
}

/* What the kernel's file holds where no CPU is isolated, and what it does not. */
static void
no_cpu_is_isolated_unless_the_kernel_says_so(void **state)
{
    static const char *const texts[] = {"\n", "", "(null)\n", "0-\n", "9999999\n"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *sysfs = g_dir_make_tmp("bpfpv-sysfs-XXXXXX", NULL);
        g_autoptr(BpfpvTopology) topology = NULL;

        write_sysfs(sysfs, "system/cpu/isolated", texts[i]);
        topology = refine("smt", sysfs);
        assert_true(bpfpv_cpuset_is_empty(bpfpv_topology_isolated(topology)));
        remove_tree(sysfs);
    }
}

/* Some of those are not of the host. */
static void
isolated_cpus_come_from_the_kernel(void **state)
{
    g_autofree char *sysfs = g_dir_make_tmp("bpfpv-sysfs-XXXXXX", NULL);
    g_autoptr(BpfpvTopology) plain = load("smt", NULL);
    g_autoptr(BpfpvCpuset) online = cpus("0-1,5");
    g_autoptr(BpfpvTopology) topology = NULL, copy = NULL, fewer = NULL;

    (void)state;
    write_sysfs(sysfs, "system/cpu/isolated", "2,5-11\n");
    topology = refine("smt", sysfs);
    assert_cpus(bpfpv_topology_isolated(topology), "2,5-7");
    assert_false(bpfpv_topology_equal(topology, plain));
    copy = bpfpv_topology_copy(topology);
    assert_true(bpfpv_topology_equal(topology, copy));
    fewer = bpfpv_topology_with_online(topology, online);
    assert_cpus(bpfpv_topology_isolated(fewer), "2,5-7");
    remove_tree(sysfs);
}

/* Two kinds of core, each at two clocks, as on an ARM host of today; CPUs of the host "no-cache".
 */
static void
capacities_that_differ_by_little_are_of_one_class(void **state)
{
    static const char *const capacities[] = {"718", "997", "731", "1024", "280", "0", "x", "1024"};
    static const guint classes[] = {1, 0, 1, 0, 2, 0, 0, 0};
    g_autofree char *sysfs = g_dir_make_tmp("bpfpv-sysfs-XXXXXX", NULL);
    g_autoptr(BpfpvTopology) topology = NULL;

    (void)state;
    for (guint c = 0; c < G_N_ELEMENTS(capacities); c++) {
        g_autofree char *name = g_strdup_printf("system/cpu/cpu%u/cpu_capacity", c);

        write_sysfs(sysfs, name, capacities[c]);
    }
    topology = refine("no-cache", sysfs);
    for (guint c = 0; c < G_N_ELEMENTS(classes); c++)
        assert_int_equal(bpfpv_topology_cpu(topology, c)->efficiency, classes[c]);
    remove_tree(sysfs);
}

static void
write_cache(const char *sysfs, guint cpu, guint index, const char *level, const char *type,
            const char *shared)
{
    const char *const names[] = {"level", "type", "shared_cpu_list"};
    const char *const texts[] = {level, type, shared};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name =
            g_strdup_printf("system/cpu/cpu%u/cache/index%u/%s", cpu, index, names[i]);

        write_sysfs(sysfs, name, texts[i]);
    }
}

static void
caches_without_ids_come_from_the_kernel(void **state)
{
    g_autofree char *sysfs = g_dir_make_tmp("bpfpv-sysfs-XXXXXX", NULL);
    g_autoptr(BpfpvTopology) topology = NULL;

    (void)state;
    for (guint c = 0; c < 4; c++) {
        write_cache(sysfs, c, 0, "1", "Data", c < 2 ? "0-1" : "2-3");
        write_cache(sysfs, c, 1, "4", "Instruction", "0-7");
        write_cache(sysfs, c, 2, "3", "Unified", c < 2 ? "0-1" : "2-3");
    }
    topology = refine("no-cache", sysfs);
    assert_cpus(bpfpv_topology_cache_of(topology, 1), "0-1");
    assert_cpus(bpfpv_topology_cache_of(topology, 2), "2-3");
    assert_cpus(bpfpv_topology_cache_of(topology, 4), "4-7"); /* of the other socket */
    remove_tree(sysfs);
}

/* What libvirt knows is not asked of the kernel again. */
static void
known_caches_stay(void **state)
{
    g_autofree char *sysfs = g_dir_make_tmp("bpfpv-sysfs-XXXXXX", NULL);
    g_autoptr(BpfpvTopology) plain = load("epyc", NULL);
    g_autoptr(BpfpvTopology) topology = NULL;

    (void)state;
    write_cache(sysfs, 0, 0, "3", "Unified", "0-1");
    topology = refine("epyc", sysfs);
    assert_true(bpfpv_topology_equal(plain, topology));
    remove_tree(sysfs);
}

static void
what_is_not_capabilities_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "<capabilities>",
        "<domain/>",
        "<capabilities><guest/></capabilities>",
        "<capabilities><host><topology><cells num='0'/></topology></host></capabilities>",
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        assert_null(bpfpv_capabilities_parse(wrong[i], NULL, &error));
        assert_int_equal(error->domain, BPFPV_CAPABILITIES_ERROR);
    }
}

static void
assert_iothread(const BpfpvDomainTopology *domain, guint index, guint id, const char *set)
{
    const BpfpvDomainIothread *thread =
        &g_array_index(domain->iothreads, BpfpvDomainIothread, index);

    assert_int_equal(thread->id, id);
    assert_cpus(thread->cpus, set);
}

static void
a_domains_own_topology_is_read(void **state)
{
    static const char xml[] =
        "<domain><vcpu cpuset='0-15'>8</vcpu>"
        "<cputune><vcpupin vcpu='0' cpuset='3'/><vcpupin vcpu='1' cpuset='4-5'/>"
        "<emulatorpin cpuset='0-1'/><iothreadpin iothread='5' cpuset='2-3'/></cputune>"
        "<iothreads>3</iothreads><iothreadids><iothread id='5'/><iothread id='2'/></iothreadids>"
        "<cpu><topology sockets='1' dies='1' cores='4' threads='2'/>"
        "<numa><cell id='0' cpus='0-3'/><cell id='1' cpus='4-7'/></numa></cpu>"
        "<numatune><memory mode='strict' nodeset='0-1'/>"
        "<memnode cellid='1' mode='strict' nodeset='1'/></numatune></domain>";
    g_autoptr(BpfpvDomainTopology) domain = bpfpv_domain_topology_parse(xml, NULL);

    (void)state;
    assert_int_equal(domain->n_vcpus, 8);
    assert_int_equal(domain->guest->threads, 2);
    assert_cpus(bpfpv_guest_topology_memory(domain->guest, 0), "0-1");
    assert_cpus(bpfpv_guest_topology_memory(domain->guest, 7), "1");
    assert_cpus(domain->fixed, "3");
    assert_cpus(domain->emulator, "0-1");
    /* The third has the lowest free id. */
    assert_iothread(domain, 0, 1, "0-15");
    assert_iothread(domain, 1, 2, "0-15");
    assert_iothread(domain, 2, 5, "2-3");
    assert_int_equal(domain->iothreads->len, 3);
    assert_cpus(domain->original->pdata[1], "4-5");
    assert_cpus(domain->original->pdata[2], "0-15");
    assert_null(bpfpv_domain_topology_parse("<capabilities/>", NULL));
}

/* libvirt says it of every domain. */
static void
a_domains_architecture_says_what_its_cpus_are_known_by(void **state)
{
    static const struct {
        const char *type;
        BpfpvCpuIdKind kind;
    } known[] = {
        {"arch='x86_64' machine='pc-q35-7.2'", BPFPV_CPU_ID_APIC},
        {"arch='i686' machine='pc'", BPFPV_CPU_ID_APIC},
        {"arch='aarch64' machine='virt-7.2'", BPFPV_CPU_ID_MPIDR},
        {"arch='riscv64' machine='virt'", BPFPV_CPU_ID_NONE},
        {"arch='ppc64le' machine='pseries'", BPFPV_CPU_ID_NONE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autofree char *xml = g_strdup_printf(
            "<domain><vcpu>2</vcpu><os><type %s>hvm</type></os></domain>", known[i].type);
        g_autoptr(BpfpvDomainTopology) domain = bpfpv_domain_topology_parse(xml, NULL);

        assert_non_null(domain);
        assert_int_equal(domain->guest->cpu_id, known[i].kind);
    }
}

/* Threads of a domain that is not pinned statically float, if on one CPU. */
static void
threads_of_a_pinned_domain_have_cpus_of_their_own(void **state)
{
    static const char tune[] = "<emulatorpin cpuset='7'/><iothreadpin iothread='1' cpuset='5'/>"
                               "<iothreadpin iothread='2' cpuset='2-3'/></cputune>"
                               "<iothreads>2</iothreads></domain>";
    g_autofree char *pinned =
        g_strconcat("<domain><vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='6'/>", tune, NULL);
    g_autofree char *loose =
        g_strconcat("<domain><vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='6,8'/>", tune, NULL);
    g_autoptr(BpfpvDomainTopology) first = bpfpv_domain_topology_parse(pinned, NULL);
    g_autoptr(BpfpvDomainTopology) second = bpfpv_domain_topology_parse(loose, NULL);

    (void)state;
    assert_cpus(first->fixed, "5-7");
    assert_cpus(second->fixed, "");
}

static void
a_domain_that_says_nothing_may_be_anywhere(void **state)
{
    g_autoptr(BpfpvDomainTopology) domain =
        bpfpv_domain_topology_parse("<domain><vcpu>2</vcpu></domain>", NULL);

    (void)state;
    assert_int_equal(domain->n_vcpus, 2);
    assert_null(domain->original->pdata[1]);
    assert_null(domain->emulator);
    assert_int_equal(domain->iothreads->len, 0);
    assert_true(bpfpv_guest_topology_equal(domain->guest, NULL));
}

static void
assert_iothreads(const char *xml, const guint *ids, guint n)
{
    g_autofree char *text = g_strdup_printf("<domain><vcpu>1</vcpu>%s</domain>", xml);
    g_autoptr(BpfpvDomainTopology) domain = bpfpv_domain_topology_parse(text, NULL);

    assert_int_equal(domain->iothreads->len, n);
    for (guint i = 0; i < n; i++)
        assert_int_equal(g_array_index(domain->iothreads, BpfpvDomainIothread, i).id, ids[i]);
}

static void
io_threads_are_counted_or_named(void **state)
{
    static const guint counted[] = {1, 2, 3}, named[] = {2, 7};

    (void)state;
    assert_iothreads("", NULL, 0);
    assert_iothreads("<iothreads>0</iothreads>", NULL, 0);
    assert_iothreads("<iothreads>3</iothreads>", counted, 3);
    assert_iothreads("<iothreads>2</iothreads><iothreadids><iothread id='2'/>"
                     "<iothread id='7' thread_pool_min='1'/></iothreadids>",
                     named, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domains_architecture_says_what_its_cpus_are_known_by),
        cmocka_unit_test(every_kind_of_host_is_read),
        cmocka_unit_test(a_cell_of_memory_alone_has_no_cpus),
        cmocka_unit_test(cpus_that_the_xml_lacks_are_added),
        cmocka_unit_test(a_cpu_of_an_unknown_cell_is_near_no_memory),
        cmocka_unit_test(threads_of_a_core_come_round),
        cmocka_unit_test(efficiency_is_a_property_of_a_cpu),
        cmocka_unit_test(no_cpu_is_isolated_unless_the_kernel_says_so),
        cmocka_unit_test(isolated_cpus_come_from_the_kernel),
        cmocka_unit_test(a_host_without_more_stays_as_it_is),
        cmocka_unit_test(the_kernel_tells_three_kinds_of_core),
        cmocka_unit_test(capacities_that_differ_by_little_are_of_one_class),
        cmocka_unit_test(caches_without_ids_come_from_the_kernel),
        cmocka_unit_test(known_caches_stay),
        cmocka_unit_test(what_is_not_capabilities_is_refused),
        cmocka_unit_test(a_domains_own_topology_is_read),
        cmocka_unit_test(threads_of_a_pinned_domain_have_cpus_of_their_own),
        cmocka_unit_test(a_domain_that_says_nothing_may_be_anywhere),
        cmocka_unit_test(io_threads_are_counted_or_named),
    };

    return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
