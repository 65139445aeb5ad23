/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a file or a pipe of unknown length and origin, up to a bound. */
#pragma once

#include <glib.h>

/* libvirt itself takes no XML above 4 MiB. */
#define BPFPV_XML_MOST (8u * 1024 * 1024)

/**
 * bpfpv_read_text:
 * @fd: read to its end
 * @most: bytes that it may have
 * @length: (out): bytes that it has
 *
 * Blocks. What is longer is not read to its end.
 *
 * Returns: (transfer full): the bytes and a NUL
 */
char *bpfpv_read_text(int fd, gsize most, gsize *length, GError **error);
