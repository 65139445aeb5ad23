/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One managed domain's guest side; see session.h. The jobs that block are in session-jobs.c. */
#include "daemon/session-private.h"

#include "programs/program.h"

/* A loader that is there answers at once; one in an emulated, busy guest takes seconds. */
#define HELLO_ASK_S 5
#define HELLO_ASK_TIMES 4
/* What a lost loader's guest demanded stays in force for so long, since the usual cause is a
 * crash or a restart that the next injection repairs. */
#define GRACE_S 10
#define RETRY_FIRST_S 2
#define RETRY_MOST_S 60
/* A burst of changes in the guest becomes one new demand. */
#define SETTLE_MS 10
#define STOP_TIMEOUT_S 5

static void advance(BpfpvSession *session);

const char *
bpfpv_state_to_string(BpfpvState state)
{
    static const char *const names[] = {
        [BPFPV_STATE_WAITING_AGENT] = "waiting-agent", [BPFPV_STATE_INJECTING] = "injecting",
        [BPFPV_STATE_SYNCING] = "syncing",             [BPFPV_STATE_ACTIVE] = "active",
        [BPFPV_STATE_FAILED] = "failed",               [BPFPV_STATE_DETACHED] = "detached",
    };

    return names[state];
}

void
bpfpv_session_set_state(BpfpvSession *session, BpfpvState state, const char *reason)
{
    if (session->state == state && g_strcmp0(session->reason, reason) == 0)
        return;
    session->state = state;
    g_free(session->reason);
    session->reason = g_strdup(reason);
    g_message("domain %s: %s%s%s", session->name, bpfpv_state_to_string(state),
              *reason ? ": " : "", reason);
    session->funcs->state(session, session->user_data);
}

/* ---- demand ---- */

static void
take_demand(BpfpvSession *session, BpfpvDemand *demand)
{
    if (bpfpv_demand_equal(demand, session->demand)) {
        bpfpv_demand_free(demand);
        return;
    }
    bpfpv_demand_free(session->demand);
    session->demand = demand;
    session->funcs->demand(session, session->user_data);
}

static gboolean
settle(gpointer user_data)
{
    BpfpvSession *session = user_data;

    session->settle_timer = 0;
    if (session->link && bpfpv_link_is_synced(session->link))
        take_demand(session, bpfpv_link_demand(session->link, session->n_vcpus));
    return G_SOURCE_REMOVE;
}

static void
demand_soon(BpfpvSession *session)
{
    if (!session->settle_timer)
        session->settle_timer = g_timeout_add(SETTLE_MS, settle, session);
}

static void
void_demand(BpfpvSession *session)
{
    g_clear_handle_id(&session->grace_timer, g_source_remove);
    g_clear_handle_id(&session->settle_timer, g_source_remove);
    take_demand(session, bpfpv_demand_new(session->n_vcpus));
}

static gboolean
grace_over(gpointer user_data)
{
    BpfpvSession *session = user_data;

    session->grace_timer = 0;
    void_demand(session);
    return G_SOURCE_REMOVE;
}

/* ---- failing and trying again ---- */

static gboolean
retry(gpointer user_data)
{
    BpfpvSession *session = user_data;

    session->retry_timer = 0;
    advance(session);
    return G_SOURCE_REMOVE;
}

static void
retry_in(BpfpvSession *session, guint seconds)
{
    g_clear_handle_id(&session->retry_timer, g_source_remove);
    session->retry_at_us = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    session->retry_timer = g_timeout_add_seconds(seconds, retry, session);
}

void
bpfpv_session_fail(BpfpvSession *session, const char *reason)
{
    session->backoff_s = CLAMP(session->backoff_s * 2, RETRY_FIRST_S, RETRY_MOST_S);
    retry_in(session, session->backoff_s);
    bpfpv_session_set_state(session, BPFPV_STATE_FAILED, reason);
}

/* Something changed for the better: no need to wait for the next try. */
static void
retry_now(BpfpvSession *session)
{
    if (!session->retry_timer)
        return;
    session->backoff_s = 0;
    retry_in(session, 1);
}

/* ---- the link ---- */

static void
drop_link(BpfpvSession *session)
{
    g_clear_handle_id(&session->hello_timer, g_source_remove);
    g_clear_handle_id(&session->settle_timer, g_source_remove);
    if (!session->link)
        return;
    g_clear_pointer(&session->link, bpfpv_link_free);
    if (!session->grace_timer)
        session->grace_timer = g_timeout_add_seconds(GRACE_S, grace_over, session);
}

static void
finish_stop(BpfpvSession *session)
{
    g_clear_handle_id(&session->stop_timer, g_source_remove);
    drop_link(session);
    if (session->our_channel && session->channel_alias && !session->gone_channel) {
        bpfpv_session_start_unplug(session);
        return;
    }
    bpfpv_session_set_state(session, BPFPV_STATE_DETACHED, "");
    session->funcs->stopped(session, session->user_data);
}

static gboolean
stop_timed_out(gpointer user_data)
{
    BpfpvSession *session = user_data;

    session->stop_timer = 0;
    g_warning("domain %s: the guest's loader did not end when told to", session->name);
    finish_stop(session);
    return G_SOURCE_REMOVE;
}

static gboolean
is_current_build(const BpfpvSession *session, const BpfpvHello *hello)
{
    if (!bpfpv_payload_matches(session->payload, NULL, hello->digest) ||
        hello->programs->len != session->config->programs->len)
        return FALSE;
    for (guint i = 0; i < hello->programs->len; i++) {
        const BpfpvWireProgram *program = g_ptr_array_index(hello->programs, i);

        if (!bpfpv_payload_matches(session->payload, program->name, program->digest))
            return FALSE;
    }
    return TRUE;
}

static void
on_hello(gpointer user_data)
{
    BpfpvSession *session = user_data;

    if (session->stopping || is_current_build(session, bpfpv_link_hello(session->link)))
        return;
    /* Its end closes the port, and that leads to the injection of ours. */
    bpfpv_session_set_state(session, BPFPV_STATE_SYNCING,
                            "the guest runs another build's loader: replacing it");
    bpfpv_link_stop(session->link);
}

static void
on_synced(gpointer user_data)
{
    BpfpvSession *session = user_data;

    g_clear_handle_id(&session->hello_timer, g_source_remove);
    g_clear_handle_id(&session->grace_timer, g_source_remove);
    if (session->stopping)
        return;
    session->synced_at_us = g_get_monotonic_time();
    session->outdated = FALSE;
    demand_soon(session);
    bpfpv_session_set_state(session, BPFPV_STATE_ACTIVE, "");
}

static void
on_changed(gpointer user_data)
{
    demand_soon(user_data);
}

static void
on_lost(const char *reason, gpointer user_data)
{
    BpfpvSession *session = user_data;

    drop_link(session);
    if (session->stopping)
        finish_stop(session);
    else
        bpfpv_session_fail(session, reason);
}

static const BpfpvLinkFuncs link_funcs = {on_hello, on_synced, on_changed, on_lost};

static gboolean
hello_timed_out(gpointer user_data)
{
    BpfpvSession *session = user_data;

    if (++session->asked < HELLO_ASK_TIMES || bpfpv_link_hello(session->link)) {
        bpfpv_link_ask_again(session->link);
        if (session->asked < 2 * HELLO_ASK_TIMES)
            return G_SOURCE_CONTINUE;
    }
    session->hello_timer = 0;
    drop_link(session);
    bpfpv_session_fail(session, "the loader in the guest does not answer; is it stopped, or is "
                                "another program holding the channel?");
    return G_SOURCE_REMOVE;
}

static void
open_link(BpfpvSession *session)
{
    g_autoptr(GError) error = NULL;

    session->link = bpfpv_link_open(session->channel_path, session->config->max_keys, &link_funcs,
                                    session, &error);
    if (!session->link) {
        bpfpv_session_fail(session, error->message);
        return;
    }
    session->asked = 0;
    session->hello_timer = g_timeout_add_seconds(HELLO_ASK_S, hello_timed_out, session);
    bpfpv_session_set_state(session, BPFPV_STATE_SYNCING, "");
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
        g_autofree char *reason = g_strdup_printf(
            "domain %s: <program name=\"%s\">: no such program; known are: %s", session->name, name,
            names);

        bpfpv_session_set_state(session, BPFPV_STATE_FAILED, reason);
        return FALSE;
    }
    return TRUE;
}

/* The channel was plugged in, and the XML that tells its path is still being read. */
static gboolean
is_just_plugged(const BpfpvSession *session)
{
    return session->our_channel && session->plugged_at_us > 0 &&
           g_get_monotonic_time() - session->plugged_at_us < (gint64)GRACE_S * G_USEC_PER_SEC;
}

/* Takes the one next step that the facts call for. */
static void
advance(BpfpvSession *session)
{
    if (session->stopping || session->job || session->retry_timer || session->link ||
        !config_is_usable(session))
        return;
    if (!session->channel_path && is_just_plugged(session))
        retry_in(session, 1);
    else if (!session->channel_path)
        bpfpv_session_start_plug(session);
    else if (session->port_open)
        open_link(session);
    else if (!session->has_agent)
        bpfpv_session_fail(session,
                           "the domain has no channel for qemu-guest-agent; add <channel "
                           "type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/>"
                           "</channel> and run the agent in the guest");
    else if (!session->agent_connected)
        bpfpv_session_set_state(session, BPFPV_STATE_WAITING_AGENT,
                                "no agent is connected; is qemu-guest-agent installed and running "
                                "in the guest?");
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
        advance(session);
}

/* ---- facts ---- */

static void
update_config(BpfpvSession *session, const BpfpvDomainXml *xml)
{
    gboolean usable = session->config != NULL;

    g_clear_pointer(&session->config_error, g_free);
    if (xml->config_error)
        session->config_error = g_strdup(xml->config_error->message);
    if (!xml->config || (session->config && bpfpv_config_equal(session->config, xml->config)))
        return;
    if (session->config && !bpfpv_config_same_injection(session->config, xml->config) &&
        session->link) {
        bpfpv_link_stop(session->link);
        session->outdated = TRUE;
    }
    g_clear_pointer(&session->config, bpfpv_config_free);
    session->config = bpfpv_config_copy(xml->config);
    if (usable)
        session->funcs->demand(session, session->user_data); /* its bounds are others now */
    retry_now(session);
}

void
bpfpv_session_update(BpfpvSession *session, const BpfpvDomainXml *xml)
{
    gboolean had_agent = session->agent_connected;

    update_config(session, xml);
    session->has_agent = xml->has_agent;
    session->agent_connected = xml->agent_connected;
    session->port_open = xml->channel_connected;
    if (g_strcmp0(session->channel_path, xml->channel_path) != 0) {
        g_free(session->channel_path);
        session->channel_path = g_strdup(xml->channel_path);
    }
    g_free(session->channel_alias);
    session->channel_alias = g_strdup(xml->channel_alias);
    if (xml->channel_path && is_just_plugged(session)) {
        session->plugged_at_us = 0;
        g_clear_handle_id(&session->retry_timer, g_source_remove);
    }
    if (xml->agent_connected && !had_agent)
        retry_now(session);
    advance(session);
}

void
bpfpv_session_reset(BpfpvSession *session)
{
    drop_link(session);
    void_demand(session);
    session->port_open = FALSE;
    session->agent_connected = FALSE;
    if (session->stopping)
        return;
    session->backoff_s = 0;
    if (!session->job)
        bpfpv_session_set_state(session, BPFPV_STATE_WAITING_AGENT, "the guest is restarting");
}

void
bpfpv_session_port_closed(BpfpvSession *session, const char *alias)
{
    gboolean crashed;

    if (g_strcmp0(alias, session->channel_alias) != 0)
        return;
    session->port_open = FALSE;
    if (!session->link)
        return;
    crashed = bpfpv_link_is_synced(session->link) && !session->outdated &&
              g_get_monotonic_time() - session->synced_at_us < (gint64)GRACE_S * G_USEC_PER_SEC;
    drop_link(session);
    if (session->stopping) {
        finish_stop(session);
    } else if (crashed) {
        /* Soon after it began to work: not in a tight circle. */
        bpfpv_session_fail(session, "the loader in the guest has ended");
    } else {
        session->backoff_s = 0;
        advance(session);
    }
}

void
bpfpv_session_set_vcpus(BpfpvSession *session, guint n_vcpus)
{
    if (session->n_vcpus == n_vcpus)
        return;
    session->n_vcpus = n_vcpus;
    if (session->link && bpfpv_link_is_synced(session->link))
        take_demand(session, bpfpv_link_demand(session->link, n_vcpus));
    else
        take_demand(session, bpfpv_demand_new(n_vcpus));
}

void
bpfpv_session_stop(BpfpvSession *session)
{
    session->stopping = TRUE;
    g_clear_handle_id(&session->retry_timer, g_source_remove);
    if (session->job_cancellable)
        g_cancellable_cancel(session->job_cancellable);
    if (session->job || session->stop_timer)
        return; /* goes on when the job is done */
    if (!session->link && session->port_open && session->channel_path && session->config)
        open_link(session);
    if (!session->link) {
        finish_stop(session);
        return;
    }
    bpfpv_link_stop(session->link);
    session->stop_timer = g_timeout_add_seconds(STOP_TIMEOUT_S, stop_timed_out, session);
}

/* ---- life ---- */

BpfpvSession *
bpfpv_session_new(const char *uri, const char *uuid, const char *name, gboolean our_channel,
                  BpfpvPayload *payload, const BpfpvSessionFuncs *funcs, gpointer user_data)
{
    BpfpvSession *session = g_rc_box_new0(BpfpvSession);

    session->uri = g_strdup(uri);
    session->uuid = g_strdup(uuid);
    session->name = g_strdup(name);
    session->our_channel = our_channel;
    session->payload = bpfpv_payload_ref(payload);
    session->funcs = funcs;
    session->user_data = user_data;
    session->worker = bpfpv_worker_new(1);
    session->n_vcpus = 1;
    session->demand = bpfpv_demand_new(1);
    session->reason = g_strdup("");
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
    drop_link(session);
    g_clear_handle_id(&session->grace_timer, g_source_remove);
    g_clear_handle_id(&session->retry_timer, g_source_remove);
    g_clear_handle_id(&session->stop_timer, g_source_remove);
    bpfpv_worker_free(session->worker);
    bpfpv_payload_unref(session->payload);
    bpfpv_demand_free(session->demand);
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

char *
bpfpv_session_reason(const BpfpvSession *session)
{
    gint64 left = (session->retry_at_us - g_get_monotonic_time()) / G_USEC_PER_SEC;

    if (session->state != BPFPV_STATE_FAILED || !session->retry_timer)
        return g_strdup(session->config_error ? session->config_error : session->reason);
    return g_strdup_printf("%s (next try in %" G_GINT64_FORMAT " s)", session->reason,
                           MAX(left, 0) + 1);
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

const BpfpvLink *
bpfpv_session_link(const BpfpvSession *session)
{
    return session->link;
}
