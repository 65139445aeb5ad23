/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What nova.conf says where placement.conf doesn't; see private.h. */
#include "config.h"

#include <string.h>

#include "nova-hook/conf/private.h"
#include "nova/conf.h"

#define DEFAULT_YAML_DIR "/etc/nova/provider_config"

/* What nova.conf says of @key, if nothing is said here. oslo.config would replace "$name". */
static gboolean
take_nova(const BpfpvNovaConf *nova, const char *section, const char *key, const char *suffix,
          const char *instead, char **to, GError **error)
{
    const char *value = nova ? bpfpv_nova_conf_get(nova, section, key) : NULL;

    if (*to || !value || !*value)
        return TRUE;
    if (strchr(value, '$')) {
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                    "[%s] %s=%s of nova.conf has a $; set %s= here", section, key, value, instead);
        return FALSE;
    }
    *to = g_build_filename(value, suffix, NULL);
    return TRUE;
}

/* nova/virt/node.py looks for compute_id beside nova.conf first, then in state_path. */
gboolean
bpfpv_agent_conf_take_nova(BpfpvAgentConf *conf, GError **error)
{
    g_autoptr(BpfpvNovaConf) nova = NULL;

    if (conf->nova_conf) {
        g_autofree char *dir = g_path_get_dirname(conf->nova_conf);
        g_autofree char *beside = g_build_filename(dir, "compute_id", NULL);

        nova = bpfpv_nova_conf_load(conf->nova_conf, error);
        if (!nova)
            return FALSE;
        if (!conf->compute_id && g_file_test(beside, G_FILE_TEST_EXISTS))
            conf->compute_id = g_steal_pointer(&beside);
    }
    if (!take_nova(nova, "DEFAULT", "state_path", "compute_id", "compute_id", &conf->compute_id,
                   error) ||
        !take_nova(nova, "compute", "provider_config_location", NULL, "provider_config_dir",
                   &conf->provider_config_dir, error))
        return FALSE;
    if (!conf->provider_config_dir)
        conf->provider_config_dir = g_strdup(DEFAULT_YAML_DIR);
    return TRUE;
}
