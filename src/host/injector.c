/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Brings the loader and the programs into a guest; see injector.h. */
#include "host/injector.h"

#include <string.h>

#define LOADER "bpfpv-guest"
#define LOADER_PACKED "bpfpv-guest.packed"
#define EXEC_TIMEOUT_S 10
#define DENY_FILE "/etc/bpfpv/deny"
#define MOUNTS_MAX (48 * 1024)

typedef struct {
    char *program;                        /* NULL: the loader */
    char *name;                           /* file name in the guest */
    GBytes *bytes;                        /* that are sent */
    guint8 digest[BPFPV_WIRE_DIGEST_LEN]; /* of what is run */
    char hex[2 * BPFPV_WIRE_DIGEST_LEN + 1];
} File;

struct _BpfpvPayload {
    gatomicrefcount refs;
    GPtrArray *files; /* of File; the loader first */
    char **options;   /* NULL: none */
};

G_DEFINE_QUARK(bpfpv_injector_error_quark, bpfpv_injector_error)

static void
file_free(gpointer data)
{
    File *file = data;

    g_free(file->program);
    g_free(file->name);
    g_bytes_unref(file->bytes);
    g_free(file);
}

static gboolean
payload_add(BpfpvPayload *payload, const char *directory, const char *program, GError **error)
{
    g_autofree char *name = program ? g_strconcat(program, ".bpf.o", NULL) : g_strdup(LOADER);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GError) cause = NULL;
    char *contents;
    gsize length, digest_length = BPFPV_WIRE_DIGEST_LEN;
    File *file;

    if (!g_file_get_contents(path, &contents, &length, &cause)) {
        g_set_error(error, BPFPV_INJECTOR_ERROR, BPFPV_INJECTOR_ERROR_PAYLOAD,
                    "%s; is bpfpv installed completely?", cause->message);
        return FALSE;
    }
    file = g_new0(File, 1);
    file->program = g_strdup(program);
    file->name = g_steal_pointer(&name);
    file->bytes = g_bytes_new_take(contents, length);
    g_checksum_update(checksum, (const guchar *)contents, (gssize)length);
    g_strlcpy(file->hex, g_checksum_get_string(checksum), sizeof(file->hex));
    g_checksum_get_digest(checksum, file->digest, &digest_length);
    g_ptr_array_add(payload->files, file);
    return TRUE;
}

/* The loader unpacks itself where it was built to; its digest stays that of the unpacked file. */
static void
take_packed(File *loader, const char *directory)
{
    g_autofree char *path = g_build_filename(directory, LOADER_PACKED, NULL);
    char *contents;
    gsize length;

    if (!g_file_get_contents(path, &contents, &length, NULL))
        return;
    g_bytes_unref(loader->bytes);
    loader->bytes = g_bytes_new_take(contents, length);
}

BpfpvPayload *
bpfpv_payload_load(const char *directory, const GPtrArray *programs, GError **error)
{
    g_autoptr(BpfpvPayload) payload = g_new0(BpfpvPayload, 1);

    g_atomic_ref_count_init(&payload->refs);
    payload->files = g_ptr_array_new_with_free_func(file_free);
    if (!payload_add(payload, directory, NULL, error))
        return NULL;
    take_packed(g_ptr_array_index(payload->files, 0), directory);
    for (guint i = 0; i < programs->len; i++)
        if (!payload_add(payload, directory, g_ptr_array_index(programs, i), error))
            return NULL;
    return g_steal_pointer(&payload);
}

BpfpvPayload *
bpfpv_payload_ref(BpfpvPayload *payload)
{
    g_atomic_ref_count_inc(&payload->refs);
    return payload;
}

void
bpfpv_payload_unref(BpfpvPayload *payload)
{
    if (!payload || !g_atomic_ref_count_dec(&payload->refs))
        return;
    g_ptr_array_unref(payload->files);
    g_strfreev(payload->options);
    g_free(payload);
}

void
bpfpv_payload_set_options(BpfpvPayload *payload, char **options)
{
    g_strfreev(payload->options);
    payload->options = g_strdupv(options);
}

gsize
bpfpv_payload_size(const BpfpvPayload *payload)
{
    gsize size = 0;

    for (guint i = 0; i < payload->files->len; i++)
        size += g_bytes_get_size(((File *)g_ptr_array_index(payload->files, i))->bytes);
    return size;
}

gboolean
bpfpv_payload_matches(const BpfpvPayload *payload, const char *name,
                      const guint8 digest[BPFPV_WIRE_DIGEST_LEN])
{
    for (guint i = 0; i < payload->files->len; i++) {
        const File *file = g_ptr_array_index(payload->files, i);

        if (g_strcmp0(file->program, name) == 0)
            return memcmp(file->digest, digest, BPFPV_WIRE_DIGEST_LEN) == 0;
    }
    return FALSE;
}

static gboolean
has_option(const char *options, const char *option)
{
    g_auto(GStrv) list = g_strsplit(options, ",", -1);

    return g_strv_contains((const char *const *)list, option);
}

/* Whether the guest's mount table shows @path as a tmpfs that allows execution. The last line
 * for a path is the mount on top. */
static gboolean
is_executable_tmpfs(char **lines, const char *path)
{
    gboolean usable = FALSE;

    for (gsize i = 0; lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], " ", 6);

        if (g_strv_length(fields) >= 4 && g_str_equal(fields[1], path))
            usable = (g_str_equal(fields[2], "tmpfs") || g_str_equal(fields[2], "ramfs")) &&
                     has_option(fields[3], "rw") && !has_option(fields[3], "noexec");
    }
    return usable;
}

/* The directory of the guest to inject below. Every result is one of our own constants. */
static const char *
choose_directory(BpfpvGuestOps *ops, GError **error)
{
    static const char *const candidates[] = {"/run", "/dev/shm", "/tmp", "/var/tmp"};
    g_autofree char *mounts = ops->read_file(ops, "/proc/self/mounts", MOUNTS_MAX, NULL, error);
    g_auto(GStrv) lines = NULL;

    if (!mounts)
        return NULL;
    lines = g_strsplit(mounts, "\n", -1);
    for (gsize i = 0; i < G_N_ELEMENTS(candidates); i++)
        if (is_executable_tmpfs(lines, candidates[i]))
            return candidates[i];
    return "/tmp"; /* no such tmpfs: on disk then, for the second that it takes */
}

/* Guest text on its way into an error: one line of printable characters. */
static char *
printable_line(const char *text)
{
    char *line = g_strndup(text ? text : "", 400);
    gsize used = strcspn(line, "\n");

    line[used] = '\0';
    for (char *c = line; *c; c++)
        if (!g_ascii_isprint(*c))
            *c = '?';
    return g_strstrip(line);
}

static gboolean
run(BpfpvGuestOps *ops, const char *const *argv, GError **error)
{
    g_auto(BpfpvExecResult) result = {0};
    g_autofree char *text = NULL;

    if (!ops->exec(ops, argv, EXEC_TIMEOUT_S, &result, error))
        return FALSE;
    if (result.exited && result.status == 0)
        return TRUE;
    text = printable_line(result.err);
    g_set_error(error, BPFPV_INJECTOR_ERROR, BPFPV_INJECTOR_ERROR_GUEST,
                "%s in the guest ended with %s %d: %s", argv[0],
                result.exited ? "status" : "signal", result.status, text);
    return FALSE;
}

static void
remove_directory(BpfpvGuestOps *ops, const char *directory)
{
    const char *const argv[] = {"rm", "-rf", directory, NULL};

    run(ops, argv, NULL); /* best effort: what failed before is what gets reported */
}

static gboolean
is_wanted(const File *file, const BpfpvInjection *injection)
{
    return !file->program || g_ptr_array_find_with_equal_func((GPtrArray *)injection->programs,
                                                              file->program, g_str_equal, NULL);
}

static gboolean
write_files(BpfpvGuestOps *ops, const BpfpvPayload *payload, const BpfpvInjection *injection,
            const char *directory, GError **error)
{
    g_autofree char *loader = g_build_filename(directory, LOADER, NULL);
    const char *const chmod[] = {"chmod", "0700", loader, NULL};

    for (guint i = 0; i < payload->files->len; i++) {
        const File *file = g_ptr_array_index(payload->files, i);
        g_autofree char *path = g_build_filename(directory, file->name, NULL);

        if (is_wanted(file, injection) && !ops->write_file(ops, path, file->bytes, error))
            return FALSE;
    }
    return run(ops, chmod, error);
}

/* Turns the loader's exit into an error. The statuses are those of bpf/guest/main.c. */
static void
set_loader_error(const BpfpvExecResult *result, GError **error)
{
    g_autofree char *text = printable_line(result->err);
    BpfpvInjectorError code = BPFPV_INJECTOR_ERROR_GUEST;

    if (result->exited && result->status == 3)
        code = BPFPV_INJECTOR_ERROR_DAMAGED;
    else if (result->exited && result->status == 4)
        code = BPFPV_INJECTOR_ERROR_REFUSED;
    else if (result->exited && result->status == 5)
        code = BPFPV_INJECTOR_ERROR_CHANNEL;
    else if (result->exited && result->status == 6)
        code = BPFPV_INJECTOR_ERROR_DENIED;
    if (code == BPFPV_INJECTOR_ERROR_REFUSED)
        g_set_error(error, BPFPV_INJECTOR_ERROR, code, "the guest's kernel refuses the program: %s",
                    text);
    else if (code == BPFPV_INJECTOR_ERROR_DENIED)
        g_set_error(error, BPFPV_INJECTOR_ERROR, code,
                    "the guest's administrator refuses it; ask for " DENY_FILE
                    " in the guest to be removed: %s",
                    text);
    else if (*text)
        g_set_error(error, BPFPV_INJECTOR_ERROR, code, "in the guest: %s", text);
    else
        g_set_error(error, BPFPV_INJECTOR_ERROR, code,
                    "the guest's loader ended with %s %d and said nothing; may the agent execute "
                    "files there (SELinux: virt_qemu_ga_unconfined_exec_t)?",
                    result->exited ? "status" : "signal", result->status);
}

static gboolean
start_loader(BpfpvGuestOps *ops, const BpfpvPayload *payload, const BpfpvInjection *injection,
             const char *directory, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_auto(BpfpvExecResult) result = {0};

    g_ptr_array_add(argv, g_build_filename(directory, LOADER, NULL));
    g_ptr_array_add(argv, g_strdup_printf("--session=%s", injection->session));
    g_ptr_array_add(argv, g_strdup_printf("--channel=%s", injection->channel));
    g_ptr_array_add(argv, g_strdup_printf("--max-keys=%u", injection->max_keys));
    g_ptr_array_add(argv, g_strdup("--unlink"));
    for (char **option = payload->options; option && *option; option++)
        g_ptr_array_add(argv, g_strdup(*option));
    for (guint i = 0; i < payload->files->len; i++) {
        const File *file = g_ptr_array_index(payload->files, i);

        if (!file->program)
            g_ptr_array_add(argv, g_strdup_printf("--expect=%s", file->hex));
        else if (is_wanted(file, injection))
            g_ptr_array_add(argv, g_strdup_printf("%s/%s=%s", directory, file->name, file->hex));
    }
    g_ptr_array_add(argv, NULL);
    if (!ops->exec(ops, (const char *const *)argv->pdata, injection->timeout_s, &result, error))
        return FALSE;
    if (result.exited && result.status == 0)
        return TRUE;
    set_loader_error(&result, error);
    return FALSE;
}

gboolean
bpfpv_inject(BpfpvGuestOps *ops, const BpfpvPayload *payload, const BpfpvInjection *injection,
             GError **error)
{
    const char *parent = injection->directory ? injection->directory : choose_directory(ops, error);
    g_autofree char *directory = NULL;
    g_autofree char *random = NULL;

    if (!parent)
        return FALSE;
    /* New for each injection: an aborted write leaves its file busy. */
    random = g_strdup_printf("bpfpv-%08x%08x", g_random_int(), g_random_int());
    directory = g_build_filename(parent, random, NULL);
    {
        const char *const mkdir[] = {"mkdir", "-m", "0700", directory, NULL};

        if (!run(ops, mkdir, error))
            return FALSE;
    }
    if (write_files(ops, payload, injection, directory, error) &&
        start_loader(ops, payload, injection, directory, error))
        return TRUE;
    remove_directory(ops, directory);
    return FALSE;
}
