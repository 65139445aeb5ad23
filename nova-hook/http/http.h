/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One HTTP request at a time; the only user of libcurl. Nothing is followed, nothing is taken from
 * the environment (no proxy, no .netrc), and nothing that is sent or received is logged but method,
 * address, status and size. From one thread at a time; may block.
 */
#pragma once

#include <gio/gio.h>

#include "nova-hook/http/secret.h"

/* What an answer may have. Real ones have some kilobytes. */
#define BPFPV_HTTP_MAX_BODY (4 * 1024 * 1024)

typedef struct {
    char *cafile;    /* (nullable): PEM file; NULL: the system's */
    guint timeout_s; /* for all of a request */
} BpfpvHttpOptions;

typedef struct {
    const char *method;
    const char *url;          /* http or https */
    const BpfpvSecret *token; /* (nullable): X-Auth-Token */
    const char *version;      /* (nullable): OpenStack-API-Version */
    const BpfpvSecret *body;  /* (nullable): JSON */
    const BpfpvSecret *hide;  /* (nullable): what no error says, whoever does; nor the token */
} BpfpvHttpRequest;

typedef struct {
    guint status;
    GString *body;
    BpfpvSecret *subject_token; /* (nullable): X-Subject-Token, where Keystone has the new token */
    char *location;             /* (nullable): as it came */
} BpfpvHttpAnswer;

typedef struct _BpfpvHttp BpfpvHttp;

BpfpvHttp *bpfpv_http_new(const BpfpvHttpOptions *options, GError **error);
void bpfpv_http_free(BpfpvHttp *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvHttp, bpfpv_http_free)

/**
 * bpfpv_http_send:
 * @cancellable: (nullable): ends it within a second
 * @error: domain %BPFPV_OS_ERROR: unreachable, redirected, malformed (too large), cancelled
 *
 * Returns: (transfer full): whatever was answered, of any other status; %NULL with @error set
 */
BpfpvHttpAnswer *bpfpv_http_send(BpfpvHttp *http, const BpfpvHttpRequest *request,
                                 GCancellable *cancellable, GError **error);
void bpfpv_http_answer_free(BpfpvHttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvHttpAnswer, bpfpv_http_answer_free)

/**
 * bpfpv_http_set_error:
 * @who: the service and what it was asked, for the message
 * @hide: (nullable): what it must not say even if the answer does
 *
 * Sets @error to what an answer other than success says, by its status and the text of Keystone's
 * or Placement's error objects.
 */
void bpfpv_http_set_error(GError **error, const BpfpvHttpAnswer *answer, const char *who,
                          const BpfpvSecret *hide);
