/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The libvirt hook: bpfpv's pins leave a domain's XML, an administrator's
 * stay, and whatever it is given, it ends soon with a clear word. The program
 * itself is $BPFPV_HOOK; $srcdir is the top of the source tree.
 */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/repair.h"

#define MIB (1024 * 1024)

static char *
repair(const char *text)
{
    g_autoptr(GError) error = NULL;
    char *repaired = bpfpv_hook_repair(text, strlen(text), &error);

    assert_null(error);
    return repaired;
}

static char *
seed(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("srcdir") ? g_getenv("srcdir") : ".",
                                             "tests/fuzz/hook-seeds", name, NULL);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        fail_msg("cannot read %s", path);
    return text;
}

static void
assert_contains(const char *text, const char *part, gboolean expected)
{
    if ((strstr(text, part) != NULL) != expected)
        fail_msg("%s \"%s\":\n%s", expected ? "lacks" : "contains", part, text);
}

static void
own_pins_go_and_originals_come_back(void **state)
{
    g_autofree char *text = seed("pinned.xml");
    g_autofree char *repaired = repair(text);

    assert_non_null(repaired);
    assert_contains(repaired, "vcpupin vcpu=\"0\"", FALSE);
    assert_contains(repaired, "vcpupin vcpu=\"1\"", FALSE);
    assert_contains(repaired, "vcpupin vcpu=\"2\" cpuset=\"2-3\"", TRUE);
    assert_contains(repaired, "emulatorpin", FALSE);
    assert_contains(repaired, "iothreadpin iothread=\"1\" cpuset=\"0-1\"", TRUE);
    assert_contains(repaired, "<shares>2048</shares>", TRUE);
    assert_contains(repaired, "urn:bpfpv:domain:1", TRUE);
}

static void
what_is_not_ours_to_undo_stays_and_is_remembered(void **state)
{
    g_autofree char *text = seed("pinned.xml");
    g_autofree char *repaired = repair(text);

    assert_contains(repaired, "vcpupin vcpu=\"3\" cpuset=\"3\"", TRUE);
    assert_contains(repaired, "fixed=\"administrator\"", TRUE);
    assert_contains(repaired, "want=\"anchor\"", FALSE);
    assert_contains(repaired, "plugged=\"org.bpfpv.0\"", TRUE);
    assert_contains(repaired, "state=", FALSE);
}

static void
without_a_status_nothing_is_changed(void **state)
{
    assert_null(repair("<domain><metadata><bpfpv xmlns='urn:bpfpv:domain:1'/></metadata>"
                       "<cputune><vcpupin vcpu='0' cpuset='1'/></cputune></domain>"));
    assert_null(repair("<domain/>"));
}

static void
an_empty_cputune_goes_with_its_last_pin(void **state)
{
    g_autofree char *repaired =
        repair("<domain><metadata><s:status xmlns:s='urn:bpfpv:status:1'><vcpu id='0' "
               "applied='1' unpinned='yes'/></s:status></metadata><cputune>\n<vcpupin vcpu='0' "
               "cpuset='1'/>\n</cputune></domain>");

    assert_contains(repaired, "cputune", FALSE);
    assert_contains(repaired, "status", FALSE);
}

/* Whoever wrote it so may mean something by it. */
static void
a_cputune_that_was_empty_stays(void **state)
{
    g_autofree char *repaired =
        repair("<domain><metadata><s:status xmlns:s='urn:bpfpv:status:1'><vcpu id='0' applied='1' "
               "unpinned='yes'/></s:status></metadata><cputune>\n</cputune></domain>");

    assert_contains(repaired, "<cputune>\n</cputune>", TRUE);
    assert_contains(repaired, "status", FALSE);
}

/* ---- the program ---- */

typedef struct {
    int status;
    char *out;
    char *err;
    gint64 ms; /* of CPU time: how long it took otherwise is the machine's affair */
} Run;

static void
run_clear(Run *run)
{
    g_free(run->out);
    g_free(run->err);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* Runs the hook with a file of @length bytes, @bytes over and over, as its input. */
static void
run_hook(Run *run, const char *operation, const char *bytes, gsize piece, gsize length)
{
    g_autofree char *config = g_strdup_printf("--config=%s/data/bpfpvd.conf",
                                              g_getenv("srcdir") ? g_getenv("srcdir") : ".");
    const char *argv[] = {g_getenv("BPFPV_HOOK"), config, "web1", operation, "begin", "-", NULL};
    g_autofree char *path = NULL;
    int input = g_file_open_tmp("bpfpv-hook-XXXXXX", &path, NULL);
    struct rusage usage;
    GPid pid;
    int out, err;
    char text[4096] = "";

    assert_true(input >= 0);
    for (gsize at = 0; at < length; at += piece)
        assert_int_equal(write(input, bytes, piece), piece);
    lseek(input, 0, SEEK_SET);
    assert_true(g_spawn_async_with_pipes_and_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                                 NULL, input, -1, -1, NULL, NULL, 0, &pid, NULL,
                                                 &out, &err, NULL));
    while (read(out, text, sizeof(text)) > 0)
        ;
    memset(text, 0, sizeof(text));
    if (read(err, text, sizeof(text) - 1) < 0)
        text[0] = '\0';
    wait4(pid, &run->status, 0, &usage);
    run->ms = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
              (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    run->err = g_strdup(text);
    close(input);
    close(out);
    close(err);
    unlink(path);
}

static void
assert_says(const char *operation, const char *bytes, gsize piece, gsize length, const char *words)
{
    g_auto(Run) run = {0};

    run_hook(&run, operation, bytes, piece, length);
    assert_true(WIFEXITED(run.status));
    assert_true(run.ms < 1000);
    if (words) {
        assert_int_equal(WEXITSTATUS(run.status), 1);
        assert_contains(run.err, words, TRUE);
        assert_contains(run.err, "bpfpv-qemu-hook: domain web1: ", TRUE);
    } else {
        assert_int_equal(WEXITSTATUS(run.status), 0);
        assert_string_equal(run.err, "");
    }
}

static char *
make_random(gsize length)
{
    GRand *rand = unit_random("binary input");
    char *bytes = g_malloc(length);

    for (gsize i = 0; i < length; i++)
        bytes[i] = (char)g_rand_int(rand);
    g_rand_free(rand);
    return bytes;
}

static void
whatever_it_is_given_it_ends_soon_and_says_why(void **state)
{
    static const char *const operations[] = {"prepare", "migrate", "restore"};
    g_autofree char *binary = make_random(MIB);
    g_autofree char *spaces = g_strnfill(MIB, ' ');

    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++) {
        const char *operation = operations[i];

        assert_says(operation, "", 1, 0, "the XML is empty");
        assert_says(operation, "garbage\n", 8, 8, "the XML is not well-formed");
        assert_says(operation, binary, MIB, MIB, "the XML is not well-formed");
        assert_says(operation, "<a>", 3, 3 * 100000, "the XML is not well-formed");
        assert_says(operation, spaces, MIB, 100 * (gsize)MIB, "longer than 8 MiB");
        assert_says(operation, "<network/>", 10, 10, "<network> is ");
    }
}

static void
entities_do_not_expand_without_bound(void **state)
{
    g_autofree char *text = seed("entities.xml");
    g_auto(Run) run = {0};

    run_hook(&run, "prepare", text, strlen(text), strlen(text));
    assert_true(run.ms < 1000);
    assert_int_equal(WEXITSTATUS(run.status), 1);
}

/* Entities of entities: a few hundred lines of them kept libxml2 busy for most of a minute. */
static char *
make_entities(void)
{
    GString *text = g_string_new("<!DOCTYPE domain [<!ENTITY e0 \"xxxxxxxxxxxxxxxx\">");

    for (guint i = 1; i < 400; i++)
        g_string_append_printf(text, "<!ENTITY e%u \"&e%u;&e%u;\">", i, i - 1, i - 1);
    g_string_append(text, "]><domain><name a='&e399;'>web1</name></domain>");
    return g_string_free(text, FALSE);
}

static void
a_doctype_is_refused_in_any_encoding(void **state)
{
    g_autofree char *text = make_entities();
    g_autofree char *bom = g_strconcat("\xEF\xBB\xBF", text, NULL);
    g_autofree char *declared = g_strconcat("<?xml version='1.0' encoding='UTF-16'?>", text, NULL);
    gsize length;
    g_autofree char *wide = g_convert(declared, -1, "UTF-16", "UTF-8", NULL, &length, NULL);
    const struct {
        const char *text;
        gsize length;
    } inputs[] = {{text, strlen(text)}, {bom, strlen(bom)}, {wide, length}};

    for (gsize i = 0; i < G_N_ELEMENTS(inputs); i++) {
        g_auto(Run) run = {0};

        run_hook(&run, "prepare", inputs[i].text, inputs[i].length, inputs[i].length);
        assert_int_equal(WEXITSTATUS(run.status), 1);
        if (!strstr(run.err, "<!DOCTYPE>"))
            fail_msg("%s", run.err);
    }
}

static void
nothing_makes_reconnect_fail(void **state)
{
    static const char *const operations[] = {"reconnect", "stopped", "release",
                                             "start",     "started", "attach"};
    g_autofree char *binary = make_random(MIB);

    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++) {
        assert_says(operations[i], "", 1, 0, NULL);
        assert_says(operations[i], "garbage", 7, 7, NULL);
        assert_says(operations[i], binary, MIB, 8 * (gsize)MIB, NULL);
    }
}

static void
an_element_that_is_invalid_keeps_the_domain_from_starting(void **state)
{
    static const char text[] =
        "<domain><name>web1</name><metadata>\n<bpfpv xmlns='urn:bpfpv:domain:1'>"
        "<program name='affinity'><placement smt='maybe'/></program></bpfpv></metadata></domain>";
    g_auto(Run) run = {0};

    run_hook(&run, "prepare", text, strlen(text), strlen(text));
    assert_int_equal(WEXITSTATUS(run.status), 1);
    assert_string_equal(run.err, "domain web1: <placement smt=\"maybe\">, line 2: \"maybe\" is not "
                                 "one of match, isolate, ignore\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_pins_go_and_originals_come_back),
        cmocka_unit_test(what_is_not_ours_to_undo_stays_and_is_remembered),
        cmocka_unit_test(without_a_status_nothing_is_changed),
        cmocka_unit_test(an_empty_cputune_goes_with_its_last_pin),
        cmocka_unit_test(a_cputune_that_was_empty_stays),
        cmocka_unit_test(whatever_it_is_given_it_ends_soon_and_says_why),
        cmocka_unit_test(entities_do_not_expand_without_bound),
        cmocka_unit_test(a_doctype_is_refused_in_any_encoding),
        cmocka_unit_test(nothing_makes_reconnect_fail),
        cmocka_unit_test(an_element_that_is_invalid_keeps_the_domain_from_starting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
