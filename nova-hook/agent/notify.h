/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells systemd how a service is doing, as sd_notify(3) does; nothing where it doesn't ask. */
#pragma once

/* @state: "READY=1", "STATUS=…", lines */
void bpfpv_notify(const char *state);
