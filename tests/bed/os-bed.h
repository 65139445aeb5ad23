/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fixture for the tests of bpfpv-placement: the world's Placement (tests/bed/openstack), seen as
 * the scheduler and as nova-compute see it, and the agent as a command and as a service.
 */
#pragma once

#include "bed.h"

/* nova-compute's name for this host, and the UUID that it gets. */
#define OS_HOST "host1"
#define OS_CHILD OS_HOST "_bpfpv"

/* Runs "bed-openstack VERB WHAT"; @what: (nullable). */
void os_bed(const char *verb, const char *what);

/* From now on requests of the test's carry this token; "admin" is noauth2's. */
void os_set_token(const char *token);

/**
 * os_request:
 * @url: an address, or a path of Placement's
 * @body: (nullable): JSON
 * @status: (out): HTTP's
 *
 * Returns: (transfer full): the answer's body. May be called in any thread.
 */
char *os_request(const char *method, const char *url, const char *body, guint *status);
/* The same; fails the test unless the status is 2xx. */
char *os_do(const char *method, const char *url, const char *body);
/* The value of the first "NAME": in JSON, a string or a number; fails the test without it;
 * g_free().
 */
char *os_field(const char *json, const char *name);

/* Makes the host's provider with a few VCPUs, as nova-compute does; returns its UUID; g_free(). */
char *os_make_host(void);
/* Removes it and its child. */
void os_remove_host(const char *uuid);
/* UUID of a provider by name, or NULL; g_free(). */
char *os_find(const char *name);

/* Whether the scheduler would find this host for a flavor with the trait and two anchors. */
gboolean os_is_candidate(void);
void os_wait_candidate(gboolean wanted, guint timeout_ms);

/* ---- bpfpv-placement ---- */

/* Writes placement.conf: "[node] provider=OS_HOST", "[agent] anchors=2", which os_is_candidate()
 * asks for and not every machine has, "[placement]", then @placement. */
void os_configure(const char *placement);
/* Runs it with "--verbose" and the arguments, which end with %NULL; as bed_ctl(). What it prints is
 * searched for the test's secrets. */
int os_agent(char **out, char **err, const char *first, ...) G_GNUC_NULL_TERMINATED;
/* "run", in the background; its log is $BED_DIR/agent.log. */
void os_bed_service_start(void);
/* Returns: its exit status, or 128 + the signal */
int os_bed_service_stop(int signal);
char *os_bed_service_log(void);
