/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What injections that were cut off have left in the guest: the host makes a new
 * directory for each, and one that died in the middle knows nothing of its own.
 */
#ifndef BPFPV_GUEST_LEFTOVERS_H
#define BPFPV_GUEST_LEFTOVERS_H

/**
 * leftovers_remove:
 * @parent: the directory that injections are made below; others may write to it
 *
 * Removes from @parent what the host's injector has made there ten minutes ago or
 * earlier, and nothing that isn't this user's alone. Errors are ignored.
 */
void leftovers_remove(const char *parent);

#endif
