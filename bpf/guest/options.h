/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line.
 */
#ifndef BPFPV_GUEST_OPTIONS_H
#define BPFPV_GUEST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/attach.h"
#include "bpfpv_wire.h"
#include "complain.h"

struct program_file {
    char path[256];
    char name[BPFPV_WIRE_NAME_LEN];
    bool has_digest;
    uint8_t digest[BPFPV_WIRE_DIGEST_LEN]; /* expected */
};

struct options {
    uint8_t session[BPFPV_WIRE_SESSION_LEN]; /* zeroes: started by the guest itself */
    const char *channel;
    uint32_t max_keys;
    uint32_t ring_bytes; /* 0: as the object says */
    enum attach_kind attach;
    bool has_expect;
    uint8_t expect[BPFPV_WIRE_DIGEST_LEN]; /* of the loader itself */
    bool unlink;
    bool foreground;
    bool await_host; /* nothing is loaded before the host speaks */
    bool version;
    bool status;
    size_t n_files;
    struct program_file files[BPFPV_WIRE_MAX_PROGRAMS];
};

/**
 * options_parse:
 * @options: (out): filled even on failure as far as it could be read, so that
 * --unlink is obeyed then too
 *
 * Returns: %EXIT_RUNNING, or %EXIT_USAGE after complaining
 */
enum exit_code options_parse(struct options *options, int argc, char **argv);

#endif
