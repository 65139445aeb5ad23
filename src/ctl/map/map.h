/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A picture of the host for `map` and `plan --map`: cells, caches, cores and
 * threads, and who sits on each. Cleans every name, prints nothing.
 */
#pragma once

#include "ctl/term.h"

/* @map: a{sv} with the keys of data/org.bpfpv1.xml's Map; @term: a width of 0 is 100 columns.
 * Returns: (transfer full) (nullable): lines, each ended; NULL if there is no CPU in @map */
char *bpfpv_map_draw(GVariant *map, const BpfpvTerm *term);
