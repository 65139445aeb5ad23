/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command line and bpfpvd.conf; see conf.h. */
#include "config.h"

#include "daemon/conf/private.h"

#include <gio/gio.h>

#define DEFAULT_FILE SYSCONFDIR "/bpfpv/bpfpvd.conf"

BpfpvConf *
bpfpv_conf_new(int *argc, char ***argv, GError **error)
{
    g_autoptr(BpfpvConf) conf = g_new0(BpfpvConf, 1);
    g_autoptr(GOptionContext) context = g_option_context_new("- pins vCPUs as their guests ask");
    gboolean verbose = FALSE;
    const GOptionEntry entries[] = {
        {"connect", 0, 0, G_OPTION_ARG_STRING, &conf->uri, "libvirt to manage", "URI"},
        {"bus-address", 0, 0, G_OPTION_ARG_STRING, &conf->bus_address,
         "bus instead of the system's", "ADDRESS"},
        {"guest-dir", 0, 0, G_OPTION_ARG_FILENAME, &conf->guest_dir, "what is injected", "DIR"},
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &conf->state_dir, "where pins are noted", "DIR"},
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &conf->file, "configuration file", "FILE"},
        {"restore", 0, 0, G_OPTION_ARG_NONE, &conf->restore,
         "put back what a daemon that died left pinned, and exit", NULL},
        {"withdraw", 0, 0, G_OPTION_ARG_NONE, &conf->withdraw,
         "leave nothing of bpfpv in any running domain, and exit", NULL},
        {"check-hook", 0, 0, G_OPTION_ARG_FILENAME, &conf->check_hook,
         "say whether libvirtd can run it as its hook, and exit", "FILE"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose, "say more", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &conf->version, "show the version", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return NULL;
    if (*argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "\"%s\": bpfpvd takes options only; see --help", (*argv)[1]);
        return NULL;
    }
    if (verbose)
        g_log_set_debug_enabled(TRUE);
    if (!conf->uri)
        conf->uri = g_strdup("qemu:///system");
    if (!conf->guest_dir)
        conf->guest_dir = g_strdup(GUESTDIR);
    if (!conf->state_dir)
        conf->state_dir = g_strdup(RUNSTATEDIR "/bpfpv");
    conf->reserve = 1;
    conf->policy = bpfpv_policy_new();
    return g_steal_pointer(&conf);
}

static gboolean
read_host(BpfpvConf *conf, GKeyFile *keys, const char *path, GError **error)
{
    g_autofree char *cpuset = g_key_file_get_string(keys, "host", "cpuset", NULL);
    g_autofree char *reserve = g_key_file_get_string(keys, "host", "reserve", NULL);
    guint64 number;

    if (cpuset && *cpuset) {
        conf->cpuset = bpfpv_cpuset_parse(cpuset, error);
        if (!conf->cpuset) {
            g_prefix_error(error, "%s: [host] cpuset=%s: ", path, cpuset);
            return FALSE;
        }
    }
    if (reserve) {
        if (!g_ascii_string_to_unsigned(g_strstrip(reserve), 10, 0, BPFPV_CPUSET_MAX, &number,
                                        NULL)) {
            g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
                        "%s: [host] reserve=%s: not a number of CPUs, 0 to %d", path, reserve,
                        BPFPV_CPUSET_MAX);
            return FALSE;
        }
        conf->reserve = (guint)number;
    }
    return TRUE;
}

static gboolean
read_test(BpfpvConf *conf, GKeyFile *keys, const char *path, GError **error)
{
    g_autofree char *loader = g_key_file_get_string(keys, "test", "loader", NULL);

    if (!loader || g_shell_parse_argv(loader, NULL, &conf->test_loader, error))
        return TRUE;
    g_prefix_error(error, "%s: [test] loader=%s: ", path, loader);
    return FALSE;
}

static const struct {
    const char *name;
    const char *keys[4]; /* NULL-terminated */
} sections[] = {
    {"host", {"cpuset", "reserve"}},
    {"nova", {"config", "cpu_shared_set", "cpu_dedicated_set"}},
    {"hook", {"invalid"}}, /* for bpfpv-qemu-hook, which reads it by itself */
    {"test", {"loader"}},  /* for the integration tests; not told of */
};

static gboolean
check_keys(GKeyFile *keys, const char *path, gsize section, GError **error)
{
    const char *name = sections[section].name;
    g_auto(GStrv) present = g_key_file_get_keys(keys, name, NULL, NULL);
    g_autofree char *known = g_strjoinv(", ", (char **)sections[section].keys);

    for (gsize i = 0; present && present[i]; i++) {
        if (g_strv_contains(sections[section].keys, present[i]))
            continue;
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_KEY_NOT_FOUND,
                    "%s: [%s] %s= is not a setting; known are: %s", path, name, present[i], known);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_names(GKeyFile *keys, const char *path, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(keys, NULL);

    for (gsize i = 0; groups[i]; i++) {
        gsize section = 0;

        if (bpfpv_conf_is_policy(groups[i]))
            continue;
        while (section < G_N_ELEMENTS(sections) && !g_str_equal(groups[i], sections[section].name))
            section++;
        if (section == G_N_ELEMENTS(sections)) {
            g_set_error(
                error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_GROUP_NOT_FOUND,
                "%s: [%s] is not a section; known are: host, nova, hook, flavor NAME, domain NAME",
                path, groups[i]);
            return FALSE;
        }
        if (!check_keys(keys, path, section, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
bpfpv_conf_load(BpfpvConf *conf, GError **error)
{
    const char *path = conf->file ? conf->file : DEFAULT_FILE;
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autoptr(GError) cause = NULL;

    if (!g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, &cause)) {
        if (!conf->file && g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        g_set_error(error, cause->domain, cause->code, "%s: %s", path, cause->message);
        return FALSE;
    }
    return check_names(keys, path, error) && read_host(conf, keys, path, error) &&
           /* What was pinned is put back whatever has become of nova.conf. */
           (conf->restore || bpfpv_conf_read_nova(conf, keys, path, error)) &&
           bpfpv_conf_read_policy(conf, keys, path, error) && read_test(conf, keys, path, error);
}

void
bpfpv_conf_free(BpfpvConf *conf)
{
    if (!conf)
        return;
    g_free(conf->uri);
    g_free(conf->bus_address);
    g_free(conf->guest_dir);
    g_free(conf->state_dir);
    g_free(conf->file);
    g_free(conf->check_hook);
    bpfpv_cpuset_free(conf->cpuset);
    bpfpv_policy_free(conf->policy);
    g_strfreev(conf->test_loader);
    g_free(conf);
}
