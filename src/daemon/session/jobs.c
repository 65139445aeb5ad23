/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a session does that blocks: plugging the channel, injecting, unplugging.
 * Each job runs in the session's own worker with copies of what it needs, so
 * that it may outlive the session.
 */
#include "daemon/session/private.h"

#include "host/agent.h"
#include "host/domain.h"
#include "host/run.h"
#include "host/virt.h"

/* An injection that takes longer than that is a slow one: it gives way to others that wait, and
 * the domain's next one waits for its turn with others of that sort. */
#define SLOW_S 20
#define SLOW_AT_ONCE 2
/* Calls of libvirt's that change a domain's devices. */
#define PLUGS_AT_ONCE 4

static BpfpvWorkerKind plugs = BPFPV_WORKER_KIND(PLUGS_AT_ONCE);
static BpfpvWorkerKind injections = BPFPV_WORKER_KIND(4);
static BpfpvWorkerKind slow_injections = BPFPV_WORKER_KIND(SLOW_AT_ONCE);

typedef struct {
    char *uri;
    char *uuid;
    int id;
    char *channel;
    char *alias; /* of the channel; NULL while there is none */
    guint max_keys;
    char *directory;
    guint timeout_s;
    GPtrArray *programs; /* of char * */
    BpfpvPayload *payload;
    gboolean gives_way;   /* to others, if it is slow */
    gint64 slow_after_us; /* from when on it is; 0: it has not begun */
} Job;

static void
job_free(gpointer data)
{
    Job *job = data;

    g_free(job->uri);
    g_free(job->uuid);
    g_free(job->channel);
    g_free(job->alias);
    g_free(job->directory);
    g_ptr_array_unref(job->programs);
    bpfpv_payload_unref(job->payload);
    g_free(job);
}

static void
start(BpfpvSession *session, BpfpvJob job_kind, BpfpvWorkerKind *kind, GTaskThreadFunc func,
      GAsyncReadyCallback done)
{
    g_autoptr(GTask) task = NULL;
    Job *job = g_new0(Job, 1);

    job->uri = g_strdup(session->uri);
    job->uuid = g_strdup(session->uuid);
    job->id = session->id;
    job->channel = g_strdup(session->config ? session->config->channel : BPFPV_CHANNEL_DEFAULT);
    job->alias = g_strdup(session->channel_alias);
    job->max_keys = session->config ? session->config->max_keys : 0;
    job->directory = g_strdup(session->config ? session->config->directory : NULL);
    job->timeout_s = session->config ? session->config->loader_timeout_s : 0;
    job->programs = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; session->config && i < session->config->programs->len; i++)
        g_ptr_array_add(job->programs, g_strdup(g_ptr_array_index(session->config->programs, i)));
    job->payload = bpfpv_payload_ref(session->payload);
    job->gives_way = kind == &injections;
    session->job = job_kind;
    session->job_cancellable = g_cancellable_new();
    task = g_task_new(NULL, session->job_cancellable, done, g_rc_box_acquire(session));
    /* What a job did must be known even when it was told to hurry up. */
    g_task_set_check_cancellable(task, FALSE);
    g_task_set_task_data(task, job, job_free);
    bpfpv_worker_run(session->worker, kind, task, func);
}

/* The session of a job that has ended, or NULL where it was freed meanwhile. */
static BpfpvSession *
take_session(gpointer user_data)
{
    BpfpvSession *session = user_data;
    gboolean closed = session->closed;

    g_rc_box_release(session); /* its owner still has it, or nobody */
    return closed ? NULL : session;
}

/* A run that is over has not failed: libvirt's event for its end is on the way. */
static void
fail(BpfpvSession *session, const GError *error)
{
    if (bpfpv_run_is_over(error))
        bpfpv_session_await_end(session);
    else
        bpfpv_session_fail(session, error->message);
}

/* ---- plugging the channel ---- */

static void
plug_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Job *job = data;
    GError *error = NULL;

    if (bpfpv_domain_attach_channel(job->uri, job->uuid, job->id, job->channel, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static void
plug_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvSession *session = take_session(user_data);
    g_autoptr(GError) error = NULL;

    if (!session)
        return;
    if (g_task_propagate_boolean(G_TASK(result), &error)) {
        session->our_channel = TRUE;
        session->gave_owner_time = FALSE;
        session->plugged_at_us = g_get_monotonic_time();
    } else {
        if (!session->our_channel)
            session->funcs->channel(session, FALSE, session->user_data);
        fail(session, error);
    }
    /* There is an event for a device removed, none for a channel plugged in. */
    session->funcs->refresh(session, session->user_data);
    bpfpv_session_job_done(session);
}

void
bpfpv_session_start_plug(BpfpvSession *session)
{
    /* Without an agent that is what the domain goes on to wait for. */
    if (session->agent_connected)
        bpfpv_session_set_state(session, BPFPV_STATE_INJECTING, "plugging the channel in");
    session->funcs->channel(session, TRUE, session->user_data);
    start(session, BPFPV_JOB_PLUG, &plugs, plug_in_worker, plug_done);
}

/* ---- unplugging it ---- */

static void
unplug_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Job *job = data;
    GError *error = NULL;

    if (bpfpv_domain_detach_channel(job->uri, job->uuid, job->id, job->alias, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static void
unplug_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvSession *session = take_session(user_data);
    g_autoptr(GError) error = NULL;

    if (!session)
        return;
    if (!g_task_propagate_boolean(G_TASK(result), &error))
        g_warning("domain %s: %s; the channel stays, which does no harm", session->name,
                  error->message);
    session->gone_channel = TRUE;
    session->port_open = FALSE;
    session->funcs->channel(session, FALSE, session->user_data);
    bpfpv_session_job_done(session);
}

void
bpfpv_session_start_unplug(BpfpvSession *session)
{
    start(session, BPFPV_JOB_UNPLUG, &plugs, unplug_in_worker, unplug_done);
}

/* ---- injecting ---- */

void
bpfpv_session_set_injections(guint at_once)
{
    bpfpv_worker_kind_set_most(&injections, at_once);
}

static gboolean
is_slow(const Job *job)
{
    return job->slow_after_us > 0 && g_get_monotonic_time() > job->slow_after_us;
}

static gboolean
must_give_way(gpointer user_data)
{
    const Job *job = user_data;

    return job->gives_way && is_slow(job) && bpfpv_worker_kind_is_wanted(&injections);
}

static void
inject_in_worker(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Job *job = data;
    GError *error = NULL;
    g_autofree char *session_id = g_strdup_printf("%08x%08x%08x%08x", g_random_int(),
                                                  g_random_int(), g_random_int(), g_random_int());
    const BpfpvInjection injection = {job->programs, session_id,     job->channel,
                                      job->max_keys, job->directory, job->timeout_s};
    g_autoptr(BpfpvAgent) agent = NULL;

    job->slow_after_us = g_get_monotonic_time() + SLOW_S * G_USEC_PER_SEC;
    agent = bpfpv_agent_open(job->uri, job->uuid, job->id, cancellable, &error);
    if (agent)
        bpfpv_agent_give_way(agent, must_give_way, job);
    if (agent && bpfpv_inject(bpfpv_agent_ops(agent), job->payload, &injection, &error))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, error);
}

static void
inject_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvSession *session = take_session(user_data);
    const Job *job = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) error = NULL;

    if (!session)
        return;
    session->slow_agent = is_slow(job);
    if (g_task_propagate_boolean(G_TASK(result), &error))
        session->port_open = TRUE;
    else if (g_error_matches(error, BPFPV_INJECTOR_ERROR, BPFPV_INJECTOR_ERROR_DENIED) &&
             !session->stopping)
        bpfpv_session_refused(session, error->message);
    else if (g_error_matches(error, BPFPV_AGENT_ERROR, BPFPV_AGENT_ERROR_FORBIDDEN) &&
             !session->stopping)
        bpfpv_session_forbidden(session, error->message);
    else if (!session->stopping)
        fail(session, error);
    bpfpv_session_job_done(session);
}

void
bpfpv_session_start_injection(BpfpvSession *session)
{
    bpfpv_session_set_state(session, BPFPV_STATE_INJECTING, "");
    start(session, BPFPV_JOB_INJECT, session->slow_agent ? &slow_injections : &injections,
          inject_in_worker, inject_done);
}
