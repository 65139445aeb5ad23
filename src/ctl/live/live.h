/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What bpfpvctl prints again while things go on: in place on a terminal, one
 * below the other elsewhere. Waits for the bus's signals, not for time.
 */
#pragma once

#include "ctl/command.h"

/* ---- screen.c: text that takes the place of what was there before ---- */

typedef struct _BpfpvScreen BpfpvScreen;

/* @term: whether it can be written to in place; borrowed, and may change its size between calls */
BpfpvScreen *bpfpv_screen_new(const BpfpvTerm *term);
void bpfpv_screen_free(BpfpvScreen *screen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvScreen, bpfpv_screen_free)
/* Prints @text, clean lines, each ended, unless it is what was printed last. Where lines are more
 * than the terminal has, the last say how many are left out. */
void bpfpv_screen_show(BpfpvScreen *screen, const char *text);
/* The terminal was resized: what is on it is in disorder. */
void bpfpv_screen_reset(BpfpvScreen *screen);

/* ---- watch.c ---- */

/* Returns: (transfer full): what there is to show now: lines, each ended; NULL with @error set */
typedef char *(*BpfpvLookFunc)(const BpfpvCtl *ctl, BpfpvClient *client, gpointer user_data,
                               GError **error);
/* Shows what @look returns, whenever that has changed, until it is interrupted. Goes on while
 * bpfpvd is away. Returns: an exit code: the bus is not to be had */
int bpfpv_ctl_watch(const BpfpvCtl *ctl, BpfpvLookFunc look, gpointer user_data);

/* ---- follow.c ---- */

/* Has @domains (of char *: names, UUIDs or ids) attached, and prints their states until each is
 * active or has failed, for @timeout_s seconds at most. What went wrong is said on standard error.
 * @named: lines begin with the domain. Returns: an exit code */
int bpfpv_ctl_attach_and_follow(const BpfpvCtl *ctl, BpfpvClient *client, const GPtrArray *domains,
                                gboolean named, guint timeout_s);
