/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The service; see agent.h. A pass (ask bpfpvd, make Placement so) runs in a thread, since both
 * block; the main loop decides when: at once when bpfpvd comes, goes or changes, else by timer.
 */
#include "config.h"

#include "nova-hook/agent/agent.h"

#include <glib-unix.h>

#include "bpfpv/bpfpv.h"
#include "nova-hook/placement/keeper.h"
#include "service/notify.h"
#include "nova-hook/http/os-error.h"
#include "nova-hook/placement/owner.h"

/* bpfpvd says several things when it starts. */
#define SETTLE_MS 200
#define MAX_BACKOFF_S 300
/* Passes in a row that are given up since they go by what isn't so any more. A bpfpvd that never
 * settles must not keep all of them from ending. */
#define MAX_OUTDATED 5
/* For the last pass; systemd's own limit is well above. */
#define STOP_TIMEOUT_S 15

typedef struct {
    const BpfpvAgentConf *conf;
    const char *bus_address;
    BpfpvKeeper *keeper;
    GMainLoop *loop;
    BpfpvClient *client;       /* watches; NULL: the bus can't be reached */
    GCancellable *cancellable; /* of the pass under way; NULL: none is */
    guint timer;
    gint64 due_us;    /* the timer's, monotonic */
    guint n_failures; /* in a row */
    guint n_outdated; /* in a row */
    char *told;       /* what was logged last; said once */
    gboolean again;   /* something changed during the pass */
    gboolean stopping;
    gboolean last_pass; /* the one that takes away what was given */
    gboolean ended_well;
} Agent;

/* What a pass found and did. */
typedef struct {
    BpfpvHealth *health; /* (nullable): the last pass doesn't ask */
    GPtrArray *done;     /* lines */
    char *provider;
} Pass;

static void start_pass(Agent *agent);

static void
pass_free(gpointer data)
{
    Pass *pass = data;

    bpfpv_health_free(pass->health);
    g_ptr_array_unref(pass->done);
    g_free(pass->provider);
    g_free(pass);
}

BpfpvDesired *
bpfpv_agent_desired(const BpfpvAgentConf *conf, const BpfpvHealth *health)
{
    if (!health || health->reason)
        return bpfpv_desired_new(NULL, 0);
    return bpfpv_desired_new((const char *const *)health->programs,
                             conf->anchors >= 0 ? (guint)conf->anchors : health->anchors);
}

/* ---- in the thread ---- */

static void
pass_in_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Agent *agent = data;
    Pass *pass = g_new0(Pass, 1);
    g_autoptr(BpfpvDesired) desired = NULL;
    g_autoptr(BpfpvObserved) observed = NULL;
    GError *error = NULL;

    pass->done = g_ptr_array_new_with_free_func(g_free);
    if (!agent->last_pass)
        pass->health = bpfpv_health_ask(agent->bus_address, cancellable);
    desired = bpfpv_agent_desired(agent->conf, pass->health);
    if (bpfpv_owner_check(agent->conf->provider_config_dir, &error))
        observed = bpfpv_keeper_apply(agent->keeper, desired, pass->done, cancellable, &error);
    if (!observed) {
        pass_free(pass);
        g_task_return_error(task, error);
        return;
    }
    pass->provider = g_strdup(observed->root->name);
    g_task_return_pointer(task, pass, pass_free);
}

/* ---- in the main loop ---- */

/* The same again and again is said once. */
static void
tell(Agent *agent, GLogLevelFlags level, const char *text)
{
    g_autofree char *status = g_strconcat("STATUS=", text, NULL);

    if (g_strcmp0(agent->told, text) == 0)
        return;
    g_free(agent->told);
    agent->told = g_strdup(text);
    g_log(G_LOG_DOMAIN, level, "%s", text);
    bpfpv_notify(status);
}

static void
tell_pass(Agent *agent, const Pass *pass)
{
    g_autofree char *text = NULL;

    for (guint i = 0; i < pass->done->len; i++)
        g_message("%s: %s", pass->provider, (const char *)g_ptr_array_index(pass->done, i));
    if (!pass->health)
        text = g_strdup_printf("%s: not offered any more", pass->provider);
    else if (pass->health->reason)
        text = g_strdup_printf("%s: not offered: %s", pass->provider, pass->health->reason);
    else
        text = g_strdup_printf("%s: offered, bpfpvd is healthy", pass->provider);
    tell(agent, G_LOG_LEVEL_MESSAGE, text);
}

static gboolean
on_timer(gpointer user_data)
{
    Agent *agent = user_data;

    agent->timer = 0;
    start_pass(agent);
    return G_SOURCE_REMOVE;
}

/* The next pass is in so many milliseconds, or when it was to be if that is sooner: change upon
 * change must not put it off. */
static void
schedule(Agent *agent, guint milliseconds)
{
    gint64 due_us = g_get_monotonic_time() + milliseconds * G_GINT64_CONSTANT(1000);

    if (agent->timer && agent->due_us <= due_us)
        return;
    g_clear_handle_id(&agent->timer, g_source_remove);
    agent->timer = g_timeout_add(milliseconds, on_timer, agent);
    agent->due_us = due_us;
}

/* All agents of a cloud lose Placement at once, and must not come back at once. */
static guint
next_wait_ms(const Agent *agent)
{
    guint seconds = agent->conf->interval_s;

    if (agent->n_failures > 0)
        seconds = MIN(1u << MIN(agent->n_failures - 1, 12u), MAX_BACKOFF_S);
    return (guint)g_random_int_range((gint32)(seconds * 500), (gint32)(seconds * 1000) + 1);
}

/* A pass under way goes by what bpfpvd said before, and may try for a minute: it must not give the
 * trait to a host whose bpfpvd has died meanwhile. */
static void
on_host_changed(BpfpvClient *client, gpointer user_data)
{
    Agent *agent = user_data;

    if (agent->stopping)
        return;
    if (!agent->cancellable) {
        schedule(agent, SETTLE_MS);
        return;
    }
    agent->again = TRUE;
    if (agent->n_outdated < MAX_OUTDATED)
        g_cancellable_cancel(agent->cancellable);
}

/* Anew for each pass: a connection that the bus has closed would never tell. */
static void
watch(Agent *agent)
{
    g_autoptr(GError) error = NULL;
    BpfpvClient *client = bpfpv_client_new_sync(agent->bus_address, NULL, &error);

    g_clear_pointer(&agent->client, bpfpv_client_free);
    agent->client = client;
    if (client)
        bpfpv_client_watch_host(client, on_host_changed, agent, NULL);
    else
        g_debug("%s", error->message);
}

static void
begin_last_pass(Agent *agent)
{
    g_clear_handle_id(&agent->timer, g_source_remove);
    if (agent->conf->keep_on_stop) {
        agent->ended_well = TRUE;
        g_main_loop_quit(agent->loop);
        return;
    }
    agent->last_pass = TRUE;
    start_pass(agent);
}

/* One that was given up, for another or for the last one, says nothing of Placement. */
static void
count_pass(Agent *agent, const Pass *pass, const GError *error)
{
    gboolean outdated =
        agent->again && g_error_matches(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_CANCELLED);
    gboolean given_up = !pass && !agent->last_pass && (agent->stopping || outdated);

    agent->n_outdated = given_up ? agent->n_outdated + 1 : 0;
    if (given_up) {
        g_debug("given up: %s", error->message);
    } else if (pass) {
        agent->n_failures = 0;
        tell_pass(agent, pass);
    } else {
        agent->n_failures++;
        tell(agent, G_LOG_LEVEL_WARNING, error->message);
    }
}

static void
pass_ended(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Agent *agent = user_data;
    g_autoptr(GError) error = NULL;
    Pass *pass = g_task_propagate_pointer(G_TASK(result), &error);

    g_clear_object(&agent->cancellable);
    count_pass(agent, pass, error);
    if (agent->last_pass) {
        /* A host that Placement does not know has nothing there. */
        agent->ended_well = pass || g_error_matches(error, BPFPV_OS_ERROR, BPFPV_OS_ERROR_NO_HOST);
        g_main_loop_quit(agent->loop);
    } else if (agent->stopping) {
        begin_last_pass(agent);
    } else {
        schedule(agent, agent->again ? SETTLE_MS : next_wait_ms(agent));
    }
    if (pass)
        pass_free(pass);
}

static void
start_pass(Agent *agent)
{
    g_autoptr(GTask) task = NULL;

    agent->again = FALSE;
    if (!agent->last_pass)
        watch(agent);
    agent->cancellable = g_cancellable_new();
    task = g_task_new(NULL, agent->cancellable, pass_ended, agent);
    /* What was done counts, even if it was cancelled after that. */
    g_task_set_check_cancellable(task, FALSE);
    g_task_set_task_data(task, agent, NULL);
    g_task_run_in_thread(task, pass_in_thread);
}

/* ---- life ---- */

static gboolean
on_stop_timeout(gpointer user_data)
{
    Agent *agent = user_data;

    if (agent->cancellable)
        g_cancellable_cancel(agent->cancellable);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_signal(gpointer user_data)
{
    Agent *agent = user_data;

    if (agent->stopping)
        return G_SOURCE_CONTINUE;
    agent->stopping = TRUE;
    bpfpv_notify("STOPPING=1");
    g_message("stopping: %s", agent->conf->keep_on_stop
                                  ? "what was given stays, as on_stop=keep says"
                                  : "what was given is taken away");
    g_timeout_add_seconds(STOP_TIMEOUT_S, on_stop_timeout, agent);
    if (agent->cancellable)
        g_cancellable_cancel(agent->cancellable); /* its end begins the last pass */
    else
        begin_last_pass(agent);
    return G_SOURCE_CONTINUE;
}

gboolean
bpfpv_agent_run(const BpfpvAgentConf *conf, const char *bus_address, GError **error)
{
    Agent agent = {.conf = conf, .bus_address = bus_address};

    agent.keeper = bpfpv_keeper_new(conf, error);
    if (!agent.keeper)
        return FALSE;
    agent.loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGTERM, on_signal, &agent);
    g_unix_signal_add(SIGINT, on_signal, &agent);
    bpfpv_notify("READY=1");
    start_pass(&agent);
    g_main_loop_run(agent.loop);
    if (!agent.ended_well)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "Placement may still have what was given: %s", agent.told ? agent.told : "");
    g_clear_pointer(&agent.client, bpfpv_client_free);
    bpfpv_keeper_free(agent.keeper);
    g_main_loop_unref(agent.loop);
    g_free(agent.told);
    return agent.ended_well;
}
