/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Placement's REST API: requests, and providers; see api.h. */
#include "config.h"

#include <string.h>

#include "nova-hook/http/os-error.h"
#include "nova-hook/placement/private.h"

/* Nested providers among allocation candidates; a reserve of everything is 1.26. */
#define MICROVERSION 29

struct _BpfpvPlacementApi {
    BpfpvAuth *auth;
    BpfpvHttp *http;
    char *version; /* "placement 1.29"; NULL: not asked yet */
};

BpfpvPlacementApi *
bpfpv_placement_api_new(BpfpvAuth *auth, BpfpvHttp *http)
{
    BpfpvPlacementApi *api = g_new0(BpfpvPlacementApi, 1);

    api->auth = auth;
    api->http = http;
    return api;
}

void
bpfpv_placement_api_free(BpfpvPlacementApi *api)
{
    if (!api)
        return;
    g_free(api->version);
    g_free(api);
}

/* ---- a request ---- */

static gboolean
is_success(guint status)
{
    return status >= 200 && status <= 299;
}

static gboolean
negotiate(BpfpvPlacementApi *api, const char *endpoint, const BpfpvSecret *token,
          GCancellable *cancellable, GError **error)
{
    g_autofree char *url = g_strconcat(endpoint, "/", NULL);
    BpfpvHttpRequest request = {.method = "GET", .url = url, .token = token};
    g_autoptr(BpfpvHttpAnswer) answer = bpfpv_http_send(api->http, &request, cancellable, error);
    guint min = 0, max = 0;

    if (!answer)
        return FALSE;
    if (!is_success(answer->status)) {
        bpfpv_http_set_error(error, answer, url, token);
        return FALSE;
    }
    if (!bpfpv_answer_versions(answer->body->str, answer->body->len, &min, &max, error)) {
        g_prefix_error(error, "%s: ", url);
        return FALSE;
    }
    if (max < MICROVERSION) {
        g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_FAILED,
                    "%s: speaks microversions up to 1.%u, 1.%d is needed: OpenStack release "
                    "Rocky or later",
                    url, max, MICROVERSION);
        return FALSE;
    }
    api->version = g_strdup_printf("placement 1.%u", MAX(min, MICROVERSION));
    return TRUE;
}

/* Once. @token: (out): what it was sent with; %NULL if there was none to be had */
static BpfpvHttpAnswer *
send_once(BpfpvPlacementApi *api, const char *method, const char *path, const char *json,
          const BpfpvSecret **token, GCancellable *cancellable, GError **error)
{
    const char *endpoint = NULL;
    g_autofree char *url = NULL;
    g_autoptr(BpfpvSecret) body = json ? bpfpv_secret_new(json, strlen(json)) : NULL;
    BpfpvHttpRequest request = {.method = method, .body = body};

    *token = bpfpv_auth_get(api->auth, &endpoint, cancellable, error);
    if (!*token)
        return NULL;
    if (!api->version && !negotiate(api, endpoint, *token, cancellable, error))
        return NULL;
    url = g_strconcat(endpoint, path, NULL);
    request.url = url;
    request.token = *token;
    request.version = api->version;
    return bpfpv_http_send(api->http, &request, cancellable, error);
}

/* By the answer, or already by that to the question for versions. Without a token it was Keystone
 * that refused, and asking again would only count as another wrong password. */
static gboolean
is_token_refused(const BpfpvHttpAnswer *answer, const BpfpvSecret *token, const GError *cause)
{
    if (answer)
        return answer->status == 401;
    return token && g_error_matches(cause, BPFPV_OS_ERROR, BPFPV_OS_ERROR_UNAUTHORIZED);
}

BpfpvHttpAnswer *
bpfpv_placement_call(BpfpvPlacementApi *api, const char *method, const char *path, const char *json,
                     GCancellable *cancellable, GError **error)
{
    const BpfpvSecret *token = NULL;
    g_autoptr(GError) cause = NULL;
    g_autoptr(BpfpvHttpAnswer) answer =
        send_once(api, method, path, json, &token, cancellable, &cause);

    if (is_token_refused(answer, token, cause) && bpfpv_auth_forget(api->auth)) {
        g_clear_pointer(&answer, bpfpv_http_answer_free);
        g_clear_error(&cause);
        answer = send_once(api, method, path, json, &token, cancellable, &cause);
    }
    if (cause)
        g_propagate_error(error, g_steal_pointer(&cause));
    if (answer && !is_success(answer->status)) {
        g_autofree char *who = g_strdup_printf("%s %s", method, path);

        bpfpv_http_set_error(error, answer, who, token);
        return NULL;
    }
    return g_steal_pointer(&answer);
}

gboolean
bpfpv_placement_explain(gboolean is_right, const char *path, GError **error)
{
    if (!is_right)
        g_prefix_error(error, "GET %s: ", path);
    return is_right;
}

gboolean
bpfpv_placement_do(BpfpvPlacementApi *api, const char *method, const char *path, const char *json,
                   GCancellable *cancellable, GError **error)
{
    g_autoptr(BpfpvHttpAnswer) answer =
        bpfpv_placement_call(api, method, path, json, cancellable, error);

    return answer != NULL;
}

char *
bpfpv_placement_path(const char *uuid, const char *rest)
{
    return g_strconcat("/resource_providers/", uuid, rest, NULL);
}

char *
bpfpv_placement_json(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    g_object_unref(builder);
    return json_to_string(root, FALSE);
}

void
bpfpv_placement_add_integer(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

void
bpfpv_placement_add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

/* ---- providers ---- */

BpfpvProvider *
bpfpv_placement_api_find(BpfpvPlacementApi *api, const char *uuid_or_name,
                         GCancellable *cancellable, GError **error)
{
    g_autofree char *escaped = g_uri_escape_string(uuid_or_name, NULL, FALSE);
    gboolean by_uuid = g_uuid_string_is_valid(uuid_or_name);
    g_autofree char *path = by_uuid ? bpfpv_placement_path(escaped, "")
                                    : g_strconcat("/resource_providers?name=", escaped, NULL);
    g_autoptr(BpfpvHttpAnswer) answer = NULL;
    g_autoptr(GError) cause = NULL;
    BpfpvProvider *provider = NULL;

    answer = bpfpv_placement_call(api, "GET", path, NULL, cancellable, &cause);
    if (!answer && by_uuid && g_error_matches(cause, BPFPV_OS_ERROR, BPFPV_OS_ERROR_NOT_FOUND))
        return NULL;
    if (answer && by_uuid)
        provider = bpfpv_answer_provider(answer->body->str, answer->body->len, &cause);
    else if (answer)
        provider = bpfpv_answer_only_provider(answer->body->str, answer->body->len, &cause);
    if (answer)
        bpfpv_placement_explain(!cause, path, &cause);
    if (cause)
        g_propagate_error(error, g_steal_pointer(&cause));
    return provider;
}

BpfpvProvider *
bpfpv_placement_api_create_child(BpfpvPlacementApi *api, const char *name, const char *parent,
                                 GCancellable *cancellable, GError **error)
{
    JsonBuilder *builder = json_builder_new();
    g_autoptr(BpfpvHttpAnswer) answer = NULL;
    g_autofree char *json = NULL;

    json_builder_begin_object(builder);
    bpfpv_placement_add_string(builder, "name", name);
    bpfpv_placement_add_string(builder, "parent_provider_uuid", parent);
    json_builder_end_object(builder);
    json = bpfpv_placement_json(builder);
    answer = bpfpv_placement_call(api, "POST", "/resource_providers", json, cancellable, error);
    return answer ? bpfpv_answer_provider(answer->body->str, answer->body->len, error) : NULL;
}

gboolean
bpfpv_placement_api_delete(BpfpvPlacementApi *api, const char *uuid, GCancellable *cancellable,
                           GError **error)
{
    g_autofree char *path = bpfpv_placement_path(uuid, "");

    return bpfpv_placement_do(api, "DELETE", path, NULL, cancellable, error);
}
