/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keystone's token and catalog; see answer.h. Pure. */
#include "config.h"

#include "nova-hook/http/answer.h"

#include <string.h>

#include "nova-hook/http/answer-json.h"
#include "nova-hook/http/os-error.h"

#define SERVICE "placement"
#define MAX_TEXT 200

void
bpfpv_token_info_free(BpfpvTokenInfo *info)
{
    if (!info)
        return;
    g_free(info->endpoint);
    g_free(info->endpoints);
    g_free(info);
}

/* Returns: seconds, 0 if they can't be told */
static gint64
read_lifetime(JsonObject *token)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    const char *expires = bpfpv_json_string(token, "expires_at", NULL);
    const char *issued = bpfpv_json_string(token, "issued_at", NULL);
    g_autoptr(GDateTime) end = expires ? g_date_time_new_from_iso8601(expires, utc) : NULL;
    g_autoptr(GDateTime) begin = issued ? g_date_time_new_from_iso8601(issued, utc) : NULL;
    gint64 lifetime = end && begin ? g_date_time_difference(end, begin) / G_TIME_SPAN_SECOND : 0;

    return MAX(lifetime, 0);
}

static gboolean
is_address(const char *url)
{
    if (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://"))
        return FALSE;
    for (const char *at = url; *at; at++)
        if (!g_ascii_isgraph(*at) || *at == '@')
            return FALSE;
    return strlen(url) <= MAX_TEXT;
}

static gboolean
is_in_region(JsonObject *endpoint, const char *region)
{
    const char *id = bpfpv_json_string(endpoint, "region_id", NULL);

    if (!id)
        id = bpfpv_json_string(endpoint, "region", NULL);
    return !region || g_strcmp0(id, region) == 0;
}

/* Takes the endpoint if its interface is the one. */
static void
consider(BpfpvTokenInfo *info, JsonObject *endpoint, const char *interface, const char *region)
{
    const char *url = bpfpv_json_string(endpoint, "url", NULL);
    const char *own = bpfpv_json_string(endpoint, "interface", NULL);

    if (!info->endpoint && url && is_address(url) && g_strcmp0(own, interface) == 0 &&
        is_in_region(endpoint, region))
        info->endpoint = g_strdup(url);
}

static void
describe(GString *text, JsonObject *endpoint)
{
    const char *interface = bpfpv_json_string(endpoint, "interface", NULL);
    const char *region = bpfpv_json_string(endpoint, "region_id", NULL);

    g_string_append_printf(text, "%s%s in region %s", text->len > 0 ? ", " : "",
                           interface ? interface : "?", region ? region : "?");
}

static void
read_service(BpfpvTokenInfo *info, GString *known, JsonObject *service,
             const char *const *interfaces, const char *region)
{
    JsonArray *endpoints = bpfpv_json_array(service, "endpoints", NULL);
    guint n = endpoints ? json_array_get_length(endpoints) : 0;

    for (guint i = 0; i < n; i++)
        if (bpfpv_json_element(endpoints, i))
            describe(known, bpfpv_json_element(endpoints, i));
    for (guint k = 0; interfaces[k]; k++)
        for (guint i = 0; i < n; i++)
            if (bpfpv_json_element(endpoints, i))
                consider(info, bpfpv_json_element(endpoints, i), interfaces[k], region);
}

BpfpvTokenInfo *
bpfpv_answer_token(const char *text, gsize length, const char *const *interfaces,
                   const char *region, GError **error)
{
    g_autoptr(JsonObject) root = bpfpv_json_parse(text, length, error);
    JsonObject *token = root ? bpfpv_json_object(root, "token", error) : NULL;
    g_autoptr(BpfpvTokenInfo) info = g_new0(BpfpvTokenInfo, 1);
    g_autoptr(GString) known = g_string_new(NULL);
    JsonArray *catalog;

    if (!token)
        return NULL;
    info->lifetime_s = read_lifetime(token);
    catalog = bpfpv_json_array(token, "catalog", NULL);
    for (guint i = 0; catalog && i < json_array_get_length(catalog); i++) {
        JsonObject *service = bpfpv_json_element(catalog, i);

        if (service && g_strcmp0(bpfpv_json_string(service, "type", NULL), SERVICE) == 0)
            read_service(info, known, service, interfaces, region);
    }
    info->endpoints = bpfpv_os_clean(known->str, known->len, MAX_TEXT);
    return g_steal_pointer(&info);
}
