/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of credentials; see credentials.h. */
#include "config.h"

#include "nova-hook/conf/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIZE 65536

static gboolean fail(GError **error, const char *path, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean
fail(GError **error, const char *path, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", path, text);
    return FALSE;
}

/* Of the file that is open, not of what may have its name by now. */
static gboolean
check_file(int fd, const char *path, gboolean from_systemd, GError **error)
{
    const mode_t forbidden = from_systemd ? 0037 : 0077;
    struct stat status;

    if (fstat(fd, &status) != 0)
        return fail(error, path, "%s", g_strerror(errno));
    if (!S_ISREG(status.st_mode))
        return fail(error, path, "not a regular file");
    if (status.st_uid != 0 && status.st_uid != geteuid())
        return fail(error, path, "belongs to user %u, but must to root or to user %u; chown it",
                    (guint)status.st_uid, (guint)geteuid());
    if (status.st_mode & forbidden)
        return fail(error, path, "its mode %04o lets others at the credentials; chmod 0600 it",
                    (guint)status.st_mode & 07777);
    if (status.st_size > MAX_SIZE)
        return fail(error, path, "larger than %d bytes", MAX_SIZE);
    return TRUE;
}

/* Returns: the number of bytes, or -1 with @error set */
static gssize
read_all(int fd, char *buffer, const char *path, GError **error)
{
    gssize total = 0, n;

    do {
        n = read(fd, buffer + total, (size_t)(MAX_SIZE - total));
        total += MAX(n, 0);
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0) {
        fail(error, path, "%s", g_strerror(errno));
        return -1;
    }
    return total;
}

/* [begin, end) without blanks at its ends */
static void
strip(const char **begin, const char **end)
{
    while (*begin < *end && g_ascii_isspace(**begin))
        ++*begin;
    while (*begin < *end && g_ascii_isspace((*end)[-1]))
        --*end;
}

static BpfpvSecret *
find_value(const char *text, gsize length, const char *key)
{
    const char *end = text + length;

    for (const char *line = text; line < end;) {
        const char *next = memchr(line, '\n', (gsize)(end - line));
        const char *line_end = next ? next : end;
        const char *equals = memchr(line, '=', (gsize)(line_end - line));
        const char *name = line, *name_end = equals;

        if (equals) {
            strip(&name, &name_end);
            equals++;
            strip(&equals, &line_end);
            if ((gsize)(name_end - name) == strlen(key) && strncmp(name, key, strlen(key)) == 0 &&
                line_end > equals)
                return bpfpv_secret_new(equals, (gsize)(line_end - equals));
        }
        line = next ? next + 1 : end;
    }
    return NULL;
}

static BpfpvSecret *
read_open(int fd, const char *path, gboolean from_systemd, const char *key, GError **error)
{
    char *buffer = g_malloc0(MAX_SIZE);
    BpfpvSecret *secret = NULL;
    gssize length = -1;

    if (check_file(fd, path, from_systemd, error))
        length = read_all(fd, buffer, path, error);
    if (length >= 0)
        secret = find_value(buffer, (gsize)length, key);
    explicit_bzero(buffer, MAX_SIZE);
    g_free(buffer);
    if (length >= 0 && !secret) {
        fail(error, path, "has no line %s=", key);
    } else if (secret && !g_utf8_validate(bpfpv_secret_text(secret),
                                          (gssize)bpfpv_secret_length(secret), NULL)) {
        fail(error, path, "%s= is not UTF-8", key);
        g_clear_pointer(&secret, bpfpv_secret_free);
    }
    return secret;
}

BpfpvSecret *
bpfpv_credentials_read(const char *path, const char *fallback, const char *key, GError **error)
{
    const char *directory = g_getenv("CREDENTIALS_DIRECTORY");
    g_autofree char *systemd =
        directory && !path ? g_build_filename(directory, BPFPV_CREDENTIAL, NULL) : NULL;
    gboolean from_systemd = systemd && g_file_test(systemd, G_FILE_TEST_EXISTS);
    const char *file = path ? path : from_systemd ? systemd : fallback;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    BpfpvSecret *secret;

    if (fd < 0) {
        fail(error, file, "%s; the credentials belong there, see bpfpv-placement(8)",
             g_strerror(errno));
        return NULL;
    }
    secret = read_open(fd, file, from_systemd, key, error);
    close(fd);
    return secret;
}
