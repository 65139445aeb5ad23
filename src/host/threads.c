/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which CPUs a domain's threads may really run on; see threads.h. */
#define _GNU_SOURCE /* sched_getaffinity() */
#include "host/threads.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's, without the NUL: a longer name is cut off, and may be any that begins so. */
#define NAME_MAX_LENGTH 15

struct _BpfpvThreads {
    gint64 pid;
    GHashTable *ids; /* a thread's name → its id, when they were listed */
    gboolean listed; /* since bpfpv_threads_look() */
};

/* ---- the process ---- */

/* Whether @uuid is one of the process's arguments. */
static gboolean
is_of(const char *root, gint64 pid, const char *uuid)
{
    g_autofree char *path = g_strdup_printf("%s/proc/%" G_GINT64_FORMAT "/cmdline", root, pid);
    g_autofree char *text = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &text, &length, NULL))
        return FALSE;
    for (gsize at = 0; at < length; at += strlen(text + at) + 1)
        if (g_str_equal(text + at, uuid))
            return TRUE;
    return FALSE;
}

gint64
bpfpv_threads_find_pid(const char *root, const char *name, const char *uuid)
{
    g_autofree char *path = g_strdup_printf("%s/run/libvirt/qemu/%s.pid", root, name);
    g_autofree char *text = NULL;
    gint64 pid;

    if (!g_file_get_contents(path, &text, NULL, NULL) ||
        !g_ascii_string_to_signed(g_strstrip(text), 10, 1, G_MAXINT32, &pid, NULL) ||
        !is_of(root, pid, uuid))
        return 0;
    return pid;
}

/* ---- its threads ---- */

BpfpvThreads *
bpfpv_threads_new(gint64 pid)
{
    BpfpvThreads *threads = g_new0(BpfpvThreads, 1);

    threads->pid = pid;
    threads->ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return threads;
}

gint64
bpfpv_threads_pid(const BpfpvThreads *threads)
{
    return threads->pid;
}

void
bpfpv_threads_free(BpfpvThreads *threads)
{
    if (!threads)
        return;
    g_hash_table_unref(threads->ids);
    g_free(threads);
}

/* "CPU 3/KVM" and "CPU 3/TCG" are vCPU 3's. */
static void
add_name(BpfpvThreads *threads, char *name, gint id)
{
    char *slash = strchr(name, '/');

    if (strlen(name) >= NAME_MAX_LENGTH)
        return;
    if (slash && g_str_has_prefix(name, "CPU "))
        *slash = '\0';
    g_hash_table_replace(threads->ids, g_strdup(name), GINT_TO_POINTER(id));
}

static void
list(BpfpvThreads *threads)
{
    g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/task", threads->pid);
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *id;

    g_hash_table_remove_all(threads->ids);
    while (directory && (id = g_dir_read_name(directory))) {
        g_autofree char *file = g_build_filename(path, id, "comm", NULL);
        g_autofree char *name = NULL;

        if (g_file_get_contents(file, &name, NULL, NULL))
            add_name(threads, g_strchomp(name), atoi(id));
    }
}

/* Returns: its thread id, as known; 0: not known */
static gint
find(const BpfpvThreads *threads, BpfpvThreadKind kind, guint id)
{
    g_autofree char *name = NULL;

    if (kind == BPFPV_THREAD_EMULATOR)
        return (gint)threads->pid;
    name = g_strdup_printf(kind == BPFPV_THREAD_VCPU ? "CPU %u" : "IO iothread%u", id);
    return GPOINTER_TO_INT(g_hash_table_lookup(threads->ids, name));
}

static BpfpvCpuset *
read_affinity(gint thread)
{
    guint64 words[BPFPV_CPUSET_MAX / 64] = {0};

    if (thread == 0 || sched_getaffinity(thread, sizeof(words), (cpu_set_t *)words) < 0)
        return NULL;
    return bpfpv_cpuset_new_from_words(words, G_N_ELEMENTS(words), BPFPV_CPUSET_MAX);
}

void
bpfpv_threads_look(BpfpvThreads *threads)
{
    threads->listed = FALSE;
}

BpfpvCpuset *
bpfpv_threads_cpus(BpfpvThreads *threads, BpfpvThreadKind kind, guint id)
{
    BpfpvCpuset *cpus = read_affinity(find(threads, kind, id));

    if (cpus || threads->listed || kind == BPFPV_THREAD_EMULATOR)
        return cpus;
    list(threads); /* it came, or came again, since they were listed */
    threads->listed = TRUE;
    return read_affinity(find(threads, kind, id));
}
