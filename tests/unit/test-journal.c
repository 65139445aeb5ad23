/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal: what is written is read back, and what is damaged is said. */
#include "unit.h"

#include <glib/gstdio.h>

#include "host/journal/journal.h"

#define UUID "11111111-2222-3333-4444-555555555555"

static int
setup(void **state)
{
    *state = g_dir_make_tmp("bpfpv-journal-XXXXXX", NULL);
    return *state ? 0 : -1;
}

static int
teardown(void **state)
{
    g_autoptr(GDir) dir = g_dir_open(*state, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(*state, name, NULL);

        g_unlink(path);
    }
    g_rmdir(*state);
    g_free(*state);
    return 0;
}

static BpfpvJournalEntry *
make_entry(void)
{
    BpfpvJournalEntry *entry = bpfpv_journal_entry_new(UUID, "we\"b", 12);
    g_autoptr(BpfpvCpuset) all = cpus("0-3,8");
    g_autoptr(BpfpvCpuset) one = cpus("2");

    entry->pinned = TRUE;
    entry->our_channel = TRUE;
    entry->channel = g_strdup("org.bpfpv.0");
    g_ptr_array_add(entry->original, cpus("0-3,8"));
    g_ptr_array_add(entry->original, cpus("5"));
    bpfpv_cpuset_add(entry->fixed, 1);
    bpfpv_journal_entry_add_thread(entry, BPFPV_THREAD_EMULATOR, 0, all);
    bpfpv_journal_entry_add_thread(entry, BPFPV_THREAD_IOTHREAD, 3, one)->fixed = TRUE;
    return entry;
}

static void
what_is_written_is_read_back(void **state)
{
    g_autoptr(BpfpvJournalEntry) entry = make_entry();
    g_autoptr(BpfpvJournalEntry) read = NULL;
    g_autoptr(GError) error = NULL;

    assert_true(bpfpv_journal_write(*state, entry, &error));
    read = bpfpv_journal_read(*state, UUID, &error);
    assert_non_null(read);
    assert_string_equal(read->uuid, UUID);
    assert_string_equal(read->name, "we\"b");
    assert_int_equal(read->id, 12);
    assert_true(read->pinned);
    assert_true(read->our_channel);
    assert_string_equal(read->channel, "org.bpfpv.0");
    assert_int_equal(read->original->len, 2);
    assert_cpus(g_ptr_array_index(read->original, 0), "0-3,8");
    assert_cpus(g_ptr_array_index(read->original, 1), "5");
}

static void
threads_are_read_back(void **state)
{
    g_autoptr(BpfpvJournalEntry) entry = make_entry();
    g_autoptr(BpfpvJournalEntry) read = NULL;
    const BpfpvJournalThread *thread;

    assert_true(bpfpv_journal_write(*state, entry, NULL));
    read = bpfpv_journal_read(*state, UUID, NULL);
    assert_non_null(read);
    assert_cpus(read->fixed, "1");
    assert_int_equal(read->threads->len, 2);
    thread = bpfpv_journal_entry_find_thread(read, BPFPV_THREAD_EMULATOR, 0);
    assert_cpus(thread->original, "0-3,8");
    assert_false(thread->fixed);
    thread = bpfpv_journal_entry_find_thread(read, BPFPV_THREAD_IOTHREAD, 3);
    assert_cpus(thread->original, "2");
    assert_true(thread->fixed);
    assert_null(bpfpv_journal_entry_find_thread(read, BPFPV_THREAD_IOTHREAD, 0));
}

static void
what_an_administrator_pinned_is_worth_keeping(void **state)
{
    g_autoptr(BpfpvJournalEntry) entry = bpfpv_journal_entry_new(UUID, "web1", 12);
    g_autoptr(BpfpvCpuset) one = cpus("2");
    BpfpvJournalThread *thread =
        bpfpv_journal_entry_add_thread(entry, BPFPV_THREAD_EMULATOR, 0, one);

    assert_false(bpfpv_journal_entry_has_fixed(entry));
    thread->fixed = TRUE;
    assert_true(bpfpv_journal_entry_has_fixed(entry));
    thread->fixed = FALSE;
    bpfpv_cpuset_add(entry->fixed, 0);
    assert_true(bpfpv_journal_entry_has_fixed(entry));
}

/* A vCPU with a single CPU is never bpfpv's to pin; one with several may be anchored by it. */
static void
what_was_pinned_while_nobody_listened_is_theirs(void **state)
{
    g_autoptr(BpfpvJournalEntry) entry = bpfpv_journal_entry_new(UUID, "web", 12);
    g_autoptr(GPtrArray) present =
        g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_cpuset_free);
    static const char *const originals[] = {"5", "5", "0-3", "0-3"};
    static const char *const now[] = {"5", "6", "2", "1-2"};

    (void)state;
    for (guint i = 0; i < G_N_ELEMENTS(now); i++) {
        g_ptr_array_add(entry->original, cpus(originals[i]));
        g_ptr_array_add(present, cpus(now[i]));
    }
    bpfpv_cpuset_add(entry->fixed, 3);
    bpfpv_journal_entry_take_theirs(entry, present);
    assert_cpus(entry->fixed, "1,3");
    assert_cpus(g_ptr_array_index(entry->original, 0), "5");
    assert_cpus(g_ptr_array_index(entry->original, 1), "6");
    assert_cpus(g_ptr_array_index(entry->original, 2), "0-3");
    assert_cpus(g_ptr_array_index(entry->original, 3), "1-2");
    assert_true(bpfpv_journal_entry_is_theirs(entry, 0));
    assert_false(bpfpv_journal_entry_is_theirs(entry, 2));
}

static void
what_is_not_there_is_no_error(void **state)
{
    g_autoptr(GError) error = NULL;

    assert_null(bpfpv_journal_read(*state, UUID, &error));
    assert_null(error);
    bpfpv_journal_remove(*state, UUID);
}

static void
the_list_has_what_can_be_read(void **state)
{
    g_autoptr(BpfpvJournalEntry) entry = make_entry();
    g_autofree char *other = g_build_filename(*state, "README", NULL);
    g_autofree char *damaged = g_build_filename(*state, "damaged.json", NULL);
    g_autoptr(GPtrArray) list = NULL;
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(GPtrArray) none = NULL;

    assert_true(bpfpv_journal_write(*state, entry, NULL));
    assert_true(g_file_set_contents(other, "{", -1, NULL));
    list = bpfpv_journal_list(*state, &none);
    assert_int_equal(list->len, 1);
    assert_int_equal(none->len, 0);
    bpfpv_journal_remove(*state, UUID);
    assert_true(g_file_set_contents(damaged, "{", -1, NULL));
    g_ptr_array_unref(g_steal_pointer(&list));
    list = bpfpv_journal_list(*state, &problems);
    assert_int_equal(list->len, 0);
    assert_int_equal(problems->len, 1);
    assert_non_null(strstr(g_ptr_array_index(problems, 0), damaged));
}

static void
a_directory_that_is_not_there_has_no_problems(void **state)
{
    g_autoptr(GPtrArray) problems = NULL;
    g_autoptr(GPtrArray) list = bpfpv_journal_list("/nonexistent/bpfpv", &problems);
    g_autoptr(GPtrArray) more = NULL;
    g_autoptr(GPtrArray) empty = bpfpv_journal_list("/proc/self/status", &more);

    (void)state;
    assert_int_equal(list->len + problems->len, 0);
    assert_int_equal(empty->len, 0);
    assert_int_equal(more->len, 1); /* is no directory */
}

static void
what_is_damaged_is_neither_replaced_nor_removed(void **state)
{
    g_autoptr(BpfpvJournalEntry) entry = make_entry();
    g_autofree char *path = g_build_filename(*state, UUID ".json", NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *after = NULL;

    assert_true(g_file_set_contents(path, "{\"uuid", -1, NULL));
    assert_false(bpfpv_journal_write(*state, entry, &error));
    assert_non_null(strstr(error->message, path));
    bpfpv_journal_remove(*state, UUID);
    assert_true(g_file_get_contents(path, &after, NULL, NULL));
    assert_string_equal(after, "{\"uuid");
}

static void
damage_is_said(void **state)
{
#define ENTRY(uuid, rest) "{\"uuid\": \"" uuid "\", \"name\": \"web\", \"id\": 1, " rest "}"
#define PINNED "\"pinned\": true, \"original\": [\"0-1\"]"
    static const char *const damaged[] = {
        "",
        "[]",
        "{",
        "{}",
        "\xff\xfe",
        "{\"uuid\": 5}",
        ENTRY(UUID, "\"pinned\": true"),
        ENTRY(UUID, "\"pinned\": true, \"original\": []"),
        ENTRY(UUID, "\"pinned\": 1, \"original\": [\"0\"]"),
        ENTRY(UUID, "\"pinned\": true, \"original\": [\"0-\"]"),
        ENTRY(UUID, "\"pinned\": true, \"original\": [0]"),
        ENTRY(UUID, "\"pinned\": true, \"original\": \"0\""),
        ENTRY(UUID, PINNED ", \"fixed\": \"x\""),
        ENTRY(UUID, PINNED ", \"threads\": {}"),
        ENTRY(UUID, PINNED ", \"threads\": [1]"),
        ENTRY(UUID, PINNED ", \"threads\": [{\"kind\": \"emulator\"}]"),
        ENTRY(UUID, PINNED ", \"threads\": [{\"kind\": \"x\", \"id\": 1, \"original\": \"0\"}]"),
        ENTRY("6695eb01-f6a4-8304-79aa-97f2502e193f", PINNED),
    };
    g_autofree char *path = g_build_filename(*state, UUID ".json", NULL);
    g_autoptr(BpfpvJournalEntry) whole = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(damaged); i++) {
        g_autoptr(GError) error = NULL;

        assert_true(g_file_set_contents(path, damaged[i], -1, NULL));
        if (bpfpv_journal_read(*state, UUID, &error))
            fail_msg("%s is taken", damaged[i]);
        assert_non_null(error);
        assert_non_null(strstr(error->message, path));
    }
    assert_true(g_file_set_contents(path, ENTRY(UUID, PINNED), -1, NULL));
    whole = bpfpv_journal_read(*state, UUID, NULL); /* so that each has but one fault */
    assert_non_null(whole);
}

static void
a_directory_that_cannot_be_made_is_said(void **state)
{
    g_autoptr(BpfpvJournalEntry) entry = make_entry();
    g_autoptr(GError) error = NULL;

    assert_false(bpfpv_journal_write("/proc/none", entry, &error));
    assert_non_null(strstr(error->message, "/proc/none"));
}

/* Of two pins by an administrator the first one's before counts, also for the next daemon. */
static void
what_was_before_an_administrators_pin_is_kept(void **state)
{
    g_autoptr(BpfpvJournalEntry) entry = make_entry();
    g_autoptr(BpfpvJournalEntry) read = NULL;
    g_autoptr(BpfpvCpuset) first = cpus("1");
    g_autoptr(BpfpvCpuset) second = cpus("2");
    BpfpvJournalThread *emulator;

    bpfpv_journal_entry_fix(entry, 0, first);
    bpfpv_journal_entry_fix(entry, 0, second);
    emulator = bpfpv_journal_entry_find_thread(entry, BPFPV_THREAD_EMULATOR, 0);
    bpfpv_journal_thread_fix(emulator, first);
    assert_true(bpfpv_journal_write(*state, entry, NULL));
    read = bpfpv_journal_read(*state, UUID, NULL);
    assert_non_null(read);
    assert_cpus(g_ptr_array_index(read->original, 0), "2");
    assert_cpus(bpfpv_journal_entry_before(read, 0), "0-3,8");
    assert_null(bpfpv_journal_entry_before(read, 1)); /* nobody saw that one */
    emulator = bpfpv_journal_entry_find_thread(read, BPFPV_THREAD_EMULATOR, 0);
    assert_true(emulator->fixed);
    assert_cpus(emulator->original, "1");
    assert_cpus(emulator->before, "0-3,8");

    bpfpv_journal_entry_unfix(read, 0, bpfpv_journal_entry_before(read, 0));
    assert_false(bpfpv_journal_entry_is_theirs(read, 0));
    assert_cpus(g_ptr_array_index(read->original, 0), "0-3,8");
    assert_null(bpfpv_journal_entry_before(read, 0));
    bpfpv_journal_thread_unfix(emulator, emulator->before);
    assert_false(emulator->fixed);
    assert_cpus(emulator->original, "0-3,8");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_before_an_administrators_pin_is_kept),
        TEST(what_is_written_is_read_back),
        TEST(threads_are_read_back),
        TEST(what_an_administrator_pinned_is_worth_keeping),
        TEST(what_was_pinned_while_nobody_listened_is_theirs),
        TEST(what_is_not_there_is_no_error),
        TEST(the_list_has_what_can_be_read),
        TEST(a_directory_that_is_not_there_has_no_problems),
        TEST(what_is_damaged_is_neither_replaced_nor_removed),
        TEST(damage_is_said),
        TEST(a_directory_that_cannot_be_made_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
