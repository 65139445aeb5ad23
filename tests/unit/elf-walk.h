/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads whatever the guest loader's libelf gives out of a file, as libbpf would and
 * beyond: for what may hold anything. Aborts when it is given a byte that is not the
 * file's.
 */
#pragma once

#include <stdlib.h>

#include <glib.h>

#include "elf/libelf.h"

typedef struct {
    const char *bytes;
    size_t size;
    guint64 sum; /* of all that was read, so that no read is optimised away */
} ElfWalk;

static inline void
elf_walk_bytes(ElfWalk *walk, const void *from, size_t size)
{
    const char *bytes = from;

    if (bytes == NULL)
        return;
    if (bytes < walk->bytes || size > walk->size || bytes > walk->bytes + (walk->size - size))
        abort();
    for (size_t i = 0; i < size; i++)
        walk->sum = walk->sum * 31 + (guint8)bytes[i];
}

static inline void
elf_walk_data(ElfWalk *walk, const Elf_Data *data)
{
    if (data != NULL)
        elf_walk_bytes(walk, data->d_buf, data->d_buf != NULL ? data->d_size : 0);
}

static inline void
elf_walk_string(ElfWalk *walk, Elf *elf, size_t index, size_t offset)
{
    const char *string = elf_strptr(elf, index, offset);

    if (string != NULL)
        elf_walk_bytes(walk, string, strlen(string) + 1);
}

/* As libbpf: a symbol's name is in the section that the table links to. */
static inline void
elf_walk_symbols(ElfWalk *walk, Elf *elf, const Elf64_Shdr *header, const Elf_Data *data)
{
    const Elf64_Sym *symbols = data->d_buf;

    for (size_t i = 0; symbols != NULL && i < data->d_size / sizeof(*symbols); i++)
        elf_walk_string(walk, elf, header->sh_link, symbols[i].st_name);
}

static inline void
elf_walk_section(ElfWalk *walk, Elf *elf, Elf_Scn *section, size_t names)
{
    const Elf64_Shdr *header = elf64_getshdr(section);
    const Elf_Data *data = elf_getdata(section, NULL);

    elf_walk_bytes(walk, header, sizeof(*header));
    elf_walk_string(walk, elf, names, header->sh_name);
    elf_walk_string(walk, elf, elf_ndxscn(section), header->sh_info);
    elf_walk_data(walk, data);
    elf_walk_data(walk, elf_rawdata(section, NULL));
    if (data != NULL && data->d_type == ELF_T_SYM)
        elf_walk_symbols(walk, elf, header, data);
}

/* Returns: a sum over what was read; 0 where @bytes, aligned to 8, are refused as a whole */
static inline guint64
elf_walk(char *bytes, size_t size)
{
    ElfWalk walk = {.bytes = bytes, .size = size, .sum = 1};
    Elf *elf = elf_memory(bytes, size);
    size_t names = 0, n = 0;

    if (elf == NULL)
        return 0;
    elf_walk_bytes(&walk, elf64_getehdr(elf), sizeof(Elf64_Ehdr));
    if (elf_getshdrstrndx(elf, &names) != 0 || elf_getshdrnum(elf, &n) != 0)
        abort();
    for (Elf_Scn *section = elf_getscn(elf, 0); section != NULL;
         section = elf_nextscn(elf, section)) {
        elf_walk_section(&walk, elf, section, names);
        n--;
    }
    if (n != 0)
        abort();
    elf_end(elf);
    return walk.sum;
}
