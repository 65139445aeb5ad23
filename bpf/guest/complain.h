/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the loader ends and what it says: one line on stderr that the host
 * relays as it is.
 */
#ifndef BPFPV_GUEST_COMPLAIN_H
#define BPFPV_GUEST_COMPLAIN_H

enum exit_code {
    EXIT_RUNNING = 0,
    EXIT_OTHER = 1,
    EXIT_USAGE = 2,
    EXIT_DAMAGED = 3, /* a file isn't what the host sent */
    EXIT_KERNEL = 4,  /* the kernel refuses the programs */
    EXIT_CHANNEL = 5, /* there is no such channel, or somebody holds it */
    EXIT_DENIED = 6,  /* the guest has a file that says no */
};

/**
 * complain:
 * @code: what to return
 * @what: the kind of thing that failed, "channel"
 * @value: which one
 * @why: printf format of what is wrong with it
 *
 * Prints "bpfpv-guest: what: value: why" to stderr, as one line whatever the
 * strings hold.
 *
 * Returns: @code
 */
enum exit_code complain(enum exit_code code, const char *what, const char *value, const char *why,
                        ...) __attribute__((format(printf, 4, 5)));

#endif
