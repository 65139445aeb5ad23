/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an opened file is, for the files of this folder alone.
 */
#ifndef BPFPV_GUEST_ELF_PRIVATE_H
#define BPFPV_GUEST_ELF_PRIVATE_H

#include "libelf.h"

struct Elf_Scn {
    Elf *elf;
    size_t index;
    Elf_Data data; /* as elf_getdata() gave it out */
};

struct Elf {
    unsigned char *bytes;
    size_t size;
    Elf64_Ehdr *header;  /* in bytes */
    Elf64_Shdr *headers; /* n_sections of them, in bytes */
    size_t n_sections;
    size_t names; /* the section with the sections' names; may be none of them */
    Elf_Scn sections[];
};

/**
 * elf_fail:
 * @why: a constant, for people
 *
 * Notes what elf_errmsg() says next.
 *
 * Returns: NULL
 */
void *elf_fail(const char *why);

#endif
