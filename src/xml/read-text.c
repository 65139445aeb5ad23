/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bounded reading; see read-text.h. */
#include "xml/read-text.h"

#include <errno.h>
#include <unistd.h>

#define PIECE 65536

char *
bpfpv_read_text(int fd, gsize most, gsize *length, GError **error)
{
    GByteArray *bytes = g_byte_array_new();
    guint8 piece[PIECE];
    gssize n;

    while ((n = read(fd, piece, sizeof(piece))) != 0 && bytes->len <= most) {
        if (n > 0) {
            g_byte_array_append(bytes, piece, (guint)n);
        } else if (errno != EINTR) {
            g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "cannot read: %s",
                        g_strerror(errno));
            g_byte_array_unref(bytes);
            return NULL;
        }
    }
    if (bytes->len > most) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "longer than %zu MiB, which is more than any domain's XML has",
                    most / (1024 * 1024));
        g_byte_array_unref(bytes);
        return NULL;
    }
    *length = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(bytes, FALSE);
}
