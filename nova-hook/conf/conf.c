/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* placement.conf; see conf.h. What can't be right is said, with file, section and key. */
#include "config.h"

#include "nova-hook/conf/conf.h"

#include <string.h>

#include "nova-hook/conf/private.h"
#include "nova-hook/conf/credentials.h"

#define DEFAULT_FILE SYSCONFDIR "/bpfpv/placement.conf"
#define DEFAULT_CREDENTIALS SYSCONFDIR "/bpfpv/placement.credentials"

/* Somebody may have put a password where none belongs, or without "=". So what GLib says of a
 * mistake isn't passed on, as it quotes; what is said here has the number of the line or a name
 * that looks like a setting's. */

/* Which line GLib doesn't take; 0: each by itself would do. */
static guint
find_wrong_line(const char *file)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL))
        return 0;
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        g_autoptr(GKeyFile) keys = g_key_file_new();
        g_autofree char *one = g_strconcat("[section]\n", lines[i], NULL);

        if (!g_key_file_load_from_data(keys, one, (gsize)-1, G_KEY_FILE_NONE, NULL))
            return i + 1;
    }
    return 0;
}

static gboolean
load_keys(GKeyFile *keys, const char *file, GError **error)
{
    g_autoptr(GError) cause = NULL;
    guint line;

    if (g_key_file_load_from_file(keys, file, G_KEY_FILE_NONE, &cause))
        return TRUE;
    if (cause->domain != G_KEY_FILE_ERROR) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    line = find_wrong_line(file);
    if (line > 0)
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_PARSE,
                    "line %u is neither [SECTION] nor KEY=VALUE nor a comment", line);
    else
        g_set_error_literal(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_PARSE,
                            "does not begin with a [SECTION]");
    return FALSE;
}

static gboolean
is_name(const char *key)
{
    for (const char *at = key; *at; at++)
        if (!g_ascii_islower(*at) && *at != '_')
            return FALSE;
    return TRUE;
}

/* Returns: (nullable): why a key can't be one, whatever its value */
static const char *
find_misplaced(const char *key)
{
    if (!is_name(key))
        return "is no setting's name; see bpfpv-placement(8)";
    if (strstr(key, "password") || strstr(key, "secret"))
        return "does not belong here, where everybody may read it, but into the file of "
               "credentials; see bpfpv-placement(8)";
    return NULL;
}

static gboolean
take_key(BpfpvAgentConf *conf, GKeyFile *keys, const char *section, const char *key, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *value = g_key_file_get_string(keys, section, key, &cause);
    const char *misplaced = find_misplaced(key);
    gboolean known = FALSE;

    if (misplaced) {
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND, "[%s] %s= %s", section,
                    is_name(key) ? key : "...", misplaced);
        return FALSE;
    }
    if (cause) { /* there may be a value all the same */
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                    "[%s] %s= is not UTF-8, or has a backslash before what none belongs before",
                    section, key);
        return FALSE;
    }
    if (bpfpv_agent_conf_set(conf, section, key, g_strstrip(value), &known, error))
        return TRUE;
    if (!known)
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND,
                    "[%s] %s= is not a setting; see bpfpv-placement(8)", section, key);
    return FALSE;
}

static gboolean
take_file(BpfpvAgentConf *conf, GKeyFile *keys, GError **error)
{
    g_auto(GStrv) sections = g_key_file_get_groups(keys, NULL);

    for (gsize s = 0; sections[s]; s++) {
        g_auto(GStrv) names = g_key_file_get_keys(keys, sections[s], NULL, NULL);

        for (gsize k = 0; names && names[k]; k++)
            if (!take_key(conf, keys, sections[s], names[k], error))
                return FALSE;
    }
    return TRUE;
}

/* Which settings must be there depends on others. */
static const char *
find_missing(const BpfpvAgentConf *conf)
{
    if (conf->auth_type == BPFPV_AUTH_NOAUTH2)
        return conf->endpoint_override ? NULL : "endpoint_override";
    if (!conf->auth_url)
        return "auth_url";
    if (conf->auth_type == BPFPV_AUTH_APPLICATION_CREDENTIAL)
        return conf->application_credential_id ? NULL : "application_credential_id";
    if (!conf->user_id && !conf->username)
        return "username";
    if (!conf->user_id && !conf->user_domain_name && !conf->user_domain_id)
        return "user_domain_name";
    if (!conf->project_id && !conf->project_name)
        return "project_name";
    if (!conf->project_id && !conf->project_domain_name && !conf->project_domain_id)
        return "project_domain_name";
    return NULL;
}

static gboolean
read_credentials(BpfpvAgentConf *conf, GKeyFile *keys, GError **error)
{
    g_autofree char *path = g_key_file_get_string(keys, "placement", "credentials", NULL);
    const char *missing = find_missing(conf);

    if (missing) {
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND,
                    "[placement] auth_type=%s needs %s=",
                    bpfpv_agent_conf_auth_name(conf->auth_type), missing);
        return FALSE;
    }
    if (conf->auth_type == BPFPV_AUTH_NOAUTH2)
        return TRUE;
    conf->secret = bpfpv_credentials_read(
        path, DEFAULT_CREDENTIALS,
        conf->auth_type == BPFPV_AUTH_PASSWORD ? "password" : "application_credential_secret",
        error);
    return conf->secret != NULL;
}

static BpfpvAgentConf *
new_conf(void)
{
    BpfpvAgentConf *conf = g_new0(BpfpvAgentConf, 1);

    conf->auth_type = BPFPV_AUTH_PASSWORD;
    conf->valid_interfaces = g_strsplit("internal,public", ",", -1);
    conf->timeout_s = 30;
    conf->interval_s = 60;
    conf->anchors = -1;
    return conf;
}

BpfpvAgentConf *
bpfpv_agent_conf_load(const char *path, gboolean with_credentials, GError **error)
{
    const char *file = path ? path : DEFAULT_FILE;
    g_autoptr(BpfpvAgentConf) conf = new_conf();
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autoptr(GError) cause = NULL;

    if (load_keys(keys, file, &cause))
        take_file(conf, keys, &cause);
    else if (!path && !with_credentials && g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_clear_error(&cause);
    if (!cause)
        bpfpv_agent_conf_take_nova(conf, &cause);
    if (!cause && with_credentials)
        read_credentials(conf, keys, &cause);
    if (cause) {
        g_propagate_prefixed_error(error, g_steal_pointer(&cause), "%s: ", file);
        return NULL;
    }
    return g_steal_pointer(&conf);
}

void
bpfpv_agent_conf_free(BpfpvAgentConf *conf)
{
    if (!conf)
        return;
    bpfpv_agent_conf_clear(conf);
    g_strfreev(conf->valid_interfaces);
    bpfpv_secret_free(conf->secret);
    g_free(conf);
}
