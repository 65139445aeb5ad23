/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nova.conf's text; see conf.h. Pure: files are read in conf-load.c.
 * Written from oslo.config's documentation of its format and, where that is
 * silent, from what it was seen to do: tests/unit/test-nova-conf-real compares.
 */
#include "nova/conf.h"

#include <string.h>

G_DEFINE_QUARK(bpfpv_nova_conf_error_quark, bpfpv_nova_conf_error)

struct _BpfpvNovaConf {
    GHashTable *values; /* "SECTION\nKEY" → value; neither can hold a line feed */
};

typedef struct {
    BpfpvNovaConf *conf;
    const char *name;
    guint line;
    char *section; /* (nullable): none has begun yet */
    char *key;     /* (nullable): whose value may go on in the next line */
    GString *value;
} Parser;

static void
parser_clear(Parser *parser)
{
    g_free(parser->section);
    g_free(parser->key);
    g_string_free(parser->value, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parser, parser_clear)

BpfpvNovaConf *
bpfpv_nova_conf_new(void)
{
    BpfpvNovaConf *conf = g_new0(BpfpvNovaConf, 1);

    conf->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return conf;
}

void
bpfpv_nova_conf_free(BpfpvNovaConf *conf)
{
    if (!conf)
        return;
    g_hash_table_unref(conf->values);
    g_free(conf);
}

static char *
place_of(const char *section, const char *key)
{
    g_autofree char *lower =
        g_str_equal(section, "DEFAULT") ? g_strdup(section) : g_ascii_strdown(section, -1);

    return g_strconcat(lower, "\n", key, NULL);
}

const char *
bpfpv_nova_conf_get(const BpfpvNovaConf *conf, const char *section, const char *key)
{
    g_autofree char *place = place_of(section, key);

    return g_hash_table_lookup(conf->values, place);
}

/* ---- characters ---- */

/* What Python's str.strip() takes away, for oslo.config is written in it. */
static gboolean
is_space(gunichar c)
{
    return (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

static const char *
skip_space(const char *text, const char *end)
{
    while (text < end && is_space(g_utf8_get_char(text)))
        text = g_utf8_next_char(text);
    return text;
}

static const char *
trim_space(const char *text, const char *end)
{
    while (end > text) {
        const char *last = g_utf8_find_prev_char(text, end);

        if (!is_space(g_utf8_get_char(last)))
            break;
        end = last;
    }
    return end;
}

/* ---- lines ---- */

static gboolean
refuse(const Parser *parser, GError **error, const char *what)
{
    g_set_error(error, BPFPV_NOVA_CONF_ERROR, BPFPV_NOVA_CONF_ERROR_SYNTAX, "%s:%u: %s",
                parser->name, parser->line, what);
    return FALSE;
}

/* The value that was being read is complete. */
static gboolean
finish_value(Parser *parser, GError **error)
{
    if (!parser->key)
        return TRUE;
    if (!parser->section)
        return refuse(parser, error, "a value before the first [section]");
    g_hash_table_replace(parser->conf->values, place_of(parser->section, parser->key),
                         g_strdup(parser->value->str));
    g_clear_pointer(&parser->key, g_free);
    return TRUE;
}

static gboolean
begin_section(Parser *parser, const char *line, const char *end, GError **error)
{
    if (end[-1] != ']')
        return refuse(parser, error, "a section's name has to end with ]");
    if (end - line <= 2)
        return refuse(parser, error, "a section has to have a name");
    g_free(parser->section);
    parser->section = g_strndup(line + 1, (gsize)(end - line - 2));
    return TRUE;
}

/* KEY=VALUE or KEY:VALUE, whichever sign comes first; one pair of quotes around a value goes. */
static gboolean
begin_value(Parser *parser, const char *line, const char *end, GError **error)
{
    gsize length = (gsize)(end - line);
    const char *equal = memchr(line, '=', length);
    const char *colon = memchr(line, ':', length);
    const char *sign = equal && (!colon || equal < colon) ? equal : colon;
    const char *value, *key_end;

    if (!sign)
        return refuse(parser, error, "neither a section, a comment nor KEY=VALUE");
    key_end = trim_space(line, sign);
    line = skip_space(line, key_end);
    if (key_end == line)
        return refuse(parser, error, "there is no name before the sign");
    value = skip_space(sign + 1, end);
    if (value < end && (*value == '"' || *value == '\'') && end[-1] == *value) {
        end = MAX(end - 1, value + 1);
        value++;
    }
    parser->key = g_strndup(line, (gsize)(key_end - line));
    g_string_truncate(parser->value, 0);
    g_string_append_len(parser->value, value, end - value);
    return TRUE;
}

static gboolean
parse_line(Parser *parser, const char *line, const char *end, GError **error)
{
    parser->line++;
    end = trim_space(line, end);
    if (end > line && (*line == ' ' || *line == '\t')) {
        if (!parser->key)
            return refuse(parser, error, "an indented line continues nothing");
        line = skip_space(line, end);
        g_string_append_c(parser->value, '\n');
        g_string_append_len(parser->value, line, end - line);
        return TRUE;
    }
    if (!finish_value(parser, error))
        return FALSE;
    if (end == line || *line == '#' || *line == ';')
        return TRUE;
    return *line == '[' ? begin_section(parser, line, end, error)
                        : begin_value(parser, line, end, error);
}

gboolean
bpfpv_nova_conf_parse(BpfpvNovaConf *conf, const char *text, gsize length, const char *name,
                      GError **error)
{
    g_auto(Parser) parser = {conf, name, 0, NULL, NULL, g_string_new(NULL)};
    const char *end = text + length;
    const char *valid;

    if (length > BPFPV_NOVA_CONF_MOST || !g_utf8_validate_len(text, length, &valid)) {
        g_set_error(error, BPFPV_NOVA_CONF_ERROR, BPFPV_NOVA_CONF_ERROR_FILE, "%s: %s", name,
                    length > BPFPV_NOVA_CONF_MOST ? "too long for a configuration file"
                                                  : "not a text in UTF-8");
        return FALSE;
    }
    while (text < end) {
        const char *next = text;

        while (next < end && *next != '\n' && *next != '\r')
            next++;
        if (!parse_line(&parser, text, next, error))
            return FALSE;
        text = next + (end - next >= 2 && next[0] == '\r' && next[1] == '\n' ? 2 : 1);
    }
    return finish_value(&parser, error);
}
