/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes bpfpv's own pins out of a live domain's XML that goes to another host,
 * or comes back from a file. Pure.
 */
#pragma once

#include <glib.h>

/**
 * bpfpv_hook_repair:
 * @text: @length bytes: a domain's live XML; not trusted to be any
 * @error: return location, domain %BPFPV_XML_ERROR
 *
 * A pin is bpfpv's if it is exactly what the status element in @text says that
 * bpfpv has applied, or is about to; see xml/pin-owner.h. Then it is taken out:
 * what was inherited is inherited again, else the original comes back. All
 * others stay, and so does the note that an administrator made them.
 *
 * Returns: (transfer full) (nullable): the XML to go on with; %NULL without
 *   @error: it can stay as it is
 */
char *bpfpv_hook_repair(const char *text, gsize length, GError **error);
