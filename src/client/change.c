/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libbpfpv's calls that change what the daemon does for a domain: for root. */
#include "bpfpv/bpfpv.h"

#include "client/client.h"

/* Attach and Detach wait for libvirt, whose calls wait up to 30 s for another job on the domain, a
 * migration for instance. */
#define CHANGE_TIMEOUT_MS 60000

/**
 * bpfpv_client_attach_sync:
 * @client: a client
 * @domain: a running domain's name, UUID or libvirt id
 * @cancellable: (nullable): to give up from another thread; the daemon goes on
 * @error: return location, domain %BPFPV_ERROR, or %G_IO_ERROR_CANCELLED
 *
 * Puts the default element into the running domain's metadata. That it is
 * there is all that success says: to see the domain become active, watch
 * before calling this, and look with bpfpv_client_show_sync() after it.
 * Blocks, 60 seconds at most.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
bpfpv_client_attach_sync(BpfpvClient *client, const char *domain, GCancellable *cancellable,
                         GError **error)
{
    g_autoptr(GVariant) reply = NULL;

    g_return_val_if_fail(client != NULL && domain != NULL, FALSE);

    reply = bpfpv_client_call_for_domain(client, "Attach", domain, "()", CHANGE_TIMEOUT_MS,
                                         cancellable, error);
    return reply != NULL;
}

/**
 * bpfpv_client_detach_sync:
 * @client: a client
 * @domain: a managed domain's name, UUID or libvirt id
 * @cancellable: (nullable): to give up from another thread; the daemon goes on
 * @error: return location, domain %BPFPV_ERROR, or %G_IO_ERROR_CANCELLED
 *
 * Removes the element from the running domain's metadata, and returns when
 * the domain's original pins are back. Blocks, 60 seconds at most.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
bpfpv_client_detach_sync(BpfpvClient *client, const char *domain, GCancellable *cancellable,
                         GError **error)
{
    g_autoptr(GVariant) reply = NULL;

    g_return_val_if_fail(client != NULL && domain != NULL, FALSE);

    reply = bpfpv_client_call_for_domain(client, "Detach", domain, "()", CHANGE_TIMEOUT_MS,
                                         cancellable, error);
    return reply != NULL;
}

/**
 * bpfpv_client_release_sync:
 * @client: a client
 * @domain: a managed domain's name, UUID or libvirt id
 * @vcpu: a vCPU's number, or %BPFPV_RELEASE_ALL
 * @cancellable: (nullable): to give up from another thread; the daemon goes on
 * @error: return location, domain %BPFPV_ERROR, or %G_IO_ERROR_CANCELLED;
 *   %BPFPV_ERROR_INVALID_ARGUMENT: there is no such vCPU, no administrator has pinned it, or it is
 *   pinned statically
 *
 * Hands what an administrator has pinned since the domain is managed back to
 * the daemon: what was its original before that pin is so again, and the
 * daemon pins it by what the guest asks for, after this call has returned.
 * Blocks, 25 seconds at most. For root.
 *
 * Returns: (transfer full): type aa{sv}, what was handed back: "thread" s
 * (vcpu, emulator, iothread), "id" u, "original" s; %NULL with @error set
 */
GVariant *
bpfpv_client_release_sync(BpfpvClient *client, const char *domain, int vcpu,
                          GCancellable *cancellable, GError **error)
{
    g_autoptr(GVariant) reply = NULL;

    g_return_val_if_fail(client != NULL && domain != NULL, NULL);

    if (!bpfpv_client_check_text("domain name", domain, error))
        return NULL;
    reply = bpfpv_client_call(client, "Release", g_variant_new("(si)", domain, vcpu), "(aa{sv})",
                              BPFPV_READ_TIMEOUT_MS, cancellable, error);
    return reply != NULL ? g_variant_get_child_value(reply, 0) : NULL;
}
