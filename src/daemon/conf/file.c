/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads bpfpvd.conf and finds every mistake in it; see private.h. A section
 * that is there twice is one, of a setting the last one counts.
 */
#include "daemon/conf/private.h"

#include <string.h>

#define CPUS_REMEDY "write numbers and ranges, as in 2-7,^4,12"

void
bpfpv_conf_add_mistake(BpfpvConfReading *reading, const BpfpvConfLine *line, const char *format,
                       ...)
{
    GString *text = g_string_new(NULL);
    va_list args;

    g_string_append_printf(text, "%s:%u: [%s]", reading->path, line->number, line->section);
    if (line->key)
        g_string_append_printf(text, " %s = %s", line->key, line->value);
    g_string_append(text, ": ");
    va_start(args, format);
    g_string_append_vprintf(text, format, args);
    va_end(args);
    g_ptr_array_add(reading->mistakes, g_string_free(text, FALSE));
}

/* ---- single settings ---- */

static void
take_cpuset(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&reading->conf->cpuset, bpfpv_cpuset_free);
    if (*line->value == '\0')
        return; /* all of them, as without the setting */
    reading->conf->cpuset = bpfpv_cpuset_parse(line->value, &error);
    if (error)
        bpfpv_conf_add_mistake(reading, line, "%s; " CPUS_REMEDY, error->message);
}

static void
take_reserve(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    guint64 number;

    if (g_ascii_string_to_unsigned(line->value, 10, 0, BPFPV_CPUSET_MAX, &number, NULL))
        reading->conf->reserve = (guint)number;
    else
        bpfpv_conf_add_mistake(reading, line, "not a number of CPUs; write one from 0 to %d",
                               BPFPV_CPUSET_MAX);
}

static void
take_spread(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    for (guint i = 0; bpfpv_spread_to_string(i); i++) {
        if (!g_str_equal(line->value, bpfpv_spread_to_string(i)))
            continue;
        reading->conf->spread = (BpfpvSpread)i;
        return;
    }
    bpfpv_conf_add_mistake(reading, line, "not one of pack, domains");
}

static void
take_share(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    for (guint i = 0; bpfpv_share_to_string(i); i++) {
        if (!g_str_equal(line->value, bpfpv_share_to_string(i)))
            continue;
        reading->conf->share = (BpfpvShare)i;
        return;
    }
    bpfpv_conf_add_mistake(reading, line, "not one of fair, none");
}

static void
take_hold(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    guint64 number;

    if (g_ascii_string_to_unsigned(line->value, 10, 0, 60000, &number, NULL))
        reading->conf->hold_ms = (guint)number;
    else
        bpfpv_conf_add_mistake(reading, line,
                               "not a number of milliseconds; write one from 0 to "
                               "60000");
}

static void
take_injections(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    guint64 number;

    if (g_ascii_string_to_unsigned(line->value, 10, 1, 16, &number, NULL))
        reading->conf->injections = (guint)number;
    else
        bpfpv_conf_add_mistake(reading, line, "not a number of guests; write one from 1 to 16");
}

static void
take_nova(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    const BpfpvConfLine **where = &reading->config;

    if (g_str_equal(line->key, "cpu_shared_set"))
        where = &reading->shared;
    else if (g_str_equal(line->key, "cpu_dedicated_set"))
        where = &reading->dedicated;
    *where = *line->value ? line : NULL;
}

/* bpfpv-qemu-hook reads it by itself. */
static void
take_invalid(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    if (!g_str_equal(line->value, "refuse") && !g_str_equal(line->value, "warn"))
        bpfpv_conf_add_mistake(reading, line, "not one of refuse, warn");
}

static void
take_loader(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&reading->conf->test_loader, g_strfreev);
    if (!g_shell_parse_argv(line->value, NULL, &reading->conf->test_loader, &error))
        bpfpv_conf_add_mistake(reading, line, "%s", error->message);
}

static const struct {
    const char *section;
    const char *key;
    void (*take)(BpfpvConfReading *reading, const BpfpvConfLine *line);
} settings[] = {
    {"host", "cpuset", take_cpuset},
    {"host", "reserve", take_reserve},
    {"host", "spread", take_spread},
    {"host", "share", take_share},
    {"host", "hold", take_hold},
    {"host", "injections", take_injections},
    {"nova", "config", take_nova},
    {"nova", "cpu_shared_set", take_nova},
    {"nova", "cpu_dedicated_set", take_nova},
    {"hook", "invalid", take_invalid},
    {"test", "loader", take_loader}, /* for the integration tests; not told of */
};

/* ---- sections ---- */

/* Returns: (transfer full): "cpuset, reserve"; "" where there is no such section */
static char *
known_keys(const char *section)
{
    GString *known = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++)
        if (g_str_equal(settings[i].section, section))
            g_string_append_printf(known, "%s%s", known->len > 0 ? ", " : "", settings[i].key);
    return g_string_free(known, FALSE);
}

static void
take_line(BpfpvConfReading *reading, const BpfpvConfLine *line)
{
    g_autofree char *known = known_keys(line->section);

    if (*known == '\0') {
        if (!line->key) /* once, not for each of its settings */
            bpfpv_conf_add_mistake(reading, line,
                                   "not a section; known are: host, nova, hook, flavor NAME, "
                                   "domain NAME");
        return;
    }
    for (gsize i = 0; line->key && i < G_N_ELEMENTS(settings); i++) {
        if (!g_str_equal(settings[i].section, line->section) ||
            !g_str_equal(settings[i].key, line->key))
            continue;
        settings[i].take(reading, line);
        return;
    }
    if (line->key)
        bpfpv_conf_add_mistake(reading, line, "%s is not a setting; known are: %s", line->key,
                               known);
}

static void
take_lines(BpfpvConfReading *reading)
{
    for (guint i = 0; i < reading->lines->len; i++) {
        const BpfpvConfLine *line = g_ptr_array_index(reading->lines, i);

        if (bpfpv_conf_is_policy(line->section))
            bpfpv_conf_take_policy(reading, line);
        else
            take_line(reading, line);
    }
    bpfpv_conf_read_nova(reading);
}

GPtrArray *
bpfpv_conf_read_file(BpfpvConf *conf, const char *path, gboolean optional)
{
    BpfpvConfReading reading = {.conf = conf, .path = path};
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize length;

    reading.mistakes = g_ptr_array_new_with_free_func(g_free);
    if (!g_file_get_contents(path, &text, &length, &error)) {
        if (!optional || !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            g_ptr_array_add(reading.mistakes,
                            g_strdup_printf("%s: can't be read: %s", path, error->message));
        return reading.mistakes;
    }
    if (strlen(text) != length)
        g_ptr_array_add(reading.mistakes,
                        g_strdup_printf("%s: it is not text: it has a NUL byte", path));
    reading.lines = bpfpv_conf_lines(text, path, reading.mistakes);
    reading.policies = g_hash_table_new(g_str_hash, g_str_equal);
    take_lines(&reading);
    g_hash_table_unref(reading.policies);
    g_ptr_array_unref(reading.lines);
    return reading.mistakes;
}
