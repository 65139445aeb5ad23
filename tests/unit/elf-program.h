/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The affinity program as it was built, for the tests of the guest loader's libelf. */
#pragma once

#include "unit.h"

typedef struct {
    char *bytes;
    size_t size;
} File;

/* Its bytes are the caller's to free. */
static inline File
read_program(void)
{
    g_autofree char *path = g_build_filename(g_getenv("BPFPV_GUEST_DIR"), "affinity.bpf.o", NULL);
    g_autoptr(GError) error = NULL;
    File file;

    g_file_get_contents(path, &file.bytes, &file.size, &error);
    assert_null(error);
    return file;
}
