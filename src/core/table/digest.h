/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a program makes of a table, kept up as the table's records arrive: each change costs
 * O(log n), whatever the size of the table, so that nobody ever has to walk over one. A replica has
 * a digest of its own, which is swapped in with it when a snapshot ends.
 */
#pragma once

#include <glib.h>

/* All are pure, and called from the table's thread. Values come from the guest; they are borrowed
 * for the call, and aligned to 8 bytes. */
typedef struct {
    /* Returns: (transfer full): the digest of an empty table */
    gpointer (*create)(void);
    void (*destroy)(gpointer digest);
    /* A key's value has come, or has gone. Another value of the same key is first the one, then
     * the other. */
    void (*add)(gpointer digest, guint64 key, const guint8 *value, gsize size);
    void (*remove)(gpointer digest, guint64 key, const guint8 *value, gsize size);
} BpfpvDigestFuncs;
