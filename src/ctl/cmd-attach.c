/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl attach: has the daemon manage a running domain, and shows each
 * step until the domain is active or has failed. The daemon does the work:
 * ending this command changes nothing.
 */
#include "ctl/command.h"

#include <string.h>

#define POLL_MS 1000
#define TIMEOUT_DEFAULT_S 120
#define TIMEOUT_MAX_S 86400

static gboolean option_no_wait;
static int option_timeout = TIMEOUT_DEFAULT_S;

static const GOptionEntry options[] = {
    {"no-wait", 0, 0, G_OPTION_ARG_NONE, &option_no_wait, "Do not wait until it is active", NULL},
    {"timeout", 0, 0, G_OPTION_ARG_INT, &option_timeout, "How long to wait (default: 120)",
     "SECONDS"},
    {0},
};

typedef struct {
    const BpfpvCtl *ctl;
    BpfpvClient *client;
    const char *domain; /* as it was typed: name, UUID or id */
    char *uuid;         /* NULL until the daemon knows the domain */
    char *state;        /* the last that was printed; NULL: none */
    char *reason;
    gint64 start;  /* monotonic time, µs */
    guint signals; /* that came for this domain */
    gboolean poll_is_due;
    gboolean has_expired;
} Follow;

static void
follow_clear(Follow *follow)
{
    g_free(follow->uuid);
    g_free(follow->state);
    g_free(follow->reason);
}

static gboolean
is_followed(const Follow *follow, const char *name, const char *uuid)
{
    if (follow->uuid != NULL)
        return g_ascii_strcasecmp(follow->uuid, uuid) == 0;
    if (g_ascii_strcasecmp(follow->domain, uuid) == 0)
        return TRUE;
    /* A number is first of all an id, and a UUID no name: the daemon's answer tells whose. */
    return g_str_equal(follow->domain, name) && !g_uuid_string_is_valid(name) &&
           strspn(name, "0123456789") != strlen(name);
}

static void
print_step(const Follow *follow)
{
    double elapsed = (double)(g_get_monotonic_time() - follow->start) / G_USEC_PER_SEC;
    g_autofree char *reason = bpfpv_term_clean(follow->reason);
    g_autofree char *state = bpfpv_term_clean(follow->state);
    g_autoptr(GString) line = g_string_new(NULL);

    g_string_append_printf(line, "%6.1f s  ", elapsed);
    bpfpv_term_append(&follow->ctl->term, line, bpfpv_term_state_style(state), state);
    if (*reason != '\0')
        g_string_append_printf(line, ": %s", reason);
    g_print("%s\n", line->str);
}

static void
take_step(Follow *follow, const char *state, const char *reason)
{
    /* Left over from before the attach. */
    if (follow->state == NULL && g_str_equal(state, "detached"))
        return;
    if (g_strcmp0(follow->state, state) == 0 && g_strcmp0(follow->reason, reason) == 0)
        return;
    g_free(follow->state);
    g_free(follow->reason);
    follow->state = g_strdup(state);
    follow->reason = g_strdup(reason);
    print_step(follow);
}

static gboolean
has_ended(const Follow *follow)
{
    static const char *const ends[] = {"active", "failed", "detached", NULL};

    return follow->state != NULL && g_strv_contains(ends, follow->state);
}

static void
on_state(BpfpvClient *client G_GNUC_UNUSED, const char *domain, const char *uuid, const char *state,
         const char *reason, gpointer user_data)
{
    Follow *follow = user_data;

    /* What comes after the end is the daemon's next try, and not this command's. */
    if (!is_followed(follow, domain, uuid) || has_ended(follow))
        return;
    follow->signals++;
    take_step(follow, state, reason);
}

/* The daemon may not have taken up the new metadata yet, or not have its connection to libvirt:
 * then it is asked again later. */
static gboolean
is_not_yet(const Follow *follow, const GError *error)
{
    return follow->state == NULL &&
           (g_error_matches(error, BPFPV_ERROR, BPFPV_ERROR_NOT_MANAGED) ||
            g_error_matches(error, BPFPV_ERROR, BPFPV_ERROR_NOT_CONNECTED));
}

/* Asks for what no signal told, and whether the daemon is still there. */
static gboolean
poll_state(Follow *follow, GError **error)
{
    g_autoptr(GError) cause = NULL;
    guint signals = follow->signals;
    g_autoptr(GVariant) status =
        bpfpv_client_show_sync(follow->client, follow->domain, NULL, &cause);
    const char *uuid, *state, *reason = "";

    follow->poll_is_due = FALSE;
    if (status == NULL) {
        if (is_not_yet(follow, cause))
            return TRUE;
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    if (!g_variant_lookup(status, "uuid", "&s", &uuid) ||
        !g_variant_lookup(status, "state", "&s", &state)) {
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_FAILED,
                    "bpfpvd's answer on %s lacks its UUID or state", follow->domain);
        return FALSE;
    }
    g_variant_lookup(status, "reason", "&s", &reason);
    g_free(follow->uuid);
    follow->uuid = g_strdup(uuid);
    /* Signals that came before the answer come first; any is at least as new as it. */
    while (g_main_context_iteration(NULL, FALSE))
        ;
    if (follow->signals == signals && !has_ended(follow))
        take_step(follow, state, reason);
    return TRUE;
}

static gboolean
on_poll(gpointer user_data)
{
    ((Follow *)user_data)->poll_is_due = TRUE;
    return G_SOURCE_CONTINUE;
}

static gboolean
on_expired(gpointer user_data)
{
    ((Follow *)user_data)->has_expired = TRUE;
    return G_SOURCE_CONTINUE;
}

static gboolean
wait_for_end(Follow *follow, GError **error)
{
    guint poll = g_timeout_add(POLL_MS, on_poll, follow);
    guint expiry = g_timeout_add((guint)option_timeout * 1000, on_expired, follow);
    gboolean ok = TRUE;

    follow->poll_is_due = TRUE;
    while (ok && !has_ended(follow) && !follow->has_expired) {
        if (follow->poll_is_due)
            ok = poll_state(follow, error);
        else
            g_main_context_iteration(NULL, TRUE);
    }
    g_source_remove(poll);
    g_source_remove(expiry);
    return ok;
}

static gboolean
judge(const Follow *follow, GError **error)
{
    if (g_strcmp0(follow->state, "active") == 0)
        return TRUE;
    if (!has_ended(follow))
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_TIMED_OUT,
                    "%s is %s after %d seconds; bpfpvd goes on with it: "
                    "see 'bpfpvctl show %s'",
                    follow->domain,
                    follow->state != NULL ? follow->state : "not taken up by bpfpvd yet",
                    option_timeout, follow->domain);
    else if (g_str_equal(follow->state, "failed"))
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_FAILED, "attaching %s failed: %s",
                    follow->domain, *follow->reason != '\0' ? follow->reason : "no reason given");
    else
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_FAILED, "%s was detached before it was active",
                    follow->domain);
    return FALSE;
}

static gboolean
attach(const BpfpvCtl *ctl, const char *domain, GError **error)
{
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, error);
    Follow follow = {.ctl = ctl, .client = client, .domain = domain};
    gboolean ok;

    if (client == NULL)
        return FALSE;
    if (option_no_wait)
        return bpfpv_client_attach_sync(client, domain, NULL, error);

    /* Watching comes first: the steps may begin before Attach returns. */
    bpfpv_client_watch(client, on_state, &follow, NULL);
    follow.start = g_get_monotonic_time();
    ok = bpfpv_client_attach_sync(client, domain, NULL, error) && wait_for_end(&follow, error) &&
         judge(&follow, error);
    follow_clear(&follow);
    return ok;
}

static int
run_attach(const BpfpvCtl *ctl, char **arguments)
{
    g_autoptr(GError) error = NULL;

    if (option_timeout < 1 || option_timeout > TIMEOUT_MAX_S)
        return bpfpv_ctl_usage("--timeout=%d is not within 1..%d seconds", option_timeout,
                               TIMEOUT_MAX_S);
    if (!attach(ctl, arguments[0], &error))
        return bpfpv_ctl_fail(error);
    return BPFPV_EXIT_DONE;
}

const BpfpvCommand bpfpv_command_attach = {
    .name = "attach",
    .arguments = "DOMAIN",
    .summary = "Manages a running domain, and follows until it is active",
    .min_arguments = 1,
    .max_arguments = 1,
    .changes = TRUE,
    .options = options,
    .run = run_attach,
};
