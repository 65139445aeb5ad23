/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bpfpvctl knows about the terminal: its width, whether to colour, and
 * how to make text from a guest harmless on it. Reads the environment, prints
 * nothing.
 */
#include "ctl/term.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *const style_starts[] = {
    [BPFPV_STYLE_PLAIN] = "",        [BPFPV_STYLE_HEADING] = "\033[1m",
    [BPFPV_STYLE_GOOD] = "\033[32m", [BPFPV_STYLE_BUSY] = "\033[33m",
    [BPFPV_STYLE_BAD] = "\033[31m",  [BPFPV_STYLE_DIM] = "\033[2m",
};
#define STYLE_END "\033[0m"

static guint
terminal_width(int fd)
{
    const char *columns = g_getenv("COLUMNS");
    struct winsize size;
    guint64 width;

    if (columns != NULL && g_ascii_string_to_unsigned(columns, 10, 1, 10000, &width, NULL))
        return (guint)width;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

/**
 * bpfpv_term_parse_colour:
 * @text: (nullable): what was typed
 * @colour: (out): what it says; %BPFPV_COLOUR_AUTO for %NULL
 *
 * Returns: %FALSE if there is no such word. Thread-safe.
 */
gboolean
bpfpv_term_parse_colour(const char *text, BpfpvColour *colour)
{
    static const char *const words[] = {
        [BPFPV_COLOUR_AUTO] = "auto",
        [BPFPV_COLOUR_ALWAYS] = "always",
        [BPFPV_COLOUR_NEVER] = "never",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_strcmp0(text != NULL ? text : "auto", words[i]) == 0) {
            *colour = (BpfpvColour)i;
            return TRUE;
        }
    }
    return FALSE;
}

static guint
terminal_height(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

static gboolean
is_set(const char *variable)
{
    const char *value = g_getenv(variable);

    return value != NULL && *value != '\0';
}

/**
 * bpfpv_term_init:
 * @term: (out caller-allocates): filled in
 * @fd: the file descriptor that output goes to
 * @colour: when to colour
 *
 * Colours and a width are for terminals only; NO_COLOR (see no-color.org) and
 * TERM=dumb switch colours off, COLUMNS overrides the width. What was asked for on
 * the command line is stronger than any of these. Not thread-safe:
 * reads the environment.
 */
void
bpfpv_term_init(BpfpvTerm *term, int fd, BpfpvColour colour)
{
    gboolean is_terminal = isatty(fd) != 0;
    gboolean is_dumb = g_strcmp0(g_getenv("TERM"), "dumb") == 0;

    term->width = is_terminal ? terminal_width(fd) : 0;
    term->height = is_terminal ? terminal_height(fd) : 0;
    term->in_place = is_terminal && !is_dumb;
    term->colour = colour == BPFPV_COLOUR_ALWAYS ||
                   (colour == BPFPV_COLOUR_AUTO && is_terminal && !is_set("NO_COLOR") && !is_dumb);
}

/**
 * bpfpv_term_is_harmless:
 * @c: a character
 *
 * Returns: %FALSE for a control character, and for what reorders, hides or
 * breaks the text around it. Thread-safe.
 */
gboolean
bpfpv_term_is_harmless(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    return g_unichar_isprint(c) && type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

/**
 * bpfpv_term_clean:
 * @text: (nullable): any bytes; not trusted
 *
 * Makes text safe to print: tabs and line ends become a space, every other
 * control, format or unassigned character a question mark, bytes that are
 * not UTF-8 the replacement character. Thread-safe.
 *
 * Returns: (transfer full): UTF-8 on one line
 */
char *
bpfpv_term_clean(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text != NULL ? text : "", -1);
    GString *clean = g_string_sized_new(strlen(valid));

    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        if (bpfpv_term_is_harmless(c))
            g_string_append_unichar(clean, c);
        else
            g_string_append_c(clean, c == '\t' || c == '\n' || c == '\r' ? ' ' : '?');
    }
    return g_string_free(clean, FALSE);
}

/**
 * bpfpv_term_text_width:
 * @text: what bpfpv_term_clean() returned
 *
 * Returns: the columns that @text takes on a terminal: 2 for a wide
 * character, none for a combining one. Thread-safe.
 */
guint
bpfpv_term_text_width(const char *text)
{
    guint width = 0;

    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        if (!g_unichar_iszerowidth(c))
            width += g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}

/**
 * bpfpv_term_append:
 * @term: whether to colour
 * @out: gets @text
 * @style: how @text is shown where there is colour
 * @text: what bpfpv_term_clean() returned
 *
 * Thread-safe, if @out is.
 */
void
bpfpv_term_append(const BpfpvTerm *term, GString *out, BpfpvStyle style, const char *text)
{
    if (!term->colour || style == BPFPV_STYLE_PLAIN || *text == '\0') {
        g_string_append(out, text);
        return;
    }
    g_string_append(out, style_starts[style]);
    g_string_append(out, text);
    g_string_append(out, STYLE_END);
}

/**
 * bpfpv_term_state_style:
 * @state: (nullable): a state, also one that this version doesn't know
 *
 * Returns: the style that a domain's state is shown in. Thread-safe.
 */
BpfpvStyle
bpfpv_term_state_style(const char *state)
{
    static const struct {
        const char *state;
        BpfpvStyle style;
    } styles[] = {
        {"active", BPFPV_STYLE_GOOD},    {"waiting-agent", BPFPV_STYLE_BUSY},
        {"injecting", BPFPV_STYLE_BUSY}, {"syncing", BPFPV_STYLE_BUSY},
        {"failed", BPFPV_STYLE_BAD},     {"detached", BPFPV_STYLE_DIM},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(styles); i++)
        if (g_strcmp0(state, styles[i].state) == 0)
            return styles[i].style;
    return BPFPV_STYLE_PLAIN;
}
