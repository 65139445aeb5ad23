/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One managed domain's host side: which masks its vCPUs had before, which they
 * have now, and the pin calls in between. Notes the originals in the journal
 * before the first call. Main thread only.
 */
#pragma once

#include "core/demand.h"
#include "core/plan/plan.h"
#include "xml/domain-topology.h"
#include "xml/status.h"
#include "host/cgroup.h"
#include "host/journal/journal.h"

typedef struct _BpfpvPins BpfpvPins;

typedef struct {
    /* The originals are known, bpfpv_pins_original(), or are others since an I/O thread came or
     * went; or they could not be read. */
    void (*ready)(BpfpvPins *pins, const GError *error, gpointer user_data);
    /* A call ended, or a blocked domain may be tried again: look for next steps. */
    void (*moved)(BpfpvPins *pins, gpointer user_data);
    /* What the threads may be pinned to is something else: the cgroup's or the host's bounds, or
     * what was refused. */
    void (*bounds)(BpfpvPins *pins, gpointer user_data);
    /* Returns: (transfer full): the status as it is to be now */
    BpfpvStatus *(*describe)(BpfpvPins *pins, gpointer user_data);
} BpfpvPinsFuncs;

/**
 * bpfpv_pins_key:
 * @id: libvirt's id of the run
 *
 * What the placer knows one run of a domain by: of two runs, or of two domains of the same name one
 * after the other, what is planned for one never reaches the other. Sorted by name.
 *
 * Returns: (transfer full)
 */
char *bpfpv_pins_key(const char *name, const char *uuid, int id);

/**
 * bpfpv_pins_new:
 * @id: libvirt's id of this run of the domain; a journal entry of another is void
 * @cgroups: borrowed as long as the pins
 *
 * Starts reading; ready() follows.
 */
BpfpvPins *bpfpv_pins_new(const char *uri, const char *state_dir, const char *uuid,
                          const char *name, int id, BpfpvCgroupWatch *cgroups,
                          const BpfpvPinsFuncs *funcs, gpointer user_data);
/* Leaves pins and journal as they are. */
void bpfpv_pins_free(BpfpvPins *pins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvPins, bpfpv_pins_free)

/* Returns: (nullable) (element-type BpfpvCpuset): by vCPU; NULL before ready() */
const GPtrArray *bpfpv_pins_original(const BpfpvPins *pins);
/* Returns: (transfer full): CPUs that are somebody's only original one: a vCPU's, and if there is
 * such, another thread's; as BpfpvDomainTopology's fixed */
BpfpvCpuset *bpfpv_pins_single(const BpfpvPins *pins);
/* Returns: (transfer none): what is in force, for bpfpv_plan_next_steps() */
BpfpvAppliedDomain *bpfpv_pins_applied(BpfpvPins *pins);
/* After ready(): what has led to the anchors that an earlier daemon left, by one task each.
 * Returns: (transfer full) */
BpfpvDemand *bpfpv_pins_demand(const BpfpvPins *pins);
/* Pin calls that may be made for this domain, a second. */
void bpfpv_pins_set_rate(BpfpvPins *pins, guint per_second);
/* Begins one step; moved() follows. */
void bpfpv_pins_step(BpfpvPins *pins, const BpfpvPlanStep *step);
/* Whether every thread has its original mask, as far as its cgroup takes that, and no call is under
 * way. */
gboolean bpfpv_pins_are_original(const BpfpvPins *pins);
/* Returns: (nullable): why the last call for @vcpu failed; NULL if it did not */
const char *bpfpv_pins_error(const BpfpvPins *pins, guint vcpu);
/* Changes with every original that becomes another: what was planned was for other bounds. */
guint bpfpv_pins_serial(const BpfpvPins *pins);

/* Whether the domain's channel was plugged in by us; kept in the journal. */
gboolean bpfpv_pins_our_channel(const BpfpvPins *pins);
void bpfpv_pins_set_our_channel(BpfpvPins *pins, gboolean ours);
/* The originals are back and the daemon ends: says so in the journal. */
void bpfpv_pins_settle(BpfpvPins *pins);
/* The domain is not managed any more, or has ended: its journal entry goes. */
void bpfpv_pins_forget(BpfpvPins *pins);

/* truth.c: */
/* CPUs came or went, or the connection is a new one: whatever was refused may be asked for again.
 */
void bpfpv_pins_host_changed(BpfpvPins *pins, const BpfpvCpuset *online);
/* Returns: (nullable): the CPUs that the domain's cgroup allows; NULL: any, as far as is known */
const BpfpvCpuset *bpfpv_pins_allowed(const BpfpvPins *pins);
/* Whether a set that goes beyond that is refused. */
gboolean bpfpv_pins_allowed_only(const BpfpvPins *pins);
/* Returns: QEMU's process; 0: not known */
gint64 bpfpv_pins_pid(const BpfpvPins *pins);
/* Returns: (transfer none) (nullable): the directory of the domain's cgroup, of version 2 */
const char *bpfpv_pins_cgroup(const BpfpvPins *pins);
/* refusals.c: */
/* Whatever was refused is asked for again: the host or the cgroup is another, or the originals are
 * to come back now. */
void bpfpv_pins_forget_refusals(BpfpvPins *pins);
/* @why: (out) (transfer none) (nullable): for people
 * Returns: (nullable): CPUs that the domain's anchors do without for now */
const BpfpvCpuset *bpfpv_pins_refused(const BpfpvPins *pins, const char **why);

/* threads.c: the emulator (number 0) and the I/O threads */
/* @told: (element-type BpfpvDomainIothread): the I/O threads that the domain's XML has now. If they
 * are others than those known, libvirt is asked; ready() follows if they really are. */
void bpfpv_pins_iothreads_told(BpfpvPins *pins, const GArray *told);
/* Returns: (nullable): as bpfpv_pins_error() */
const char *bpfpv_pins_thread_error(const BpfpvPins *pins, guint id);

/* note.c: */
/* What describe() says may have changed. */
void bpfpv_pins_note_soon(BpfpvPins *pins);
/* Removes the status; whether it is gone. If not yet, moved() follows. */
gboolean bpfpv_pins_end_note(BpfpvPins *pins);

/* check.c: */
/* The connection is a new one: events may have been missed. What somebody else pinned meanwhile is
 * found; ready() follows if there is such. @online: the host's CPUs */
void bpfpv_pins_reconnected(BpfpvPins *pins, const BpfpvCpuset *online);

/* admin.c: */
/* libvirt told that a thread was pinned; whether it was by somebody else, and is theirs now.
 * @id: a vCPU's or I/O thread's number; 0 for the emulator */
gboolean bpfpv_pins_heard(BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus);
/* pins-release.c: */
/* What an administrator has pinned and now hands back. */
typedef struct {
    BpfpvThreadKind kind;
    guint id;
    BpfpvCpuset *original; /* from now on */
} BpfpvPinsReleased;

/* All that an administrator has pinned, and can be handed back. */
#define BPFPV_PINS_ALL (-1)

/**
 * bpfpv_pins_release:
 * @vcpu: a vCPU's number; %BPFPV_PINS_ALL: every vCPU, the emulator and every I/O thread
 * @fallback: the original of what was pinned before anybody could see what it had
 * @error: return location, %G_IO_ERROR_INVALID_ARGUMENT: there is no such vCPU, no administrator
 * has pinned it, or its original is a single CPU
 *
 * Takes what an administrator has pinned back into management: its original is what it was before
 * that pin. It is pinned anew by the next plan; the caller sees to that.
 *
 * Returns: (transfer full) (element-type BpfpvPinsReleased): what was taken back; %NULL with @error
 *   set
 */
GPtrArray *bpfpv_pins_release(BpfpvPins *pins, int vcpu, const BpfpvCpuset *fallback,
                              GError **error);

/* The vCPUs that an administrator has pinned since the domain is managed. */
const BpfpvCpuset *bpfpv_pins_fixed(const BpfpvPins *pins);

/* adopt.c: */
/**
 * bpfpv_pins_adopt:
 * @status: what another daemon has noted in the domain, before it came here
 *
 * Right after bpfpv_pins_new() and bpfpv_pins_host_changed(): pins that are by
 * that status bpfpv's are, and what it says was original is, unless this host's
 * journal knows better.
 */
void bpfpv_pins_adopt(BpfpvPins *pins, BpfpvStatus *status);
