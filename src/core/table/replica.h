/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside of the table module: one replica as a tree of entries.
 */
#pragma once

#include "core/wire/wire.h"

typedef struct {
    guint64 key;
    gsize size;
    guint8 value[];
} BpfpvEntry;

/* (element-type BpfpvEntry): free with g_tree_unref() */
GTree *bpfpv_replica_new(void);
/* @bytes: (inout): of all values in @replica. Returns: whether that changed @replica */
gboolean bpfpv_replica_set(GTree *replica, const BpfpvWireRecord *record, gsize *bytes);
gboolean bpfpv_replica_equal(GTree *a, GTree *b);
/* @keys, @bytes: (inout): of @replica; what they would be after @records (of BpfpvWireRecord). */
void bpfpv_replica_measure_after(GTree *replica, const GArray *records, guint *keys, gsize *bytes);
