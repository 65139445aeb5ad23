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

static BpfpvCpuset *
own_set(GKeyFile *keys, const char *path, const char *key, GError **error)
{
    g_autofree char *value = g_key_file_get_value(keys, "nova", key, NULL);

    return parse_set(path, "nova", key, value, error);
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

/* @shared, @dedicated: (inout): what bpfpvd.conf says itself stays */
static gboolean
fall_back(GKeyFile *keys, BpfpvCpuset **shared, BpfpvCpuset **dedicated, GError **error)
{
    g_autofree char *file = g_key_file_get_value(keys, "nova", "config", NULL);
    g_autoptr(BpfpvNovaConf) nova = NULL;
    g_autoptr(GError) cause = NULL;

    if (!file || !*file)
        return TRUE;
    nova = bpfpv_nova_conf_load(file, &cause);
    if (nova && !*shared)
        *shared = nova_shared_set(nova, file, &cause);
    if (nova && !*dedicated && !cause)
        *dedicated = parse_set(file, "compute", "cpu_dedicated_set",
                               bpfpv_nova_conf_get(nova, "compute", "cpu_dedicated_set"), &cause);
    if (!cause)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}

/* The host's pool ∩ @shared ∖ @dedicated. */
static gboolean
narrow_pool(BpfpvConf *conf, const BpfpvCpuset *shared, const BpfpvCpuset *dedicated,
            const char *path, GError **error)
{
    g_autofree char *shared_text = shared ? bpfpv_cpuset_format(shared) : g_strdup("all CPUs");
    g_autofree char *dedicated_text = dedicated ? bpfpv_cpuset_format(dedicated) : g_strdup("none");
    g_autofree char *own_text = conf->cpuset ? bpfpv_cpuset_format(conf->cpuset) : NULL;

    if (!shared && !dedicated)
        return TRUE;
    if (!conf->cpuset)
        conf->cpuset = bpfpv_cpuset_new_range(0, BPFPV_CPUSET_MAX - 1);
    if (shared)
        bpfpv_cpuset_intersect(conf->cpuset, shared);
    if (dedicated)
        bpfpv_cpuset_subtract(conf->cpuset, dedicated);
    if (!bpfpv_cpuset_is_empty(conf->cpuset))
        return TRUE;
    g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                "%s: no CPU is left for anchors: [host] cpuset is %s, Nova's instances float on "
                "%s, and %s is what it hands out itself; widen one of them",
                path, own_text ? own_text : "all CPUs", shared_text, dedicated_text);
    return FALSE;
}

gboolean
bpfpv_conf_read_nova(BpfpvConf *conf, GKeyFile *keys, const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(BpfpvCpuset) shared = own_set(keys, path, "cpu_shared_set", &cause);
    g_autoptr(BpfpvCpuset) dedicated =
        cause ? NULL : own_set(keys, path, "cpu_dedicated_set", &cause);

    if (!cause && fall_back(keys, &shared, &dedicated, &cause))
        return narrow_pool(conf, shared, dedicated, path, error);
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}
