/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Splits bpfpvd.conf as GKeyFile does, which the hook reads it with, but
 * knows the lines' numbers, and goes on after a mistake; see lines.h.
 */
#include "daemon/conf/lines.h"

#include <string.h>

/* As much of a line as a message shows. */
#define SHOWN_MAX 60

static void
line_free(gpointer data)
{
    BpfpvConfLine *line = data;

    g_free(line->section);
    g_free(line->key);
    g_free(line->value);
    g_free(line);
}

static void
add_line(GPtrArray *lines, guint number, const char *section, const char *key, const char *value)
{
    BpfpvConfLine *line = g_new0(BpfpvConfLine, 1);

    line->number = number;
    line->section = g_strdup(section);
    line->key = g_strdup(key);
    line->value = g_strdup(value);
    g_ptr_array_add(lines, line);
}

static void
add_mistake(GPtrArray *mistakes, const char *path, guint number, const char *text, const char *what)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    gboolean is_long = g_utf8_strlen(valid, -1) > SHOWN_MAX;
    g_autofree char *shown = is_long ? g_utf8_substring(valid, 0, SHOWN_MAX) : g_strdup(valid);

    g_ptr_array_add(mistakes, g_strdup_printf("%s:%u: \"%s%s\": %s", path, number, shown,
                                              is_long ? "…" : "", what));
}

/* Returns: (nullable): why it is no section; NULL: it is, @section */
static const char *
split_section(const char *text, char **section)
{
    const char *end = strchr(text, ']');

    if (!end)
        return "a section's name ends with ]: write [NAME]";
    if (end[1] != '\0')
        return "nothing may follow a section's ]; a comment has a line of its own";
    if (end == text + 1)
        return "a section has a name: write [host], [domain web*], …";
    g_free(*section);
    *section = g_strndup(text + 1, (gsize)(end - text - 1));
    return NULL;
}

GPtrArray *
bpfpv_conf_lines(const char *text, const char *path, GPtrArray *mistakes)
{
    g_auto(GStrv) parts = g_strsplit(text, "\n", -1);
    GPtrArray *lines = g_ptr_array_new_with_free_func(line_free);
    g_autofree char *section = NULL;

    for (guint i = 0; parts[i]; i++) {
        char *part = g_strstrip(parts[i]);
        char *equals = strchr(part, '=');
        const char *wrong = NULL;

        if (*part == '\0' || *part == '#')
            continue;
        if (!g_utf8_validate(part, -1, NULL)) {
            wrong = "it is not UTF-8";
        } else if (*part == '[') {
            wrong = split_section(part, &section);
            if (!wrong)
                add_line(lines, i + 1, section, NULL, NULL);
        } else if (!equals || equals == part) {
            wrong = "neither a [SECTION] nor KEY=VALUE nor a # comment";
        } else if (!section) {
            wrong = "it is in no section; put it below [host], or where it belongs";
        } else {
            *equals = '\0';
            add_line(lines, i + 1, section, g_strchomp(part), g_strchug(equals + 1));
        }
        if (wrong)
            add_mistake(mistakes, path, i + 1, part, wrong);
    }
    return lines;
}
