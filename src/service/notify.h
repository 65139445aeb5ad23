/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells systemd how a service is doing, as sd_notify(3) does; nothing where it doesn't ask. For
 * every service of bpfpv's: stands on GLib alone.
 */
#pragma once

#include <glib.h>

/**
 * bpfpv_notify:
 * @state: "READY=1", "STATUS=…", lines
 *
 * Never blocks for long, never fails: a service runs as well without being asked.
 */
void bpfpv_notify(const char *state);

/**
 * bpfpv_notify_reloading:
 *
 * Says that the configuration is being read again; "READY=1" says that it has been.
 */
void bpfpv_notify_reloading(void);

/**
 * bpfpv_notify_start_watchdog:
 *
 * Where systemd watches this process (WatchdogSec=), sends it a sign of life twice in that time
 * from the default main context: only while its loop turns.
 *
 * Returns: the source's id; 0: nobody watches
 */
guint bpfpv_notify_start_watchdog(void);
