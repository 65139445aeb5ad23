/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening a file in memory, see libelf.h: here it is made sure that all headers of
 * sections lie within it. What a section holds is looked at when it is asked for.
 */
#include "private.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_DATA ELFDATA2LSB
#else
#define NATIVE_DATA ELFDATA2MSB
#endif

static const char *last_error;

void *
elf_fail(const char *why)
{
    last_error = why;
    return NULL;
}

const char *
elf_errmsg(int error)
{
    const char *why = last_error;

    last_error = NULL;
    if (why == NULL && error != 0)
        return "no error";
    return why;
}

unsigned int
elf_version(unsigned int version)
{
    if (version == EV_NONE || version == EV_CURRENT)
        return EV_CURRENT;
    elf_fail("unknown version of ELF");
    return EV_NONE;
}

static bool
is_native(const Elf64_Ehdr *header)
{
    const unsigned char *ident = header->e_ident;

    if (memcmp(ident, ELFMAG, SELFMAG) != 0)
        return elf_fail("not an ELF file");
    if (ident[EI_CLASS] != ELFCLASS64)
        return elf_fail("not a 64-bit ELF file");
    if (ident[EI_DATA] != NATIVE_DATA)
        return elf_fail("an ELF file of the other byte order");
    if (ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
        return elf_fail("unknown version of ELF");
    return true;
}

/* Sets what is found in the first section's header where the file's has no room for it. */
static bool
find_sections(const Elf64_Ehdr *header, size_t size, size_t *n, size_t *names)
{
    const Elf64_Shdr *first;
    size_t room;

    *n = 0;
    *names = SHN_UNDEF;
    if (header->e_shoff == 0)
        return true;
    if (header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shoff % _Alignof(Elf64_Shdr) != 0 ||
        header->e_shoff > size)
        return elf_fail("the section headers make no sense");
    room = (size - header->e_shoff) / sizeof(Elf64_Shdr);
    if (room == 0)
        return elf_fail("the section headers are cut off");
    first = (const Elf64_Shdr *)((const unsigned char *)header + header->e_shoff);
    *n = header->e_shnum != 0 ? header->e_shnum : first->sh_size;
    *names = header->e_shstrndx != SHN_XINDEX ? header->e_shstrndx : first->sh_link;
    return *n <= room || elf_fail("the section headers are cut off");
}

static Elf *
new_elf(char *image, size_t size, size_t n, size_t names)
{
    Elf *elf = calloc(1, sizeof(*elf) + n * sizeof(elf->sections[0]));

    if (elf == NULL)
        return elf_fail("out of memory");
    elf->bytes = (unsigned char *)image;
    elf->size = size;
    elf->header = (Elf64_Ehdr *)image;
    elf->headers = (Elf64_Shdr *)(elf->bytes + elf->header->e_shoff);
    elf->n_sections = n;
    elf->names = names;
    for (size_t i = 0; i < n; i++) {
        elf->sections[i].elf = elf;
        elf->sections[i].index = i;
    }
    return elf;
}

Elf *
elf_memory(char *image, size_t size)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)image;
    size_t n, names;

    if (image == NULL || (uintptr_t)image % _Alignof(Elf64_Ehdr) != 0)
        return elf_fail("memory that isn't aligned");
    if (size < sizeof(*header))
        return elf_fail("too short for an ELF file");
    if (!is_native(header) || !find_sections(header, size, &n, &names))
        return NULL;
    return new_elf(image, size, n, names);
}

int
elf_end(Elf *elf)
{
    free(elf);
    return 0;
}

Elf_Kind
elf_kind(Elf *elf)
{
    return elf != NULL ? ELF_K_ELF : ELF_K_NONE;
}

Elf64_Ehdr *
elf64_getehdr(Elf *elf)
{
    return elf != NULL ? elf->header : NULL;
}

int
gelf_getclass(Elf *elf)
{
    return elf != NULL ? ELFCLASS64 : ELFCLASSNONE;
}

Elf64_Ehdr *
gelf_getehdr(Elf *elf, Elf64_Ehdr *copy)
{
    return elf != NULL ? memcpy(copy, elf->header, sizeof(*copy)) : NULL;
}
