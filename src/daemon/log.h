/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's log lines on one domain. Those that a guest can cause are limited, by domain:
 * what is left out is counted, and the next line says so.
 */
#pragma once

#include "core/quota.h"

/**
 * bpfpv_log_domain:
 * @quota: of the domain
 * @level: %G_LOG_LEVEL_WARNING: something needs looking at; %G_LOG_LEVEL_MESSAGE: normal, and of
 *     interest; %G_LOG_LEVEL_INFO: a step on the way, shown by --verbose alone and not limited
 * @name: the domain's
 */
void bpfpv_log_domain(BpfpvQuota *quota, GLogLevelFlags level, const char *name, const char *format,
                      ...) G_GNUC_PRINTF(4, 5);
