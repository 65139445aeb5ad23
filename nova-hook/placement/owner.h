/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One owner per trait: nova-compute's provider.yaml, or this agent, never both. */
#pragma once

#include <gio/gio.h>

/**
 * bpfpv_owner_check:
 * @directory: nova.conf's [compute] provider_config_location; "": nothing is looked at
 *
 * Looks for our traits and our resource class in the *.yaml files, which is what Nova reads,
 * outside of comments. That a provider of another host may be meant is not looked at: such a file
 * does not belong on this one.
 *
 * Returns: whether no file names them; @error says which does
 */
gboolean bpfpv_owner_check(const char *directory, GError **error);
