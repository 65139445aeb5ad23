/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In which cells a domain's memory lies; see memory.h. */
#include "host/memory.h"

#include <string.h>

/* Less is no guest's memory: where it lies says nothing. */
#define LEAST_BYTES (32 * 1024 * 1024)
/* Of all of it, in quarters: what is where else is not worth a cell. */
#define ENOUGH 3

/* Bytes by cell, of which there may be gaps. */
typedef struct {
    GArray *cells; /* of guint64 */
    guint64 all;
} Counts;

static void
add(Counts *counts, guint64 cell, guint64 bytes)
{
    if (cell >= BPFPV_CPUSET_MAX)
        return;
    if (cell >= counts->cells->len)
        g_array_set_size(counts->cells, (guint)cell + 1);
    g_array_index(counts->cells, guint64, cell) += bytes;
    counts->all += bytes;
}

/* Words such as N0=1234, which are @unit bytes each. */
static void
add_words(Counts *counts, const char *line, guint64 unit)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);

    for (char **word = words; *word; word++) {
        char *end;
        guint64 cell, n;

        if ((*word)[0] != 'N' || !g_ascii_isdigit((*word)[1]))
            continue;
        cell = g_ascii_strtoull(*word + 1, &end, 10);
        if (*end != '=')
            continue;
        n = g_ascii_strtoull(end + 1, NULL, 10);
        add(counts, cell, n * unit);
    }
}

/* ---- by its cgroup ---- */

/* Adds the lines of @file that begin with one of @names, or all of them. */
static gboolean
add_file(Counts *counts, const char *directory, const char *file, const char *const *names)
{
    g_autofree char *path = g_build_filename(directory, file, NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_autofree char *name = g_strndup(*line, strcspn(*line, " "));

        if (!names || g_strv_contains(names, name))
            add_words(counts, *line, 1);
    }
    return TRUE;
}

/* Returns: whether there is any such file */
static gboolean
add_huge_pages(Counts *counts, const char *directory)
{
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;
    gboolean found = FALSE;

    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_prefix(name, "hugetlb.") && g_str_has_suffix(name, ".numa_stat"))
            found |= add_file(counts, directory, name, NULL);
    return found;
}

/* Whether QEMU has huge pages, which memory.numa_stat leaves out. */
static gboolean
has_huge_pages(const char *root, gint64 pid)
{
    g_autofree char *path = g_strdup_printf("%s/proc/%" G_GINT64_FORMAT "/status", root, pid);
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    line = strstr(text, "\nHugetlbPages:");
    return line && g_ascii_strtoull(strchr(line, ':') + 1, NULL, 10) > 0;
}

/* With systemd the domain's cgroup is libvirt's part of a scope, which may be what is counted. */
static gboolean
add_cgroup(Counts *counts, const char *root, gint64 pid, const char *cgroup)
{
    static const char *const names[] = {"anon", "file", NULL};
    g_autofree char *base = g_path_get_basename(cgroup);
    g_autofree char *directory = g_str_equal(base, "libvirt") ? g_path_get_dirname(cgroup) : NULL;

    if (!directory || !add_file(counts, directory, "memory.numa_stat", names)) {
        g_free(directory);
        directory = g_strdup(cgroup);
        if (!add_file(counts, directory, "memory.numa_stat", names))
            return FALSE;
    }
    return add_huge_pages(counts, directory) || !has_huge_pages(root, pid);
}

/* ---- by its mappings ---- */

/* A line has its pages by cell, and last how large they are. */
static void
add_mapping(Counts *counts, const char *line)
{
    const char *size = strstr(line, "kernelpagesize_kB=");
    guint64 kib = size ? g_ascii_strtoull(strchr(size, '=') + 1, NULL, 10) : 4;

    add_words(counts, line, kib * 1024);
}

static void
add_mappings(Counts *counts, const char *root, gint64 pid)
{
    g_autofree char *path = g_strdup_printf("%s/proc/%" G_GINT64_FORMAT "/numa_maps", root, pid);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        add_mapping(counts, *line);
}

/* ---- what it comes to ---- */

static void
clear(Counts *counts)
{
    g_array_set_size(counts->cells, 0);
    counts->all = 0;
}

static guint
fullest(const Counts *counts)
{
    guint best = 0;

    for (guint cell = 1; cell < counts->cells->len; cell++)
        if (g_array_index(counts->cells, guint64, cell) >
            g_array_index(counts->cells, guint64, best))
            best = cell;
    return best;
}

static BpfpvCpuset *
pick(Counts *counts)
{
    g_autoptr(BpfpvCpuset) cells = bpfpv_cpuset_new();
    guint64 left = counts->all / 4 * ENOUGH;

    if (counts->all < LEAST_BYTES)
        return NULL;
    while (left > 0) {
        guint cell = fullest(counts);
        guint64 *bytes = &g_array_index(counts->cells, guint64, cell);

        bpfpv_cpuset_add(cells, cell);
        left -= MIN(left, *bytes);
        *bytes = 0;
    }
    return g_steal_pointer(&cells);
}

BpfpvCpuset *
bpfpv_memory_cells(const char *root, gint64 pid, const char *cgroup)
{
    Counts counts = {g_array_new(FALSE, TRUE, sizeof(guint64)), 0};
    BpfpvCpuset *cells;

    if (!cgroup || !add_cgroup(&counts, root, pid, cgroup)) {
        clear(&counts);
        add_mappings(&counts, root, pid);
    }
    cells = pick(&counts);
    g_array_unref(counts.cells);
    return cells;
}
