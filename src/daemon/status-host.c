/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether this host can serve guests, and how many anchors it has to give; see status.h. */
#include "daemon/status.h"

#include "core/dict.h"
#include "daemon/manager-private.h"
#include "programs/program.h"

/* As the placer counts it: the reserve is of CPUs that nobody is pinned to. */
static guint
count_anchors(const BpfpvCpuset *open, const BpfpvCpuset *pool, guint reserve)
{
    guint n_open = bpfpv_cpuset_count(open);

    return MIN(bpfpv_cpuset_count(pool), n_open > reserve ? n_open - reserve : 0);
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
    gboolean ready = manager->connected && !manager->shutting_down;
    g_autoptr(BpfpvCpuset) open = bpfpv_cpuset_new();
    g_autoptr(BpfpvCpuset) pool = bpfpv_cpuset_new();

    if (ready) {
        g_autoptr(BpfpvCpuset) taken = bpfpv_manager_taken(manager);

        bpfpv_cpuset_assign(open, bpfpv_topology_online(manager->topology));
        bpfpv_cpuset_subtract(open, taken);
        bpfpv_cpuset_assign(pool, open);
        if (manager->conf->cpuset)
            bpfpv_cpuset_intersect(pool, manager->conf->cpuset);
    }
    bpfpv_dict_add_boolean(&builder, "Ready", ready);
    bpfpv_dict_add_value(&builder, "Programs", list_programs());
    bpfpv_dict_add_set(&builder, "Pool", pool);
    bpfpv_dict_add_uint(&builder, "Anchors", count_anchors(open, pool, manager->conf->reserve));
    return g_variant_builder_end(&builder);
}
