/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typed access to JSON; see answer-json.h. Pure. */
#include "config.h"

#include "nova-hook/http/answer-json.h"

#include "core/json-check.h"
#include "nova-hook/http/os-error.h"

static void
set_error(GError **error, const char *name)
{
    g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_MALFORMED, "the answer has no right \"%s\"",
                name);
}

JsonObject *
bpfpv_json_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new_immutable();
    const char *problem = NULL;
    JsonNode *root;

    if (!g_utf8_validate(text, (gssize)length, NULL))
        problem = "is not UTF-8";
    else if (!bpfpv_json_is_harmless(text, length))
        problem = "is not the JSON of a service";
    else if (!json_parser_load_from_data(parser, text, (gssize)length, NULL))
        problem = "is not JSON";
    root = problem ? NULL : json_parser_get_root(parser);
    if (!problem && (!root || !JSON_NODE_HOLDS_OBJECT(root)))
        problem = "is no JSON object";
    if (problem) {
        g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_MALFORMED,
                    "the answer %s; is this the right address?", problem);
        return NULL;
    }
    return json_object_ref(json_node_get_object(root));
}

static JsonNode *
member(JsonObject *object, const char *name, JsonNodeType type, GError **error)
{
    JsonNode *node = json_object_get_member(object, name);

    if (node && JSON_NODE_TYPE(node) == type)
        return node;
    set_error(error, name);
    return NULL;
}

JsonObject *
bpfpv_json_object(JsonObject *object, const char *name, GError **error)
{
    JsonNode *node = member(object, name, JSON_NODE_OBJECT, error);

    return node ? json_node_get_object(node) : NULL;
}

JsonArray *
bpfpv_json_array(JsonObject *object, const char *name, GError **error)
{
    JsonNode *node = member(object, name, JSON_NODE_ARRAY, error);

    return node ? json_node_get_array(node) : NULL;
}

static JsonNode *
value_of_type(JsonObject *object, const char *name, GType type, GError **error)
{
    JsonNode *node = member(object, name, JSON_NODE_VALUE, error);

    if (node && json_node_get_value_type(node) != type) {
        set_error(error, name);
        return NULL;
    }
    return node;
}

const char *
bpfpv_json_string(JsonObject *object, const char *name, GError **error)
{
    JsonNode *node = value_of_type(object, name, G_TYPE_STRING, error);

    return node ? json_node_get_string(node) : NULL;
}

gboolean
bpfpv_json_integer(JsonObject *object, const char *name, gint64 *value, GError **error)
{
    JsonNode *node = value_of_type(object, name, G_TYPE_INT64, error);

    if (node)
        *value = json_node_get_int(node);
    return node != NULL;
}

JsonObject *
bpfpv_json_element(JsonArray *array, guint index)
{
    JsonNode *node = json_array_get_element(array, index);

    return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

const char *
bpfpv_json_string_element(JsonArray *array, guint index)
{
    JsonNode *node = json_array_get_element(array, index);

    return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}
