/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl validate: what is wrong with the <bpfpv> element of a domain's XML,
 * or of all in a directory, before libvirt is involved. Needs neither the daemon nor libvirt.
 */
#include "ctl/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/dict.h"
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

/* ---- which files ---- */

static int
compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every *.xml in @path itself, as in libvirt's folders of definitions. */
static gboolean
add_directory(GPtrArray *paths, const char *path, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, error);
    g_autoptr(GPtrArray) found = g_ptr_array_new();
    const char *name;

    if (dir == NULL)
        return FALSE;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);

        if (g_str_has_suffix(name, ".xml") && g_file_test(file, G_FILE_TEST_IS_REGULAR))
            g_ptr_array_add(found, g_steal_pointer(&file));
    }
    if (found->len == 0) {
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_FAILED, "%s: there is no *.xml in it", path);
        return FALSE;
    }
    g_ptr_array_sort(found, compare_paths);
    g_ptr_array_extend_and_steal(paths, g_steal_pointer(&found));
    return TRUE;
}

static gboolean
is_directory(const char *path)
{
    return g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* Returns: (transfer full) (element-type filename) */
static GPtrArray *
find_files(char **typed, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

    for (; *typed != NULL; typed++) {
        if (!is_directory(*typed))
            g_ptr_array_add(paths, g_strdup(*typed));
        else if (!add_directory(paths, *typed, error))
            return NULL;
    }
    return g_steal_pointer(&paths);
}

/* ---- one ---- */

typedef struct {
    const char *path;
    gboolean has_element;
    BpfpvMistakes *mistakes;
    char *note; /* (nullable): what is valid, and yet won't do what it says on this host */
} Result;

static void
result_free(gpointer data)
{
    Result *result = data;

    g_clear_pointer(&result->mistakes, g_ptr_array_unref);
    g_free(result->note);
    g_free(result);
}

/* Returns: (transfer full) (nullable) */
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

/* Returns: (transfer full): NULL with @error set: it can't be read, or is no domain's XML */
static Result *
check_file(const char *path, const BpfpvElementContext *context, GError **error)
{
    gboolean has_element = FALSE;
    gsize length;
    g_autofree char *text = read_input(path, &length, error);
    BpfpvMistakes *mistakes =
        text ? bpfpv_domain_check(text, length, context, &has_element, error) : NULL;
    Result *result;

    if (mistakes == NULL)
        return NULL;
    result = g_new0(Result, 1);
    *result = (Result){path, has_element, mistakes, NULL};
    if (mistakes->len == 0 && has_element)
        result->note = read_note(text, length);
    return result;
}

static void
describe_result(GVariantBuilder *builder, const Result *result)
{
    const BpfpvMistakes *mistakes = result->mistakes;
    const char *const notes[] = {result->note, NULL};

    bpfpv_dict_add_boolean(builder, "valid", mistakes->len == 0);
    bpfpv_dict_add_boolean(builder, "element", result->has_element);
    bpfpv_dict_add_value(
        builder, "mistakes",
        g_variant_new_strv((const char *const *)mistakes->pdata, (gssize)mistakes->len));
    bpfpv_dict_add_value(builder, "notes", g_variant_new_strv(notes, -1));
}

static void
print_json(const Result *result)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    g_autoptr(GVariant) value = NULL;

    describe_result(&builder, result);
    value = g_variant_ref_sink(g_variant_builder_end(&builder));
    bpfpv_ctl_print_json(value);
}

/* @prefix: (nullable): whose mistakes they are */
static void
print_mistakes(const Result *result, const char *prefix)
{
    for (guint i = 0; i < result->mistakes->len; i++) {
        g_autofree char *clean = bpfpv_term_clean(g_ptr_array_index(result->mistakes, i));

        if (prefix != NULL)
            g_printerr("%s: %s\n", prefix, clean);
        else
            g_printerr("%s\n", clean);
    }
}

static void
print_text(const Result *result)
{
    g_autofree char *path = bpfpv_term_clean(result->path);

    print_mistakes(result, NULL);
    if (result->mistakes->len == 0 && !result->has_element)
        g_print("%s: there is no <bpfpv> element; such a domain is managed only if its flavor or "
                "bpfpvd.conf says so\n",
                path);
    else if (result->mistakes->len == 0)
        g_print("%s: valid\n", path);
    if (result->note != NULL)
        g_print("%s: note: %s\n", path, result->note);
}

static int
validate_one(const BpfpvCtl *ctl, const char *path, const BpfpvElementContext *context)
{
    g_autoptr(GError) error = NULL;
    Result *result = check_file(path, context, &error);
    int code;

    if (result == NULL)
        return bpfpv_ctl_fail(error);
    if (ctl->json)
        print_json(result);
    else
        print_text(result);
    code = result->mistakes->len == 0 ? BPFPV_EXIT_DONE : BPFPV_EXIT_FAILED;
    result_free(result);
    return code;
}

/* ---- many ---- */

/* A file that can't be read has that as its mistake: the others are checked all the same. */
static GPtrArray *
check_files(const GPtrArray *paths, const BpfpvElementContext *context)
{
    GPtrArray *results = g_ptr_array_new_with_free_func(result_free);

    for (guint i = 0; i < paths->len; i++) {
        g_autoptr(GError) error = NULL;
        Result *result = check_file(paths->pdata[i], context, &error);

        if (result == NULL) {
            result = g_new0(Result, 1);
            result->path = paths->pdata[i];
            result->mistakes = g_ptr_array_new_with_free_func(g_free);
            g_ptr_array_add(result->mistakes, g_strdup(error->message));
        }
        g_ptr_array_add(results, result);
    }
    return results;
}

static void
print_json_of_all(const GPtrArray *results, gboolean valid)
{
    GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE_VARDICT);
    GVariantBuilder files = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
    g_autoptr(GVariant) value = NULL;

    for (guint i = 0; i < results->len; i++) {
        const Result *result = results->pdata[i];

        g_variant_builder_open(&files, G_VARIANT_TYPE_VARDICT);
        bpfpv_dict_add_string(&files, "file", result->path);
        describe_result(&files, result);
        g_variant_builder_close(&files);
    }
    bpfpv_dict_add_boolean(&builder, "valid", valid);
    bpfpv_dict_add_value(&builder, "files", g_variant_builder_end(&files));
    value = g_variant_ref_sink(g_variant_builder_end(&builder));
    bpfpv_ctl_print_json(value);
}

static void
print_text_of_all(const GPtrArray *results, guint n_wrong)
{
    guint n_without = 0;

    for (guint i = 0; i < results->len; i++) {
        const Result *result = results->pdata[i];
        g_autofree char *path = bpfpv_term_clean(result->path);

        print_mistakes(result, path);
        if (result->note != NULL)
            g_print("%s: note: %s\n", path, result->note);
        n_without += result->mistakes->len == 0 && !result->has_element;
    }
    g_print("files: %u; valid: %u; without a <bpfpv> element: %u; with mistakes: %u\n",
            results->len, results->len - n_without - n_wrong, n_without, n_wrong);
}

static int
validate_many(const BpfpvCtl *ctl, const GPtrArray *paths, const BpfpvElementContext *context)
{
    g_autoptr(GPtrArray) results = check_files(paths, context);
    guint n_wrong = 0;

    for (guint i = 0; i < results->len; i++)
        n_wrong += ((const Result *)results->pdata[i])->mistakes->len > 0;
    if (ctl->json)
        print_json_of_all(results, n_wrong == 0);
    else
        print_text_of_all(results, n_wrong);
    return n_wrong == 0 ? BPFPV_EXIT_DONE : BPFPV_EXIT_FAILED;
}

static int
run_validate(const BpfpvCtl *ctl, char **arguments)
{
    g_autoptr(GPtrArray) programs = bpfpv_program_list();
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvCpuset) cpus =
        option_host_cpus ? bpfpv_cpuset_parse(option_host_cpus, &error) : bpfpv_host_cpus_read();
    const BpfpvElementContext context = {programs, cpus};
    g_autoptr(GPtrArray) paths = NULL;

    if (error)
        return bpfpv_ctl_usage("--host-cpus: %s", error->message);
    if (arguments[1] == NULL && !is_directory(arguments[0]))
        return validate_one(ctl, arguments[0], &context);
    paths = find_files(arguments, &error);
    if (paths == NULL)
        return bpfpv_ctl_fail(error);
    return validate_many(ctl, paths, &context);
}

const BpfpvCommand bpfpv_command_validate = {
    .name = "validate",
    .arguments = "FILE|DIRECTORY|-...",
    .summary = "Checks the <bpfpv> elements of domains' XML, without libvirt",
    .min_arguments = 1,
    .max_arguments = G_MAXUINT,
    .first = BPFPV_ARGUMENT_FILE,
    .rest = BPFPV_ARGUMENT_FILE,
    .has_json = TRUE,
    .options = options,
    .run = run_validate,
};
