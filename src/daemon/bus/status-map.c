/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who sits on the host's CPUs now, for the bus; see status.h. */
#include "daemon/bus/status.h"

#include "core/plan/host-map.h"

/* What a vCPU is by what is in force for it, not by what is planned. */
static BpfpvWant
sits_as(const BpfpvAppliedVcpu *applied, const BpfpvPlanVcpu *planned)
{
    if (bpfpv_applied_vcpu_holds(applied))
        return BPFPV_WANT_ANCHOR;
    if (planned)
        return planned->want == BPFPV_WANT_ANCHOR ? BPFPV_WANT_FLOAT : planned->want;
    return bpfpv_cpuset_count(applied->original) == 1 ? BPFPV_WANT_FIXED : BPFPV_WANT_FLOAT;
}

static void
add_domain(BpfpvHostMap *map, BpfpvManager *manager, const BpfpvManaged *managed)
{
    const BpfpvConfig *config = bpfpv_session_config(managed->session);
    const BpfpvPlanDomain *plan = bpfpv_manager_plan(manager, managed);
    const BpfpvAppliedDomain *applied = bpfpv_pins_applied(managed->pins);

    for (guint v = 0; applied && v < applied->vcpus->len; v++) {
        const BpfpvAppliedVcpu *vcpu = g_ptr_array_index(applied->vcpus, v);
        const BpfpvPlanVcpu *planned =
            plan && v < plan->vcpus->len ? g_ptr_array_index(plan->vcpus, v) : NULL;

        bpfpv_host_map_add_vcpu(map, managed->name, v, sits_as(vcpu, planned),
                                bpfpv_thread_truth_cpus(&vcpu->truth, vcpu->cpus),
                                config && config->smt == BPFPV_SMT_ISOLATE);
    }
}

static void
add_neighbour(const char *name, const BpfpvCpuset *cpus, gpointer map)
{
    bpfpv_host_map_add_neighbour(map, name, cpus);
}

/* @map: (nullable) */
static GVariant *
describe(const BpfpvManager *manager, BpfpvHostMap *map)
{
    g_autoptr(GVariant) seats = g_variant_ref_sink(bpfpv_host_map_describe(map));
    g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT(seats);

    g_variant_dict_insert(&dict, "connected", "b", bpfpv_manager_unconnected(manager) == NULL);
    return g_variant_dict_end(&dict);
}

GVariant *
bpfpv_status_map(BpfpvManager *manager)
{
    g_autoptr(GPtrArray) list = bpfpv_manager_list(manager);
    const BpfpvConf *conf = bpfpv_manager_conf(manager);
    const BpfpvTopology *topology = bpfpv_manager_topology(manager);
    g_autoptr(BpfpvHostMap) map = NULL;

    if (!topology)
        return describe(manager, NULL);
    map = bpfpv_host_map_new(topology, conf->cpuset, conf->reserve);
    bpfpv_manager_foreach_neighbour(manager, add_neighbour, map);
    for (guint i = 0; i < list->len; i++)
        add_domain(map, manager, g_ptr_array_index(list, i));
    return describe(manager, map);
}
