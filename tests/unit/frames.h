/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds what a guest sends, frame by frame, for tests: straight from the
 * structs of bpfpv_wire.h, and with none of the code under test. Reads what the
 * host asks for, too. For little-endian hosts only, as the tests are.
 */
#pragma once

#include <string.h>

#include <gio/gio.h>

#include "bpfpv_wire.h"

#define FRAMES_NONCE G_GUINT64_CONSTANT(0x1122334455667788)

void frames_add(GByteArray *stream, guint type, const void *payload, gsize length);

/* A HELLO of @n_programs programs called "p0", "p1", … */
void frames_add_hello(GByteArray *stream, guint64 nonce, guint n_programs);

/* CPUS with up to 64 CPUs. */
void frames_add_cpus(GByteArray *stream, guint n_cpus, guint64 possible, guint64 online);

/* CPU_IDS; @ids: pairs of a CPU and its APIC id. */
void frames_add_cpu_ids(GByteArray *stream, const struct bpfpv_wire_cpu_id *ids, guint count);

void frames_add_begin(GByteArray *stream, guint program, guint generation);

void frames_add_end(GByteArray *stream, guint program, guint generation, guint64 keys);

/* RECORDS with keys @first, @first + 1, … and for values the 8 bytes of @value; 0: tombstones. */
void frames_add_records(GByteArray *stream, guint program, guint generation, guint64 first,
                        guint count, guint64 value);

/* HELLO of two programs, and CPUS 0-7 of 8. */
void frames_add_opening(GByteArray *stream);

/* Reads from @guest, the guest's end of a channel, what the host sends up to its next RESYNC, and
 * turns the main loop meanwhile. Returns: the RESYNC's nonce */
guint64 frames_read_resync(GSocket *guest);
