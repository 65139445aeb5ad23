/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which domains are meant by what was typed: one by its name, UUID or id, or
 * all whose names match a glob. bpfpvd knows those that are managed; those
 * that run virsh is asked for, as bpfpvctl itself has nothing to do with
 * libvirt.
 */
#include "ctl/command.h"

#include <fnmatch.h>
#include <string.h>

#define DEFAULT_URI "qemu:///system"

static gboolean
is_glob(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

/**
 * bpfpv_ctl_are_several:
 * @typed: what was typed, NULL-terminated
 *
 * Returns: whether it may mean more than one domain, and what is printed has to say which
 */
gboolean
bpfpv_ctl_are_several(char **typed)
{
    return g_strv_length(typed) != 1 || is_glob(typed[0]);
}

static GPtrArray *
list_managed(BpfpvClient *client, GError **error)
{
    g_autoptr(GVariant) list = bpfpv_client_list_sync(client, NULL, error);
    g_autoptr(GPtrArray) names = NULL;

    if (list == NULL)
        return NULL;
    names = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < g_variant_n_children(list); i++) {
        g_autoptr(GVariant) domain = g_variant_get_child_value(list, i);
        const char *name;

        if (g_variant_lookup(domain, "domain", "&s", &name))
            g_ptr_array_add(names, g_strdup(name));
    }
    return g_steal_pointer(&names);
}

static char *
libvirt_uri(BpfpvClient *client)
{
    g_autoptr(GVariant) host = bpfpv_client_host_sync(client, NULL, NULL);
    char *uri = NULL;

    if (host == NULL || !g_variant_lookup(host, "LibvirtUri", "s", &uri))
        uri = g_strdup(DEFAULT_URI);
    return uri;
}

static GPtrArray *
list_running(BpfpvClient *client, GError **error)
{
    g_autofree char *uri = libvirt_uri(client);
    const char *const argv[] = {"virsh", "--readonly", "--connect", uri, "list", "--name", NULL};
    g_autofree char *out = NULL, *err = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GPtrArray) names = NULL;
    int status = 0;

    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err,
                      &status, error)) {
        g_prefix_error(error, "which domains run is asked of virsh, which can't be started: ");
        return NULL;
    }
    if (!g_spawn_check_wait_status(status, NULL)) {
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_FAILED, "virsh --connect %s list: %s", uri,
                    g_strchomp(err));
        return NULL;
    }
    lines = g_strsplit(out, "\n", -1);
    names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; lines[i] != NULL; i++)
        if (*lines[i] != '\0')
            g_ptr_array_add(names, g_strdup(lines[i]));
    return g_steal_pointer(&names);
}

/**
 * bpfpv_ctl_domain_names:
 * @client: a client
 * @which: of which domains
 * @error: return location
 *
 * Returns: (transfer full) (element-type utf8): their names, %NULL with @error set
 */
GPtrArray *
bpfpv_ctl_domain_names(BpfpvClient *client, BpfpvDomains which, GError **error)
{
    return which == BPFPV_DOMAINS_MANAGED ? list_managed(client, error)
                                          : list_running(client, error);
}

static gboolean
has_text(const GPtrArray *texts, const char *text)
{
    for (guint i = 0; i < texts->len; i++)
        if (g_str_equal(texts->pdata[i], text))
            return TRUE;
    return FALSE;
}

static void
add_once(GPtrArray *domains, const char *domain)
{
    if (!has_text(domains, domain))
        g_ptr_array_add(domains, g_strdup(domain));
}

static gboolean
add_matching(GPtrArray *domains, const char *glob, const GPtrArray *names)
{
    gboolean found = FALSE;

    for (guint i = 0; i < names->len; i++) {
        if (fnmatch(glob, names->pdata[i], 0) != 0)
            continue;
        add_once(domains, names->pdata[i]);
        found = TRUE;
    }
    return found;
}

/**
 * bpfpv_ctl_domains:
 * @client: a client
 * @typed: NULL-terminated: names, UUIDs, ids and globs
 * @which: of which domains the globs are
 * @error: return location; also where a glob matches none
 *
 * What is no glob is not looked up: the daemon says whether there is such a
 * domain. A name with characters of a glob in it means the domain of that name.
 *
 * Returns: (transfer full) (element-type utf8): each domain once, in the order
 * in which they were typed; %NULL with @error set
 */
GPtrArray *
bpfpv_ctl_domains(BpfpvClient *client, char **typed, BpfpvDomains which, GError **error)
{
    g_autoptr(GPtrArray) domains = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) names = NULL;

    for (; *typed != NULL; typed++) {
        if (!is_glob(*typed)) {
            add_once(domains, *typed);
            continue;
        }
        if (names == NULL)
            names = bpfpv_ctl_domain_names(client, which, error);
        if (names == NULL)
            return NULL;
        if (has_text(names, *typed)) {
            add_once(domains, *typed);
        } else if (!add_matching(domains, *typed, names)) {
            g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_NO_SUCH_DOMAIN,
                        "no %s domain matches \"%s\"; %s shows them",
                        which == BPFPV_DOMAINS_MANAGED ? "managed" : "running", *typed,
                        which == BPFPV_DOMAINS_MANAGED ? "bpfpvctl list" : "virsh list");
            return NULL;
        }
    }
    return g_steal_pointer(&domains);
}
