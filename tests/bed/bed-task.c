/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Starts tests/guest/bed-task.c in a guest and learns the ids of its tasks. */
#include "bed-private.h"

typedef struct {
    BedGuest *guest;
    const char *file;
    gint64 *tids;
    guint wanted;
    guint found;
} Reading;

static gboolean
has_all_tids(gpointer data)
{
    Reading *reading = data;
    int status;
    g_autofree char *text =
        bed_guest_exec(reading->guest, &status, "/bin/cat", reading->file, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    reading->found = 0;
    for (guint i = 0; lines[i] && reading->found < reading->wanted; i++) {
        if (g_str_has_prefix(lines[i], "tid "))
            reading->tids[reading->found++] = g_ascii_strtoll(lines[i] + 4, NULL, 10);
    }
    return reading->found == reading->wanted;
}

gint64
bed_guest_task(BedGuest *guest, gint64 *tids, guint n_tids, const char *arguments)
{
    static guint serial;
    g_autofree char *file = g_strdup_printf("/run/task.%u", serial++);
    g_autofree char *line = g_strdup_printf(": >%s; exec bed-task -o %s %s", file, file, arguments);
    Reading reading = {guest, file, tids, n_tids, 0};
    gint64 pid = bed_guest_spawn(guest, "/bin/sh", "-c", line, NULL);

    if (n_tids > 0 && !bed_wait(has_all_tids, &reading, BED_SOON))
        bed_fail("bed-task %s: %u of %u tasks started", arguments, reading.found, n_tids);
    return pid;
}
