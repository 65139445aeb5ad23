/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether this host can serve guests, and how many anchors it has to give; see status.h. */
#include "daemon/bus/status.h"

#include "core/dict.h"
#include "programs/program.h"

/* One CPU has to be left to float on, however small the reserve. And that all of the reserve is
 * within the pool is the worst case, but Nova's: its instances float on the pool alone. */
static guint
count_anchors(const BpfpvCpuset *pool, guint reserve)
{
    guint n = bpfpv_cpuset_count(pool), kept = MAX(reserve, 1);

    return n > kept ? n - kept : 0;
}

static GVariant *
list_programs(void)
{
    g_autoptr(GPtrArray) programs = bpfpv_program_list();

    return g_variant_new_strv((const char *const *)programs->pdata, programs->len);
}

GVariant *
bpfpv_status_host(BpfpvManager *manager)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    const BpfpvConf *conf = bpfpv_manager_conf(manager);
    gboolean ready = bpfpv_manager_is_ready(manager);
    g_autoptr(BpfpvCpuset) pool = bpfpv_cpuset_new();

    if (ready) {
        g_autoptr(BpfpvCpuset) fixed = bpfpv_manager_fixed(manager);

        bpfpv_cpuset_assign(pool, bpfpv_topology_online(bpfpv_manager_topology(manager)));
        bpfpv_cpuset_subtract(pool, fixed);
        if (conf->cpuset)
            bpfpv_cpuset_intersect(pool, conf->cpuset);
    }
    bpfpv_dict_add_boolean(&builder, "Ready", ready);
    bpfpv_dict_add_boolean(&builder, "Connected", bpfpv_manager_unconnected(manager) == NULL);
    bpfpv_dict_add_string(&builder, "LibvirtUri", bpfpv_manager_uri(manager));
    bpfpv_dict_add_string(&builder, "LibvirtError", bpfpv_manager_unconnected(manager));
    bpfpv_dict_add_value(&builder, "Programs", list_programs());
    bpfpv_dict_add_set(&builder, "Pool", pool);
    bpfpv_dict_add_uint(&builder, "Anchors", count_anchors(pool, conf->reserve));
    return g_variant_builder_end(&builder);
}
