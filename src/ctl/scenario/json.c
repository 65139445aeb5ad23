/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads values of a scenario's JSON; see json.h. */
#include "ctl/scenario/json.h"

/* Characters of a value that an error shows. */
#define SHOWN_MOST 60

gboolean
bpfpv_scenario_fail(const BpfpvScenarioPart *part, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(part->reader->error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: %s%s",
                part->reader->path, part->where, message);
    return FALSE;
}

/* As in the file, but not all of it. */
static char *
show(JsonNode *node)
{
    g_autofree char *text = json_to_string(node, FALSE);
    g_autofree char *begin = NULL;

    if (g_utf8_strlen(text, -1) <= SHOWN_MOST)
        return g_steal_pointer(&text);
    begin = g_utf8_substring(text, 0, SHOWN_MOST);
    return g_strconcat(begin, "...", NULL);
}

/* @what: what it should be */
static gboolean
fail_type(const BpfpvScenarioPart *part, const char *name, JsonNode *node, const char *what)
{
    g_autofree char *value = show(node);

    return bpfpv_scenario_fail(part, "\"%s\": %s is not %s", name, value, what);
}

/* Returns: (nullable) */
static JsonNode *
get(const BpfpvScenarioPart *part, const char *name)
{
    return part->object ? json_object_get_member(part->object, name) : NULL;
}

/* Returns: (nullable): NULL if it is no string */
static const char *
get_text(JsonNode *node)
{
    return node && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node)
                                                                   : NULL;
}

gboolean
bpfpv_scenario_check_names(const BpfpvScenarioPart *part, const char *const *names)
{
    g_autoptr(GList) members = part->object ? json_object_get_members(part->object) : NULL;

    for (const GList *at = members; at; at = at->next) {
        g_autofree char *known = NULL;

        if (g_strv_contains(names, at->data))
            continue;
        known = g_strjoinv("\", \"", (char **)names);
        return bpfpv_scenario_fail(part, "\"%s\" is not known; what may be here is \"%s\"",
                                   (const char *)at->data, known);
    }
    return TRUE;
}

gboolean
bpfpv_scenario_string(const BpfpvScenarioPart *part, const char *name, const char **value)
{
    JsonNode *node = get(part, name);

    if (!node)
        return TRUE;
    if (!get_text(node))
        return fail_type(part, name, node, "text in quotes");
    *value = get_text(node);
    return TRUE;
}

gboolean
bpfpv_scenario_object(const BpfpvScenarioPart *part, const char *name, JsonObject **value)
{
    JsonNode *node = get(part, name);

    if (!node)
        return TRUE;
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return fail_type(part, name, node, "an object, { ... }");
    *value = json_node_get_object(node);
    return TRUE;
}

gboolean
bpfpv_scenario_array(const BpfpvScenarioPart *part, const char *name, JsonArray **value)
{
    JsonNode *node = get(part, name);

    if (!node)
        return TRUE;
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return fail_type(part, name, node, "a list, [ ... ]");
    *value = json_node_get_array(node);
    return TRUE;
}

gboolean
bpfpv_scenario_entry(const BpfpvScenarioPart *part, JsonArray *array, guint index,
                     JsonObject **value)
{
    JsonNode *node = json_array_get_element(array, index);
    g_autofree char *text = NULL;

    if (JSON_NODE_HOLDS_OBJECT(node)) {
        *value = json_node_get_object(node);
        return TRUE;
    }
    text = show(node);
    return bpfpv_scenario_fail(part, "%s is not an object, { ... }", text);
}

gboolean
bpfpv_scenario_uint(const BpfpvScenarioPart *part, const char *name, guint least, guint most,
                    guint *value)
{
    JsonNode *node = get(part, name);
    g_autofree char *what = NULL;
    gint64 number;

    if (!node)
        return TRUE;
    number = json_node_get_value_type(node) == G_TYPE_INT64 ? json_node_get_int(node) : -1;
    if (number >= least && number <= most) {
        *value = (guint)number;
        return TRUE;
    }
    what = g_strdup_printf("a number from %u to %u", least, most);
    return fail_type(part, name, node, what);
}

gboolean
bpfpv_scenario_set(const BpfpvScenarioPart *part, const char *name, const BpfpvCpuset *within,
                   const char *whose, BpfpvCpuset **value)
{
    JsonNode *node = get(part, name);
    const char *text = get_text(node);
    g_autoptr(BpfpvCpuset) set = NULL;
    g_autoptr(GError) cause = NULL;
    g_autofree char *all = NULL;

    if (!node)
        return TRUE;
    if (!text)
        return fail_type(part, name, node, "a set of CPUs like \"0-3,8\"");
    set = bpfpv_cpuset_parse(text, &cause);
    if (!set)
        return bpfpv_scenario_fail(part, "\"%s\": \"%s\": %s; a set of CPUs is like \"0-3,8\"",
                                   name, text, cause->message);
    if (within && !bpfpv_cpuset_is_subset(set, within)) {
        all = bpfpv_cpuset_format(within);
        return bpfpv_scenario_fail(part, "\"%s\": \"%s\": %s %s", name, text, whose, all);
    }
    bpfpv_cpuset_free(*value);
    *value = g_steal_pointer(&set);
    return TRUE;
}

gboolean
bpfpv_scenario_host_set(const BpfpvScenarioPart *part, const char *name, BpfpvCpuset **value)
{
    return bpfpv_scenario_set(part, name, part->reader->present, "the host has CPUs", value);
}

gboolean
bpfpv_scenario_choice(const BpfpvScenarioPart *part, const char *name,
                      const char *(*to_string)(guint), guint *value)
{
    JsonNode *node = get(part, name);
    const char *text = get_text(node);
    g_autoptr(GString) known = g_string_new("one of ");

    if (!node)
        return TRUE;
    for (guint i = 0; to_string(i) != NULL; i++) {
        if (g_strcmp0(text, to_string(i)) == 0) {
            *value = i;
            return TRUE;
        }
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", to_string(i));
    }
    return fail_type(part, name, node, known->str);
}

gboolean
bpfpv_scenario_vcpu(const BpfpvScenarioPart *part, const char *name, guint n, guint *vcpu)
{
    guint64 number;

    if (!g_ascii_string_to_unsigned(name, 10, 0, n - 1, &number, NULL))
        return bpfpv_scenario_fail(part, "\"%s\" is no vCPU of it; it has %u, from \"0\" on", name,
                                   n);
    *vcpu = (guint)number;
    return TRUE;
}

char *
bpfpv_scenario_file(const BpfpvScenarioPart *part, const char *name)
{
    g_autofree char *folder = g_path_get_dirname(part->reader->path);
    g_autofree char *path =
        g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(folder, name, NULL);
    g_autoptr(GError) cause = NULL;
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, &cause))
        bpfpv_scenario_fail(part, "%s", cause->message);
    return text;
}
