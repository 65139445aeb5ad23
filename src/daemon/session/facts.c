/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a session is told: the domain's XML, the guest's restart, its port,
 * its vCPUs. Each updates the facts, and then the session takes the step that
 * they call for.
 */
#include "daemon/session/private.h"

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
        session->link && !bpfpv_session_is_owned(session)) {
        bpfpv_link_stop(session->link);
        session->outdated = TRUE;
    } else if (session->config && session->config->max_keys != xml->config->max_keys)
        bpfpv_session_drop_link(session); /* the next one tells the loader */
    g_clear_pointer(&session->config, bpfpv_config_free);
    session->config = bpfpv_config_copy(xml->config);
    bpfpv_session_limit_pace(session);
    if (usable)
        session->funcs->demand(session, session->user_data); /* its bounds are others now */
    bpfpv_session_retry_soon(session);
}

/* The channel is gone because somebody took it away, and not with the domain. */
static void
stop_awaiting_end(BpfpvSession *session)
{
    if (!session->awaits_end || session->channel_path)
        return;
    session->awaits_end = FALSE;
    g_clear_handle_id(&session->retry_timer, g_source_remove);
}

/* The loader that was waited for is there, or the time for it is over. One that somebody in the
 * guest has started is taken a moment later: they may do so as often as they like. */
static void
stop_awaiting(BpfpvSession *session)
{
    if (session->port_open && session->awaits_loader)
        g_clear_handle_id(&session->retry_timer, g_source_remove);
    if (session->port_open && session->awaits_owner && !session->awaits_end) {
        session->awaits_owner = FALSE;
        if (session->state == BPFPV_STATE_FAILED)
            bpfpv_session_guest_did(session);
        else
            g_clear_handle_id(&session->retry_timer, g_source_remove);
    }
    session->awaits_loader = session->awaits_loader && session->retry_timer;
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
    if (xml->channel_path && bpfpv_session_is_just_plugged(session)) {
        session->plugged_at_us = 0;
        g_clear_handle_id(&session->retry_timer, g_source_remove);
    }
    if (!session->seen)
        session->expects_loader = xml->status != NULL;
    session->seen = TRUE;
    stop_awaiting(session);
    stop_awaiting_end(session);
    if (xml->agent_connected && !had_agent)
        bpfpv_session_agent_started(session);
    bpfpv_session_advance(session);
}

void
bpfpv_session_reset(BpfpvSession *session)
{
    bpfpv_session_drop_link(session);
    bpfpv_session_void_demand(session);
    session->assumed = TRUE;
    session->port_open = FALSE;
    session->agent_connected = FALSE;
    if (session->stopping)
        return;
    session->backoff_s = 0;
    if (!session->job)
        bpfpv_session_set_state(session, BPFPV_STATE_WAITING_AGENT, "the guest is restarting");
}

void
bpfpv_session_agent_started(BpfpvSession *session)
{
    if (!session->awaits_loader)
        bpfpv_session_guest_did(session);
}

/*
 * QEMU says so before libvirt's XML does: libvirt takes it down in a job of the
 * domain, which may have to wait, and has no event for when it has done so.
 */
void
bpfpv_session_port_opened(BpfpvSession *session, const char *alias)
{
    if (g_strcmp0(alias, session->channel_alias) != 0)
        return;
    session->port_open = TRUE;
    stop_awaiting(session);
    bpfpv_session_advance(session);
}

void
bpfpv_session_port_closed(BpfpvSession *session, const char *alias)
{
    gboolean synced, crashed, stopped;

    if (g_strcmp0(alias, session->channel_alias) != 0)
        return;
    session->port_open = FALSE;
    if (!session->link)
        return;
    synced = bpfpv_link_is_synced(session->link);
    crashed =
        synced && !session->outdated &&
        g_get_monotonic_time() - session->synced_at_us < (gint64)BPFPV_GRACE_S * G_USEC_PER_SEC;
    stopped = bpfpv_link_was_stopped(session->link);
    bpfpv_session_drop_link(session);
    if (session->stopping) {
        bpfpv_session_finish_stop(session);
    } else if (stopped) {
        bpfpv_session_refused(session, "somebody in the guest stopped the loader; bpfpvctl attach "
                                       "starts it again");
    } else if (crashed) {
        /* Soon after it began to work: not in a tight circle. */
        bpfpv_session_fail(session, "the loader in the guest has ended");
    } else if (!synced && !session->outdated && !bpfpv_session_may_be_early(session)) {
        bpfpv_session_fail(session, "something in the guest opens and closes the channel, and is "
                                    "no loader");
    } else {
        session->backoff_s = 0;
        bpfpv_session_advance(session);
    }
}

void
bpfpv_session_set_vcpus(BpfpvSession *session, const BpfpvGuestTopology *guest, guint n_vcpus)
{
    if (session->n_vcpus == n_vcpus && bpfpv_guest_topology_equal(session->guest, guest))
        return;
    bpfpv_guest_topology_free(session->guest);
    session->guest = guest ? bpfpv_guest_topology_copy(guest) : NULL;
    session->n_vcpus = n_vcpus;
    bpfpv_session_limit_pace(session);
    if (session->link && bpfpv_link_is_synced(session->link))
        bpfpv_session_take_link_demand(session);
    else if (bpfpv_demand_n_vcpus(session->demand) != n_vcpus)
        bpfpv_session_take_demand(session, bpfpv_demand_new(n_vcpus));
}

void
bpfpv_session_set_enabled(BpfpvSession *session, const BpfpvCpuset *enabled)
{
    if (session->enabled && bpfpv_cpuset_equal(session->enabled, enabled))
        return;
    bpfpv_cpuset_free(session->enabled);
    session->enabled = bpfpv_cpuset_copy(enabled);
    bpfpv_session_take_link_demand(session);
}
