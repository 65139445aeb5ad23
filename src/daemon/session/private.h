/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What session.c and its parts, session-*.c, share. */
#pragma once

#include "core/pace.h"
#include "core/quota.h"
#include "daemon/session/session.h"
#include "host/worker.h"

/* How soon after something it is still called recent: plugging, or a loader that began to work. */
#define BPFPV_GRACE_S 10

/* The one call that may be blocking in the session's worker. */
typedef enum {
    BPFPV_JOB_NONE,
    BPFPV_JOB_PLUG,   /* plugging the channel in */
    BPFPV_JOB_INJECT, /* injecting */
    BPFPV_JOB_UNPLUG, /* unplugging the channel */
} BpfpvJob;

struct _BpfpvSession {
    char *uri;
    char *uuid;
    char *name;
    int id;
    const BpfpvSessionFuncs *funcs;
    gpointer user_data;
    BpfpvPayload *payload;

    BpfpvState state;
    char *reason;

    /* facts, as the domain's XML last told them */
    BpfpvConfig *config; /* the last valid one */
    char *config_error;  /* of the present element; NULL where it is valid */
    char *channel_path;
    char *channel_alias;
    gboolean has_agent;
    gboolean agent_connected;
    gboolean port_open;        /* something in the guest holds the channel */
    BpfpvGuestTopology *guest; /* (nullable) */
    guint n_vcpus;
    BpfpvCpuset *enabled; /* (nullable): vCPUs that are plugged in; NULL: all */

    gboolean may_plug;     /* without an agent: the run is old enough */
    gboolean our_channel;  /* plugged in by us */
    gboolean gone_channel; /* unplugged again */
    gint64 plugged_at_us;  /* when; its path is known a moment later */
    gboolean seen;         /* its XML was told at least once */
    /* An earlier daemon, here or where the domain has come from, left its status: its loader may
     * run, and the port that it holds show as open a moment after the agent's. */
    gboolean expects_loader;
    gboolean awaits_loader;   /* and that is what the retry timer is for */
    gboolean awaits_end;      /* it is for the event of the domain's end, which is likely to come */
    gboolean awaits_owner;    /* only somebody in the guest can start a loader now */
    gboolean gave_owner_time; /* since the channel was plugged in, for that */
    gboolean assumed; /* what its demand may be by the pins in force; or it is too late for that */
    gboolean slow_agent; /* the last injection took long */
    gboolean stopping;
    gboolean closed;   /* freed by its owner; a job that is still under way holds the memory */
    gboolean outdated; /* the link's loader was told to end, to make place for another */

    BpfpvWorker *worker;
    BpfpvJob job;
    GCancellable *job_cancellable;

    BpfpvLink *link;
    BpfpvDemand *demand; /* in force: the link's, or a lost link's for its time of grace */
    BpfpvPace pace;      /* how often that may change */
    BpfpvQuota quota;    /* of log lines */
    gint64 synced_at_us;

    guint hello_timer;   /* until synced */
    guint asked;         /* intervals of it that have passed */
    guint demand_source; /* what the link has heard is about to be read */
    guint grace_timer;
    guint plugged_timer;   /* the guest has vCPUs that the XML had not; it is read again */
    guint plugged_wait_ms; /* how long until then */
    guint plug_timer;
    guint retry_timer;
    guint stop_timer;
    guint backoff_s;
    BpfpvBudget early; /* tries that need not wait for it */
    gint64 retry_at_us;
};

void bpfpv_session_set_state(BpfpvSession *session, BpfpvState state, const char *reason);
/* Takes the one next step that the facts call for. */
void bpfpv_session_advance(BpfpvSession *session);
/* The channel was plugged in, and the XML that tells its path is still being read. */
gboolean bpfpv_session_is_just_plugged(const BpfpvSession *session);
/* A job's callback calls this last. */
void bpfpv_session_job_done(BpfpvSession *session);

/* retry.c: */
/* Failed; the next try is set. */
void bpfpv_session_fail(BpfpvSession *session, const char *reason);
/* The domain seems to end: nothing is done, and nothing said, until libvirt has told, or until it
 * is clear that it goes on. */
void bpfpv_session_await_end(BpfpvSession *session);
/* The agent may not inject: what the guest itself starts once the channel is there gets its time;
 * then it has failed. */
void bpfpv_session_forbidden(BpfpvSession *session, const char *reason);
/* The guest's administrator does not want it: the next try is far off. */
void bpfpv_session_refused(BpfpvSession *session, const char *reason);
/* The next step is taken after that time, and none before. */
void bpfpv_session_retry_in(BpfpvSession *session, guint seconds);
/* Something changed for the better: no need to wait for the next try. */
void bpfpv_session_retry_soon(BpfpvSession *session);
/* The guest has changed something for the better: the same, as often as it may. */
void bpfpv_session_guest_did(BpfpvSession *session);
/* Whether it may have one more try before that is due; uses it up. */
gboolean bpfpv_session_may_be_early(BpfpvSession *session);
void bpfpv_session_retry_init(BpfpvSession *session);

/* demand.c: */
/* @demand: (transfer full): comes into force, if it is another than the present one. Returns:
 * whether it asks for other anchors or cohorts, and not just for more or fewer tasks. */
gboolean bpfpv_session_take_demand(BpfpvSession *session, BpfpvDemand *demand);
/* Nothing is demanded any more, at once. */
void bpfpv_session_void_demand(BpfpvSession *session);
/* The link's demand comes into force now, at the expense of the guest's pace. */
void bpfpv_session_take_link_demand(BpfpvSession *session);
/* How often its guest may change what it asks for, by what is configured and its vCPUs. */
void bpfpv_session_limit_pace(BpfpvSession *session);
/* What the link has heard becomes a new demand: at once, if the guest's pace allows. */
void bpfpv_session_demand_soon(BpfpvSession *session);
/* The demand stays in force for a while without a link. */
void bpfpv_session_start_grace(BpfpvSession *session);

/* session-link.c: */
void bpfpv_session_open_link(BpfpvSession *session);
void bpfpv_session_drop_link(BpfpvSession *session);
/* The loader that answers was started by the guest itself, which updates it too. */
gboolean bpfpv_session_is_owned(const BpfpvSession *session);
/* The loader has ended, or can't be reached: goes on with the end of the session. */
void bpfpv_session_finish_stop(BpfpvSession *session);

/* jobs.c: */
void bpfpv_session_start_plug(BpfpvSession *session);
void bpfpv_session_start_injection(BpfpvSession *session);
void bpfpv_session_start_unplug(BpfpvSession *session);
