/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside of the table module: one replica, and what a program makes of it as it changes.
 */
#pragma once

#include "core/table/digest.h"
#include "core/wire/wire.h"

typedef struct {
    guint64 key;
    gsize size;
    guint8 value[];
} BpfpvEntry;

typedef struct {
    GTree *entries;                /* of BpfpvEntry */
    gsize bytes;                   /* of all values */
    const BpfpvDigestFuncs *funcs; /* (nullable) */
    gpointer digest;               /* (nullable) */
} BpfpvReplica;

/* @funcs: (nullable): how its digest is made. */
BpfpvReplica *bpfpv_replica_new(const BpfpvDigestFuncs *funcs);
/* @replica: (nullable) */
void bpfpv_replica_free(BpfpvReplica *replica);
/* Returns: whether @record changed @replica. No limit is checked here. */
gboolean bpfpv_replica_set(BpfpvReplica *replica, const BpfpvWireRecord *record);
gboolean bpfpv_replica_equal(const BpfpvReplica *a, const BpfpvReplica *b);
/* @keys, @bytes: what @replica would have after @records (of BpfpvWireRecord). */
void bpfpv_replica_measure_after(const BpfpvReplica *replica, const GArray *records, guint *keys,
                                 gsize *bytes);
