/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See os-run.h. */
#include "os-run.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>

int
os_run_set_up(void **state)
{
    OsRun *run = g_new0(OsRun, 1);
    g_autofree char *secrets = NULL;

    run->dir = g_dir_make_tmp("bpfpv-os-XXXXXX", NULL);
    run->conf = g_build_filename(run->dir, "placement.conf", NULL);
    secrets = g_strdup_printf("# of the test\n password = %s \n", OS_PASSWORD);
    os_run_write(run, "credentials", secrets, 0600);
    *state = run;
    return run->dir ? 0 : -1;
}

int
os_run_tear_down(void **state)
{
    OsRun *run = *state;
    g_autoptr(GDir) dir = g_dir_open(run->dir, 0, NULL);
    const char *name;

    if (run->service) {
        g_subprocess_force_exit(run->service);
        g_subprocess_wait(run->service, NULL, NULL);
        g_clear_object(&run->service);
    }
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = os_run_path(run, name);

        g_remove(path);
    }
    g_rmdir(run->dir);
    g_free(run->dir);
    g_free(run->conf);
    g_free(run->out);
    g_free(run->err);
    g_free(run);
    return 0;
}

char *
os_run_path(OsRun *run, const char *name)
{
    return g_build_filename(run->dir, name, NULL);
}

void
os_run_write(OsRun *run, const char *name, const char *text, guint mode)
{
    g_autofree char *path = os_run_path(run, name);

    assert_true(g_file_set_contents(path, text, -1, NULL));
    assert_int_equal(chmod(path, mode), 0);
}

void
os_run_configure(OsRun *run, const char *format, ...)
{
    g_autofree char *own = NULL;
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    own = g_strdup_vprintf(format, args);
    va_end(args);
    text = g_strdup_printf("[node]\nprovider=c1\n[agent]\nprovider_config_dir=%s/yaml\n"
                           "[placement]\ncredentials=%s/credentials\n%s",
                           run->dir, run->dir, own);
    os_run_write(run, "placement.conf", text, 0644);
}

static void
assert_no_secret(const char *text)
{
    static const char *const secrets[] = {OS_PASSWORD, "s3cr3t", OS_TOKEN, "tok3n"};

    for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++)
        if (strstr(text, secrets[i]))
            fail_msg("'%s' is in: %s", secrets[i], text);
}

void
os_run(OsRun *run, const char *command)
{
    g_autofree char *conf = g_strconcat("--config=", run->conf, NULL);
    g_autofree char *line =
        g_strconcat(g_getenv("BPFPV_PLACEMENT"), " --verbose ", conf,
                    " --bus-address=unix:path=/nonexistent/bus ", command, NULL);
    g_auto(GStrv) argv = g_strsplit(line, " ", -1);
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_autoptr(GSubprocess) process = NULL;
    g_autoptr(GError) error = NULL;

    g_clear_pointer(&run->out, g_free);
    g_clear_pointer(&run->err, g_free);
    /* A proxy of the environment's must not be asked: nobody answers there. */
    g_subprocess_launcher_setenv(launcher, "http_proxy", "http://127.0.0.1:9", TRUE);
    g_subprocess_launcher_setenv(launcher, "https_proxy", "http://127.0.0.1:9", TRUE);
    process = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv, &error);
    assert_null(error);
    assert_true(g_subprocess_communicate_utf8(process, NULL, NULL, &run->out, &run->err, &error));
    if (!g_subprocess_get_if_exited(process))
        fail_msg("died of signal %d: %s", g_subprocess_get_term_sig(process), run->err);
    run->code = g_subprocess_get_exit_status(process);
    assert_no_secret(run->out);
    assert_no_secret(run->err);
}

/* ---- the service ---- */

void
os_service_start(OsRun *run, const char *bus_address)
{
    g_autofree char *conf = g_strconcat("--config=", run->conf, NULL);
    g_autofree char *bus = g_strconcat("--bus-address=", bus_address, NULL);
    g_autofree char *log = os_run_path(run, "log");
    const char *argv[] = {g_getenv("BPFPV_PLACEMENT"), "--verbose", conf, bus, "run", NULL};
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
    g_autoptr(GError) error = NULL;

    g_subprocess_launcher_set_stderr_file_path(launcher, log);
    run->service = g_subprocess_launcher_spawnv(launcher, argv, &error);
    assert_null(error);
}

static void
read_log(OsRun *run)
{
    g_autofree char *log = os_run_path(run, "log");

    g_clear_pointer(&run->err, g_free);
    assert_true(g_file_get_contents(log, &run->err, NULL, NULL));
    assert_no_secret(run->err);
}

void
os_service_wait(OsRun *run, const char *text, guint seconds)
{
    gint64 end_us = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;

    for (read_log(run); !strstr(run->err, text); read_log(run)) {
        if (g_get_monotonic_time() > end_us)
            fail_msg("'%s' was not said within %u s: %s", text, seconds, run->err);
        g_usleep(G_USEC_PER_SEC / 100);
    }
}

void
os_service_stop(OsRun *run)
{
    g_subprocess_send_signal(run->service, SIGTERM);
    assert_true(g_subprocess_wait(run->service, NULL, NULL));
    run->code = g_subprocess_get_if_exited(run->service)
                    ? g_subprocess_get_exit_status(run->service)
                    : 128 + g_subprocess_get_term_sig(run->service);
    g_clear_object(&run->service);
    read_log(run);
}

void
os_assert_failed(const OsRun *run, const char *err_has)
{
    if (run->code != 1 || !strstr(run->err, err_has))
        fail_msg("ended with %d, and '%s' should be in: %s", run->code, err_has, run->err);
}
