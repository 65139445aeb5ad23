/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tokens: Keystone's, by password or application credential, kept until four fifths of their life
 * are over; or noauth2's word. From one thread at a time; may block.
 */
#pragma once

#include "nova-hook/conf/conf.h"
#include "nova-hook/http/http.h"

typedef struct _BpfpvAuth BpfpvAuth;

/* @conf, @http: borrowed */
BpfpvAuth *bpfpv_auth_new(const BpfpvAgentConf *conf, BpfpvHttp *http);
void bpfpv_auth_free(BpfpvAuth *auth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvAuth, bpfpv_auth_free)

/**
 * bpfpv_auth_get:
 * @endpoint: (out) (transfer none): where Placement is, as configured or by the catalog; no "/" at
 *   its end
 *
 * Returns: (transfer none): a token, which with @endpoint is valid until the next call; %NULL with
 * @error set
 */
const BpfpvSecret *bpfpv_auth_get(BpfpvAuth *auth, const char **endpoint, GCancellable *cancellable,
                                  GError **error);

/* The token was refused. Returns: whether there can be a better one */
gboolean bpfpv_auth_forget(BpfpvAuth *auth);
