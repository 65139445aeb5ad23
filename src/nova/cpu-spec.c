/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nova's notation for sets of CPUs; see conf.h. It is not libvirt's: what
 * is excluded is so wherever it stands, and items may be empty. Numbers are
 * what Python takes for one, hence the signs and underscores.
 */
#include <string.h>

#include "nova/conf.h"

static BpfpvCpuset *
refuse(const char *item, GError **error, const char *what)
{
    g_autofree char *clean = g_strescape(item, NULL);

    g_set_error(error, BPFPV_NOVA_CONF_ERROR, BPFPV_NOVA_CONF_ERROR_SYNTAX, "\"%.64s\" %s", clean,
                what);
    return NULL;
}

/* @number: %G_MAXINT for anything larger */
static gboolean
parse_number(const char *text, gint64 *number)
{
    g_autofree char *stripped = g_strstrip(g_strdup(text));
    const char *at = stripped;
    gboolean negative = *at == '-';

    if (*at == '-' || *at == '+')
        at++;
    if (!g_ascii_isdigit(*at))
        return FALSE;
    for (*number = 0; *at; at++) {
        if (*at == '_' && g_ascii_isdigit(at[1]))
            continue;
        if (!g_ascii_isdigit(*at))
            return FALSE;
        *number = MIN(*number * 10 + g_ascii_digit_value(*at), G_MAXINT);
    }
    if (negative)
        *number = -*number;
    return TRUE;
}

/* One of "8", "0-3", "^2", "^4-6", and nothing. */
static gboolean
parse_item(const char *item, BpfpvCpuset *included, BpfpvCpuset *excluded, GError **error)
{
    g_autofree char *first_text = g_strstrip(g_strdup(item));
    gboolean exclude = *first_text == '^';
    g_autoptr(BpfpvCpuset) range = NULL;
    char *dash = strchr(first_text, '-');
    gint64 first, last;

    if (*first_text == '\0')
        return TRUE;
    if (dash)
        *dash++ = '\0';
    if (!parse_number(first_text + exclude, &first) || (dash && !parse_number(dash, &last)))
        return refuse(item, error, "is not a CPU, nor a range such as 4-12") != NULL;
    if (!dash)
        last = first;
    if (first < 0 || last < first)
        return refuse(item, error, "runs backwards") != NULL;
    if (last >= BPFPV_CPUSET_MAX)
        return refuse(item, error, "is above the highest possible CPU, 8191") != NULL;
    range = bpfpv_cpuset_new_range((guint)first, (guint)last);
    bpfpv_cpuset_unite(exclude ? excluded : included, range);
    return TRUE;
}

BpfpvCpuset *
bpfpv_nova_cpu_spec_parse(const char *spec, GError **error)
{
    g_autoptr(BpfpvCpuset) included = bpfpv_cpuset_new();
    g_autoptr(BpfpvCpuset) excluded = bpfpv_cpuset_new();
    g_auto(GStrv) items = g_strsplit(spec, ",", -1);

    for (gsize i = 0; items[i]; i++)
        if (!parse_item(items[i], included, excluded, error))
            return NULL;
    bpfpv_cpuset_subtract(included, excluded);
    if (bpfpv_cpuset_is_empty(included))
        return refuse(spec, error, "has no CPU in it");
    return g_steal_pointer(&included);
}
