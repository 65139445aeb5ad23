/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session's link to the loader: opening it, telling whose loader answers,
 * and what follows when it ends.
 */
#include "daemon/session/private.h"

/* A loader that is there answers at once; one in an emulated, busy guest takes seconds. */
#define HELLO_ASK_S 5
#define HELLO_ASK_TIMES 4

void
bpfpv_session_drop_link(BpfpvSession *session)
{
    g_clear_handle_id(&session->hello_timer, g_source_remove);
    g_clear_handle_id(&session->demand_source, g_source_remove);
    if (!session->link)
        return;
    g_clear_pointer(&session->link, bpfpv_link_free);
    bpfpv_session_start_grace(session);
}

void
bpfpv_session_finish_stop(BpfpvSession *session)
{
    g_clear_handle_id(&session->stop_timer, g_source_remove);
    bpfpv_session_drop_link(session);
    if (session->our_channel && session->channel_alias && !session->gone_channel) {
        bpfpv_session_start_unplug(session);
        return;
    }
    bpfpv_session_set_state(session, BPFPV_STATE_DETACHED, "");
    session->funcs->stopped(session, session->user_data);
}

gboolean
bpfpv_session_is_owned(const BpfpvSession *session)
{
    const BpfpvHello *hello = session->link ? bpfpv_link_hello(session->link) : NULL;

    return hello && bpfpv_hello_is_owned(hello);
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

    if (session->stopping || bpfpv_session_is_owned(session) ||
        is_current_build(session, bpfpv_link_hello(session->link)))
        return;
    /* Its end closes the port, and that leads to the injection of ours. What it sends until then
     * still counts. */
    session->outdated = TRUE;
    bpfpv_session_set_state(session, BPFPV_STATE_SYNCING,
                            "the guest runs another build's loader: replacing it");
    bpfpv_link_stop(session->link);
}

static void
on_synced(gpointer user_data)
{
    BpfpvSession *session = user_data;

    g_clear_handle_id(&session->grace_timer, g_source_remove);
    if (session->stopping) {
        g_clear_handle_id(&session->hello_timer, g_source_remove);
        return;
    }
    session->synced_at_us = g_get_monotonic_time();
    bpfpv_session_take_link_demand(session); /* before anybody hears that it is active */
    if (session->outdated)
        return; /* the timer goes on: it has to end */
    g_clear_handle_id(&session->hello_timer, g_source_remove);
    bpfpv_session_set_state(session, BPFPV_STATE_ACTIVE, "");
}

static void
on_changed(gpointer user_data)
{
    bpfpv_session_demand_soon(user_data);
}

static void
on_lost(const char *reason, gpointer user_data)
{
    BpfpvSession *session = user_data;

    bpfpv_session_drop_link(session);
    if (session->stopping)
        bpfpv_session_finish_stop(session);
    else if (reason)
        bpfpv_session_fail(session, reason);
    else
        bpfpv_session_await_end(session);
}

static const BpfpvLinkFuncs link_funcs = {on_hello, on_synced, on_changed, on_lost};

static gboolean
hello_timed_out(gpointer user_data)
{
    BpfpvSession *session = user_data;
    gboolean outdated = session->outdated;

    if (++session->asked < HELLO_ASK_TIMES || bpfpv_link_hello(session->link)) {
        bpfpv_link_ask_again(session->link);
        if (session->asked < 2 * HELLO_ASK_TIMES)
            return G_SOURCE_CONTINUE;
    }
    session->hello_timer = 0;
    bpfpv_session_drop_link(session);
    bpfpv_session_fail(session, outdated ? "another build's loader in the guest does not end when "
                                           "told to; is it stopped?"
                                         : "the loader in the guest does not answer; is it "
                                           "stopped, or is another program holding the channel?");
    return G_SOURCE_REMOVE;
}

void
bpfpv_session_open_link(BpfpvSession *session)
{
    g_autoptr(GError) error = NULL;

    session->link = bpfpv_link_open(session->channel_path, session->config->programs,
                                    session->config->max_keys, &link_funcs, session, &error);
    if (!session->link) {
        bpfpv_session_fail(session, error->message);
        return;
    }
    session->asked = 0;
    session->outdated = FALSE;
    session->hello_timer = g_timeout_add_seconds(HELLO_ASK_S, hello_timed_out, session);
    bpfpv_session_set_state(session, BPFPV_STATE_SYNCING, "");
}
