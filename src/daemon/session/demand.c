/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a session's guest demands: taken from the link, a moment after the last
 * change, and the less often the more it changes; kept for a time of grace when
 * the link is lost.
 */
#include "daemon/session/private.h"

/* A burst of changes in the guest becomes one new demand. */
#define SETTLE_MS 10

void
bpfpv_session_take_demand(BpfpvSession *session, BpfpvDemand *demand)
{
    if (bpfpv_demand_equal(demand, session->demand)) {
        bpfpv_demand_free(demand);
        return;
    }
    bpfpv_pace_take(&session->pace, !bpfpv_demand_same_wants(demand, session->demand),
                    g_get_monotonic_time());
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
        bpfpv_session_take_demand(
            session, bpfpv_link_demand(session->link, session->guest, session->n_vcpus));
    return G_SOURCE_REMOVE;
}

void
bpfpv_session_demand_soon(BpfpvSession *session)
{
    guint wait_ms = bpfpv_pace_wait_ms(&session->pace, g_get_monotonic_time());

    if (!session->settle_timer)
        session->settle_timer = g_timeout_add(MAX(wait_ms, SETTLE_MS), settle, session);
}

void
bpfpv_session_void_demand(BpfpvSession *session)
{
    g_clear_handle_id(&session->grace_timer, g_source_remove);
    g_clear_handle_id(&session->settle_timer, g_source_remove);
    bpfpv_session_take_demand(session, bpfpv_demand_new(session->n_vcpus));
}

static gboolean
grace_over(gpointer user_data)
{
    BpfpvSession *session = user_data;

    session->grace_timer = 0;
    bpfpv_session_void_demand(session);
    return G_SOURCE_REMOVE;
}

void
bpfpv_session_start_grace(BpfpvSession *session)
{
    if (!session->grace_timer)
        session->grace_timer = g_timeout_add_seconds(session->config ? session->config->grace_s
                                                                     : BPFPV_GRACE_DEFAULT_S,
                                                     grace_over, session);
}

void
bpfpv_session_assume(BpfpvSession *session, const BpfpvDemand *demand)
{
    gboolean too_late = session->assumed || session->synced_at_us > 0 || session->stopping;

    session->assumed = TRUE;
    if (too_late || bpfpv_demand_is_empty(demand))
        return;
    bpfpv_session_take_demand(session, bpfpv_demand_copy(demand));
    bpfpv_session_start_grace(session);
}
