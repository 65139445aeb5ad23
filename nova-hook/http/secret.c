/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that is wiped; see secret.h. Pure. */
#include "config.h"

#include "nova-hook/http/secret.h"

#include <string.h>

struct _BpfpvSecret {
    char *text; /* NUL-terminated */
    gsize length;
    gsize size;
};

BpfpvSecret *
bpfpv_secret_new(const char *text, gsize length)
{
    BpfpvSecret *secret = g_new0(BpfpvSecret, 1);

    bpfpv_secret_append(secret, text, length);
    return secret;
}

static void
wipe(BpfpvSecret *secret)
{
    if (secret->text)
        explicit_bzero(secret->text, secret->size);
    g_free(secret->text);
}

void
bpfpv_secret_free(BpfpvSecret *secret)
{
    if (!secret)
        return;
    wipe(secret);
    g_free(secret);
}

void
bpfpv_secret_append(BpfpvSecret *secret, const char *text, gsize length)
{
    if (secret->length + length + 1 > secret->size) {
        gsize size = (secret->length + length + 1) * 2;
        char *grown = g_malloc0(size);

        if (secret->text)
            memcpy(grown, secret->text, secret->length);
        wipe(secret);
        secret->text = grown;
        secret->size = size;
    }
    if (length > 0)
        memcpy(secret->text + secret->length, text, length);
    secret->length += length;
    secret->text[secret->length] = '\0';
}

void
bpfpv_secret_append_json(BpfpvSecret *secret, const char *text)
{
    char escape[8];

    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\') {
            bpfpv_secret_append(secret, "\\", 1);
            bpfpv_secret_append(secret, at, 1);
        } else if ((guchar)*at < 0x20) {
            bpfpv_secret_append(secret, escape,
                                (gsize)g_snprintf(escape, sizeof(escape), "\\u%04x", (guchar)*at));
        } else {
            bpfpv_secret_append(secret, at, 1);
        }
    }
    explicit_bzero(escape, sizeof(escape));
}

const char *
bpfpv_secret_text(const BpfpvSecret *secret)
{
    return secret->text;
}

gsize
bpfpv_secret_length(const BpfpvSecret *secret)
{
    return secret->length;
}

/* ---- hiding ---- */

/* Returns: how many bytes the JSON escape at the beginning of @text has, its character in *@c; 0:
 * it is none */
static gsize
read_escape(const char *text, gunichar *c)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    const char *name;

    if (text[0] != '\\' || text[1] == '\0')
        return 0;
    if (text[1] == 'u') {
        *c = 0;
        for (guint i = 2; i < 6; i++) {
            if (!g_ascii_isxdigit(text[i]))
                return 0;
            *c = *c << 4 | (gunichar)g_ascii_xdigit_value(text[i]);
        }
        return 6;
    }
    name = strchr(names, text[1]);
    *c = name ? (gunichar)values[name - names] : (guchar)text[1];
    return 2;
}

/* The same, of characters that take two escapes (UTF-16's surrogates) too. */
static gsize
read_character(const char *text, gunichar *c)
{
    gsize n = read_escape(text, c);
    gunichar low;

    if (n == 6 && *c >= 0xd800 && *c <= 0xdbff && read_escape(text + n, &low) == 6 &&
        low >= 0xdc00 && low <= 0xdfff) {
        *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
        return 12;
    }
    return n;
}

/* Returns: how many bytes at the beginning of @text are the secret as the inside of a JSON string,
 * whichever of its characters are escaped; 0: they aren't. JSON within JSON is text that has it
 * so. */
static gsize
match_escaped(const char *text, const char *secret)
{
    const char *at = text;

    while (*secret) {
        gunichar c = 0;
        gsize n = read_character(at, &c);
        char bytes[6];
        gsize length = n > 0 ? (gsize)g_unichar_to_utf8(c, bytes) : 1;

        if (strncmp(secret, n > 0 ? bytes : at, length) != 0)
            return 0;
        secret += length;
        at += n > 0 ? n : 1;
    }
    return (gsize)(at - text);
}

char *
bpfpv_secret_hide(const BpfpvSecret *secret, char *text)
{
    g_autoptr(GString) hidden = g_string_new(NULL);

    /* One of a letter or two would make every message unreadable, and is no secret. */
    if (!secret || secret->length < 3)
        return text;
    for (const char *at = text; *at;) {
        gsize n = strncmp(at, secret->text, secret->length) == 0 ? secret->length
                                                                 : match_escaped(at, secret->text);

        if (n > 0)
            g_string_append(hidden, "***");
        else
            g_string_append_c(hidden, *at);
        at += MAX(n, 1);
    }
    explicit_bzero(text, strlen(text));
    g_free(text);
    return g_strdup(hidden->str);
}
