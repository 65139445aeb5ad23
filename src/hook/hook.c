/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the hook does for each of libvirt's operations; see hook.h. */
#include "config.h"

#include "hook/hook.h"

#include "hook/repair.h"
#include "xml/check.h"
#include "xml/host-cpus.h"
#include "xml/read-text.h"
#include "programs/program.h"

#define DEFAULT_FILE SYSCONFDIR "/bpfpv/bpfpvd.conf"

char *
bpfpv_hook_load(const char *path, BpfpvHookConf *conf)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *invalid = NULL;
    const char *file = path ? path : DEFAULT_FILE;

    conf->only_warn = FALSE;
    if (!g_key_file_load_from_file(keys, file, G_KEY_FILE_NONE, &error)) {
        if (!path && g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return NULL;
        return g_strdup_printf("%s: %s", file, error->message);
    }
    invalid = g_key_file_get_string(keys, "hook", "invalid", NULL);
    conf->only_warn = g_strcmp0(invalid, "warn") == 0;
    if (!invalid || conf->only_warn || g_str_equal(invalid, "refuse"))
        return NULL;
    return g_strdup_printf("%s: [hook] invalid=%s: not one of refuse, warn", file, invalid);
}

static char *
join(BpfpvMistakes *mistakes)
{
    g_ptr_array_add(mistakes, NULL);
    return g_strjoinv("\n", (char **)mistakes->pdata);
}

static int
check(const BpfpvHookConf *conf, const char *text, gsize length, char **complaint, GError **error)
{
    g_autoptr(GPtrArray) programs = bpfpv_program_list();
    g_autoptr(BpfpvCpuset) cpus = bpfpv_host_cpus_read();
    const BpfpvElementContext context = {programs, cpus};
    g_autoptr(BpfpvMistakes) mistakes = bpfpv_domain_check(text, length, &context, NULL, error);

    if (!mistakes)
        return 1;
    if (mistakes->len == 0)
        return 0;
    *complaint = join(mistakes);
    return conf->only_warn ? 0 : 1;
}

static int
repair(const char *text, gsize length, char **output, GError **error)
{
    GError *cause = NULL;

    *output = bpfpv_hook_repair(text, length, &cause);
    if (!cause)
        return 0;
    g_propagate_error(error, cause);
    return 1;
}

int
bpfpv_hook_run(const BpfpvHookConf *conf, const char *domain, const char *operation, int input,
               char **output, char **complaint)
{
    gboolean checks = g_str_equal(operation, "prepare");
    gboolean repairs = g_str_equal(operation, "migrate") || g_str_equal(operation, "restore");
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize length = 0;
    int status = 1;

    *output = NULL;
    *complaint = NULL;
    /* Above all reconnect, where a status other than 0 would kill the running guest. */
    if (!checks && !repairs)
        return 0;
    text = bpfpv_read_text(input, BPFPV_XML_MOST, &length, &error);
    if (text && checks)
        status = check(conf, text, length, complaint, &error);
    else if (text)
        status = repair(text, length, output, &error);
    if (error)
        *complaint =
            g_strdup_printf("bpfpv-qemu-hook: domain %s: %s: the XML on standard input: %s", domain,
                            operation, error->message);
    return status;
}
