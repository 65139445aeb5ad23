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
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

/* Longer than anything takes that comes at all. */
#define READ_MS 20000

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

    ctl_stop(fixture);
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
    gboolean silent = (flags & G_SUBPROCESS_FLAGS_STDERR_SILENCE) != 0;
    GSubprocessLauncher *launcher =
        g_subprocess_launcher_new(silent ? flags : flags | G_SUBPROCESS_FLAGS_STDERR_PIPE);

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
finish(CtlFixture *fixture, GSubprocess *process, const char *input)
{
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&fixture->out, g_free);
    g_clear_pointer(&fixture->err, g_free);
    g_subprocess_communicate_utf8(process, input, NULL, &fixture->out, &fixture->err, &error);
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
    finish(fixture, process, NULL);
}

void
ctl_run_with_input(CtlFixture *fixture, const char *input, ...)
{
    g_autoptr(GSubprocessLauncher) launcher =
        make_launcher(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDIN_PIPE);
    g_autoptr(GPtrArray) argv = NULL;
    g_autoptr(GSubprocess) process = NULL;
    va_list arguments;

    va_start(arguments, input);
    argv = make_argv(fixture, arguments);
    va_end(arguments);
    process = spawn(launcher, argv);
    finish(fixture, process, input);
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
    finish(fixture, process, NULL);
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

/* Returns: the end that a program writes to; @terminal: (out): the other */
static int
open_terminal(int *terminal)
{
    *terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(*terminal >= 0 && grantpt(*terminal) == 0 && unlockpt(*terminal) == 0);
    return open(ptsname(*terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
}

void
ctl_run_on_terminal(CtlFixture *fixture, const char *variable, const char *value, ...)
{
    g_autoptr(GSubprocessLauncher) launcher = make_launcher(G_SUBPROCESS_FLAGS_NONE);
    g_autoptr(GPtrArray) argv = NULL;
    g_autoptr(GSubprocess) process = NULL;
    g_autofree char *text = NULL;
    int terminal;
    va_list arguments;

    va_start(arguments, value);
    argv = make_argv(fixture, arguments);
    va_end(arguments);
    g_subprocess_launcher_take_stdout_fd(launcher, open_terminal(&terminal));
    g_subprocess_launcher_setenv(launcher, variable, value, TRUE);
    process = spawn(launcher, argv);
    g_subprocess_launcher_close(launcher);
    text = read_terminal(terminal);
    close(terminal);
    finish(fixture, process, NULL);
    fixture->out = g_steal_pointer(&text);
}

/* ---- what goes on ---- */

static int
open_pipe(int *reader)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    *reader = ends[0];
    return ends[1];
}

void
ctl_start(CtlFixture *fixture, gboolean on_terminal, ...)
{
    const struct winsize size = {.ws_row = 24, .ws_col = 80};
    g_autoptr(GSubprocessLauncher) launcher = make_launcher(G_SUBPROCESS_FLAGS_STDERR_SILENCE);
    g_autoptr(GPtrArray) argv = NULL;
    va_list arguments;
    int writer;

    va_start(arguments, on_terminal);
    argv = make_argv(fixture, arguments);
    va_end(arguments);
    writer = on_terminal ? open_terminal(&fixture->output) : open_pipe(&fixture->output);
    if (on_terminal)
        assert_int_equal(ioctl(writer, TIOCSWINSZ, &size), 0);
    g_subprocess_launcher_take_stdout_fd(launcher, writer);
    fixture->running = spawn(launcher, argv);
    g_subprocess_launcher_close(launcher);
}

char *
ctl_read_until(CtlFixture *fixture, const char *part)
{
    g_autoptr(GString) text = g_string_new(NULL);

    while (strstr(text->str, part) == NULL) {
        struct pollfd fd = {.fd = fixture->output, .events = POLLIN};
        char buffer[512];
        gssize n = poll(&fd, 1, READ_MS) > 0 ? read(fixture->output, buffer, sizeof(buffer)) : 0;

        if (n <= 0)
            fail_msg("'%s' is not in '%s', and nothing follows", part, text->str);
        g_string_append_len(text, buffer, n);
    }
    return g_strdup(text->str);
}

void
ctl_stop(CtlFixture *fixture)
{
    if (fixture->running == NULL)
        return;
    g_subprocess_send_signal(fixture->running, SIGTERM);
    g_subprocess_wait(fixture->running, NULL, NULL);
    g_clear_object(&fixture->running);
    close(fixture->output);
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
