/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's manager against a libvirt of a few functions: which domain is meant, runs that end
 * while they are looked at, reads that fail, and what is told of a domain's state.
 */
#include "unit.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "ctl/command.h"
#include "daemon/bus/status.h"
#include "daemon/counters.h"
#include "daemon/manager/manager.h"
#include "fake-libvirt.h"
#include "frames.h"
#include "host/domain.h"
#include "host/journal/journal.h"
#include "json-schema.h"

#define URI "fake:///"
#define A "aaaaaaaa-0000-0000-0000-000000000001"
#define B "bbbbbbbb-0000-0000-0000-000000000002"
#define TIMEOUT_S 30

#define XML(uuid, name, rest)                                                                      \
    "<domain><name>" name "</name><uuid>" uuid "</uuid><vcpu>2</vcpu>" rest "</domain>"
#define ELEMENT                                                                                    \
    "<metadata><bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv></metadata>"

typedef struct {
    char *directory;
    BpfpvConf conf;
    BpfpvManager *manager;
    GPtrArray *told;  /* of "NAME STATE REASON" */
    GString *changed; /* UUIDs that were told of */
} Fixture;

static void
on_state(const char *domain, const char *uuid, const char *state, const char *reason,
         gpointer user_data)
{
    Fixture *fixture = user_data;

    g_ptr_array_add(fixture->told, g_strdup_printf("%s %s %s", domain, state, reason));
}

static void
on_host(gpointer user_data)
{
}

static void
on_changed(const char *const *uuids, gpointer user_data)
{
    Fixture *fixture = user_data;

    assert_non_null(uuids[0]);
    for (; *uuids != NULL; uuids++)
        g_string_append_printf(fixture->changed, "%s ", *uuids);
}

static const BpfpvManagerFuncs funcs = {on_state, on_host, on_changed};

static void
write_file(const Fixture *fixture, const char *name)
{
    g_autofree char *path = g_build_filename(fixture->directory, name, NULL);

    assert_true(g_file_set_contents(path, name, -1, NULL));
}

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);

    fixture->directory = g_dir_make_tmp("bpfpv-manager-XXXXXX", NULL);
    fixture->told = g_ptr_array_new_with_free_func(g_free);
    fixture->changed = g_string_new(NULL);
    fixture->conf.uri = g_strdup(URI);
    fixture->conf.guest_dir = fixture->directory;
    fixture->conf.state_dir = g_build_filename(fixture->directory, "state", NULL);
    fixture->conf.reserve = 1;
    write_file(fixture, "bpfpv-guest");
    write_file(fixture, "affinity.bpf.o");
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;
    const char *const argv[] = {"rm", "-r", fixture->directory, NULL};

    fake_libvirt_hold(NULL, NULL);
    fake_libvirt_fail(NULL, 0);
    bpfpv_manager_free(fixture->manager);
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
    g_ptr_array_unref(fixture->told);
    g_string_free(fixture->changed, TRUE);
    g_free(fixture->conf.uri);
    g_free(fixture->conf.state_dir);
    g_free(fixture->directory);
    g_free(fixture);
    return 0;
}

static void
start(Fixture *fixture, const FakeGuest *guests)
{
    g_autoptr(GError) error = NULL;

    fake_libvirt_set_guests(guests);
    fixture->manager = bpfpv_manager_new(&fixture->conf, &funcs, fixture, &error);
    assert_null(error);
}

/* Turns the main loop until @is_so. */
static void
wait_until(Fixture *fixture, gboolean (*is_so)(Fixture *fixture))
{
    gint64 end = g_get_monotonic_time() + TIMEOUT_S * G_USEC_PER_SEC;

    while (!is_so(fixture)) {
        if (g_get_monotonic_time() > end)
            fail_msg("it is not so after %d s", TIMEOUT_S);
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
    }
}

static gboolean
is_listed(Fixture *fixture)
{
    return bpfpv_manager_unconnected(fixture->manager) == NULL;
}

static guint
count(Fixture *fixture)
{
    g_autoptr(GPtrArray) list = bpfpv_manager_list(fixture->manager);

    return list->len;
}

static gboolean
is_none_managed(Fixture *fixture)
{
    return count(fixture) == 0;
}

static gboolean
is_one_managed(Fixture *fixture)
{
    return count(fixture) == 1;
}

static gboolean
is_held(Fixture *fixture)
{
    return fake_libvirt_held() > 0;
}

static gboolean
has_failed(Fixture *fixture)
{
    return fake_libvirt_failures() > 0;
}

/* ---- which domain is meant ---- */

static void
assert_found(Fixture *fixture, const char *text, const char *uuid)
{
    const BpfpvManaged *managed = bpfpv_manager_find(fixture->manager, text);

    assert_string_equal(managed ? managed->uuid : "none", uuid);
}

static void
assert_resolved(const char *text, const char *uuid)
{
    g_autofree char *found = NULL;
    gboolean active;

    assert_true(bpfpv_domain_resolve(URI, text, &found, &active, NULL));
    assert_string_equal(found, uuid);
}

/* As virsh has it, whoever is asked: id, UUID, name. */
static void
an_id_goes_before_a_uuid_and_that_before_a_name(void **state)
{
    static const FakeGuest both[] = {
        {A, "7", 3, XML(A, "7", ELEMENT)},
        {B, "b", 7, XML(B, "b", "")}, /* not managed */
        {0},
    };
    static const FakeGuest one[] = {{A, "7", 3, XML(A, "7", ELEMENT)}, {B, "b", -1, NULL}, {0}};
    Fixture *fixture = *state;
    g_autofree char *upper = g_ascii_strup(A, -1);

    start(fixture, both);
    wait_until(fixture, is_listed);
    assert_found(fixture, "3", A);
    assert_found(fixture, A, A);
    assert_found(fixture, upper, A);
    assert_found(fixture, "b", "none");
    assert_found(fixture, "7", "none"); /* that is the id of B */
    assert_resolved("7", B);
    assert_resolved("3", A);
    assert_resolved("b", B);
    fake_libvirt_set_guests(one);
    fake_libvirt_lifecycle(B, VIR_DOMAIN_EVENT_STOPPED);
    while (!bpfpv_manager_find(fixture->manager, "7"))
        g_main_context_iteration(NULL, TRUE);
    assert_found(fixture, "7", A);
    assert_resolved("7", A);
}

static void
a_name_that_is_anothers_uuid_is_not_meant(void **state)
{
    static const FakeGuest guests[] = {
        {A, B, 3, XML(A, B, ELEMENT)},
        {B, "b", 7, XML(B, "b", "")},
        {0},
    };
    Fixture *fixture = *state;

    start(fixture, guests);
    wait_until(fixture, is_listed);
    assert_found(fixture, B, "none");
    assert_resolved(B, B);
}

/* ---- runs ---- */

static void
a_domain_that_ends_while_it_is_read_is_none(void **state)
{
    static const FakeGuest running[] = {{A, "a", 3, XML(A, "a", ELEMENT)}, {0}};
    static const FakeGuest ended[] = {{A, "a", -1, NULL}, {0}};
    Fixture *fixture = *state;

    fake_libvirt_hold("virDomainGetXMLDesc", A);
    start(fixture, running);
    wait_until(fixture, is_held);
    fake_libvirt_set_guests(ended);
    fake_libvirt_lifecycle(A, VIR_DOMAIN_EVENT_STOPPED);
    fake_libvirt_hold(NULL, NULL);
    wait_until(fixture, is_listed);
    assert_true(is_none_managed(fixture));
    assert_int_equal(fixture->told->len, 0);
}

/* Its pins are somebody's as long as it runs. */
static void
a_read_that_fails_drops_nothing_and_is_made_again(void **state)
{
    static const FakeGuest running[] = {{A, "a", 3, XML(A, "a", ELEMENT)}, {0}};
    static const FakeGuest ended[] = {{A, "a", -1, NULL}, {0}};
    Fixture *fixture = *state;

    start(fixture, running);
    wait_until(fixture, is_listed);
    assert_true(is_one_managed(fixture));
    fake_libvirt_fail("virDomainGetXMLDesc", VIR_ERR_INTERNAL_ERROR);
    fake_libvirt_close();
    while (is_listed(fixture)) /* not for long: it connects again */
        g_main_context_iteration(NULL, TRUE);
    wait_until(fixture, is_listed);
    assert_true(has_failed(fixture));
    assert_true(is_one_managed(fixture));
    /* No event tells of the end: that is left to the next try. */
    fake_libvirt_set_guests(ended);
    fake_libvirt_fail(NULL, 0);
    wait_until(fixture, is_none_managed);
}

static guint64
count_in(const BpfpvHistogram *histogram)
{
    guint64 count = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(histogram->counts); i++)
        count += histogram->counts[i];
    return count;
}

static gboolean
is_counted(Fixture *fixture)
{
    return bpfpv_counters.pins[BPFPV_PIN_DONE] > 0 && count_in(&bpfpv_counters.solve_time) > 0;
}

static gboolean
is_put_back(Fixture *fixture)
{
    g_autofree char *pins = fake_libvirt_pins();

    return strstr(pins, "a 0:0-1 ") != NULL;
}

/* A domain was made again under the name of one that is not yet told as ended, and its pins are not
 * read: a step of the other's must not reach it. */
static void
a_step_is_for_one_run_of_one_domain(void **state)
{
    static const FakeGuest two[] = {
        {A, "a", 3, XML(A, "a", ELEMENT)},
        {B, "a", 4, XML(B, "a", ELEMENT)},
        {0},
    };
    Fixture *fixture = *state;
    g_autoptr(BpfpvJournalEntry) entry = bpfpv_journal_entry_new(A, "a", 3);
    g_autoptr(BpfpvCpuset) original = cpus("0-1");

    entry->pinned = TRUE;
    g_ptr_array_add(entry->original, cpus("0-1"));
    g_ptr_array_add(entry->original, cpus("0-1"));
    bpfpv_journal_entry_add_thread(entry, BPFPV_THREAD_EMULATOR, 0, original);
    assert_true(bpfpv_journal_write(fixture->conf.state_dir, entry, NULL));
    fake_libvirt_hold("virDomainGetVcpuPinInfo", B);
    start(fixture, two);
    wait_until(fixture, is_held);
    wait_until(fixture, is_listed);
    assert_int_equal(count(fixture), 2);
    wait_until(fixture, is_put_back);
}

/* What was pinned by a daemon that died is put back. */
static void
calls_and_solves_are_counted(void **state)
{
    static const FakeGuest one[] = {{A, "a", 3, XML(A, "a", ELEMENT)}, {0}};
    Fixture *fixture = *state;
    g_autoptr(BpfpvJournalEntry) entry = bpfpv_journal_entry_new(A, "a", 3);
    g_autoptr(BpfpvCpuset) original = cpus("0-1");
    guint64 n_calls = 0;

    entry->pinned = TRUE;
    g_ptr_array_add(entry->original, cpus("0-1"));
    g_ptr_array_add(entry->original, cpus("0-1"));
    bpfpv_journal_entry_add_thread(entry, BPFPV_THREAD_EMULATOR, 0, original);
    assert_true(bpfpv_journal_write(fixture->conf.state_dir, entry, NULL));
    bpfpv_counters = (BpfpvCounters){0};
    start(fixture, one);
    wait_until(fixture, is_counted);
    /* What the manager of the test before has left undone is among them. */
    for (guint i = 0; i < BPFPV_PIN_N_RESULTS; i++)
        n_calls += bpfpv_counters.pins[i];
    assert_int_equal(count_in(&bpfpv_counters.pin_time), n_calls);
    assert_int_equal(bpfpv_counters.pins[BPFPV_PIN_REFUSED], 0);
}

/* ---- what is told ---- */

static GSocket *
listen_at(const char *path)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    GSocket *listener = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, 0, NULL);

    assert_true(g_socket_bind(listener, address, FALSE, NULL));
    assert_true(g_socket_listen(listener, NULL));
    return listener;
}

/* A loader that the guest has itself started, with @n tasks on CPU 1. */
static void
answer(GSocket *guest, guint n)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();

    frames_add_hello(stream, frames_read_resync(guest), 1);
    strcpy((char *)stream->data + sizeof(struct bpfpv_wire_header) +
               sizeof(struct bpfpv_wire_hello) + offsetof(struct bpfpv_wire_program, name),
           "affinity");
    frames_add_cpus(stream, 2, 3, 3);
    frames_add_begin(stream, 0, 1);
    if (n > 0)
        frames_add_records(stream, 0, 1, 1, n, 2);
    frames_add_end(stream, 0, 1, n);
    assert_int_equal(g_socket_send(guest, (char *)stream->data, stream->len, NULL, NULL),
                     stream->len);
}

static void
pin_one_task(GSocket *guest)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();

    frames_add_records(stream, 0, 1, 1, 1, 2);
    assert_int_equal(g_socket_send(guest, (char *)stream->data, stream->len, NULL, NULL),
                     stream->len);
}

static gboolean
was_told(const Fixture *fixture, const char *prefix)
{
    for (guint i = 0; i < fixture->told->len; i++)
        if (g_str_has_prefix(fixture->told->pdata[i], prefix))
            return TRUE;
    return FALSE;
}

static gboolean
is_told_active(Fixture *fixture)
{
    return was_told(fixture, "a active ");
}

static gboolean
is_told_failed(Fixture *fixture)
{
    return was_told(fixture, "a failed none of the domain's cpuset 3 is in the host's pool 0-1");
}

/* Returns: (transfer full): the guest's end of the channel; of a domain that can have no anchor */
static GSocket *
start_hopeless(Fixture *fixture, FakeGuest guests[2], char **xml)
{
    g_autofree char *path = g_build_filename(fixture->directory, "channel", NULL);
    g_autoptr(GSocket) listener = listen_at(path);

    *xml = g_strdup_printf(
        XML(A, "a",
            "<metadata><bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'>"
            "<placement cpuset='3'/></program></bpfpv></metadata><devices>"
            "<channel type='unix'><source mode='bind' path='%s'/><target type='virtio' "
            "name='org.bpfpv.0' state='connected'/><alias name='channel1'/></channel></devices>"),
        path);
    guests[0] = (FakeGuest){A, "a", 3, *xml};
    guests[1] = (FakeGuest){0};
    fixture->conf.cpuset = cpus("0-1");
    start(fixture, guests);
    wait_until(fixture, is_one_managed);
    return g_socket_accept(listener, NULL, NULL);
}

static void
what_placement_makes_of_the_state_is_told(void **state)
{
    Fixture *fixture = *state;
    FakeGuest guests[2];
    g_autofree char *xml = NULL;
    g_autoptr(GSocket) guest = start_hopeless(fixture, guests, &xml);

    answer(guest, 0);
    wait_until(fixture, is_told_active);
    assert_false(is_told_failed(fixture));
    pin_one_task(guest);
    wait_until(fixture, is_told_failed);
    g_clear_pointer(&fixture->manager, bpfpv_manager_free);
    bpfpv_cpuset_free(fixture->conf.cpuset);
}

static gboolean
is_told_of_a(Fixture *fixture)
{
    return strstr(fixture->changed->str, A " ") != NULL;
}

/* That it asks for something else is told whatever becomes of its state. */
static void
what_may_be_shown_differently_is_told(void **state)
{
    Fixture *fixture = *state;
    FakeGuest guests[2];
    g_autofree char *xml = NULL;
    g_autoptr(GSocket) guest = start_hopeless(fixture, guests, &xml);

    answer(guest, 0);
    wait_until(fixture, is_told_active);
    wait_until(fixture, is_told_of_a);
    g_string_truncate(fixture->changed, 0);
    pin_one_task(guest);
    wait_until(fixture, is_told_of_a);
    g_clear_pointer(&fixture->manager, bpfpv_manager_free);
    bpfpv_cpuset_free(fixture->conf.cpuset);
}

static void
assert_documented(const char *schema, GVariant *floating)
{
    g_autoptr(GVariant) value = g_variant_ref_sink(floating);
    g_autofree char *json = bpfpv_ctl_json(value);

    json_schema_assert(schema, json);
}

/* What bpfpvctl prints as JSON is what the bus says. */
static void
what_is_shown_is_as_documented(void **state)
{
    Fixture *fixture = *state;
    FakeGuest guests[2];
    g_autofree char *xml = NULL;
    g_autoptr(GSocket) guest = start_hopeless(fixture, guests, &xml);

    assert_documented("list", bpfpv_status_list(fixture->manager));
    assert_documented(
        "show", bpfpv_status_show(fixture->manager, bpfpv_manager_find(fixture->manager, "a")));
    answer(guest, 1);
    wait_until(fixture, is_told_failed);
    assert_documented("list", bpfpv_status_list(fixture->manager));
    assert_documented(
        "show", bpfpv_status_show(fixture->manager, bpfpv_manager_find(fixture->manager, "a")));
    assert_documented("map", bpfpv_status_map(fixture->manager));
    g_clear_pointer(&fixture->manager, bpfpv_manager_free);
    bpfpv_cpuset_free(fixture->conf.cpuset);
}

/* "bpfpvctl attach" ends with the first of these that it hears. */
static void
a_domain_is_not_called_active_before_it_is_placed(void **state)
{
    Fixture *fixture = *state;
    FakeGuest guests[2];
    g_autofree char *xml = NULL;
    g_autoptr(GSocket) guest = start_hopeless(fixture, guests, &xml);

    answer(guest, 1);
    wait_until(fixture, is_told_failed);
    assert_false(is_told_active(fixture));
    g_clear_pointer(&fixture->manager, bpfpv_manager_free);
    bpfpv_cpuset_free(fixture->conf.cpuset);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_id_goes_before_a_uuid_and_that_before_a_name),
        TEST(a_name_that_is_anothers_uuid_is_not_meant),
        TEST(a_domain_that_ends_while_it_is_read_is_none),
        TEST(a_read_that_fails_drops_nothing_and_is_made_again),
        TEST(a_step_is_for_one_run_of_one_domain),
        TEST(calls_and_solves_are_counted),
        TEST(what_placement_makes_of_the_state_is_told),
        TEST(what_may_be_shown_differently_is_told),
        TEST(what_is_shown_is_as_documented),
        TEST(a_domain_is_not_called_active_before_it_is_placed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
