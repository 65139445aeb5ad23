/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nova-compute's provider.yaml, for those who want no agent. Pure. */
#pragma once

#include <glib.h>

/**
 * bpfpv_provider_config:
 * @provider: (nullable): UUID or name; %NULL: whatever compute node reads it
 * @programs: names of guest programs
 * @anchors: 0: no inventory
 *
 * Returns: (transfer full): YAML of schema 1.0; %NULL with @error set if @provider can't be a name
 */
char *bpfpv_provider_config(const char *provider, const char *const *programs, guint anchors,
                            GError **error);
