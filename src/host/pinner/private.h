/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. */
#pragma once

#include <libvirt/libvirt.h>

#include "xml/document.h"
#include "host/connections.h"
#include "host/pinner/pinner.h"

/* threads.c: lists of BpfpvPinnedThread. @cpus: (transfer full) */
GPtrArray *bpfpv_pinned_threads_new(void);
void bpfpv_pinned_threads_add(GPtrArray *threads, BpfpvThreadKind kind, guint id,
                              BpfpvCpuset *cpus);

/* own.c: */
/* @flags: libvirt's. Blocks. Returns: (transfer full) */
BpfpvXmlDoc *bpfpv_pinner_read_xml(virDomainPtr domain, guint flags, GError **error);
/* Blocks. Returns: (transfer full): the host's CPUs that are online */
BpfpvCpuset *bpfpv_pinner_read_online(virDomainPtr domain, guint n_host_cpus);
/* @root: of the live XML, which was read after the pins of @threads. Completes those. Blocks. */
void bpfpv_pinner_see_own(virDomainPtr domain, const xmlNode *root, GPtrArray *threads,
                          guint n_host_cpus);

/**
 * bpfpv_pinner_list_threads:
 * @n_host_cpus: the number of host CPUs that are present
 *
 * Blocks. A driver that knows no such threads, or of no pins for them, has none.
 *
 * Returns: (transfer full) (element-type BpfpvPinnedThread): the emulator first
 */
GPtrArray *bpfpv_pinner_list_threads(virDomainPtr domain, guint n_host_cpus, GError **error);

/* defined.c: what the domain's definition has for the thread. @map: (out): of @maplen bytes.
 * Returns: whether it could be read. Blocks. */
gboolean bpfpv_pinner_read_defined(virDomainPtr domain, BpfpvThreadKind kind, guint id, guchar *map,
                                   int maplen);

/* ---- link.c ---- */

/* One run of a domain as its pinner's calls see it, which come one after the other; whoever has it
 * in a call may use all of it. Outlives the pinner while a call is under way. */
typedef struct {
    gatomicrefcount refs;
    BpfpvConnections *connections;
    char *uuid;
    int id;
    gint queued; /* calls that have not begun; atomic */

    /* Within calls. */
    virDomainPtr domain; /* (nullable): kept from call to call, as long as its connection lives */
    virConnectPtr connection; /* (nullable): borrowed for the call */
    guint n_host_cpus;        /* after bpfpv_pin_link_count_cpus() */
    gboolean unnoted;         /* the last status could not be written */
    gboolean unchecked; /* it was, and nobody has looked yet whether in the run that is meant */
    gboolean held;      /* the last call has waited in vain for a job that holds the domain */
} BpfpvPinLink;

BpfpvPinLink *bpfpv_pin_link_new(const char *uri, const char *uuid, int id);
BpfpvPinLink *bpfpv_pin_link_ref(BpfpvPinLink *link);
void bpfpv_pin_link_unref(BpfpvPinLink *link);
/* Begins a call, with the handle of the one before if its connection still serves. Ended by
 * bpfpv_pin_link_end(), also where it fails. Blocks, as all that follow. */
gboolean bpfpv_pin_link_begin(BpfpvPinLink *link, GError **error);
void bpfpv_pin_link_end(BpfpvPinLink *link);
gboolean bpfpv_pin_link_count_cpus(BpfpvPinLink *link, GError **error);
/* Replaces @error by %BPFPV_RUN_ERROR_OVER if that is why. */
void bpfpv_pin_link_explain(BpfpvPinLink *link, GError **error);

/**
 * bpfpv_pin_link_is_free:
 * @error: return location; what bpfpv_virt_is_busy() knows
 *
 * Whoever has waited for a job in vain looks first: a call that waits takes one of libvirtd's
 * workers, and the others' turn.
 */
gboolean bpfpv_pin_link_is_free(BpfpvPinLink *link, GError **error);

/**
 * bpfpv_pin_link_has_landed:
 * @error: return location, %BPFPV_RUN_ERROR_OVER
 *
 * Whether the run that is meant has what was called for. If not, the domain was started again while
 * the call waited in libvirt: the next run has it, for which nobody has called yet, since its calls
 * wait in the same queue. A status is taken out of it again; a pin is the caller's business, with
 * the handle that is left.
 */
gboolean bpfpv_pin_link_has_landed(BpfpvPinLink *link, GError **error);
