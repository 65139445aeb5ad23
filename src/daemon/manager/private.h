/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder share. */
#pragma once

#include "core/placer/placer.h"
#include "daemon/manager/manager.h"
#include "xml/domain-topology.h"
#include "host/watch.h"

/* A running domain with vCPUs that are pinned one by one; of use while it is not managed. */
typedef struct {
    char *name;
    BpfpvCpuset *cpus; /* that they are pinned to */
} BpfpvNeighbour;

struct _BpfpvManager {
    const BpfpvConf *conf;
    const BpfpvManagerFuncs *funcs;
    gpointer user_data;
    BpfpvPayload *payload;
    BpfpvWatch *watch;
    BpfpvCgroupWatch *cgroups;
    BpfpvTopology *topology; /* NULL before the first connection */
    GHashTable *domains;     /* UUID → BpfpvManaged */
    GHashTable *by_key;      /* the placer's key → BpfpvManaged */
    GHashTable *runs;        /* UUID → libvirt's id: of all running domains, managed or not */
    BpfpvPlacer *placer;     /* has the last plan */
    gboolean all_unplaced;   /* what the placer knows of the host, and of all domains, may be old */
    GHashTable *unplaced;    /* of BpfpvManaged: what it knows of them may be old */
    GHashTable *unreached;   /* of BpfpvManaged: they may not have what the plan gives them yet */
    GHashTable *untold;      /* of BpfpvManaged: their states may be others than was told */
    gboolean allowed_only;   /* the host's cgroups refuse what goes beyond them */
    GCancellable *cancellable; /* for what is under way in workers when it ends */
    GHashTable *neighbours;    /* UUID → BpfpvNeighbour */
    GHashTable *hopeless; /* key → why the host can give it no anchor, "" if it can; as far as
                           * anybody asked since the last solve */
    guint hold_source;    /* an anchor's hold time ends */
    guint place_source;   /* a solve is due */
    gint64 rest_until_us; /* none before: the last one took long */
    guint step_source;    /* pin calls are due */
    guint tell_source;    /* states were told a moment ago */
    gboolean tell_again;  /* and may be others by now */
    guint drop_source;    /* released domains are to be looked at */
    gboolean connected;   /* to libvirt */
    gboolean unreachable; /* the last try to connect failed, or the connection broke */
    char *unconnected;    /* why there is no connection, or not all domains are known; NULL: it is
                           * there, and they are */
    gboolean listed;      /* all domains that ran when the connection was made are known */
    gboolean shutting_down;
    GHashTable *withdrawn; /* (nullable): only to be ended: UUIDs of those that were begun with */
    GSourceFunc withdraw_done;
    gpointer withdraw_data;
    guint shutdown_timer; /* until it is given up */
    guint offline_timer;  /* the same, while there is no connection */
    guint shutdown_left;  /* domains that were given up */
    GSourceFunc shutdown_done;
    gpointer shutdown_data;
};

/* host.c: the host, its topology and who else is on it. */
void bpfpv_manager_set_host(BpfpvManager *manager, const BpfpvWatchHost *host);
void bpfpv_neighbour_free(gpointer neighbour);
/* A running domain is pinned to @cpus one by one, which is nobody else's while it is a neighbour.
 */
void bpfpv_manager_note_pinned(BpfpvManager *manager, const char *uuid, const char *name,
                               const BpfpvCpuset *cpus);
/* Whether a domain is not managed, or not so far that its pins are known. */
gboolean bpfpv_manager_is_neighbour(const BpfpvManager *manager, const char *uuid);
/* Returns: (transfer full): CPUs that neighbours are pinned to, one by one */
BpfpvCpuset *bpfpv_manager_taken(const BpfpvManager *manager);
/* The host changed, or who else is on it, or which domains are here: solves, once however often it
 * is called. */
void bpfpv_manager_place_soon(BpfpvManager *manager);
/* What one domain asks for, or may have, is something else: likewise. */
void bpfpv_managed_place_soon(BpfpvManaged *managed);
/* What a domain's threads have is something else: hands out the pin calls that have become due. */
void bpfpv_managed_step_soon(BpfpvManaged *managed);
void bpfpv_manager_drop_soon(BpfpvManager *manager);
/* state.c: */
/* Tells the bus how @managed is. */
void bpfpv_managed_tell_state(BpfpvManaged *managed);
/* What was solved, or what came of the pin calls, may have changed the states of those that are
 * untold: those that have are told, at once the first time and a moment later from then on. */
void bpfpv_manager_tell_states(BpfpvManager *manager);

/* withdraw.c: */
/* A running domain that is not managed, while everything is being withdrawn.
 * Returns: (nullable): NULL where nothing of ours is in it */
BpfpvManaged *bpfpv_manager_withdraw_domain(BpfpvManager *manager, const BpfpvDomainXml *xml,
                                            int id);
/* A domain is done with, all are known, or libvirt is out of reach. */
void bpfpv_manager_check_withdrawal(BpfpvManager *manager);

/* shutdown.c: */
/* Ends the shutdown when every original is back. */
void bpfpv_manager_check_shutdown(BpfpvManager *manager);
/* The connection to libvirt was made, or lost. */
void bpfpv_manager_shutdown_connection(BpfpvManager *manager);

/* memory.c: */
/* Where its memory is may be another place than what is known, or nothing is known: it is looked at
 * if that is some time ago. */
void bpfpv_managed_look_at_memory(BpfpvManaged *managed);

/* place.c: */
/* Whether what @managed asks for counts; if not, its originals are due. */
gboolean bpfpv_managed_takes_part(const BpfpvManager *manager, const BpfpvManaged *managed);
/* After its pins are ready. @domain: filled in, borrows from @managed and @threads
 * @threads: (element-type BpfpvPlacementThread): filled too */
void bpfpv_managed_fill(const BpfpvManaged *managed, BpfpvPlacementDomain *domain, GArray *threads);
/* @taken: bpfpv_manager_taken()'s, borrowed */
BpfpvPlacementHost bpfpv_manager_placement_host(const BpfpvManager *manager,
                                                const BpfpvCpuset *taken);

/* watch.c: what the watch calls; its user data is the manager. */
extern const BpfpvWatchFuncs bpfpv_manager_watch_funcs;

/* A running domain with an element, until now unknown. */
BpfpvManaged *bpfpv_manager_manage(BpfpvManager *manager, const BpfpvDomainXml *xml, int id);
/* Its element is gone: the originals go back, and its loader ends. */
void bpfpv_managed_release(BpfpvManaged *managed);
