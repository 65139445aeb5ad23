/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a domain's cpuset cgroup is, and what it allows; see cgroup.h. */
#include "host/cgroup-private.h"

#include <string.h>

/* The fields of /proc/PID/mountinfo before the lone "-", and after it; proc(5). */
#define MOUNT_ROOT 3
#define MOUNT_POINT 4
#define MOUNT_TYPE 1
#define MOUNT_OPTIONS 3

/* ---- the hierarchy ---- */

/* Whether @list, separated by commas, has @name. */
static gboolean
has_word(const char *list, const char *name)
{
    g_auto(GStrv) words = g_strsplit(list, ",", -1);

    return g_strv_contains((const char *const *)words, name);
}

/* @after: (array zero-terminated=1): the fields from the "-" on */
static gboolean
is_hierarchy(char *const *after, gboolean v1)
{
    if (g_strv_length((char **)after) <= MOUNT_OPTIONS)
        return FALSE;
    if (!v1)
        return g_str_equal(after[MOUNT_TYPE], "cgroup2");
    return g_str_equal(after[MOUNT_TYPE], "cgroup") && has_word(after[MOUNT_OPTIONS], "cpuset");
}

/* What of @path is below @top; NULL: it is not below it. */
static const char *
below(const char *path, const char *top)
{
    gsize length = strlen(top);

    if (g_str_equal(top, "/"))
        return path;
    if (!g_str_has_prefix(path, top) || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return path + length;
}

/* Returns: (nullable): the cgroup @path of the hierarchy that @line mounts; NULL: another one */
static BpfpvCgroup *
open_on(const char *root, const char *line, const char *path, gboolean v1)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", -1);
    g_autofree char *top = NULL, *point = NULL;
    BpfpvCgroup *cgroup;
    const char *rest;
    guint dash = 0;

    while (fields[dash] && !g_str_equal(fields[dash], "-"))
        dash++;
    if (!fields[dash] || dash <= MOUNT_POINT || !is_hierarchy(fields + dash, v1))
        return NULL;
    top = g_strcompress(fields[MOUNT_ROOT]);
    point = g_strcompress(fields[MOUNT_POINT]);
    rest = below(path, top);
    if (!rest)
        return NULL;
    cgroup = g_new0(BpfpvCgroup, 1);
    cgroup->mount = g_strconcat(root, point, NULL);
    cgroup->path = g_strconcat(cgroup->mount, g_str_equal(rest, "/") ? "" : rest, NULL);
    cgroup->v1 = v1;
    return cgroup;
}

static BpfpvCgroup *
open_path(const char *root, const char *path, gboolean v1)
{
    g_autofree char *file = g_strconcat(root, "/proc/self/mountinfo", NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    BpfpvCgroup *cgroup = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL))
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && !cgroup; line++)
        cgroup = open_on(root, *line, path, v1);
    return cgroup;
}

/* ---- the process ---- */

/* A line of /proc/PID/cgroup, "ID:CONTROLLERS:PATH"; v2 has "0::PATH".
 * Returns: (transfer full) (nullable): the path, if it is the line that is looked for */
static char *
path_of(const char *line, gboolean v1)
{
    g_auto(GStrv) parts = g_strsplit(line, ":", 3);

    if (g_strv_length(parts) < 3)
        return NULL;
    if (v1 ? !has_word(parts[1], "cpuset") : (!g_str_equal(parts[0], "0") || *parts[1]))
        return NULL;
    return g_strdup(parts[2]);
}

/* The domain's cgroup, of the one that a thread of it is in: libvirt keeps QEMU's main thread in
 * "emulator". */
static void
leave_thread(BpfpvCgroup *cgroup)
{
    g_autofree char *name = g_path_get_basename(cgroup->path);

    if (g_str_equal(name, "emulator")) {
        char *parent = g_path_get_dirname(cgroup->path);

        g_free(cgroup->path);
        cgroup->path = parent;
    }
}

static BpfpvCgroup *
find_in(const char *root, char *const *lines, gboolean v1)
{
    for (char *const *line = lines; *line; line++) {
        g_autofree char *path = path_of(*line, v1);
        BpfpvCgroup *cgroup = path ? open_path(root, path, v1) : NULL;

        if (cgroup) {
            leave_thread(cgroup);
            return cgroup;
        }
    }
    return NULL;
}

BpfpvCgroup *
bpfpv_cgroup_find(const char *root, gint64 pid)
{
    g_autofree char *file = g_strdup_printf("%s/proc/%" G_GINT64_FORMAT "/cgroup", root, pid);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    BpfpvCgroup *cgroup;

    if (!g_file_get_contents(file, &text, NULL, NULL))
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    /* Where both versions are mounted, cpusets are of the first if it has a hierarchy of them. */
    cgroup = find_in(root, lines, TRUE);
    return cgroup ? cgroup : find_in(root, lines, FALSE);
}

void
bpfpv_cgroup_free(BpfpvCgroup *cgroup)
{
    if (!cgroup)
        return;
    g_free(cgroup->mount);
    g_free(cgroup->path);
    g_free(cgroup);
}

const char *
bpfpv_cgroup_path(const BpfpvCgroup *cgroup)
{
    return cgroup->path;
}

gboolean
bpfpv_cgroup_is_v1(const BpfpvCgroup *cgroup)
{
    return cgroup->v1;
}

/* ---- what it allows ---- */

static BpfpvCpuset *
read_effective(const BpfpvCgroup *cgroup, const char *directory)
{
    g_autofree char *file = g_build_filename(
        directory, cgroup->v1 ? "cpuset.effective_cpus" : "cpuset.cpus.effective", NULL);
    g_autofree char *text = NULL;
    BpfpvCpuset *cpus;

    if (!g_file_get_contents(file, &text, NULL, NULL) || *g_strstrip(text) == '\0')
        return NULL;
    cpus = bpfpv_cpuset_parse(text, NULL);
    if (cpus && bpfpv_cpuset_is_empty(cpus))
        g_clear_pointer(&cpus, bpfpv_cpuset_free);
    return cpus;
}

/* Where the controller is not handed down as far as to the domain, the nearest cgroup above it that
 * has it is what bounds it. */
BpfpvCpuset *
bpfpv_cgroup_allowed(const BpfpvCgroup *cgroup)
{
    g_autofree char *directory = g_strdup(cgroup->path);
    BpfpvCpuset *allowed = NULL;

    if (!g_file_test(directory, G_FILE_TEST_IS_DIR))
        return NULL;
    while (!(allowed = read_effective(cgroup, directory)) &&
           strlen(directory) > strlen(cgroup->mount)) {
        char *parent = g_path_get_dirname(directory);

        g_free(directory);
        directory = parent;
    }
    return allowed;
}
