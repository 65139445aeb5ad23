/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. */
#pragma once

#include "host/journal/journal.h"

/* Returns: (transfer full): the entry as JSON */
char *bpfpv_journal_to_json(const BpfpvJournalEntry *entry);

/**
 * bpfpv_journal_from_json:
 * @text: what a state file has; it may be damaged
 * @uuid: the domain that it must be of
 * @error: return location, says what is wrong
 *
 * Believes nothing: half an entry would put back half of what was.
 *
 * Returns: (transfer full): the entry, or %NULL with @error set
 */
BpfpvJournalEntry *bpfpv_journal_from_json(const char *text, const char *uuid, GError **error);
