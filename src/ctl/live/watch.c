/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shows something again whenever it has changed; see live.h. */
#include "ctl/live/live.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

typedef struct {
    BpfpvCtl ctl; /* a copy: the terminal may be resized */
    BpfpvScreen *screen;
    gboolean is_stale; /* what is shown may not be so any more */
    gboolean was_resized;
} Watch;

static void
on_state(BpfpvClient *client G_GNUC_UNUSED, const char *domain G_GNUC_UNUSED,
         const char *uuid G_GNUC_UNUSED, const char *state G_GNUC_UNUSED,
         const char *reason G_GNUC_UNUSED, gpointer user_data)
{
    ((Watch *)user_data)->is_stale = TRUE;
}

static void
on_changes(BpfpvClient *client G_GNUC_UNUSED, const char *const *uuids G_GNUC_UNUSED,
           gpointer user_data)
{
    ((Watch *)user_data)->is_stale = TRUE;
}

static void
on_host(BpfpvClient *client G_GNUC_UNUSED, gpointer user_data)
{
    ((Watch *)user_data)->is_stale = TRUE;
}

static gboolean
on_resized(gpointer user_data)
{
    Watch *watch = user_data;

    watch->was_resized = watch->is_stale = TRUE;
    return G_SOURCE_CONTINUE;
}

static void
take_size(Watch *watch)
{
    BpfpvTerm now;

    bpfpv_term_init(&now, STDOUT_FILENO, BPFPV_COLOUR_AUTO);
    watch->ctl.term.width = now.width;
    watch->ctl.term.height = now.height;
    bpfpv_screen_reset(watch->screen);
    watch->was_resized = FALSE;
}

/* What a wait does not mend. */
static gboolean
is_final(const GError *error)
{
    return g_error_matches(error, BPFPV_ERROR, BPFPV_ERROR_NO_BUS) ||
           g_error_matches(error, BPFPV_ERROR, BPFPV_ERROR_ACCESS_DENIED);
}

/* In place of what can't be had it shows why. Programs that read JSON are not told in between. */
static void
show_error(const Watch *watch, const GError *error)
{
    g_autofree char *clean = bpfpv_term_clean(error->message);
    g_autofree char *line = g_strdup_printf("%s\n", clean);

    if (watch->ctl.json)
        bpfpv_ctl_fail(error);
    else
        bpfpv_screen_show(watch->screen, line);
}

/* Returns: FALSE with @error set if there is no use in going on */
static gboolean
look_again(Watch *watch, BpfpvClient *client, BpfpvLookFunc look, gpointer user_data,
           GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;

    if (watch->was_resized)
        take_size(watch);
    watch->is_stale = FALSE;
    text = look(&watch->ctl, client, user_data, &cause);
    if (text != NULL) {
        bpfpv_screen_show(watch->screen, text);
        return TRUE;
    }
    if (is_final(cause)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    show_error(watch, cause);
    return TRUE;
}

/**
 * bpfpv_ctl_watch:
 * @ctl: the global options
 * @look: returns what there is to show
 * @user_data: passed to @look
 *
 * Shows what @look returns, and again whenever the daemon says that something
 * may have changed and @look returns something else. Ends with a signal, or
 * when the bus is gone.
 *
 * Returns: %BPFPV_EXIT_FAILED
 */
int
bpfpv_ctl_watch(const BpfpvCtl *ctl, BpfpvLookFunc look, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, &error);
    Watch watch = {.ctl = *ctl, .is_stale = TRUE};
    g_autoptr(BpfpvScreen) screen = bpfpv_screen_new(&watch.ctl.term);
    guint resized;

    if (client == NULL)
        return bpfpv_ctl_fail(error);
    watch.screen = screen;
    watch.ctl.term.in_place = ctl->term.in_place && !ctl->json;
    /* Watching comes first: what changes while it is being looked at is looked at again. */
    bpfpv_client_watch(client, on_state, &watch, NULL);
    bpfpv_client_watch_changes(client, on_changes, &watch, NULL);
    bpfpv_client_watch_host(client, on_host, &watch, NULL);
    resized = g_unix_signal_add(SIGWINCH, on_resized, &watch);
    while (error == NULL) {
        while (g_main_context_iteration(NULL, !watch.is_stale))
            ;
        if (watch.is_stale)
            look_again(&watch, client, look, user_data, &error);
    }
    g_source_remove(resized);
    return bpfpv_ctl_fail(error);
}
