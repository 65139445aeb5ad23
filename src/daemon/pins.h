/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One managed domain's host side: which masks its vCPUs had before, which they
 * have now, and the pin calls in between. Notes the originals in the journal
 * before the first call. Main thread only.
 */
#pragma once

#include "core/plan.h"
#include "host/journal.h"

typedef struct _BpfpvPins BpfpvPins;

typedef struct {
    /* The originals are known, bpfpv_pins_original(); or they could not be read. */
    void (*ready)(BpfpvPins *pins, const GError *error, gpointer user_data);
    /* A call ended, or a blocked domain may be tried again: look for next steps. */
    void (*moved)(BpfpvPins *pins, gpointer user_data);
} BpfpvPinsFuncs;

/**
 * bpfpv_pins_new:
 * @id: libvirt's id of this run of the domain; a journal entry of another is void
 *
 * Starts reading; ready() follows.
 */
BpfpvPins *bpfpv_pins_new(const char *uri, const char *state_dir, const char *uuid,
                          const char *name, int id, const BpfpvPinsFuncs *funcs,
                          gpointer user_data);
/* Leaves pins and journal as they are. */
void bpfpv_pins_free(BpfpvPins *pins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvPins, bpfpv_pins_free)

/* Returns: (nullable) (element-type BpfpvCpuset): by vCPU; NULL before ready() */
const GPtrArray *bpfpv_pins_original(const BpfpvPins *pins);
/* Returns: (transfer none): what is in force, for bpfpv_plan_next_steps() */
BpfpvAppliedDomain *bpfpv_pins_applied(BpfpvPins *pins);
/* Pin calls that this domain may cause, a second. */
void bpfpv_pins_set_rate(BpfpvPins *pins, guint per_second);
/* Begins one step; moved() follows. */
void bpfpv_pins_step(BpfpvPins *pins, const BpfpvPlanStep *step);
/* Whether every vCPU has its original mask and no call is under way. */
gboolean bpfpv_pins_are_original(const BpfpvPins *pins);
/* Returns: (nullable): why the last call for @vcpu failed; NULL if it did not */
const char *bpfpv_pins_error(const BpfpvPins *pins, guint vcpu);

/* Whether the domain's channel was plugged in by us; kept in the journal. */
gboolean bpfpv_pins_our_channel(const BpfpvPins *pins);
void bpfpv_pins_set_our_channel(BpfpvPins *pins, gboolean ours);
/* The originals are back and the daemon ends: says so in the journal. */
void bpfpv_pins_settle(BpfpvPins *pins);
/* The domain is not managed any more, or has ended: its journal entry goes. */
void bpfpv_pins_forget(BpfpvPins *pins);
