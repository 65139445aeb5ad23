/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpvd.conf's sections by flavor and by domain; see conf.h. */
#include "daemon/conf/private.h"

#include <string.h>

static const struct {
    const char *prefix;
    BpfpvSectionKind kind;
} kinds[] = {
    {"flavor", BPFPV_SECTION_FLAVOR},
    {"domain", BPFPV_SECTION_DOMAIN},
};

/* @glob: (out) (transfer full): "" where there is none */
static gboolean
split_name(const char *group, BpfpvSectionKind *kind, char **glob)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const char *rest = group + strlen(kinds[i].prefix);

        if (!g_str_has_prefix(group, kinds[i].prefix) || (*rest && !g_ascii_isspace(*rest)))
            continue;
        *kind = kinds[i].kind;
        *glob = g_strstrip(g_strdup(rest));
        return TRUE;
    }
    return FALSE;
}

gboolean
bpfpv_conf_is_policy(const char *group)
{
    g_autofree char *glob = NULL;
    BpfpvSectionKind kind;

    return split_name(group, &kind, &glob);
}

static gboolean
read_settings(BpfpvSettings *settings, GKeyFile *keys, const char *group, const char *path,
              GError **error)
{
    g_auto(GStrv) names = g_key_file_get_keys(keys, group, NULL, NULL);

    for (gsize i = 0; names && names[i]; i++) {
        g_autofree char *value = g_key_file_get_value(keys, group, names[i], NULL);
        g_autofree char *mistake = bpfpv_settings_set(settings, names[i], g_strstrip(value));

        if (!mistake)
            continue;
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "%s: [%s] %s=%s: %s",
                    path, group, names[i], value, mistake);
        return FALSE;
    }
    return TRUE;
}

gboolean
bpfpv_conf_read_policy(BpfpvConf *conf, GKeyFile *keys, const char *path, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(keys, NULL);

    for (gsize i = 0; groups[i]; i++) {
        g_autofree char *glob = NULL;
        BpfpvSectionKind kind;
        BpfpvSettings *settings;

        if (!split_name(groups[i], &kind, &glob))
            continue;
        if (*glob == '\0') {
            g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                        "%s: [%s] is for no %s; write [%s NAME], in which * stands for any text",
                        path, groups[i], groups[i], groups[i]);
            return FALSE;
        }
        settings = bpfpv_policy_add_section(conf->policy, kind, glob);
        if (!read_settings(settings, keys, groups[i], path, error))
            return FALSE;
    }
    return TRUE;
}
