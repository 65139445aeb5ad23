/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Placement answers; see answer.h. Pure. */
#include "config.h"

#include "nova-hook/http/answer.h"

#include <string.h>

#include "nova-hook/http/answer-json.h"
#include "nova-hook/http/os-error.h"

/* Names and traits as Placement limits them. */
#define MAX_NAME 255

void
bpfpv_provider_free(BpfpvProvider *provider)
{
    if (!provider)
        return;
    g_free(provider->uuid);
    g_free(provider->name);
    g_free(provider->parent);
    g_free(provider->root);
    g_free(provider);
}

static void
set_error(GError **error, const char *what)
{
    g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_MALFORMED, "the answer has no right \"%s\"",
                what);
}

/* "1.39" to 39 */
static gboolean
minor_version(JsonObject *version, const char *name, guint *minor, GError **error)
{
    const char *text = bpfpv_json_string(version, name, error);
    guint64 number;

    if (!text)
        return FALSE;
    if (!g_str_has_prefix(text, "1.") ||
        !g_ascii_string_to_unsigned(text + 2, 10, 0, 9999, &number, NULL)) {
        set_error(error, name);
        return FALSE;
    }
    *minor = (guint)number;
    return TRUE;
}

gboolean
bpfpv_answer_versions(const char *text, gsize length, guint *min, guint *max, GError **error)
{
    g_autoptr(JsonObject) root = bpfpv_json_parse(text, length, error);
    JsonArray *versions = root ? bpfpv_json_array(root, "versions", error) : NULL;

    for (guint i = 0; versions && i < json_array_get_length(versions); i++) {
        JsonObject *version = bpfpv_json_element(versions, i);

        if (version && minor_version(version, "min_version", min, NULL))
            return minor_version(version, "max_version", max, error);
    }
    if (versions)
        set_error(error, "versions");
    return FALSE;
}

/* ---- providers ---- */

/* They become parts of addresses. */
static gboolean
is_uuid(const char *text)
{
    return text && g_uuid_string_is_valid(text);
}

static BpfpvProvider *
read_provider(JsonObject *object, GError **error)
{
    g_autoptr(BpfpvProvider) provider = g_new0(BpfpvProvider, 1);
    const char *name;

    provider->uuid = g_strdup(bpfpv_json_string(object, "uuid", error));
    if (!provider->uuid)
        return NULL;
    name = bpfpv_json_string(object, "name", error);
    if (!name || !bpfpv_json_integer(object, "generation", &provider->generation, error))
        return NULL;
    provider->name = g_strdup(name);
    provider->parent = g_strdup(bpfpv_json_string(object, "parent_provider_uuid", NULL));
    provider->root = g_strdup(bpfpv_json_string(object, "root_provider_uuid", NULL));
    if (!is_uuid(provider->uuid) || (provider->parent && !is_uuid(provider->parent)) ||
        strlen(name) > MAX_NAME) {
        set_error(error, is_uuid(provider->uuid) ? "name" : "uuid");
        return NULL;
    }
    return g_steal_pointer(&provider);
}

BpfpvProvider *
bpfpv_answer_provider(const char *text, gsize length, GError **error)
{
    g_autoptr(JsonObject) root = bpfpv_json_parse(text, length, error);

    return root ? read_provider(root, error) : NULL;
}

BpfpvProvider *
bpfpv_answer_only_provider(const char *text, gsize length, GError **error)
{
    g_autoptr(JsonObject) root = bpfpv_json_parse(text, length, error);
    JsonArray *list = root ? bpfpv_json_array(root, "resource_providers", error) : NULL;
    JsonObject *first;

    if (!list || json_array_get_length(list) == 0)
        return NULL;
    first = bpfpv_json_element(list, 0);
    if (first && json_array_get_length(list) == 1)
        return read_provider(first, error);
    set_error(error, "resource_providers");
    return NULL;
}

/* ---- what a provider has ---- */

static int
compare_strings(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char **
sorted(GPtrArray *strings)
{
    g_ptr_array_sort(strings, compare_strings);
    g_ptr_array_add(strings, NULL);
    return (char **)g_ptr_array_free(strings, FALSE);
}

char **
bpfpv_answer_traits(const char *text, gsize length, gint64 *generation, GError **error)
{
    g_autoptr(JsonObject) root = bpfpv_json_parse(text, length, error);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    JsonArray *traits;

    if (!root || !bpfpv_json_integer(root, "resource_provider_generation", generation, error))
        return NULL;
    traits = bpfpv_json_array(root, "traits", error);
    if (!traits)
        return NULL;
    for (guint i = 0; i < json_array_get_length(traits); i++) {
        const char *name = bpfpv_json_string_element(traits, i);

        if (!name || strlen(name) > MAX_NAME) {
            set_error(error, "traits");
            return NULL;
        }
        g_ptr_array_add(names, g_strdup(name));
    }
    return sorted(g_steal_pointer(&names));
}

/* Placement writes 1.0, others might write 1. */
static gboolean
read_ratio(JsonObject *object, double *ratio, GError **error)
{
    JsonNode *node = json_object_get_member(object, "allocation_ratio");
    GType type = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_NONE;

    if (type != G_TYPE_DOUBLE && type != G_TYPE_INT64) {
        set_error(error, "allocation_ratio");
        return FALSE;
    }
    *ratio = json_node_get_double(node);
    return TRUE;
}

gboolean
bpfpv_answer_inventory(const char *text, gsize length, const char *class, BpfpvInventory *inventory,
                       gboolean *found, gint64 *generation, GError **error)
{
    g_autoptr(JsonObject) root = bpfpv_json_parse(text, length, error);
    JsonObject *all, *one;

    if (!root || !bpfpv_json_integer(root, "resource_provider_generation", generation, error))
        return FALSE;
    all = bpfpv_json_object(root, "inventories", error);
    if (!all)
        return FALSE;
    *found = json_object_has_member(all, class);
    if (!*found)
        return TRUE;
    one = bpfpv_json_object(all, class, error);
    return one && bpfpv_json_integer(one, "total", &inventory->total, error) &&
           bpfpv_json_integer(one, "reserved", &inventory->reserved, error) &&
           bpfpv_json_integer(one, "min_unit", &inventory->min_unit, error) &&
           bpfpv_json_integer(one, "max_unit", &inventory->max_unit, error) &&
           bpfpv_json_integer(one, "step_size", &inventory->step_size, error) &&
           read_ratio(one, &inventory->allocation_ratio, error);
}

gboolean
bpfpv_answer_usage(const char *text, gsize length, const char *class, gint64 *used, GError **error)
{
    g_autoptr(JsonObject) root = bpfpv_json_parse(text, length, error);
    JsonObject *usages = root ? bpfpv_json_object(root, "usages", error) : NULL;

    *used = 0;
    if (!usages)
        return FALSE;
    return !json_object_has_member(usages, class) || bpfpv_json_integer(usages, class, used, error);
}

char **
bpfpv_answer_consumers(const char *text, gsize length, GError **error)
{
    g_autoptr(JsonObject) root = bpfpv_json_parse(text, length, error);
    JsonObject *allocations = root ? bpfpv_json_object(root, "allocations", error) : NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GList) members = NULL;

    if (!allocations)
        return NULL;
    members = json_object_get_members(allocations);
    for (const GList *at = members; at; at = at->next)
        g_ptr_array_add(names, bpfpv_os_clean(at->data, strlen(at->data), MAX_NAME));
    return sorted(g_steal_pointer(&names));
}

/* ---- errors ---- */

/* Placement: {"errors": [{"detail", "code"}]}; Keystone: {"error": {"message"}}; what stands before
 * both: {"message"} */
char *
bpfpv_answer_error(const char *text, gsize length, char **code)
{
    g_autoptr(JsonObject) root = bpfpv_json_parse(text, length, NULL);
    JsonArray *errors = root ? bpfpv_json_array(root, "errors", NULL) : NULL;
    JsonObject *first =
        errors && json_array_get_length(errors) > 0 ? bpfpv_json_element(errors, 0) : NULL;
    JsonObject *keystone = root ? bpfpv_json_object(root, "error", NULL) : NULL;
    const char *name = first ? bpfpv_json_string(first, "code", NULL) : NULL;
    const char *detail = NULL;

    if (first)
        detail = bpfpv_json_string(first, "detail", NULL);
    else if (root)
        detail = bpfpv_json_string(keystone ? keystone : root, "message", NULL);
    *code = g_strdup(name ? name : "");
    return g_strdup(detail ? detail : "");
}
