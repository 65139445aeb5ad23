/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counts what a benchmark allocates: glibc's functions, called by others of
 * their names in the program, as the C library's manual ("Replacing malloc")
 * allows. Elsewhere the count is 0 and says nothing.
 */
#pragma once

#include <stdlib.h>

#include <glib.h>

static guint64 n_allocations;

#ifdef __GLIBC__
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *
malloc(size_t size)
{
    n_allocations++;
    return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
    n_allocations++;
    return __libc_calloc(n, size);
}

void *
realloc(void *memory, size_t size)
{
    n_allocations++;
    return __libc_realloc(memory, size);
}
#endif

/* Returns: allocations so far */
static inline guint64
bench_allocations(void)
{
    return n_allocations;
}
