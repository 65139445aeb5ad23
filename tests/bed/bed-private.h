/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fixture's own files share. */
#pragma once

#include <gio/gio.h>

#include "bed.h"

/* Closes the connection that bed_connect() has opened. */
void bed_disconnect(void);
/* Its last error, as libvirt says it; (transfer none). */
const char *bed_libvirt_error(void);

/* The words of a CPU list, "0-1,3", for a libvirt CPU map; g_free(). And how long a map is that has
 * all CPUs of the host. */
char *bed_format_map(const unsigned char *map, int length);
int bed_map_length(void);

/* One argument list of a variadic function, with @before in front; (transfer container). */
GPtrArray *bed_arguments(const char *before, const char *first, va_list list);
