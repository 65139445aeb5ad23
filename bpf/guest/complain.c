/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one line on stderr, see complain.h.
 */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum exit_code
complain(enum exit_code code, const char *what, const char *value, const char *why, ...)
{
    char reason[512], line[1024];
    va_list args;
    size_t i;

    va_start(args, why);
    vsnprintf(reason, sizeof(reason), why, args);
    va_end(args);
    snprintf(line, sizeof(line) - 1, "bpfpv-guest: %s: %s: %s", what, value, reason);
    for (i = 0; line[i] != '\0'; i++) {
        if ((unsigned char)line[i] < ' ')
            line[i] = ' ';
    }
    strcat(line, "\n");
    if (write(STDERR_FILENO, line, strlen(line)) < 0)
        return code;
    return code;
}
