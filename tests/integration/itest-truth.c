/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's truth and the host's copy of it, both as text; see itest.h. */
#include "itest.h"

#include <stdlib.h>
#include <string.h>

static int
by_id(gconstpointer a, gconstpointer b)
{
    gint64 left = g_ascii_strtoll(*(char *const *)a, NULL, 10);
    gint64 right = g_ascii_strtoll(*(char *const *)b, NULL, 10);

    return (left > right) - (left < right);
}

char *
itest_truth(BedGuest *guest, const char *operations)
{
    g_autofree char *out = bed_guest_exec(guest, NULL, "/bin/bed-churn",
                                          operations ? "step" : "truth", operations, NULL);
    g_auto(GStrv) lines = g_strsplit(g_strstrip(out), "\n", -1);

    qsort(lines, g_strv_length(lines), sizeof(*lines), by_id);
    return g_strjoinv("\n", lines);
}

char *
itest_replica(BedGuest *guest)
{
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    JsonArray *keys;

    if (bed_ctl(&out, &err, "keys", "--json", bed_guest_name(guest), NULL) != 0)
        return g_steal_pointer(&err);
    root = json_from_string(out, NULL);
    keys = json_node_get_array(root);
    for (guint i = 0; i < json_array_get_length(keys); i++) {
        JsonObject *key = json_array_get_object_element(keys, i);

        g_ptr_array_add(lines, g_strdup_printf("%" G_GINT64_FORMAT " %s",
                                               json_object_get_int_member(key, "key"),
                                               json_object_get_string_member(key, "value")));
    }
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **)lines->pdata);
}

static guint
print_missing(const char *what, const char *from, const char *in)
{
    g_auto(GStrv) lines = g_strsplit(from, "\n", -1);
    g_auto(GStrv) others = g_strsplit(in, "\n", -1);
    guint missing = 0;

    for (guint i = 0; lines[i]; i++) {
        if (!*lines[i] || g_strv_contains((const char *const *)others, lines[i]))
            continue;
        print_message("%s: %s\n", what, lines[i]);
        missing++;
    }
    return missing;
}

guint
itest_print_difference(BedGuest *guest)
{
    g_autofree char *truth = itest_truth(guest, NULL);
    g_autofree char *replica = itest_replica(guest);
    guint missing = print_missing("only the guest has", truth, replica);

    print_missing("only the host has", replica, truth);
    return missing;
}
