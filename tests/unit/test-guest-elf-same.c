/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest loader's own libelf beside elfutils', section by section of the affinity program.
 */
#include "elf-program.h"

#include <dlfcn.h>

#include "elf/libelf.h"

/* elfutils' functions, under the names that this program has its own under. */
static struct {
    Elf *(*memory)(char *image, size_t size);
    unsigned int (*version)(unsigned int version);
    int (*end)(Elf *elf);
    Elf_Kind (*kind)(Elf *elf);
    int (*class)(Elf *elf);
    int (*count)(Elf *elf, size_t *n);
    int (*names)(Elf *elf, size_t *index);
    Elf_Scn *(*section)(Elf *elf, size_t index);
    Elf_Scn *(*next)(Elf *elf, Elf_Scn *section);
    size_t (*index)(Elf_Scn *section);
    Elf64_Ehdr *(*file_header)(Elf *elf);
    Elf64_Shdr *(*header)(Elf_Scn *section);
    Elf_Data *(*data)(Elf_Scn *section, Elf_Data *before);
    Elf_Data *(*raw)(Elf_Scn *section, Elf_Data *before);
    char *(*string)(Elf *elf, size_t index, size_t offset);
} theirs;

static void
look_up(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);

    assert_non_null(found);
    memcpy(function, &found, sizeof(found));
}

static gboolean
load_theirs(void)
{
    void *library = dlopen("libelf.so.1", RTLD_NOW | RTLD_LOCAL);

    if (library == NULL)
        return FALSE;
    look_up(library, "elf_memory", &theirs.memory);
    look_up(library, "elf_version", &theirs.version);
    look_up(library, "elf_end", &theirs.end);
    look_up(library, "elf_kind", &theirs.kind);
    look_up(library, "gelf_getclass", &theirs.class);
    look_up(library, "elf_getshdrnum", &theirs.count);
    look_up(library, "elf_getshdrstrndx", &theirs.names);
    look_up(library, "elf_getscn", &theirs.section);
    look_up(library, "elf_nextscn", &theirs.next);
    look_up(library, "elf_ndxscn", &theirs.index);
    look_up(library, "elf64_getehdr", &theirs.file_header);
    look_up(library, "elf64_getshdr", &theirs.header);
    look_up(library, "elf_getdata", &theirs.data);
    look_up(library, "elf_rawdata", &theirs.raw);
    look_up(library, "elf_strptr", &theirs.string);
    return theirs.version(EV_CURRENT) == EV_CURRENT;
}

static void
assert_same_data(const Elf_Data *ours, const Elf_Data *other)
{
    assert_non_null(ours);
    assert_non_null(other);
    assert_int_equal(ours->d_type, other->d_type);
    assert_int_equal(ours->d_size, other->d_size);
    assert_int_equal(ours->d_align, other->d_align);
    assert_int_equal(ours->d_off, other->d_off);
    assert_int_equal(ours->d_version, other->d_version);
    assert_int_equal(ours->d_buf == NULL, other->d_buf == NULL);
    if (ours->d_buf != NULL)
        assert_memory_equal(ours->d_buf, other->d_buf, ours->d_size);
}

static void
assert_same_section(Elf *elf, Elf_Scn *ours, Elf *their_elf, Elf_Scn *other)
{
    Elf64_Shdr copy;
    const char *name;
    size_t names;

    assert_int_equal(elf_ndxscn(ours), theirs.index(other));
    assert_memory_equal(elf64_getshdr(ours), theirs.header(other), sizeof(Elf64_Shdr));
    assert_ptr_equal(gelf_getshdr(ours, &copy), &copy);
    assert_memory_equal(&copy, elf64_getshdr(ours), sizeof(copy));
    assert_int_equal(elf_getshdrstrndx(elf, &names), 0);
    name = elf_strptr(elf, names, copy.sh_name);
    assert_string_equal(name, theirs.string(their_elf, names, copy.sh_name));
    assert_same_data(elf_getdata(ours, NULL), theirs.data(other, NULL));
    assert_same_data(elf_rawdata(ours, NULL), theirs.raw(other, NULL));
    assert_null(elf_getdata(ours, elf_getdata(ours, NULL)));
}

/* Names of symbols, and what lies between, before and beyond them. */
static void
assert_same_strings(Elf *elf, Elf *their_elf, size_t index)
{
    size_t size = elf64_getshdr(elf_getscn(elf, index))->sh_size;

    for (size_t offset = 0; offset < size + 2; offset++) {
        const char *ours = elf_strptr(elf, index, offset);
        const char *other = theirs.string(their_elf, index, offset);

        assert_int_equal(ours == NULL, other == NULL);
        if (ours != NULL)
            assert_string_equal(ours, other);
    }
}

static void
elfutils_reads_the_same(void **state)
{
    g_autofree char *bytes = NULL;
    File file = read_program();
    Elf *elf = elf_memory(bytes = file.bytes, file.size), *other;
    Elf_Scn *ours = NULL, *their = NULL;
    size_t n, their_n, names, their_names;

    other = theirs.memory(file.bytes, file.size);
    assert_int_equal(elf_kind(elf), theirs.kind(other));
    assert_int_equal(gelf_getclass(elf), theirs.class(other));
    assert_memory_equal(elf64_getehdr(elf), theirs.file_header(other), sizeof(Elf64_Ehdr));
    assert_int_equal(elf_getshdrnum(elf, &n), theirs.count(other, &their_n));
    assert_int_equal(n, their_n);
    assert_int_equal(elf_getshdrstrndx(elf, &names), theirs.names(other, &their_names));
    assert_int_equal(names, their_names);
    while ((ours = elf_nextscn(elf, ours)) != NULL) {
        their = theirs.next(other, their);
        assert_same_section(elf, ours, other, their);
    }
    assert_null(theirs.next(other, their));
    for (size_t i = 0; i < n + 2; i++) {
        assert_int_equal(elf_getscn(elf, i) == NULL, theirs.section(other, i) == NULL);
        if (i < n && elf64_getshdr(elf_getscn(elf, i))->sh_type == SHT_STRTAB)
            assert_same_strings(elf, other, i);
    }
    theirs.end(other);
    elf_end(elf);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elfutils_reads_the_same),
    };

    if (!load_theirs()) {
        puts("1..0 # SKIP libelf1, to compare with, is not installed");
        return EXIT_SUCCESS;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
