/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What pins.c and its parts, pins-*.c, share. */
#pragma once

#include "core/quota.h"
#include "daemon/pins/pins.h"
#include "core/plan/refusals.h"
#include "host/pinner/pinner.h"
#include "host/threads.h"

/* After a call that a job held up, which has already taken libvirt's own 30 s, or that did not get
 * as far as to the domain. */
#define BPFPV_PINS_RETRY_MS 2000

/* A thread of the domain's; the emulator's number is 0. */
typedef struct {
    BpfpvThreadKind kind;
    guint id;
} BpfpvPinsThread;

struct _BpfpvPins {
    char *state_dir;
    const BpfpvPinsFuncs *funcs;
    gpointer user_data;
    BpfpvPinner *pinner;
    BpfpvJournalEntry *entry;
    BpfpvAppliedDomain *applied; /* of use when ready */
    gboolean ready;
    guint serial;
    gboolean journaled; /* the journal has the originals that are known */
    GPtrArray *errors;  /* of char * or NULL, by vCPU */
    guint retry_timer;
    gint64 blocked_until_us; /* what that is set to, once the originals are known */
    guint rate;
    double tokens; /* calls that may be made now */
    gint64 tokens_us;
    GArray *unsure;   /* of BpfpvPinsThread: whose last call may or may not have been carried out */
    gboolean adopted; /* the journal says that pins of ours were in force */
    gboolean closed;  /* freed; calls under way hold the memory */

    BpfpvQuota quota; /* of log lines */

    BpfpvCpuset *wanted; /* (nullable): vCPUs that an earlier daemon noted as anchors */

    /* truth.c */
    BpfpvCgroupWatch *cgroups;
    BpfpvThreads *kernel; /* (nullable): QEMU's threads; NULL: not found (yet) */
    BpfpvCgroup *cgroup;  /* (nullable): the domain's; NULL: not found, or there is none */
    BpfpvCgroupListener *listener;
    BpfpvCpuset *online; /* (nullable): the host's CPUs */
    BpfpvRefusals *refusals;
    BpfpvCpuset *refused_cpus; /* (nullable): that anchors do without, for now */
    guint rest_timer;          /* something that was refused has rested */

    /* threads.c */
    GHashTable *thread_errors; /* an I/O thread's number, 0: the emulator → char * */
    gboolean reading_threads;
    gboolean read_threads_again;

    /* note.c: the status element */
    char *noted;       /* what the domain has; NULL: nothing; "": what another daemon wrote */
    BpfpvStatus *told; /* (nullable): what the last call writes, whether it has ended or not; NULL:
                        * it has failed, or there was none */
    gboolean noted_originals, noting_originals; /* whether they tell the originals */
    char *note_error;                           /* why the last call failed */
    guint notes_under_way;                      /* calls */
    gboolean note_wanted;
    gboolean note_ends; /* it is to be removed */
    guint note_timer;
    gint64 noted_us; /* when the last call began */

    /* admin.c: whose a pin is */
    GPtrArray *expected; /* of our own calls whose events have not come yet */

    BpfpvStatus *claims;  /* (nullable): what another daemon has noted; until the pins are read */
    GPtrArray *rewritten; /* (nullable) of BpfpvCpuset: what somebody has given to vCPUs since */
};

BpfpvAppliedVcpu *bpfpv_pins_vcpu(BpfpvPins *pins, guint vcpu);
gboolean bpfpv_pins_write_journal(BpfpvPins *pins);
/* Replaces @set by a copy of @by; either may be NULL. */
void bpfpv_pins_replace(BpfpvCpuset **set, const BpfpvCpuset *by);
/* Reads the originals anew, in a moment; ready() follows. */
void bpfpv_pins_read_later(BpfpvPins *pins);

/* steps.c: */
/* Calls libvirt; moved() follows. */
void bpfpv_pins_call(BpfpvPins *pins, guint vcpu, const BpfpvCpuset *cpus, gboolean anchored);
void bpfpv_pins_call_thread(BpfpvPins *pins, BpfpvAppliedThread *thread, const BpfpvCpuset *cpus);
/* No call is made for this domain for so long, or longer if that was said before. */
void bpfpv_pins_block_for(BpfpvPins *pins, guint ms);
/* Logs why a call failed, which is made again: not at all if the domain has ended, for people who
 * look for a fault if a job holds it, else as a warning. */
void bpfpv_pins_log_failure(BpfpvPins *pins, const GError *error);
/* An error of a call, for people. */
const char *bpfpv_pins_explain(const GError *error);
/* Whether it is libvirt's answer: no. */
gboolean bpfpv_pins_is_refusal(const GError *error);
/* @message: (nullable): why the last call for @thread failed, or came to nothing; copied */
void bpfpv_pins_set_error(BpfpvPins *pins, const BpfpvPinsThread *thread, const char *message);
/* What is fixed and was moved all the same, by a call that was under way, goes back. */
void bpfpv_pins_keep_fixed(BpfpvPins *pins);

/* refusals.c: */
/* @cpus came to nothing, and is not asked for again until it has rested. @truth: the thread's;
 * @anchored: a CPU that an anchor was to have: bounds() follows, as it may have another one */
void bpfpv_pins_refuse(BpfpvPins *pins, const BpfpvPinsThread *thread, BpfpvThreadTruth *truth,
                       const BpfpvCpuset *cpus, gboolean anchored, const char *why);
/* Something has rested, or was accepted. */
void bpfpv_pins_renew_refusals(BpfpvPins *pins);

/* truth.c: */
/* Reads what the cgroup allows, and what the threads have. bounds() and moved() follow. */
void bpfpv_pins_look(BpfpvPins *pins);
/* A call succeeded: sees what the thread has of it. @cpus: what it was given */
void bpfpv_pins_verify(BpfpvPins *pins, const BpfpvPinsThread *thread, BpfpvThreadTruth *truth,
                       const BpfpvCpuset *cpus, const BpfpvCpuset *original, gboolean anchored);
/* libvirt refused @asked, which is not asked for again until it has rested. @cpus: what it was
 * given before; bounds() follows if it was to be an anchor's */
void bpfpv_pins_refused_call(BpfpvPins *pins, const BpfpvPinsThread *thread,
                             BpfpvThreadTruth *truth, const BpfpvCpuset *cpus,
                             const BpfpvCpuset *original, const BpfpvCpuset *asked,
                             gboolean anchored, const char *why);
/* A thread is somebody else's now: whatever it was refused is forgotten. */
void bpfpv_pins_let_rest(BpfpvPins *pins, BpfpvThreadKind kind, guint id, BpfpvThreadTruth *truth);
void bpfpv_pins_clear_truth(BpfpvPins *pins);

/* threads.c: */
/* Asks libvirt which threads there are. The first time ready() follows. */
void bpfpv_pins_read_threads(BpfpvPins *pins);
void bpfpv_pins_set_thread_error(BpfpvPins *pins, guint id, const char *message);
/* What is fixed and was moved all the same, by a call that was under way, goes back. */
void bpfpv_pins_keep_fixed_thread(BpfpvPins *pins, BpfpvAppliedThread *thread);
/* @thread: (nullable): NULL: gone meanwhile; @unsure: the call stays pending */
void bpfpv_pins_finish_thread(BpfpvPins *pins, BpfpvAppliedThread *thread, const GError *error,
                              gboolean unsure);

/* note.c: */
/* Whether the domain's own XML has the originals; if not yet, moved() follows when it does. */
gboolean bpfpv_pins_note_first(BpfpvPins *pins);
/* A pin call is about to be made: the status, in which it is pending or planned, is written before,
 * unless it says so already. The pinner makes no pin after a status that could not be written. */
void bpfpv_pins_note_ahead(BpfpvPins *pins, BpfpvThreadKind kind, guint id,
                           const BpfpvCpuset *cpus);
void bpfpv_pins_note_clear(BpfpvPins *pins);

/* admin.c: */
/* A call of our own is about to be made, or was refused: its event will (not) come. */
void bpfpv_pins_expect(BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus);
void bpfpv_pins_unexpect(BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus);

/* adopt.c: */
/* Sees what somebody has rewritten since. @present: (element-type BpfpvPinnedThread): the vCPUs */
void bpfpv_pins_find_rewritten(BpfpvPins *pins, const GPtrArray *present);
/* What a thread had before bpfpv, where this host's journal does not know it. */
typedef struct {
    BpfpvCpuset *original; /* (transfer full) */
    gboolean inherited;    /* no pin of its own */
    gboolean fixed;        /* an administrator's pin */
} BpfpvPinsOrigin;
/* @origin: (out): filled in */
void bpfpv_pins_find_origin(const BpfpvPins *pins, const BpfpvPinnedThread *present,
                            BpfpvPinsOrigin *origin);
