/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files that the host sent, as bytes in memory: read once, compared with
 * their digests, loaded from memory, so that what is verified is what is used.
 */
#ifndef BPFPV_GUEST_IMAGE_H
#define BPFPV_GUEST_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "complain.h"
#include "options.h"

struct image {
    uint8_t *bytes;
    size_t size;
    uint8_t digest[BPFPV_WIRE_DIGEST_LEN];
};

struct images {
    struct image self;
    struct image programs[BPFPV_WIRE_MAX_PROGRAMS];
};

/**
 * image_read:
 * @image: (out): zeroed by the caller, whose the bytes are
 *
 * Reads one file and digests it.
 *
 * Returns: 0 or a negative errno
 */
int image_read(const char *path, struct image *image);

/**
 * image_hex:
 * @hex: (out): 2 * %BPFPV_WIRE_DIGEST_LEN + 1 characters
 */
void image_hex(const uint8_t *digest, char *hex);

/**
 * images_read:
 * @images: (out): free with images_free(), on failure too
 *
 * Reads the loader's own file and every program and compares the digests.
 *
 * Returns: %EXIT_RUNNING, or %EXIT_DAMAGED or %EXIT_OTHER after complaining
 */
enum exit_code images_read(struct images *images, const struct options *options);

/**
 * images_free:
 *
 * Frees the bytes; the digests stay.
 */
void images_free(struct images *images);

/**
 * images_remove_files:
 *
 * Unlinks the programs and the loader's own file, and removes the loader's
 * directory if that leaves it empty; and what earlier injections have left beside
 * it. Errors are ignored: there is nothing
 * better to do.
 */
void images_remove_files(const struct options *options);

#endif
