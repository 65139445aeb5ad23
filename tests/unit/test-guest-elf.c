/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest loader's own libelf: finds what is in the affinity program, says why
 * it refuses a file, and never reads a byte outside of the memory that it was given.
 */
#include "elf-program.h"

#include <sys/mman.h>
#include <unistd.h>

#include "elf-walk.h"

#define N_MUTATIONS 20000
#define MAX_BYTES (1u << 20)

static Elf_Scn *
find_section(Elf *elf, const char *name)
{
    size_t names;

    assert_int_equal(elf_getshdrstrndx(elf, &names), 0);
    for (Elf_Scn *section = elf_nextscn(elf, NULL); section != NULL;
         section = elf_nextscn(elf, section)) {
        if (g_strcmp0(elf_strptr(elf, names, elf64_getshdr(section)->sh_name), name) == 0)
            return section;
    }
    return NULL;
}

static void
what_the_program_is_made_of_is_found(void **state)
{
    g_autofree char *bytes = NULL;
    File file = read_program();
    Elf *elf = elf_memory(bytes = file.bytes, file.size);
    static const char *const names[] = {".BTF",  ".BTF.ext", ".symtab", ".strtab",
                                        ".maps", "license",  ".rodata", NULL};

    assert_non_null(elf);
    assert_int_equal(elf_kind(elf), ELF_K_ELF);
    assert_int_equal(gelf_getclass(elf), ELFCLASS64);
    assert_int_equal(elf64_getehdr(elf)->e_machine, EM_BPF);
    assert_int_equal(elf64_getehdr(elf)->e_type, ET_REL);
    for (guint i = 0; names[i] != NULL; i++) {
        if (find_section(elf, names[i]) == NULL)
            fail_msg("no section %s", names[i]);
    }
    assert_null(find_section(elf, ".nothing"));
    assert_int_equal(*(guint16 *)elf_getdata(find_section(elf, ".BTF"), NULL)->d_buf, 0xeb9f);
    assert_non_null(strstr(elf_getdata(find_section(elf, "license"), NULL)->d_buf, "GPL"));
    elf_end(elf);
}

/* Numbers that don't fit the file's header are in the first section's. */
static void
more_sections_than_the_header_can_say(void **state)
{
    static struct {
        Elf64_Ehdr file;
        Elf64_Shdr sections[3];
        char strings[16];
    } image;
    size_t n, names;
    Elf *elf;

    memcpy(image.file.e_ident, ELFMAG, SELFMAG);
    image.file.e_ident[EI_CLASS] = ELFCLASS64;
    image.file.e_ident[EI_DATA] = G_BYTE_ORDER == G_LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
    image.file.e_ident[EI_VERSION] = EV_CURRENT;
    image.file.e_version = EV_CURRENT;
    image.file.e_shoff = sizeof(image.file);
    image.file.e_shentsize = sizeof(image.sections[0]);
    image.file.e_shstrndx = SHN_XINDEX;
    image.sections[0].sh_size = G_N_ELEMENTS(image.sections);
    image.sections[0].sh_link = 2;
    image.sections[2].sh_type = SHT_STRTAB;
    image.sections[2].sh_offset = offsetof(typeof(image), strings);
    image.sections[2].sh_size = sizeof(image.strings);
    memcpy(image.strings, "\0name\0unended...", sizeof(image.strings));

    elf = elf_memory((char *)&image, sizeof(image));
    assert_non_null(elf);
    assert_int_equal(elf_getshdrnum(elf, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(elf_getshdrstrndx(elf, &names), 0);
    assert_int_equal(names, 2);
    assert_string_equal(elf_strptr(elf, names, 1), "name");
    assert_null(elf_strptr(elf, names, 6));
    assert_null(elf_strptr(elf, names, sizeof(image.strings)));
    assert_null(elf_strptr(elf, 0, 0));
    assert_null(elf_strptr(elf, 3, 0));
    elf_end(elf);

    image.sections[0].sh_size = G_N_ELEMENTS(image.sections) + 1;
    assert_null(elf_memory((char *)&image, sizeof(image) - sizeof(image.strings)));
    image.sections[0].sh_size = G_MAXUINT64;
    assert_null(elf_memory((char *)&image, sizeof(image)));
}

static void
assert_refused(const File *file, size_t at, char value, const char *why)
{
    char before = file->bytes[at];

    file->bytes[at] = value;
    assert_null(elf_memory(file->bytes, file->size));
    assert_string_equal(elf_errmsg(-1), why);
    assert_string_equal(elf_errmsg(-1), "no error");
    assert_null(elf_errmsg(0));
    file->bytes[at] = before;
}

static void
what_is_refused_says_why(void **state)
{
    g_autofree char *bytes = NULL;
    File file = read_program();
    char other = G_BYTE_ORDER == G_LITTLE_ENDIAN ? ELFDATA2MSB : ELFDATA2LSB;

    bytes = file.bytes;
    assert_refused(&file, 0, 'X', "not an ELF file");
    assert_refused(&file, EI_CLASS, ELFCLASS32, "not a 64-bit ELF file");
    assert_refused(&file, EI_DATA, other, "an ELF file of the other byte order");
    assert_refused(&file, EI_VERSION, 9, "unknown version of ELF");
    assert_refused(&file, offsetof(Elf64_Ehdr, e_shentsize), 1,
                   "the section headers make no sense");
    assert_refused(&file, offsetof(Elf64_Ehdr, e_shoff), 1, "the section headers make no sense");
    assert_refused(&file, offsetof(Elf64_Ehdr, e_shnum) + 1, 0x7f,
                   "the section headers are cut off");
    assert_null(elf_memory(file.bytes, sizeof(Elf64_Ehdr) - 1));
    assert_null(elf_memory(file.bytes + 1, file.size - 1));
    assert_null(elf_memory(NULL, 0));
    assert_int_equal(elf_version(2), EV_NONE);
    assert_int_equal(elf_kind(NULL), ELF_K_NONE);
    assert_int_equal(elf_end(NULL), 0);
}

/* Memory right before pages that nobody may read; @size is a multiple of 8. */
typedef struct {
    char *pages;
    size_t size;
} Fence;

static Fence
fence_new(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    Fence fence = {.size = MAX_BYTES};

    fence.pages = mmap(NULL, fence.size + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(fence.pages, MAP_FAILED);
    assert_int_equal(mprotect(fence.pages, fence.size, PROT_READ | PROT_WRITE), 0);
    return fence;
}

static char *
fence_put(const Fence *fence, const char *bytes, size_t size)
{
    assert_in_range(size, 0, fence->size);
    return memcpy(fence->pages + fence->size - size, bytes, size);
}

static void
a_file_cut_short_is_never_read_beyond_its_end(void **state)
{
    g_autofree char *bytes = NULL;
    File file = read_program();
    Fence fence = fence_new();

    bytes = file.bytes;
    for (size_t size = 0; size <= file.size; size += 8)
        elf_walk(fence_put(&fence, file.bytes, size), size);
    /* The headers are at the end: with them moved to the front, what they tell of is cut. */
    for (size_t size = file.size & ~(size_t)7; size > 0; size -= 8) {
        Elf64_Ehdr *header = (Elf64_Ehdr *)fence_put(&fence, file.bytes, size);
        size_t headers = (size_t)header->e_shnum * sizeof(Elf64_Shdr);

        if (size < sizeof(*header) + headers)
            break;
        memcpy(header + 1, file.bytes + header->e_shoff, headers);
        header->e_shoff = sizeof(*header);
        assert_int_not_equal(elf_walk((char *)header, size), 0);
    }
}

/* Where one byte matters: the file's header, the sections' headers. */
static size_t
somewhere(GRand *rand, const File *file)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)file->bytes;
    size_t headers = (size_t)header->e_shnum * sizeof(Elf64_Shdr);

    switch (below(rand, 4)) {
    case 0:
        return below(rand, sizeof(*header));
    case 1:
        return below(rand, (guint)file->size);
    default:
        return header->e_shoff + below(rand, (guint)headers);
    }
}

static void
a_damaged_file_is_never_read_beyond_its_end(void **state)
{
    g_autofree char *bytes = NULL;
    g_autoptr(GRand) rand = unit_random("damaged");
    File file = read_program();
    Fence fence = fence_new();
    size_t size = file.size & ~(size_t)7;
    guint accepted = 0;

    bytes = file.bytes;
    assert_int_equal(size, file.size);
    for (guint i = 0; i < N_MUTATIONS; i++) {
        char *copy = fence_put(&fence, file.bytes, size);

        for (guint n = 1 + below(rand, 4); n > 0; n--)
            copy[somewhere(rand, &file)] = (char)below(rand, 256);
        accepted += elf_walk(copy, size) != 0;
    }
    assert_true(accepted > N_MUTATIONS / 10);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_program_is_made_of_is_found),
        cmocka_unit_test(more_sections_than_the_header_can_say),
        cmocka_unit_test(what_is_refused_says_why),
        cmocka_unit_test(a_file_cut_short_is_never_read_beyond_its_end),
        cmocka_unit_test(a_damaged_file_is_never_read_beyond_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
