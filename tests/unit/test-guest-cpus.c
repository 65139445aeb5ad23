/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which vCPU a guest's CPU is: by the ids that QEMU gives them, and what a guest may claim. */
#include "unit.h"

#include "core/topology/guest-cpus.h"

static BpfpvGuestTopology *
topology(guint dies, guint cores, guint threads)
{
    BpfpvGuestTopology *guest = bpfpv_guest_topology_new();

    guest->dies = dies;
    guest->cores = cores;
    guest->threads = threads;
    return guest;
}

/* As the CPU objects of QEMU 7.2 say ("qom-get /machine/unattached/device[N] apic-id"): a level of
 * three takes two bits. */
static void
apic_ids_are_qemus(void **state)
{
    static const struct {
        guint dies, cores, threads, vcpu, id;
    } known[] = {
        {1, 0, 1, 0, 0}, {1, 0, 1, 7, 7}, {1, 4, 2, 7, 7}, {1, 3, 1, 2, 2},   {1, 3, 1, 3, 4},
        {1, 3, 2, 5, 5}, {1, 3, 2, 6, 8}, {2, 3, 2, 6, 8}, {2, 3, 2, 12, 16}, {3, 2, 1, 5, 5},
        {3, 2, 1, 6, 8}, {1, 1, 3, 3, 4}, {1, 1, 1, 5, 5}, {1, 6, 2, 12, 16},
    };

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        g_autoptr(BpfpvGuestTopology) guest =
            topology(known[i].dies, known[i].cores, known[i].threads);

        assert_int_equal(bpfpv_guest_topology_cpu_id(guest, known[i].vcpu), known[i].id);
    }
    assert_int_equal(bpfpv_guest_topology_cpu_id(NULL, 5), 5);
}

static BpfpvGuestTopology *
arm64(void)
{
    BpfpvGuestTopology *guest = topology(1, 4, 2);

    guest->cpu_id = BPFPV_CPU_ID_MPIDR;
    return guest;
}

/* As those of QEMU 7.2 say ("qom-get /machine/unattached/device[N] mp-affinity", GICv3); and KVM's
 * reset_mpidr(). The topology is no matter. */
static void
mpidrs_are_qemus(void **state)
{
    static const struct {
        guint vcpu, id;
    } known[] = {
        {0, 0},    {1, 1},      {7, 7},      {8, 8},      {15, 15},       {16, 0x100},
        {17, 257}, {31, 0x10f}, {32, 0x200}, {39, 0x207}, {4095, 0xff0f}, {4096, 0x10000},
    };
    g_autoptr(BpfpvGuestTopology) guest = arm64();

    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        assert_int_equal(bpfpv_guest_topology_cpu_id(guest, known[i].vcpu), known[i].id);
}

static void
the_kind_of_ids_is_copied_and_compared(void **state)
{
    g_autoptr(BpfpvGuestTopology) guest = arm64();
    g_autoptr(BpfpvGuestTopology) copy = bpfpv_guest_topology_copy(guest);
    g_autoptr(BpfpvGuestTopology) x86 = topology(1, 4, 2);

    (void)state;
    assert_true(bpfpv_guest_topology_equal(guest, copy));
    assert_false(bpfpv_guest_topology_equal(guest, x86));
}

static void
assert_vcpus(const BpfpvGuestCpus *guest, const char *mask_text, const char *expected)
{
    g_autoptr(BpfpvCpuset) mask = cpus(mask_text);
    g_autoptr(BpfpvCpuset) vcpus = bpfpv_guest_cpus_to_vcpus(guest, mask);

    assert_cpus(vcpus, expected);
}

static GArray *
ids_of(const BpfpvGuestCpuId *ids, guint n)
{
    GArray *array = g_array_new(FALSE, FALSE, sizeof(BpfpvGuestCpuId));

    return g_array_append_vals(array, ids, n);
}

static void
without_ids_a_cpu_is_the_vcpu_of_its_number(void **state)
{
    g_autoptr(BpfpvCpuset) online = cpus("0-2");
    g_autoptr(BpfpvGuestCpus) guest = bpfpv_guest_cpus_new(online, NULL, NULL, 4, NULL);

    (void)state;
    assert_cpus(bpfpv_guest_cpus_online(guest), "0-2");
    assert_vcpus(guest, "1,3", "1");
}

static void
ids_tell_vcpus_that_were_plugged_in_out_of_order(void **state)
{
    static const BpfpvGuestCpuId said[] = {{0, 0}, {1, 3}, {2, 1}};
    g_autoptr(GArray) ids = ids_of(said, G_N_ELEMENTS(said));
    g_autoptr(BpfpvCpuset) online = cpus("0-2");
    g_autoptr(BpfpvGuestCpus) guest = bpfpv_guest_cpus_new(online, ids, NULL, 4, NULL);

    (void)state;
    assert_cpus(bpfpv_guest_cpus_online(guest), "0-1,3");
    assert_vcpus(guest, "1", "3");
    assert_vcpus(guest, "1-2", "1,3");
}

static void
ids_follow_the_topology(void **state)
{
    static const BpfpvGuestCpuId said[] = {{0, 0}, {1, 8}};
    g_autoptr(GArray) ids = ids_of(said, G_N_ELEMENTS(said));
    g_autoptr(BpfpvGuestTopology) sockets = topology(1, 3, 2);
    g_autoptr(BpfpvCpuset) online = cpus("0-1");
    g_autoptr(BpfpvGuestCpus) guest = bpfpv_guest_cpus_new(online, ids, sockets, 12, NULL);

    (void)state;
    assert_vcpus(guest, "1", "6");
}

/* A guest that was started from another of its CPUs (kexec) calls that one 0. */
static void
mpidrs_tell_vcpus_of_a_guest_that_started_elsewhere(void **state)
{
    static const BpfpvGuestCpuId said[] = {{0, 0x101}, {1, 0}, {2, 0x100}};
    g_autoptr(GArray) ids = ids_of(said, G_N_ELEMENTS(said));
    g_autoptr(BpfpvGuestTopology) topology = arm64();
    g_autoptr(BpfpvCpuset) online = cpus("0-2");
    g_autoptr(BpfpvGuestCpus) guest = bpfpv_guest_cpus_new(online, ids, topology, 18, NULL);

    (void)state;
    assert_cpus(bpfpv_guest_cpus_online(guest), "0,16-17");
    assert_vcpus(guest, "0", "17");
    assert_vcpus(guest, "1-2", "0,16");
}

/* A guest that lies, or that says half of it, is confined to its own vCPUs and to nothing else. */
static void
what_is_no_vcpu_stands_above_all(void **state)
{
    static const BpfpvGuestCpuId said[] = {
        {0, 0}, {1, 77}, {2, G_MAXUINT32}, {8191, 1}, {G_MAXUINT32, 1}, {3, 1}, {3, 0},
    };
    g_autoptr(GArray) ids = ids_of(said, G_N_ELEMENTS(said));
    g_autoptr(BpfpvCpuset) online = cpus("0-4,8190");
    g_autoptr(BpfpvGuestCpus) guest = bpfpv_guest_cpus_new(online, ids, NULL, 2, NULL);

    (void)state;
    assert_vcpus(guest, "1", "3");
    assert_vcpus(guest, "2", "4");
    assert_vcpus(guest, "3", "0");
    assert_vcpus(guest, "4", "6");
    assert_vcpus(guest, "8190", "");
    assert_cpus(bpfpv_guest_cpus_online(guest), "0,3-4,6");
}

/* Guest CPU 1 is vCPU 3, which libvirt has not plugged in: its word alone makes none of it. */
static void
what_is_not_plugged_in_is_not_online(void **state)
{
    static const BpfpvGuestCpuId said[] = {{0, 0}, {1, 3}, {2, 1}};
    g_autoptr(GArray) ids = ids_of(said, G_N_ELEMENTS(said));
    g_autoptr(BpfpvCpuset) online = cpus("0-2");
    g_autoptr(BpfpvCpuset) few = cpus("0-1");
    g_autoptr(BpfpvCpuset) more = cpus("0-1,3");
    g_autoptr(BpfpvGuestCpus) before = bpfpv_guest_cpus_new(online, ids, NULL, 4, few);
    g_autoptr(BpfpvGuestCpus) after = bpfpv_guest_cpus_new(online, ids, NULL, 4, more);

    (void)state;
    assert_cpus(bpfpv_guest_cpus_online(before), "0-1");
    assert_vcpus(before, "1", "");
    assert_vcpus(before, "1-2", "1");
    assert_true(bpfpv_guest_cpus_has_unplugged(before));
    assert_cpus(bpfpv_guest_cpus_online(after), "0-1,3");
    assert_vcpus(after, "1", "3");
    assert_false(bpfpv_guest_cpus_has_unplugged(after));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(apic_ids_are_qemus),
        cmocka_unit_test(mpidrs_are_qemus),
        cmocka_unit_test(the_kind_of_ids_is_copied_and_compared),
        cmocka_unit_test(without_ids_a_cpu_is_the_vcpu_of_its_number),
        cmocka_unit_test(ids_tell_vcpus_that_were_plugged_in_out_of_order),
        cmocka_unit_test(ids_follow_the_topology),
        cmocka_unit_test(mpidrs_tell_vcpus_of_a_guest_that_started_elsewhere),
        cmocka_unit_test(what_is_no_vcpu_stands_above_all),
        cmocka_unit_test(what_is_not_plugged_in_is_not_online),
    };

    return cmocka_run_group_tests_name("guest-cpus", tests, NULL, NULL);
}
