/* SPDX-License-Identifier: (LGPL-2.1-or-later OR GPL-2.0-only) */
/*
 * What a guest program and the guest loader agree on. A program is any
 * NAME.bpf.o that keeps these conventions; the loader knows nothing else of
 * it. Included by BPF code (after the fixed-width types exist) and by
 * bpf/guest.
 *
 *   map    "records"   BPF_MAP_TYPE_RINGBUF: struct bpfpv_record per change
 *   rodata "bpfpv_env" struct bpfpv_env, filled by the loader before loading
 *   data   "bpfpv_lost" __u64, grown by one for each record that did not fit or could
 *          not be made
 *   one or more iter/… programs: write struct bpfpv_record per live key with
 *          bpf_seq_write; together they are the snapshot
 *   fentry/F and fexit/F programs may have kprobe/F or kretprobe/F ones beside
 *          them, which are loaded instead where the kernel can't attach the former
 *   every other program is attached by its section name
 *
 * Order: after every change of a key's state a program emits a record that it
 * reserves after the change, and reads the state after it has reserved. So the
 * last record of a key in the ring buffer is true, see docs/protocol.md.
 */
#ifndef BPFPV_RECORD_H
#define BPFPV_RECORD_H

#define BPFPV_MAX_CPU_WORDS 128

struct bpfpv_env {
	__u32 n_cpus;    /* nr_cpu_ids of the running kernel */
	__u32 cpu_words; /* (n_cpus + 63) / 64 */
	__u64 possible[BPFPV_MAX_CPU_WORDS];
};

/* size bytes of value follow; size 0 is a tombstone. Native byte order. */
struct bpfpv_record {
	__u64 key;
	__u32 size;
	__u32 unused;
	__u64 value[];
};

#endif
