/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Watches libvirt: which domains run, what their XML says, and what happens to
 * their agents and channels. Survives libvirtd's restarts. All calls and
 * callbacks are of the main thread; what blocks runs in workers.
 */
#pragma once

#include <gio/gio.h>

#include "core/cpuset/cpuset.h"

typedef struct _BpfpvWatch BpfpvWatch;

/* The host as libvirt tells of it. */
typedef struct {
    char *capabilities; /* (nullable): XML */
    BpfpvCpuset *present;
    BpfpvCpuset *cpus_online;
} BpfpvWatchHost;

typedef struct {
    /* Connected: every running domain follows through domain(), then listed(). */
    void (*connected)(const BpfpvWatchHost *host, gpointer user_data);
    /* CPUs have come online or gone. libvirt has no event for it; noticed within seconds. */
    void (*cpus_changed)(const BpfpvWatchHost *host, gpointer user_data);
    void (*disconnected)(const char *reason, gpointer user_data);
    /* A running domain as it is now; again after whatever may have changed @xml. */
    void (*domain)(const char *uuid, int id, const char *xml, gpointer user_data);
    /* Every domain that ran when the connection was made has been told. */
    void (*listed)(gpointer user_data);
    /* A domain of which nothing new is known for now: its XML could not be read, which is tried
     * again. It counts as told. */
    void (*unread)(const char *uuid, gpointer user_data);
    /* The domain does not run here any more. */
    void (*gone)(const char *uuid, gpointer user_data);
    void (*agent)(const char *uuid, gboolean connected, gpointer user_data);
    /* The guest starts over: nothing in it is as it was. */
    void (*reset)(const char *uuid, gpointer user_data);
    /* A virtio port of the guest was opened or closed; @alias is QEMU's device id. */
    void (*port)(const char *uuid, const char *alias, gboolean open, gpointer user_data);
    /* A thread of the domain was pinned, by whomever. @thread: libvirt's name: "vcpupin0",
     * "emulatorpin", "iothreadpin1"; @cpus: as libvirt writes them. */
    void (*pinned)(const char *uuid, const char *thread, const char *cpus, gpointer user_data);
} BpfpvWatchFuncs;

/**
 * bpfpv_watch_new:
 * @uri: libvirt URI
 * @funcs: (transfer none): valid as long as the watch
 *
 * Connects in the background and keeps trying, a second apart.
 */
BpfpvWatch *bpfpv_watch_new(const char *uri, const BpfpvWatchFuncs *funcs, gpointer user_data);
void bpfpv_watch_free(BpfpvWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvWatch, bpfpv_watch_free)

/**
 * bpfpv_watch_refresh:
 * @uuid: a domain
 *
 * Reads its XML again; domain() or gone() follows.
 */
void bpfpv_watch_refresh(BpfpvWatch *watch, const char *uuid);

/**
 * bpfpv_watch_refresh_all:
 *
 * Reads the XML of every running domain again; domain() or gone() follows for
 * each, then listed(). Nothing follows where there is no connection: the next
 * one reads them anyway.
 */
void bpfpv_watch_refresh_all(BpfpvWatch *watch);
