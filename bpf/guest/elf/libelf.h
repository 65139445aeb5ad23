/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In place of libelf, of which distributions ship no static library, or one that
 * drags compression along: what a static libbpf needs to read a program's object
 * out of memory. Read-only, 64 bits, the byte order of the machine.
 *
 * libbpf.a was compiled with elfutils' headers, so names, numbers and layouts here
 * are elfutils' ABI. What the functions return points into the memory that was
 * given to elf_memory(), and never outside of it, whatever that memory holds. None
 * of them is safe to be called from several threads at once.
 */
#ifndef BPFPV_GUEST_LIBELF_H
#define BPFPV_GUEST_LIBELF_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Elf Elf;
typedef struct Elf_Scn Elf_Scn;

typedef enum {
    ELF_T_BYTE = 0,
    ELF_T_DYN = 2,
    ELF_T_RELA = 7,
    ELF_T_REL = 8,
    ELF_T_SYM = 11,
} Elf_Type;

typedef enum {
    ELF_K_NONE = 0,
    ELF_K_ELF = 3,
} Elf_Kind;

typedef struct {
    void *d_buf; /* NULL where a section has no bytes in the file */
    Elf_Type d_type;
    unsigned int d_version;
    size_t d_size;
    int64_t d_off;
    size_t d_align;
} Elf_Data;

/**
 * elf_version:
 * @version: what the caller was compiled for
 *
 * Returns: %EV_CURRENT, or %EV_NONE if @version is neither that nor %EV_NONE
 */
unsigned int elf_version(unsigned int version);

/**
 * elf_memory:
 * @image: (not nullable): @size bytes, aligned to 8, which outlive what is returned
 *
 * Unlike elfutils' it refuses what is no ELF file of this machine's kind, or whose
 * section headers aren't all there.
 *
 * Returns: (nullable): to be given back with elf_end(); or NULL, see elf_errmsg()
 */
Elf *elf_memory(char *image, size_t size);

/**
 * elf_end:
 * @elf: (nullable): becomes invalid, and so does every section and data of it
 *
 * Returns: 0
 */
int elf_end(Elf *elf);

/**
 * elf_errmsg:
 * @error: 0 or -1 for the last error; there are no others
 *
 * Returns: (nullable): what was wrong, for people; NULL for 0 if nothing was
 */
const char *elf_errmsg(int error);

/** elf_kind: %ELF_K_ELF, or %ELF_K_NONE for NULL. */
Elf_Kind elf_kind(Elf *elf);

/** elf64_getehdr: the file's header, or NULL for NULL. */
Elf64_Ehdr *elf64_getehdr(Elf *elf);

/** elf_getshdrnum: sets @n to the number of sections, the empty one included. 0, or -1 if failed.
 */
int elf_getshdrnum(Elf *elf, size_t *n);

/** elf_getshdrstrndx: sets @index to the section with the sections' names. 0, or -1 if failed. */
int elf_getshdrstrndx(Elf *elf, size_t *index);

/** elf_getscn: the section of that number, or NULL if there is none. */
Elf_Scn *elf_getscn(Elf *elf, size_t index);

/** elf_nextscn: the section after @section, section 1 after NULL, NULL after the last. */
Elf_Scn *elf_nextscn(Elf *elf, Elf_Scn *section);

/** elf_ndxscn: the number of @section; %SHN_UNDEF for NULL. */
size_t elf_ndxscn(Elf_Scn *section);

/** elf64_getshdr: the header of @section, or NULL for NULL. */
Elf64_Shdr *elf64_getshdr(Elf_Scn *section);

/**
 * elf_getdata:
 * @section: (nullable): one section
 * @before: (nullable): what an earlier call returned; there is never more than one
 *
 * Returns: (nullable): all of @section; NULL if that isn't all in the file, or isn't
 * aligned to be read in place
 */
Elf_Data *elf_getdata(Elf_Scn *section, Elf_Data *before);

/** elf_rawdata: the same as elf_getdata(), as nothing has to be converted. */
Elf_Data *elf_rawdata(Elf_Scn *section, Elf_Data *before);

/**
 * elf_strptr:
 * @index: a string table's section
 * @offset: where in it the string begins
 *
 * Returns: (nullable): the string, which ends within its table
 */
char *elf_strptr(Elf *elf, size_t index, size_t offset);

/** gelf_getclass: %ELFCLASS64, or %ELFCLASSNONE for NULL. */
int gelf_getclass(Elf *elf);

/** gelf_getehdr: @copy, filled with the file's header, or NULL for NULL. */
Elf64_Ehdr *gelf_getehdr(Elf *elf, Elf64_Ehdr *copy);

/** gelf_getshdr: @copy, filled with the header of @section, or NULL for NULL. */
Elf64_Shdr *gelf_getshdr(Elf_Scn *section, Elf64_Shdr *copy);

#endif
