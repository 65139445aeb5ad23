/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A libvirt of a few functions, which take the place of the library's in the
 * program that links this: domains that fail, block and end as a test says.
 * Whatever thread calls.
 */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

typedef struct {
    const char *uuid;
    const char *name;
    int id;          /* -1: shut off */
    int lookup_code; /* VIR_ERR_…: looking it up fails with that */
    int active_code; /* asking whether it is running fails with that */
    int pin_code;    /* pinning vCPU 1 fails with that */
    int job;         /* VIR_DOMAIN_JOB_OPERATION_… of a job that goes on; 0: none */
    gboolean ends;   /* when it is pinned: that fails, and it is gone */
    /* (nullable): pin calls don't return before that one has all it is to get */
    const char *waits_for;
    /* (nullable): the same for the job: it ends then */
    const char *job_waits_for;
} FakeDomain;

/* Replaces all domains; @domains ends with one without a UUID, and is copied. */
void fake_libvirt_set(const FakeDomain *domains);
/* Connecting fails from now on, or succeeds again. */
void fake_libvirt_set_down(gboolean down);
/* Returns: (transfer full): what was done to a domain, in order: "emulator 0-3, vcpu 0 0-3,
 * vcpu 1 0-3, no status"; "" */
char *fake_libvirt_done(const char *uuid);
