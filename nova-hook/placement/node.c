/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which provider is this host; see node.h. Where nova-compute keeps compute_id is in
 * agent-conf's compute_id; where nothing is said of it, its default places are looked at.
 */
#include "config.h"

#include "nova-hook/placement/node.h"

#include <gio/gio.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

/* In nova/virt/node.py's order: beside its configuration, then in state_path. */
static const char *const default_files[] = {"/etc/nova/compute_id", "/var/lib/nova/compute_id"};

/* Returns: %TRUE with *@uuid NULL if there is no such file */
static gboolean
read_compute_id(const char *path, char **uuid, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, &cause)) {
        if (g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "%s; let the agent read it, or set provider= in [node]", cause->message);
        return FALSE;
    }
    g_strstrip(text);
    if (!g_uuid_string_is_valid(text)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "%s: has no UUID; nova-compute writes it when it starts", path);
        return FALSE;
    }
    *uuid = g_steal_pointer(&text);
    return TRUE;
}

static gboolean
find_compute_id(const BpfpvAgentConf *conf, char **uuid, GError **error)
{
    if (conf->compute_id) {
        if (read_compute_id(conf->compute_id, uuid, error) && !*uuid)
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                        "%s: no such file; nova-compute of 2023.1 or later writes it when it "
                        "starts",
                        conf->compute_id);
        return *uuid != NULL;
    }
    for (gsize i = 0; !*uuid && i < G_N_ELEMENTS(default_files); i++)
        if (!read_compute_id(default_files[i], uuid, error))
            return FALSE;
    return TRUE;
}

/* Returns: (transfer full) (nullable): as libvirt makes a hypervisor's host name */
static char *
canonical_name(const char *name)
{
    struct addrinfo hints = {.ai_flags = AI_CANONNAME | AI_CANONIDN, .ai_family = AF_UNSPEC};
    struct addrinfo *info = NULL;
    char *canonical = NULL;

    if (strchr(name, '.') || getaddrinfo(name, NULL, &hints, &info) != 0)
        return NULL;
    if (info->ai_canonname && !g_str_has_prefix(info->ai_canonname, "localhost"))
        canonical = g_strdup(info->ai_canonname);
    freeaddrinfo(info);
    return canonical;
}

char **
bpfpv_node_names(const BpfpvAgentConf *conf, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *host = g_get_host_name();
    char *canonical, *uuid = NULL;

    if (conf->provider) {
        g_ptr_array_add(names, g_strdup(conf->provider));
    } else if (!find_compute_id(conf, &uuid, error)) {
        return NULL;
    } else if (uuid) {
        g_ptr_array_add(names, uuid);
    } else {
        canonical = canonical_name(host);
        if (canonical)
            g_ptr_array_add(names, canonical);
        if (g_strcmp0(canonical, host) != 0)
            g_ptr_array_add(names, g_strdup(host));
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}
