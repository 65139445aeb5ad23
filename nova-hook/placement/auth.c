/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens; see auth.h. Keystone's API: POST /v3/auth/tokens. */
#include "config.h"

#include "nova-hook/placement/auth.h"

#include <string.h>

#include "nova-hook/http/answer.h"
#include "nova-hook/http/os-error.h"

/* Where a token doesn't say how long it lives. */
#define DEFAULT_LIFETIME_S 300
/* What noauth2 takes for an administrator. */
#define NOAUTH2_TOKEN "admin"

struct _BpfpvAuth {
    const BpfpvAgentConf *conf;
    BpfpvHttp *http;
    BpfpvSecret *token; /* NULL: none yet, or not any more */
    char *endpoint;
    gint64 renew_us; /* monotonic */
};

BpfpvAuth *
bpfpv_auth_new(const BpfpvAgentConf *conf, BpfpvHttp *http)
{
    BpfpvAuth *auth = g_new0(BpfpvAuth, 1);

    auth->conf = conf;
    auth->http = http;
    return auth;
}

void
bpfpv_auth_free(BpfpvAuth *auth)
{
    if (!auth)
        return;
    bpfpv_secret_free(auth->token);
    g_free(auth->endpoint);
    g_free(auth);
}

/* ---- the request: it has the password in it ---- */

static void
append(BpfpvSecret *body, const char *json)
{
    bpfpv_secret_append(body, json, strlen(json));
}

static void
append_member(BpfpvSecret *body, const char *name, const char *value)
{
    append(body, "\"");
    append(body, name);
    append(body, "\":\"");
    bpfpv_secret_append_json(body, value);
    append(body, "\"");
}

/* "KIND":{"id":…} or {"name":…,"domain":{…}} */
static void
append_named(BpfpvSecret *body, const char *kind, const char *id, const char *name,
             const char *domain_id, const char *domain_name)
{
    append(body, "\"");
    append(body, kind);
    append(body, "\":{");
    if (id) {
        append_member(body, "id", id);
    } else {
        append_member(body, "name", name);
        append(body, ",\"domain\":{");
        append_member(body, domain_id ? "id" : "name", domain_id ? domain_id : domain_name);
        append(body, "}");
    }
}

static BpfpvSecret *
make_request(const BpfpvAgentConf *conf)
{
    BpfpvSecret *body = bpfpv_secret_new("", 0);

    if (conf->auth_type == BPFPV_AUTH_APPLICATION_CREDENTIAL) {
        append(body, "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"],"
                     "\"application_credential\":{");
        append_member(body, "id", conf->application_credential_id);
        append(body, ",");
        append_member(body, "secret", bpfpv_secret_text(conf->secret));
        append(body, "}}}}");
        return body;
    }
    append(body, "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{");
    append_named(body, "user", conf->user_id, conf->username, conf->user_domain_id,
                 conf->user_domain_name);
    append(body, ",");
    append_member(body, "password", bpfpv_secret_text(conf->secret));
    append(body, "}}},\"scope\":{");
    append_named(body, "project", conf->project_id, conf->project_name, conf->project_domain_id,
                 conf->project_domain_name);
    append(body, "}}}}");
    return body;
}

/* Both ".../identity" and ".../identity/v3" are common. */
static char *
tokens_url(const char *auth_url)
{
    g_autofree char *base = g_strdup(auth_url);

    while (g_str_has_suffix(base, "/"))
        base[strlen(base) - 1] = '\0';
    return g_strconcat(base, g_str_has_suffix(base, "/v3") ? "" : "/v3", "/auth/tokens", NULL);
}

/* ---- the answer ---- */

static gboolean
set_endpoint(BpfpvAuth *auth, const char *endpoint, const char *known, GError **error)
{
    const BpfpvAgentConf *conf = auth->conf;

    g_clear_pointer(&auth->endpoint, g_free);
    if (conf->endpoint_override)
        endpoint = conf->endpoint_override;
    if (!endpoint) {
        g_autofree char *interfaces = g_strjoinv(" or ", conf->valid_interfaces);

        g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_FAILED,
                    "Keystone's catalog has no placement service with interface %s%s%s (it has: "
                    "%s); see endpoint_override=, valid_interfaces= and region_name=",
                    interfaces, conf->region_name ? " in region " : "",
                    conf->region_name ? conf->region_name : "", *known ? known : "none");
        return FALSE;
    }
    auth->endpoint = g_strdup(endpoint);
    while (g_str_has_suffix(auth->endpoint, "/"))
        auth->endpoint[strlen(auth->endpoint) - 1] = '\0';
    return TRUE;
}

static gboolean
take_token(BpfpvAuth *auth, BpfpvHttpAnswer *answer, gint64 asked_us, GError **error)
{
    const BpfpvAgentConf *conf = auth->conf;
    g_autoptr(BpfpvTokenInfo) info =
        bpfpv_answer_token(answer->body->str, answer->body->len,
                           (const char *const *)conf->valid_interfaces, conf->region_name, error);
    gint64 lifetime_s;

    if (!info || !set_endpoint(auth, info->endpoint, info->endpoints, error))
        return FALSE;
    if (!answer->subject_token || bpfpv_secret_length(answer->subject_token) == 0) {
        g_set_error_literal(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_MALFORMED,
                            "the answer has no X-Subject-Token");
        return FALSE;
    }
    auth->token = g_steal_pointer(&answer->subject_token);
    lifetime_s = info->lifetime_s > 0 ? MIN(info->lifetime_s, 86400) : DEFAULT_LIFETIME_S;
    auth->renew_us = asked_us + lifetime_s * G_USEC_PER_SEC / 5 * 4;
    g_debug("a new token, for %" G_GINT64_FORMAT " s", lifetime_s);
    return TRUE;
}

static gboolean
get_token(BpfpvAuth *auth, GCancellable *cancellable, GError **error)
{
    g_autofree char *url = tokens_url(auth->conf->auth_url);
    g_autoptr(BpfpvSecret) body = make_request(auth->conf);
    g_autoptr(BpfpvHttpAnswer) answer = NULL;
    BpfpvHttpRequest request = {
        .method = "POST", .url = url, .body = body, .hide = auth->conf->secret};
    gint64 asked_us = g_get_monotonic_time();

    answer = bpfpv_http_send(auth->http, &request, cancellable, error);
    if (!answer)
        return FALSE;
    if (answer->status != 201 && answer->status != 200) {
        bpfpv_http_set_error(error, answer, url, auth->conf->secret);
        return FALSE;
    }
    if (take_token(auth, answer, asked_us, error))
        return TRUE;
    g_prefix_error(error, "%s: ", url);
    return FALSE;
}

const BpfpvSecret *
bpfpv_auth_get(BpfpvAuth *auth, const char **endpoint, GCancellable *cancellable, GError **error)
{
    if (auth->token && g_get_monotonic_time() >= auth->renew_us)
        g_clear_pointer(&auth->token, bpfpv_secret_free);
    if (!auth->token && auth->conf->auth_type == BPFPV_AUTH_NOAUTH2) {
        if (!set_endpoint(auth, NULL, "", error))
            return NULL;
        auth->token = bpfpv_secret_new(NOAUTH2_TOKEN, strlen(NOAUTH2_TOKEN));
        auth->renew_us = G_MAXINT64;
    }
    if (!auth->token && !get_token(auth, cancellable, error)) {
        g_prefix_error_literal(error, "Keystone: ");
        return NULL;
    }
    *endpoint = auth->endpoint;
    return auth->token;
}

gboolean
bpfpv_auth_forget(BpfpvAuth *auth)
{
    if (auth->conf->auth_type == BPFPV_AUTH_NOAUTH2)
        return FALSE;
    g_clear_pointer(&auth->token, bpfpv_secret_free);
    return TRUE;
}
