/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of bpfpvd that come late: rules tests/integration/late-calls.c, see itest.h. */
#include "itest.h"

#include <glib/gstdio.h>

static char *directory;

static char *
path_of(const char *prefix, const char *call)
{
    g_autofree char *file = g_strconcat(prefix, call, NULL);

    return g_build_filename(directory, file, NULL);
}

static void
write_file(const char *prefix, const char *call, const char *text)
{
    g_autofree char *path = path_of(prefix, call);

    if (!g_file_set_contents(path, text, -1, NULL))
        bed_fail("can't write %s", path);
}

static void
remove_file(const char *prefix, const char *call)
{
    g_autofree char *path = path_of(prefix, call);

    g_unlink(path);
}

void
itest_late_calls(void)
{
    g_autofree char *command = NULL;

    directory = g_build_filename(g_getenv("BED_DIR"), "late", NULL);
    if (g_mkdir_with_parents(directory, 0700) < 0)
        bed_fail("can't make %s", directory);
    command = g_strdup_printf("env LD_PRELOAD=%s BPFPV_LATE_CALLS=%s %s",
                              g_getenv("BPFPV_LATE_MODULE"), directory, g_getenv("BPFPVD"));
    g_setenv("BPFPVD", command, TRUE);
}

void
itest_late_delay(const char *ms)
{
    if (ms)
        write_file("delay", "", ms);
    else
        remove_file("delay", "");
}

void
itest_late_hold(const char *call)
{
    write_file("hold-", call, "");
}

static gboolean
is_held(gpointer data)
{
    g_autofree char *path = path_of("held-", data);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

void
itest_late_wait(const char *call)
{
    if (!bed_wait(is_held, (gpointer)call, BED_BOOT))
        bed_fail("no call comes that is held: %s", call);
}

static gboolean
is_not_held(gpointer data)
{
    return !is_held(data);
}

void
itest_late_release(const char *call)
{
    remove_file("hold-", call);
    if (!bed_wait(is_not_held, (gpointer)call, BED_SOON))
        bed_fail("the call that was held does not go on: %s", call);
}
