/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follows domains from the attach until they are active or have failed; see
 * live.h. A line for each step, or on a terminal one for each domain.
 */
#include "ctl/live/live.h"

#include <string.h>

#define POLL_MS 1000

typedef struct {
    const BpfpvCtl *ctl;
    BpfpvClient *client;
    BpfpvScreen *screen; /* NULL: a line for each step */
    GPtrArray *domains;  /* of Domain */
    guint name_width;    /* 0: lines have no name */
    guint timeout_s;
    gint64 start; /* monotonic time, µs */
    gboolean poll_is_due;
    gboolean has_expired;
} Follow;

typedef struct {
    Follow *follow;
    const char *typed; /* name, UUID or id */
    char *uuid;        /* NULL until the daemon knows the domain */
    char *state;       /* the last that was printed; NULL: none */
    char *reason;
    gint64 changed; /* when that was */
    guint signals;  /* that came for this domain */
    guint reached;  /* of n_stages */
    GError *error;  /* it can't be followed any more */
} Domain;

static const char *const stages[] = {"waiting-agent", "injecting", "syncing", "active"};

static Domain *
domain_new(Follow *follow, const char *typed)
{
    Domain *domain = g_new0(Domain, 1);

    domain->follow = follow;
    domain->typed = typed;
    return domain;
}

static void
domain_free(gpointer data)
{
    Domain *domain = data;

    g_free(domain->uuid);
    g_free(domain->state);
    g_free(domain->reason);
    g_clear_error(&domain->error);
    g_free(domain);
}

static gboolean
has_ended(const Domain *domain)
{
    static const char *const ends[] = {"active", "failed", "detached", NULL};

    return domain->error != NULL || (domain->state != NULL && g_strv_contains(ends, domain->state));
}

static gboolean
have_all_ended(const Follow *follow)
{
    for (guint i = 0; i < follow->domains->len; i++)
        if (!has_ended(follow->domains->pdata[i]))
            return FALSE;
    return TRUE;
}

static gboolean
is_meant(const Domain *domain, const char *name, const char *uuid)
{
    if (domain->uuid != NULL)
        return g_ascii_strcasecmp(domain->uuid, uuid) == 0;
    if (g_ascii_strcasecmp(domain->typed, uuid) == 0)
        return TRUE;
    /* A number is first of all an id, and a UUID no name: the daemon's answer tells whose. */
    return g_str_equal(domain->typed, name) && !g_uuid_string_is_valid(name) &&
           strspn(name, "0123456789") != strlen(name);
}

/* ---- printing ---- */

static void
append_name(const Domain *domain, GString *line)
{
    g_autofree char *name = bpfpv_term_clean(domain->typed);
    guint width = bpfpv_term_text_width(name);

    if (domain->follow->name_width > 0)
        g_string_append_printf(
            line, "%s%*s  ", name,
            (int)(domain->follow->name_width - MIN(width, domain->follow->name_width)), "");
}

static void
append_seconds(const Domain *domain, GString *line, gint64 until)
{
    g_string_append_printf(line, "%6.1f s  ",
                           (double)(until - domain->follow->start) / G_USEC_PER_SEC);
}

static void
append_state(const Domain *domain, GString *line)
{
    const BpfpvTerm *term = &domain->follow->ctl->term;
    g_autofree char *state = bpfpv_term_clean(domain->state);
    g_autofree char *reason = bpfpv_term_clean(domain->reason);

    bpfpv_term_append(term, line, bpfpv_term_state_style(state), state);
    if (*reason != '\0')
        g_string_append_printf(line, ": %s", reason);
}

static void
print_step(const Domain *domain)
{
    g_autoptr(GString) line = g_string_new(NULL);

    append_name(domain, line);
    append_seconds(domain, line, domain->changed);
    append_state(domain, line);
    g_print("%s\n", line->str);
}

/* "web1  [##..]    1.4 s  injecting" */
static void
append_progress(const Domain *domain, GString *out)
{
    append_name(domain, out);
    g_string_append_c(out, '[');
    for (guint i = 0; i < G_N_ELEMENTS(stages); i++)
        g_string_append_c(out, i < domain->reached ? '#' : '.');
    g_string_append(out, "]");
    append_seconds(domain, out, has_ended(domain) ? domain->changed : g_get_monotonic_time());
    if (domain->error != NULL)
        bpfpv_term_append(&domain->follow->ctl->term, out, BPFPV_STYLE_BAD, "failed");
    else if (domain->state != NULL)
        append_state(domain, out);
    else
        g_string_append(out, "asked for");
    g_string_append_c(out, '\n');
}

static void
show_progress(const Follow *follow)
{
    g_autoptr(GString) out = g_string_new(NULL);

    if (follow->screen == NULL)
        return;
    for (guint i = 0; i < follow->domains->len; i++)
        append_progress(follow->domains->pdata[i], out);
    bpfpv_screen_show(follow->screen, out->str);
}

/* ---- steps ---- */

static void
take_step(Domain *domain, const char *state, const char *reason)
{
    /* Left over from before the attach. */
    if (domain->state == NULL && g_str_equal(state, "detached"))
        return;
    if (g_strcmp0(domain->state, state) == 0 && g_strcmp0(domain->reason, reason) == 0)
        return;
    g_free(domain->state);
    g_free(domain->reason);
    domain->state = g_strdup(state);
    domain->reason = g_strdup(reason);
    domain->changed = g_get_monotonic_time();
    for (guint i = 0; i < G_N_ELEMENTS(stages); i++)
        if (g_str_equal(state, stages[i]))
            domain->reached = i + 1;
    if (domain->follow->screen != NULL)
        show_progress(domain->follow);
    else
        print_step(domain);
}

static void
on_state(BpfpvClient *client G_GNUC_UNUSED, const char *name, const char *uuid, const char *state,
         const char *reason, gpointer user_data)
{
    const Follow *follow = user_data;

    for (guint i = 0; i < follow->domains->len; i++) {
        Domain *domain = follow->domains->pdata[i];

        /* What comes after the end is the daemon's next try, and not this command's. */
        if (!is_meant(domain, name, uuid) || has_ended(domain))
            continue;
        domain->signals++;
        take_step(domain, state, reason);
    }
}

/* The daemon may not have taken up the new metadata yet, or not have its connection to libvirt:
 * then it is asked again later. */
static gboolean
is_not_yet(const Domain *domain, const GError *error)
{
    return domain->state == NULL &&
           (g_error_matches(error, BPFPV_ERROR, BPFPV_ERROR_NOT_MANAGED) ||
            g_error_matches(error, BPFPV_ERROR, BPFPV_ERROR_NOT_CONNECTED));
}

/* Asks for what no signal told, and whether the daemon is still there. */
static void
poll_state(Domain *domain)
{
    g_autoptr(GError) error = NULL;
    guint signals = domain->signals;
    g_autoptr(GVariant) status =
        bpfpv_client_show_sync(domain->follow->client, domain->typed, NULL, &error);
    const char *uuid, *state, *reason = "";

    if (status == NULL) {
        if (!is_not_yet(domain, error))
            domain->error = g_steal_pointer(&error);
        return;
    }
    if (!g_variant_lookup(status, "uuid", "&s", &uuid) ||
        !g_variant_lookup(status, "state", "&s", &state)) {
        g_set_error(&domain->error, BPFPV_ERROR, BPFPV_ERROR_FAILED,
                    "bpfpvd's answer on %s lacks its UUID or state", domain->typed);
        return;
    }
    g_variant_lookup(status, "reason", "&s", &reason);
    g_free(domain->uuid);
    domain->uuid = g_strdup(uuid);
    /* Signals that came before the answer come first; any is at least as new as it. */
    while (g_main_context_iteration(NULL, FALSE))
        ;
    if (domain->signals == signals && !has_ended(domain))
        take_step(domain, state, reason);
}

static void
poll_all(Follow *follow)
{
    follow->poll_is_due = FALSE;
    for (guint i = 0; i < follow->domains->len; i++)
        if (!has_ended(follow->domains->pdata[i]))
            poll_state(follow->domains->pdata[i]);
    show_progress(follow);
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

static void
wait_for_end(Follow *follow)
{
    guint poll = g_timeout_add(POLL_MS, on_poll, follow);
    guint expiry = g_timeout_add(follow->timeout_s * 1000, on_expired, follow);

    follow->poll_is_due = TRUE;
    while (!have_all_ended(follow) && !follow->has_expired) {
        if (follow->poll_is_due)
            poll_all(follow);
        else
            g_main_context_iteration(NULL, TRUE);
    }
    g_source_remove(poll);
    g_source_remove(expiry);
}

/* ---- the end ---- */

static gboolean
judge(const Domain *domain, GError **error)
{
    if (domain->error != NULL) {
        *error = g_error_copy(domain->error);
        return FALSE;
    }
    if (g_strcmp0(domain->state, "active") == 0)
        return TRUE;
    if (!has_ended(domain))
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_TIMED_OUT,
                    "%s is %s after %u seconds; bpfpvd goes on with it: "
                    "see 'bpfpvctl show %s'",
                    domain->typed,
                    domain->state != NULL ? domain->state : "not taken up by bpfpvd yet",
                    domain->follow->timeout_s, domain->typed);
    else if (g_str_equal(domain->state, "failed"))
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_FAILED, "attaching %s failed: %s",
                    domain->typed, *domain->reason != '\0' ? domain->reason : "no reason given");
    else
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_FAILED, "%s was detached before it was active",
                    domain->typed);
    return FALSE;
}

static int
judge_all(const Follow *follow)
{
    int code = BPFPV_EXIT_DONE;

    for (guint i = 0; i < follow->domains->len; i++) {
        g_autoptr(GError) error = NULL;

        if (!judge(follow->domains->pdata[i], &error))
            code = bpfpv_ctl_fail(error);
    }
    return code;
}

static void
attach_all(const Follow *follow)
{
    for (guint i = 0; i < follow->domains->len; i++) {
        Domain *domain = follow->domains->pdata[i];

        if (!bpfpv_client_attach_sync(follow->client, domain->typed, NULL, &domain->error))
            domain->changed = g_get_monotonic_time();
        /* Steps that have come meanwhile are printed as they come. */
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
}

/**
 * bpfpv_ctl_attach_and_follow:
 * @ctl: the global options
 * @client: a client
 * @domains: (element-type utf8): names, UUIDs or ids
 * @named: whether lines begin with the domain
 * @timeout_s: for all together, 1 to 86400 seconds
 *
 * Has the daemon manage @domains, and prints each state that they come to
 * with the seconds since the start, until all are active or have failed. On a
 * terminal a line for each domain shows how far it is.
 *
 * Returns: an exit code; what went wrong is on standard error
 */
int
bpfpv_ctl_attach_and_follow(const BpfpvCtl *ctl, BpfpvClient *client, const GPtrArray *domains,
                            gboolean named, guint timeout_s)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(domain_free);
    g_autoptr(BpfpvScreen) screen = ctl->term.in_place ? bpfpv_screen_new(&ctl->term) : NULL;
    Follow follow = {
        .ctl = ctl, .client = client, .screen = screen, .domains = all, .timeout_s = timeout_s};
    guint watch;

    for (guint i = 0; i < domains->len; i++) {
        g_autofree char *clean = bpfpv_term_clean(domains->pdata[i]);

        g_ptr_array_add(all, domain_new(&follow, domains->pdata[i]));
        if (named || screen != NULL)
            follow.name_width = MAX(follow.name_width, bpfpv_term_text_width(clean));
    }
    /* Watching comes first: the steps may begin before Attach returns. */
    watch = bpfpv_client_watch(client, on_state, &follow, NULL);
    follow.start = g_get_monotonic_time();
    attach_all(&follow);
    wait_for_end(&follow);
    show_progress(&follow);
    bpfpv_client_unwatch(client, watch);
    return judge_all(&follow);
}
