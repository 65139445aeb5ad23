/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpvd as a child process, and bpfpvctl. */
#include "bed-private.h"

#include <fcntl.h>
#include <signal.h>

#define BUS_NAME "org.bpfpv1"
#define START_MS 30000

struct _BedDaemon {
    GSubprocess *process;
    GDBusConnection *bus;
};

static GPtrArray *daemons;

static GPtrArray *
daemon_command(const char *first, va_list list)
{
    g_autoptr(GPtrArray) rest = bed_arguments(NULL, first, list);
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = NULL;
    GPtrArray *command = g_ptr_array_new_with_free_func(g_free);

    if (bed_is_on_second()) {
        g_ptr_array_add(command, g_strdup("bed-second"));
        g_ptr_array_add(command, g_strdup("run"));
    }
    if (!g_shell_parse_argv(bed_environment("BPFPVD"), NULL, &words, &error))
        bed_fail("BPFPVD: %s", error->message);
    for (guint i = 0; words[i]; i++)
        g_ptr_array_add(command, g_strdup(words[i]));
    g_ptr_array_add(command, g_strdup_printf("--guest-dir=%s", bed_environment("BPFPV_GUEST_DIR")));
    for (guint i = 0; i < rest->len; i++) /* with the NULL at its end */
        g_ptr_array_add(command, g_strdup(g_ptr_array_index(rest, i)));
    return command;
}

static char *
log_path(void)
{
    return g_build_filename(bed_environment("BED_DIR"), "bpfpvd.log", NULL);
}

/* GSubprocess itself would truncate the file; the log of earlier daemons is to stay. */
static GSubprocess *
spawn(GPtrArray *command)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_autoptr(GError) error = NULL;
    g_autofree char *path = log_path();
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    GSubprocess *process;

    if (log < 0)
        bed_fail("can't write %s", path);
    g_subprocess_launcher_take_stdout_fd(launcher, log);
    process = g_subprocess_launcher_spawnv(launcher, (const char *const *)command->pdata, &error);
    if (!process)
        bed_fail("can't run %s: %s", (char *)g_ptr_array_index(command, 0), error->message);
    return process;
}

/* Not GLib's shared connection: the address changes with the host that is looked at. */
static GDBusConnection *
connect_to_bus(GError **error)
{
    g_autofree char *address = g_dbus_address_get_for_bus_sync(G_BUS_TYPE_SYSTEM, NULL, error);

    if (!address)
        return NULL;
    return g_dbus_connection_new_for_address_sync(
        address,
        G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
            G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
        NULL, NULL, error);
}

static gboolean
has_ended(gpointer data)
{
    BedDaemon *daemon = data;

    /* NULL as soon as the process was waited for. */
    return g_subprocess_get_identifier(daemon->process) == NULL;
}

static gboolean
is_on_bus_or_has_ended(gpointer data)
{
    BedDaemon *daemon = data;
    g_autoptr(GVariant) owner = g_dbus_connection_call_sync(
        daemon->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
        "NameHasOwner", g_variant_new("(s)", BUS_NAME), G_VARIANT_TYPE("(b)"),
        G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
    gboolean is_owned = FALSE;

    if (owner)
        g_variant_get(owner, "(b)", &is_owned);
    return is_owned || has_ended(daemon);
}

static void
daemon_free(BedDaemon *daemon)
{
    g_ptr_array_remove_fast(daemons, daemon);
    g_clear_object(&daemon->process);
    g_clear_object(&daemon->bus);
    g_free(daemon);
}

BedDaemon *
bed_daemon_start(const char *first, ...)
{
    g_autoptr(GPtrArray) command = NULL;
    g_autoptr(GError) error = NULL;
    BedDaemon *daemon = g_new0(BedDaemon, 1);
    va_list list;

    va_start(list, first);
    command = daemon_command(first, list);
    va_end(list);
    daemon->bus = connect_to_bus(&error);
    if (!daemon->bus)
        bed_fail("no system bus: %s", error->message);
    daemon->process = spawn(command);
    if (!daemons)
        daemons = g_ptr_array_new();
    g_ptr_array_add(daemons, daemon);
    if (!bed_wait(is_on_bus_or_has_ended, daemon, START_MS) || has_ended(daemon))
        bed_fail("bpfpvd doesn't come up as %s", BUS_NAME);
    return daemon;
}

int
bed_daemon_end(BedDaemon *daemon)
{
    int status;

    g_subprocess_send_signal(daemon->process, SIGTERM);
    if (!bed_wait(has_ended, daemon, BED_SOON))
        bed_fail("bpfpvd doesn't end on SIGTERM");
    if (!g_subprocess_get_if_exited(daemon->process))
        bed_fail("bpfpvd ended with wait status %d", g_subprocess_get_status(daemon->process));
    status = g_subprocess_get_exit_status(daemon->process);
    daemon_free(daemon);
    return status;
}

void
bed_daemon_stop(BedDaemon *daemon)
{
    int status = bed_daemon_end(daemon);

    if (status != 0)
        bed_fail("bpfpvd ended with exit status %d", status);
}

void
bed_daemon_signal(BedDaemon *daemon, int signal)
{
    g_subprocess_send_signal(daemon->process, signal);
}

void
bed_daemon_kill(BedDaemon *daemon)
{
    g_subprocess_force_exit(daemon->process);
    g_subprocess_wait(daemon->process, NULL, NULL);
    daemon_free(daemon);
}

void
bed_daemon_kill_all(void)
{
    while (daemons && daemons->len > 0)
        bed_daemon_kill(g_ptr_array_index(daemons, 0));
}

char *
bed_daemon_log(void)
{
    g_autofree char *path = log_path();
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

int
bed_ctl(char **out, char **err, const char *first, ...)
{
    g_autoptr(GPtrArray) argv = NULL;
    va_list list;

    va_start(list, first);
    argv = bed_arguments(bed_environment("BPFPVCTL"), first, list);
    va_end(list);
    return bed_run((const char *const *)argv->pdata, out, err);
}

JsonObject *
bed_ctl_show(const char *domain)
{
    g_autofree char *out = NULL;
    g_autoptr(JsonNode) root = NULL;

    /* What is known last is shown too, while libvirt is away. */
    if (bed_ctl(&out, NULL, "show", "--json", domain, NULL) != 0 && *out == '\0')
        return NULL;
    root = json_from_string(out, NULL);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        bed_fail("bpfpvctl show --json %s prints no object: %s", domain, out);
    return json_node_dup_object(root);
}

typedef struct {
    const char *domain;
    const char *wanted;
    char *state;
} StateWait;

static gboolean
is_in_state(gpointer data)
{
    StateWait *wait = data;
    g_autoptr(JsonObject) status = bed_ctl_show(wait->domain);

    g_free(wait->state);
    wait->state = g_strdup(status ? json_object_get_string_member(status, "state") : "unknown");
    return g_strcmp0(wait->state, wait->wanted) == 0;
}

void
bed_wait_state(const char *domain, const char *state, guint timeout_ms)
{
    StateWait wait = {domain, state, NULL};

    if (!bed_wait(is_in_state, &wait, timeout_ms))
        bed_fail("%s should be %s, but is %s", domain, state, wait.state);
    g_free(wait.state);
}
