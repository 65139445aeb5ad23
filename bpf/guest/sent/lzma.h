/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decoder for the .lzma format ("xz --format=lzma"), as in Igor Pavlov's LZMA
 * specification: pure, without allocation, for code that has no C library.
 */
#ifndef BPFPV_GUEST_LZMA_H
#define BPFPV_GUEST_LZMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * lzma_decode:
 * @in: @in_size bytes, header included
 * @out: (out): @out_size bytes, which is what was packed
 *
 * Not reentrant. The format has no checksum: what was damaged may pass.
 *
 * Returns: false if @in doesn't hold as much, or makes no sense
 */
bool lzma_decode(const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size);

#endif
