/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libbpfpv's errors: gives each way in which a D-Bus call can fail one
 * BPFPV_ERROR code and a sentence that says what to do about it. The daemon's
 * own sentences are passed on as they are.
 */
#include "client/error.h"

#include "bpfpv/bpfpv.h"

#define START_DAEMON "start it with 'systemctl start bpfpvd'"

/* Errors that the daemon sends, by their name on the bus. */
static const struct {
    const char *name;
    BpfpvError code;
} daemon_errors[] = {
    {"org.bpfpv1.Error.NoSuchDomain", BPFPV_ERROR_NO_SUCH_DOMAIN},
    {"org.bpfpv1.Error.NotRunning", BPFPV_ERROR_DOMAIN_NOT_RUNNING},
    {"org.bpfpv1.Error.NotManaged", BPFPV_ERROR_NOT_MANAGED},
    {"org.bpfpv1.Error.InvalidArgument", BPFPV_ERROR_INVALID_ARGUMENT},
    {"org.bpfpv1.Error.NotConnected", BPFPV_ERROR_NOT_CONNECTED},
    {"org.bpfpv1.Error.Failed", BPFPV_ERROR_FAILED},
};

/**
 * bpfpv_error_quark:
 *
 * Returns: the error domain %BPFPV_ERROR
 */
GQuark
bpfpv_error_quark(void)
{
    return g_quark_from_static_string("bpfpv-error");
}

static gboolean
find_daemon_error(const char *name, BpfpvError *code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(daemon_errors); i++) {
        if (g_strcmp0(daemon_errors[i].name, name) == 0) {
            *code = daemon_errors[i].code;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
matches_any(const GError *cause, GQuark domain, const int *codes, gsize n_codes)
{
    for (gsize i = 0; i < n_codes; i++)
        if (g_error_matches(cause, domain, codes[i]))
            return TRUE;
    return FALSE;
}

static gboolean
is_daemon_absent(const GError *cause)
{
    const int codes[] = {G_DBUS_ERROR_SERVICE_UNKNOWN, G_DBUS_ERROR_NAME_HAS_NO_OWNER};

    return matches_any(cause, G_DBUS_ERROR, codes, G_N_ELEMENTS(codes));
}

static gboolean
is_denied(const GError *cause)
{
    const int codes[] = {G_DBUS_ERROR_ACCESS_DENIED, G_DBUS_ERROR_AUTH_FAILED};

    return matches_any(cause, G_DBUS_ERROR, codes, G_N_ELEMENTS(codes));
}

static gboolean
is_version_mismatch(const GError *cause)
{
    const int codes[] = {G_DBUS_ERROR_UNKNOWN_METHOD, G_DBUS_ERROR_UNKNOWN_INTERFACE,
                         G_DBUS_ERROR_UNKNOWN_OBJECT};

    return matches_any(cause, G_DBUS_ERROR, codes, G_N_ELEMENTS(codes));
}

/* Without a reply in time, GDBus reports an I/O error; the bus has names of its own. */
static gboolean
is_timeout(const GError *cause)
{
    const int codes[] = {G_DBUS_ERROR_TIMEOUT, G_DBUS_ERROR_TIMED_OUT};

    return g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ||
           matches_any(cause, G_DBUS_ERROR, codes, G_N_ELEMENTS(codes));
}

static gboolean
is_disconnected(const GError *cause)
{
    return g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CLOSED) ||
           g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED);
}

static void
set_local_error(GError **error, const char *method, const GError *cause)
{
    if (is_daemon_absent(cause))
        g_set_error_literal(error, BPFPV_ERROR, BPFPV_ERROR_NOT_RUNNING,
                            "bpfpvd is not running: " START_DAEMON);
    else if (g_error_matches(cause, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_NOT_RUNNING,
                    "bpfpvd stopped before it answered %s: see 'journalctl -u bpfpvd', "
                    "then " START_DAEMON,
                    method);
    else if (is_denied(cause))
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_ACCESS_DENIED,
                    "%s is not allowed for this user: run it as root", method);
    else if (is_timeout(cause))
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_TIMED_OUT,
                    "bpfpvd did not answer %s in time: see 'journalctl -u bpfpvd'", method);
    else if (is_disconnected(cause))
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_NO_BUS,
                    "the bus closed the connection during %s: connect again", method);
    else if (is_version_mismatch(cause))
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_FAILED,
                    "bpfpvd does not offer %s: install the version that belongs to "
                    "libbpfpv %s, and restart it",
                    method, bpfpv_version());
    else
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_FAILED, "%s: %s", method, cause->message);
}

/**
 * bpfpv_error_propagate_call:
 * @error: (nullable): return location, domain %BPFPV_ERROR
 * @method: the D-Bus method that was called
 * @cause: (transfer full): what GDBus reported
 *
 * Sets @error to what @cause means to a caller of the library. A cancelled
 * call stays %G_IO_ERROR_CANCELLED. Thread-safe.
 */
void
bpfpv_error_propagate_call(GError **error, const char *method, GError *cause)
{
    g_autoptr(GError) owned = cause;
    g_autofree char *name = g_dbus_error_get_remote_error(cause);
    BpfpvError code;

    if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&owned));
        return;
    }
    g_dbus_error_strip_remote_error(cause);
    if (find_daemon_error(name, &code))
        g_set_error_literal(error, BPFPV_ERROR, code, cause->message);
    else
        set_local_error(error, method, cause);
}

/**
 * bpfpv_error_propagate_connect:
 * @error: (nullable): return location, domain %BPFPV_ERROR
 * @bus_address: (nullable): the address that was tried; %NULL: the system bus
 * @cause: (transfer full): what GDBus reported
 *
 * The same for a connection that could not be made. Thread-safe.
 */
void
bpfpv_error_propagate_connect(GError **error, const char *bus_address, GError *cause)
{
    g_autoptr(GError) owned = cause;

    if (g_error_matches(cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&owned));
        return;
    }
    g_dbus_error_strip_remote_error(cause);
    if (bus_address == NULL)
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_NO_BUS,
                    "cannot connect to the system bus: %s: is dbus running?", cause->message);
    else
        g_set_error(error, BPFPV_ERROR, BPFPV_ERROR_NO_BUS, "cannot connect to the bus at '%s': %s",
                    bus_address, cause->message);
}
