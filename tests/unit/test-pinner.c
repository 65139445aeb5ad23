/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a pin costs libvirt, by the calls that reach it; that domains share connections; and that a
 * call which has come too late for its run is taken back, though nobody looks before.
 */
#include "unit.h"

#include <gio/gio.h>

#include "fake-libvirt.h"
#include "host/connections.h"
#include "host/pinner/pinner.h"
#include "host/run.h"
#include "host/virt.h"

#define XML "<domain><vcpu>2</vcpu></domain>"
#define UUID(digit) "11111111-2222-3333-4444-55555555555" digit

/* More than one connection takes. */
#define N_GUESTS (BPFPV_CONNECTIONS_CALLS + 1)

static const FakeGuest first_runs[] = {
    {UUID("0"), "d0", 1, XML}, {UUID("1"), "d1", 2, XML}, {UUID("2"), "d2", 3, XML},
    {UUID("3"), "d3", 4, XML}, {UUID("4"), "d4", 5, XML}, {0},
};
static const FakeGuest next_runs[] = {
    {UUID("0"), "d0", 7, XML},
    {0},
};

/* Of each test: connections are shared by URI, and a pinner's last call outlives it. They stay open
 * until the end, so that no test counts the call that closes another's. */
static char *uri;
static GPtrArray *kept; /* of BpfpvConnections */

static int
setup(void **state)
{
    g_free(uri);
    uri = g_strdup_printf("fake:///%u", kept->len);
    g_ptr_array_add(kept, bpfpv_connections_get(uri));
    fake_libvirt_set_guests(first_runs);
    fake_libvirt_set_control_state(VIR_DOMAIN_CONTROL_OK);
    fake_libvirt_fail(NULL, 0);
    g_free(fake_libvirt_calls());
    return 0;
}

static void
assert_calls(const char *expected)
{
    g_autofree char *calls = fake_libvirt_calls();

    assert_string_equal(calls, expected);
}

static BpfpvPinner *
pinner_of(guint number)
{
    return bpfpv_pinner_new(uri, first_runs[number].uuid, first_runs[number].id);
}

/* ---- a call and its end ---- */

typedef struct {
    gboolean is_over;
    GError *error;
} End;

static void
on_end(GObject *source, GAsyncResult *result, gpointer user_data)
{
    End *end = user_data;

    end->is_over = TRUE;
    g_task_propagate_boolean(G_TASK(result), &end->error);
}

static void
await(const End *end)
{
    while (!end->is_over)
        g_main_context_iteration(NULL, TRUE);
}

static void
begin_pin(BpfpvPinner *pinner, const char *text, End *end)
{
    g_autoptr(BpfpvCpuset) set = cpus(text);

    *end = (End){FALSE, NULL};
    bpfpv_pinner_pin(pinner, BPFPV_THREAD_VCPU, 0, set, on_end, end);
}

static GError *
pin(BpfpvPinner *pinner, const char *text)
{
    End end;

    begin_pin(pinner, text, &end);
    await(&end);
    return end.error;
}

static void
begin_note(BpfpvPinner *pinner, End *end)
{
    *end = (End){FALSE, NULL};
    bpfpv_pinner_note(pinner, "<status/>", on_end, end);
}

/* Until that call, and no other, waits for its answer. */
static void
await_held(guint n)
{
    while (fake_libvirt_held() < n)
        g_usleep(1000);
}

/* ---- what it costs ---- */

/* The look comes after it: nothing waits for that. */
static void
a_pin_is_one_call_and_a_look(void **state)
{
    g_autoptr(BpfpvPinner) pinner = pinner_of(0);

    assert_null(pin(pinner, "1"));
    assert_calls("ConnectOpen DomainLookupByUUIDString DomainPinVcpuFlags "
                 "DomainLookupByUUIDString ");
    assert_null(pin(pinner, "2"));
    assert_calls("DomainPinVcpuFlags DomainLookupByUUIDString ");
}

static void
a_status_and_its_pin_are_looked_after_once(void **state)
{
    g_autoptr(BpfpvPinner) pinner = pinner_of(0);
    End first, note, last;

    fake_libvirt_hold("virDomainPinVcpuFlags", UUID("0"));
    begin_pin(pinner, "1", &first);
    await_held(1);
    begin_note(pinner, &note);
    begin_pin(pinner, "2", &last);
    g_free(fake_libvirt_calls());
    fake_libvirt_hold(NULL, NULL);
    await(&last);
    assert_null(first.error);
    assert_null(note.error);
    assert_null(last.error);
    assert_calls("DomainLookupByUUIDString " /* after the first */
                 "DomainSetMetadata DomainPinVcpuFlags DomainLookupByUUIDString ");
}

static void
domains_share_a_connection(void **state)
{
    g_autoptr(GPtrArray) pinners =
        g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_pinner_free);

    for (guint i = 0; i < N_GUESTS; i++) {
        g_ptr_array_add(pinners, pinner_of(i));
        assert_null(pin(pinners->pdata[i], "1"));
    }
    {
        g_autofree char *calls = fake_libvirt_calls();
        g_auto(GStrv) opened = g_strsplit(calls, "ConnectOpen", -1);

        assert_int_equal(g_strv_length(opened) - 1, 1);
    }
}

static void
another_connection_is_opened_where_calls_wait(void **state)
{
    g_autoptr(BpfpvConnections) connections = bpfpv_connections_get(uri);
    virConnectPtr borrowed[BPFPV_CONNECTIONS_CALLS + 1];

    for (guint i = 0; i <= BPFPV_CONNECTIONS_CALLS; i++)
        borrowed[i] = bpfpv_connections_borrow(connections, NULL, NULL);
    for (guint i = 1; i < BPFPV_CONNECTIONS_CALLS; i++)
        assert_ptr_equal(borrowed[i], borrowed[0]);
    assert_ptr_not_equal(borrowed[BPFPV_CONNECTIONS_CALLS], borrowed[0]);
    assert_calls("ConnectOpen ConnectOpen ");
    for (guint i = 0; i <= BPFPV_CONNECTIONS_CALLS; i++)
        bpfpv_connections_give_back(connections, borrowed[i]);
    /* Whoever has handles of one gets that one again. */
    assert_ptr_equal(bpfpv_connections_borrow(connections, borrowed[BPFPV_CONNECTIONS_CALLS], NULL),
                     borrowed[BPFPV_CONNECTIONS_CALLS]);
    bpfpv_connections_give_back(connections, borrowed[BPFPV_CONNECTIONS_CALLS]);
    assert_calls("");
}

static void
a_connection_that_cannot_be_opened_is_tried_again(void **state)
{
    g_autoptr(BpfpvPinner) pinner = pinner_of(0);
    g_autoptr(GError) error = NULL;

    fake_libvirt_fail("virConnectOpen", VIR_ERR_NO_CONNECT);
    error = pin(pinner, "1");
    assert_true(g_error_matches(error, BPFPV_PINNER_ERROR, BPFPV_PINNER_ERROR_NOT_MADE));
    fake_libvirt_fail(NULL, 0);
    assert_null(pin(pinner, "1"));
}

/* ---- a run that is over ---- */

static void
a_pin_that_lands_on_the_next_run_is_taken_back(void **state)
{
    g_autoptr(BpfpvPinner) pinner = pinner_of(0);
    g_autoptr(GError) late = NULL;
    g_autoptr(GError) later = NULL;

    assert_null(pin(pinner, "1"));
    fake_libvirt_set_guests(next_runs);
    g_free(fake_libvirt_calls());
    late = pin(pinner, "2");
    assert_true(bpfpv_run_is_over(late));
    assert_calls("DomainPinVcpuFlags DomainLookupByUUIDString NodeGetCPUMap "
                 "DomainGetVcpuPinInfo DomainPinVcpuFlags ");
    later = pin(pinner, "2");
    assert_true(bpfpv_run_is_over(later));
    assert_calls("DomainLookupByUUIDString DomainLookupByUUIDString "); /* and no pin */
}

/* The pin call that was to look is cancelled. */
static void
a_status_that_lands_on_the_next_run_is_taken_out(void **state)
{
    BpfpvPinner *pinner = pinner_of(0);
    End note, last;

    assert_null(pin(pinner, "1"));
    fake_libvirt_hold("virDomainSetMetadata", UUID("0"));
    begin_note(pinner, &note);
    await_held(1);
    begin_pin(pinner, "2", &last);
    bpfpv_pinner_free(pinner);
    fake_libvirt_set_guests(next_runs);
    g_free(fake_libvirt_calls());
    fake_libvirt_hold(NULL, NULL);
    await(&note);
    await(&last);
    assert_true(g_error_matches(last.error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    g_clear_error(&last.error);
    {
        /* In the same queue, behind the look. */
        g_autoptr(BpfpvPinner) next = bpfpv_pinner_new(uri, UUID("0"), 7);

        assert_null(pin(next, "1"));
    }
    assert_calls("DomainLookupByUUIDString DomainSetMetadata "
                 "DomainLookupByUUIDString DomainPinVcpuFlags DomainLookupByUUIDString ");
}

/* ---- a job that holds the domain ---- */

static void
who_has_waited_for_a_job_looks_before_the_next_call(void **state)
{
    g_autoptr(BpfpvPinner) pinner = pinner_of(0);
    g_autoptr(GError) waited = NULL;
    g_autoptr(GError) held = NULL;

    assert_null(pin(pinner, "1"));
    fake_libvirt_fail("virDomainPinVcpuFlags", VIR_ERR_OPERATION_TIMEOUT);
    waited = pin(pinner, "2");
    assert_true(bpfpv_virt_is_busy(waited));
    fake_libvirt_fail(NULL, 0);
    fake_libvirt_set_control_state(VIR_DOMAIN_CONTROL_JOB);
    g_free(fake_libvirt_calls());
    held = pin(pinner, "2");
    assert_true(bpfpv_virt_is_busy(held));
    assert_calls("DomainGetControlInfo ");
    fake_libvirt_set_control_state(VIR_DOMAIN_CONTROL_OK);
    assert_null(pin(pinner, "2"));
    assert_null(pin(pinner, "3"));
    assert_calls("DomainGetControlInfo DomainGetJobStats DomainPinVcpuFlags "
                 "DomainLookupByUUIDString DomainPinVcpuFlags DomainLookupByUUIDString ");
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_pin_is_one_call_and_a_look),
        TEST(a_status_and_its_pin_are_looked_after_once),
        TEST(domains_share_a_connection),
        TEST(another_connection_is_opened_where_calls_wait),
        TEST(a_connection_that_cannot_be_opened_is_tried_again),
        TEST(a_pin_that_lands_on_the_next_run_is_taken_back),
        TEST(a_status_that_lands_on_the_next_run_is_taken_out),
        TEST(who_has_waited_for_a_job_looks_before_the_next_call),
    };

    int failed;

    kept = g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_connections_unref);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    g_ptr_array_unref(kept);
    g_free(uri);
    return failed;
}
