/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file that has the password: who may read it is checked, and nothing of it is left behind. */
#pragma once

#include "nova-hook/http/secret.h"

/* The credential's name in a systemd unit. */
#define BPFPV_CREDENTIAL "bpfpv-placement"

/**
 * bpfpv_credentials_read:
 * @path: (nullable): the file that was configured
 * @fallback: the default one
 * @key: "password" or "application_credential_secret"
 *
 * Reads @key from @path; without that, from systemd's credential %BPFPV_CREDENTIAL; without that,
 * from @fallback. The file has lines KEY=VALUE; blanks around both don't count, "#" begins a
 * comment line. It must belong to root or to the caller, and nobody else may read or write it
 * (of systemd's: its group may read it, which is how systemd gives it to a service).
 *
 * Returns: (transfer full): the value; %NULL with @error set, which never has any of the file in it
 */
BpfpvSecret *bpfpv_credentials_read(const char *path, const char *fallback, const char *key,
                                    GError **error);
