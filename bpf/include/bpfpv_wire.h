/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wire protocol between the guest loader and the host: frame layouts and
 * limits, and nothing else. Shared by bpf/guest (no GLib) and src/core/wire/wire.c,
 * so it includes only <stdint.h>.
 *
 * The guest publishes one keyed table per program; the host holds a replica.
 * Every integer is little-endian and naturally aligned; strings are
 * NUL-padded and need not be NUL-terminated when they fill their field.
 *
 * Order on one connection:
 *   host:  LIMIT RESYNC(nonce)
 *   guest: HELLO(nonce) CPU_IDS CPUS { BEGIN RECORDS* END } per program
 *          then RECORDS (deltas) as things change, CPU_IDS CPUS when the guest's CPUs
 *          change, and BEGIN..END again whenever the guest lost an event.
 * The host ignores every byte before the HELLO that echoes its nonce: what a
 * previous connection left half sent is never decoded.
 */
#ifndef BPFPV_WIRE_LAYOUT_H
#define BPFPV_WIRE_LAYOUT_H

#include <stdint.h>

#define BPFPV_WIRE_MAGIC 0x76706662u /* "bfpv" in memory */
#define BPFPV_WIRE_VERSION 1

/* Bytes after the header of the largest frame that either side may send. */
#define BPFPV_WIRE_MAX_PAYLOAD 32768u

/* Largest value of one record; a mask of 8192 CPUs, the most Linux allows. */
#define BPFPV_WIRE_MAX_VALUE 1024u
#define BPFPV_WIRE_MAX_CPUS 8192u
#define BPFPV_WIRE_MAX_PROGRAMS 16u

/* What the values of one program's keys may take together, for @max_keys of them: 64
 * bytes each, a mask of 512 CPUs. With larger values there are fewer keys, so that no
 * guest makes the host keep a kilobyte for each. */
#define BPFPV_WIRE_MAX_BYTES(max_keys) (64u * (uint64_t)((max_keys) > 1024u ? (max_keys) : 1024u))

enum bpfpv_wire_type {
	/* guest to host */
	BPFPV_WIRE_HELLO = 1,
	BPFPV_WIRE_CPUS = 2,
	BPFPV_WIRE_BEGIN = 3,
	BPFPV_WIRE_RECORDS = 4,
	BPFPV_WIRE_END = 5,
	BPFPV_WIRE_PONG = 6,
	BPFPV_WIRE_BYE = 7,
	BPFPV_WIRE_CPU_IDS = 8,
	/* host to guest */
	BPFPV_WIRE_RESYNC = 64,
	BPFPV_WIRE_PING = 65,
	BPFPV_WIRE_STOP = 66,
	BPFPV_WIRE_LIMIT = 67,
};

struct bpfpv_wire_header {
	uint32_t magic;  /* BPFPV_WIRE_MAGIC */
	uint16_t type;   /* enum bpfpv_wire_type */
	uint16_t flags;  /* 0; a receiver refuses anything else */
	uint32_t length; /* bytes of payload that follow, a multiple of 8 */
	uint32_t unused; /* 0 */
};

#define BPFPV_WIRE_KERNEL_LEN 64
#define BPFPV_WIRE_BUILD_LEN 32
#define BPFPV_WIRE_NAME_LEN 32
#define BPFPV_WIRE_ATTACH_LEN 16
#define BPFPV_WIRE_DIGEST_LEN 32
#define BPFPV_WIRE_SESSION_LEN 16

/* HELLO: this, then n_programs times struct bpfpv_wire_program. */
struct bpfpv_wire_hello {
	uint16_t version;                        /* BPFPV_WIRE_VERSION */
	uint16_t n_programs;                     /* 1..BPFPV_WIRE_MAX_PROGRAMS */
	uint32_t max_keys;                       /* most keys the loader keeps per program */
	uint64_t nonce;                          /* echoed from the RESYNC that asked */
	uint8_t session[BPFPV_WIRE_SESSION_LEN]; /* the host's; zeroes: the guest's own */
	char kernel[BPFPV_WIRE_KERNEL_LEN];      /* uname -r */
	char build[BPFPV_WIRE_BUILD_LEN];        /* the loader's version */
	uint8_t digest[BPFPV_WIRE_DIGEST_LEN];   /* SHA-256 of the loader's file */
};

/* A program's index in this list is its "program" in the frames below. */
struct bpfpv_wire_program {
	char name[BPFPV_WIRE_NAME_LEN];        /* "affinity" */
	char attach[BPFPV_WIRE_ATTACH_LEN];    /* "fexit", "kprobe", … */
	uint8_t digest[BPFPV_WIRE_DIGEST_LEN]; /* SHA-256 of the object file */
};

/* CPUS: this, then words × u64 possible CPUs, then words × u64 online CPUs;
 * CPU n is bit n % 64 of word n / 64. */
struct bpfpv_wire_cpus {
	uint32_t n_cpus; /* 1..BPFPV_WIRE_MAX_CPUS, the kernel's nr_cpu_ids */
	uint32_t words;  /* (n_cpus + 63) / 64 */
};

/* CPU_IDS: this, then count times struct bpfpv_wire_cpu_id. What the CPUs are, at least the online
 * ones of the CPUS that follows; not sent by a machine that has no such ids. */
struct bpfpv_wire_cpu_ids {
	uint32_t count;  /* 1..BPFPV_WIRE_MAX_CPU_IDS */
	uint32_t unused; /* 0 */
};

struct bpfpv_wire_cpu_id {
	uint32_t cpu; /* as the guest numbers it, below BPFPV_WIRE_MAX_CPUS */
	uint32_t id;  /* x86: its initial APIC id; arm64: Aff3 to Aff0 of its MPIDR */
};

#define BPFPV_WIRE_MAX_CPU_IDS                                                    \
	((BPFPV_WIRE_MAX_PAYLOAD - (unsigned)sizeof(struct bpfpv_wire_cpu_ids)) / \
	 (unsigned)sizeof(struct bpfpv_wire_cpu_id))

/* BEGIN: a snapshot of one program's table starts; generation grows. */
struct bpfpv_wire_begin {
	uint32_t program;
	uint32_t generation;
};

/* RECORDS: this, then count records. Between BEGIN and END the generation is
 * the new one and the records build the new replica; otherwise they are
 * changes to the replica of that generation. */
struct bpfpv_wire_records {
	uint32_t program;
	uint32_t generation;
	uint32_t count;
	uint32_t unused; /* 0 */
};

/* One record: this, then size bytes of value, padded with zeroes to 8. */
struct bpfpv_wire_record {
	uint64_t key;
	uint32_t size;   /* 0 is a tombstone; else 1..BPFPV_WIRE_MAX_VALUE */
	uint32_t unused; /* 0 */
};

/* END: the snapshot is whole; the host swaps replicas. */
struct bpfpv_wire_end {
	uint32_t program;
	uint32_t generation;
	uint64_t keys;    /* in this snapshot: what the new replica holds */
	uint64_t lost;    /* events lost since the loader started (each repaired) */
	uint64_t dropped; /* keys that did not fit, this time */
};

/* PONG, RESYNC, PING. */
struct bpfpv_wire_nonce {
	uint64_t nonce;
};

/* LIMIT: what the loader may keep, from the next RESYNC on. */
struct bpfpv_wire_limit {
	uint32_t max_keys; /* per program, at least 1; their values: BPFPV_WIRE_MAX_BYTES */
	uint32_t unused;   /* 0 */
};

enum bpfpv_wire_bye {
	BPFPV_WIRE_BYE_STOPPED = 1,  /* the host asked */
	BPFPV_WIRE_BYE_SIGNAL = 2,   /* somebody in the guest asked */
	BPFPV_WIRE_BYE_INTERNAL = 3, /* the text says what failed */
};

#define BPFPV_WIRE_BYE_TEXT_LEN 120

/* BYE: the loader's last words. */
struct bpfpv_wire_bye_frame {
	uint32_t reason; /* enum bpfpv_wire_bye */
	uint32_t unused; /* 0 */
	char text[BPFPV_WIRE_BYE_TEXT_LEN];
};

#endif
