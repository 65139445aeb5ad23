/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What ps shows of the loader: its command line is overwritten by words that
 * tell the guest's administrator what runs.
 */
#ifndef BPFPV_GUEST_TITLE_H
#define BPFPV_GUEST_TITLE_H

#define TITLE_NAME "bpfpv-guest"

/**
 * title_reserve:
 *
 * Takes note of the command line's memory. The first to see @argv; nothing
 * that points into it is valid after title_add() or title_end().
 */
void title_reserve(int argc, char **argv);

/**
 * title_add:
 *
 * Adds a word after %TITLE_NAME, for good; it is cut short where there is no
 * room. A printf format.
 */
void title_add(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * title_end:
 *
 * Sets the last word, in place of the one that was set before. No system call.
 */
void title_end(const char *word);

#endif
