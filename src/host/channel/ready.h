/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of many sockets have something to say. The main loop looks at every source it has in every
 * turn, and with a thousand guests that takes longer than what it turns for; so all their sockets
 * are one source, behind an epoll. Main thread only.
 */
#pragma once

#include <glib.h>

typedef struct _BpfpvReady BpfpvReady;

/* @events: what has come of what was wanted: EPOLLIN, EPOLLOUT; EPOLLHUP and EPOLLERR unasked */
typedef void (*BpfpvReadyFunc)(guint32 events, gpointer user_data);

/**
 * bpfpv_ready_new:
 * @fd: the caller's, who keeps it open as long as the watch
 * @func: called in the main loop, where it may free any watch
 *
 * Nothing is wanted of it at first.
 */
BpfpvReady *bpfpv_ready_new(int fd, BpfpvReadyFunc func, gpointer user_data);
/* (nullable) */
void bpfpv_ready_free(BpfpvReady *ready);

/* @events: EPOLLIN, EPOLLOUT, both; 0: nothing, not even that the other end has hung up */
void bpfpv_ready_want(BpfpvReady *ready, guint32 events);
