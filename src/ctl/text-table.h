/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of text with aligned columns. Cleans every cell, so that rows can
 * be filled with what a guest chose. Pure: returns the text, prints nothing.
 */
#pragma once

#include "ctl/term.h"

typedef struct _BpfpvTextTable BpfpvTextTable;

typedef struct {
    const char *heading;
    gboolean is_number; /* aligned at the right */
} BpfpvTextColumn;

/* columns: n_columns of them, at least one; the last may be wrapped */
BpfpvTextTable *bpfpv_text_table_new(const BpfpvTextColumn *columns, guint n_columns);
void bpfpv_text_table_free(BpfpvTextTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvTextTable, bpfpv_text_table_free)
/* Adds the next cell; a row is complete when all its columns are. */
void bpfpv_text_table_add(BpfpvTextTable *table, BpfpvStyle style, const char *text);
/* The headings and the complete rows, each line ended; "" without a row. */
char *bpfpv_text_table_render(const BpfpvTextTable *table, const BpfpvTerm *term);
