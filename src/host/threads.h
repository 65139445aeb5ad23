/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A running domain's threads as the kernel has them: which CPUs each may really run on, whatever
 * was asked for. Reads /proc, where a thread's name says what it is of QEMU; what it costs is a
 * system call for each thread, so that the main thread may.
 */
#pragma once

#include <glib.h>

#include "core/cpuset/cpuset.h"
#include "core/plan/plan.h"

typedef struct _BpfpvThreads BpfpvThreads;

/**
 * bpfpv_threads_find_pid:
 * @root: "" for the host's files, or a directory that they are below
 * @name: the domain's name
 * @uuid: its UUID: a process that isn't started for it is not taken for its QEMU
 *
 * Reads libvirt's note of the process.
 *
 * Returns: QEMU's process id; 0: not known
 */
gint64 bpfpv_threads_find_pid(const char *root, const char *name, const char *uuid);

/**
 * bpfpv_threads_new:
 * @pid: QEMU's process id
 */
BpfpvThreads *bpfpv_threads_new(gint64 pid);
/* Returns: that process */
gint64 bpfpv_threads_pid(const BpfpvThreads *threads);
void bpfpv_threads_free(BpfpvThreads *threads);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvThreads, bpfpv_threads_free)

/**
 * bpfpv_threads_look:
 *
 * What follows is a new look: threads that are not known are searched for once in each.
 */
void bpfpv_threads_look(BpfpvThreads *threads);

/**
 * bpfpv_threads_cpus:
 * @kind: what it is
 * @id: a vCPU's or I/O thread's number; 0 for the emulator, which is QEMU's main thread
 *
 * Returns: (transfer full) (nullable): the online host CPUs that the kernel lets the thread run on;
 * %NULL: there is none of that name
 */
BpfpvCpuset *bpfpv_threads_cpus(BpfpvThreads *threads, BpfpvThreadKind kind, guint id);
