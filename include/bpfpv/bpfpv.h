/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public interface of libbpfpv: asks a running bpfpvd over D-Bus what it
 * does for the domains of this host, and tells it to take up or give up one.
 * The only header that is installed; it needs nothing but GIO.
 *
 * The dictionaries that come back have the keys of bpfpvctl's JSON, see
 * bpfpvctl(1). Texts in them and in errors may carry bytes that a guest chose:
 * replace control characters before showing them on a terminal.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#if defined(__GNUC__)
#define BPFPV_API __attribute__((visibility("default")))
#else
#define BPFPV_API
#endif

/**
 * BpfpvError:
 * @BPFPV_ERROR_FAILED: anything that has no code of its own; the message says what
 * @BPFPV_ERROR_NO_SUCH_DOMAIN: libvirt knows no such domain
 * @BPFPV_ERROR_DOMAIN_NOT_RUNNING: the domain exists, but is shut off
 * @BPFPV_ERROR_NOT_MANAGED: the domain runs, but bpfpvd has not been told to manage it
 * @BPFPV_ERROR_INVALID_ARGUMENT: an argument that can not be right
 * @BPFPV_ERROR_NOT_RUNNING: bpfpvd is not on the bus, or left it during the call
 * @BPFPV_ERROR_ACCESS_DENIED: the caller may not do this; it needs root
 * @BPFPV_ERROR_TIMED_OUT: bpfpvd did not answer in time; what was asked may still happen
 * @BPFPV_ERROR_NO_BUS: the bus itself can not be reached, or has closed the connection
 * @BPFPV_ERROR_NOT_CONNECTED: bpfpvd is not connected to libvirt, so that it can not tell
 */
typedef enum {
    BPFPV_ERROR_FAILED,
    BPFPV_ERROR_NO_SUCH_DOMAIN,
    BPFPV_ERROR_DOMAIN_NOT_RUNNING,
    BPFPV_ERROR_NOT_MANAGED,
    BPFPV_ERROR_INVALID_ARGUMENT,
    BPFPV_ERROR_NOT_RUNNING,
    BPFPV_ERROR_ACCESS_DENIED,
    BPFPV_ERROR_TIMED_OUT,
    BPFPV_ERROR_NO_BUS,
    BPFPV_ERROR_NOT_CONNECTED
} BpfpvError;

#define BPFPV_ERROR (bpfpv_error_quark())
BPFPV_API GQuark bpfpv_error_quark(void);

/* The version of the library that runs, "MAJOR.MINOR.PATCH"; static. */
BPFPV_API const char *bpfpv_version(void);

/* A connection to bpfpvd. Use it from one thread at a time. */
typedef struct _BpfpvClient BpfpvClient;

/**
 * BpfpvStateFunc:
 * @client: the client that watches; may be freed by the callback
 * @domain: the domain's name
 * @uuid: the domain's UUID
 * @state: waiting-agent, injecting, syncing, active, failed or detached
 * @reason: why, for people; "" if there is nothing to say
 * @user_data: what was given to bpfpv_client_watch()
 *
 * A domain's state changed. The strings are valid during the call only.
 */
typedef void (*BpfpvStateFunc)(BpfpvClient *client, const char *domain, const char *uuid,
                               const char *state, const char *reason, gpointer user_data);

/**
 * BpfpvHostFunc:
 * @client: the client that watches; may be freed by the callback
 * @user_data: what was given to bpfpv_client_watch_host()
 *
 * The daemon came or went, or what it says of this host changed: ask it.
 */
typedef void (*BpfpvHostFunc)(BpfpvClient *client, gpointer user_data);

/**
 * BpfpvChangesFunc:
 * @client: the client that watches; may be freed by the callback
 * @uuids: NULL-terminated, of the domains
 * @user_data: what was given to bpfpv_client_watch_changes()
 *
 * What bpfpv_client_list_sync() and bpfpv_client_show_sync() say of these
 * domains may have changed. The strings are valid during the call only.
 */
typedef void (*BpfpvChangesFunc)(BpfpvClient *client, const char *const *uuids, gpointer user_data);

/* bus_address: a D-Bus address; NULL: the system bus. The daemon need not run yet. */
BPFPV_API BpfpvClient *bpfpv_client_new_sync(const char *bus_address, GCancellable *cancellable,
                                             GError **error);
/* Ends all watches and closes the connection. */
BPFPV_API void bpfpv_client_free(BpfpvClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BpfpvClient, bpfpv_client_free)

/* aa{sv}: one dictionary per managed domain, sorted by name. As long as bpfpvd is not connected to
 * libvirt, which "Connected" of bpfpv_client_host_sync() says, it is what was known last. */
BPFPV_API GVariant *bpfpv_client_list_sync(BpfpvClient *client, GCancellable *cancellable,
                                           GError **error);
/* a{sv}: all about one domain, given by name, UUID or libvirt id. */
BPFPV_API GVariant *bpfpv_client_show_sync(BpfpvClient *client, const char *domain,
                                           GCancellable *cancellable, GError **error);
/* a{sv}: the host's CPUs and who sits on them; its "cpus" is empty while libvirt is out of reach.
 */
BPFPV_API GVariant *bpfpv_client_map_sync(BpfpvClient *client, GCancellable *cancellable,
                                          GError **error);
/* a{sv}: whether the daemon can serve domains, and what this host has to give. */
BPFPV_API GVariant *bpfpv_client_host_sync(BpfpvClient *client, GCancellable *cancellable,
                                           GError **error);
/* What the daemon counts, as OpenMetrics text; free it with g_free(). */
BPFPV_API char *bpfpv_client_metrics_sync(BpfpvClient *client, GCancellable *cancellable,
                                          GError **error);
/* a(ts): every key of a program's replica, and its value as text. */
BPFPV_API GVariant *bpfpv_client_keys_sync(BpfpvClient *client, const char *domain,
                                           const char *program, GCancellable *cancellable,
                                           GError **error);
/* Asks the daemon to manage a running domain; how it goes on, a watch tells. */
BPFPV_API gboolean bpfpv_client_attach_sync(BpfpvClient *client, const char *domain,
                                            GCancellable *cancellable, GError **error);
/* Asks the daemon to let go of a domain; returns when its original pins are back. */
BPFPV_API gboolean bpfpv_client_detach_sync(BpfpvClient *client, const char *domain,
                                            GCancellable *cancellable, GError **error);
/* Every vCPU, the emulator and every I/O thread. */
#define BPFPV_RELEASE_ALL (-1)
/* aa{sv}: hands a vCPU that an administrator has pinned by hand back to the daemon, or all that
 * was. */
BPFPV_API GVariant *bpfpv_client_release_sync(BpfpvClient *client, const char *domain, int vcpu,
                                              GCancellable *cancellable, GError **error);
/* Has the daemon read bpfpvd.conf again; fails, and changes nothing, where it has mistakes. */
BPFPV_API gboolean bpfpv_client_reload_sync(BpfpvClient *client, GCancellable *cancellable,
                                            GError **error);

/* Calls func in the current thread-default main context whenever a domain changes state. */
BPFPV_API guint bpfpv_client_watch(BpfpvClient *client, BpfpvStateFunc func, gpointer user_data,
                                   GDestroyNotify destroy);
/* Calls func when what bpfpv_client_host_sync() says may have changed, the daemon's start and end
 * among it. */
BPFPV_API guint bpfpv_client_watch_host(BpfpvClient *client, BpfpvHostFunc func, gpointer user_data,
                                        GDestroyNotify destroy);
/* Calls func when what is planned, or in force, for a domain may have changed. */
BPFPV_API guint bpfpv_client_watch_changes(BpfpvClient *client, BpfpvChangesFunc func,
                                           gpointer user_data, GDestroyNotify destroy);
BPFPV_API void bpfpv_client_unwatch(BpfpvClient *client, guint watch_id);

G_END_DECLS
