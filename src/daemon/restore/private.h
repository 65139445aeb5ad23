/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What restore.c, which gives out turns, and domain.c, which takes them, share. */
#pragma once

#include "daemon/restore/restore.h"
#include "host/journal/journal.h"
#include "host/pinner/pinner.h"
#include "host/worker.h"

typedef struct {
    const BpfpvConf *conf;
    GMainLoop *loop;
    BpfpvWorker *worker;
    GQueue waiting; /* of BpfpvRestoreDomain, not owned: wait their turn */
    guint n_busy;   /* that have it */
    guint n_left;   /* that are not settled, one way or the other */
    guint give_up;  /* timer */
} BpfpvRestore;

/* One domain of the journal; a reference for each call under way, which may outlive the rest. */
typedef struct {
    BpfpvRestore *restore;
    BpfpvJournalEntry *entry;
    BpfpvPinner *pinner; /* NULL before its turn */
    GArray *threads;     /* yet to be put back */
    guint timer;         /* until it waits its turn again */
    gboolean looked_after_failure;
    gboolean settled;
    gboolean closed; /* nobody is interested any more */
    char *reason;    /* why it is not back; NULL: it is, or its run is over */
} BpfpvRestoreDomain;

/* @entry: (transfer full) */
BpfpvRestoreDomain *bpfpv_restore_domain_new(BpfpvRestore *restore, BpfpvJournalEntry *entry);
/* What is under way goes on, and is of no interest. */
void bpfpv_restore_domain_free(gpointer domain);
/* It has its turn: ends with bpfpv_restore_settled() or bpfpv_restore_later(). */
void bpfpv_restore_domain_begin(BpfpvRestoreDomain *domain);

/* The domain is done with; its reason says how. */
void bpfpv_restore_settled(BpfpvRestoreDomain *domain);
/* It waits its turn again, in a moment. */
void bpfpv_restore_later(BpfpvRestoreDomain *domain);
