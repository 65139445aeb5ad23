/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's conversation with one guest's loader: resynchronise, keep the
 * replicas, say what they demand. Main thread only.
 */
#pragma once

#include "core/demand.h"
#include "core/table/table.h"

typedef struct _BpfpvLink BpfpvLink;

typedef struct {
    void (*hello)(gpointer user_data);   /* a loader answered: bpfpv_link_hello() */
    void (*synced)(gpointer user_data);  /* every program's first snapshot is whole */
    void (*changed)(gpointer user_data); /* a replica changed after that */
    /* The conversation is over; the link may be freed in here. @reason: (nullable): NULL: QEMU
     * closed the channel and the loader left no word, as when the domain ends, is saved, or is on
     * another host now. */
    void (*lost)(const char *reason, gpointer user_data);
} BpfpvLinkFuncs;

/**
 * bpfpv_link_open:
 * @path: the channel's socket
 * @programs: (element-type utf8): those that are listened to; what a guest sends of others is
 *   skipped
 * @max_keys: keys per program that the guest may publish
 *
 * Connects and asks for a snapshot.
 */
BpfpvLink *bpfpv_link_open(const char *path, const GPtrArray *programs, guint max_keys,
                           const BpfpvLinkFuncs *funcs, gpointer user_data, GError **error);
void bpfpv_link_free(BpfpvLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvLink, bpfpv_link_free)

/* Asks for the snapshot again, as when the first request may have been lost. Before the HELLO. */
void bpfpv_link_ask_again(BpfpvLink *link);

/* Asks the loader to detach its programs and end; lost() follows when it did. */
void bpfpv_link_stop(BpfpvLink *link);

/* Returns: (transfer none) (nullable): NULL before the HELLO */
const BpfpvHello *bpfpv_link_hello(const BpfpvLink *link);
gboolean bpfpv_link_is_synced(const BpfpvLink *link);
/* Whether the loader said that somebody in the guest had told it to end. */
gboolean bpfpv_link_was_stopped(const BpfpvLink *link);
/* The guest's CPUs that are online; 0 before it said so. */
guint bpfpv_link_online_cpus(const BpfpvLink *link);
/* Returns: (transfer none) (nullable): the replica of HELLO's program @index; NULL: nobody
 * listens to it */
const BpfpvTable *bpfpv_link_table(const BpfpvLink *link, guint index);

/**
 * bpfpv_link_demand:
 * @guest: (nullable): the domain's topology
 * @n_vcpus: the domain's vCPUs, those that may be plugged in too
 * @enabled: (nullable): those that are plugged in; %NULL: all
 * @has_unplugged: (out) (optional): whether the guest says that it has others
 *
 * Returns: (transfer full): what all programs' replicas ask for now
 */
BpfpvDemand *bpfpv_link_demand(const BpfpvLink *link, const BpfpvGuestTopology *guest,
                               guint n_vcpus, const BpfpvCpuset *enabled, gboolean *has_unplugged);
