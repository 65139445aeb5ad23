/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings of placement.conf, and what each of them may be; see private.h. */
#include "config.h"

#include <string.h>

#include "nova-hook/conf/private.h"

typedef enum {
    KIND_TEXT,
    KIND_ADDRESS,
    KIND_SECONDS, /* 1 to 3600 */
    KIND_ANCHORS, /* 0 to 65536 */
    KIND_LIST,
    KIND_ON_STOP,
    KIND_AUTH_TYPE,
    KIND_CREDENTIALS,
} Kind;

static const struct {
    const char *section;
    const char *key;
    Kind kind;
    gsize offset; /* in BpfpvAgentConf */
} settings[] = {
#define SETTING(section, key, kind, member)                                                        \
    {                                                                                              \
        section, key, kind, G_STRUCT_OFFSET(BpfpvAgentConf, member)                                \
    }
    SETTING("placement", "auth_type", KIND_AUTH_TYPE, auth_type),
    SETTING("placement", "auth_url", KIND_ADDRESS, auth_url),
    SETTING("placement", "username", KIND_TEXT, username),
    SETTING("placement", "user_id", KIND_TEXT, user_id),
    SETTING("placement", "user_domain_name", KIND_TEXT, user_domain_name),
    SETTING("placement", "user_domain_id", KIND_TEXT, user_domain_id),
    SETTING("placement", "project_name", KIND_TEXT, project_name),
    SETTING("placement", "project_id", KIND_TEXT, project_id),
    SETTING("placement", "project_domain_name", KIND_TEXT, project_domain_name),
    SETTING("placement", "project_domain_id", KIND_TEXT, project_domain_id),
    SETTING("placement", "application_credential_id", KIND_TEXT, application_credential_id),
    SETTING("placement", "region_name", KIND_TEXT, region_name),
    SETTING("placement", "valid_interfaces", KIND_LIST, valid_interfaces),
    SETTING("placement", "endpoint_override", KIND_ADDRESS, endpoint_override),
    SETTING("placement", "cafile", KIND_TEXT, cafile),
    SETTING("placement", "timeout", KIND_SECONDS, timeout_s),
    SETTING("placement", "credentials", KIND_CREDENTIALS, secret),
    SETTING("node", "provider", KIND_TEXT, provider),
    SETTING("node", "compute_id", KIND_TEXT, compute_id),
    SETTING("node", "nova_conf", KIND_TEXT, nova_conf),
    SETTING("agent", "interval", KIND_SECONDS, interval_s),
    SETTING("agent", "on_stop", KIND_ON_STOP, keep_on_stop),
    SETTING("agent", "anchors", KIND_ANCHORS, anchors),
    SETTING("agent", "provider_config_dir", KIND_TEXT, provider_config_dir),
#undef SETTING
};

static const char *const auth_types[] = {
    [BPFPV_AUTH_NOAUTH2] = "noauth2",
    [BPFPV_AUTH_PASSWORD] = "password",
    [BPFPV_AUTH_APPLICATION_CREDENTIAL] = "v3applicationcredential",
};

/* Sets @error if @problem is not NULL. What is before an "@" may be a password. */
static gboolean
check(const char *problem, gsize i, const char *value, GError **error)
{
    if (problem)
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "[%s] %s=%s: %s",
                    settings[i].section, settings[i].key, strchr(value, '@') ? "..." : value,
                    problem);
    return problem == NULL;
}

static const char *
take_number(const char *value, guint64 min, guint64 max, const char *problem, guint *number)
{
    guint64 parsed;

    if (!g_ascii_string_to_unsigned(value, 10, min, max, &parsed, NULL))
        return problem;
    *number = (guint)parsed;
    return NULL;
}

static const char *
take_address(const char *value, char **address)
{
    if (!g_str_has_prefix(value, "http://") && !g_str_has_prefix(value, "https://"))
        return "an address begins with http:// or https://";
    if (!g_uri_is_valid(value, G_URI_FLAGS_NONE, NULL))
        return "no valid address";
    if (strchr(value, '@'))
        return "a user or password in an address ends up in logs; see bpfpv-placement(8)";
    g_free(*address);
    *address = g_strdup(value);
    return NULL;
}

static const char *
take_list(const char *value, char ***list)
{
    char **parts = g_strsplit(value, ",", -1);

    for (guint i = 0; parts[i]; i++)
        g_strstrip(parts[i]);
    g_strfreev(*list);
    *list = parts;
    return NULL;
}

/* keystoneauth's other names for the same are understood, too. */
static const char *
take_auth_type(const char *value, BpfpvAuthType *type)
{
    const char *name = g_str_equal(value, "v3password") ? "password" : value;

    for (gsize i = 0; i < G_N_ELEMENTS(auth_types); i++) {
        if (g_str_equal(name, auth_types[i])) {
            *type = (BpfpvAuthType)i;
            return NULL;
        }
    }
    return "known are password, v3applicationcredential and noauth2";
}

static gboolean
take(BpfpvAgentConf *conf, gsize i, const char *value, GError **error)
{
    void *to = (char *)conf + settings[i].offset;
    const char *problem = NULL;

    switch (settings[i].kind) {
    case KIND_TEXT:
        g_free(*(char **)to);
        *(char **)to = g_strdup(value);
        break;
    case KIND_ADDRESS:
        problem = take_address(value, to);
        break;
    case KIND_SECONDS:
        problem = take_number(value, 1, 3600, "not a number of seconds, 1 to 3600", to);
        break;
    case KIND_ANCHORS:
        problem = take_number(value, 0, 65536, "not a number of CPUs, 0 to 65536", to);
        break;
    case KIND_LIST:
        problem = take_list(value, to);
        break;
    case KIND_AUTH_TYPE:
        problem = take_auth_type(value, to);
        break;
    case KIND_ON_STOP:
        *(gboolean *)to = g_str_equal(value, "keep");
        if (!*(gboolean *)to && !g_str_equal(value, "remove"))
            problem = "either remove or keep";
        break;
    case KIND_CREDENTIALS: /* read later, if at all */
        break;
    }
    return check(problem, i, value, error);
}

gboolean
bpfpv_agent_conf_set(BpfpvAgentConf *conf, const char *section, const char *key, const char *value,
                     gboolean *known, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
        *known = g_str_equal(settings[i].section, section) && g_str_equal(settings[i].key, key);
        if (*known)
            return take(conf, i, value, error);
    }
    return FALSE;
}

void
bpfpv_agent_conf_clear(BpfpvAgentConf *conf)
{
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++)
        if (settings[i].kind == KIND_TEXT || settings[i].kind == KIND_ADDRESS)
            g_free(*(char **)((char *)conf + settings[i].offset));
}

const char *
bpfpv_agent_conf_auth_name(BpfpvAuthType type)
{
    return auth_types[type];
}
