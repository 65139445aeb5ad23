/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session that failed, and when it tries again: soon and then less and less often; rarely where
 * the guest's administrator said no; at once when something changed for the better.
 */
#include "daemon/session/private.h"

#define RETRY_FIRST_S 2
#define RETRY_MOST_S 60
#define RETRY_REFUSED_S 600
/* libvirt tells of a domain's end when its hooks have run; on a busy host that takes seconds. */
#define END_S 10
/* udev and systemd of a busy guest. */
#define AWAIT_OWNER_S 5
/* Tries that a guest may bring about by what it does, beside those that are due: so many at once,
 * and one more every so often. */
#define EARLY_AT_ONCE 3
#define EARLY_EVERY_S 60

static gboolean
retry(gpointer user_data)
{
    BpfpvSession *session = user_data;

    session->retry_timer = 0;
    session->awaits_end = FALSE;
    bpfpv_session_advance(session);
    return G_SOURCE_REMOVE;
}

void
bpfpv_session_retry_in(BpfpvSession *session, guint seconds)
{
    g_clear_handle_id(&session->retry_timer, g_source_remove);
    session->retry_at_us = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
    session->retry_timer = g_timeout_add_seconds(seconds, retry, session);
}

void
bpfpv_session_fail(BpfpvSession *session, const char *reason)
{
    session->backoff_s = CLAMP(session->backoff_s * 2, RETRY_FIRST_S, RETRY_MOST_S);
    bpfpv_session_retry_in(session, session->backoff_s);
    bpfpv_session_set_state(session, BPFPV_STATE_FAILED, reason);
    /* What was known may be why: the next try is to go by what is true by then. */
    session->funcs->refresh(session, session->user_data);
}

void
bpfpv_session_await_end(BpfpvSession *session)
{
    session->awaits_end = TRUE;
    bpfpv_session_retry_in(session, END_S);
    bpfpv_session_set_state(session, BPFPV_STATE_SYNCING,
                            "the channel was closed, as when a domain ends");
    session->funcs->refresh(session, session->user_data);
}

void
bpfpv_session_forbidden(BpfpvSession *session, const char *reason)
{
    session->awaits_owner = TRUE;
    if (session->gave_owner_time) {
        bpfpv_session_fail(session, reason);
        return;
    }
    session->gave_owner_time = TRUE;
    bpfpv_session_retry_in(session, AWAIT_OWNER_S);
    bpfpv_session_set_state(session, BPFPV_STATE_INJECTING,
                            "the guest's agent runs no programs; waiting for the guest's own "
                            "loader");
}

void
bpfpv_session_refused(BpfpvSession *session, const char *reason)
{
    session->backoff_s = 0;
    session->awaits_owner = TRUE;
    bpfpv_session_retry_in(session, RETRY_REFUSED_S);
    bpfpv_session_set_state(session, BPFPV_STATE_FAILED, reason);
}

void
bpfpv_session_retry_init(BpfpvSession *session)
{
    bpfpv_budget_init(&session->early, 1, (EARLY_AT_ONCE - 1) * EARLY_EVERY_S + 1,
                      g_get_monotonic_time());
}

gboolean
bpfpv_session_may_be_early(BpfpvSession *session)
{
    gint64 now = g_get_monotonic_time();

    if (bpfpv_budget_use(&session->early, 0, now) > 0)
        return FALSE;
    bpfpv_budget_use(&session->early, EARLY_EVERY_S, now);
    return TRUE;
}

void
bpfpv_session_guest_did(BpfpvSession *session)
{
    if (session->retry_timer && !session->awaits_end && bpfpv_session_may_be_early(session))
        bpfpv_session_retry_soon(session);
}

void
bpfpv_session_retry_soon(BpfpvSession *session)
{
    if (!session->retry_timer || session->awaits_end)
        return;
    session->backoff_s = 0;
    bpfpv_session_retry_in(session, 1);
}

void
bpfpv_session_try_now(BpfpvSession *session)
{
    if (session->state != BPFPV_STATE_FAILED)
        return;
    g_clear_handle_id(&session->retry_timer, g_source_remove);
    session->backoff_s = 0;
    bpfpv_session_advance(session);
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
