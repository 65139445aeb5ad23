/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What watch.c, watch-events.c and watch-host.c share. */
#pragma once

#include <libvirt/libvirt.h>

#include "host/watch.h"
#include "host/worker.h"

#define BPFPV_WATCH_N_EVENTS 7

/* A domain whose XML is being read. */
typedef enum {
    BPFPV_WATCH_READING = 1,
    BPFPV_WATCH_READING_AGAIN,    /* and that will be read again */
    BPFPV_WATCH_READING_OUTDATED, /* that too, since what is being read may be of a run that ended
                                   */
} BpfpvWatchReading;

struct _BpfpvWatch {
    char *uri;
    const BpfpvWatchFuncs *funcs;
    gpointer user_data;
    GCancellable *cancellable;
    BpfpvWorker *readers;
    virConnectPtr connection; /* NULL while there is none */
    guint serial;             /* of the connection: answers of an older one are dropped */
    gboolean listing;         /* listed() has not been told yet */
    GHashTable *reading;      /* UUID → BpfpvWatchReading */
    GHashTable *retries;      /* UUID → a read that failed and is made again */
    guint reconnect;          /* timer */
    guint look;               /* timer: are the same CPUs online? */
    BpfpvCpuset *cpus_online; /* as told last */
    guint closing;            /* idle source */
    int events[BPFPV_WATCH_N_EVENTS];
    int monitor_event; /* -1: this libvirt gives none */
};

/* What a worker reads; the task's data. */
typedef struct {
    virConnectPtr connection; /* a reference of its own */
    char *uuid;               /* (nullable) */
    guint serial;
} BpfpvWatchRead;

/* Runs @func in a worker, on the connection that there is. */
void bpfpv_watch_run(BpfpvWatch *watch, const char *uuid, GTaskThreadFunc func,
                     GAsyncReadyCallback done);

/* A run of the domain has begun or ended: what is being read of it now does not count. */
void bpfpv_watch_run_changed(BpfpvWatch *watch, const char *uuid);

/* watch-read.c: */
/* Tells that all domains are known once the last of those listed was read. */
void bpfpv_watch_tell_if_listed(BpfpvWatch *watch);
/* Frees what is in @retries. */
void bpfpv_watch_retry_free(gpointer retry);

/* watch-host.c: */
/* Blocks. */
BpfpvWatchHost *bpfpv_watch_host_read(virConnectPtr connection, GError **error);
void bpfpv_watch_host_free(BpfpvWatchHost *host);
/* Begins to look whether it is still so. */
void bpfpv_watch_host_begin(BpfpvWatch *watch, const BpfpvWatchHost *host);
void bpfpv_watch_host_end(BpfpvWatch *watch);

/* watch-events.c: */
/* Registers for the connection's events; nothing stays registered on error. */
gboolean bpfpv_watch_events_start(BpfpvWatch *watch, GError **error);
/* Deregisters: before the connection is closed, or it leaks. */
void bpfpv_watch_events_stop(BpfpvWatch *watch);
/* Called by the events when the connection has closed. */
void bpfpv_watch_connection_closed(BpfpvWatch *watch);
