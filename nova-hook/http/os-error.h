/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How talking to OpenStack's services can fail, and text of theirs that is safe to show. */
#pragma once

#include <glib.h>

/**
 * BpfpvOsError:
 * @BPFPV_OS_ERROR_FAILED: anything that has no code of its own; the message says what
 * @BPFPV_OS_ERROR_UNREACHABLE: no answer: no route, no TLS, too slow
 * @BPFPV_OS_ERROR_MALFORMED: an answer that can't be right
 * @BPFPV_OS_ERROR_REDIRECTED: the service is elsewhere, and it was not followed there
 * @BPFPV_OS_ERROR_UNAUTHORIZED: wrong credentials, or a token that is no longer valid
 * @BPFPV_OS_ERROR_FORBIDDEN: known, but not allowed to do this
 * @BPFPV_OS_ERROR_NOT_FOUND: no such thing, says Placement
 * @BPFPV_OS_ERROR_NO_HOST: Placement has no provider of this host
 * @BPFPV_OS_ERROR_CONFLICT: somebody else changed it in the meantime: read it again
 * @BPFPV_OS_ERROR_IN_USE: instances use what was to be removed
 * @BPFPV_OS_ERROR_REFUSED: any other answer that says no
 * @BPFPV_OS_ERROR_CANCELLED: the caller gave up
 */
typedef enum {
    BPFPV_OS_ERROR_FAILED,
    BPFPV_OS_ERROR_UNREACHABLE,
    BPFPV_OS_ERROR_MALFORMED,
    BPFPV_OS_ERROR_REDIRECTED,
    BPFPV_OS_ERROR_UNAUTHORIZED,
    BPFPV_OS_ERROR_FORBIDDEN,
    BPFPV_OS_ERROR_NOT_FOUND,
    BPFPV_OS_ERROR_NO_HOST,
    BPFPV_OS_ERROR_CONFLICT,
    BPFPV_OS_ERROR_IN_USE,
    BPFPV_OS_ERROR_REFUSED,
    BPFPV_OS_ERROR_CANCELLED
} BpfpvOsError;

#define BPFPV_OS_ERROR (bpfpv_os_error_quark())
GQuark bpfpv_os_error_quark(void);

/**
 * bpfpv_os_clean:
 * @text: (nullable): any bytes, @length of them
 * @max: how many characters at most
 *
 * Returns: (transfer full): one line of UTF-8 without control characters
 */
char *bpfpv_os_clean(const char *text, gsize length, guint max);
