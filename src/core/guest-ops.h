/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the injector needs done in a guest, as an interface: the agent adapter
 * implements it over libvirt, unit tests over nothing at all. All calls block.
 */
#pragma once

#include <glib.h>

typedef struct {
    gboolean exited; /* FALSE: ended by a signal */
    int status;      /* exit status, or the signal's number */
    char *out;       /* what it printed, bounded, any bytes but NUL */
    char *err;
} BpfpvExecResult;

static inline void
bpfpv_exec_result_clear(BpfpvExecResult *result)
{
    g_clear_pointer(&result->out, g_free);
    g_clear_pointer(&result->err, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BpfpvExecResult, bpfpv_exec_result_clear)

typedef struct _BpfpvGuestOps BpfpvGuestOps;

struct _BpfpvGuestOps {
    /* Runs argv (no shell) and waits at most timeout_s seconds for its end. */
    gboolean (*exec)(BpfpvGuestOps *ops, const char *const *argv, guint timeout_s,
                     BpfpvExecResult *result, GError **error);
    /* Creates path with these bytes; the file is whole, or there is an error. */
    gboolean (*write_file)(BpfpvGuestOps *ops, const char *path, GBytes *bytes, GError **error);
    /* Reads at most max bytes from the start of path; NUL-terminated beyond its end. */
    char *(*read_file)(BpfpvGuestOps *ops, const char *path, gsize max, gsize *length,
                       GError **error);
};
