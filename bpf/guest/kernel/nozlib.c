/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In place of zlib, which is 90 KB and which libelf and libbpf want for two
 * things that no program here uses: compressed sections of an object file, and
 * externs of type __kconfig, for which /proc/config.gz is read. Both fail with
 * an error, as with a zlib that finds the data damaged.
 */
#include <zlib.h>

int
deflateInit_(z_streamp stream, int level, const char *version, int size)
{
    return Z_STREAM_ERROR;
}

int
deflate(z_streamp stream, int flush)
{
    return Z_STREAM_ERROR;
}

int
deflateEnd(z_streamp stream)
{
    return Z_STREAM_ERROR;
}

int
inflateInit_(z_streamp stream, const char *version, int size)
{
    return Z_STREAM_ERROR;
}

int
inflate(z_streamp stream, int flush)
{
    return Z_DATA_ERROR;
}

int
inflateReset(z_streamp stream)
{
    return Z_STREAM_ERROR;
}

int
inflateEnd(z_streamp stream)
{
    return Z_STREAM_ERROR;
}

#undef gzopen
gzFile
gzopen(const char *path, const char *mode)
{
    return NULL;
}

#undef gzopen64
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
    return Z_STREAM_ERROR;
}
