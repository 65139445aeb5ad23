/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Placement's REST API; see placement-api.h. */
#include "config.h"

#include "nova-hook/placement-api.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "nova-hook/os-error.h"

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

/* Once; 401 is an answer like others. */
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

/* Returns: (transfer full): an answer that says yes */
static BpfpvHttpAnswer *
call(BpfpvPlacementApi *api, const char *method, const char *path, const char *json,
     GCancellable *cancellable, GError **error)
{
    const BpfpvSecret *token = NULL;
    g_autoptr(BpfpvHttpAnswer) answer =
        send_once(api, method, path, json, &token, cancellable, error);

    if (answer && answer->status == 401 && bpfpv_auth_forget(api->auth)) {
        bpfpv_http_answer_free(answer);
        answer = send_once(api, method, path, json, &token, cancellable, error);
    }
    if (answer && !is_success(answer->status)) {
        g_autofree char *who = g_strdup_printf("%s %s", method, path);

        bpfpv_http_set_error(error, answer, who, token);
        return NULL;
    }
    return g_steal_pointer(&answer);
}

/* For what was read: says which answer it was that can't be right. */
static gboolean
explain(gboolean is_right, const char *path, GError **error)
{
    if (!is_right)
        g_prefix_error(error, "GET %s: ", path);
    return is_right;
}

static gboolean
call_without_answer(BpfpvPlacementApi *api, const char *method, const char *path, const char *json,
                    GCancellable *cancellable, GError **error)
{
    g_autoptr(BpfpvHttpAnswer) answer = call(api, method, path, json, cancellable, error);

    return answer != NULL;
}

static char *
provider_path(const char *uuid, const char *rest)
{
    return g_strconcat("/resource_providers/", uuid, rest, NULL);
}

/* @builder: (transfer full) */
static char *
to_json(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);

    g_object_unref(builder);
    return json_to_string(root, FALSE);
}

static void
add_integer(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void
add_string(JsonBuilder *builder, const char *name, const char *value)
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
    g_autofree char *path = by_uuid ? provider_path(escaped, "")
                                    : g_strconcat("/resource_providers?name=", escaped, NULL);
    g_autoptr(BpfpvHttpAnswer) answer = NULL;
    g_autoptr(GError) cause = NULL;
    BpfpvProvider *provider = NULL;

    answer = call(api, "GET", path, NULL, cancellable, &cause);
    if (!answer && by_uuid && g_error_matches(cause, BPFPV_OS_ERROR, BPFPV_OS_ERROR_NOT_FOUND))
        return NULL;
    if (answer && by_uuid)
        provider = bpfpv_answer_provider(answer->body->str, answer->body->len, &cause);
    else if (answer)
        provider = bpfpv_answer_only_provider(answer->body->str, answer->body->len, &cause);
    if (answer)
        explain(!cause, path, &cause);
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
    add_string(builder, "name", name);
    add_string(builder, "parent_provider_uuid", parent);
    json_builder_end_object(builder);
    json = to_json(builder);
    answer = call(api, "POST", "/resource_providers", json, cancellable, error);
    return answer ? bpfpv_answer_provider(answer->body->str, answer->body->len, error) : NULL;
}

gboolean
bpfpv_placement_api_delete(BpfpvPlacementApi *api, const char *uuid, GCancellable *cancellable,
                           GError **error)
{
    g_autofree char *path = provider_path(uuid, "");

    return call_without_answer(api, "DELETE", path, NULL, cancellable, error);
}

/* ---- traits and classes ---- */

char **
bpfpv_placement_api_traits(BpfpvPlacementApi *api, const char *uuid, gint64 *generation,
                           GCancellable *cancellable, GError **error)
{
    g_autofree char *path = provider_path(uuid, "/traits");
    g_autoptr(BpfpvHttpAnswer) answer = call(api, "GET", path, NULL, cancellable, error);
    char **traits;

    if (!answer)
        return NULL;
    traits = bpfpv_answer_traits(answer->body->str, answer->body->len, generation, error);
    explain(traits != NULL, path, error);
    return traits;
}

gboolean
bpfpv_placement_api_set_traits(BpfpvPlacementApi *api, const char *uuid, char **traits,
                               gint64 *generation, GCancellable *cancellable, GError **error)
{
    g_autofree char *path = provider_path(uuid, "/traits");
    JsonBuilder *builder = json_builder_new();
    g_autoptr(BpfpvHttpAnswer) answer = NULL;
    g_autofree char *json = NULL;
    g_auto(GStrv) set = NULL;

    json_builder_begin_object(builder);
    add_integer(builder, "resource_provider_generation", *generation);
    json_builder_set_member_name(builder, "traits");
    json_builder_begin_array(builder);
    for (guint i = 0; traits[i]; i++)
        json_builder_add_string_value(builder, traits[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    json = to_json(builder);
    answer = call(api, "PUT", path, json, cancellable, error);
    if (answer)
        set = bpfpv_answer_traits(answer->body->str, answer->body->len, generation, error);
    return set != NULL;
}

static gboolean
put_word(BpfpvPlacementApi *api, const char *where, const char *word, GCancellable *cancellable,
         GError **error)
{
    g_autofree char *path = g_strconcat(where, word, NULL);

    return call_without_answer(api, "PUT", path, NULL, cancellable, error);
}

gboolean
bpfpv_placement_api_create_trait(BpfpvPlacementApi *api, const char *trait,
                                 GCancellable *cancellable, GError **error)
{
    return put_word(api, "/traits/", trait, cancellable, error);
}

gboolean
bpfpv_placement_api_create_class(BpfpvPlacementApi *api, const char *class,
                                 GCancellable *cancellable, GError **error)
{
    return put_word(api, "/resource_classes/", class, cancellable, error);
}

/* ---- inventory and use ---- */

gboolean
bpfpv_placement_api_inventory(BpfpvPlacementApi *api, const char *uuid, const char *class,
                              BpfpvInventory *inventory, gboolean *found, gint64 *generation,
                              GCancellable *cancellable, GError **error)
{
    g_autofree char *path = provider_path(uuid, "/inventories");
    g_autoptr(BpfpvHttpAnswer) answer = call(api, "GET", path, NULL, cancellable, error);

    return answer && explain(bpfpv_answer_inventory(answer->body->str, answer->body->len, class,
                                                    inventory, found, generation, error),
                             path, error);
}

gboolean
bpfpv_placement_api_set_inventory(BpfpvPlacementApi *api, const char *uuid, const char *class,
                                  const BpfpvInventory *inventory, gboolean is_new,
                                  gint64 generation, GCancellable *cancellable, GError **error)
{
    g_autofree char *rest =
        is_new ? g_strdup("/inventories") : g_strconcat("/inventories/", class, NULL);
    g_autofree char *path = provider_path(uuid, rest);
    JsonBuilder *builder = json_builder_new();
    g_autofree char *json = NULL;

    json_builder_begin_object(builder);
    if (is_new)
        add_string(builder, "resource_class", class);
    add_integer(builder, "resource_provider_generation", generation);
    add_integer(builder, "total", inventory->total);
    add_integer(builder, "reserved", inventory->reserved);
    add_integer(builder, "min_unit", inventory->min_unit);
    add_integer(builder, "max_unit", inventory->max_unit);
    add_integer(builder, "step_size", inventory->step_size);
    json_builder_set_member_name(builder, "allocation_ratio");
    json_builder_add_double_value(builder, inventory->allocation_ratio);
    json_builder_end_object(builder);
    json = to_json(builder);
    return call_without_answer(api, is_new ? "POST" : "PUT", path, json, cancellable, error);
}

gboolean
bpfpv_placement_api_usage(BpfpvPlacementApi *api, const char *uuid, const char *class, gint64 *used,
                          GCancellable *cancellable, GError **error)
{
    g_autofree char *path = provider_path(uuid, "/usages");
    g_autoptr(BpfpvHttpAnswer) answer = call(api, "GET", path, NULL, cancellable, error);

    return answer &&
           explain(bpfpv_answer_usage(answer->body->str, answer->body->len, class, used, error),
                   path, error);
}

char **
bpfpv_placement_api_consumers(BpfpvPlacementApi *api, const char *uuid, GCancellable *cancellable,
                              GError **error)
{
    g_autofree char *path = provider_path(uuid, "/allocations");
    g_autoptr(BpfpvHttpAnswer) answer = call(api, "GET", path, NULL, cancellable, error);
    char **consumers;

    if (!answer)
        return NULL;
    consumers = bpfpv_answer_consumers(answer->body->str, answer->body->len, error);
    explain(consumers != NULL, path, error);
    return consumers;
}
