/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What somebody meant who has mistyped a word. Pure. */
#include "ctl/line/line.h"

#include <string.h>

/* Nobody mistypes a word that is longer; the work grows with its square. */
#define MAX_LEN 31

/* How many letters were left out, added, replaced, or swapped with their neighbour. Each cell of
 * the table is the distance between the first i letters of one and the first j of the other. */
static guint
distance(const char *a, const char *b)
{
    guint table[MAX_LEN + 1][MAX_LEN + 1];
    gsize n = strlen(a), m = strlen(b);

    for (gsize i = 0; i <= n; i++)
        table[i][0] = (guint)i;
    for (gsize j = 0; j <= m; j++)
        table[0][j] = (guint)j;
    for (gsize i = 1; i <= n; i++) {
        for (gsize j = 1; j <= m; j++) {
            guint replaced = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            guint shifted = MIN(table[i - 1][j], table[i][j - 1]) + 1;

            table[i][j] = MIN(replaced, shifted);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                table[i][j] = MIN(table[i][j], table[i - 2][j - 2] + 1);
        }
    }
    return table[n][m];
}

/* The beginning of just one word is that word. */
static const char *
find_prefixed(const char *typed, const char *const *known)
{
    const char *found = NULL;

    for (; *known != NULL; known++) {
        if (!g_str_has_prefix(*known, typed))
            continue;
        if (found != NULL)
            return NULL;
        found = *known;
    }
    return found;
}

const char *
bpfpv_suggest(const char *typed, const char *const *known)
{
    gsize len = strlen(typed);
    guint least = 2 + (guint)len / 4; /* a longer word may have more mistakes */
    const char *found;

    if (len < 2 || len > MAX_LEN)
        return NULL;
    found = find_prefixed(typed, known);
    if (found != NULL)
        return found;
    for (; *known != NULL; known++) {
        guint d = strlen(*known) <= MAX_LEN ? distance(typed, *known) : G_MAXUINT;

        /* Of a short word a single letter must not be all that is left. */
        if (d < least && d < len - 1) {
            found = *known;
            least = d;
        }
    }
    return found;
}
