/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A daemon that stops for another to follow; see handover.h. */
#include "daemon/handover.h"

#include <glib/gstdio.h>

#define KEEP_FILE "keep"
#define AGE_S 300

gboolean
bpfpv_handover_is_due(const char *state_dir)
{
    g_autofree char *path = g_build_filename(state_dir, KEEP_FILE, NULL);
    gint64 age;
    GStatBuf info;

    if (g_stat(path, &info) < 0)
        return FALSE;
    age = g_get_real_time() / G_USEC_PER_SEC - (gint64)info.st_mtime;
    return age < AGE_S;
}

gboolean
bpfpv_handover_take(const char *state_dir)
{
    g_autofree char *path = g_build_filename(state_dir, KEEP_FILE, NULL);
    gboolean due = bpfpv_handover_is_due(state_dir);

    g_unlink(path);
    return due;
}
