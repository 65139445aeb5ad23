/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libbpfpv's calls that are about the daemon itself, not about a domain.
 */
#include "bpfpv/bpfpv.h"

#include "client/client.h"
#include "client/error.h"

/* It reads a file or two, and has done so when it answers. */
#define TIMEOUT_MS 25000

/**
 * bpfpv_client_reload_sync:
 * @client: a client
 * @cancellable: (nullable): to give up from another thread; the daemon goes on
 * @error: return location, domain %BPFPV_ERROR, or %G_IO_ERROR_CANCELLED; for a
 *   file with mistakes, a line for each
 *
 * Has the daemon read bpfpvd.conf again. What the change concerns follows at
 * once, everything else stays as it is. A file with mistakes changes nothing.
 * Blocks, 25 seconds at most. For root.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
bpfpv_client_reload_sync(BpfpvClient *client, GCancellable *cancellable, GError **error)
{
    g_autoptr(GVariant) reply = NULL;
    GError *cause = NULL;

    g_return_val_if_fail(client != NULL, FALSE);

    reply = g_dbus_connection_call_sync(client->connection, BPFPV_BUS_NAME, BPFPV_OBJECT_PATH,
                                        BPFPV_MANAGER_INTERFACE, "Reload", NULL,
                                        G_VARIANT_TYPE("()"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                        TIMEOUT_MS, cancellable, &cause);
    if (reply == NULL)
        bpfpv_error_propagate_call(error, "Reload", cause);
    return reply != NULL;
}

/**
 * bpfpv_client_metrics_sync:
 * @client: a client
 * @cancellable: (nullable): to give up from another thread
 * @error: return location, domain %BPFPV_ERROR, or %G_IO_ERROR_CANCELLED
 *
 * What the daemon has counted since it was started, and how things are now,
 * for a monitoring system. Blocks, 25 seconds at most.
 *
 * Returns: (transfer full): OpenMetrics 1.0 text, or %NULL with @error set
 */
char *
bpfpv_client_metrics_sync(BpfpvClient *client, GCancellable *cancellable, GError **error)
{
    g_autoptr(GVariant) reply = NULL;
    char *text;

    g_return_val_if_fail(client != NULL, NULL);

    reply = bpfpv_client_call(client, "Metrics", NULL, "(s)", BPFPV_READ_TIMEOUT_MS, cancellable,
                              error);
    if (reply == NULL)
        return NULL;
    g_variant_get(reply, "(s)", &text);
    return text;
}
