/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's pin calls of one domain: read what is pinned, pin a vCPU, note it in
 * the domain's status element. Calls run in a worker of the domain's own and
 * finish in the main thread, in order.
 */
#pragma once

#include <gio/gio.h>

#include "core/plan/plan.h"

/**
 * BpfpvPinnerError:
 * @BPFPV_PINNER_ERROR_NOT_MADE: libvirt could not be reached, or not the domain: nothing changed
 * @BPFPV_PINNER_ERROR_UNSURE: the connection was lost while libvirt had the call; whether it was
 *     carried out is not known. The same call, made again, makes sure.
 *
 * A call that libvirt refused ends in an error of %BPFPV_VIRT_ERROR.
 */
typedef enum {
    BPFPV_PINNER_ERROR_NOT_MADE,
    BPFPV_PINNER_ERROR_UNSURE,
} BpfpvPinnerError;

#define BPFPV_PINNER_ERROR (bpfpv_pinner_error_quark())
GQuark bpfpv_pinner_error_quark(void);

typedef struct _BpfpvPinner BpfpvPinner;

/**
 * bpfpv_pinner_new:
 * @uuid: the domain's UUID
 * @id: libvirt's id of the run of the domain that is meant. A call that comes
 *     too late for it, since the domain was saved and restored or started
 *     again meanwhile, fails with %BPFPV_RUN_ERROR_OVER. One that was under way
 *     by then and has pinned the next run is taken back: that run gets what its
 *     definition says. The next run's own calls wait until that is done.
 */
BpfpvPinner *bpfpv_pinner_new(const char *uri, const char *uuid, int id);

/**
 * bpfpv_pinner_free:
 *
 * Never waits. Calls that are queued and not begun finish with
 * %G_IO_ERROR_CANCELLED.
 */
void bpfpv_pinner_free(BpfpvPinner *pinner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvPinner, bpfpv_pinner_free)

/* A pin in force. */
typedef struct {
    BpfpvThreadKind kind;
    guint id; /* a vCPU's or an I/O thread's number; 0 for the emulator */
    BpfpvCpuset *cpus;
    gboolean own;          /* it has a pin of its own, and doesn't inherit @cpus */
    BpfpvCpuset *inherits; /* what it would have without: <vcpu cpuset>, or any CPU */
    gboolean by_vcpu;      /* it is <vcpu cpuset> */
    BpfpvCpuset *defined;  /* (nullable): its own pin in the persistent definition, unless that is
                            * bpfpv's; of use where one in the domain has a pin of its own */
} BpfpvPinnedThread;

/**
 * bpfpv_pinned_thread_is_inherited:
 * @original: what the thread had before bpfpv
 *
 * libvirt has no call that takes a pin away: what bpfpv has put back is a pin of the same CPUs,
 * until the domain ends. So what is equal to what would be inherited counts as that, unless the
 * definition pins the thread so.
 *
 * Returns: whether it was inherited, and is no pin of the thread's own
 */
gboolean bpfpv_pinned_thread_is_inherited(const BpfpvPinnedThread *thread,
                                          const BpfpvCpuset *original);

/**
 * bpfpv_pinner_read:
 *
 * Asks for the pins in force of every vCPU, those that may be plugged in too. A domain with more
 * than %BPFPV_CPUSET_MAX is an error that says so.
 */
void bpfpv_pinner_read(BpfpvPinner *pinner, GAsyncReadyCallback callback, gpointer user_data);

/**
 * bpfpv_pinner_read_finish:
 *
 * Returns: (transfer full) (element-type BpfpvPinnedThread): by vCPU
 */
GPtrArray *bpfpv_pinner_read_finish(GAsyncResult *result, GError **error);

/**
 * bpfpv_pinner_read_threads:
 *
 * Asks for the pins in force of the emulator and the I/O threads.
 */
void bpfpv_pinner_read_threads(BpfpvPinner *pinner, GAsyncReadyCallback callback,
                               gpointer user_data);

/**
 * bpfpv_pinner_read_threads_finish:
 *
 * Returns: (transfer full) (element-type BpfpvPinnedThread): the emulator first
 */
GPtrArray *bpfpv_pinner_read_threads_finish(GAsyncResult *result, GError **error);

/**
 * bpfpv_pinner_pin:
 * @kind: what is pinned
 * @vcpu: its number; 0 for the emulator
 * @cpus: host CPUs, not empty
 *
 * Pins a thread of the running domain; the definition is not touched. A domain
 * that another job holds ends, after libvirt's 30 s, in an error that
 * bpfpv_virt_is_busy() knows.
 */
void bpfpv_pinner_pin(BpfpvPinner *pinner, BpfpvThreadKind kind, guint vcpu,
                      const BpfpvCpuset *cpus, GAsyncReadyCallback callback, gpointer user_data);
gboolean bpfpv_pinner_pin_finish(GAsyncResult *result, GError **error);

/**
 * bpfpv_pinner_note:
 * @status: (nullable): the <status> element for the running domain's metadata;
 *     %NULL removes it
 *
 * In order with the pin calls: what was noted before a pin is there before it. Until it could be
 * written, or another after it, pin calls end in %BPFPV_PINNER_ERROR_NOT_MADE.
 */
void bpfpv_pinner_note(BpfpvPinner *pinner, const char *status, GAsyncReadyCallback callback,
                       gpointer user_data);
gboolean bpfpv_pinner_note_finish(GAsyncResult *result, GError **error);
