/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "bpfpvd --restore": what a daemon that died left pinned goes back, and what
 * cannot go back, or is not known, is neither lost nor passed over in silence.
 */
#include "unit.h"

#include <glib/gstdio.h>

#include "daemon/restore/restore.h"
#include "fake-domains.h"
#include "host/journal/journal.h"

#define A "aaaaaaaa-0000-4000-8000-000000000001"
#define B "bbbbbbbb-0000-4000-8000-000000000002"
#define C "cccccccc-0000-4000-8000-000000000003"
#define ALL_BACK "vcpu 0 0-3, vcpu 1 0-3, emulator 0-3, no status"

/* Longer than anything here takes that is to succeed. */
#define LONG_MS 60000

typedef struct {
    BpfpvConf conf;
    GString *said; /* warnings */
} Fixture;

static void
on_log(const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
    Fixture *fixture = user_data;

    if (level & G_LOG_LEVEL_WARNING)
        g_string_append_printf(fixture->said, "%s\n", message);
}

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);

    fixture->conf.uri = g_strdup("fake:///");
    fixture->conf.state_dir = g_dir_make_tmp("bpfpv-restore-XXXXXX", NULL);
    fixture->said = g_string_new(NULL);
    g_log_set_default_handler(on_log, fixture);
    *state = fixture;
    return fixture->conf.state_dir ? 0 : -1;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(GDir) dir = g_dir_open(fixture->conf.state_dir, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(fixture->conf.state_dir, name, NULL);

        g_unlink(path);
    }
    g_rmdir(fixture->conf.state_dir);
    g_free(fixture->conf.state_dir);
    g_free(fixture->conf.uri);
    g_string_free(fixture->said, TRUE);
    g_log_set_default_handler(g_log_default_handler, NULL);
    g_free(fixture);
    return 0;
}

/* Two vCPUs and the emulator, all with CPUs 0-3 before. */
static BpfpvJournalEntry *
make_entry(const char *uuid, int id)
{
    g_autofree char *name = g_strndup(uuid, 1);
    BpfpvJournalEntry *entry = bpfpv_journal_entry_new(uuid, name, id);
    g_autoptr(BpfpvCpuset) original = cpus("0-3");

    entry->pinned = TRUE;
    g_ptr_array_add(entry->original, cpus("0-3"));
    g_ptr_array_add(entry->original, cpus("0-3"));
    bpfpv_journal_entry_add_thread(entry, BPFPV_THREAD_EMULATOR, 0, original);
    return entry;
}

static void
leave(Fixture *fixture, const char *uuid, int id)
{
    g_autoptr(BpfpvJournalEntry) entry = make_entry(uuid, id);

    assert_true(bpfpv_journal_write(fixture->conf.state_dir, entry, NULL));
}

static char *
path_of(Fixture *fixture, const char *uuid)
{
    g_autofree char *file = g_strconcat(uuid, ".json", NULL);

    return g_build_filename(fixture->conf.state_dir, file, NULL);
}

static void
assert_in_journal(Fixture *fixture, const char *uuid, gboolean expected)
{
    g_autofree char *path = path_of(fixture, uuid);

    assert_int_equal(g_file_test(path, G_FILE_TEST_EXISTS), expected);
}

static void
assert_done(const char *uuid, const char *expected)
{
    g_autofree char *done = fake_libvirt_done(uuid);

    assert_string_equal(done, expected);
}

static void
assert_said(Fixture *fixture, const char *part)
{
    if (!strstr(fixture->said->str, part))
        fail_msg("\"%s\" is not in: %s", part, fixture->said->str);
}

/* ---- what goes back ---- */

static void
originals_go_back_and_are_forgotten(void **state)
{
    Fixture *fixture = *state;
    const FakeDomain domains[] = {
        {.uuid = A, .name = "a", .id = 1}, {.uuid = B, .name = "b", .id = 2}, {0}};

    fake_libvirt_set(domains);
    leave(fixture, A, 1);
    leave(fixture, B, 2);
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_done(A, ALL_BACK);
    assert_done(B, ALL_BACK);
    assert_in_journal(fixture, A, FALSE);
    assert_in_journal(fixture, B, FALSE);
    assert_string_equal(fixture->said->str, "");
}

static void
what_an_administrator_pinned_stays_and_is_kept(void **state)
{
    Fixture *fixture = *state;
    const FakeDomain domains[] = {{.uuid = A, .name = "a", .id = 1}, {0}};
    g_autoptr(BpfpvJournalEntry) entry = make_entry(A, 1);
    g_autoptr(BpfpvJournalEntry) after = NULL;

    fake_libvirt_set(domains);
    bpfpv_cpuset_add(entry->fixed, 1);
    assert_true(bpfpv_journal_write(fixture->conf.state_dir, entry, NULL));
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_done(A, "vcpu 0 0-3, emulator 0-3, no status");
    after = bpfpv_journal_read(fixture->conf.state_dir, A, NULL);
    assert_non_null(after);
    assert_false(after->pinned);
}

static void
without_a_journal_there_is_nothing_to_do(void **state)
{
    Fixture *fixture = *state;

    fake_libvirt_set_down(TRUE);
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
    g_rmdir(fixture->conf.state_dir);
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
}

/* ---- whose run is over ---- */

static void
a_run_that_is_over_is_forgotten(void **state)
{
    Fixture *fixture = *state;
    const FakeDomain domains[] = {
        {.uuid = A, .name = "a", .id = 7}, {.uuid = B, .name = "b", .id = -1}, {0}};

    fake_libvirt_set(domains);
    leave(fixture, A, 1); /* started anew */
    leave(fixture, B, 2); /* shut off */
    leave(fixture, C, 3); /* undefined */
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_done(A, "");
    assert_in_journal(fixture, A, FALSE);
    assert_in_journal(fixture, B, FALSE);
    assert_in_journal(fixture, C, FALSE);
}

static void
a_domain_that_ends_meanwhile_is_forgotten(void **state)
{
    Fixture *fixture = *state;
    const FakeDomain domains[] = {{.uuid = A, .name = "a", .id = 1, .ends = TRUE}, {0}};

    fake_libvirt_set(domains);
    leave(fixture, A, 1);
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_in_journal(fixture, A, FALSE);
}

/* ---- what is not known ---- */

static void
assert_kept(Fixture *fixture, const FakeDomain *domains)
{
    g_autofree char *path = path_of(fixture, A);
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    fake_libvirt_set(domains);
    leave(fixture, A, 1);
    assert_true(g_file_get_contents(path, &before, NULL, NULL));
    assert_false(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_true(g_file_get_contents(path, &after, NULL, NULL));
    assert_string_equal(after, before);
    assert_said(fixture, "domain a: its original pins could not be put back: ");
    assert_said(fixture, "1 of 1 domains are not as they were");
    assert_said(fixture, "run \"bpfpvd --restore\" again");
}

static void
a_look_up_that_fails_says_nothing_of_the_run(void **state)
{
    static const int codes[] = {VIR_ERR_RPC, VIR_ERR_INTERNAL_ERROR, VIR_ERR_SYSTEM_ERROR,
                                VIR_ERR_AUTH_FAILED};

    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++) {
        const FakeDomain domains[] = {{.uuid = A, .name = "a", .id = 1, .lookup_code = codes[i]},
                                      {0}};

        assert_kept(*state, domains);
        assert_said(*state, "the fake says so");
    }
}

static void
a_question_that_fails_says_nothing_of_the_run(void **state)
{
    const FakeDomain domains[] = {{.uuid = A, .name = "a", .id = 1, .active_code = VIR_ERR_RPC},
                                  {0}};

    assert_kept(*state, domains);
}

static void
an_unreachable_libvirt_loses_nothing(void **state)
{
    Fixture *fixture = *state;
    const FakeDomain domains[] = {{.uuid = A, .name = "a", .id = 1}, {0}};

    fake_libvirt_set(domains);
    fake_libvirt_set_down(TRUE);
    leave(fixture, A, 1);
    assert_false(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_in_journal(fixture, A, TRUE);
    assert_said(fixture, "connecting to libvirt at fake:///");
    fake_libvirt_set_down(FALSE);
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_done(A, ALL_BACK);
    assert_in_journal(fixture, A, FALSE);
}

/* Its channel is in the journal, for the next daemon; there is nothing to put back. */
static void
a_domain_without_pins_needs_no_libvirt(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(BpfpvJournalEntry) entry = make_entry(A, 1);

    entry->pinned = FALSE;
    entry->our_channel = TRUE;
    assert_true(bpfpv_journal_write(fixture->conf.state_dir, entry, NULL));
    fake_libvirt_set_down(TRUE);
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_in_journal(fixture, A, TRUE);
}

static void
what_is_refused_is_kept_and_the_rest_goes_back(void **state)
{
    const FakeDomain domains[] = {
        {.uuid = A, .name = "a", .id = 1, .pin_code = VIR_ERR_INTERNAL_ERROR}, {0}};

    assert_kept(*state, domains);
    assert_done(A, "vcpu 0 0-3, emulator 0-3"); /* the hook still goes by the status */
}

static void
a_damaged_file_is_kept_and_the_others_go_back(void **state)
{
    Fixture *fixture = *state;
    const FakeDomain domains[] = {
        {.uuid = A, .name = "a", .id = 1}, {.uuid = B, .name = "b", .id = 2}, {0}};
    g_autofree char *path = path_of(fixture, B);
    g_autofree char *after = NULL;

    fake_libvirt_set(domains);
    leave(fixture, A, 1);
    assert_true(g_file_set_contents(path, "{\"uuid\": \"", -1, NULL));
    assert_false(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_done(A, ALL_BACK);
    assert_in_journal(fixture, A, FALSE);
    assert_done(B, "");
    assert_true(g_file_get_contents(path, &after, NULL, NULL));
    assert_string_equal(after, "{\"uuid\": \"");
    assert_said(fixture, path);
    assert_said(fixture, "move the file away");
}

/* ---- domains that are held ---- */

/* Without turns of its own, the one that the others wait for would have to wait for them. */
static void
calls_that_hang_delay_no_other_domain(void **state)
{
    Fixture *fixture = *state;
    const FakeDomain domains[] = {{.uuid = A, .name = "a", .id = 1, .waits_for = C},
                                  {.uuid = B, .name = "b", .id = 2, .waits_for = C},
                                  {.uuid = C, .name = "c", .id = 3},
                                  {0}};

    fake_libvirt_set(domains);
    leave(fixture, A, 1);
    leave(fixture, B, 2);
    leave(fixture, C, 3);
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_done(A, ALL_BACK);
    assert_done(B, ALL_BACK);
    assert_done(C, ALL_BACK);
}

/* More of them than there are places. */
static void
domains_with_a_job_have_no_turn_until_it_ends(void **state)
{
    Fixture *fixture = *state;
    FakeDomain domains[22] = {{0}};
    char uuids[20][37];

    for (guint i = 0; i < 20; i++) {
        g_snprintf(uuids[i], sizeof(uuids[i]), "aaaaaaaa-0000-4000-8000-%012u", i + 100);
        domains[i] = (FakeDomain){.uuid = uuids[i],
                                  .name = "a",
                                  .id = 1,
                                  .job = VIR_DOMAIN_JOB_OPERATION_SAVE,
                                  .job_waits_for = C};
        leave(fixture, uuids[i], 1);
    }
    domains[20] = (FakeDomain){.uuid = C, .name = "c", .id = 3};
    fake_libvirt_set(domains);
    leave(fixture, C, 3);
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
    for (guint i = 0; i < 20; i++)
        assert_done(uuids[i], ALL_BACK);
    assert_done(C, ALL_BACK);
}

static void
a_backup_lets_pin_calls_through(void **state)
{
    Fixture *fixture = *state;
    const FakeDomain domains[] = {
        {.uuid = A, .name = "a", .id = 1, .job = VIR_DOMAIN_JOB_OPERATION_BACKUP}, {0}};

    fake_libvirt_set(domains);
    leave(fixture, A, 1);
    assert_true(bpfpv_restore(&fixture->conf, LONG_MS));
    assert_done(A, ALL_BACK);
}

/* The job never ends. */
static void
what_is_held_until_time_is_up_is_kept_and_said(void **state)
{
    Fixture *fixture = *state;
    const FakeDomain domains[] = {
        {.uuid = A, .name = "a", .id = 1, .job = VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT}, {0}};

    fake_libvirt_set(domains);
    leave(fixture, A, 1);
    assert_false(bpfpv_restore(&fixture->conf, 200));
    assert_done(A, "");
    assert_in_journal(fixture, A, TRUE);
    assert_said(fixture, "domain a: its original pins could not be put back: ");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(originals_go_back_and_are_forgotten),
        TEST(what_an_administrator_pinned_stays_and_is_kept),
        TEST(without_a_journal_there_is_nothing_to_do),
        TEST(a_run_that_is_over_is_forgotten),
        TEST(a_domain_that_ends_meanwhile_is_forgotten),
        TEST(a_look_up_that_fails_says_nothing_of_the_run),
        TEST(a_question_that_fails_says_nothing_of_the_run),
        TEST(an_unreachable_libvirt_loses_nothing),
        TEST(a_domain_without_pins_needs_no_libvirt),
        TEST(what_is_refused_is_kept_and_the_rest_goes_back),
        TEST(a_damaged_file_is_kept_and_the_others_go_back),
        TEST(calls_that_hang_delay_no_other_domain),
        TEST(domains_with_a_job_have_no_turn_until_it_ends),
        TEST(a_backup_lets_pin_calls_through),
        TEST(what_is_held_until_time_is_up_is_kept_and_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
