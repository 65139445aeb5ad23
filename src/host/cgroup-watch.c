/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells when what a cgroup allows may have changed. The kernel has no event for effective cpusets,
 * but there is one for a write to any file: those that bound a domain are watched, from the
 * hierarchy's root to its threads' cgroups.
 */
#include "host/cgroup-private.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define LOOK_S 5
/* Who narrows cgroup v1 has to do so for each of the threads first. */
#define SETTLE_MS 20

struct _BpfpvCgroupWatch {
    int fd; /* inotify; -1: there is none, and the looks have to do */
    guint source;
    guint look;
    guint settle;
    GPtrArray *listeners;
};

struct _BpfpvCgroupListener {
    BpfpvCgroupWatch *watch;
    const BpfpvCgroup *cgroup;
    void (*changed)(gpointer user_data);
    gpointer user_data;
    GHashTable *descriptors; /* of inotify */
    gboolean due;
};

/* ---- being told ---- */

static void
call_all(BpfpvCgroupWatch *watch, gboolean due_alone)
{
    g_autoptr(GPtrArray) listeners = g_ptr_array_copy(watch->listeners, NULL, NULL);

    for (guint i = 0; i < listeners->len; i++) {
        BpfpvCgroupListener *listener = listeners->pdata[i];

        /* One that was called before may have removed it. */
        if (!g_ptr_array_find(watch->listeners, listener, NULL) || (due_alone && !listener->due))
            continue;
        listener->due = FALSE;
        listener->changed(listener->user_data);
    }
}

static gboolean
look_now(gpointer user_data)
{
    call_all(user_data, FALSE);
    return G_SOURCE_CONTINUE;
}

static gboolean
settled(gpointer user_data)
{
    BpfpvCgroupWatch *watch = user_data;

    watch->settle = 0;
    call_all(watch, TRUE);
    return G_SOURCE_REMOVE;
}

static void
note_event(BpfpvCgroupWatch *watch, const struct inotify_event *event)
{
    for (guint i = 0; i < watch->listeners->len; i++) {
        BpfpvCgroupListener *listener = watch->listeners->pdata[i];

        if (event->mask & IN_IGNORED)
            g_hash_table_remove(listener->descriptors, GINT_TO_POINTER(event->wd));
        else if (event->mask & IN_Q_OVERFLOW ||
                 g_hash_table_contains(listener->descriptors, GINT_TO_POINTER(event->wd)))
            listener->due = TRUE;
        else
            continue;
        if (!watch->settle && listener->due)
            watch->settle = g_timeout_add(SETTLE_MS, settled, watch);
    }
}

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    BpfpvCgroupWatch *watch = user_data;
    char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    gssize n = read(fd, buffer, sizeof(buffer));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (n <= 0) {
        watch->source = 0; /* the looks go on */
        return G_SOURCE_REMOVE;
    }
    for (gssize at = 0; at + (gssize)sizeof(struct inotify_event) <= n;) {
        const struct inotify_event *event = (const struct inotify_event *)(buffer + at);

        note_event(watch, event);
        at += (gssize)(sizeof(*event) + event->len);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- what is watched ---- */

static void
watch_directory(BpfpvCgroupListener *listener, const char *directory)
{
    g_autofree char *file = g_build_filename(directory, BPFPV_CGROUP_CPUS, NULL);
    int descriptor = inotify_add_watch(listener->watch->fd, file, IN_MODIFY);

    /* Not there, or more than the user may watch: the looks have to do. */
    if (descriptor >= 0)
        g_hash_table_add(listener->descriptors, GINT_TO_POINTER(descriptor));
}

void
bpfpv_cgroup_watch_threads(BpfpvCgroupListener *listener)
{
    const char *path = listener->cgroup->path;
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;

    while (directory && listener->watch->fd >= 0 && (name = g_dir_read_name(directory))) {
        g_autofree char *below = g_build_filename(path, name, NULL);

        if (g_str_has_prefix(name, "vcpu") || g_str_has_prefix(name, "iothread") ||
            g_str_equal(name, "emulator"))
            watch_directory(listener, below);
    }
}

static void
watch_bounds(BpfpvCgroupListener *listener)
{
    const BpfpvCgroup *cgroup = listener->cgroup;
    g_autofree char *directory = g_strdup(cgroup->path);

    while (listener->watch->fd >= 0 && strlen(directory) >= strlen(cgroup->mount)) {
        char *parent = g_path_get_dirname(directory);

        watch_directory(listener, directory);
        g_free(directory);
        directory = parent;
    }
}

BpfpvCgroupListener *
bpfpv_cgroup_watch_add(BpfpvCgroupWatch *watch, const BpfpvCgroup *cgroup,
                       void (*changed)(gpointer user_data), gpointer user_data)
{
    BpfpvCgroupListener *listener = g_new0(BpfpvCgroupListener, 1);

    listener->watch = watch;
    listener->cgroup = cgroup;
    listener->changed = changed;
    listener->user_data = user_data;
    listener->descriptors = g_hash_table_new(NULL, NULL);
    g_ptr_array_add(watch->listeners, listener);
    watch_bounds(listener);
    bpfpv_cgroup_watch_threads(listener);
    if (!watch->look)
        watch->look = g_timeout_add_seconds(LOOK_S, look_now, watch);
    return listener;
}

/* Whether others listen to @descriptor, which is one for all. */
static gboolean
is_shared(const BpfpvCgroupListener *listener, gpointer descriptor)
{
    for (guint i = 0; i < listener->watch->listeners->len; i++) {
        const BpfpvCgroupListener *other = listener->watch->listeners->pdata[i];

        if (other != listener && g_hash_table_contains(other->descriptors, descriptor))
            return TRUE;
    }
    return FALSE;
}

void
bpfpv_cgroup_watch_remove(BpfpvCgroupListener *listener)
{
    BpfpvCgroupWatch *watch;
    GHashTableIter iter;
    gpointer descriptor;

    if (!listener)
        return;
    watch = listener->watch;
    g_hash_table_iter_init(&iter, listener->descriptors);
    while (g_hash_table_iter_next(&iter, &descriptor, NULL))
        if (!is_shared(listener, descriptor))
            inotify_rm_watch(watch->fd, GPOINTER_TO_INT(descriptor));
    g_ptr_array_remove(watch->listeners, listener);
    g_hash_table_unref(listener->descriptors);
    g_free(listener);
    if (watch->listeners->len == 0)
        g_clear_handle_id(&watch->look, g_source_remove);
}

BpfpvCgroupWatch *
bpfpv_cgroup_watch_new(void)
{
    BpfpvCgroupWatch *watch = g_new0(BpfpvCgroupWatch, 1);

    watch->listeners = g_ptr_array_new();
    watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->fd >= 0)
        watch->source = g_unix_fd_add(watch->fd, G_IO_IN, on_readable, watch);
    return watch;
}

void
bpfpv_cgroup_watch_free(BpfpvCgroupWatch *watch)
{
    if (!watch)
        return;
    g_clear_handle_id(&watch->source, g_source_remove);
    g_clear_handle_id(&watch->look, g_source_remove);
    g_clear_handle_id(&watch->settle, g_source_remove);
    if (watch->fd >= 0)
        close(watch->fd);
    g_ptr_array_unref(watch->listeners);
    g_free(watch);
}
