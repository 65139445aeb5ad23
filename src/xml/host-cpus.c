/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* This host's CPUs; see host-cpus.h. */
#include "xml/host-cpus.h"

#include <string.h>

#define PRESENT "/sys/devices/system/cpu/present"
/* A CPU is of a class while it has this much of the capacity of the fastest one in it. */
#define CLASS_EIGHTHS 7
#define MAX_INDEX 16 /* caches of one CPU */

static char *read_file(const char *sysfs, const char *format, ...) G_GNUC_PRINTF(2, 3);

static char *
read_file(const char *sysfs, const char *format, ...)
{
    g_autofree char *name = NULL;
    g_autofree char *path = NULL;
    char *text = NULL;
    va_list args;

    va_start(args, format);
    name = g_strdup_vprintf(format, args);
    va_end(args);
    path = g_build_filename(sysfs, "devices", name, NULL);
    return g_file_get_contents(path, &text, NULL, NULL) ? g_strstrip(text) : NULL;
}

static BpfpvCpuset *
parse_list(const char *text)
{
    return text ? bpfpv_cpuset_parse(text, NULL) : NULL;
}

BpfpvCpuset *
bpfpv_host_cpus_read(void)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(PRESENT, &text, NULL, NULL))
        return NULL;
    return parse_list(g_strstrip(text));
}

/* ---- slower cores ---- */

static BpfpvTopology *
set_class(BpfpvTopology *topology, const BpfpvCpuset *cpus, guint efficiency)
{
    BpfpvTopology *refined = bpfpv_topology_with_efficiency(topology, cpus, efficiency);

    bpfpv_topology_free(topology);
    return refined;
}

/* By CPU, 0 where the kernel does not say. */
static guint *
read_capacities(const BpfpvTopology *topology, const char *sysfs)
{
    const BpfpvCpuset *present = bpfpv_topology_present(topology);
    guint *capacity = g_new0(guint, BPFPV_CPUSET_MAX);

    for (int c = bpfpv_cpuset_next(present, 0); c >= 0;
         c = bpfpv_cpuset_next(present, (guint)c + 1)) {
        g_autofree char *text = read_file(sysfs, "system/cpu/cpu%d/cpu_capacity", c);
        guint64 number;

        if (text && g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT, &number, NULL))
            capacity[c] = (guint)number;
    }
    return capacity;
}

/* Takes those of the fastest class that are left out of @capacity. */
static BpfpvCpuset *
take_class(guint *capacity)
{
    BpfpvCpuset *class = bpfpv_cpuset_new();
    guint fastest = 0;

    for (guint c = 0; c < BPFPV_CPUSET_MAX; c++)
        fastest = MAX(fastest, capacity[c]);
    for (guint c = 0; fastest > 0 && c < BPFPV_CPUSET_MAX; c++) {
        if ((guint64)capacity[c] * 8 < (guint64)fastest * CLASS_EIGHTHS || capacity[c] == 0)
            continue;
        bpfpv_cpuset_add(class, c);
        capacity[c] = 0;
    }
    return class;
}

static BpfpvTopology *
refine_classes(BpfpvTopology *topology, const char *sysfs)
{
    g_autofree char *atom_text = read_file(sysfs, "cpu_atom/cpus");
    g_autofree char *low_text = read_file(sysfs, "cpu_lowpower/cpus");
    g_autoptr(BpfpvCpuset) atom = parse_list(atom_text);
    g_autoptr(BpfpvCpuset) low = parse_list(low_text);
    g_autofree guint *capacity = NULL;

    if (atom || low) {
        topology = atom ? set_class(topology, atom, 1) : topology;
        return low ? set_class(topology, low, 2) : topology;
    }
    capacity = read_capacities(topology, sysfs);
    for (guint i = 0; i < BPFPV_CPUSET_MAX; i++) {
        g_autoptr(BpfpvCpuset) class = take_class(capacity);

        if (bpfpv_cpuset_is_empty(class))
            break;
        if (i > 0)
            topology = set_class(topology, class, i);
    }
    return topology;
}

/* ---- last-level caches ---- */

/* Returns: (transfer full) (nullable): who shares the data or unified cache of the highest level */
static BpfpvCpuset *
read_last_cache(const char *sysfs, guint cpu)
{
    BpfpvCpuset *shared = NULL;
    gint64 highest = 0;

    for (guint i = 0; i < MAX_INDEX; i++) {
        g_autofree char *level = read_file(sysfs, "system/cpu/cpu%u/cache/index%u/level", cpu, i);
        g_autofree char *type = read_file(sysfs, "system/cpu/cpu%u/cache/index%u/type", cpu, i);
        g_autofree char *list =
            read_file(sysfs, "system/cpu/cpu%u/cache/index%u/shared_cpu_list", cpu, i);
        g_autoptr(BpfpvCpuset) cpus = parse_list(list);

        if (!level || !cpus || g_strcmp0(type, "Instruction") == 0 ||
            g_ascii_strtoll(level, NULL, 10) <= highest)
            continue;
        highest = g_ascii_strtoll(level, NULL, 10);
        bpfpv_cpuset_free(shared);
        shared = g_steal_pointer(&cpus);
    }
    return shared;
}

static BpfpvTopology *
refine_caches(BpfpvTopology *topology, const char *sysfs)
{
    const BpfpvCpuset *present = bpfpv_topology_present(topology);
    g_autoptr(GPtrArray) caches = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);
    BpfpvTopology *refined;

    for (int c = bpfpv_cpuset_next(present, 0); c >= 0;
         c = bpfpv_cpuset_next(present, (guint)c + 1)) {
        BpfpvCpuset *shared = NULL;

        if (bpfpv_topology_cpu(topology, (guint)c)->cache <= BPFPV_NOWHERE)
            shared = read_last_cache(sysfs, (guint)c);
        if (shared)
            g_ptr_array_add(caches, shared);
    }
    if (caches->len == 0)
        return topology;
    refined = bpfpv_topology_with_caches(topology, caches);
    bpfpv_topology_free(topology);
    return refined;
}

/* ---- isolated CPUs ---- */

static BpfpvTopology *
refine_isolated(BpfpvTopology *topology, const char *sysfs)
{
    g_autofree char *text = read_file(sysfs, "system/cpu/isolated");
    g_autoptr(BpfpvCpuset) isolated = parse_list(text);
    BpfpvTopology *refined;

    if (!isolated)
        return topology; /* the file is empty on most hosts */
    refined = bpfpv_topology_with_isolated(topology, isolated);
    bpfpv_topology_free(topology);
    return refined;
}

BpfpvTopology *
bpfpv_host_cpus_refine(BpfpvTopology *topology, const char *sysfs)
{
    return refine_isolated(refine_classes(refine_caches(topology, sysfs), sysfs), sysfs);
}
