/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors and foreign text; see os-error.h. Pure. */
#include "config.h"

#include "nova-hook/http/os-error.h"

GQuark
bpfpv_os_error_quark(void)
{
    return g_quark_from_static_string("bpfpv-os-error");
}

/* Space for what breaks a line, "?" for what a terminal might obey, one space for many. */
static void
append_clean(GString *clean, gunichar c)
{
    if (g_unichar_isspace(c)) {
        if (clean->len > 0 && clean->str[clean->len - 1] != ' ')
            g_string_append_c(clean, ' ');
    } else {
        g_string_append_unichar(clean, g_unichar_isprint(c) ? c : '?');
    }
}

char *
bpfpv_os_clean(const char *text, gsize length, guint max)
{
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", text ? (gssize)length : 0);
    GString *clean = g_string_new(NULL);
    guint n = 0;

    for (const char *at = valid; *at && n < max; at = g_utf8_next_char(at), n++)
        append_clean(clean, g_utf8_get_char(at));
    if (n == max)
        g_string_append(clean, "...");
    return g_strchomp(g_string_free(clean, FALSE));
}
