/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must survive the daemon: per managed domain the masks its vCPUs had
 * before the first pin, and what was plugged into it. One small JSON file per
 * domain in a directory that a host reboot clears, as it clears the pins.
 */
#pragma once

#include <glib.h>

#include "core/plan/plan.h"

/* One of QEMU's threads that are no vCPUs. */
typedef struct {
    BpfpvThreadKind kind;
    guint id;              /* an I/O thread's number; 0 for the emulator */
    BpfpvCpuset *original; /* what it had before bpfpv */
    gboolean fixed;        /* an administrator has pinned it meanwhile: that is the original */
    BpfpvCpuset *before;   /* (nullable): the original before that, if it is known */
} BpfpvJournalThread;

typedef struct {
    char *uuid;
    char *name;
    int id;               /* libvirt's id of this run of the domain */
    gboolean pinned;      /* pins of ours may be in force: @original is what to put back */
    gboolean our_channel; /* the channel was plugged in by us */
    char *channel;        /* (nullable): its target name */
    GPtrArray *original;  /* of BpfpvCpuset, by vCPU */
    BpfpvCpuset *fixed;   /* vCPUs that an administrator has pinned meanwhile */
    GPtrArray *before;  /* of BpfpvCpuset or NULL, by vCPU: of those, the originals before that, if
                         * they are known; may be shorter */
    GPtrArray *threads; /* of BpfpvJournalThread: emulator and I/O threads */
} BpfpvJournalEntry;

BpfpvJournalEntry *bpfpv_journal_entry_new(const char *uuid, const char *name, int id);
void bpfpv_journal_entry_free(BpfpvJournalEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvJournalEntry, bpfpv_journal_entry_free)

/* Returns: (transfer none): a new thread, which has a copy of @original */
BpfpvJournalThread *bpfpv_journal_entry_add_thread(BpfpvJournalEntry *entry, BpfpvThreadKind kind,
                                                   guint id, const BpfpvCpuset *original);
/* Returns: (transfer none) (nullable) */
BpfpvJournalThread *bpfpv_journal_entry_find_thread(const BpfpvJournalEntry *entry,
                                                    BpfpvThreadKind kind, guint id);

/* An administrator has pinned @vcpu to @cpus: that is its original from now on, and what it was
 * before the first such pin stays known. */
void bpfpv_journal_entry_fix(BpfpvJournalEntry *entry, guint vcpu, const BpfpvCpuset *cpus);
/* The same of a thread. */
void bpfpv_journal_thread_fix(BpfpvJournalThread *thread, const BpfpvCpuset *cpus);
/* @before: (nullable): copied */
void bpfpv_journal_entry_set_before(BpfpvJournalEntry *entry, guint vcpu,
                                    const BpfpvCpuset *before);
/* Returns: (transfer none) (nullable): the original of @vcpu before an administrator pinned it */
const BpfpvCpuset *bpfpv_journal_entry_before(const BpfpvJournalEntry *entry, guint vcpu);
/* It is the administrator's no more: @original is its original again. */
void bpfpv_journal_entry_unfix(BpfpvJournalEntry *entry, guint vcpu, const BpfpvCpuset *original);
void bpfpv_journal_thread_unfix(BpfpvJournalThread *thread, const BpfpvCpuset *original);

/* Whether bpfpv never pins @vcpu: an administrator has pinned it, or its definition to one CPU. */
gboolean bpfpv_journal_entry_is_theirs(const BpfpvJournalEntry *entry, guint vcpu);
/* Where such a vCPU has other CPUs than those on record, an administrator has pinned it while
 * nobody listened: what it has becomes its original. @present: (element-type BpfpvCpuset) */
void bpfpv_journal_entry_take_theirs(BpfpvJournalEntry *entry, const GPtrArray *present);
/* Whether an administrator has pinned something. */
gboolean bpfpv_journal_entry_has_fixed(const BpfpvJournalEntry *entry);

/**
 * bpfpv_journal_write:
 * @directory: made where it is missing
 *
 * Replaces the domain's entry, atomically. One that can't be read is not replaced: that is an
 * error.
 */
gboolean bpfpv_journal_write(const char *directory, const BpfpvJournalEntry *entry, GError **error);

/**
 * bpfpv_journal_read:
 * @error: return location: what is wrong with the file, and what is to be done
 *
 * Returns: (transfer full) (nullable): %NULL without @error: there is none
 */
BpfpvJournalEntry *bpfpv_journal_read(const char *directory, const char *uuid, GError **error);

/**
 * bpfpv_journal_remove:
 *
 * Forgets a domain; that it is not there is no error. One that can't be read stays, for an
 * administrator to move away.
 */
void bpfpv_journal_remove(const char *directory, const char *uuid);

/**
 * bpfpv_journal_list:
 * @problems: (out) (transfer full) (element-type utf8): what is wrong with what can't be read, and
 *   what is to be done
 *
 * Returns: (transfer full) (element-type BpfpvJournalEntry): all that can be read
 */
GPtrArray *bpfpv_journal_list(const char *directory, GPtrArray **problems);
