/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One managed domain's guest side: gets the programs into the guest, keeps
 * them there, and knows what the guest demands. A state machine that looks at
 * the facts as they stand, whatever order they came in. Main thread only; it
 * never pins.
 */
#pragma once

#include "daemon/session/link.h"
#include "xml/domain.h"
#include "host/injector.h"

typedef enum {
    BPFPV_STATE_WAITING_AGENT,
    BPFPV_STATE_INJECTING,
    BPFPV_STATE_SYNCING,
    BPFPV_STATE_ACTIVE,
    BPFPV_STATE_FAILED,
    BPFPV_STATE_DETACHED,
} BpfpvState;
const char *bpfpv_state_to_string(BpfpvState state);

typedef struct _BpfpvSession BpfpvSession;

typedef struct {
    void (*state)(BpfpvSession *session, gpointer user_data);
    void (*demand)(BpfpvSession *session, gpointer user_data);
    /* The domain's XML is wanted anew: bpfpv_session_update(). */
    void (*refresh)(BpfpvSession *session, gpointer user_data);
    /* The domain got a channel from us (TRUE), or is about to lose it (FALSE). */
    void (*channel)(BpfpvSession *session, gboolean ours, gpointer user_data);
    /* After bpfpv_session_stop(): nothing of ours is left in the guest that could be reached. */
    void (*stopped)(BpfpvSession *session, gpointer user_data);
} BpfpvSessionFuncs;

/* How many guests of all sessions get their loader at once, 1 or more; those whose agents are slow
 * not counted. */
void bpfpv_session_set_injections(guint at_once);

/**
 * bpfpv_session_new:
 * @id: libvirt's number of this run of the domain
 * @our_channel: the domain's channel was plugged in by an earlier daemon
 * @payload: what to inject
 *
 * Begins with the first bpfpv_session_update().
 */
BpfpvSession *bpfpv_session_new(const char *uri, const char *uuid, const char *name, int id,
                                gboolean our_channel, BpfpvPayload *payload,
                                const BpfpvSessionFuncs *funcs, gpointer user_data);
void bpfpv_session_free(BpfpvSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvSession, bpfpv_session_free)

/* The domain's XML as it is now. One without an element changes nothing: see _stop(). */
void bpfpv_session_update(BpfpvSession *session, const BpfpvDomainXml *xml);
/* The guest started over: its demand is void at once. */
void bpfpv_session_reset(BpfpvSession *session);
/* The guest's agent has just started; the XML may not show that it has been away. */
void bpfpv_session_agent_started(BpfpvSession *session);
/* QEMU tells that the guest's end of the channel was opened: a loader is there. */
void bpfpv_session_port_opened(BpfpvSession *session, const char *alias);
/* The guest's end of the channel was closed: the loader has ended. */
void bpfpv_session_port_closed(BpfpvSession *session, const char *alias);
/* Its vCPUs' number became known, and how the guest sees them; @guest: (nullable), copied. */
void bpfpv_session_set_vcpus(BpfpvSession *session, const BpfpvGuestTopology *guest, guint n_vcpus);
/* Which of them are plugged in: others are asked for in vain. Until it is told, all are. */
void bpfpv_session_set_enabled(BpfpvSession *session, const BpfpvCpuset *enabled);
/* Pins were in force when it began, an earlier daemon's: what they are for, @demand, counts until
 * the guest has told what it asks for, for its time of grace at most. The first call counts. */
void bpfpv_session_assume(BpfpvSession *session, const BpfpvDemand *demand);
/* Instead of the first update: the session begins nothing, and is there to be stopped. */
void bpfpv_session_only_end(BpfpvSession *session, const BpfpvDomainXml *xml);
/* Ends the loader and unplugs a channel of ours; stopped() follows. */
void bpfpv_session_stop(BpfpvSession *session);

/* Where it waits for its next try after a failure: takes it. */
void bpfpv_session_try_now(BpfpvSession *session);

const char *bpfpv_session_uuid(const BpfpvSession *session);
const char *bpfpv_session_name(const BpfpvSession *session);
BpfpvState bpfpv_session_state(const BpfpvSession *session);
/* Returns: (transfer full): why it is in this state, and what can be done; "" if that is plain */
char *bpfpv_session_reason(const BpfpvSession *session);
/* Returns: (transfer none) (nullable): what is wrong with the present element */
const char *bpfpv_session_invalid(const BpfpvSession *session);
/* Returns: (transfer none) (nullable): the last valid one */
const BpfpvConfig *bpfpv_session_config(const BpfpvSession *session);
/* Returns: (transfer none): what the guest demands; empty while it is not known */
const BpfpvDemand *bpfpv_session_demand(const BpfpvSession *session);
/* Whether its guest asks for other anchors more often than its limits allow. */
gboolean bpfpv_session_is_slowed(BpfpvSession *session);
/* Returns: (transfer none) (nullable) */
const BpfpvLink *bpfpv_session_link(const BpfpvSession *session);
