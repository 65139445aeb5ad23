/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words in ps, see title.h. The kernel reads them from where it put the
 * arguments, and takes a NUL for the end of each.
 */
#include "process/title.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char *area;
static size_t size; /* of area; its last byte stays NUL */
static size_t used; /* by words that are there for good, with their NULs */

static void
put(const char *word)
{
    size_t length = strlen(word), room = used < size ? size - used - 1 : 0;

    memset(area + used, 0, size - used);
    memcpy(area + used, word, length < room ? length : room);
}

void
title_reserve(int argc, char **argv)
{
    int i;

    area = argv[0];
    for (i = 0; i < argc && argv[i] == area + size; i++)
        size += strlen(argv[i]) + 1;
}

void
title_add(const char *format, ...)
{
    char word[256];
    va_list args;

    if (size == 0)
        return;
    if (used == 0) {
        put(TITLE_NAME);
        used += strlen(area) + 1;
    }
    va_start(args, format);
    vsnprintf(word, sizeof(word), format, args);
    va_end(args);
    put(word);
    if (used < size && area[used] != '\0')
        used += strlen(area + used) + 1;
}

void
title_end(const char *word)
{
    if (size > 0)
        put(word);
}
