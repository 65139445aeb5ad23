/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl validate: what is wrong with the <bpfpv> element of a domain's XML,
 * before libvirt is involved. Needs neither the daemon nor libvirt.
 */
#include "ctl/command.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "xml/check.h"
#include "xml/host-cpus.h"
#include "xml/read-text.h"
#include "programs/program.h"

static char *option_host_cpus;

static const GOptionEntry options[] = {
    {"host-cpus", 0, 0, G_OPTION_ARG_STRING, &option_host_cpus,
     "CPUs of the host it is for (default: this host's)", "CPUS"},
    {0},
};

static char *
read_input(const char *path, gsize *length, GError **error)
{
    int fd = g_str_equal(path, "-") ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    char *text;

    if (fd < 0) {
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_FAILED, "%s: %s", path, g_strerror(errno));
        return NULL;
    }
    text = bpfpv_read_text(fd, BPFPV_XML_MOST, length, error);
    if (fd != STDIN_FILENO)
        close(fd);
    if (!text)
        g_prefix_error(error, "%s: ", path);
    return text;
}

static void
print_json(BpfpvMistakes *mistakes, gboolean has_element)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) value = NULL;

    g_variant_builder_add(&builder, "{sv}", "valid", g_variant_new_boolean(mistakes->len == 0));
    g_variant_builder_add(&builder, "{sv}", "element", g_variant_new_boolean(has_element));
    g_variant_builder_add(
        &builder, "{sv}", "mistakes",
        g_variant_new_strv((const char *const *)mistakes->pdata, (gssize)mistakes->len));
    value = g_variant_ref_sink(g_variant_builder_end(&builder));
    bpfpv_ctl_print_json(value);
}

static void
print_text(const char *path, BpfpvMistakes *mistakes, gboolean has_element)
{
    for (guint i = 0; i < mistakes->len; i++) {
        g_autofree char *clean = bpfpv_term_clean(g_ptr_array_index(mistakes, i));

        g_printerr("%s\n", clean);
    }
    if (mistakes->len == 0 && !has_element)
        g_print("%s: there is no <bpfpv> element; such a domain is managed only if its flavor or "
                "bpfpvd.conf says so\n",
                path);
    else if (mistakes->len == 0)
        g_print("%s: valid\n", path);
}

static int
run_validate(const BpfpvCtl *ctl, char **arguments)
{
    g_autoptr(GPtrArray) programs = bpfpv_program_list();
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvCpuset) cpus =
        option_host_cpus ? bpfpv_cpuset_parse(option_host_cpus, &error) : bpfpv_host_cpus_read();
    const BpfpvElementContext context = {programs, cpus};
    g_autoptr(BpfpvMistakes) mistakes = NULL;
    g_autofree char *text = NULL;
    gboolean has_element = FALSE;
    gsize length;

    if (error)
        return bpfpv_ctl_usage("--host-cpus: %s", error->message);
    text = read_input(arguments[0], &length, &error);
    if (text)
        mistakes = bpfpv_domain_check(text, length, &context, &has_element, &error);
    if (!mistakes)
        return bpfpv_ctl_fail(error);
    if (ctl->json)
        print_json(mistakes, has_element);
    else
        print_text(arguments[0], mistakes, has_element);
    return mistakes->len == 0 ? BPFPV_EXIT_DONE : BPFPV_EXIT_FAILED;
}

const BpfpvCommand bpfpv_command_validate = {
    .name = "validate",
    .arguments = "FILE|-",
    .summary = "Checks the <bpfpv> element of a domain's XML, without libvirt",
    .min_arguments = 1,
    .max_arguments = 1,
    .has_json = TRUE,
    .options = options,
    .run = run_validate,
};
