/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the real bpfpvctl against a fake bpfpvd, for the tests of its commands.
 * Its path comes from the environment: BPFPVCTL.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* posix_openpt() */
#endif

#include "ctl-run.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

gboolean
ctl_is_possible(void)
{
    if (g_getenv("BPFPVCTL") == NULL) {
        printf("1..0 # SKIP BPFPVCTL is not set to the path of bpfpvctl\n");
        return FALSE;
    }
    return fake_bus_is_possible();
}

int
ctl_set_up(void **state)
{
    CtlFixture *fixture = g_new0(CtlFixture, 1);

    fixture->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(fixture->bus);
    fixture->address = g_test_dbus_get_bus_address(fixture->bus);
    fixture->fake = fake_manager_new(fixture->address);
    *state = fixture;
    return 0;
}

int
ctl_tear_down(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_free(fixture->fake);
    g_test_dbus_down(fixture->bus);
    g_object_unref(fixture->bus);
    g_free(fixture->out);
    g_free(fixture->err);
    g_free(fixture);
    return 0;
}

static GPtrArray *
make_argv(const CtlFixture *fixture, va_list arguments)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(argv, g_strdup(g_getenv("BPFPVCTL")));
    g_ptr_array_add(argv, g_strconcat("--bus-address=", fixture->address, NULL));
    for (const char *argument; (argument = va_arg(arguments, const char *)) != NULL;)
        g_ptr_array_add(argv, g_strdup(argument));
    g_ptr_array_add(argv, NULL);
    return argv;
}

static GSubprocessLauncher *
make_launcher(GSubprocessFlags flags)
{
    GSubprocessLauncher *launcher =
        g_subprocess_launcher_new(flags | G_SUBPROCESS_FLAGS_STDERR_PIPE);

    g_subprocess_launcher_setenv(launcher, "LC_ALL", "C.UTF-8", TRUE);
    g_subprocess_launcher_setenv(launcher, "TERM", "xterm", TRUE);
    g_subprocess_launcher_unsetenv(launcher, "NO_COLOR");
    g_subprocess_launcher_unsetenv(launcher, "COLUMNS");
    return launcher;
}

static GSubprocess *
spawn(GSubprocessLauncher *launcher, GPtrArray *argv)
{
    g_autoptr(GError) error = NULL;
    GSubprocess *process;

    process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv->pdata, &error);
    g_assert_no_error(error);
    return process;
}

static void
finish(CtlFixture *fixture, GSubprocess *process)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&fixture->out, g_free);
    g_clear_pointer(&fixture->err, g_free);
    g_subprocess_communicate_utf8(process, NULL, NULL, &fixture->out, &fixture->err, &error);
    g_assert_no_error(error);
    assert_true(g_subprocess_get_if_exited(process));
    fixture->code = g_subprocess_get_exit_status(process);
}

void
ctl_run(CtlFixture *fixture, ...)
{
    g_autoptr(GSubprocessLauncher) launcher = make_launcher(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
    g_autoptr(GPtrArray) argv = NULL;
    g_autoptr(GSubprocess) process = NULL;
    va_list arguments;

    va_start(arguments, fixture);
    argv = make_argv(fixture, arguments);
    va_end(arguments);
    process = spawn(launcher, argv);
    finish(fixture, process);
}

void
ctl_run_to_file(CtlFixture *fixture, const char *path, ...)
{
    g_autoptr(GSubprocessLauncher) launcher = make_launcher(G_SUBPROCESS_FLAGS_NONE);
    g_autoptr(GPtrArray) argv = NULL;
    g_autoptr(GSubprocess) process = NULL;
    va_list arguments;

    va_start(arguments, path);
    argv = make_argv(fixture, arguments);
    va_end(arguments);
    g_subprocess_launcher_set_stdout_file_path(launcher, path);
    process = spawn(launcher, argv);
    finish(fixture, process);
}

/* A terminal that nobody writes to any more ends with an error, not with an end of file. */
static char *
read_terminal(int fd)
{
    GString *text = g_string_new(NULL);
    char buffer[512];
    gssize n;

    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        g_string_append_len(text, buffer, n);
    return g_string_free(text, FALSE);
}

void
ctl_run_on_terminal(CtlFixture *fixture, const char *variable, const char *value, ...)
{
    g_autoptr(GSubprocessLauncher) launcher = make_launcher(G_SUBPROCESS_FLAGS_NONE);
    g_autoptr(GPtrArray) argv = NULL;
    g_autoptr(GSubprocess) process = NULL;
    g_autofree char *text = NULL;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    va_list arguments;

    va_start(arguments, value);
    argv = make_argv(fixture, arguments);
    va_end(arguments);
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    g_subprocess_launcher_take_stdout_fd(launcher, open(ptsname(terminal), O_RDWR | O_NOCTTY));
    g_subprocess_launcher_setenv(launcher, variable, value, TRUE);
    process = spawn(launcher, argv);
    g_subprocess_launcher_close(launcher);
    text = read_terminal(terminal);
    close(terminal);
    finish(fixture, process);
    fixture->out = g_steal_pointer(&text);
}

void
ctl_assert_ended(const CtlFixture *fixture, int code, const char *err_has)
{
    if (fixture->code != code)
        fail_msg("exit code %d, not %d; it printed '%s' and '%s'", fixture->code, code,
                 fixture->out, fixture->err);
    if (err_has == NULL)
        assert_string_equal(fixture->err, "");
    else
        ctl_assert_has(fixture->err, err_has);
}

void
ctl_assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, text);
}

void
ctl_assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("'%s' is in '%s'", part, text);
}
