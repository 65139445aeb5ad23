/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CPU sets as text, in libvirt's syntax: "0-3,^2,8". Written from the
 * description of the cpuset attribute in https://libvirt.org/formatdomain.html
 * and stricter than libvirt in two things: nothing may follow the last comma,
 * and a text that excludes all it names is an error.
 */
#include "core/cpuset/cpuset.h"

G_DEFINE_QUARK(bpfpv_cpuset_error_quark, bpfpv_cpuset_error)

static void
skip_spaces(const char **at)
{
    while (g_ascii_isspace(**at))
        (*at)++;
}

static gboolean
parse_number(const char *text, const char **at, guint *cpu, GError **error)
{
    guint64 number;
    char *end;

    skip_spaces(at);
    if (!g_ascii_isdigit(**at)) {
        g_set_error(error, BPFPV_CPUSET_ERROR, BPFPV_CPUSET_ERROR_SYNTAX,
                    "CPU set '%s': expected a CPU number at '%s'", text, *at);
        return FALSE;
    }
    number = g_ascii_strtoull(*at, &end, 10);
    if (number >= BPFPV_CPUSET_MAX) {
        g_set_error(error, BPFPV_CPUSET_ERROR, BPFPV_CPUSET_ERROR_RANGE,
                    "CPU set '%s': CPU %.*s is above the highest possible, %d", text,
                    (int)(end - *at), *at, BPFPV_CPUSET_MAX - 1);
        return FALSE;
    }
    *at = end;
    *cpu = (guint)number;
    skip_spaces(at);
    return TRUE;
}

/* One of "8", "0-3", "^2"; *at moves behind it. */
static gboolean
parse_item(BpfpvCpuset *set, const char *text, const char **at, GError **error)
{
    g_autoptr(BpfpvCpuset) range = NULL;
    gboolean exclude;
    guint first, last;

    skip_spaces(at);
    exclude = **at == '^';
    if (exclude)
        (*at)++;
    if (!parse_number(text, at, &first, error))
        return FALSE;
    last = first;
    if (!exclude && **at == '-') {
        (*at)++;
        if (!parse_number(text, at, &last, error))
            return FALSE;
    }
    if (last < first) {
        g_set_error(error, BPFPV_CPUSET_ERROR, BPFPV_CPUSET_ERROR_RANGE,
                    "CPU set '%s': the range %u-%u runs backwards", text, first, last);
        return FALSE;
    }
    range = bpfpv_cpuset_new_range(first, last);
    if (exclude)
        bpfpv_cpuset_subtract(set, range);
    else
        bpfpv_cpuset_unite(set, range);
    return TRUE;
}

/**
 * bpfpv_cpuset_parse:
 * @text: numbers, ranges and excluded numbers, separated by commas: "0-3,^2,8"
 * @error: return location, domain %BPFPV_CPUSET_ERROR
 *
 * Items take effect from left to right, so an exclude comes after the range
 * that it takes its CPU from. Spaces around numbers are allowed.
 *
 * Returns: (transfer full): the set, never empty, or %NULL with @error set
 */
BpfpvCpuset *
bpfpv_cpuset_parse(const char *text, GError **error)
{
    g_autoptr(BpfpvCpuset) set = bpfpv_cpuset_new();
    const char *at = text;

    for (;;) {
        if (!parse_item(set, text, &at, error))
            return NULL;
        if (*at == '\0')
            break;
        if (*at != ',') {
            g_set_error(error, BPFPV_CPUSET_ERROR, BPFPV_CPUSET_ERROR_SYNTAX,
                        "CPU set '%s': expected a comma at '%s'", text, at);
            return NULL;
        }
        at++;
    }
    if (bpfpv_cpuset_is_empty(set)) {
        g_set_error(error, BPFPV_CPUSET_ERROR, BPFPV_CPUSET_ERROR_SYNTAX,
                    "CPU set '%s' excludes every CPU that it names", text);
        return NULL;
    }
    return g_steal_pointer(&set);
}

/**
 * bpfpv_cpuset_format:
 * @set: the set
 *
 * Returns: (transfer full): what bpfpv_cpuset_parse() reads back, like "0-3,8";
 *   "" for the empty set
 */
char *
bpfpv_cpuset_format(const BpfpvCpuset *set)
{
    GString *text = g_string_new(NULL);
    int first = bpfpv_cpuset_next(set, 0);

    while (first >= 0) {
        guint last = (guint)first;

        while (bpfpv_cpuset_contains(set, last + 1))
            last++;
        g_string_append_printf(text, "%s%d", text->len > 0 ? "," : "", first);
        if (last > (guint)first)
            g_string_append_printf(text, "-%u", last);
        first = bpfpv_cpuset_next(set, last + 1);
    }
    return g_string_free(text, FALSE);
}

char *
bpfpv_cpuset_describe(const BpfpvCpuset *set)
{
    g_autofree char *text = bpfpv_cpuset_format(set);

    return g_strconcat(bpfpv_cpuset_count(set) == 1 ? "CPU " : "CPUs ", text, NULL);
}
