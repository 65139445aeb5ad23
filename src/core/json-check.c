/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks at JSON before it is parsed; see json-check.h. */
#include "core/json-check.h"

#include <string.h>

static gboolean
may_be_outside(char c)
{
    return g_ascii_isalnum(c) || g_ascii_isspace(c) || (c != '\0' && strchr("+-.,:", c) != NULL);
}

gboolean
bpfpv_json_is_harmless(const char *text, gsize length)
{
    gboolean in_string = FALSE;
    guint depth = 0;

    for (gsize i = 0; i < length; i++) {
        char c = text[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if (c == '[' || c == '{')
            depth++;
        else if (c == ']' || c == '}')
            depth -= depth > 0;
        else if (!may_be_outside(c))
            return FALSE;
        if (depth > BPFPV_JSON_DEPTH_MAX)
            return FALSE;
    }
    return TRUE;
}
