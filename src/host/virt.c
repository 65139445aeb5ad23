/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt under GLib; see virt.h. */
#include "host/virt.h"

#include <stdarg.h>

G_DEFINE_QUARK(bpfpv_virt_error_quark, bpfpv_virt_error)

static void
ignore_error(void *user_data, virErrorPtr error)
{
}

gboolean
bpfpv_virt_init(GError **error)
{
    virSetErrorFunc(NULL, ignore_error);
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
        bpfpv_virt_set_error(error, "initialising libvirt");
        return FALSE;
    }
    return TRUE;
}

BpfpvVirtReason
bpfpv_virt_take_reason(void)
{
    const virError *last = virGetLastError();
    BpfpvVirtReason reason = {VIR_ERR_OK, NULL};

    if (last && last->code != VIR_ERR_OK) {
        reason.code = last->code;
        reason.message = g_strdup(last->message);
    }
    virResetLastError();
    return reason;
}

void
bpfpv_virt_reason_clear(BpfpvVirtReason *reason)
{
    g_clear_pointer(&reason->message, g_free);
    reason->code = VIR_ERR_OK;
}

void
bpfpv_virt_set_reason(GError **error, BpfpvVirtReason reason, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, BPFPV_VIRT_ERROR, reason.code ? reason.code : VIR_ERR_INTERNAL_ERROR,
                "%s: %s", what, reason.message ? reason.message : "libvirt gave no reason");
    bpfpv_virt_reason_clear(&reason);
}

virConnectPtr
bpfpv_virt_open(const char *uri, GError **error)
{
    virConnectPtr connection = virConnectOpen(uri);

    if (!connection)
        bpfpv_virt_set_error(error, "connecting to libvirt at %s", uri);
    return connection;
}

virDomainPtr
bpfpv_virt_lookup(virConnectPtr connection, const char *uuid, GError **error)
{
    virDomainPtr domain = virDomainLookupByUUIDString(connection, uuid);

    if (!domain)
        bpfpv_virt_set_error(error, "looking up domain %s", uuid);
    return domain;
}

gboolean
bpfpv_virt_is_busy(const GError *error)
{
    return error && error->domain == BPFPV_VIRT_ERROR && error->code == VIR_ERR_OPERATION_TIMEOUT;
}
