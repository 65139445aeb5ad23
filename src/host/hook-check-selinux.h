/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What SELinux's policy lets libvirtd execute, asked of the kernel; without its library. */
#pragma once

#include <glib.h>

/**
 * bpfpv_selinux_allows_hook:
 * @path: a file that libvirtd is to execute
 *
 * Returns: %FALSE where SELinux is enforcing and its policy says no; %TRUE also where it can't be
 *   asked
 */
gboolean bpfpv_selinux_allows_hook(const char *path);
