/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a provider.yaml owns our traits; see owner.h. */
#include "config.h"

#include "nova-hook/placement/owner.h"

#include <string.h>

#include "nova-hook/placement/reconcile.h"

/* In YAML "#" begins a comment at the start of a line or after a blank. */
static gboolean
names_ours(const char *line)
{
    g_autofree char *code = g_strdup(line);

    for (gsize i = 0; code[i]; i++) {
        if (code[i] == '#' && (i == 0 || g_ascii_isspace(code[i - 1]))) {
            code[i] = '\0';
            break;
        }
    }
    return strstr(code, BPFPV_TRAIT) != NULL;
}

static gboolean
check_file(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, error)) {
        g_prefix_error_literal(error, "can't see who owns the traits: ");
        return FALSE;
    }
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        if (!names_ours(lines[i]))
            continue;
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                    "%s:%u names " BPFPV_TRAIT ": nova-compute owns it then, and the agent must "
                    "not; remove it there and restart nova-compute, or do without the agent",
                    path, i + 1);
        return FALSE;
    }
    return TRUE;
}

gboolean
bpfpv_owner_check(const char *directory, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = NULL;
    const char *name;

    if (*directory == '\0')
        return TRUE;
    dir = g_dir_open(directory, 0, &cause);
    if (!dir) {
        if (g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "%s; let the agent read it, or set provider_config_dir= in [agent] to "
                    "nothing if nova-compute has none",
                    cause->message);
        return FALSE;
    }
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(directory, name, NULL);

        if (g_str_has_suffix(name, ".yaml") && !check_file(path, error))
            return FALSE;
    }
    return TRUE;
}
