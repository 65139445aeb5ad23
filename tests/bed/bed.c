/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fixture's ground: waiting, failing with all there is to know, child processes, and the
 * connection to libvirt.
 */
#include "bed-private.h"

#include <libvirt/virterror.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define POLL_US (50 * 1000)
#define TAIL_LINES 40

static virConnectPtr connection;

gboolean
bed_wait(gboolean (*condition)(gpointer), gpointer data, guint timeout_ms)
{
    gint64 end = g_get_monotonic_time() + (gint64)timeout_ms * 1000;

    while (!condition(data)) {
        if (g_get_monotonic_time() >= end)
            return FALSE;
        g_usleep(POLL_US);
    }
    return TRUE;
}

const char *
bed_environment(const char *name)
{
    const char *value = g_getenv(name);

    if (!value)
        fail_msg("%s is not set: run this by \"tests/bed/bed run\"", name);
    return value;
}

static void
show_tail(const char *file)
{
    g_autofree char *path = g_build_filename(bed_environment("BED_DIR"), file, NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint n;

    if (!g_file_get_contents(path, &text, NULL, NULL) || *text == '\0')
        return;
    lines = g_strsplit(g_strdelimit(g_strchomp(text), "\r", ' '), "\n", -1);
    n = g_strv_length(lines);
    print_error("--- %s\n", path);
    for (guint i = n > TAIL_LINES ? n - TAIL_LINES : 0; i < n; i++)
        print_error("%s\n", lines[i]);
}

static void
show_domains(void)
{
    virDomainPtr *domains = NULL;
    int n = connection ? virConnectListAllDomains(connection, &domains, 0) : 0;

    for (int i = 0; i < n; i++) {
        g_autofree char *out = NULL;
        g_autofree char *console = g_strdup_printf("%s.console", virDomainGetName(domains[i]));

        bed_ctl(&out, NULL, "show", virDomainGetName(domains[i]), NULL);
        print_error("--- bpfpvctl show %s\n%s", virDomainGetName(domains[i]), out ? out : "");
        show_tail(console);
        virDomainFree(domains[i]);
    }
    free(domains);
}

void
bed_fail(const char *format, ...)
{
    static gboolean failing;
    g_autofree char *message = NULL;
    va_list list;

    va_start(list, format);
    message = g_strdup_vprintf(format, list);
    va_end(list);
    print_error("FAILURE: %s\n", message);
    if (!failing) { /* what is shown may fail in turn */
        failing = TRUE;
        show_domains();
        show_tail("bpfpvd.log");
        failing = FALSE;
    }
    fail();
    g_assert_not_reached();
}

int
bed_cleanup(void **state G_GNUC_UNUSED)
{
    bed_daemon_kill_all();
    bed_guest_destroy_all();
    return 0;
}

static void
ignore_error(void *data G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

const char *
bed_libvirt_error(void)
{
    virErrorPtr error = virGetLastError();

    return error && error->message ? error->message : "libvirt gives no reason";
}

virConnectPtr
bed_connect(void)
{
    if (connection)
        return connection;
    signal(SIGPIPE, SIG_IGN); /* libvirtd may end while a request is written */
    virSetErrorFunc(NULL, ignore_error);
    connection = virConnectOpen(bed_environment("LIBVIRT_DEFAULT_URI"));
    if (!connection)
        bed_fail("can't connect to libvirt: %s", bed_libvirt_error());
    return connection;
}

void
bed_disconnect(void)
{
    g_clear_pointer(&connection, virConnectClose);
}

void
bed_libvirtd(const char *action)
{
    const char *argv[] = {"bed-libvirtd", action, NULL};
    g_autofree char *err = NULL;

    bed_disconnect();
    if (bed_run(argv, NULL, &err) != 0)
        bed_fail("bed-libvirtd %s: %s", action, err);
}

GPtrArray *
bed_arguments(const char *before, const char *first, va_list list)
{
    GPtrArray *arguments = g_ptr_array_new();

    if (before)
        g_ptr_array_add(arguments, (gpointer)before);
    for (const char *next = first; next; next = va_arg(list, const char *))
        g_ptr_array_add(arguments, (gpointer)next);
    g_ptr_array_add(arguments, NULL);
    return arguments;
}

int
bed_run(const char *const *argv, char **out, char **err)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *out_text = NULL;
    g_autofree char *err_text = NULL;
    int status;

    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out_text,
                      &err_text, &status, &error))
        bed_fail("can't run %s: %s", argv[0], error->message);
    if (out)
        *out = g_steal_pointer(&out_text);
    if (err)
        *err = g_steal_pointer(&err_text);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
