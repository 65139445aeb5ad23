/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the journal has of one domain; see journal.h. No I/O. */
#include "host/journal/journal.h"

static void
thread_free(gpointer data)
{
    BpfpvJournalThread *thread = data;

    bpfpv_cpuset_free(thread->original);
    bpfpv_cpuset_free(thread->before);
    g_free(thread);
}

BpfpvJournalEntry *
bpfpv_journal_entry_new(const char *uuid, const char *name, int id)
{
    BpfpvJournalEntry *entry = g_new0(BpfpvJournalEntry, 1);

    entry->uuid = g_strdup(uuid);
    entry->name = g_strdup(name);
    entry->id = id;
    entry->original = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);
    entry->fixed = bpfpv_cpuset_new();
    entry->before = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);
    entry->threads = g_ptr_array_new_with_free_func(thread_free);
    return entry;
}

void
bpfpv_journal_entry_free(BpfpvJournalEntry *entry)
{
    if (!entry)
        return;
    g_free(entry->uuid);
    g_free(entry->name);
    g_free(entry->channel);
    g_ptr_array_unref(entry->original);
    bpfpv_cpuset_free(entry->fixed);
    g_ptr_array_unref(entry->before);
    g_ptr_array_unref(entry->threads);
    g_free(entry);
}

BpfpvJournalThread *
bpfpv_journal_entry_add_thread(BpfpvJournalEntry *entry, BpfpvThreadKind kind, guint id,
                               const BpfpvCpuset *original)
{
    BpfpvJournalThread *thread = g_new0(BpfpvJournalThread, 1);

    thread->kind = kind;
    thread->id = id;
    thread->original = bpfpv_cpuset_copy(original);
    g_ptr_array_add(entry->threads, thread);
    return thread;
}

BpfpvJournalThread *
bpfpv_journal_entry_find_thread(const BpfpvJournalEntry *entry, BpfpvThreadKind kind, guint id)
{
    for (guint i = 0; i < entry->threads->len; i++) {
        BpfpvJournalThread *thread = g_ptr_array_index(entry->threads, i);

        if (thread->kind == kind && thread->id == id)
            return thread;
    }
    return NULL;
}

/* Takes a copy of @by. */
static void
replace(gpointer *set, const BpfpvCpuset *by)
{
    BpfpvCpuset *copy = by ? bpfpv_cpuset_copy(by) : NULL;

    bpfpv_cpuset_free(*set);
    *set = copy;
}

const BpfpvCpuset *
bpfpv_journal_entry_before(const BpfpvJournalEntry *entry, guint vcpu)
{
    return vcpu < entry->before->len ? g_ptr_array_index(entry->before, vcpu) : NULL;
}

void
bpfpv_journal_entry_set_before(BpfpvJournalEntry *entry, guint vcpu, const BpfpvCpuset *before)
{
    if (vcpu >= entry->before->len)
        g_ptr_array_set_size(entry->before, (gint)vcpu + 1);
    replace(&entry->before->pdata[vcpu], before);
}

void
bpfpv_journal_entry_fix(BpfpvJournalEntry *entry, guint vcpu, const BpfpvCpuset *cpus)
{
    if (!bpfpv_cpuset_contains(entry->fixed, vcpu))
        bpfpv_journal_entry_set_before(entry, vcpu, g_ptr_array_index(entry->original, vcpu));
    bpfpv_cpuset_add(entry->fixed, vcpu);
    replace(&entry->original->pdata[vcpu], cpus);
}

void
bpfpv_journal_entry_unfix(BpfpvJournalEntry *entry, guint vcpu, const BpfpvCpuset *original)
{
    g_autoptr(BpfpvCpuset) copy = bpfpv_cpuset_copy(original);

    bpfpv_cpuset_remove(entry->fixed, vcpu);
    replace(&entry->original->pdata[vcpu], copy);
    bpfpv_journal_entry_set_before(entry, vcpu, NULL);
}

void
bpfpv_journal_thread_fix(BpfpvJournalThread *thread, const BpfpvCpuset *cpus)
{
    if (!thread->fixed)
        replace((gpointer *)&thread->before, thread->original);
    thread->fixed = TRUE;
    replace((gpointer *)&thread->original, cpus);
}

void
bpfpv_journal_thread_unfix(BpfpvJournalThread *thread, const BpfpvCpuset *original)
{
    g_autoptr(BpfpvCpuset) copy = bpfpv_cpuset_copy(original);

    thread->fixed = FALSE;
    replace((gpointer *)&thread->original, copy);
    replace((gpointer *)&thread->before, NULL);
}

gboolean
bpfpv_journal_entry_has_fixed(const BpfpvJournalEntry *entry)
{
    for (guint i = 0; i < entry->threads->len; i++)
        if (((const BpfpvJournalThread *)g_ptr_array_index(entry->threads, i))->fixed)
            return TRUE;
    return !bpfpv_cpuset_is_empty(entry->fixed);
}

gboolean
bpfpv_journal_entry_is_theirs(const BpfpvJournalEntry *entry, guint vcpu)
{
    return bpfpv_cpuset_contains(entry->fixed, vcpu) ||
           bpfpv_cpuset_count(g_ptr_array_index(entry->original, vcpu)) == 1;
}

void
bpfpv_journal_entry_take_theirs(BpfpvJournalEntry *entry, const GPtrArray *present)
{
    for (guint i = 0; i < entry->original->len && i < present->len; i++) {
        const BpfpvCpuset *now = g_ptr_array_index(present, i);

        if (bpfpv_journal_entry_is_theirs(entry, i) &&
            !bpfpv_cpuset_equal(g_ptr_array_index(entry->original, i), now))
            bpfpv_journal_entry_fix(entry, i, now);
    }
}
