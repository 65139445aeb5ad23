/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the real bpfpv-placement in a directory of the test's own, and sees that it never says a
 * secret: everything that it ever printed is looked through. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gio/gio.h>

/* What no output may have. */
#define OS_PASSWORD "s3cr3t-pass\"word\\"
#define OS_TOKEN "gAAAAAB-tok3n-of-the-test"

typedef struct {
    char *dir;
    char *conf;
    int code;
    char *out;
    char *err;
    GSubprocess *service; /* NULL: none runs */
} OsRun;

int os_run_set_up(void **state);
int os_run_tear_down(void **state);

/* Writes placement.conf, @text formatted, with credentials= of the file that is beside it. */
void os_run_configure(OsRun *run, const char *format, ...) G_GNUC_PRINTF(2, 3);
void os_run_write(OsRun *run, const char *name, const char *text, guint mode);
/* Returns: (transfer full) */
char *os_run_path(OsRun *run, const char *name);

/* "bpfpv-placement --verbose --config=… --bus-address=(none) COMMAND", @command split at its
 * spaces; fails the test if a secret is in the output. */
void os_run(OsRun *run, const char *command);

/* "run", in the background, on this bus; stopped at the latest by os_run_tear_down(). */
void os_service_start(OsRun *run, const char *bus_address);
/* Waits for it to say @text; fails the test if it doesn't within @seconds. */
void os_service_wait(OsRun *run, const char *text, guint seconds);
/* Ends it by SIGTERM: run->code, and run->err is all that it said. */
void os_service_stop(OsRun *run);

void os_assert_failed(const OsRun *run, const char *err_has);
