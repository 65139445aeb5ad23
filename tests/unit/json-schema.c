/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON against its schema; see json-schema.h. */
#include "json-schema.h"

#include <json-glib/json-glib.h>

#include "unit.h"

typedef struct {
    JsonObject *root; /* of the schema, for $ref */
    GString *mistake; /* the first; empty: none */
} Check;

static void check(Check *state, JsonObject *schema, JsonNode *node, const char *where);

static void
note(const Check *state, const char *where, const char *what)
{
    if (state->mistake->len == 0)
        g_string_append_printf(state->mistake, "%s: %s", where, what);
}

static gboolean
is_of_type(JsonNode *node, const char *type)
{
    if (g_str_equal(type, "object"))
        return JSON_NODE_HOLDS_OBJECT(node);
    if (g_str_equal(type, "array"))
        return JSON_NODE_HOLDS_ARRAY(node);
    if (g_str_equal(type, "string"))
        return json_node_get_value_type(node) == G_TYPE_STRING;
    if (g_str_equal(type, "boolean"))
        return json_node_get_value_type(node) == G_TYPE_BOOLEAN;
    assert_string_equal(type, "integer");
    return json_node_get_value_type(node) == G_TYPE_INT64;
}

static void
check_value(const Check *state, JsonObject *schema, JsonNode *node, const char *where)
{
    gboolean found = FALSE;

    if (json_object_has_member(schema, "pattern") &&
        !g_regex_match_simple(json_object_get_string_member(schema, "pattern"),
                              json_node_get_string(node), 0, 0))
        note(state, where, "it does not match its pattern");
    if (json_object_has_member(schema, "minimum") &&
        json_node_get_int(node) < json_object_get_int_member(schema, "minimum"))
        note(state, where, "it is too small");
    if (!json_object_has_member(schema, "enum"))
        return;
    for (guint i = 0; i < json_array_get_length(json_object_get_array_member(schema, "enum")); i++)
        found = found ||
                json_node_equal(
                    json_array_get_element(json_object_get_array_member(schema, "enum"), i), node);
    if (!found)
        note(state, where, "it is none of those that it may be");
}

static void
check_object(Check *state, JsonObject *schema, JsonObject *object, const char *where)
{
    JsonObject *properties = json_object_get_object_member(schema, "properties");
    JsonArray *required = json_object_get_array_member(schema, "required");
    g_autoptr(GList) members = json_object_get_members(object);

    for (guint i = 0; i < json_array_get_length(required); i++) {
        const char *name = json_array_get_string_element(required, i);

        if (!json_object_has_member(object, name))
            note(state, where, name);
    }
    for (const GList *at = members; at != NULL; at = at->next) {
        g_autofree char *there = g_strconcat(where, ".", at->data, NULL);

        if (!json_object_has_member(properties, at->data))
            note(state, there, "it is not documented");
        else
            check(state, json_object_get_object_member(properties, at->data),
                  json_object_get_member(object, at->data), there);
    }
}

static void
check_any(Check *state, JsonArray *any, JsonNode *node, const char *where)
{
    g_autoptr(GString) said = g_string_new(NULL);

    for (guint i = 0; i < json_array_get_length(any); i++) {
        g_autoptr(GString) mistake = g_string_new(NULL);
        Check one = {state->root, mistake};

        check(&one, json_array_get_object_element(any, i), node, where);
        if (mistake->len == 0)
            return;
        g_string_append_printf(said, "%s%s", said->len > 0 ? "; or " : "", mistake->str);
    }
    note(state, where, said->str);
}

/* "#/$defs/NAME" */
static JsonObject *
follow(const Check *state, const char *reference)
{
    JsonObject *definitions = json_object_get_object_member(state->root, "$defs");

    assert_true(g_str_has_prefix(reference, "#/$defs/"));
    return json_object_get_object_member(definitions, reference + strlen("#/$defs/"));
}

static void
check(Check *state, JsonObject *schema, JsonNode *node, const char *where)
{
    if (json_object_has_member(schema, "$ref"))
        schema = follow(state, json_object_get_string_member(schema, "$ref"));
    if (json_object_has_member(schema, "anyOf")) {
        check_any(state, json_object_get_array_member(schema, "anyOf"), node, where);
        return;
    }
    if (json_object_has_member(schema, "type") &&
        !is_of_type(node, json_object_get_string_member(schema, "type"))) {
        note(state, where, "it is of another type");
        return;
    }
    if (JSON_NODE_HOLDS_OBJECT(node))
        check_object(state, schema, json_node_get_object(node), where);
    else if (JSON_NODE_HOLDS_ARRAY(node))
        for (guint i = 0; i < json_array_get_length(json_node_get_array(node)); i++) {
            g_autofree char *there = g_strdup_printf("%s[%u]", where, i);

            check(state, json_object_get_object_member(schema, "items"),
                  json_array_get_element(json_node_get_array(node), i), there);
        }
    else
        check_value(state, schema, node, where);
}

char *
json_schema_find_mistake(const char *name, const char *json)
{
    g_autofree char *path = g_strdup_printf(SRCDIR "/data/json-schema/%s.json", name);
    g_autoptr(JsonParser) schema = json_parser_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) node = json_from_string(json, &error);
    g_autoptr(GString) mistake = g_string_new(NULL);
    Check state = {NULL, mistake};

    assert_true(json_parser_load_from_file(schema, path, NULL));
    if (node == NULL)
        return g_strdup(error != NULL ? error->message : "there is nothing");
    state.root = json_node_get_object(json_parser_get_root(schema));
    check(&state, state.root, node, name);
    return mistake->len > 0 ? g_strdup(mistake->str) : NULL;
}

void
json_schema_assert(const char *name, const char *json)
{
    g_autofree char *mistake = json_schema_find_mistake(name, json);

    if (mistake != NULL)
        fail_msg("%s, in:\n%s", mistake, json);
}
