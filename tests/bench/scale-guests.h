/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many guests' loaders in a process of their own, each at the other end of a socket, as QEMU has it
 * for a channel. They answer as a loader does that the guest has itself started, with an empty
 * table, and then do what they are told. They cost the process that looks at them nothing.
 */
#pragma once

#include <glib.h>

#define SCALE_VCPUS 2

typedef struct _ScaleGuests ScaleGuests;

enum scale_command {
    SCALE_PIN = 1, /* a task pins itself to the guest's CPU 0 */
    SCALE_RELEASE, /* it ends */
    SCALE_SPIN,    /* burns processor time, and says nothing */
    SCALE_REPEAT,  /* fills its table, and says again and again which CPUs it has */
    SCALE_FLIP,    /* fills its table, and says again and again that a CPU came or went */
    SCALE_CHURN,   /* changes 500 tasks again and again */
    SCALE_QUIET,   /* no more of these */
};

/* @directory: for the sockets. */
ScaleGuests *scale_guests_start(const char *directory, guint n);
void scale_guests_end(ScaleGuests *guests);

/* Returns: (transfer full): the socket of guest @i */
char *scale_guests_path(const char *directory, guint i);

/* The guest does that as soon as it can. */
void scale_guests_tell(ScaleGuests *guests, guint i, enum scale_command command);

/* Returns: when a guest had sent what it was told to pin or release, by g_get_monotonic_time(); 0:
 * not yet since the last scale_guests_tell() */
gint64 scale_guests_sent(const ScaleGuests *guests);
