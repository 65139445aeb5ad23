/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A web server on loopback that answers what a test tells it, in threads of its own. */
#pragma once

#include <gio/gio.h>

typedef struct _FakeHttp FakeHttp;

/**
 * FakeHttpFunc:
 * @request: all of it: request line, headers, empty line, body
 *
 * Called in a thread of the server's.
 *
 * Returns: (transfer full): the whole answer, headers and body; %NULL closes the connection
 */
typedef GString *(*FakeHttpFunc)(const char *request, gpointer user_data);

/* @certificate: (nullable): speaks TLS, with this PEM file of certificate and key */
FakeHttp *fake_http_new(const char *certificate, FakeHttpFunc func, gpointer user_data);
void fake_http_free(FakeHttp *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeHttp, fake_http_free)

/* "http://127.0.0.1:PORT", or "https://localhost:PORT" */
const char *fake_http_url(const FakeHttp *fake);
/* All requests so far, one behind the other; g_free(). */
char *fake_http_requests(FakeHttp *fake);

/* Returns: (transfer full): an answer with this status line's end ("200 OK"), headers and body */
GString *fake_http_answer(const char *status, const char *headers, const char *body);
