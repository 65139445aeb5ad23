/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libbpf reads executables and shared libraries with, to find probes of user
 * space in them. It begins by opening a file, which fails with an error; no
 * program here attaches to user space. Nor is a kernel's BTF taken out of a
 * vmlinux file with debugging information: kernels that load the programs have
 * theirs in /sys/kernel/btf.
 *
 * libelf.h has none of these, so that nobody takes them for more than that.
 */
#include "private.h"

Elf *elf_begin(int fd, int command, Elf *reference);
int elf_getphdrnum(Elf *elf, size_t *n);
Elf64_Phdr *gelf_getphdr(Elf *elf, int index, Elf64_Phdr *copy);
Elf64_Sym *gelf_getsym(Elf_Data *data, int index, Elf64_Sym *copy);
Elf64_Versym *gelf_getversym(Elf_Data *data, int index, Elf64_Versym *copy);
Elf64_Verdef *gelf_getverdef(Elf_Data *data, int offset, Elf64_Verdef *copy);
Elf64_Verdaux *gelf_getverdaux(Elf_Data *data, int offset, Elf64_Verdaux *copy);
size_t gelf_getnote(Elf_Data *data, size_t offset, Elf64_Nhdr *copy, size_t *name, size_t *content);

static const char why[] = "only ELF files in memory are read here";

Elf *
elf_begin(int fd, int command, Elf *reference)
{
    return elf_fail(why);
}

int
elf_getphdrnum(Elf *elf, size_t *n)
{
    elf_fail(why);
    return -1;
}

Elf64_Phdr *
gelf_getphdr(Elf *elf, int index, Elf64_Phdr *copy)
{
    return elf_fail(why);
}

Elf64_Sym *
gelf_getsym(Elf_Data *data, int index, Elf64_Sym *copy)
{
    return elf_fail(why);
}

Elf64_Versym *
gelf_getversym(Elf_Data *data, int index, Elf64_Versym *copy)
{
    return elf_fail(why);
}

Elf64_Verdef *
gelf_getverdef(Elf_Data *data, int offset, Elf64_Verdef *copy)
{
    return elf_fail(why);
}

Elf64_Verdaux *
gelf_getverdaux(Elf_Data *data, int offset, Elf64_Verdaux *copy)
{
    return elf_fail(why);
}

size_t
gelf_getnote(Elf_Data *data, size_t offset, Elf64_Nhdr *copy, size_t *name, size_t *content)
{
    elf_fail(why);
    return 0;
}
