/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In place of zlib, which is 90 KB and which libbpf wants for one thing that no
 * program here uses: externs of type __kconfig, for which /proc/config.gz is read.
 * That fails with an error, as where there is no such file.
 *
 * The prototypes are zlib's, with no need for its headers.
 */
#include <stddef.h>

typedef struct gzFile_s *gzFile;

gzFile gzopen(const char *path, const char *mode);
gzFile gzopen64(const char *path, const char *mode);
char *gzgets(gzFile file, char *buffer, int length);
int gzclose(gzFile file);

gzFile
gzopen(const char *path, const char *mode)
{
    return NULL;
}

gzFile
gzopen64(const char *path, const char *mode)
{
    return NULL;
}

char *
gzgets(gzFile file, char *buffer, int length)
{
    return NULL;
}

int
gzclose(gzFile file)
{
    return -2; /* Z_STREAM_ERROR */
}
