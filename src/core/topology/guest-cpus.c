/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's CPUs and the domain's vCPUs; see guest-cpus.h. */
#include "core/topology/guest-cpus.h"

struct _BpfpvGuestCpus {
    BpfpvCpuset *cpus;     /* online, as the guest numbers them */
    BpfpvCpuset *vcpus;    /* the same as vCPUs */
    BpfpvCpuset *no_vcpus; /* (nullable): vCPUs that are not plugged in */
    gboolean has_unplugged;
    gboolean same;   /* each CPU is the vCPU of its number */
    GArray *vcpu_of; /* of guint, by CPU, unless same */
};

/* The vCPU whose id is @id, or @otherwise. */
static guint
find_vcpu(GHashTable *vcpus, guint32 id, guint otherwise)
{
    gpointer vcpu;

    return g_hash_table_lookup_extended(vcpus, GUINT_TO_POINTER(id), NULL, &vcpu)
               ? GPOINTER_TO_UINT(vcpu)
               : otherwise;
}

static GHashTable *
vcpus_by_id(const BpfpvGuestTopology *guest, guint n_vcpus)
{
    GHashTable *vcpus = g_hash_table_new(NULL, NULL);

    for (guint v = 0; v < n_vcpus; v++)
        g_hash_table_insert(vcpus, GUINT_TO_POINTER(bpfpv_guest_topology_cpu_id(guest, v)),
                            GUINT_TO_POINTER(v));
    return vcpus;
}

/* A CPU that is no vCPU, or that nothing was said of, stands above all vCPUs. */
static void
take_ids(BpfpvGuestCpus *cpus, const GArray *ids, const BpfpvGuestTopology *guest, guint n_vcpus)
{
    g_autoptr(GHashTable) vcpus = vcpus_by_id(guest, n_vcpus);
    guint n_cpus = 0;

    for (int c = bpfpv_cpuset_next(cpus->cpus, 0); c >= 0;
         c = bpfpv_cpuset_next(cpus->cpus, (guint)c + 1))
        n_cpus = (guint)c + 1;
    for (guint c = 0; c < n_cpus; c++) {
        guint above = n_vcpus + c;

        g_array_append_val(cpus->vcpu_of, above);
    }
    for (guint i = 0; i < ids->len; i++) {
        const BpfpvGuestCpuId *one = &g_array_index(ids, BpfpvGuestCpuId, i);

        if (one->cpu < n_cpus)
            g_array_index(cpus->vcpu_of, guint, one->cpu) =
                find_vcpu(vcpus, one->id, n_vcpus + one->cpu);
    }
}

BpfpvGuestCpus *
bpfpv_guest_cpus_new(const BpfpvCpuset *online, const GArray *ids, const BpfpvGuestTopology *guest,
                     guint n_vcpus, const BpfpvCpuset *enabled)
{
    BpfpvGuestCpus *cpus = g_new0(BpfpvGuestCpus, 1);

    cpus->cpus = bpfpv_cpuset_copy(online);
    cpus->same = ids == NULL || ids->len == 0;
    cpus->vcpu_of = g_array_new(FALSE, FALSE, sizeof(guint));
    if (!cpus->same)
        take_ids(cpus, ids, guest, n_vcpus);
    cpus->vcpus = bpfpv_guest_cpus_to_vcpus(cpus, online);
    if (enabled != NULL) {
        cpus->no_vcpus = bpfpv_cpuset_new_range(0, n_vcpus - 1);
        bpfpv_cpuset_subtract(cpus->no_vcpus, enabled);
        cpus->has_unplugged = bpfpv_cpuset_intersects(cpus->vcpus, cpus->no_vcpus);
        bpfpv_cpuset_subtract(cpus->vcpus, cpus->no_vcpus);
    }
    return cpus;
}

void
bpfpv_guest_cpus_free(BpfpvGuestCpus *cpus)
{
    if (cpus == NULL)
        return;
    bpfpv_cpuset_free(cpus->cpus);
    bpfpv_cpuset_free(cpus->vcpus);
    bpfpv_cpuset_free(cpus->no_vcpus);
    g_array_unref(cpus->vcpu_of);
    g_free(cpus);
}

const BpfpvCpuset *
bpfpv_guest_cpus_online(const BpfpvGuestCpus *cpus)
{
    return cpus->vcpus;
}

gboolean
bpfpv_guest_cpus_has_unplugged(const BpfpvGuestCpus *cpus)
{
    return cpus->has_unplugged;
}

/* Returns: (transfer full): the vCPUs that CPUs @set are, plugged in or not */
static BpfpvCpuset *
translate(const BpfpvGuestCpus *cpus, const BpfpvCpuset *set)
{
    BpfpvCpuset *vcpus;

    if (cpus->same)
        return bpfpv_cpuset_copy(set);
    vcpus = bpfpv_cpuset_new();
    for (int c = bpfpv_cpuset_next(set, 0); c >= 0; c = bpfpv_cpuset_next(set, (guint)c + 1)) {
        guint vcpu = g_array_index(cpus->vcpu_of, guint, c);

        if (vcpu < BPFPV_CPUSET_MAX)
            bpfpv_cpuset_add(vcpus, vcpu);
    }
    return vcpus;
}

BpfpvCpuset *
bpfpv_guest_cpus_to_vcpus(const BpfpvGuestCpus *cpus, const BpfpvCpuset *mask)
{
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_copy(mask);
    BpfpvCpuset *vcpus;

    bpfpv_cpuset_intersect(set, cpus->cpus);
    vcpus = translate(cpus, set);
    if (cpus->no_vcpus != NULL)
        bpfpv_cpuset_subtract(vcpus, cpus->no_vcpus);
    return vcpus;
}
