/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cpuset cgroups of running domains: where they are, what they allow, and when that may have
 * changed. The only place that knows of /sys/fs/cgroup. Reads small files of the kernel's alone,
 * so that the main thread may.
 *
 * A domain's cgroup holds one for each of its threads, which libvirt pins: vcpuN, iothreadN,
 * emulator. What the domain's own allows, through all that it is in, bounds every pin:
 *
 *     v2, systemd     /machine.slice/machine-qemu\x2d1\x2dNAME.scope/libvirt/vcpu0
 *     v2, no systemd  /machine/qemu-1-NAME.libvirt-qemu/vcpu0, also with libvirt/ in between
 *     v1              /machine/qemu-1-NAME.libvirt-qemu/vcpu0, in the hierarchy of cpusets
 */
#pragma once

#include <gio/gio.h>

#include "core/cpuset/cpuset.h"

typedef struct _BpfpvCgroup BpfpvCgroup;

/**
 * bpfpv_cgroup_find:
 * @root: "" for the host's files, or a directory that they are below
 * @pid: a process of the domain's: QEMU's
 *
 * Returns: (transfer full) (nullable): the domain's cgroup; %NULL where there are no cpusets
 */
BpfpvCgroup *bpfpv_cgroup_find(const char *root, gint64 pid);
void bpfpv_cgroup_free(BpfpvCgroup *cgroup);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvCgroup, bpfpv_cgroup_free)

/**
 * bpfpv_cgroup_path:
 *
 * Returns: (transfer none): the domain's directory
 */
const char *bpfpv_cgroup_path(const BpfpvCgroup *cgroup);

/**
 * bpfpv_cgroup_is_v1:
 *
 * Returns: whether a pin that is not within what is allowed is refused; else it is refused only if
 * nothing of it is
 */
gboolean bpfpv_cgroup_is_v1(const BpfpvCgroup *cgroup);

/**
 * bpfpv_cgroup_allowed:
 *
 * Returns: (transfer full) (nullable): the host CPUs that the domain's threads may be pinned to, as
 * they are now, online ones alone; %NULL: not known, or the cgroup is gone
 */
BpfpvCpuset *bpfpv_cgroup_allowed(const BpfpvCgroup *cgroup);

/* Tells when what a cgroup allows may have changed. */
typedef struct _BpfpvCgroupWatch BpfpvCgroupWatch;
typedef struct _BpfpvCgroupListener BpfpvCgroupListener;

/**
 * bpfpv_cgroup_watch_new:
 *
 * One serves all domains. Somebody's writing to a cpuset is noticed at once; what the kernel does
 * by itself, as when CPUs go offline, has no event: every listener is called every few seconds too.
 */
BpfpvCgroupWatch *bpfpv_cgroup_watch_new(void);
void bpfpv_cgroup_watch_free(BpfpvCgroupWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvCgroupWatch, bpfpv_cgroup_watch_free)

/**
 * bpfpv_cgroup_watch_add:
 * @cgroup: borrowed as long as the listener
 * @changed: called in the main loop, a moment after the event, once for several
 *
 * Returns: (transfer full): bpfpv_cgroup_watch_remove() it before @watch is freed
 */
BpfpvCgroupListener *bpfpv_cgroup_watch_add(BpfpvCgroupWatch *watch, const BpfpvCgroup *cgroup,
                                            void (*changed)(gpointer user_data),
                                            gpointer user_data);
void bpfpv_cgroup_watch_remove(BpfpvCgroupListener *listener);

/**
 * bpfpv_cgroup_watch_threads:
 *
 * Threads may have come: listens to their cgroups too.
 */
void bpfpv_cgroup_watch_threads(BpfpvCgroupListener *listener);
