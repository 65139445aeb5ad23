/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sections and what they hold, see libelf.h.
 */
#include "private.h"

#include <string.h>

int
elf_getshdrnum(Elf *elf, size_t *n)
{
    if (elf == NULL)
        return -1;
    *n = elf->n_sections;
    return 0;
}

int
elf_getshdrstrndx(Elf *elf, size_t *index)
{
    if (elf == NULL)
        return -1;
    *index = elf->names;
    return 0;
}

Elf_Scn *
elf_getscn(Elf *elf, size_t index)
{
    if (elf == NULL)
        return NULL;
    if (index >= elf->n_sections)
        return elf_fail("no such section");
    return &elf->sections[index];
}

Elf_Scn *
elf_nextscn(Elf *elf, Elf_Scn *section)
{
    size_t next = section != NULL ? section->index + 1 : 1;

    if (section != NULL)
        elf = section->elf;
    return elf != NULL && next < elf->n_sections ? &elf->sections[next] : NULL;
}

size_t
elf_ndxscn(Elf_Scn *section)
{
    return section != NULL ? section->index : SHN_UNDEF;
}

Elf64_Shdr *
elf64_getshdr(Elf_Scn *section)
{
    return section != NULL ? &section->elf->headers[section->index] : NULL;
}

Elf64_Shdr *
gelf_getshdr(Elf_Scn *section, Elf64_Shdr *copy)
{
    return section != NULL ? memcpy(copy, elf64_getshdr(section), sizeof(*copy)) : NULL;
}

static Elf_Type
type_of(const Elf64_Shdr *header)
{
    switch (header->sh_type) {
    case SHT_SYMTAB:
    case SHT_DYNSYM:
        return ELF_T_SYM;
    case SHT_REL:
        return ELF_T_REL;
    case SHT_RELA:
        return ELF_T_RELA;
    case SHT_DYNAMIC:
        return ELF_T_DYN;
    default:
        return ELF_T_BYTE;
    }
}

static int
is_within(const Elf *elf, const Elf64_Shdr *header)
{
    return header->sh_offset <= elf->size && header->sh_size <= elf->size - header->sh_offset;
}

/* Tables are read in place: what libbpf takes them for has to be aligned. */
static Elf_Data *
fill(Elf_Scn *section, Elf_Data *data)
{
    const Elf64_Shdr *header = elf64_getshdr(section);
    Elf_Type type = type_of(header);

    memset(data, 0, sizeof(*data));
    data->d_type = type;
    data->d_version = EV_CURRENT;
    data->d_size = header->sh_size;
    data->d_align = header->sh_addralign;
    if (header->sh_type == SHT_NOBITS || header->sh_size == 0)
        return data;
    if (!is_within(section->elf, header))
        return elf_fail("the section goes beyond the end of the file");
    if (type != ELF_T_BYTE && header->sh_offset % _Alignof(Elf64_Sym) != 0)
        return elf_fail("the section isn't aligned");
    data->d_buf = section->elf->bytes + header->sh_offset;
    return data;
}

Elf_Data *
elf_getdata(Elf_Scn *section, Elf_Data *before)
{
    if (section == NULL || before != NULL)
        return NULL;
    return fill(section, &section->data);
}

Elf_Data *
elf_rawdata(Elf_Scn *section, Elf_Data *before)
{
    return elf_getdata(section, before);
}

char *
elf_strptr(Elf *elf, size_t index, size_t offset)
{
    Elf_Scn *section = elf_getscn(elf, index);
    const Elf64_Shdr *header = elf64_getshdr(section);
    char *strings;

    if (header == NULL)
        return NULL;
    if (header->sh_type != SHT_STRTAB || !is_within(elf, header))
        return elf_fail("not a string table");
    strings = (char *)elf->bytes + header->sh_offset;
    if (offset >= header->sh_size ||
        memchr(strings + offset, '\0', header->sh_size - offset) == NULL)
        return elf_fail("no such string");
    return strings + offset;
}
