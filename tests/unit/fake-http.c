/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See fake-http.h. */
#include "fake-http.h"

#include <string.h>

struct _FakeHttp {
    GSocketService *service;
    GMainContext *context;
    GMainLoop *loop;
    GThread *thread;
    GTlsCertificate *certificate;
    FakeHttpFunc func;
    gpointer user_data;
    char *url;
    GMutex lock; /* for what follows */
    GString *requests;
};

GString *
fake_http_answer(const char *status, const char *headers, const char *body)
{
    GString *answer = g_string_new(NULL);

    g_string_printf(answer,
                    "HTTP/1.1 %s\r\n%sContent-Type: application/json\r\nContent-Length: %zu\r\n"
                    "Connection: close\r\n\r\n%s",
                    status, headers, strlen(body), body);
    return answer;
}

static gsize
content_length(const char *head)
{
    const char *line = strstr(head, "Content-Length:");

    return line ? (gsize)g_ascii_strtoull(line + strlen("Content-Length:"), NULL, 10) : 0;
}

static gboolean
is_complete(const GString *request)
{
    const char *end = strstr(request->str, "\r\n\r\n");

    return end && request->len >= (gsize)(end + 4 - request->str) + content_length(request->str);
}

static void
serve(FakeHttp *fake, GIOStream *stream)
{
    GInputStream *in = g_io_stream_get_input_stream(stream);
    GOutputStream *out = g_io_stream_get_output_stream(stream);
    g_autoptr(GString) request = g_string_new(NULL);
    GString *answer;
    char buffer[4096];
    gssize n = 1;

    while (!is_complete(request) &&
           (n = g_input_stream_read(in, buffer, sizeof(buffer), NULL, NULL)) > 0)
        g_string_append_len(request, buffer, n);
    if (n <= 0)
        return;
    g_mutex_lock(&fake->lock);
    g_string_append(fake->requests, request->str);
    g_mutex_unlock(&fake->lock);
    answer = fake->func(request->str, fake->user_data);
    if (!answer)
        return;
    g_output_stream_write_all(out, answer->str, answer->len, NULL, NULL, NULL);
    g_string_free(answer, TRUE);
}

static gboolean
on_run(GThreadedSocketService *service, GSocketConnection *connection, GObject *source,
       gpointer user_data)
{
    FakeHttp *fake = user_data;
    g_autoptr(GIOStream) stream = NULL;

    if (fake->certificate)
        stream = g_tls_server_connection_new(G_IO_STREAM(connection), fake->certificate, NULL);
    else
        stream = g_object_ref(G_IO_STREAM(connection));
    if (stream) {
        serve(fake, stream);
        g_io_stream_close(stream, NULL, NULL);
    }
    return TRUE;
}

static gpointer
run_loop(gpointer user_data)
{
    FakeHttp *fake = user_data;

    g_main_context_push_thread_default(fake->context);
    g_main_loop_run(fake->loop);
    g_main_context_pop_thread_default(fake->context);
    return NULL;
}

FakeHttp *
fake_http_new(const char *certificate, FakeHttpFunc func, gpointer user_data)
{
    FakeHttp *fake = g_new0(FakeHttp, 1);
    g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    g_autoptr(GSocketAddress) any = g_inet_socket_address_new(loopback, 0);
    g_autoptr(GSocketAddress) effective = NULL;
    g_autoptr(GError) error = NULL;

    g_mutex_init(&fake->lock);
    fake->requests = g_string_new(NULL);
    fake->func = func;
    fake->user_data = user_data;
    if (certificate)
        fake->certificate = g_tls_certificate_new_from_file(certificate, &error);
    g_assert_no_error(error);
    fake->context = g_main_context_new();
    fake->loop = g_main_loop_new(fake->context, FALSE);
    g_main_context_push_thread_default(fake->context);
    fake->service = g_threaded_socket_service_new(8);
    g_signal_connect(fake->service, "run", G_CALLBACK(on_run), fake);
    g_socket_listener_add_address(G_SOCKET_LISTENER(fake->service), any, G_SOCKET_TYPE_STREAM,
                                  G_SOCKET_PROTOCOL_TCP, NULL, &effective, &error);
    g_main_context_pop_thread_default(fake->context);
    g_assert_no_error(error);
    fake->url = g_strdup_printf(certificate ? "https://localhost:%u" : "http://127.0.0.1:%u",
                                g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(effective)));
    fake->thread = g_thread_new("fake http", run_loop, fake);
    return fake;
}

static gboolean
on_quit(gpointer user_data)
{
    g_main_loop_quit(user_data);
    return G_SOURCE_REMOVE;
}

void
fake_http_free(FakeHttp *fake)
{
    if (!fake)
        return;
    g_main_context_invoke(fake->context, on_quit, fake->loop);
    g_thread_join(fake->thread);
    g_socket_service_stop(fake->service);
    g_socket_listener_close(G_SOCKET_LISTENER(fake->service));
    g_clear_object(&fake->service);
    g_main_loop_unref(fake->loop);
    g_main_context_unref(fake->context);
    g_clear_object(&fake->certificate);
    g_string_free(fake->requests, TRUE);
    g_mutex_clear(&fake->lock);
    g_free(fake->url);
    g_free(fake);
}

const char *
fake_http_url(const FakeHttp *fake)
{
    return fake->url;
}

char *
fake_http_requests(FakeHttp *fake)
{
    char *copy;

    g_mutex_lock(&fake->lock);
    copy = g_strdup(fake->requests->str);
    g_mutex_unlock(&fake->lock);
    return copy;
}
