// SPDX-License-Identifier: (LGPL-2.1-or-later OR GPL-2.0-only)
/*
 * The CPU affinity that the guest's tasks ask for, as a keyed table.
 *
 *   key    thread id in the initial pid namespace
 *   value  cpus_mask & possible, bpfpv_env.cpu_words words
 *
 * A task is in the table while its mask is narrower than all possible CPUs,
 * it isn't a kernel thread and it isn't exiting. io_uring's workers are no kernel
 * threads from 5.12 on, and count: one that polls where its application has put it
 * is what this is about.
 *
 * Why the last record of a key is the truth: every change of a mask is
 * followed by a record that is *reserved* after the change and *reads* the
 * task after it was reserved. Records are consumed in the order in which they
 * were reserved. So the record that belongs to a key's last change, and every
 * later record of that key, read the state after that change; which event
 * caused a record doesn't matter, nor that one in the middle may already have
 * read what a later one repeats. Nothing is checked first and then reserved,
 * except where "no record" is right whatever happens next: a task that is not
 * in the table when it is looked at gets there only by a change or an exec,
 * and those emit on their own.
 *
 * The end of a task: PF_EXITING is set long before sched_process_exit, and a
 * record of a task with PF_EXITING is a tombstone. A record that still reads a
 * value was therefore reserved before the exit's tombstone. Who found the task by
 * its id may set its mask when it has been released and the id is another's: such
 * a change has no record. docs/protocol.md says why none is missed.
 *
 * No event is missed: the kernel skips a program that is running already on
 * the same CPU, and since 7.x a tracepoint's program can be preempted, by the
 * loader that its record wakes for instance, and so met by the next task's.
 * Every program that has to see each event is therefore attached where
 * interrupts are off:
 *
 *   set_cpus_allowed_common()  p->pi_lock is held; this also serialises the
 *                              changes of a task
 *   sched_wakeup_new           the run queue's lock is held
 *   exchange_tids()            tasklist_lock is held for writing
 *   posix_cpu_timers_exit()    likewise: in release_task(), before the id is free
 *
 * sched_process_exit only says the same as the last of these, as soon as the
 * task exits rather than when it is reaped. sched_process_exec matters for
 * kernels that let kernel threads exec, which are older than 5.19.
 *
 * The second argument of set_cpus_allowed_common() is the new mask, and from 6.2 on
 * a struct that points to it.
 */
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "bpfpv_record.h"
#include "bpfpv_task.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct bpfpv_env bpfpv_env SEC(".rodata") = {};
__u64 bpfpv_lost SEC(".data") = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} records SEC(".maps");

/* Room for a record with the largest value. */
struct record_space {
	__u64 words[sizeof(struct bpfpv_record) / sizeof(__u64) + BPFPV_MAX_CPU_WORDS];
};

/* Where the iterator builds a record; only the loader runs it, one at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record_space);
} iter_record SEC(".maps");

/*
 * Constants to the verifier: .rodata is frozen, so loops over words end. The first
 * word is taken out of them: with 64 CPUs or fewer, no loop is left.
 */
static __always_inline __u32 cpu_words(void)
{
	__u32 words = bpfpv_env.cpu_words;

	return words < BPFPV_MAX_CPU_WORDS ? words : BPFPV_MAX_CPU_WORDS;
}

static __always_inline __u32 record_bytes(void)
{
	return sizeof(struct bpfpv_record) + cpu_words() * sizeof(__u64);
}

/* The address is hidden from the compiler: libbpf can't relocate a load of a struct. */
static __always_inline const __u64 *mask_of(struct task_struct *p)
{
	const __u64 *mask = (const __u64 *)&p->cpus_mask;

	barrier_var(mask);
	return mask;
}

/* Copies p's mask without the bits that mean nothing; 0 if it is full. */
static __always_inline __u64 copy_mask(__u64 *to, struct task_struct *p)
{
	const __u64 *mask = mask_of(p);
	__u32 words = cpu_words();
	__u64 missing;
	__u32 i;

	to[0] = mask[0] & bpfpv_env.possible[0];
	missing = to[0] ^ bpfpv_env.possible[0];
#pragma clang loop unroll(disable)
	for (i = 1; i < words; i++) {
		to[i] = mask[i] & bpfpv_env.possible[i];
		missing |= to[i] ^ bpfpv_env.possible[i];
	}
	return missing;
}

static __always_inline __u64 is_narrow(struct task_struct *p)
{
	const __u64 *mask = mask_of(p);
	__u32 words = cpu_words();
	__u64 missing = bpfpv_env.possible[0] & ~mask[0];
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 1; i < words; i++)
		missing |= bpfpv_env.possible[i] & ~mask[i];
	return missing;
}

/*
 * Records what p is now: its mask, or that it isn't in the table. Once p is released,
 * its id may be another's: then nothing can be said of the id, and nothing is due if
 * the release saw a narrow mask. If the mask is full the release may have seen that,
 * and this is the only record of it: a loss.
 */
static __always_inline void emit(struct task_struct *p)
{
	struct bpfpv_record *r;
	__u64 missing;
	__u32 exiting;

	r = bpf_ringbuf_reserve(&records, record_bytes(), 0);
	if (!r) {
		__sync_fetch_and_add(&bpfpv_lost, 1);
		return;
	}
	exiting = p->flags & PF_EXITING;
	missing = copy_mask(r->value, p);
	r->key = p->pid;
	r->unused = 0;
	r->size = 0;
	if (missing && !exiting)
		r->size = cpu_words() * sizeof(__u64);
	if (!exiting || p->thread_pid) {
		bpf_ringbuf_submit(r, 0);
		return;
	}
	if (!missing)
		__sync_fetch_and_add(&bpfpv_lost, 1);
	bpf_ringbuf_discard(r, 0);
}

static __always_inline void emit_tombstone(__u64 key)
{
	struct bpfpv_record *r;

	r = bpf_ringbuf_reserve(&records, sizeof(*r), 0);
	if (!r) {
		__sync_fetch_and_add(&bpfpv_lost, 1);
		return;
	}
	r->key = key;
	r->size = 0;
	r->unused = 0;
	bpf_ringbuf_submit(r, 0);
}

/*
 * Whether the call only set p->cpus_ptr, as it does for migrate_disable() and
 * migrate_enable(): to what it was given, which is then cpumask_of() p's CPU, or
 * p's own mask. A change of the mask is copied from another, a caller's.
 */
static __always_inline int only_confines(struct task_struct *p, const void *given)
{
	if (bpf_core_type_exists(struct affinity_context))
		given = ((const struct affinity_context *)given)->new_mask;
	return given == p->cpus_ptr;
}

/* Who changes nothing by sched_setaffinity() or a cpuset does not get here. */
SEC("fexit/set_cpus_allowed_common")
int BPF_PROG(mask_changed, struct task_struct *p, const void *given)
{
	if (!(p->flags & PF_KTHREAD) && !only_confines(p, given))
		emit(p);
	return 0;
}

#ifndef BPFPV_TEST_BREAK_FORK /* defined by the test that has to notice */
/* A new task starts with its parent's mask, and no change says so. */
SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(task_started, struct task_struct *p)
{
	if (is_narrow(p) && !(p->flags & PF_KTHREAD))
		emit(p);
	return 0;
}
#endif

/*
 * A thread that isn't its process's first execs, and takes over the first's id. Of
 * both ids something is said whatever the masks are: the first's key is the thread's
 * now, and the release of the first speaks of the id that the thread had.
 */
SEC("fexit/exchange_tids")
int BPF_PROG(ids_exchanged, struct task_struct *thread, struct task_struct *leader)
{
	emit_tombstone(leader->pid);
	emit(thread);
	return 0;
}

/* A kernel thread may just have become a user's task. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(task_executed, struct task_struct *p)
{
	if (is_narrow(p))
		emit(p);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(task_exited, struct task_struct *p)
{
	if (is_narrow(p) && !(p->flags & PF_KTHREAD))
		emit(p);
	return 0;
}

SEC("fentry/posix_cpu_timers_exit")
int BPF_PROG(task_released, struct task_struct *p)
{
	if (is_narrow(p) && !(p->flags & PF_KTHREAD))
		emit_tombstone(p->pid);
	return 0;
}

#include "affinity-kprobe.h"

SEC("iter/task")
int each_task(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *p = ctx->task;
	struct bpfpv_record *r;
	__u32 zero = 0;

	if (!p || p->flags & (PF_KTHREAD | PF_EXITING))
		return 0;
	r = bpf_map_lookup_elem(&iter_record, &zero);
	if (!r || !copy_mask(r->value, p))
		return 0;
	r->key = p->pid;
	r->size = cpu_words() * sizeof(__u64);
	r->unused = 0;
	bpf_seq_write(seq, r, record_bytes());
	return 0;
}
