/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Puts back what a daemon that died left pinned; see restore.h. A few domains
 * at a time, as domain.c does it. One that another job holds gives its turn to
 * the next: it has none of the few places, nor a call that waits in libvirt.
 */
#include "daemon/restore/private.h"

/* Domains that are looked at or put back at once; libvirtd has 20 workers for all its clients. */
#define MAX_AT_ONCE 8
/* Between two turns of a domain that is held. */
#define AGAIN_MS 500

/* ---- turns ---- */

static void
give_turns(BpfpvRestore *restore)
{
    while (restore->n_busy < MAX_AT_ONCE && !g_queue_is_empty(&restore->waiting)) {
        restore->n_busy++;
        bpfpv_restore_domain_begin(g_queue_pop_head(&restore->waiting));
    }
    if (restore->n_left == 0)
        g_main_loop_quit(restore->loop);
}

void
bpfpv_restore_settled(BpfpvRestoreDomain *domain)
{
    domain->settled = TRUE;
    domain->restore->n_busy--;
    domain->restore->n_left--;
    give_turns(domain->restore);
}

static gboolean
wait_again(gpointer user_data)
{
    BpfpvRestoreDomain *domain = user_data;

    domain->timer = 0;
    g_queue_push_tail(&domain->restore->waiting, domain);
    give_turns(domain->restore);
    return G_SOURCE_REMOVE;
}

void
bpfpv_restore_later(BpfpvRestoreDomain *domain)
{
    domain->timer = g_timeout_add(AGAIN_MS, wait_again, domain);
    domain->restore->n_busy--;
    give_turns(domain->restore);
}

/* ---- all of them ---- */

/* @entries: (element-type BpfpvJournalEntry): they go to the domains */
static GPtrArray *
make_domains(BpfpvRestore *restore, GPtrArray *entries)
{
    GPtrArray *domains = g_ptr_array_new_with_free_func(bpfpv_restore_domain_free);

    g_ptr_array_set_free_func(entries, NULL);
    for (guint i = 0; i < entries->len; i++) {
        BpfpvRestoreDomain *domain = bpfpv_restore_domain_new(restore, entries->pdata[i]);

        g_queue_push_tail(&restore->waiting, domain);
        g_ptr_array_add(domains, domain);
    }
    restore->n_left = domains->len;
    return domains;
}

static gboolean
give_up(gpointer user_data)
{
    BpfpvRestore *restore = user_data;

    restore->give_up = 0;
    g_main_loop_quit(restore->loop);
    return G_SOURCE_REMOVE;
}

static void
run(BpfpvRestore *restore, guint timeout_ms)
{
    if (restore->n_left == 0)
        return;
    restore->give_up = g_timeout_add(timeout_ms, give_up, restore);
    give_turns(restore);
    g_main_loop_run(restore->loop);
    g_clear_handle_id(&restore->give_up, g_source_remove);
}

/* Returns: how many are not back */
static guint
say_what_is_left(const GPtrArray *domains)
{
    guint n = 0;

    for (guint i = 0; i < domains->len; i++) {
        const BpfpvRestoreDomain *domain = g_ptr_array_index(domains, i);

        if (domain->settled ? !domain->reason : !domain->entry->pinned)
            continue;
        n++;
        g_warning("domain %s: its original pins could not be put back: %s", domain->entry->name,
                  domain->reason ? domain->reason : "libvirt did not answer in time");
    }
    return n;
}

gboolean
bpfpv_restore(const BpfpvConf *conf, guint timeout_ms)
{
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(GPtrArray) entries = bpfpv_journal_list(conf->state_dir, &problems);
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(BpfpvWorker) worker = bpfpv_worker_new(MAX_AT_ONCE);
    BpfpvRestore restore = {.conf = conf, .loop = loop, .worker = worker};
    g_autoptr(GPtrArray) domains = make_domains(&restore, entries);
    guint n;

    for (guint i = 0; i < problems->len; i++)
        g_warning("%s", (const char *)g_ptr_array_index(problems, i));
    run(&restore, timeout_ms);
    g_queue_clear(&restore.waiting);
    n = say_what_is_left(domains);
    if (n > 0)
        g_warning("%u of %u domains are not as they were; %s keeps what they had: start bpfpvd, or "
                  "run \"bpfpvd --restore\" again, when what is in the way is gone",
                  n, domains->len, conf->state_dir);
    return n == 0 && problems->len == 0;
}
