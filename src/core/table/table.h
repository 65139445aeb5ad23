/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's replica of one guest program's keyed table. A snapshot builds a
 * second replica beside the one in use and END swaps them; readers never see
 * a half-built one. Bounded in keys and value size. No I/O.
 */
#pragma once

#include <glib.h>

#include "core/table/digest.h"
#include "core/wire/wire.h"

typedef struct _BpfpvTable BpfpvTable;

/* @max_keys: in each of the two replicas; a guest that sends more gets an error.
 * @digest: (nullable): what is kept up of what is in it, for bpfpv_table_digest() */
BpfpvTable *bpfpv_table_new(guint max_keys, const BpfpvDigestFuncs *digest);
void bpfpv_table_free(BpfpvTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvTable, bpfpv_table_free)

/* Applies a BEGIN, RECORDS or END frame. @changed: set to TRUE if what foreach() shows
 * changed (it is never set to FALSE). Errors: BPFPV_WIRE_ERROR ORDER (RECORDS of another
 * generation, END without BEGIN) or LIMIT. Never lets the replica in use become partial. */
gboolean bpfpv_table_apply(BpfpvTable *table, const BpfpvFrame *frame, gboolean *changed,
                           GError **error);
/* Forgets everything, as before the first snapshot. */
void bpfpv_table_clear(BpfpvTable *table);

/* TRUE once a snapshot was completed since new() or clear(). */
gboolean bpfpv_table_is_synced(const BpfpvTable *table);
guint bpfpv_table_n_keys(const BpfpvTable *table);
guint32 bpfpv_table_generation(const BpfpvTable *table);
guint64 bpfpv_table_lost(const BpfpvTable *table);    /* as of the last END */
guint64 bpfpv_table_dropped(const BpfpvTable *table); /* as of the last END */

/* (transfer none) (nullable): of the replica in use; valid until the next frame is applied */
gconstpointer bpfpv_table_digest(const BpfpvTable *table);

typedef void (*BpfpvTableFunc)(guint64 key, const guint8 *value, gsize size, gpointer user_data);
void bpfpv_table_foreach(const BpfpvTable *table, BpfpvTableFunc func, gpointer user_data);
