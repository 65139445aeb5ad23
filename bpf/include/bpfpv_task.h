/* SPDX-License-Identifier: (LGPL-2.1-or-later OR GPL-2.0-only) */
/*
 * The few kernel types that programs about tasks read. Field offsets are
 * relocated by libbpf to those of the running kernel (CO-RE), so only names
 * and the kinds of the fields matter here, and no vmlinux.h is needed.
 */
#ifndef BPFPV_TASK_H
#define BPFPV_TASK_H

#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct cpumask {
	unsigned long bits[1];
};

struct pid;

struct task_struct {
	unsigned int flags;
	int pid;
	struct pid *thread_pid;         /* NULL from when it is released */
	const struct cpumask *cpus_ptr; /* cpus_mask, or cpumask_of() the CPU it must stay on */
	struct cpumask cpus_mask;
	struct task_struct *group_leader;
};

struct affinity_context {
	const struct cpumask *new_mask;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
