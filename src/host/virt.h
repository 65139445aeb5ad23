/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt under GLib: cleanups for its types and its errors as GError. The one
 * header of src/host that the other adapters share.
 */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "core/cpuset/cpuset.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)
typedef virConnect BpfpvVirConnect;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvVirConnect, virConnectClose)

/* Codes are libvirt's virErrorNumber. */
#define BPFPV_VIRT_ERROR (bpfpv_virt_error_quark())
GQuark bpfpv_virt_error_quark(void);

/**
 * bpfpv_virt_init:
 *
 * Prepares libvirt for a process: its events run in the default GLib main
 * context, and its errors are no longer printed. Call once, first.
 */
gboolean bpfpv_virt_init(GError **error);

/* libvirt's last error of this thread, taken out of its reach. */
typedef struct {
    int code; /* VIR_ERR_OK: there was none */
    char *message;
} BpfpvVirtReason;

/**
 * bpfpv_virt_take_reason:
 *
 * Takes the calling thread's last libvirt error. Right after the call that failed: every other
 * call of libvirt's, virDomainGetName() and virDomainFree() too, clears it.
 *
 * Returns: (transfer full): for bpfpv_virt_set_reason(), or bpfpv_virt_reason_clear()
 */
BpfpvVirtReason bpfpv_virt_take_reason(void);
void bpfpv_virt_reason_clear(BpfpvVirtReason *reason);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BpfpvVirtReason, bpfpv_virt_reason_clear)

/**
 * bpfpv_virt_set_reason:
 * @reason: (transfer full): why libvirt failed
 * @format: what was tried, e.g. "pinning vCPU 3 to 4-5"
 *
 * Turns a libvirt error into a #GError.
 */
void bpfpv_virt_set_reason(GError **error, BpfpvVirtReason reason, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/**
 * bpfpv_virt_set_error:
 * @error: return location
 * @...: what was tried, as for printf()
 *
 * Turns the calling thread's last libvirt error into a #GError. It is taken before the arguments
 * are evaluated, which may well be calls to libvirt.
 */
#define bpfpv_virt_set_error(error, ...)                                                           \
    do {                                                                                           \
        BpfpvVirtReason reason_ = bpfpv_virt_take_reason();                                        \
                                                                                                   \
        bpfpv_virt_set_reason((error), reason_, __VA_ARGS__);                                      \
    } while (0)

/**
 * bpfpv_virt_open:
 * @uri: libvirt URI
 *
 * Opens a connection. Blocks: call from a worker.
 *
 * Returns: (transfer full): close with virConnectClose()
 */
virConnectPtr bpfpv_virt_open(const char *uri, GError **error);

/**
 * bpfpv_virt_lookup:
 * @uuid: the domain's UUID as text
 *
 * Returns: (transfer full): free with virDomainFree(). Blocks.
 */
virDomainPtr bpfpv_virt_lookup(virConnectPtr connection, const char *uuid, GError **error);

/**
 * bpfpv_virt_is_busy:
 * @error: (nullable): an error of this domain
 *
 * Returns: whether another job holds the domain (migration, save, …), so that
 * the same call may succeed later.
 */
gboolean bpfpv_virt_is_busy(const GError *error);
