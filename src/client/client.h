/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libbpfpv share: the client's inside, and the daemon's
 * address on the bus. Internal to libbpfpv, not installed.
 */
#pragma once

#include <gio/gio.h>

#define BPFPV_BUS_NAME "org.bpfpv1"
#define BPFPV_OBJECT_PATH "/org/bpfpv1"
#define BPFPV_MANAGER_INTERFACE "org.bpfpv1.Manager"
#define BPFPV_PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

struct _BpfpvClient {
    GDBusConnection *connection; /* our own, not shared; NULL only while it is being made */
    GHashTable *watches;         /* watch id → another subscription of the same watch, or 0 */
};
