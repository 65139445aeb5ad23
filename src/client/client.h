/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libbpfpv share: the client's inside, and the daemon's
 * address on the bus. Internal to libbpfpv, not installed.
 */
#pragma once

#include <gio/gio.h>

#define BPFPV_BUS_NAME "org.bpfpv1"
#define BPFPV_OBJECT_PATH "/org/bpfpv1"
#define BPFPV_MANAGER_INTERFACE "org.bpfpv1.Manager"
#define BPFPV_PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

struct _BpfpvClient {
    GDBusConnection *connection; /* our own, not shared; NULL only while it is being made */
    GHashTable *watches;         /* watch id → another subscription of the same watch, or 0 */
};

/* Reading answers from memory. */
#define BPFPV_READ_TIMEOUT_MS 25000

/* client.c: @arguments: taken if floating. The reply is a tuple of type @reply_type; NULL with
 * @error set. */
GVariant *bpfpv_client_call(BpfpvClient *client, const char *method, GVariant *arguments,
                            const char *reply_type, int timeout_ms, GCancellable *cancellable,
                            GError **error);
/* Of a method whose one argument is a domain. */
GVariant *bpfpv_client_call_for_domain(BpfpvClient *client, const char *method, const char *domain,
                                       const char *reply_type, int timeout_ms,
                                       GCancellable *cancellable, GError **error);
/* Whether @text is UTF-8; @what it is goes into the error. */
gboolean bpfpv_client_check_text(const char *what, const char *text, GError **error);
