/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether libvirtd can run its hook. A hook that it cannot run ends every
 * running guest when libvirtd restarts, so this is tried before one is put in
 * place: under libvirtd's AppArmor profile, and by SELinux's policy for it.
 */
#pragma once

#include <glib.h>

/* Where libvirtd looks for it. */
#define BPFPV_HOOK_PATH SYSCONFDIR "/libvirt/hooks/qemu.d/bpfpv"

#define BPFPV_HOOK_ERROR (bpfpv_hook_error_quark())
typedef enum {
    BPFPV_HOOK_ERROR_ABSENT,  /* there is none: libvirtd does without */
    BPFPV_HOOK_ERROR_FAILS,   /* libvirtd can't run it, or it fails */
    BPFPV_HOOK_ERROR_UNTRIED, /* it could not be tried as libvirtd would */
} BpfpvHookError;
GQuark bpfpv_hook_error_quark(void);

/**
 * bpfpv_hook_check:
 * @path: the hook
 * @error: return location, domain %BPFPV_HOOK_ERROR
 *
 * Runs @path as libvirtd does in "reconnect", of a domain that doesn't exist. Needs root where
 * AppArmor or SELinux is in force. Blocks, for some seconds at most.
 *
 * Returns: whether it ended with status 0
 */
gboolean bpfpv_hook_check(const char *path, GError **error);

/**
 * bpfpv_hook_labels:
 * @profiles: what the kernel lists as AppArmor's profiles, a line each: "NAME (MODE)"
 *
 * Returns: (transfer full): those in force for a daemon that runs hooks
 */
GStrv bpfpv_hook_labels(const char *profiles);
