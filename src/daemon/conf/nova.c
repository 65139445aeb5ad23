/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvd.conf's [nova]: which host CPUs Nova lets float and which it hands out
 * itself, said here or in nova.conf; see conf.h.
 */
#include "daemon/conf/private.h"
#include "nova/conf.h"

/* What nova-compute goes by, the first of them that is set. */
static const struct {
    const char *section;
    const char *key;
} shared_options[] = {
    {"DEFAULT", "vcpu_pin_set"}, /* Nova before 2025 may still have it, and then it stands */
    {"compute", "cpu_shared_set"},
};

/* Returns: (nullable): NULL without @error: it is not said */
static BpfpvCpuset *
parse_set(const char *path, const char *section, const char *key, const char *value, GError **error)
{
    BpfpvCpuset *set;

    if (!value || !*value)
        return NULL;
    set = bpfpv_nova_cpu_spec_parse(value, error);
    if (!set)
        g_prefix_error(error, "%s: [%s] %s: ", path, section, key);
    return set;
}

/* @line: (nullable). Returns: (nullable): NULL: it is not said, or a mistake */
static BpfpvCpuset *
own_set(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    g_autoptr(GError) error = NULL;
    BpfpvCpuset *set = line ? bpfpv_nova_cpu_spec_parse(line->value, &error) : NULL;

    if (error)
        bpfpv_conf_add_mistake(reading, line, "%s; write it in Nova's notation, as in 4-12,^8,15",
                               error->message);
    return set;
}

static BpfpvCpuset *
nova_shared_set(const BpfpvNovaConf *nova, const char *path, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(shared_options); i++) {
        const char *section = shared_options[i].section;
        const char *key = shared_options[i].key;
        const char *value = bpfpv_nova_conf_get(nova, section, key);

        if (value && *value)
            return parse_set(path, section, key, value, error);
    }
    return NULL;
}

/* @shared, @dedicated: (inout): what bpfpvd.conf says itself stays, right or wrong */
static void
fall_back(BpfpvConfReading *reading, BpfpvCpuset **shared, BpfpvCpuset **dedicated)
{
    const char *file = reading->config->value;
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvNovaConf) nova = bpfpv_nova_conf_load(file, &error);

    if (nova && !reading->shared)
        *shared = nova_shared_set(nova, file, &error);
    if (nova && !reading->dedicated && !error)
        *dedicated = parse_set(file, "compute", "cpu_dedicated_set",
                               bpfpv_nova_conf_get(nova, "compute", "cpu_dedicated_set"), &error);
    if (error)
        bpfpv_conf_add_mistake(reading, reading->config,
                               "%s; put that right, or say cpu_shared_set and cpu_dedicated_set "
                               "here, without config",
                               error->message);
}

/* The host's pool ∩ @shared ∖ @dedicated. */
static void
narrow_pool(BpfpvConfReading *reading, const BpfpvCpuset *shared, const BpfpvCpuset *dedicated)
{
    BpfpvConf *conf = reading->conf;
    g_autofree char *shared_text = shared ? bpfpv_cpuset_format(shared) : g_strdup("all CPUs");
    g_autofree char *dedicated_text = dedicated ? bpfpv_cpuset_format(dedicated) : g_strdup("none");
    g_autofree char *own_text = conf->cpuset ? bpfpv_cpuset_format(conf->cpuset) : NULL;
    const BpfpvConfLine *line = reading->dedicated ? reading->dedicated : reading->shared;

    if (!shared && !dedicated)
        return;
    if (!conf->cpuset)
        conf->cpuset = bpfpv_cpuset_new_range(0, BPFPV_CPUSET_MAX - 1);
    if (shared)
        bpfpv_cpuset_intersect(conf->cpuset, shared);
    if (dedicated)
        bpfpv_cpuset_subtract(conf->cpuset, dedicated);
    if (bpfpv_cpuset_is_empty(conf->cpuset))
        bpfpv_conf_add_mistake(
            reading, line ? line : reading->config,
            "no CPU is left for anchors: [host] cpuset is %s, Nova's instances float on %s, and "
            "%s is what it hands out itself; widen one of them",
            own_text ? own_text : "all CPUs", shared_text, dedicated_text);
}

void
bpfpv_conf_read_nova(BpfpvConfReading *reading)
{
    g_autoptr(BpfpvCpuset) shared = own_set(reading, reading->shared);
    g_autoptr(BpfpvCpuset) dedicated = own_set(reading, reading->dedicated);

    if (reading->config)
        fall_back(reading, &shared, &dedicated);
    narrow_pool(reading, shared, dedicated);
}
