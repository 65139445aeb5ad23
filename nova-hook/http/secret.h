/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text that must not be seen: passwords, tokens, and what holds them. Wiped when it is freed. */
#pragma once

#include <glib.h>

typedef struct _BpfpvSecret BpfpvSecret;

/* Returns: (transfer full): a copy of @length bytes of @text; the caller wipes the original */
BpfpvSecret *bpfpv_secret_new(const char *text, gsize length);
void bpfpv_secret_free(BpfpvSecret *secret);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvSecret, bpfpv_secret_free)

/* Grows as needed, and wipes what it leaves behind. */
void bpfpv_secret_append(BpfpvSecret *secret, const char *text, gsize length);
/* Appends @text as the inside of a JSON string; @text: UTF-8 */
void bpfpv_secret_append_json(BpfpvSecret *secret, const char *text);

/* Returns: (transfer none): valid until it is appended to */
const char *bpfpv_secret_text(const BpfpvSecret *secret);
gsize bpfpv_secret_length(const BpfpvSecret *secret);

/**
 * bpfpv_secret_hide:
 * @secret: (nullable)
 * @text: (transfer full): text of somebody else's
 *
 * Returns: (transfer full): @text, with "***" for each time that it says the secret, as it is or
 * with JSON's escapes
 */
char *bpfpv_secret_hide(const BpfpvSecret *secret, char *text);
