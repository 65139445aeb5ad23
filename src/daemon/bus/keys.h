/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answer to the bus's Keys: one page of a program's replica, as text. */
#pragma once

#include "daemon/session/link.h"
#include "programs/program.h"

/* Most keys, and about most bytes of text, in one page; a caller asks for the rest. */
#define BPFPV_KEYS_PAGE 4096
#define BPFPV_KEYS_PAGE_BYTES (1024 * 1024)

/**
 * bpfpv_keys_page:
 * @table: a replica of @program
 * @from: the lowest key that is wanted
 *
 * Keys grow from page to page. A page is the replica at one moment; what
 * changes between two pages is in the later one only.
 *
 * Returns: (transfer floating): type (uba(ts)): the replica's generation,
 *   whether there are more keys after these, and each key with its value as text
 */
GVariant *bpfpv_keys_page(const BpfpvTable *table, const BpfpvProgram *program, guint64 from);

/**
 * bpfpv_keys_of_link:
 * @link: (nullable): the domain's
 * @name: a program's
 *
 * Returns: (transfer floating) (nullable): the page; %NULL where no such
 *   program has answered
 */
GVariant *bpfpv_keys_of_link(const BpfpvLink *link, const char *name, guint64 from);
