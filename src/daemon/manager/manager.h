/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All managed domains together: takes in what libvirt tells, keeps a session
 * (guest side) and pins (host side) per domain, solves the placement when a
 * demand changes, and hands out the pin calls. Main thread only.
 */
#pragma once

#include <gio/gio.h>

#include "daemon/conf/conf.h"
#include "daemon/pins/pins.h"
#include "daemon/session/session.h"

typedef struct _BpfpvManager BpfpvManager;

typedef struct {
    void (*state)(const char *domain, const char *uuid, const char *state, const char *reason,
                  gpointer user_data);
    /* What bpfpv_status_host() says may have changed. */
    void (*host)(gpointer user_data);
    /* (nullable): what bpfpv_status_show() says of these domains may have changed: at once the
     * first time, and together with what follows a moment later. @uuids: NULL-terminated, of the
     * call */
    void (*changed)(const char *const *uuids, gpointer user_data);
} BpfpvManagerFuncs;

/* One managed domain, for those who report on it. */
typedef struct {
    char *uuid;
    char *name;
    char *key; /* of this run, for the placer: names and UUIDs come again */
    int id;
    char *source; /* (nullable): where its configuration comes from, for people */
    BpfpvSession *session;
    BpfpvGuestTopology *guest; /* (nullable): what its XML says */
    BpfpvCpuset *realtime;     /* (nullable): vCPUs with a real-time scheduler */
    BpfpvCpuset *memory;       /* (nullable): ids of the host cells that most of its memory is in;
                                * NULL: not known */
    BpfpvCpuset *near;         /* (nullable): of those that its PCI devices are near to, if it is to
                                * live there */
    char *near_mistake;        /* (nullable): why it does not, or not near to all of them */
    gint64 memory_us;          /* when that was looked at; 0: never */
    BpfpvCpuset
        *unpinned; /* (nullable): what its XML gives to what is not pinned; NULL: all CPUs */
    BpfpvPins *pins;
    guint placed_serial; /* bpfpv_pins_serial() that the placer knows */
    gboolean releasing;  /* not managed any more: the originals go back */
    gboolean session_stopped;
    gboolean seen;         /* told of since the connection was made */
    gboolean settled;      /* since its session is active, what it asks for was placed */
    BpfpvState told_state; /* as the bus was told last, if it was, with its reason */
    char *told_reason;     /* (nullable) */
    GPtrArray *waiters;    /* of GTask: want to know when it is not managed any more */
    BpfpvManager *manager;
} BpfpvManaged;

/**
 * bpfpv_manager_new:
 * @conf: borrowed as long as the manager; its owner says when it was read again
 *
 * Begins to watch libvirt.
 */
BpfpvManager *bpfpv_manager_new(const BpfpvConf *conf, const BpfpvManagerFuncs *funcs,
                                gpointer user_data, GError **error);
void bpfpv_manager_free(BpfpvManager *manager);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvManager, bpfpv_manager_free)

/**
 * bpfpv_manager_shutdown:
 * @done: called once the original pins are back everywhere they could be put
 *
 * The loaders stay in their guests, for the next daemon.
 */
void bpfpv_manager_shutdown(BpfpvManager *manager, GSourceFunc done, gpointer user_data);
/* After that: how many domains could not be put back. */
guint bpfpv_manager_shutdown_left(const BpfpvManager *manager);

/**
 * bpfpv_manager_reconfigured:
 *
 * What bpfpvd.conf says has changed: solves again, and reads every running
 * domain's XML again. What the change doesn't concern stays as it is.
 */
void bpfpv_manager_reconfigured(BpfpvManager *manager);
/* For people, in one line. Returns: (transfer full) */
char *bpfpv_manager_summary(const BpfpvManager *manager);

/* Returns: (transfer none) (nullable): why what is known of the domains may not be so any more, or
 * not be all: libvirt is not reached, or still being asked; %NULL: it is all there is */
const char *bpfpv_manager_unconnected(const BpfpvManager *manager);
/* Returns: (transfer none): the URI of libvirt */
const char *bpfpv_manager_uri(const BpfpvManager *manager);
/**
 * bpfpv_manager_withdraw:
 * @done: called once, when nothing of bpfpv is left in any running domain, or it can't be removed
 *
 * Instead of managing domains: gives back the originals, ends the loaders in the guests, unplugs
 * the channels that bpfpv plugged in. Right after bpfpv_manager_new().
 */
void bpfpv_manager_withdraw(BpfpvManager *manager, GSourceFunc done, gpointer user_data);
/* Returns: (transfer full) (element-type utf8): UUIDs of the domains that are done with; @left:
 * (out) (optional) (transfer full) (nullable): the names of those that are not, or what is wrong */
GPtrArray *bpfpv_manager_withdrawn(BpfpvManager *manager, char **left);

/* Returns: (transfer container) (element-type BpfpvManaged): sorted by name */
GPtrArray *bpfpv_manager_list(BpfpvManager *manager);
/* Finds a managed domain as virsh finds one: by libvirt's id, else by UUID, else by name. What is
 * another running domain's id or UUID is that domain's, managed or not.
 * Returns: (transfer none) (nullable) */
BpfpvManaged *bpfpv_manager_find(BpfpvManager *manager, const char *text);
/* Returns: (transfer none) (nullable): what the last solve says of this domain */
const BpfpvPlanDomain *bpfpv_manager_plan(BpfpvManager *manager, const BpfpvManaged *managed);
/* Returns: (transfer none): as given to bpfpv_manager_new() */
const BpfpvConf *bpfpv_manager_conf(const BpfpvManager *manager);
/* Returns: (transfer none) (nullable): of the host; %NULL before the first connection to libvirt */
const BpfpvTopology *bpfpv_manager_topology(const BpfpvManager *manager);
/* Whether guests can be served: connected to libvirt, and not shutting down. */
gboolean bpfpv_manager_is_ready(const BpfpvManager *manager);
/* Returns: (transfer full): CPUs that no anchor gets: those that vCPUs of other domains are pinned
 * to one by one, and those that vCPUs of managed domains were pinned to before they were managed */
BpfpvCpuset *bpfpv_manager_fixed(const BpfpvManager *manager);
/* Calls @func for each running domain that is not managed and whose vCPUs are pinned one by one, in
 * the order of their UUIDs. */
void bpfpv_manager_foreach_neighbour(const BpfpvManager *manager,
                                     void (*func)(const char *name, const BpfpvCpuset *cpus,
                                                  gpointer user_data),
                                     gpointer user_data);
/* The session's state and reason, seen together with what the host can give. */
BpfpvState bpfpv_managed_state(const BpfpvManaged *managed, char **reason);

/* Returns TRUE to @task when the originals are back and the guest is left alone. */
void bpfpv_managed_wait_released(BpfpvManaged *managed, GTask *task);
/* bpfpv_pins_release(), and the plan that follows from it.
 * Returns: (transfer full) (element-type BpfpvPinsReleased) */
GPtrArray *bpfpv_managed_hand_back(BpfpvManaged *managed, int vcpu, GError **error);
/* Reads the domain's XML anew. */
void bpfpv_manager_refresh(BpfpvManager *manager, const char *uuid);
