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
#include "xml/devices.h"
#include "xml/host-cpus.h"
#include "xml/read-text.h"
#include "xml/read.h"
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

/* What is valid, and yet won't do what it says on this host.
 * Returns: (transfer full) (nullable) */
static char *
read_note(const char *text, gsize length)
{
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(text, length, NULL);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    const xmlNode *element = root ? bpfpv_element_find(root) : NULL;
    g_autoptr(BpfpvConfig) config =
        element ? bpfpv_element_read(element, NULL, 0, NULL, NULL) : NULL;
    g_autoptr(GPtrArray) devices = NULL, unknown = NULL;
    g_autoptr(BpfpvCpuset) cells = NULL;

    if (!config || config->near != BPFPV_NEAR_DEVICES || !bpfpv_xml_is_element(root, "domain"))
        return NULL;
    devices = bpfpv_devices_read(root);
    if (option_host_cpus)
        unknown = g_ptr_array_new(); /* another host's devices are not here */
    else
        cells = bpfpv_devices_cells(devices, "/sys", &unknown);
    return bpfpv_devices_mistake(devices, unknown);
}

/* @note: (nullable) */
static void
print_json(BpfpvMistakes *mistakes, gboolean has_element, const char *note)
{
    const char *const notes[] = {note, NULL};
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) value = NULL;

    g_variant_builder_add(&builder, "{sv}", "valid", g_variant_new_boolean(mistakes->len == 0));
    g_variant_builder_add(&builder, "{sv}", "element", g_variant_new_boolean(has_element));
    g_variant_builder_add(
        &builder, "{sv}", "mistakes",
        g_variant_new_strv((const char *const *)mistakes->pdata, (gssize)mistakes->len));
    g_variant_builder_add(&builder, "{sv}", "notes", g_variant_new_strv(notes, -1));
    value = g_variant_ref_sink(g_variant_builder_end(&builder));
    bpfpv_ctl_print_json(value);
}

/* @note: (nullable) */
static void
print_text(const char *path, BpfpvMistakes *mistakes, gboolean has_element, const char *note)
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
    if (note)
        g_print("%s: note: %s\n", path, note);
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
    g_autofree char *note = NULL;
    gboolean has_element = FALSE;
    gsize length;

    if (error)
        return bpfpv_ctl_usage("--host-cpus: %s", error->message);
    text = read_input(arguments[0], &length, &error);
    if (text)
        mistakes = bpfpv_domain_check(text, length, &context, &has_element, &error);
    if (!mistakes)
        return bpfpv_ctl_fail(error);
    note = mistakes->len == 0 && has_element ? read_note(text, length) : NULL;
    if (ctl->json)
        print_json(mistakes, has_element, note);
    else
        print_text(arguments[0], mistakes, has_element, note);
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
