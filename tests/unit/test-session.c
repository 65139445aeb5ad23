/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a session makes of facts that come late: a loader that holds the port
 * while the domain's XML says that nobody does. No guest can be reached here,
 * so that every injection fails.
 */
#include "unit.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "daemon/session/session.h"
#include "frames.h"

#define NOWHERE "test+nosuch:///"
#define UUID "6695eb01-f6a4-8304-79aa-97f2502e193f"

typedef struct {
    char *directory, *path;
    GSocket *listener; /* QEMU's end of the channel */
    BpfpvSession *session;
    guint refreshes;
    guint channels; /* plugged in, or about to be */
} Fixture;

static void
on_refresh(BpfpvSession *session, gpointer user_data)
{
    ((Fixture *)user_data)->refreshes++;
}

static void
ignore(BpfpvSession *session, gpointer user_data)
{
}

static void
on_channel(BpfpvSession *session, gboolean ours, gpointer user_data)
{
    ((Fixture *)user_data)->channels += ours;
}

static const BpfpvSessionFuncs funcs = {ignore, ignore, on_refresh, on_channel, ignore};

static BpfpvPayload *
make_payload(const char *directory)
{
    g_autofree char *loader = g_build_filename(directory, "bpfpv-guest", NULL);
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    BpfpvPayload *payload;

    assert_true(g_file_set_contents(loader, "loader", -1, NULL));
    payload = bpfpv_payload_load(directory, programs, NULL);
    assert_non_null(payload);
    g_unlink(loader);
    return payload;
}

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);
    g_autoptr(GSocketAddress) address = NULL;
    g_autoptr(BpfpvPayload) payload = NULL;

    fixture->directory = g_dir_make_tmp("bpfpv-session-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->directory, "socket", NULL);
    address = g_unix_socket_address_new(fixture->path);
    fixture->listener = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);
    assert_true(g_socket_bind(fixture->listener, address, FALSE, NULL));
    assert_true(g_socket_listen(fixture->listener, NULL));
    payload = make_payload(fixture->directory);
    fixture->session = bpfpv_session_new(NOWHERE, UUID, "late", 1, FALSE, payload, &funcs, fixture);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;

    bpfpv_session_free(fixture->session);
    g_object_unref(fixture->listener);
    g_unlink(fixture->path);
    g_rmdir(fixture->directory);
    g_free(fixture->path);
    g_free(fixture->directory);
    g_free(fixture);
    return 0;
}

/* As the domain's XML would have it; the agent is always there. */
static void
tell(Fixture *fixture, gboolean port_open)
{
    g_autofree char *text = g_strdup_printf(
        "<domain id='1'><name>late</name><uuid>" UUID "</uuid>"
        "<metadata><bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/><timeout "
        "grace='1'/></bpfpv></metadata>"
        "<devices><channel type='unix'><source mode='bind' path='/nowhere'/>"
        "<target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>"
        "<channel type='unix'><source mode='bind' path='%s'/>"
        "<target type='virtio' name='org.bpfpv.0' state='%s'/><alias name='channel1'/></channel>"
        "</devices></domain>",
        fixture->path, port_open ? "connected" : "disconnected");
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvDomainXml) xml = bpfpv_domain_xml_parse(text, NULL, NULL, &error);

    assert_null(error);
    assert_null(xml->config_error);
    bpfpv_session_update(fixture->session, xml);
}

static void
wait_for(Fixture *fixture, BpfpvState state)
{
    gint64 end = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;

    while (bpfpv_session_state(fixture->session) != state) {
        assert_true(g_get_monotonic_time() < end);
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
    }
}

static void
assert_link_is_opened(Fixture *fixture)
{
    g_autoptr(GSocket) qemu = g_socket_accept(fixture->listener, NULL, NULL);

    assert_non_null(qemu);
    assert_non_null(bpfpv_session_link(fixture->session));
    assert_int_equal(bpfpv_session_state(fixture->session), BPFPV_STATE_SYNCING);
}

/* vCPU 1 of two is anchored. */
static BpfpvDemand *
anchored(void)
{
    BpfpvDemand *demand = bpfpv_demand_new(2);
    g_autoptr(BpfpvCpuset) one = cpus("1");
    g_autoptr(BpfpvCpuset) all = cpus("0-1");

    bpfpv_demand_add(demand, one, all, 1);
    return demand;
}

/* Until the loader tells, or for one second, which is what the element says. */
static void
what_was_pinned_counts_for_the_time_of_grace(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(BpfpvDemand) demand = anchored();
    gint64 end;

    tell(fixture, TRUE);
    bpfpv_session_set_vcpus(fixture->session, NULL, 2);
    bpfpv_session_assume(fixture->session, demand);
    assert_true(bpfpv_demand_equal(bpfpv_session_demand(fixture->session), demand));
    end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    while (!bpfpv_demand_is_empty(bpfpv_session_demand(fixture->session))) {
        assert_true(g_get_monotonic_time() < end);
        g_main_context_iteration(NULL, TRUE);
    }
    bpfpv_session_assume(fixture->session, demand); /* once only */
    assert_true(bpfpv_demand_is_empty(bpfpv_session_demand(fixture->session)));
}

static void
a_guest_that_starts_over_has_no_use_for_it(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(BpfpvDemand) demand = anchored();

    tell(fixture, TRUE);
    bpfpv_session_reset(fixture->session);
    bpfpv_session_set_vcpus(fixture->session, NULL, 2);
    bpfpv_session_assume(fixture->session, demand);
    assert_true(bpfpv_demand_is_empty(bpfpv_session_demand(fixture->session)));
}

static void
a_port_that_xml_shows_open_is_used(void **state)
{
    Fixture *fixture = *state;

    tell(fixture, TRUE);
    assert_link_is_opened(fixture);
}

static void
after_a_failure_the_xml_is_wanted_anew(void **state)
{
    Fixture *fixture = *state;

    tell(fixture, FALSE);
    assert_int_equal(bpfpv_session_state(fixture->session), BPFPV_STATE_INJECTING);
    assert_int_equal(fixture->refreshes, 0);
    wait_for(fixture, BPFPV_STATE_FAILED);
    assert_int_equal(fixture->refreshes, 1);
    tell(fixture, TRUE);
    wait_for(fixture, BPFPV_STATE_SYNCING);
    assert_link_is_opened(fixture);
}

static void
what_qemu_says_counts_before_the_xml_does(void **state)
{
    Fixture *fixture = *state;

    tell(fixture, FALSE);
    bpfpv_session_port_opened(fixture->session, "channel1");
    wait_for(fixture, BPFPV_STATE_FAILED); /* what was under way */
    wait_for(fixture, BPFPV_STATE_SYNCING);
    assert_link_is_opened(fixture);
}

static void
another_port_is_nothing_to_it(void **state)
{
    Fixture *fixture = *state;

    tell(fixture, FALSE);
    wait_for(fixture, BPFPV_STATE_FAILED);
    bpfpv_session_port_opened(fixture->session, "channel0");
    wait_for(fixture, BPFPV_STATE_INJECTING); /* the next try */
    assert_null(bpfpv_session_link(fixture->session));
    wait_for(fixture, BPFPV_STATE_FAILED);
}

static void
assert_next_try(Fixture *fixture, const char *when)
{
    g_autofree char *reason = bpfpv_session_reason(fixture->session);

    if (!strstr(reason, when))
        fail_msg("\"%s\" is not in: %s", when, reason);
}

/* Restarted so quickly that the XML never shows it away: whatever the failure was, it is over. */
static void
an_agent_that_starts_is_tried_at_once(void **state)
{
    Fixture *fixture = *state;

    tell(fixture, FALSE);
    wait_for(fixture, BPFPV_STATE_FAILED);
    assert_next_try(fixture, "(next try in ");
    bpfpv_session_agent_started(fixture->session);
    tell(fixture, FALSE);
    assert_next_try(fixture, "(next try in 1 s)");
}

/* Seconds until the next try; 0: none is scheduled */
static guint64
next_try(Fixture *fixture)
{
    g_autofree char *reason = bpfpv_session_reason(fixture->session);
    const char *at = strstr(reason, "(next try in ");

    return at ? g_ascii_strtoull(at + strlen("(next try in "), NULL, 10) : 0;
}

/* Or a guest that restarts its agent all the time would be injected into all the time. */
static void
an_agent_that_starts_again_and_again_waits_like_others(void **state)
{
    Fixture *fixture = *state;
    guint64 before, after;
    gint64 began;

    tell(fixture, FALSE);
    wait_for(fixture, BPFPV_STATE_FAILED);
    for (guint i = 0; i < 3; i++)
        bpfpv_session_agent_started(fixture->session); /* what it may */
    do {
        while (bpfpv_session_state(fixture->session) != BPFPV_STATE_FAILED || next_try(fixture) < 4)
            g_main_context_iteration(NULL, TRUE);
        began = g_get_monotonic_time();
        before = next_try(fixture);
        bpfpv_session_agent_started(fixture->session);
        after = next_try(fixture);
    } while (g_get_monotonic_time() - began > G_USEC_PER_SEC); /* somebody else had the processor */
    assert_in_range(after, before - 1, before);
}

/* As when the domain is saved, migrated or ends: libvirt's event comes a moment later. */
static void
a_channel_that_qemu_closes_is_no_failure(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GSocket) qemu = NULL;

    tell(fixture, TRUE);
    qemu = g_socket_accept(fixture->listener, NULL, NULL);
    assert_non_null(qemu);
    g_socket_close(qemu, NULL);
    while (bpfpv_session_link(fixture->session))
        g_main_context_iteration(NULL, TRUE);
    assert_int_equal(bpfpv_session_state(fixture->session), BPFPV_STATE_SYNCING);
    assert_int_equal(fixture->refreshes, 1);
    tell(fixture, TRUE); /* the XML may not show it yet: no new link for now */
    bpfpv_session_agent_started(fixture->session);
    assert_null(bpfpv_session_link(fixture->session));
    assert_int_equal(bpfpv_session_state(fixture->session), BPFPV_STATE_SYNCING);
}

/* Plugging is a job of the domain in which libvirt talks to QEMU. */
static void
no_channel_is_plugged_before_an_agent_answers(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvDomainXml) xml = bpfpv_domain_xml_parse(
        "<domain id='1'><name>late</name><uuid>" UUID "</uuid>"
        "<metadata><bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv></metadata>"
        "<devices><channel type='unix'>"
        "<target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'/></channel>"
        "</devices></domain>",
        NULL, NULL, &error);

    assert_null(error);
    bpfpv_session_update(fixture->session, xml);
    assert_int_equal(bpfpv_session_state(fixture->session), BPFPV_STATE_WAITING_AGENT);
    assert_int_equal(fixture->channels, 0);
    xml->agent_connected = TRUE;
    bpfpv_session_update(fixture->session, xml);
    assert_int_equal(bpfpv_session_state(fixture->session), BPFPV_STATE_INJECTING);
    assert_int_equal(fixture->channels, 1);
}

/* ---- a loader of another build ---- */

/* One that a daemon has injected, with an empty table, and of no digest that this one has. */
static void
answer_as_another_build(GSocket *guest)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    gsize sent = 0;

    frames_add_hello(stream, frames_read_resync(guest), 1);
    stream->data[sizeof(struct bpfpv_wire_header) + offsetof(struct bpfpv_wire_hello, session)] = 1;
    frames_add_cpus(stream, 2, 3, 3);
    frames_add_begin(stream, 0, 1);
    frames_add_records(stream, 0, 1, 1, 1, 2); /* a task on CPU 1 */
    frames_add_end(stream, 0, 1, 1);
    while (sent < stream->len) {
        gssize n =
            g_socket_send(guest, (char *)stream->data + sent, stream->len - sent, NULL, NULL);

        assert_true(n > 0);
        sent += (gsize)n;
    }
}

/* As after an upgrade of the host's package: it is told to end, and that it does is no failure,
 * although it had only begun to work as far as this daemon knows. */
static void
another_builds_loader_makes_place(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GSocket) guest = NULL;

    tell(fixture, TRUE);
    bpfpv_session_set_vcpus(fixture->session, NULL, 2);
    guest = g_socket_accept(fixture->listener, NULL, NULL);
    answer_as_another_build(guest);
    while (!bpfpv_link_is_synced(bpfpv_session_link(fixture->session)))
        g_main_context_iteration(NULL, TRUE);
    assert_int_equal(bpfpv_session_state(fixture->session), BPFPV_STATE_SYNCING);
    bpfpv_session_port_closed(fixture->session, "channel1");
    assert_null(bpfpv_session_link(fixture->session));
    assert_int_equal(bpfpv_session_state(fixture->session), BPFPV_STATE_INJECTING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_pinned_counts_for_the_time_of_grace, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_guest_that_starts_over_has_no_use_for_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_port_that_xml_shows_open_is_used, setup, teardown),
        cmocka_unit_test_setup_teardown(after_a_failure_the_xml_is_wanted_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(what_qemu_says_counts_before_the_xml_does, setup, teardown),
        cmocka_unit_test_setup_teardown(another_port_is_nothing_to_it, setup, teardown),
        cmocka_unit_test_setup_teardown(an_agent_that_starts_is_tried_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(an_agent_that_starts_again_and_again_waits_like_others,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_channel_that_qemu_closes_is_no_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(another_builds_loader_makes_place, setup, teardown),
        cmocka_unit_test_setup_teardown(no_channel_is_plugged_before_an_agent_answers, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
