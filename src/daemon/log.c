/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's log lines on one domain; see log.h. */
#include "daemon/log.h"

void
bpfpv_log_domain(BpfpvQuota *quota, GLogLevelFlags level, const char *name, const char *format, ...)
{
    g_autofree char *text = NULL;
    guint left_out = 0;
    va_list args;

    if (level < G_LOG_LEVEL_INFO && !bpfpv_quota_take(quota, g_get_monotonic_time(), &left_out))
        return;
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (left_out > 0)
        g_log(G_LOG_DOMAIN, level, "domain %s: %s (%u lines before this one left out)", name, text,
              left_out);
    else
        g_log(G_LOG_DOMAIN, level, "domain %s: %s", name, text);
}
