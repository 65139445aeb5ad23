/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpvd.conf line by line, so that every mistake has its place. Pure. */
#pragma once

#include <glib.h>

/* A [section] or a KEY=VALUE in it. */
typedef struct {
    guint number; /* counted from 1 */
    char *section;
    char *key;   /* NULL: the section's own line */
    char *value; /* without spaces around it */
} BpfpvConfLine;

/**
 * bpfpv_conf_lines:
 * @text: what the file has
 * @path: its name, for messages
 * @mistakes: (element-type utf8): lines that are neither are added, with place and remedy
 *
 * Returns: (transfer full) (element-type BpfpvConfLine): all others, in their order
 */
GPtrArray *bpfpv_conf_lines(const char *text, const char *path, GPtrArray *mistakes);
