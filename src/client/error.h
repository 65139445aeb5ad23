/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From what D-Bus reports to BPFPV_ERROR. Internal to libbpfpv, not exported.
 */
#pragma once

#include <gio/gio.h>

void bpfpv_error_propagate_call(GError **error, const char *method, GError *cause);
void bpfpv_error_propagate_connect(GError **error, const char *bus_address, GError *cause);
