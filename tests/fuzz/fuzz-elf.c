/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: any file through the guest loader's libelf. It aborts when that gives
 * out a byte that is not the file's.
 */
#include <string.h>

#include "elf-walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *copy = g_malloc(size); /* aligned, and of this size exactly */

    if (size > 0)
        memcpy(copy, data, size);
    elf_walk(copy, size);
    return 0;
}
