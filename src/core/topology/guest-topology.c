/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's own topology as values; see guest-topology.h. Reads no XML. */
#include "core/topology/guest-topology.h"

static void
set_free(gpointer set)
{
    bpfpv_cpuset_free(set);
}

/** bpfpv_guest_topology_new: Returns: (transfer full): x86, one thread per core, memory anywhere */
BpfpvGuestTopology *
bpfpv_guest_topology_new(void)
{
    BpfpvGuestTopology *guest = g_new0(BpfpvGuestTopology, 1);

    guest->threads = 1;
    guest->dies = 1;
    guest->memory = g_ptr_array_new_with_free_func(set_free);
    return guest;
}

/** bpfpv_guest_topology_copy: Returns: (transfer full): one of its own that is equal */
BpfpvGuestTopology *
bpfpv_guest_topology_copy(const BpfpvGuestTopology *guest)
{
    BpfpvGuestTopology *copy = bpfpv_guest_topology_new();

    copy->cpu_id = guest->cpu_id;
    copy->threads = guest->threads;
    copy->cores = guest->cores;
    copy->dies = guest->dies;
    for (guint v = 0; v < guest->memory->len; v++)
        bpfpv_guest_topology_set_memory(copy, v, guest->memory->pdata[v]);
    return copy;
}

/** bpfpv_guest_topology_free: @guest: (nullable): what is freed */
void
bpfpv_guest_topology_free(BpfpvGuestTopology *guest)
{
    if (guest == NULL)
        return;
    g_ptr_array_unref(guest->memory);
    g_free(guest);
}

static gboolean
same_set(const BpfpvCpuset *a, const BpfpvCpuset *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return bpfpv_cpuset_equal(a, b);
}

/** bpfpv_guest_topology_equal: Returns: whether both, each %NULL or not, say the same */
gboolean
bpfpv_guest_topology_equal(const BpfpvGuestTopology *a, const BpfpvGuestTopology *b)
{
    guint n = MAX(a ? a->memory->len : 0, b ? b->memory->len : 0);

    if ((a ? a->cpu_id : BPFPV_CPU_ID_APIC) != (b ? b->cpu_id : BPFPV_CPU_ID_APIC))
        return FALSE;
    if ((a ? a->threads : 1) != (b ? b->threads : 1) || (a ? a->cores : 0) != (b ? b->cores : 0) ||
        (a ? a->dies : 1) != (b ? b->dies : 1))
        return FALSE;
    for (guint v = 0; v < n; v++) {
        if (!same_set(bpfpv_guest_topology_memory(a, v), bpfpv_guest_topology_memory(b, v)))
            return FALSE;
    }
    return TRUE;
}

/**
 * bpfpv_guest_topology_set_memory:
 * @guest: the topology
 * @vcpu: a vCPU
 * @cells: (nullable): ids of host cells; copied; %NULL: anywhere
 *
 * Says where the memory lies that is near @vcpu.
 */
void
bpfpv_guest_topology_set_memory(BpfpvGuestTopology *guest, guint vcpu, const BpfpvCpuset *cells)
{
    if (vcpu >= guest->memory->len)
        g_ptr_array_set_size(guest->memory, (gint)vcpu + 1);
    bpfpv_cpuset_free(guest->memory->pdata[vcpu]);
    guest->memory->pdata[vcpu] = cells ? bpfpv_cpuset_copy(cells) : NULL;
}

/** bpfpv_guest_topology_memory: Returns: (nullable): cells near @vcpu; %NULL: anywhere */
const BpfpvCpuset *
bpfpv_guest_topology_memory(const BpfpvGuestTopology *guest, guint vcpu)
{
    return guest && vcpu < guest->memory->len ? guest->memory->pdata[vcpu] : NULL;
}

/* How many bits tell @n things apart. */
static guint
bits_for(guint n)
{
    return n > 1 ? g_bit_storage(n - 1) : 0;
}

/* Socket, die, core and thread in as many bits each as their largest number takes (QEMU's
 * include/hw/i386/topology.h). */
static guint
apic_id(const BpfpvGuestTopology *guest, guint vcpu)
{
    guint threads = guest ? guest->threads : 1, cores = guest ? guest->cores : 0;
    guint dies = guest ? guest->dies : 1;
    guint core = vcpu / threads;
    guint id = vcpu % threads;
    guint shift = bits_for(threads);

    if (cores == 0)
        return id | core << shift;
    id |= core % cores << shift;
    shift += bits_for(cores);
    id |= core / cores % dies << shift;
    shift += bits_for(dies);
    return id | core / cores / dies << shift;
}

/* Whatever the topology, clusters of 16: as many as an interrupt that software sends can go to at
 * once (KVM's reset_mpidr(), and arm_build_mp_affinity() of QEMU, which does the same for GICv3;
 * with GICv2 there are no more than 8). The fields above Aff0 have 8 bits each and follow each
 * other. */
static guint
mpidr(guint vcpu)
{
    return vcpu % 16 | vcpu / 16 << 8;
}

/**
 * bpfpv_guest_topology_cpu_id:
 * @guest: (nullable): the topology
 * @vcpu: a vCPU
 *
 * Returns: the id that QEMU gives the vCPU, as the guest's loader tells it: on x86 its APIC id, on
 *   arm64 Aff3 to Aff0 of its MPIDR, elsewhere its number
 */
guint
bpfpv_guest_topology_cpu_id(const BpfpvGuestTopology *guest, guint vcpu)
{
    switch (guest ? guest->cpu_id : BPFPV_CPU_ID_APIC) {
    case BPFPV_CPU_ID_APIC:
        return apic_id(guest, vcpu);
    case BPFPV_CPU_ID_MPIDR:
        return mpidr(vcpu);
    case BPFPV_CPU_ID_NONE:
        break;
    }
    return vcpu;
}
