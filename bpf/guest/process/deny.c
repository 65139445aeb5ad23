/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's refusal, see deny.h.
 */
#include "process/deny.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define REASON_BYTES 160

/* What a person may be shown on a terminal, on one line. */
static void
make_harmless(char *text)
{
    char *c;

    text[strcspn(text, "\r\n")] = '\0';
    for (c = text; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~')
            *c = '?';
    }
}

enum exit_code
deny_check(void)
{
    char reason[REASON_BYTES + 1];
    int fd = open(DENY_FILE, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t n = 0;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return EXIT_RUNNING;
    if (fd >= 0) {
        n = read(fd, reason, REASON_BYTES);
        close(fd);
    }
    reason[n > 0 ? n : 0] = '\0';
    make_harmless(reason);
    return complain(EXIT_DENIED, "file", DENY_FILE, "%s",
                    *reason != '\0' ? reason : "gives no reason");
}
