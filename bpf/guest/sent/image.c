/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading, verifying and removing the injected files, see image.h.
 */
#include "sent/image.h"
#include "sent/leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define MAX_BYTES (64u << 20)

static void
sha256(const uint8_t *bytes, size_t size, uint8_t *digest)
{
    SHA2_CTX context;

    SHA256Init(&context);
    SHA256Update(&context, bytes, size);
    SHA256Final(digest, &context);
}

void
image_hex(const uint8_t *digest, char *hex)
{
    size_t i;

    for (i = 0; i < BPFPV_WIRE_DIGEST_LEN; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static int
read_all(int fd, struct image *image)
{
    struct stat status;
    ssize_t n;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || status.st_size > MAX_BYTES)
        return -EFBIG;
    image->bytes = malloc((size_t)status.st_size + 1);
    if (image->bytes == NULL)
        return -ENOMEM;
    while (image->size < (size_t)status.st_size) {
        n = read(fd, image->bytes + image->size, (size_t)status.st_size - image->size);
        if (n < 0 && errno != EINTR)
            return -errno;
        if (n == 0)
            break;
        if (n > 0)
            image->size += (size_t)n;
    }
    sha256(image->bytes, image->size, image->digest);
    return 0;
}

int
image_read(const char *path, struct image *image)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int result = fd < 0 ? -errno : read_all(fd, image);

    if (fd >= 0)
        close(fd);
    return result;
}

static enum exit_code
read_file(const char *path, struct image *image)
{
    int result = image_read(path, image);

    if (result < 0)
        return complain(EXIT_OTHER, "file", path, "cannot be read: %s", strerror(-result));
    return EXIT_RUNNING;
}

static enum exit_code
verify(const char *path, const struct image *image, const uint8_t *expected)
{
    char hex[2 * BPFPV_WIRE_DIGEST_LEN + 1];

    if (memcmp(image->digest, expected, sizeof(image->digest)) == 0)
        return EXIT_RUNNING;
    image_hex(image->digest, hex);
    return complain(EXIT_DAMAGED, "file", path, "arrived damaged: %zu bytes with SHA-256 %s",
                    image->size, hex);
}

enum exit_code
images_read(struct images *images, const struct options *options)
{
    const struct program_file *file;
    enum exit_code code;
    size_t i;

    memset(images, 0, sizeof(*images));
    code = read_file(SELF, &images->self);
    if (code == EXIT_RUNNING && options->has_expect)
        code = verify("bpfpv-guest", &images->self, options->expect);
    for (i = 0; i < options->n_files && code == EXIT_RUNNING; i++) {
        file = &options->files[i];
        code = read_file(file->path, &images->programs[i]);
        if (code == EXIT_RUNNING && file->has_digest)
            code = verify(file->path, &images->programs[i], file->digest);
    }
    return code;
}

void
images_free(struct images *images)
{
    size_t i;

    free(images->self.bytes);
    images->self.bytes = NULL;
    for (i = 0; i < BPFPV_WIRE_MAX_PROGRAMS; i++) {
        free(images->programs[i].bytes);
        images->programs[i].bytes = NULL;
    }
}

void
images_remove_files(const struct options *options)
{
    char self[PATH_MAX], *directory;
    ssize_t n;
    size_t i;

    for (i = 0; i < options->n_files; i++)
        unlink(options->files[i].path);
    n = readlink(SELF, self, sizeof(self) - 1);
    if (n <= 0)
        return;
    self[n] = '\0';
    unlink(self);
    directory = dirname(self);
    rmdir(directory);
    leftovers_remove(dirname(directory));
}
