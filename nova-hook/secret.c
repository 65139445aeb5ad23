/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that is wiped; see secret.h. Pure. */
#include "config.h"

#include "nova-hook/secret.h"

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

char *
bpfpv_secret_hide(const BpfpvSecret *secret, char *text)
{
    GString *hidden;

    /* One of a letter or two would make every message unreadable, and is no secret. */
    if (!secret || secret->length < 3 || !strstr(text, secret->text))
        return text;
    hidden = g_string_new(text);
    g_string_replace(hidden, secret->text, "***", 0);
    explicit_bzero(text, strlen(text));
    g_free(text);
    return g_string_free(hidden, FALSE);
}
