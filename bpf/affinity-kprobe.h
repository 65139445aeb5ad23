/* SPDX-License-Identifier: (LGPL-2.1-or-later OR GPL-2.0-only) */
/*
 * affinity.bpf.c's fentry and fexit programs for kernels that have none of
 * these: the same by kprobe and kretprobe. Included by affinity.bpf.c alone;
 * the loader loads either the ones or the others.
 *
 * What a kprobe is given the verifier knows nothing of, so everything is read
 * by helper. The argument of affinity.bpf.c holds: a record is reserved after
 * the change and reads the task after that, and both probes of
 * set_cpus_allowed_common() run where its caller holds p->pi_lock.
 *
 * A kretprobe isn't given the arguments: the kprobe saves them. Interrupts are off
 * between the two, so what the first has saved is the CPU's own until the second; where
 * it is not there, or still there, one of them was skipped, and that is a loss.
 * exchange_tids() is called by the thread itself, which belongs to its leader
 * until later in de_thread().
 */

/* Where struct pt_regs, a part of the kernel's interface, has the arguments. */
#if defined(__TARGET_ARCH_x86)
#define ARGUMENT 14  /* di */
#define ARGUMENT2 13 /* si */
#elif defined(__TARGET_ARCH_arm64)
#define ARGUMENT 0  /* x0 */
#define ARGUMENT2 1 /* x1 */
#elif defined(__TARGET_ARCH_riscv)
#define ARGUMENT 10  /* a0 */
#define ARGUMENT2 11 /* a1 */
#elif defined(__TARGET_ARCH_powerpc)
#define ARGUMENT 3  /* r3 */
#define ARGUMENT2 4 /* r4 */
#else
#error "add where this machine's struct pt_regs has the first two arguments"
#endif

struct saved_call {
	__u64 task;
	__u64 given;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct saved_call);
} saved_calls SEC(".maps");

static __always_inline struct task_struct *probed_task(const unsigned long *regs)
{
	return (struct task_struct *)regs[ARGUMENT];
}

static __always_inline __u32 probed_flags(struct task_struct *p)
{
	__u32 flags = 0;

	bpf_probe_read_kernel(&flags, sizeof(flags), &p->flags);
	return flags;
}

static __always_inline __u64 probed_word(struct task_struct *p, __u32 i)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), mask_of(p) + i);
	return word & bpfpv_env.possible[i];
}

static __always_inline __u64 probed_is_released(struct task_struct *p)
{
	struct pid *id = 0;

	bpf_probe_read_kernel(&id, sizeof(id), &p->thread_pid);
	return !id;
}

static __always_inline __u64 probed_narrow(struct task_struct *p)
{
	__u32 words = cpu_words();
	__u64 missing = 0;
	__u32 i;

#pragma clang loop unroll(disable)
	for (i = 0; i < words && !missing; i++)
		missing = bpfpv_env.possible[i] ^ probed_word(p, i);
	return missing;
}

/* As emit() */
static __always_inline void emit_probed(struct task_struct *p)
{
	struct bpfpv_record *r;
	__u32 words = cpu_words();
	__u64 missing = 0;
	__u32 i;
	__u32 exiting;

	r = bpf_ringbuf_reserve(&records, record_bytes(), 0);
	if (!r) {
		__sync_fetch_and_add(&bpfpv_lost, 1);
		return;
	}
#pragma clang loop unroll(disable)
	for (i = 0; i < words; i++) {
		r->value[i] = probed_word(p, i);
		missing |= r->value[i] ^ bpfpv_env.possible[i];
	}
	r->key = 0;
	bpf_probe_read_kernel(&r->key, sizeof(p->pid), &p->pid);
	r->unused = 0;
	r->size = 0;
	exiting = probed_flags(p) & PF_EXITING;
	if (missing && !exiting)
		r->size = cpu_words() * sizeof(__u64);
	if (!exiting || !probed_is_released(p)) {
		bpf_ringbuf_submit(r, 0);
		return;
	}
	if (!missing)
		__sync_fetch_and_add(&bpfpv_lost, 1);
	bpf_ringbuf_discard(r, 0);
}

/* As only_confines() */
static __always_inline int probed_confines(struct task_struct *p, const void *given)
{
	const struct affinity_context *context = given;
	const void *allowed = 0;

	if (bpf_core_type_exists(struct affinity_context))
		bpf_probe_read_kernel(&given, sizeof(given), &context->new_mask);
	bpf_probe_read_kernel(&allowed, sizeof(allowed), &p->cpus_ptr);
	return given == allowed;
}

/* No task has id 0: the record only wakes the loader, which sees the counter. */
static __always_inline void skipped(void)
{
	__sync_fetch_and_add(&bpfpv_lost, 1);
	emit_tombstone(0);
}

SEC("kprobe/set_cpus_allowed_common")
int probe_before(unsigned long *regs)
{
	struct saved_call *saved;
	__u32 zero = 0;

	saved = bpf_map_lookup_elem(&saved_calls, &zero);
	if (!saved)
		return 0;
	if (saved->task)
		skipped();
	saved->task = (__u64)probed_task(regs);
	saved->given = regs[ARGUMENT2];
	return 0;
}

SEC("kretprobe/set_cpus_allowed_common")
int probe_after(unsigned long *regs)
{
	struct task_struct *p;
	struct saved_call *saved;
	__u32 zero = 0;

	saved = bpf_map_lookup_elem(&saved_calls, &zero);
	if (!saved)
		return 0;
	p = (struct task_struct *)saved->task;
	saved->task = 0;
	if (!p) {
		skipped();
		return 0;
	}
	if (!(probed_flags(p) & PF_KTHREAD) && !probed_confines(p, (const void *)saved->given))
		emit_probed(p);
	return 0;
}

SEC("kretprobe/exchange_tids")
int probe_ids(unsigned long *regs)
{
	struct task_struct *thread = (struct task_struct *)bpf_get_current_task();
	struct task_struct *leader = 0;
	int id = 0;

	bpf_probe_read_kernel(&leader, sizeof(leader), &thread->group_leader);
	bpf_probe_read_kernel(&id, sizeof(id), &leader->pid);
	emit_tombstone(id);
	emit_probed(thread);
	return 0;
}

SEC("kprobe/posix_cpu_timers_exit")
int probe_released(unsigned long *regs)
{
	struct task_struct *p = probed_task(regs);
	int id = 0;

	if (probed_flags(p) & PF_KTHREAD || !probed_narrow(p))
		return 0;
	bpf_probe_read_kernel(&id, sizeof(id), &p->pid);
	emit_tombstone(id);
	return 0;
}
