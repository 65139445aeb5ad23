/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The script that libvirtd runs as its hook, $BPFPV_HOOK_SCRIPT: whatever becomes of the program
 * that it starts, no guest is ended and no start is refused; only the program itself refuses one.
 */
#include "unit.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define REFUSAL "domain web1: <placement smt=\"maybe\">"

typedef struct {
    int status;
    char *out;
    char *err;
} Run;

static void
run_clear(Run *run)
{
    g_free(run->out);
    g_free(run->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

static char *root, *script, *program, *libraries;

/* The script with another program, and a limit that a test can wait for. */
static int
setup(void **state)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    signal(SIGPIPE, SIG_IGN); /* a script that does not read its input */
    root = g_dir_make_tmp("bpfpv-hook-XXXXXX", NULL);
    script = g_build_filename(root, "bpfpv", NULL);
    program = g_build_filename(root, "program", NULL);
    libraries = g_build_filename(root, "lib", NULL);
    if (!g_file_get_contents(g_getenv("BPFPV_HOOK_SCRIPT"), &text, NULL, NULL))
        return -1;
    lines = g_strsplit(text, "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        const char *now = g_str_has_prefix(lines[i], "program=") ? program
                          : g_str_has_prefix(lines[i], "limit=") ? "1"
                                                                 : NULL;
        g_autofree char *old = now ? lines[i] : NULL;

        if (old)
            lines[i] = g_strdup_printf("%.*s=%s", (int)strcspn(old, "="), old, now);
    }
    g_free(text);
    text = g_strjoinv("\n", lines);
    g_mkdir(libraries, 0755);
    return g_file_set_contents(script, text, -1, NULL) && g_chmod(script, 0755) == 0 ? 0 : -1;
}

static int
teardown(void **state)
{
    g_autofree char *library = g_build_filename(libraries, "libxml2.so.2", NULL);

    g_remove(library);
    g_remove(script);
    g_remove(program);
    g_rmdir(libraries);
    g_rmdir(root);
    g_free(root);
    g_free(script);
    g_free(program);
    g_free(libraries);
    return 0;
}

static void
place(const char *bytes, gssize length, int mode)
{
    g_remove(program);
    assert_true(g_file_set_contents(program, bytes, length, NULL));
    assert_int_equal(g_chmod(program, mode), 0);
}

/* Nobody leaves such an executable open for writing elsewhere: the file is new each time. */
static void
place_shell(const char *line)
{
    g_autofree char *text = g_strconcat("#!/bin/sh\n", line, "\n", NULL);

    place(text, -1, 0755);
}

/* Some user who has no process, and may have none. */
static void
forbid_forking(gpointer data)
{
    const struct rlimit none = {0, 0};

    if (geteuid() == 0 && setuid(54321) < 0)
        _exit(99);
    if (setrlimit(RLIMIT_NPROC, &none) < 0)
        _exit(99);
}

static gboolean forbids_forking;

static void
run_script(Run *run, const char *operation, const char *input, char **envp)
{
    const char *argv[] = {script, "web1", operation, "begin", "-", NULL};
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                  G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_autoptr(GSubprocess) process = NULL;

    if (forbids_forking)
        g_subprocess_launcher_set_child_setup(launcher, forbid_forking, NULL, NULL);
    if (envp)
        g_subprocess_launcher_set_environ(launcher, envp);
    process = g_subprocess_launcher_spawnv(launcher, argv, NULL);
    assert_non_null(process);
    /* One that doesn't read its input is no error of this call. */
    g_subprocess_communicate_utf8(process, input, NULL, &run->out, &run->err, NULL);
    assert_true(g_subprocess_wait(process, NULL, NULL));
    run->status = g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process) : -1;
}

static const char *const operations[] = {"prepare", "start",   "started", "stopped",
                                         "release", "migrate", "restore", "reconnect",
                                         "attach",  "later",   ""};

static void
assert_goes_on_in(const char *operation, char **envp)
{
    g_auto(Run) run = {0};

    run_script(&run, operation, "<domain/>", envp);
    if (run.status != 0 || (run.out && *run.out))
        fail_msg("%s: status %d, output \"%s\", %s", operation, run.status, run.out, run.err);
}

/* Status 0, and "unchanged" to what may be changed. */
static void
assert_goes_on(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++)
        assert_goes_on_in(operations[i], NULL);
}

static void
a_program_that_is_missing_stops_nothing(void **state)
{
    g_remove(program);
    assert_goes_on();
    assert_int_equal(g_mkdir(program, 0755), 0);
    assert_goes_on();
    assert_int_equal(g_rmdir(program), 0);
}

static void
a_program_that_cannot_be_executed_stops_nothing(void **state)
{
    place("#!/bin/sh\nexit 1\n", -1, 0644);
    assert_goes_on();
    place("#!/nonexistent/interpreter\n", -1, 0755);
    assert_goes_on();
}

static void
a_program_that_crashes_stops_nothing(void **state)
{
    static const char *const ends[] = {"kill -SEGV $$", "kill -KILL $$", "kill -ABRT $$",
                                       "exit 2",        "exit 3",        "exit 125",
                                       "exit 126",      "exit 127",      "exit 255"};

    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        place_shell(ends[i]);
        assert_goes_on();
    }
}

static void
half_an_answer_is_none(void **state)
{
    place_shell("echo '<domain><metada'; exit 3");
    assert_goes_on();
    place_shell("echo '<domain><metada'; kill -KILL $$");
    assert_goes_on();
}

static void
a_program_that_hangs_is_ended(void **state)
{
    place_shell("trap '' TERM; echo '<domain>'; while :; do sleep 1; done");
    assert_goes_on_in("prepare", NULL);
    assert_goes_on_in("migrate", NULL);
}

static void
a_half_written_program_stops_nothing(void **state)
{
    static const gsize sizes[] = {0, 1, 4, 63, 64, 100, 4096};
    g_autofree char *bytes = NULL;
    gsize length;

    assert_true(g_file_get_contents(g_getenv("BPFPV_HOOK"), &bytes, &length, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        place(bytes, (gssize)sizes[i], 0755);
        assert_goes_on();
    }
    place(bytes, (gssize)length / 2, 0755);
    assert_goes_on();
}

/* As while a package of one is being replaced. */
static void
a_missing_library_stops_nothing(void **state)
{
    g_autofree char *library = g_build_filename(libraries, "libxml2.so.2", NULL);
    g_auto(GStrv) envp = g_environ_setenv(g_get_environ(), "LD_LIBRARY_PATH", libraries, TRUE);
    g_autofree char *bytes = NULL;
    g_auto(Run) run = {0};
    gsize length;

    assert_true(g_file_get_contents(g_getenv("BPFPV_HOOK"), &bytes, &length, NULL));
    place(bytes, (gssize)length, 0755);
    assert_true(g_file_set_contents(library, "", 0, NULL));
    run_script(&run, "prepare", "<network/>", envp);
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.err, "libxml2"));
    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++)
        assert_goes_on_in(operations[i], envp);
}

static void
a_shell_that_cannot_fork_stops_nothing(void **state)
{
    place_shell("exit 1");
    assert_int_equal(g_chmod(root, 0755), 0);
    forbids_forking = TRUE;
    assert_goes_on();
    forbids_forking = FALSE;
}

static void
a_refusal_is_passed_on_with_its_reason(void **state)
{
    g_auto(Run) run = {0};

    place_shell("cat >/dev/null; echo '" REFUSAL "' >&2; exit 1");
    run_script(&run, "prepare", "<domain/>", NULL);
    assert_int_equal(run.status, 1);
    assert_string_equal(run.err, REFUSAL "\n");
    assert_string_equal(run.out, "");
}

static void
an_answer_is_passed_on_as_it_is(void **state)
{
    static const char text[] = "<domain>\n  <name>a\\nb %s $HOME</name>\n</domain>";
    g_auto(Run) run = {0};

    place_shell("echo \"$@\" >&2; cat");
    run_script(&run, "migrate", text, NULL);
    assert_int_equal(run.status, 0);
    assert_string_equal(g_strchomp(run.out), text);
    assert_string_equal(run.err, "web1 migrate begin -\n");
}

static void
the_program_is_not_even_started_where_it_has_nothing_to_do(void **state)
{
    static const char *const idle[] = {"start",   "started",   "stopped",
                                       "release", "reconnect", "attach"};

    place_shell("exit 1");
    for (gsize i = 0; i < G_N_ELEMENTS(idle); i++)
        assert_goes_on_in(idle[i], NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_is_missing_stops_nothing),
        cmocka_unit_test(a_program_that_cannot_be_executed_stops_nothing),
        cmocka_unit_test(a_program_that_crashes_stops_nothing),
        cmocka_unit_test(half_an_answer_is_none),
        cmocka_unit_test(a_program_that_hangs_is_ended),
        cmocka_unit_test(a_half_written_program_stops_nothing),
        cmocka_unit_test(a_missing_library_stops_nothing),
        cmocka_unit_test(a_shell_that_cannot_fork_stops_nothing),
        cmocka_unit_test(a_refusal_is_passed_on_with_its_reason),
        cmocka_unit_test(an_answer_is_passed_on_as_it_is),
        cmocka_unit_test(the_program_is_not_even_started_where_it_has_nothing_to_do),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
