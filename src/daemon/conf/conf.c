/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Command line and bpfpvd.conf; see conf.h. */
#include "config.h"

#include "daemon/conf/private.h"

#include <gio/gio.h>

#define DEFAULT_FILE SYSCONFDIR "/bpfpv/bpfpvd.conf"

static BpfpvConf *
new_with_defaults(void)
{
    BpfpvConf *conf = g_new0(BpfpvConf, 1);

    conf->reserve = 1;
    conf->hold_ms = BPFPV_CONF_HOLD_MS;
    conf->injections = BPFPV_CONF_INJECTIONS;
    conf->policy = bpfpv_policy_new();
    return conf;
}

/* ---- the command line ---- */

/* --check-config [FILE] */
static gboolean
take_check(const char *name, const char *value, gpointer data, GError **error)
{
    BpfpvConf *conf = data;

    conf->check = TRUE;
    if (!value)
        return TRUE;
    g_free(conf->file);
    conf->file = g_strdup(value);
    return TRUE;
}

static gboolean
parse(BpfpvConf *conf, int *argc, char ***argv, gboolean *verbose, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- pins vCPUs as their guests ask");
    GOptionGroup *group = g_option_group_new("bpfpvd", "", "", conf, NULL);
    const GOptionEntry entries[] = {
        {"connect", 0, 0, G_OPTION_ARG_STRING, &conf->uri, "libvirt to manage", "URI"},
        {"bus-address", 0, 0, G_OPTION_ARG_STRING, &conf->bus_address,
         "bus instead of the system's", "ADDRESS"},
        {"guest-dir", 0, 0, G_OPTION_ARG_FILENAME, &conf->guest_dir, "what is injected", "DIR"},
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &conf->state_dir, "where pins are noted", "DIR"},
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &conf->file, "configuration file", "FILE"},
        {"check-config", 0, G_OPTION_FLAG_OPTIONAL_ARG | G_OPTION_FLAG_FILENAME,
         G_OPTION_ARG_CALLBACK, (gpointer)take_check,
         "say what is wrong with the configuration file, and exit", "FILE"},
        {"restore", 0, 0, G_OPTION_ARG_NONE, &conf->restore,
         "put back what a daemon that died left pinned, and exit", NULL},
        {"withdraw", 0, 0, G_OPTION_ARG_NONE, &conf->withdraw,
         "leave nothing of bpfpv in any running domain, and exit", NULL},
        {"check-hook", 0, 0, G_OPTION_ARG_FILENAME, &conf->check_hook,
         "say whether libvirtd can run it as its hook, and exit", "FILE"},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, verbose, "say more", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &conf->version, "show the version", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };

    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);
    return g_option_context_parse(context, argc, argv, error);
}

BpfpvConf *
bpfpv_conf_new(int *argc, char ***argv, GError **error)
{
    g_autoptr(BpfpvConf) conf = new_with_defaults();
    gboolean verbose = FALSE;

    if (!parse(conf, argc, argv, &verbose, error))
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
    return g_steal_pointer(&conf);
}

/* ---- bpfpvd.conf ---- */

const char *
bpfpv_conf_path(const BpfpvConf *conf)
{
    return conf->file ? conf->file : DEFAULT_FILE;
}

GPtrArray *
bpfpv_conf_check(const BpfpvConf *conf)
{
    g_autoptr(BpfpvConf) read = new_with_defaults();

    return bpfpv_conf_read_file(read, bpfpv_conf_path(conf), !conf->file);
}

/* What of a configuration is the file's. */
static void
swap_file_settings(BpfpvConf *conf, BpfpvConf *other)
{
    const BpfpvConf was = *conf;

    conf->cpuset = other->cpuset;
    conf->reserve = other->reserve;
    conf->spread = other->spread;
    conf->share = other->share;
    conf->hold_ms = other->hold_ms;
    conf->injections = other->injections;
    conf->policy = other->policy;
    conf->test_loader = other->test_loader;
    other->cpuset = was.cpuset;
    other->reserve = was.reserve;
    other->spread = was.spread;
    other->share = was.share;
    other->hold_ms = was.hold_ms;
    other->injections = was.injections;
    other->policy = was.policy;
    other->test_loader = was.test_loader;
}

gboolean
bpfpv_conf_load(BpfpvConf *conf, GError **error)
{
    g_autoptr(BpfpvConf) read = new_with_defaults();
    g_autoptr(GPtrArray) mistakes = bpfpv_conf_read_file(read, bpfpv_conf_path(conf), !conf->file);
    g_autofree char *text = NULL;

    if (mistakes->len == 0) {
        swap_file_settings(conf, read);
        return TRUE;
    }
    g_ptr_array_add(mistakes, NULL);
    text = g_strjoinv("\n", (char **)mistakes->pdata);
    g_set_error_literal(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, text);
    return FALSE;
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
    bpfpv_policy_unref(conf->policy);
    g_strfreev(conf->test_loader);
    g_free(conf);
}
