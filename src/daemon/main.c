/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpvd: the host daemon. Puts the parts together and runs the main loop. */
#include "config.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "daemon/bus/bus.h"
#include "daemon/handover.h"
#include "daemon/restore/restore.h"
#include "daemon/withdraw.h"
#include "host/hook-check.h"
#include "host/virt.h"
#include "service/notify.h"

typedef struct {
    BpfpvConf *conf;
    GMainLoop *loop;
    BpfpvBus *bus;
    BpfpvManager *manager;
    gboolean stopping;
    char *told_status; /* systemd has it */
    int status;
} Daemon;

static void
on_state(const char *domain, const char *uuid, const char *state, const char *reason,
         gpointer user_data)
{
    Daemon *daemon = user_data;

    if (daemon->bus)
        bpfpv_bus_tell_state(daemon->bus, domain, uuid, state, reason);
}

static void
on_changed(const char *const *uuids, gpointer user_data)
{
    Daemon *daemon = user_data;

    if (daemon->bus)
        bpfpv_bus_tell_changes(daemon->bus, uuids);
}

static void
tell_status(Daemon *daemon)
{
    g_autofree char *summary = bpfpv_manager_summary(daemon->manager);
    g_autofree char *status = g_strconcat("STATUS=", summary, NULL);

    if (daemon->stopping || g_strcmp0(status, daemon->told_status) == 0)
        return;
    bpfpv_notify(status);
    g_free(daemon->told_status);
    daemon->told_status = g_steal_pointer(&status);
}

static void
on_host(gpointer user_data)
{
    Daemon *daemon = user_data;

    if (daemon->bus)
        bpfpv_bus_tell_host(daemon->bus);
    if (daemon->manager)
        tell_status(daemon);
}

/* ---- reading bpfpvd.conf again ---- */

static gboolean
reload(Daemon *daemon, GError **error)
{
    g_autoptr(GError) cause = NULL;

    bpfpv_notify_reloading();
    if (bpfpv_conf_load(daemon->conf, &cause)) {
        g_message("%s was read again, and holds from now on", bpfpv_conf_path(daemon->conf));
        bpfpv_manager_reconfigured(daemon->manager);
    } else {
        g_warning("%s\nwhat was read before holds on", cause->message);
    }
    bpfpv_notify("READY=1");
    g_clear_pointer(&daemon->told_status, g_free);
    tell_status(daemon);
    if (!cause)
        return TRUE;
    g_propagate_prefixed_error(error, g_steal_pointer(&cause),
                               "what was read before holds on, as there are mistakes:\n");
    return FALSE;
}

static gboolean
on_hangup(gpointer user_data)
{
    Daemon *daemon = user_data;

    if (!daemon->stopping)
        reload(daemon, NULL);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_reload(gpointer user_data, GError **error)
{
    Daemon *daemon = user_data;

    if (!daemon->stopping)
        return reload(daemon, error);
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the daemon is stopping");
    return FALSE;
}

/* ---- the end ---- */

static gboolean
quit(gpointer user_data)
{
    Daemon *daemon = user_data;

    if (bpfpv_manager_shutdown_left(daemon->manager) > 0)
        daemon->status = EXIT_FAILURE;
    g_main_loop_quit(daemon->loop);
    return G_SOURCE_REMOVE;
}

static void
stop(Daemon *daemon)
{
    if (daemon->stopping)
        return;
    daemon->stopping = TRUE;
    bpfpv_notify("STOPPING=1\nSTATUS=Putting the original pins back");
    bpfpv_manager_shutdown(daemon->manager, quit, daemon);
}

static gboolean
on_signal(gpointer user_data)
{
    Daemon *daemon = user_data;

    if (bpfpv_handover_is_due(daemon->conf->state_dir)) {
        g_message("stopping: the pins stay, for the daemon that follows");
        bpfpv_notify("STOPPING=1\nSTATUS=The pins stay, for the daemon that follows");
        return quit(daemon);
    }
    g_message("stopping: putting the original pins back");
    stop(daemon);
    return G_SOURCE_CONTINUE;
}

static void
on_bus_lost(const char *reason, gpointer user_data)
{
    Daemon *daemon = user_data;

    g_critical("%s", reason);
    daemon->status = EXIT_FAILURE;
    stop(daemon);
}

/* ---- life ---- */

static void
on_bus_ready(gpointer user_data)
{
    Daemon *daemon = user_data;

    bpfpv_notify("READY=1");
    g_clear_pointer(&daemon->told_status, g_free);
    tell_status(daemon);
}

static void
serve(Daemon *daemon)
{
    guint watchdog = bpfpv_notify_start_watchdog();

    bpfpv_bus_set_manager(daemon->bus, daemon->manager);
    g_unix_signal_add(SIGTERM, on_signal, daemon);
    g_unix_signal_add(SIGINT, on_signal, daemon);
    g_unix_signal_add(SIGHUP, on_hangup, daemon);
    g_main_loop_run(daemon->loop);
    bpfpv_bus_set_manager(daemon->bus, NULL);
    g_clear_handle_id(&watchdog, g_source_remove);
}

/* Returns: (transfer full) (nullable): what is wrong with libvirtd's hook */
static char *
find_hook_problem(void)
{
    g_autoptr(GError) error = NULL;
    char *problem;

    if (bpfpv_hook_check(BPFPV_HOOK_PATH, &error))
        return NULL;
    if (g_error_matches(error, BPFPV_HOOK_ERROR, BPFPV_HOOK_ERROR_UNTRIED)) {
        g_message("%s", error->message);
        return NULL;
    }
    if (g_error_matches(error, BPFPV_HOOK_ERROR, BPFPV_HOOK_ERROR_ABSENT)) {
        g_message("libvirtd has no hook of ours (%s); pins travel with a migration or a save",
                  error->message);
        return NULL;
    }
    problem = g_strdup_printf("libvirtd could not run its hook, and would end every running guest "
                              "when it restarts; remove " BPFPV_HOOK_PATH " now (%s)",
                              error->message);
    g_critical("%s", problem);
    return problem;
}

static int
run(BpfpvConf *conf)
{
    g_autofree char *hook_problem = find_hook_problem();
    static const BpfpvManagerFuncs funcs = {on_state, on_host, on_changed};
    static const BpfpvBusFuncs bus_funcs = {on_bus_ready, on_bus_lost, on_reload};
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    Daemon daemon = {.conf = conf, .loop = loop, .status = EXIT_SUCCESS};

    daemon.manager = bpfpv_manager_new(conf, &funcs, &daemon, &error);
    if (daemon.manager)
        daemon.bus = bpfpv_bus_new(conf->bus_address, conf, &bus_funcs, &daemon, &error);
    if (daemon.bus) {
        bpfpv_bus_set_hook(daemon.bus, hook_problem);
        serve(&daemon);
    } else {
        g_critical("%s", error->message);
        daemon.status = EXIT_FAILURE;
    }
    g_clear_pointer(&daemon.bus, bpfpv_bus_free);
    g_clear_pointer(&daemon.manager, bpfpv_manager_free);
    g_free(daemon.told_status);
    return daemon.status;
}

static int
check_hook(const char *path)
{
    g_autoptr(GError) error = NULL;

    if (bpfpv_hook_check(path, &error))
        return EXIT_SUCCESS;
    g_printerr("bpfpvd: %s\n", error->message);
    return EXIT_FAILURE;
}

static int
check_config(const BpfpvConf *conf)
{
    g_autoptr(GPtrArray) mistakes = bpfpv_conf_check(conf);

    for (guint i = 0; i < mistakes->len; i++)
        g_printerr("%s\n", (const char *)g_ptr_array_index(mistakes, i));
    if (mistakes->len == 0)
        g_print("%s: valid\n", bpfpv_conf_path(conf));
    return mistakes->len == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A socket for each domain's channel. The limit that systemd sets is for programs that use
 * select(), which neither GLib nor libvirt does. */
static void
allow_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        g_warning("can't raise the limit of open files: %s", g_strerror(errno));
}

/* It needs nothing of bpfpvd.conf, and that may be why the daemon does not run. */
static int
restore(BpfpvConf *conf)
{
    g_autoptr(GError) error = NULL;

    if (!bpfpv_conf_load(conf, &error))
        g_warning("%s\nrestoring goes on without it", error->message);
    g_clear_error(&error);
    if (!bpfpv_virt_init(&error)) {
        g_critical("%s", error->message);
        return EXIT_FAILURE;
    }
    return bpfpv_restore(conf, BPFPV_RESTORE_TIMEOUT_MS) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvConf) conf = bpfpv_conf_new(&argc, &argv, &error);

    if (!conf) {
        g_printerr("bpfpvd: %s\n", error->message);
        return 2;
    }
    if (conf->version) {
        g_print("bpfpvd %s\n", VERSION);
        return EXIT_SUCCESS;
    }
    if (conf->check)
        return check_config(conf);
    if (conf->check_hook)
        return check_hook(conf->check_hook);
    if (conf->restore && bpfpv_handover_take(conf->state_dir))
        return EXIT_SUCCESS;
    if (conf->restore)
        return restore(conf);
    if (conf->withdraw)
        return bpfpv_withdraw(conf) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (!bpfpv_conf_load(conf, &error) || !bpfpv_virt_init(&error)) {
        g_printerr("bpfpvd: %s\n", error->message);
        return EXIT_FAILURE;
    }
    allow_files();
    return run(conf);
}
