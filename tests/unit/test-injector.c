/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The injector against a guest that is a few functions: what it asks for, and
 * what it makes of every way in which a guest can let it down.
 */
#include "unit.h"

#include <glib/gstdio.h>

#include "host/injector.h"

#define TMPFS_LINE "tmpfs /dev/shm tmpfs rw,nosuid,nodev,inode64 0 0\n"

typedef struct {
    BpfpvGuestOps ops;
    const char *mounts;
    const char *fail_command; /* this command's exit status is 1 */
    gboolean fail_writes;
    char **options;      /* for the loader */
    gboolean no_program; /* inject none of the payload's programs */
    int loader_status;
    const char *loader_words;
    GPtrArray *commands; /* of char *: every command line that ran */
    GHashTable *files;   /* path → bytes written */
} FakeGuest;

static gboolean
fake_exec(BpfpvGuestOps *ops, const char *const *argv, guint timeout_s, BpfpvExecResult *result,
          GError **error)
{
    FakeGuest *guest = (FakeGuest *)ops;
    gboolean is_loader = strstr(argv[0], "bpfpv-guest") != NULL;

    g_ptr_array_add(guest->commands, g_strjoinv(" ", (char **)argv));
    result->exited = TRUE;
    result->status =
        is_loader ? guest->loader_status : g_strcmp0(argv[0], guest->fail_command) == 0;
    result->out = g_strdup("");
    result->err = g_strdup(is_loader && guest->loader_words ? guest->loader_words : "no\x1b[2J\n");
    return TRUE;
}

static gboolean
fake_write(BpfpvGuestOps *ops, const char *path, GBytes *bytes, GError **error)
{
    FakeGuest *guest = (FakeGuest *)ops;

    if (guest->fail_writes) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC, "the guest's disk is full");
        return FALSE;
    }
    g_hash_table_insert(guest->files, g_strdup(path), g_bytes_ref(bytes));
    return TRUE;
}

static char *
fake_read(BpfpvGuestOps *ops, const char *path, gsize max, gsize *length, GError **error)
{
    assert_string_equal(path, "/proc/self/mounts");
    return g_strndup(((FakeGuest *)ops)->mounts, max);
}

static int
setup(void **state)
{
    FakeGuest *guest = g_new0(FakeGuest, 1);

    guest->ops = (BpfpvGuestOps){fake_exec, fake_write, fake_read};
    guest->mounts = "tmpfs /run tmpfs rw,nosuid,nodev,noexec 0 0\n" TMPFS_LINE;
    guest->commands = g_ptr_array_new_with_free_func(g_free);
    guest->files =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
    *state = guest;
    return 0;
}

static int
teardown(void **state)
{
    FakeGuest *guest = *state;

    g_ptr_array_unref(guest->commands);
    g_hash_table_unref(guest->files);
    g_free(guest);
    return 0;
}

static BpfpvPayload *
make_payload(void)
{
    g_autofree char *directory = g_dir_make_tmp("bpfpv-payload-XXXXXX", NULL);
    g_autofree char *loader = g_build_filename(directory, "bpfpv-guest", NULL);
    g_autofree char *object = g_build_filename(directory, "affinity.bpf.o", NULL);
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    BpfpvPayload *payload;

    assert_true(g_file_set_contents(loader, "loader", -1, NULL));
    assert_true(g_file_set_contents(object, "object", -1, NULL));
    g_ptr_array_add(programs, (gpointer) "affinity");
    payload = bpfpv_payload_load(directory, programs, NULL);
    assert_non_null(payload);
    g_unlink(loader);
    g_unlink(object);
    g_rmdir(directory);
    return payload;
}

static gboolean
inject(FakeGuest *guest, GError **error)
{
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    const BpfpvInjection injection = {
        programs, "00112233445566778899aabbccddeeff", "org.bpfpv.0", 1234, NULL, 60};
    g_autoptr(BpfpvPayload) payload = make_payload();

    bpfpv_payload_set_options(payload, guest->options);
    if (!guest->no_program)
        g_ptr_array_add(programs, (gpointer) "affinity");
    return bpfpv_inject(&guest->ops, payload, &injection, error);
}

static const char *
command(const FakeGuest *guest, guint index)
{
    assert_true(index < guest->commands->len);
    return g_ptr_array_index(guest->commands, index);
}

static void
assert_removed(const FakeGuest *guest)
{
    const char *last = command(guest, guest->commands->len - 1);

    assert_true(g_str_has_prefix(last, "rm -rf /dev/shm/bpfpv-"));
}

static void
sends_everything_and_starts_the_loader(void **state)
{
    FakeGuest *guest = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "object", 6);
    g_autofree char *object = g_strdup_printf("/affinity.bpf.o=%s", digest);

    assert_true(inject(guest, &error));
    assert_int_equal(g_hash_table_size(guest->files), 2);
    assert_int_equal(guest->commands->len, 3);
    assert_true(g_str_has_prefix(command(guest, 0), "mkdir -m 0700 /dev/shm/bpfpv-"));
    assert_true(g_str_has_prefix(command(guest, 1), "chmod 0700 /dev/shm/bpfpv-"));
    assert_non_null(strstr(command(guest, 2), "--session=00112233445566778899aabbccddeeff"));
    assert_non_null(strstr(command(guest, 2), "--channel=org.bpfpv.0 --max-keys=1234 --unlink"));
    assert_non_null(strstr(command(guest, 2), object));
}

static void
hands_a_tests_options_on(void **state)
{
    FakeGuest *guest = *state;

    guest->options = (char *[]){"--attach=kprobe", "--ring-size=4096", NULL};
    assert_true(inject(guest, NULL));
    assert_non_null(strstr(command(guest, 2), " --attach=kprobe --ring-size=4096 "));
}

static void
sends_only_the_programs_that_are_wanted(void **state)
{
    FakeGuest *guest = *state;

    guest->no_program = TRUE;
    assert_true(inject(guest, NULL));
    assert_int_equal(g_hash_table_size(guest->files), 1);
    assert_null(strstr(command(guest, 2), "affinity"));
}

static void
each_injection_has_a_directory_of_its_own(void **state)
{
    FakeGuest *guest = *state;

    assert_true(inject(guest, NULL));
    assert_true(inject(guest, NULL));
    assert_string_not_equal(command(guest, 0), command(guest, 3));
}

static void
prefers_run_where_it_allows_execution(void **state)
{
    FakeGuest *guest = *state;

    guest->mounts = "tmpfs /run tmpfs rw,nosuid 0 0\n" TMPFS_LINE;
    assert_true(inject(guest, NULL));
    assert_true(g_str_has_prefix(command(guest, 0), "mkdir -m 0700 /run/bpfpv-"));
}

static void
takes_a_disk_where_no_tmpfs_is_usable(void **state)
{
    FakeGuest *guest = *state;

    guest->mounts = "garbage\n\n /run\ntmpfs /dev/shm tmpfs ro 0 0\n";
    assert_true(inject(guest, NULL));
    assert_true(g_str_has_prefix(command(guest, 0), "mkdir -m 0700 /tmp/bpfpv-"));
}

static void
says_when_there_is_no_place(void **state)
{
    FakeGuest *guest = *state;
    g_autoptr(GError) error = NULL;

    guest->fail_command = "mkdir";
    assert_false(inject(guest, &error));
    assert_true(g_error_matches(error, BPFPV_INJECTOR_ERROR, BPFPV_INJECTOR_ERROR_GUEST));
    assert_non_null(strstr(error->message, "mkdir in the guest ended with status 1"));
    assert_null(strchr(error->message, '\x1b')); /* the guest's words are made printable */
}

static void
removes_what_it_wrote_when_a_write_fails(void **state)
{
    FakeGuest *guest = *state;
    g_autoptr(GError) error = NULL;

    guest->fail_writes = TRUE;
    assert_false(inject(guest, &error));
    assert_non_null(strstr(error->message, "disk is full"));
    assert_removed(guest);
}

static void
assert_loader_error(FakeGuest *guest, int status, BpfpvInjectorError code, const char *words)
{
    g_autoptr(GError) error = NULL;

    guest->loader_status = status;
    guest->loader_words = "bpfpv-guest: kernel: 5.4.0: no BTF\nmore\n";
    assert_false(inject(guest, &error));
    assert_true(g_error_matches(error, BPFPV_INJECTOR_ERROR, code));
    assert_non_null(strstr(error->message, words));
    assert_null(strstr(error->message, "more")); /* one line of it */
    assert_removed(guest);
}

static void
tells_the_loaders_reasons_apart(void **state)
{
    assert_loader_error(*state, 3, BPFPV_INJECTOR_ERROR_DAMAGED, "5.4.0");
    assert_loader_error(*state, 4, BPFPV_INJECTOR_ERROR_REFUSED, "kernel refuses the program");
    assert_loader_error(*state, 5, BPFPV_INJECTOR_ERROR_CHANNEL, "5.4.0");
    assert_loader_error(*state, 6, BPFPV_INJECTOR_ERROR_DENIED, "ask for /etc/bpfpv/deny in the");
    assert_loader_error(*state, 1, BPFPV_INJECTOR_ERROR_GUEST, "5.4.0");
}

static void
suggests_what_a_silent_death_may_mean(void **state)
{
    FakeGuest *guest = *state;
    g_autoptr(GError) error = NULL;

    guest->loader_status = 126;
    guest->loader_words = "";
    assert_false(inject(guest, &error));
    assert_non_null(strstr(error->message, "SELinux"));
}

static void
knows_its_files_by_their_digests(void **state)
{
    g_autoptr(BpfpvPayload) payload = make_payload();
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[BPFPV_WIRE_DIGEST_LEN];
    gsize length = sizeof(digest);

    g_checksum_update(checksum, (const guchar *)"object", 6);
    g_checksum_get_digest(checksum, digest, &length);
    assert_true(bpfpv_payload_matches(payload, "affinity", digest));
    assert_false(bpfpv_payload_matches(payload, NULL, digest));
    assert_false(bpfpv_payload_matches(payload, "other", digest));
    assert_int_equal(bpfpv_payload_size(payload), 12);
}

static void
sends_the_packed_loader_where_there_is_one(void **state)
{
    g_autofree char *directory = g_dir_make_tmp("bpfpv-payload-XXXXXX", NULL);
    g_autofree char *loader = g_build_filename(directory, "bpfpv-guest", NULL);
    g_autofree char *packed = g_build_filename(directory, "bpfpv-guest.packed", NULL);
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    g_autoptr(BpfpvPayload) payload = NULL;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[BPFPV_WIRE_DIGEST_LEN];
    gsize length = sizeof(digest);

    assert_true(g_file_set_contents(loader, "loader", -1, NULL));
    assert_true(g_file_set_contents(packed, "ldr", -1, NULL));
    payload = bpfpv_payload_load(directory, programs, NULL);
    assert_int_equal(bpfpv_payload_size(payload), 3);
    g_checksum_update(checksum, (const guchar *)"loader", 6);
    g_checksum_get_digest(checksum, digest, &length);
    assert_true(bpfpv_payload_matches(payload, NULL, digest)); /* what will run */
    g_unlink(loader);
    g_unlink(packed);
    g_rmdir(directory);
}

/* What was built, with the affinity program: the aim is 500 KB. */
static void
sends_little(void **state)
{
    g_autofree char *packed =
        g_build_filename(g_getenv("BPFPV_GUEST_DIR"), "bpfpv-guest.packed", NULL);
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    g_autoptr(BpfpvPayload) payload = NULL;

    g_ptr_array_add(programs, (gpointer) "affinity");
    payload = bpfpv_payload_load(g_getenv("BPFPV_GUEST_DIR"), programs, NULL);
    assert_non_null(payload);
    print_message("%zu bytes are sent\n", bpfpv_payload_size(payload));
    if (g_file_test(packed, G_FILE_TEST_EXISTS)) /* not on every machine, see configure */
        assert_true(bpfpv_payload_size(payload) < 500 * 1000);
}

static void
says_what_is_not_installed(void **state)
{
    g_autoptr(GPtrArray) programs = g_ptr_array_new();
    g_autoptr(GError) error = NULL;

    assert_null(bpfpv_payload_load("/nonexistent", programs, &error));
    assert_non_null(strstr(error->message, "/nonexistent/bpfpv-guest"));
    assert_non_null(strstr(error->message, "installed completely"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sends_everything_and_starts_the_loader),
        TEST(hands_a_tests_options_on),
        TEST(sends_only_the_programs_that_are_wanted),
        TEST(each_injection_has_a_directory_of_its_own),
        TEST(prefers_run_where_it_allows_execution),
        TEST(takes_a_disk_where_no_tmpfs_is_usable),
        TEST(says_when_there_is_no_place),
        TEST(removes_what_it_wrote_when_a_write_fails),
        TEST(tells_the_loaders_reasons_apart),
        TEST(suggests_what_a_silent_death_may_mean),
        TEST(knows_its_files_by_their_digests),
        TEST(sends_the_packed_loader_where_there_is_one),
        TEST(sends_little),
        TEST(says_what_is_not_installed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
