/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files nova-compute reads, and in which order; see conf.h. */
#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

#include "nova/conf.h"

#define COMPUTE "nova-compute.conf"
/* Files of one directory. */
#define MAX_FILES 256

static gboolean G_GNUC_PRINTF(3, 4) fail(GError **error, const char *path, const char *format, ...)
{
    g_autofree char *why = NULL;
    va_list arguments;

    va_start(arguments, format);
    why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, BPFPV_NOVA_CONF_ERROR, BPFPV_NOVA_CONF_ERROR_FILE, "%s: %s", path, why);
    return FALSE;
}

static gboolean
read_file(BpfpvNovaConf *conf, const char *path, GError **error)
{
    g_autofree char *text = g_malloc(BPFPV_NOVA_CONF_MOST + 1);
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GError) cause = NULL;
    g_autoptr(GFileInputStream) stream = NULL;
    gsize length;

    /* Opening a FIFO would wait for a writer. */
    if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return fail(error, path, "not a file");
    stream = g_file_read(file, NULL, &cause);
    if (!stream || !g_input_stream_read_all(G_INPUT_STREAM(stream), text, BPFPV_NOVA_CONF_MOST + 1,
                                            &length, NULL, &cause))
        return fail(error, path, "cannot read: %s", cause->message);
    return bpfpv_nova_conf_parse(conf, text, length, path, error);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* @path: of a file that may be missing
 * @n: (inout): counts those that were read */
static gboolean
read_optional(BpfpvNovaConf *conf, const char *path, guint *n, GError **error)
{
    struct stat status;

    if (lstat(path, &status) < 0 && errno == ENOENT)
        return TRUE;
    (*n)++;
    return read_file(conf, path, error);
}

/* @path: of a directory that may be missing
 * @n: (inout): counts the files that were read */
static gboolean
read_directory(BpfpvNovaConf *conf, const char *path, guint *n, GError **error)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    if (!directory)
        return !g_file_test(path, G_FILE_TEST_EXISTS) || fail(error, path, "cannot be listed");
    while ((name = g_dir_read_name(directory)))
        if (*name != '.' && g_str_has_suffix(name, ".conf"))
            g_ptr_array_add(names, g_strdup(name));
    if (names->len > MAX_FILES)
        return fail(error, path, "%u files are more than %d", names->len, MAX_FILES);
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *file = g_build_filename(path, names->pdata[i], NULL);

        if (!read_file(conf, file, error))
            return FALSE;
    }
    *n += names->len;
    return TRUE;
}

BpfpvNovaConf *
bpfpv_nova_conf_load(const char *file, GError **error)
{
    g_autoptr(BpfpvNovaConf) conf = bpfpv_nova_conf_new();
    g_autofree char *where = g_path_get_dirname(file);
    g_autofree char *compute = g_build_filename(where, COMPUTE, NULL);
    g_autofree char *directory = g_strconcat(file, ".d", NULL);
    g_autofree char *compute_directory = g_strconcat(compute, ".d", NULL);
    gboolean is_compute = g_str_has_suffix(file, "/" COMPUTE);
    guint n = 0;

    if (!read_optional(conf, file, &n, error))
        return NULL;
    if (!is_compute && !read_optional(conf, compute, &n, error))
        return NULL;
    if (!read_directory(conf, directory, &n, error))
        return NULL;
    if (!is_compute && !read_directory(conf, compute_directory, &n, error))
        return NULL;
    if (n == 0) {
        fail(error, file, "there is no such file, and no *.conf in %s", directory);
        return NULL;
    }
    return g_steal_pointer(&conf);
}
