/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the hook does for each of libvirt's operations. libvirtd holds the
 * domain's lock meanwhile, and waits without a limit: nothing in here asks
 * libvirt, the daemon or the network, or waits for anything but its input.
 */
#pragma once

#include <glib.h>

typedef struct {
    gboolean only_warn; /* an invalid element does not keep the domain from starting */
} BpfpvHookConf;

/**
 * bpfpv_hook_load:
 * @path: (nullable): bpfpvd.conf; %NULL: the installed one, which may be absent
 * @conf: (out): the defaults where the file can't be read
 *
 * Returns: (transfer full) (nullable): what is wrong with the file
 */
char *bpfpv_hook_load(const char *path, BpfpvHookConf *conf);

/**
 * bpfpv_hook_run:
 * @domain: its name
 * @operation: libvirt's word: prepare, migrate, …
 * @input: descriptor of the domain's XML; only read by the operations that need it
 * @output: (out): what libvirt is to read; %NULL: nothing
 * @complaint: (out): what people are to read; %NULL: nothing
 *
 * Returns: the exit status
 */
int bpfpv_hook_run(const BpfpvHookConf *conf, const char *domain, const char *operation, int input,
                   char **output, char **complaint);
