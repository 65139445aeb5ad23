/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A daemon that stops for another to follow at once, as when its package is upgraded: the file
 * "keep" in the state directory says so, and then the pins stay as they are, without a gap.
 */
#pragma once

#include <glib.h>

/* Whether the daemon that stops now leaves its pins to the next one. A file older than some
 * minutes says nothing: whoever made it has failed since. */
gboolean bpfpv_handover_is_due(const char *state_dir);

/* The same, once: the file is gone then, so that pins go back if the next daemon does not start. */
gboolean bpfpv_handover_take(const char *state_dir);
