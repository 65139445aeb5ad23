/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* HTTP by libcurl; see http.h. */
#include "config.h"

#include "nova-hook/http/http.h"

#include <curl/curl.h>
#include <string.h>

#include "nova-hook/http/answer.h"
#include "nova-hook/http/os-error.h"

#define CONNECT_TIMEOUT_S 10L
/* Of a message that is passed on. */
#define MAX_TEXT 300

struct _BpfpvHttp {
    CURL *curl;
    char *cafile;
    guint timeout_s;
};

/* One request under way. */
typedef struct {
    BpfpvHttpAnswer *answer;
    GCancellable *cancellable;
    gboolean too_large;
} Transfer;

BpfpvHttp *
bpfpv_http_new(const BpfpvHttpOptions *options, GError **error)
{
    static gsize initialised;
    g_autoptr(BpfpvHttp) http = g_new0(BpfpvHttp, 1);

    if (g_once_init_enter(&initialised))
        g_once_init_leave(&initialised, curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? 1 : 2);
    http->curl = initialised == 1 ? curl_easy_init() : NULL;
    if (!http->curl) {
        g_set_error_literal(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_FAILED, "libcurl does not start");
        return NULL;
    }
    http->cafile = g_strdup(options->cafile);
    http->timeout_s = options->timeout_s;
    return g_steal_pointer(&http);
}

void
bpfpv_http_free(BpfpvHttp *http)
{
    if (!http)
        return;
    if (http->curl)
        curl_easy_cleanup(http->curl);
    g_free(http->cafile);
    g_free(http);
}

void
bpfpv_http_answer_free(BpfpvHttpAnswer *answer)
{
    if (!answer)
        return;
    g_string_free(answer->body, TRUE);
    bpfpv_secret_free(answer->subject_token);
    g_free(answer->location);
    g_free(answer);
}

/* ---- what libcurl calls ---- */

static size_t
on_body(char *data, size_t size, size_t n, void *user_data)
{
    Transfer *transfer = user_data;
    GString *body = transfer->answer->body;

    if (body->len + size * n > BPFPV_HTTP_MAX_BODY) {
        transfer->too_large = TRUE;
        return 0;
    }
    g_string_append_len(body, data, (gssize)(size * n));
    return size * n;
}

/* Returns: (nullable): the value of a header line of this name, and its length */
static const char *
header_value(const char *line, gsize length, const char *name, gsize *value_length)
{
    gsize n = strlen(name);

    if (length <= n || g_ascii_strncasecmp(line, name, n) != 0 || line[n] != ':')
        return NULL;
    for (n++; n < length && g_ascii_isspace(line[n]); n++)
        ;
    while (length > n && g_ascii_isspace(line[length - 1]))
        length--;
    *value_length = length - n;
    return line + n;
}

static size_t
on_header(char *line, size_t size, size_t n, void *user_data)
{
    BpfpvHttpAnswer *answer = ((Transfer *)user_data)->answer;
    const char *value;
    gsize length;

    if ((value = header_value(line, size * n, "X-Subject-Token", &length))) {
        bpfpv_secret_free(answer->subject_token);
        answer->subject_token = bpfpv_secret_new(value, length);
    } else if ((value = header_value(line, size * n, "Location", &length))) {
        g_free(answer->location);
        answer->location = g_strndup(value, length);
    }
    return size * n;
}

static int
on_progress(void *user_data, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
            curl_off_t up)
{
    return g_cancellable_is_cancelled(((Transfer *)user_data)->cancellable);
}

/* ---- a request ---- */

static void
set_protocols(CURL *curl)
{
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

static void
set_options(BpfpvHttp *http, Transfer *transfer, char *error_text)
{
    CURL *curl = http->curl;

    curl_easy_reset(curl); /* keeps the connection */
    set_protocols(curl);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)http->timeout_s);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "bpfpv-placement/" PACKAGE_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (http->cafile)
        curl_easy_setopt(curl, CURLOPT_CAINFO, http->cafile);
}

static struct curl_slist *
make_headers(const BpfpvHttpRequest *request)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");

    headers = curl_slist_append(headers, "Expect:");
    if (request->body)
        headers = curl_slist_append(headers, "Content-Type: application/json");
    if (request->version) {
        g_autofree char *line = g_strconcat("OpenStack-API-Version: ", request->version, NULL);

        headers = curl_slist_append(headers, line);
    }
    if (request->token) {
        g_autoptr(BpfpvSecret) line = bpfpv_secret_new("X-Auth-Token: ", strlen("X-Auth-Token: "));

        bpfpv_secret_append(line, bpfpv_secret_text(request->token),
                            bpfpv_secret_length(request->token));
        headers = curl_slist_append(headers, bpfpv_secret_text(line));
    }
    return headers;
}

static void
free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *at = headers; at; at = at->next)
        explicit_bzero(at->data, strlen(at->data));
    curl_slist_free_all(headers);
}

static void
set_transfer_error(GError **error, const BpfpvHttpRequest *request, const Transfer *transfer,
                   CURLcode code, const char *text)
{
    if (transfer->too_large)
        g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_MALFORMED,
                    "%s: the answer is larger than %d MiB; is this the right address?",
                    request->url, BPFPV_HTTP_MAX_BODY >> 20);
    else if (code == CURLE_ABORTED_BY_CALLBACK)
        g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_CANCELLED, "%s: given up", request->url);
    else
        g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_UNREACHABLE, "%s: %s%s", request->url,
                    *text ? text : curl_easy_strerror(code),
                    code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE
                        ? "; cafile= names the certificates to trust"
                        : "");
}

/* Hidden first: what is cut off in the middle isn't found any more. */
static char *
clean_text(char *text, const BpfpvSecret *hide, const BpfpvSecret *hide_too)
{
    g_autofree char *hidden = bpfpv_secret_hide(hide_too, bpfpv_secret_hide(hide, text));

    return bpfpv_os_clean(hidden, strlen(hidden), MAX_TEXT);
}

static gboolean
check_redirect(const BpfpvHttpRequest *request, const BpfpvHttpAnswer *answer, GError **error)
{
    g_autofree char *location = NULL;

    if (answer->status < 300 || answer->status > 399)
        return TRUE;
    location = clean_text(g_strdup(answer->location ? answer->location : "nowhere"), request->hide,
                          request->token);
    g_set_error(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_REDIRECTED,
                "%s: redirected to %s, where the credentials are not sent; if that is right, "
                "configure it",
                request->url, location);
    return FALSE;
}

BpfpvHttpAnswer *
bpfpv_http_send(BpfpvHttp *http, const BpfpvHttpRequest *request, GCancellable *cancellable,
                GError **error)
{
    g_autoptr(BpfpvHttpAnswer) answer = g_new0(BpfpvHttpAnswer, 1);
    Transfer transfer = {.answer = answer, .cancellable = cancellable};
    char text[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = make_headers(request);
    CURLcode code;
    long status = 0;

    answer->body = g_string_new(NULL);
    set_options(http, &transfer, text);
    curl_easy_setopt(http->curl, CURLOPT_URL, request->url);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    if (request->body) {
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, bpfpv_secret_text(request->body));
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)bpfpv_secret_length(request->body));
    }
    curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, request->method);
    /* libcurl asks on_progress() now and then, and may have sent a short request by then. */
    code = g_cancellable_is_cancelled(cancellable) ? CURLE_ABORTED_BY_CALLBACK
                                                   : curl_easy_perform(http->curl);
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    free_headers(headers);
    answer->status = (guint)status;
    g_debug("%s %s: %ld, %zu bytes", request->method, request->url, status, answer->body->len);
    if (code != CURLE_OK) {
        set_transfer_error(error, request, &transfer, code, text);
        return NULL;
    }
    return check_redirect(request, answer, error) ? g_steal_pointer(&answer) : NULL;
}

/* ---- answers that say no ---- */

/* Placement's own errors have a code, as of 1.23: what has none is Keystone's, or of a web server
 * that knows no such path, and says nothing of what Placement has. */
static BpfpvOsError
error_code(guint status, const char *code)
{
    if (*code == '\0' && (status == 404 || status == 409))
        return BPFPV_OS_ERROR_REFUSED;
    switch (status) {
    case 401:
        return BPFPV_OS_ERROR_UNAUTHORIZED;
    case 403:
        return BPFPV_OS_ERROR_FORBIDDEN;
    case 404:
        return BPFPV_OS_ERROR_NOT_FOUND;
    case 409:
        if (strstr(code, "inuse") || strstr(code, "in_use"))
            return BPFPV_OS_ERROR_IN_USE;
        /* Duplicate names too: another one was quicker, and reading again shows it. */
        return BPFPV_OS_ERROR_CONFLICT;
    default:
        return status >= 500 ? BPFPV_OS_ERROR_UNREACHABLE : BPFPV_OS_ERROR_REFUSED;
    }
}

void
bpfpv_http_set_error(GError **error, const BpfpvHttpAnswer *answer, const char *who,
                     const BpfpvSecret *hide)
{
    g_autofree char *code = NULL;
    g_autofree char *detail = bpfpv_answer_error(answer->body->str, answer->body->len, &code);
    g_autofree char *clean = clean_text(g_steal_pointer(&detail), hide, NULL);

    g_set_error(error, BPFPV_OS_ERROR, error_code(answer->status, code), "%s: %u%s%s", who,
                answer->status, *clean ? ": " : "", clean);
}
