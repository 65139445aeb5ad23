/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads values of a scenario's JSON; see scenario-json.h. */
#include "ctl/scenario-json.h"

gboolean
bpfpv_scenario_fail(const BpfpvScenarioReader *reader, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    if (reader->error != NULL && *reader->error != NULL)
        g_clear_error(reader->error);
    g_set_error(reader->error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s", reader->path, message);
    return FALSE;
}

const char *
bpfpv_scenario_string(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;

    return node && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node)
                                                                   : NULL;
}

JsonObject *
bpfpv_scenario_object(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;

    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

JsonArray *
bpfpv_scenario_array(JsonObject *object, const char *name)
{
    JsonNode *node = object ? json_object_get_member(object, name) : NULL;

    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

gboolean
bpfpv_scenario_uint(const BpfpvScenarioReader *reader, JsonObject *object, const char *name,
                    guint most, guint *value)
{
    JsonNode *node;
    gint64 number;

    if (object == NULL || !json_object_has_member(object, name))
        return TRUE;
    node = json_object_get_member(object, name);
    number = json_node_get_value_type(node) == G_TYPE_INT64 ? json_node_get_int(node) : -1;
    if (number < 0 || number > most)
        return bpfpv_scenario_fail(reader, "\"%s\" is a number from 0 to %u", name, most);
    *value = (guint)number;
    return TRUE;
}

gboolean
bpfpv_scenario_set(const BpfpvScenarioReader *reader, JsonObject *object, const char *name,
                   BpfpvCpuset **set)
{
    const char *text = bpfpv_scenario_string(object, name);
    g_autoptr(GError) cause = NULL;

    if (object == NULL || !json_object_has_member(object, name))
        return TRUE;
    *set = bpfpv_cpuset_parse(text ? text : "", &cause);
    if (*set == NULL)
        return bpfpv_scenario_fail(reader, "\"%s\": \"%s\": %s; a set of CPUs is like \"0-3,8\"",
                                   name, text ? text : "", cause->message);
    return TRUE;
}

gboolean
bpfpv_scenario_choice(const BpfpvScenarioReader *reader, JsonObject *object, const char *name,
                      const char *(*to_string)(guint), guint *value)
{
    const char *text = bpfpv_scenario_string(object, name);
    g_autoptr(GString) known = g_string_new(NULL);

    if (text == NULL)
        return TRUE;
    for (guint i = 0; to_string(i) != NULL; i++) {
        if (g_str_equal(text, to_string(i))) {
            *value = i;
            return TRUE;
        }
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", to_string(i));
    }
    return bpfpv_scenario_fail(reader, "\"%s\": \"%s\" is not one of %s", name, text, known->str);
}

char *
bpfpv_scenario_file(const BpfpvScenarioReader *reader, const char *name)
{
    g_autofree char *folder = g_path_get_dirname(reader->path);
    g_autofree char *path =
        g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(folder, name, NULL);
    g_autoptr(GError) cause = NULL;
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, &cause))
        bpfpv_scenario_fail(reader, "%s", cause->message);
    return text;
}
