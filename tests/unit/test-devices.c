/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of the host's PCI devices a domain has, where they are, and that it lives there. */
#include "scenario.h"

#include <glib/gstdio.h>

#include "xml/devices.h"

#define HOSTDEV(address)                                                                           \
    "<hostdev mode='subsystem' type='pci' managed='yes'><source>" address "</source></hostdev>"
#define GPU "<address domain='0x0000' bus='0x3b' slot='0x00' function='0x0'/>"
#define NIC "<address type='pci' domain='0x0001' bus='0xaf' slot='0x02' function='0x1'/>"
#define INTERFACE(address)                                                                         \
    "<interface type='hostdev'><mac address='52:54:00:00:00:01'/><source>" address                 \
    "</source></interface>"

static GPtrArray *
read_devices(const char *devices)
{
    g_autofree char *text = g_strdup_printf("<domain><devices>%s</devices></domain>", devices);
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(text, strlen(text), NULL);

    assert_non_null(doc);
    return bpfpv_devices_read(xmlDocGetRootElement(doc));
}

static void
assert_devices(const char *devices, const char *expected)
{
    g_autoptr(GPtrArray) read = read_devices(devices);
    g_autofree char *text = NULL;

    g_ptr_array_add(read, NULL);
    text = g_strjoinv(" ", (char **)read->pdata);
    assert_string_equal(text, expected);
}

static void
hostdevs_and_interfaces_are_devices(void **state)
{
    (void)state;
    assert_devices(HOSTDEV(GPU) INTERFACE(NIC), "0000:3b:00.0 0001:af:02.1");
    assert_devices(HOSTDEV(GPU) "<disk/>" HOSTDEV(GPU), "0000:3b:00.0");
    assert_devices(HOSTDEV("<address bus='59' slot='31' function='7'/>"), "0000:3b:1f.7");
    assert_devices(HOSTDEV("<address domain='0x10000' bus='0x1' slot='0x0' function='0x0'/>"),
                   "10000:01:00.0");
    assert_devices("", "");
}

static void
what_is_no_pci_device_is_none(void **state)
{
    static const char *const others[] = {
        "<hostdev mode='subsystem' type='usb'><source>" GPU "</source></hostdev>",
        "<hostdev mode='capabilities' type='pci'><source>" GPU "</source></hostdev>",
        "<hostdev mode='subsystem' type='mdev'><source><address uuid='x'/></source></hostdev>",
        "<hostdev mode='subsystem' type='pci'>" GPU "</hostdev>", /* the guest's address */
        "<hostdev mode='subsystem' type='pci'/>",
        "<interface type='network'><source>" NIC "</source></interface>",
        HOSTDEV("<address type='drive' bus='0x1' slot='0x0' function='0x0'/>"),
        HOSTDEV("<address bus='0x100' slot='0x0' function='0x0'/>"),
        HOSTDEV("<address bus='0x1' slot='0x20' function='0x0'/>"),
        HOSTDEV("<address bus='0x1' slot='0x0' function='0x8'/>"),
        HOSTDEV("<address bus='0x1' slot='0x0'/>"),
        HOSTDEV("<address domain='x' bus='0x1' slot='0x0' function='0x0'/>"),
        HOSTDEV("<address bus='-1' slot='0x0' function='0x0'/>"),
        HOSTDEV("<address bus='../1' slot='0x0' function='0x0'/>"),
        HOSTDEV("<address bus='0x' slot='0x0' function='0x0'/>"),
        HOSTDEV("<address bus='99999999999999999999' slot='0x0' function='0x0'/>"),
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        assert_devices(others[i], "");
}

/* ---- where they are ---- */

static void
write_cell(const char *sysfs, const char *device, const char *text)
{
    g_autofree char *directory = g_build_filename(sysfs, "bus/pci/devices", device, NULL);
    g_autofree char *path = g_build_filename(directory, "numa_node", NULL);

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

static void
their_cells_come_from_the_kernel(void **state)
{
    static const char *const nowhere[] = {"-1\n", "", "x\n", "8192\n", "99999999999999999999\n"};
    g_autofree char *sysfs = g_dir_make_tmp("bpfpv-sysfs-XXXXXX", NULL);
    g_autoptr(GPtrArray) devices = read_devices(HOSTDEV(GPU) INTERFACE(NIC));

    (void)state;
    write_cell(sysfs, "0000:3b:00.0", "1\n");
    for (gsize i = 0; i <= G_N_ELEMENTS(nowhere); i++) {
        g_autoptr(GPtrArray) unknown = NULL;
        g_autoptr(BpfpvCpuset) cells = NULL;
        g_autofree char *mistake = NULL;

        if (i > 0)
            write_cell(sysfs, "0001:af:02.1", nowhere[i - 1]);
        cells = bpfpv_devices_cells(devices, sysfs, &unknown);
        mistake = bpfpv_devices_mistake(devices, unknown);
        assert_cpus(cells, "1");
        assert_int_equal(unknown->len, 1);
        assert_string_equal(
            mistake, "near is \"devices\", but the host does not say which cell 0001:af:02.1 "
                     "is near to (numa_node in sysfs); its other devices alone count");
    }
    remove_tree(sysfs);
}

static void
a_domain_without_one_is_told(void **state)
{
    g_autoptr(GPtrArray) none = read_devices("");
    g_autoptr(GPtrArray) gpu = read_devices(HOSTDEV(GPU));
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    g_autofree char *without = bpfpv_devices_mistake(none, known);
    g_autofree char *unknown = bpfpv_devices_mistake(gpu, gpu);

    (void)state;
    assert_non_null(strstr(without, "the domain has no PCI device of the host's"));
    assert_non_null(strstr(unknown, "its home is as with \"memory\""));
    assert_null(bpfpv_devices_mistake(gpu, known));
}

/* ---- where it lives ---- */

/* Two cells of four CPUs; the domain has its memory in cell 0 and its devices near to cell 1. */
typedef struct {
    Scenario *scenario;
    ScenarioDomain *domain;
    BpfpvCpuset *zero, *one;
} Host;

static int
set_up(void **state)
{
    Host *host = g_new0(Host, 1);

    host->scenario = scenario_new("0-7", NULL, 0);
    scenario_take_topology(
        host->scenario,
        scenario_topology("0:0:0 0:0:1 0:0:2 0:0:3 1:1:4 1:1:5 1:1:6 1:1:7", "0-7"));
    host->domain = scenario_add(host->scenario, "a", "0-7 0-7");
    host->zero = cpus("0");
    host->one = cpus("1");
    host->domain->view.memory = host->zero;
    host->domain->view.near = host->one;
    scenario_anchor(host->domain, "0");
    *state = host;
    return 0;
}

static int
tear_down(void **state)
{
    Host *host = *state;

    scenario_free(host->scenario);
    bpfpv_cpuset_free(host->zero);
    bpfpv_cpuset_free(host->one);
    g_free(host);
    return 0;
}

static void
devices_come_before_where_the_memory_is(void **state)
{
    Host *host = *state;

    scenario_solve(host->scenario);
    assert_plan(host->scenario, "a: anchor=4 float=5-7");
    assert_null(plan_vcpu(host->scenario->plan, "a", 0)->why);
}

static void
without_them_memory_counts(void **state)
{
    Host *host = *state;

    host->domain->view.near = NULL;
    host->domain->view.memory = host->one;
    scenario_solve(host->scenario);
    assert_plan(host->scenario, "a: anchor=4 float=5-7");
    bpfpv_plan_free(g_steal_pointer(&host->scenario->plan));
    host->domain->view.numa = BPFPV_NUMA_IGNORE;
    scenario_solve(host->scenario);
    assert_plan(host->scenario, "a: anchor=0 float=1-3");
}

static void
what_binds_its_memory_comes_before_them(void **state)
{
    Host *host = *state;

    for (guint v = 0; v < 2; v++)
        bpfpv_guest_topology_set_memory(host->domain->guest, v, host->zero);
    scenario_solve(host->scenario);
    assert_plan(host->scenario, "a: anchor=0 float=1-3");
}

/* Who does not want to be near to memory may want to be near to devices. */
static void
they_count_where_memory_is_ignored(void **state)
{
    Host *host = *state;

    host->domain->view.numa = BPFPV_NUMA_IGNORE;
    for (guint v = 0; v < 2; v++)
        bpfpv_guest_topology_set_memory(host->domain->guest, v, host->zero);
    scenario_solve(host->scenario);
    assert_plan(host->scenario, "a: anchor=4 float=5-7");
}

/* Two anchors of others leave too little near to them. */
static void
what_does_not_fit_there_lives_around_it(void **state)
{
    Host *host = *state;
    ScenarioDomain *other = scenario_add(host->scenario, "b", "4-7 4-7 4-7");

    scenario_clear_demand(host->domain);
    scenario_anchor(other, "0-2");
    scenario_solve(host->scenario);
    assert_plan(host->scenario, "a: float=0-3,7 float=0-3,7; b: anchor=4 anchor=5 anchor=6");
    scenario_anchor(host->domain, "0");
    scenario_solve(host->scenario);
    assert_plan(host->scenario, "a: anchor=0 float=7; b: anchor=4 anchor=5 anchor=6");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostdevs_and_interfaces_are_devices),
        cmocka_unit_test(what_is_no_pci_device_is_none),
        cmocka_unit_test(their_cells_come_from_the_kernel),
        cmocka_unit_test(a_domain_without_one_is_told),
        TEST(devices_come_before_where_the_memory_is),
        TEST(without_them_memory_counts),
        TEST(what_binds_its_memory_comes_before_them),
        TEST(they_count_where_memory_is_ignored),
        TEST(what_does_not_fit_there_lives_around_it),
    };

    return cmocka_run_group_tests_name("devices", tests, NULL, NULL);
}
