/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One managed domain's guest side; see session.h. What it is told is in facts.c, the link
 * to the loader in session-link.c, what that demands in demand.c, the jobs that block in
 * jobs.c, failing and trying again in retry.c.
 */
#include "daemon/session/private.h"

#include "daemon/log.h"
#include "programs/program.h"

#define STOP_TIMEOUT_S 5
#define AWAIT_LOADER_S 3
/* A guest without an agent may have the loader from its own packages, and waits for the port. */
#define PLUG_ANYWAY_S 30

const char *
bpfpv_state_to_string(BpfpvState state)
{
    static const char *const names[] = {
        [BPFPV_STATE_WAITING_AGENT] = "waiting-agent",
        [BPFPV_STATE_INJECTING] = "injecting",
        [BPFPV_STATE_SYNCING] = "syncing",
        [BPFPV_STATE_ACTIVE] = "active",
        [BPFPV_STATE_FAILED] = "failed",
        [BPFPV_STATE_DETACHED] = "detached",
    };

    return names[state];
}

/* Steps on the way are of interest to whoever looks for a fault; where it ends, to everybody. */
static GLogLevelFlags
log_level(BpfpvState state)
{
    switch (state) {
    case BPFPV_STATE_INJECTING:
    case BPFPV_STATE_SYNCING:
        return G_LOG_LEVEL_INFO;
    case BPFPV_STATE_FAILED:
        return G_LOG_LEVEL_WARNING;
    case BPFPV_STATE_WAITING_AGENT:
    case BPFPV_STATE_ACTIVE:
    case BPFPV_STATE_DETACHED:
        break;
    }
    return G_LOG_LEVEL_MESSAGE;
}

void
bpfpv_session_set_state(BpfpvSession *session, BpfpvState state, const char *reason)
{
    if (session->state == state && g_strcmp0(session->reason, reason) == 0)
        return;
    session->state = state;
    g_free(session->reason);
    session->reason = g_strdup(reason);
    bpfpv_log_domain(&session->quota, log_level(state), session->name, "%s%s%s",
                     bpfpv_state_to_string(state), *reason ? ": " : "", reason);
    session->funcs->state(session, session->user_data);
}

/* ---- deciding ---- */

static const char *
unknown_program(const BpfpvSession *session)
{
    for (guint i = 0; i < session->config->programs->len; i++) {
        const char *name = g_ptr_array_index(session->config->programs, i);

        if (!bpfpv_program_find(name))
            return name;
    }
    return NULL;
}

static gboolean
config_is_usable(BpfpvSession *session)
{
    const char *name;

    if (!session->config) {
        bpfpv_session_set_state(session, BPFPV_STATE_FAILED,
                                session->config_error ? session->config_error
                                                      : "its XML was not read yet");
        return FALSE;
    }
    name = unknown_program(session);
    if (name) {
        g_autofree char *names = bpfpv_program_names();
        g_autofree char *reason =
            g_strdup_printf("domain %s: <program name=\"%s\">: no such program; known are: %s",
                            session->name, name, names);

        bpfpv_session_set_state(session, BPFPV_STATE_FAILED, reason);
        return FALSE;
    }
    return TRUE;
}

gboolean
bpfpv_session_is_just_plugged(const BpfpvSession *session)
{
    return session->our_channel && session->plugged_at_us > 0 &&
           g_get_monotonic_time() - session->plugged_at_us < (gint64)BPFPV_GRACE_S * G_USEC_PER_SEC;
}

/* Once: if no loader shows, there is none. */
static void
await_loader(BpfpvSession *session)
{
    session->expects_loader = FALSE;
    session->awaits_loader = TRUE;
    bpfpv_session_retry_in(session, AWAIT_LOADER_S);
    bpfpv_session_set_state(session, BPFPV_STATE_SYNCING,
                            "looking for the loader that an earlier daemon left in the guest");
}

static void
wait_for_agent(BpfpvSession *session)
{
    if (!session->has_agent)
        bpfpv_session_fail(session,
                           "the domain has no channel for qemu-guest-agent; add <channel "
                           "type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/>"
                           "</channel> and run the agent in the guest, or install the package "
                           "bpfpv-guest there");
    else
        bpfpv_session_set_state(session, BPFPV_STATE_WAITING_AGENT,
                                "no agent is connected; is qemu-guest-agent installed and running "
                                "in the guest, or the package bpfpv-guest?");
}

static gboolean
plug_anyway(gpointer user_data)
{
    BpfpvSession *session = user_data;

    session->plug_timer = 0;
    session->may_plug = TRUE;
    bpfpv_session_advance(session);
    return G_SOURCE_REMOVE;
}

/*
 * Of what bpfpvd does to a domain, plugging the channel alone has libvirt talk to QEMU's monitor.
 * If the domain is destroyed just then and started again, libvirt 9.0 (without the later commit
 * dd2f36d66e) may take the end of that run for the end of the next: so it is left alone until there
 * is a use for the channel.
 */
static gboolean
may_plug(BpfpvSession *session)
{
    if (session->agent_connected || session->may_plug)
        return TRUE;
    if (!session->plug_timer)
        session->plug_timer = g_timeout_add_seconds(PLUG_ANYWAY_S, plug_anyway, session);
    return FALSE;
}

void
bpfpv_session_advance(BpfpvSession *session)
{
    if (session->stopping || session->job || session->retry_timer || session->link ||
        !config_is_usable(session))
        return;
    if (!session->channel_path && bpfpv_session_is_just_plugged(session))
        bpfpv_session_retry_in(session, 1);
    else if (!session->channel_path && !may_plug(session))
        wait_for_agent(session);
    else if (!session->channel_path)
        bpfpv_session_start_plug(session);
    else if (session->port_open)
        bpfpv_session_open_link(session);
    else if (!session->agent_connected)
        wait_for_agent(session);
    else if (session->expects_loader)
        await_loader(session);
    else
        bpfpv_session_start_injection(session);
}

void
bpfpv_session_job_done(BpfpvSession *session)
{
    session->job = BPFPV_JOB_NONE;
    g_clear_object(&session->job_cancellable);
    if (session->stopping)
        bpfpv_session_stop(session);
    else
        bpfpv_session_advance(session);
}

/* ---- the end ---- */

static gboolean
stop_timed_out(gpointer user_data)
{
    BpfpvSession *session = user_data;

    session->stop_timer = 0;
    bpfpv_log_domain(&session->quota, G_LOG_LEVEL_WARNING, session->name,
                     "the guest's loader did not end when told to");
    bpfpv_session_finish_stop(session);
    return G_SOURCE_REMOVE;
}

void
bpfpv_session_stop(BpfpvSession *session)
{
    session->stopping = TRUE;
    g_clear_handle_id(&session->plug_timer, g_source_remove);
    g_clear_handle_id(&session->retry_timer, g_source_remove);
    if (session->job_cancellable)
        g_cancellable_cancel(session->job_cancellable);
    if (session->job || session->stop_timer)
        return; /* goes on when the job is done */
    if (!session->link && session->port_open && session->channel_path && session->config)
        bpfpv_session_open_link(session);
    if (!session->link) {
        bpfpv_session_finish_stop(session);
        return;
    }
    bpfpv_link_stop(session->link);
    session->stop_timer = g_timeout_add_seconds(STOP_TIMEOUT_S, stop_timed_out, session);
}

void
bpfpv_session_only_end(BpfpvSession *session, const BpfpvDomainXml *xml)
{
    session->stopping = TRUE;
    bpfpv_session_update(session, xml);
    if (!session->config)
        session->config = bpfpv_config_new(); /* for the link's limit */
}

/* ---- life ---- */

BpfpvSession *
bpfpv_session_new(const char *uri, const char *uuid, const char *name, int id, gboolean our_channel,
                  BpfpvPayload *payload, const BpfpvSessionFuncs *funcs, gpointer user_data)
{
    BpfpvSession *session = g_rc_box_new0(BpfpvSession);

    session->uri = g_strdup(uri);
    session->uuid = g_strdup(uuid);
    session->name = g_strdup(name);
    session->id = id;
    session->our_channel = our_channel;
    session->payload = bpfpv_payload_ref(payload);
    session->funcs = funcs;
    session->user_data = user_data;
    session->worker = bpfpv_worker_new_shared("session", uuid);
    session->n_vcpus = 1;
    session->demand = bpfpv_demand_new(1);
    bpfpv_pace_init(&session->pace, bpfpv_config_burst(1), BPFPV_CHANGES_DEFAULT,
                    g_get_monotonic_time());
    session->reason = g_strdup("");
    bpfpv_session_retry_init(session);
    return session;
}

void
bpfpv_session_free(BpfpvSession *session)
{
    if (!session)
        return;
    session->closed = TRUE;
    if (session->job_cancellable)
        g_cancellable_cancel(session->job_cancellable);
    g_clear_object(&session->job_cancellable);
    bpfpv_session_drop_link(session);
    g_clear_handle_id(&session->grace_timer, g_source_remove);
    g_clear_handle_id(&session->plugged_timer, g_source_remove);
    g_clear_handle_id(&session->retry_timer, g_source_remove);
    g_clear_handle_id(&session->stop_timer, g_source_remove);
    g_clear_handle_id(&session->plug_timer, g_source_remove);
    bpfpv_worker_free(session->worker);
    bpfpv_payload_unref(session->payload);
    bpfpv_demand_free(session->demand);
    bpfpv_guest_topology_free(session->guest);
    bpfpv_cpuset_free(session->enabled);
    bpfpv_config_free(session->config);
    g_free(session->config_error);
    g_free(session->channel_path);
    g_free(session->channel_alias);
    g_free(session->reason);
    g_free(session->uri);
    g_free(session->uuid);
    g_free(session->name);
    g_rc_box_release(session);
}

const char *
bpfpv_session_uuid(const BpfpvSession *session)
{
    return session->uuid;
}

const char *
bpfpv_session_name(const BpfpvSession *session)
{
    return session->name;
}

BpfpvState
bpfpv_session_state(const BpfpvSession *session)
{
    return session->state;
}

const char *
bpfpv_session_invalid(const BpfpvSession *session)
{
    return session->config_error;
}

const BpfpvConfig *
bpfpv_session_config(const BpfpvSession *session)
{
    return session->config;
}

const BpfpvDemand *
bpfpv_session_demand(const BpfpvSession *session)
{
    return session->demand;
}

gboolean
bpfpv_session_is_slowed(BpfpvSession *session)
{
    return bpfpv_pace_is_slowed(&session->pace, g_get_monotonic_time());
}

const BpfpvLink *
bpfpv_session_link(const BpfpvSession *session)
{
    return session->link;
}
