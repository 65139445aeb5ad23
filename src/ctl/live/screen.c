/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in place of what was there before; see live.h. Prints on standard output. */
#include "ctl/live/live.h"

#include <stdio.h>
#include <string.h>

/* Lines are cut by the terminal, so that each takes one row. */
#define NO_WRAP "\033[?7l"
#define WRAP "\033[?7h"
#define UP "\033[%uA\r"
#define TO_LINE_END "\033[K"
#define TO_SCREEN_END "\033[J"
#define ALL "\033[H\033[2J"

struct _BpfpvScreen {
    const BpfpvTerm *term;
    char *shown;  /* NULL: nothing yet */
    guint n_rows; /* that it takes on the terminal */
};

BpfpvScreen *
bpfpv_screen_new(const BpfpvTerm *term)
{
    BpfpvScreen *screen = g_new0(BpfpvScreen, 1);

    screen->term = term;
    return screen;
}

void
bpfpv_screen_free(BpfpvScreen *screen)
{
    if (screen == NULL)
        return;
    g_free(screen->shown);
    g_free(screen);
}

/* One row is left for the cursor. */
static guint
rows_for(const BpfpvTerm *term, guint n_lines)
{
    return term->height > 2 ? MIN(n_lines, term->height - 1) : n_lines;
}

static void
print_in_place(BpfpvScreen *screen, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint n_lines = g_strv_length(lines) - 1; /* the last is behind the last line end */
    guint n_rows = rows_for(screen->term, n_lines);
    g_autoptr(GString) out = g_string_new(NO_WRAP);

    if (screen->n_rows > 0)
        g_string_append_printf(out, UP, screen->n_rows);
    for (guint i = 0; i < n_rows; i++) {
        if (i + 1 == n_rows && n_rows < n_lines)
            g_string_append_printf(out, "... and %u lines more", n_lines - n_rows + 1);
        else
            g_string_append(out, lines[i]);
        g_string_append(out, TO_LINE_END "\n");
    }
    g_string_append(out, TO_SCREEN_END WRAP);
    g_print("%s", out->str);
    screen->n_rows = n_rows;
}

void
bpfpv_screen_show(BpfpvScreen *screen, const char *text)
{
    if (g_strcmp0(screen->shown, text) == 0)
        return;
    if (screen->term->in_place)
        print_in_place(screen, text);
    else
        g_print("%s%s", screen->shown != NULL ? "\n" : "", text);
    fflush(stdout);
    g_free(screen->shown);
    screen->shown = g_strdup(text);
}

void
bpfpv_screen_reset(BpfpvScreen *screen)
{
    if (!screen->term->in_place)
        return;
    g_print(ALL);
    screen->n_rows = 0;
    g_clear_pointer(&screen->shown, g_free);
}
