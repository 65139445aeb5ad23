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
bpfpv_conf_is_policy(const char *section)
{
    g_autofree char *glob = NULL;
    BpfpvSectionKind kind;

    return split_name(section, &kind, &glob);
}

/* One that is there twice is one. */
static void
begin_section(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    g_autofree char *glob = NULL;
    BpfpvSectionKind kind;

    split_name(line->section, &kind, &glob);
    if (*glob == '\0')
        bpfpv_conf_add_mistake(reading, line,
                               "it is for no %s; write [%s NAME], in which * stands for any text",
                               line->section, line->section);
    if (!g_hash_table_contains(reading->policies, line->section))
        g_hash_table_insert(reading->policies, line->section,
                            bpfpv_policy_add_section(reading->conf->policy, kind, glob));
}

void
bpfpv_conf_take_policy(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    g_autofree char *mistake = NULL;

    if (!line->key) {
        begin_section(reading, line);
        return;
    }
    mistake = bpfpv_settings_set(g_hash_table_lookup(reading->policies, line->section), line->key,
                                 line->value);
    if (mistake)
        bpfpv_conf_add_mistake(reading, line, "%s", mistake);
}
