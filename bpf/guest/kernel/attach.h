/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the programs of an object are attached: by fentry and fexit, or, where
 * the kernel can't, by kprobe and kretprobe. An object may hold both for a
 * function; everything else in it is used either way.
 */
#ifndef BPFPV_GUEST_ATTACH_H
#define BPFPV_GUEST_ATTACH_H

#include <stdbool.h>

struct bpf_object;
struct bpf_program;
struct program;

enum attach_kind {
    ATTACH_ANY, /* fentry and fexit if the kernel can, else kprobe */
    ATTACH_DIRECT,
    ATTACH_KPROBE,
};

/**
 * attach_select:
 * @kind: %ATTACH_DIRECT or %ATTACH_KPROBE
 *
 * Decides which of the object's programs are loaded.
 *
 * Returns: %NULL, or the section of a program that has no counterpart of @kind
 */
const char *attach_select(struct bpf_object *object, enum attach_kind kind);

/**
 * attach_name:
 *
 * Returns: what the host is told: "fexit" if there is one, "fentry", "kprobe",
 * or what the first program is, after attach_select()
 */
const char *attach_name(struct bpf_object *object);

/**
 * attach_all:
 *
 * Attaches what was loaded and takes note of its iterators.
 *
 * Returns: 0 or a negative errno
 */
int attach_all(struct program *program);

/**
 * attach_is_iterator:
 */
bool attach_is_iterator(const struct bpf_program *prog);

#endif
