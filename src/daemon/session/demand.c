/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a session's guest demands: read from the link as soon as all that has arrived is taken in,
 * less often where the guest never rests; kept for a time of grace when the link is lost.
 */
#include "daemon/session/private.h"

/* How soon the XML is read again for a vCPU that the guest has and it has not. */
#define PLUGGED_FIRST_MS 100
#define PLUGGED_MOST_MS 60000

gboolean
bpfpv_session_take_demand(BpfpvSession *session, BpfpvDemand *demand)
{
    gboolean changed = !bpfpv_demand_same_wants(demand, session->demand);

    if (bpfpv_demand_equal(demand, session->demand)) {
        bpfpv_demand_free(demand);
        return FALSE;
    }
    bpfpv_demand_free(session->demand);
    session->demand = demand;
    session->funcs->demand(session, session->user_data);
    return changed;
}

void
bpfpv_session_limit_pace(BpfpvSession *session)
{
    guint changes = session->config ? session->config->changes : BPFPV_CHANGES_DEFAULT;
    guint burst = session->config ? session->config->burst : 0;

    bpfpv_pace_limit(&session->pace, burst > 0 ? burst : bpfpv_config_burst(session->n_vcpus),
                     changes, g_get_monotonic_time());
}

static gboolean
look_again(gpointer user_data)
{
    BpfpvSession *session = user_data;

    session->plugged_timer = 0;
    bpfpv_session_take_link_demand(session);
    return G_SOURCE_REMOVE;
}

/* libvirt has no event for a vCPU plugged in: the guest is the first to tell. Its word counts for
 * nothing until the XML has that vCPU, too. */
static void
look_for_plugged(BpfpvSession *session, gboolean has_unplugged)
{
    if (!has_unplugged) {
        g_clear_handle_id(&session->plugged_timer, g_source_remove);
        session->plugged_wait_ms = 0;
        return;
    }
    if (session->plugged_timer)
        return;
    session->plugged_wait_ms =
        CLAMP(session->plugged_wait_ms * 2, PLUGGED_FIRST_MS, PLUGGED_MOST_MS);
    session->plugged_timer = g_timeout_add(session->plugged_wait_ms, look_again, session);
    session->funcs->refresh(session, session->user_data);
}

void
bpfpv_session_take_link_demand(BpfpvSession *session)
{
    gint64 begin = g_get_monotonic_time(), end;
    gboolean has_unplugged, changed;
    BpfpvDemand *demand;

    if (!session->link || !bpfpv_link_is_synced(session->link))
        return;
    demand = bpfpv_link_demand(session->link, session->guest, session->n_vcpus, session->enabled,
                               &has_unplugged);
    look_for_plugged(session, has_unplugged);
    changed = bpfpv_session_take_demand(session, demand);
    end = g_get_monotonic_time();
    bpfpv_pace_take(&session->pace, changed, end - begin, end);
}

static gboolean
read_demand(gpointer user_data)
{
    BpfpvSession *session = user_data;

    session->demand_source = 0;
    bpfpv_session_take_link_demand(session);
    return G_SOURCE_REMOVE;
}

/* Not here and now: what has arrived with this change, and is not taken in yet, belongs to it. */
void
bpfpv_session_demand_soon(BpfpvSession *session)
{
    gint64 wait_us;

    if (session->demand_source)
        return;
    wait_us = bpfpv_pace_wait_us(&session->pace, g_get_monotonic_time());
    if (wait_us > 0)
        session->demand_source = g_timeout_add((guint)(wait_us + 999) / 1000, read_demand, session);
    else
        session->demand_source = g_idle_add_full(G_PRIORITY_DEFAULT, read_demand, session, NULL);
}

void
bpfpv_session_void_demand(BpfpvSession *session)
{
    g_clear_handle_id(&session->grace_timer, g_source_remove);
    g_clear_handle_id(&session->demand_source, g_source_remove);
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
