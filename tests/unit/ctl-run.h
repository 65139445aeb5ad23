/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the real bpfpvctl against a fake bpfpvd, for the tests of its commands.
 */
#pragma once

#include "ctl-fake.h"

typedef struct {
    GTestDBus *bus;
    const char *address;
    FakeManager *fake;
    int code;  /* of the last run */
    char *out; /* what it printed */
    char *err;
    GSubprocess *running; /* (nullable): by ctl_start() */
    int output;           /* of that; -1: none */
} CtlFixture;

/* Prints a TAP plan that skips all and returns FALSE if there is no bpfpvctl or no bus. */
gboolean ctl_is_possible(void);

int ctl_set_up(void **state);
int ctl_tear_down(void **state);

/* Runs "bpfpvctl --bus-address=…" with the arguments up to NULL. */
void ctl_run(CtlFixture *fixture, ...) G_GNUC_NULL_TERMINATED;
/* The same with @input on standard input. */
void ctl_run_with_input(CtlFixture *fixture, const char *input, ...) G_GNUC_NULL_TERMINATED;
/* The same with standard output to a terminal, and one more environment variable. */
void ctl_run_on_terminal(CtlFixture *fixture, const char *variable, const char *value,
                         ...) G_GNUC_NULL_TERMINATED;
/* The same with standard output to a file. */
void ctl_run_to_file(CtlFixture *fixture, const char *path, ...) G_GNUC_NULL_TERMINATED;

/* Starts the same, and lets it run; @on_terminal: its standard output is a terminal of 80×24. */
void ctl_start(CtlFixture *fixture, gboolean on_terminal, ...) G_GNUC_NULL_TERMINATED;
/* Waits until it has printed @part. Returns: (transfer full): all that it has printed since the
 * last call */
char *ctl_read_until(CtlFixture *fixture, const char *part);
/* Ends it with SIGTERM. */
void ctl_stop(CtlFixture *fixture);

/* Fails the test unless the last run ended so. */
void ctl_assert_ended(const CtlFixture *fixture, int code, const char *err_has);
void ctl_assert_has(const char *text, const char *part);
void ctl_assert_lacks(const char *text, const char *part);
