/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pin calls that libvirt carries out and whose answer never comes, since the
 * connection is lost meanwhile: the daemon may believe neither that they were
 * carried out nor that they were not. It talks to libvirtd through a socket of
 * this test, which can keep the answers to pin calls.
 */
#include "itest.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define LIBVIRTD "/run/libvirt/libvirt-sock"

/* libvirt's remote_protocol.x; the numbers never change. */
#define PROGRAM 0x20008086
#define PIN_VCPU 225 /* REMOTE_PROC_DOMAIN_PIN_VCPU_FLAGS */
#define PIN_EMULATOR 279
#define REPLY 1
#define MESSAGE_MOST (32u << 20)

typedef struct {
    GSocket *from, *to;
    gboolean is_answer;
} Direction;

static BedGuest *guest;
static char *path;
static GSocketService *service;
static GMutex lock;
static gboolean keeps;     /* the answers to pin calls; under lock */
static GPtrArray *sockets; /* to libvirtd, of all connections; under lock */

/* All of them, or FALSE at the end. */
static gboolean
receive(GSocket *from, char *bytes, gsize n)
{
    for (gsize done = 0; done < n;) {
        gssize more = g_socket_receive(from, bytes + done, n - done, NULL, NULL);

        if (more <= 0)
            return FALSE;
        done += (gsize)more;
    }
    return TRUE;
}

static gboolean
send_all(GSocket *to, const char *bytes, gsize n)
{
    for (gsize done = 0; done < n;) {
        gssize more = g_socket_send(to, bytes + done, n - done, NULL, NULL);

        if (more <= 0)
            return FALSE;
        done += (gsize)more;
    }
    return TRUE;
}

/* The answer to a pin call, while such are kept. libvirt's RPC: length, program, version,
 * procedure, type, serial, status; each of four bytes, the highest first. */
static gboolean
is_kept(const char *message, gsize length)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
    guint32 words[5];

    if (!keeps || length < sizeof(words))
        return FALSE;
    memcpy(words, message, sizeof(words));
    return g_ntohl(words[1]) == PROGRAM && g_ntohl(words[4]) == REPLY &&
           (g_ntohl(words[3]) == PIN_VCPU || g_ntohl(words[3]) == PIN_EMULATOR);
}

/* One of libvirt's messages, which bring their length. */
static gboolean
pass_message_on(const Direction *direction)
{
    g_autofree char *message = NULL;
    guint32 length;

    if (!receive(direction->from, (char *)&length, sizeof(length)) ||
        g_ntohl(length) < sizeof(length) || g_ntohl(length) > MESSAGE_MOST)
        return FALSE;
    message = g_malloc(g_ntohl(length));
    memcpy(message, &length, sizeof(length));
    if (!receive(direction->from, message + sizeof(length), g_ntohl(length) - sizeof(length)))
        return FALSE;
    return (direction->is_answer && is_kept(message, g_ntohl(length))) ||
           send_all(direction->to, message, g_ntohl(length));
}

static gpointer
pass_on(gpointer data)
{
    g_autofree Direction *direction = data;

    while (pass_message_on(direction))
        continue;
    g_socket_shutdown(direction->to, TRUE, TRUE, NULL);
    g_object_unref(direction->from);
    g_object_unref(direction->to);
    return NULL;
}

static void
start_passing_on(GSocket *from, GSocket *to, gboolean is_answer)
{
    Direction *direction = g_new0(Direction, 1);

    direction->from = g_object_ref(from);
    direction->to = g_object_ref(to);
    direction->is_answer = is_answer;
    g_thread_unref(g_thread_new("pass-on", pass_on, direction));
}

static gboolean
on_connection(GThreadedSocketService *threads, GSocketConnection *connection, GObject *source,
              gpointer user_data)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(LIBVIRTD);
    g_autoptr(GSocket) libvirtd = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
    GSocket *daemon = g_socket_connection_get_socket(connection);

    if (!g_socket_connect(libvirtd, address, NULL, NULL))
        return TRUE;
    g_mutex_lock(&lock);
    g_ptr_array_add(sockets, g_object_ref(libvirtd));
    g_mutex_unlock(&lock);
    start_passing_on(daemon, libvirtd, FALSE);
    start_passing_on(libvirtd, daemon, TRUE);
    return TRUE;
}

static gpointer
serve(gpointer data)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);

    g_main_context_push_thread_default(context);
    service = g_threaded_socket_service_new(64);
    g_signal_connect(service, "run", G_CALLBACK(on_connection), NULL);
    if (!g_socket_listener_add_address(G_SOCKET_LISTENER(service), address, G_SOCKET_TYPE_STREAM,
                                       G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, NULL))
        g_error("can't listen at %s", path);
    for (;;)
        g_main_context_iteration(context, TRUE);
    return NULL;
}

static gboolean
is_listening(gpointer data)
{
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void
keep_answers(void)
{
    g_mutex_lock(&lock);
    keeps = TRUE;
    g_mutex_unlock(&lock);
}

static void
cut(void)
{
    g_mutex_lock(&lock);
    keeps = FALSE;
    for (guint i = 0; i < sockets->len; i++)
        g_socket_shutdown(g_ptr_array_index(sockets, i), TRUE, TRUE, NULL);
    g_ptr_array_set_size(sockets, 0);
    g_mutex_unlock(&lock);
}

static int
setup(void **state)
{
    static const BedGuestOptions options = {
        .name = "unanswered",
        .cputune_xml = "<iothreads>1</iothreads>",
        .metadata_xml = "<bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"
                        "<placement cpuset='0-1'/></program></bpfpv>",
    };
    g_autofree char *connect = NULL;

    path = g_build_filename(g_getenv("BED_DIR"), "answers.sock", NULL);
    sockets = g_ptr_array_new_with_free_func(g_object_unref);
    g_thread_unref(g_thread_new("serve", serve, NULL));
    assert_true(bed_wait(is_listening, NULL, BED_SOON));
    guest = bed_guest_start(&options);
    connect = g_strdup_printf("--connect=qemu+unix:///system?socket=%s", path);
    bed_daemon_start(connect, NULL);
    bed_wait_state("unanswered", "active", BED_SOON);
    return 0;
}

/* As many of vCPUs 0 and 1 and the emulator as are not where they were. */
static guint
count_moved(void)
{
    g_autofree char *all = bed_host_cpus();
    g_autofree char *now[] = {bed_vcpupin(guest, 0), bed_vcpupin(guest, 1), bed_emulatorpin(guest)};
    guint n = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(now); i++)
        n += !g_str_equal(now[i], all);
    return n;
}

static gboolean
is_one_moved(gpointer data)
{
    return count_moved() > 0;
}

static gboolean
is_fewer_moved(gpointer data)
{
    return count_moved() < *(guint *)data;
}

static void
assert_all_back(void)
{
    bed_assert_vcpupin_all(guest, 0, BED_SOON);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
    bed_assert_emulatorpin(guest, NULL, BED_SOON);
    bed_assert_iothreadpin(guest, 1, NULL, BED_SOON);
}

static void
it_is_put_back_what_an_unanswered_call_has_moved(void **state)
{
    gint64 pid;

    keep_answers();
    pid = bed_guest_task(guest, NULL, 0, "pin 1");
    if (!bed_wait(is_one_moved, NULL, BED_SOON))
        bed_fail("no pin call came");
    bed_guest_kill(guest, pid, SIGKILL); /* so that nothing is to be moved any more */
    cut();
    assert_all_back();
}

static void
it_is_moved_again_what_an_unanswered_call_has_put_back(void **state)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");
    g_autofree char *rest = NULL;
    gint64 another;
    guint before;

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    rest = bed_emulatorpin(guest);
    before = count_moved();
    assert_int_equal(before, 3);
    keep_answers();
    bed_guest_kill(guest, pid, SIGKILL);
    if (!bed_wait(is_fewer_moved, &before, BED_SOON))
        bed_fail("no pin call came");
    another = bed_guest_task(guest, NULL, 0, "pin 1");
    cut();
    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_assert_emulatorpin(guest, rest, BED_SOON);
    bed_assert_vcpupin(guest, 0, rest, BED_SOON);
    bed_guest_kill(guest, another, SIGKILL);
    assert_all_back();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_put_back_what_an_unanswered_call_has_moved),
        cmocka_unit_test(it_is_moved_again_what_an_unanswered_call_has_put_back),
    };

    return cmocka_run_group_tests(tests, setup, bed_cleanup);
}
