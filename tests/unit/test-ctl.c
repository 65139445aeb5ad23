/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl as people and scripts meet it: the real binary against a fake
 * bpfpvd; its usage, list, show, map and detach.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <json-glib/json-glib.h>

#include "ctl-run.h"

#define DOMAINS                                                                                    \
    "[{'domain': <'db'>, 'uuid': <'u1'>, 'state': <'active'>, 'reason': <''>,"                     \
    "  'vcpus': <uint32 16>, 'anchors': <uint32 2>, 'unmet': <uint32 0>},"                         \
    " {'domain': <'web1'>, 'uuid': <'u2'>, 'state': <'failed'>,"                                   \
    "  'reason': <'the guest has no agent'>,"                                                      \
    "  'vcpus': <uint32 4>, 'anchors': <uint32 1>, 'unmet': <uint32 3>}]"

#define STATUS_OF(kernel)                                                                          \
    "{'domain': <'web1'>, 'uuid': <'u2'>, 'state': <'active'>, 'reason': <''>,"                    \
    " 'guest': <{'kernel': <'" kernel "'>, 'cpus': <uint32 2>, 'loader': <'0.1.0'>}>,"             \
    " 'programs': <[{'name': <'affinity'>, 'attach': <'fexit'>, 'keys': <uint32 7>,"               \
    "   'generation': <uint32 3>, 'lost': <uint64 0>}]>,"                                          \
    " 'vcpus': <[{'vcpu': <uint32 0>, 'tasks': <uint32 1>, 'want': <'anchor'>,"                    \
    "   'cpus': <'2'>, 'original': <'0-7'>, 'applied': <'2'>, 'why': <''>},"                       \
    "  {'vcpu': <uint32 1>, 'tasks': <uint32 0>, 'want': <'float'>, 'cpus': <'0-1,3-7'>,"          \
    "   'original': <'0-7'>, 'applied': <'0-7'>, 'why': <'a job holds the domain'>}]>}"
#define STATUS STATUS_OF("6.1.0-18-cloud-amd64")

static void
refuses_wrong_command_lines(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *calls = NULL;

    ctl_run(fixture, NULL);
    ctl_assert_ended(fixture, 2, "a command is missing");
    ctl_run(fixture, "frobnicate", NULL);
    ctl_assert_ended(fixture, 2, "no command 'frobnicate'");
    ctl_run(fixture, "--frobnicate", "list", NULL);
    ctl_assert_ended(fixture, 2, "--frobnicate");
    ctl_run(fixture, "list", "--frobnicate", NULL);
    ctl_assert_ended(fixture, 2, "--frobnicate");
    ctl_run(fixture, "list", "web1", NULL);
    ctl_assert_ended(fixture, 2, "list takes no argument");
    ctl_run(fixture, "show", NULL);
    ctl_assert_ended(fixture, 2, "show takes DOMAIN...");
    ctl_run(fixture, "detach", NULL);
    ctl_assert_ended(fixture, 2, "detach takes DOMAIN...");
    ctl_run(fixture, "map", "web1", NULL);
    ctl_assert_ended(fixture, 2, "map takes no argument");
    ctl_run(fixture, "detach", "--json", "web1", NULL);
    ctl_assert_ended(fixture, 2, "has no --json");
    ctl_run(fixture, "attach", "--timeout=0", "web1", NULL);
    ctl_assert_ended(fixture, 2, "--timeout=0");
    ctl_run(fixture, "show", "--timeout=5", "web1", NULL);
    ctl_assert_ended(fixture, 2, "--timeout");
    assert_string_equal(fixture->out, "");
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "");
}

static void
explains_itself(void **state)
{
    CtlFixture *fixture = *state;

    ctl_run(fixture, "--help", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "attach DOMAIN...");
    ctl_run(fixture, "attach", "--help", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "--no-wait");
    ctl_run(fixture, "--version", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_true(g_regex_match_simple("^bpfpvctl \\d+\\.\\d+", fixture->out, 0, 0));
}

static void
says_what_to_do_without_a_daemon(void **state)
{
    CtlFixture *fixture = *state;

    g_clear_pointer(&fixture->fake, fake_manager_free);
    ctl_run(fixture, "list", NULL);
    ctl_assert_ended(fixture, 1, "bpfpvctl: bpfpvd is not running: start it with");
    ctl_run(fixture, "show", "web1", "--json", NULL);
    ctl_assert_ended(fixture, 1, "systemctl start bpfpvd");
    ctl_run(fixture, "detach", "web1", NULL);
    ctl_assert_ended(fixture, 1, "systemctl start bpfpvd");
    ctl_run(fixture, "list", "--bus-address=unix:path=/nonexistent/bus", NULL);
    ctl_assert_ended(fixture, 1, "/nonexistent/bus");
    assert_string_equal(fixture->out, "");
}

static void
lists_as_a_table(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, DOMAINS);
    ctl_run(fixture, "list", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out,
                        "DOMAIN  STATE   VCPUS      ANCHORS  REASON\n"
                        "db      active     16            2  -\n"
                        "web1    failed      4  1 (3 unmet)  the guest has no agent\n");
}

static void
lists_nothing_with_a_hint(void **state)
{
    CtlFixture *fixture = *state;

    ctl_run(fixture, "list", NULL);
    ctl_assert_ended(fixture, 0, "bpfpvctl attach DOMAIN");
    assert_string_equal(fixture->out, "");
    ctl_run(fixture, "--json", "list", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, "[]\n");
}

#define NOT_CONNECTED                                                                              \
    "{'Ready': <false>, 'Connected': <false>, 'LibvirtUri': <'qemu:///system'>,"                   \
    " 'LibvirtError': <'no socket\\tthere'>}"

static void
says_that_nothing_is_known_without_libvirt(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_host(fixture->fake, NOT_CONNECTED);
    ctl_run(fixture, "list", NULL);
    ctl_assert_ended(fixture, 1, "not connected to libvirt at qemu:///system: no socket there: ");
    ctl_assert_has(fixture->err, "whether libvirtd");
    ctl_assert_lacks(fixture->err, "No managed domains");
    assert_string_equal(fixture->out, "");
    ctl_run(fixture, "--json", "list", NULL);
    ctl_assert_ended(fixture, 1, "not connected to libvirt at qemu:///system");
    assert_string_equal(fixture->out, "[]\n");
    ctl_run(fixture, "map", NULL);
    ctl_assert_ended(fixture, 1, "not connected to libvirt at qemu:///system");
    assert_string_equal(fixture->out, "");
    fake_manager_set_error(fixture->fake, "org.bpfpv1.Error.NotConnected", "it is not known");
    ctl_run(fixture, "show", "web1", NULL);
    ctl_assert_ended(fixture, 1, "bpfpvctl: it is not known");
}

static void
marks_what_was_known_before_libvirt_went_away(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_host(fixture->fake, NOT_CONNECTED);
    fake_manager_set_list(fixture->fake,
                          "[{'domain': <'db'>, 'uuid': <'u1'>, 'state': <'active'>, 'reason': <''>,"
                          "  'connected': <false>, 'vcpus': <uint32 1>, 'anchors': <uint32 0>,"
                          "  'unmet': <uint32 0>}]");
    fake_manager_set_show(fixture->fake, "{'domain': <'db'>, 'uuid': <'u1'>, 'state': <'active'>,"
                                         " 'connected': <false>, 'reason': <''>}");
    ctl_run(fixture, "list", NULL);
    ctl_assert_ended(fixture, 1, "as it was known last");
    ctl_assert_has(fixture->out, "db      active (last known)");
    ctl_run(fixture, "list", "--json", NULL);
    ctl_assert_ended(fixture, 1, "as it was known last");
    ctl_assert_has(fixture->out, "\"connected\" : false");
    ctl_run(fixture, "show", "db", NULL);
    ctl_assert_ended(fixture, 1, "as it was known last");
    ctl_assert_has(fixture->out, "db  active (last known)\n");
}

static void
releases_one_vcpu_or_all_that_was_pinned(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *calls = NULL;

    ctl_run(fixture, "release", "web1", "3", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, "web1: vCPU 3 handed back to bpfpvd, within host CPUs 0-7\n");
    ctl_run(fixture, "release", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out,
                        "web1: vCPU 2 handed back to bpfpvd, within host CPUs 0-7\n"
                        "web1: emulator handed back to bpfpvd, within host CPUs 0-7\n"
                        "web1: I/O thread 1 handed back to bpfpvd, within host CPUs 4-7\n");
    ctl_run(fixture, "release", "--json", "web1", "0", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "\"thread\" : \"vcpu\"");
    ctl_assert_has(fixture->out, "\"original\" : \"0-7\"");
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "Release(web1):3 Release(web1):-1 Release(web1):0");
}

static void
refuses_to_release_what_is_no_vcpu(void **state)
{
    CtlFixture *fixture = *state;

    ctl_run(fixture, "release", NULL);
    ctl_assert_ended(fixture, 2, "release takes DOMAIN [VCPU]");
    ctl_run(fixture, "release", "web1", "-1", NULL);
    ctl_assert_ended(fixture, 2, "-1");
    ctl_run(fixture, "release", "web1", "two", NULL);
    ctl_assert_ended(fixture, 2, "\"two\" is not the number of a vCPU");
    fake_manager_set_error(fixture->fake, "org.bpfpv1.Error.InvalidArgument",
                           "vCPU 2 of domain web1 is statically pinned");
    ctl_run(fixture, "release", "web1", "2", NULL);
    ctl_assert_ended(fixture, 1, "bpfpvctl: vCPU 2 of domain web1 is statically pinned");
    assert_string_equal(fixture->out, "");
}

static void
warns_of_a_hook_that_libvirtd_cannot_run(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, DOMAINS);
    fake_manager_set_host(fixture->fake, "{'Hook': <'libvirtd could not run its hook'>}");
    ctl_run(fixture, "list", NULL);
    ctl_assert_ended(fixture, 0, "bpfpvctl: warning: libvirtd could not run its hook");
    ctl_assert_has(fixture->out, "DOMAIN  STATE");
    ctl_run(fixture, "--json", "list", NULL);
    ctl_assert_ended(fixture, 0, "bpfpvctl: warning: libvirtd could not run its hook");
    fake_manager_set_host(fixture->fake, "{'Hook': <''>}");
    ctl_run(fixture, "list", NULL);
    ctl_assert_ended(fixture, 0, NULL);
}

static void
colours_a_terminal_only(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, DOMAINS);
    ctl_run_on_terminal(fixture, "COLUMNS", "54", "list", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "\033[32mactive\033[0m");
    ctl_assert_has(fixture->out, "\033[31mfailed\033[0m");
    /* 54 columns are too few for the last cell of the last line. */
    ctl_assert_has(fixture->out, "the guest has no\r\n"
                                 "                                    agent\r\n");
    ctl_run_on_terminal(fixture, "NO_COLOR", "1", "list", NULL);
    ctl_assert_lacks(fixture->out, "\033");
    ctl_run_on_terminal(fixture, "TERM", "dumb", "list", NULL);
    ctl_assert_lacks(fixture->out, "\033");
    ctl_run_on_terminal(fixture, "NO_COLOR", "", "list", "--no-color", NULL);
    ctl_assert_lacks(fixture->out, "\033");
}

static void
shows_for_people(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_show(fixture->fake, STATUS);
    ctl_run(fixture, "show", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(
        fixture->out, "web1  active\n"
                      "  uuid     u2\n"
                      "  guest    kernel 6.1.0-18-cloud-amd64, 2 CPUs, loader 0.1.0\n"
                      "  program  affinity, attached by fexit: keys 7, generation 3, lost 0\n"
                      "\n"
                      "VCPU  WANT    TASKS  PLAN     APPLIED  ORIGINAL  WHY\n"
                      "   0  anchor      1  2        2        0-7       -\n"
                      "   1  float       0  0-1,3-7  0-7      0-7       a job holds the domain\n");
}

static void
shows_the_other_threads(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_show(
        fixture->fake,
        "{'domain': <'web1'>, 'uuid': <'u2'>, 'state': <'active'>, 'reason': <''>, 'emulator': "
        "<{'cpus': <'0'>, 'original': <'0-7'>, 'applied': <'0-7'>, 'why': <'a job'>}>, "
        "'iothreads': <[{'iothread': <uint32 12>, 'cpus': <'0'>, 'original': <'0-7'>, 'applied': "
        "<'0'>, 'why': <''>}]>}");
    ctl_run(fixture, "show", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "\n"
                                 "THREAD       PLAN  APPLIED  ORIGINAL  WHY\n"
                                 "emulator     0     0-7      0-7       a job\n"
                                 "iothread 12  0     0        0-7       -\n");
}

static void
shows_what_is_there_yet(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_show(fixture->fake, "{'domain': <'web1'>, 'uuid': <'u2'>, 'state': "
                                         "<'waiting-agent'>, 'reason': <'guest boots'>}");
    ctl_run(fixture, "show", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, "web1  waiting-agent\n"
                                      "  uuid     u2\n"
                                      "  reason   guest boots\n"
                                      "  guest    has not answered yet\n");
}

#define MAP                                                                                        \
    "{'pool': <'0-1'>, 'reserve': <uint32 1>, 'cells': <[{'cell': <uint32 0>, 'memory': "          \
    "<uint64 2097152>}]>, 'cpus': <["                                                              \
    "{'cpu': <uint32 0>, 'cell': <uint32 0>, 'cache': <uint32 0>, 'state': <'anchor'>,"            \
    " 'vcpus': <[{'domain': <'web1'>, 'vcpu': <uint32 3>, 'want': <'anchor'>}]>},"                 \
    "{'cpu': <uint32 1>, 'cell': <uint32 0>, 'cache': <uint32 0>, 'state': <'free'>,"              \
    " 'floating': <uint32 5>}]>}"

static void
draws_the_host(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_map(fixture->fake, MAP);
    ctl_run(fixture, "map", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, "cell 0, 2 GiB\n"
                                      "  cache 0: CPUs 0-1\n"
                                      "    [0 web1/3] [1 .     ]\n"
                                      "\n"
                                      "  . free\n"
                                      "  2 of 2 CPUs online, pool 0-1, reserve 1\n"
                                      "  anchors: 1; vCPUs floating on 1 CPU: 5\n");
    ctl_run_on_terminal(fixture, "COLUMNS", "12", "map", NULL);
    ctl_assert_has(fixture->out, "cache 0: 0-1  \033[32ma\033[0m .\r\n");
    ctl_run_on_terminal(fixture, "NO_COLOR", "1", "map", NULL);
    ctl_assert_has(fixture->out, "    [0 web1/3] [1 .     ]\r\n");
    ctl_run(fixture, "map", "--json", NULL);
    ctl_assert_has(fixture->out, "\"domain\" : \"web1\"");
}

static void
draws_the_host_for_a_browser(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_map(fixture->fake, MAP);
    ctl_run(fixture, "map", "--svg", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_true(
        g_str_has_prefix(fixture->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "));
    ctl_assert_has(fixture->out, "<text class=\"who\" x=\"46\" y=\"128\">web1/3</text>");
    fake_manager_set_host(fixture->fake, NOT_CONNECTED);
    ctl_run(fixture, "map", "--svg", NULL);
    ctl_assert_ended(fixture, 1, "as it was known last");
    ctl_assert_has(fixture->out, ", as last known</title>");
    ctl_run(fixture, "map", "--svg", "--json", NULL);
    ctl_assert_ended(fixture, 2, "map prints --json or --svg, not both");
    ctl_run(fixture, "plan", "--svg", SRCDIR "/tests/fixtures/scenarios/smt.json", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "who would sit on each: smt.json</title>");
    ctl_run(fixture, "plan", "--svg", "--json", "no-such-file", NULL);
    ctl_assert_ended(fixture, 2, "plan prints --json or --svg, not both");
}

static void
says_why_there_is_no_host_to_draw(void **state)
{
    CtlFixture *fixture = *state;

    ctl_run(fixture, "map", NULL);
    ctl_assert_ended(fixture, 1, "has not reached libvirt yet");
    assert_string_equal(fixture->out, "");
    ctl_run(fixture, "map", "--json", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "\"cpus\" : []");
    fake_manager_set_error(fixture->fake, "org.freedesktop.DBus.Error.UnknownMethod", "no Map");
    ctl_run(fixture, "map", NULL);
    ctl_assert_ended(fixture, 1, "does not offer Map");
}

static JsonObject *
parse_object(JsonParser *parser, const char *json)
{
    g_autoptr(GError) error = NULL;

    json_parser_load_from_data(parser, json, -1, &error);
    g_assert_no_error(error);
    return json_node_get_object(json_parser_get_root(parser));
}

static void
assert_members(JsonObject *object, const char *expected)
{
    g_autoptr(GList) members = json_object_get_members(object);
    g_autoptr(GString) names = g_string_new(NULL);

    members = g_list_sort(members, (GCompareFunc)strcmp);
    for (const GList *at = members; at != NULL; at = at->next)
        g_string_append_printf(names, "%s%s", names->len > 0 ? " " : "", (char *)at->data);
    assert_string_equal(names->str, expected);
}

static void
shows_the_contract_as_json(void **state)
{
    CtlFixture *fixture = *state;
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *status, *vcpu;

    fake_manager_set_show(fixture->fake, STATUS);
    ctl_run(fixture, "show", "web1", "--json", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    status = parse_object(parser, fixture->out);
    assert_members(status, "domain guest programs reason state uuid vcpus");
    assert_members(json_object_get_object_member(status, "guest"), "cpus kernel loader");
    assert_members(
        json_array_get_object_element(json_object_get_array_member(status, "programs"), 0),
        "attach generation keys lost name");
    vcpu = json_array_get_object_element(json_object_get_array_member(status, "vcpus"), 1);
    assert_members(vcpu, "applied cpus original tasks vcpu want why");
    assert_int_equal(json_object_get_int_member(vcpu, "vcpu"), 1);
    assert_string_equal(json_object_get_string_member(vcpu, "cpus"), "0-1,3-7");
}

/* An escape, a C1 control character, a bidirectional override, a tag beyond 16 bits. */
#define HOSTILE "\\u001b]0;x\\u0007 \\u009b31m \\u202e \\U000e0041 \\n\\u007f ü"

static void
makes_guest_text_harmless(void **state)
{
    CtlFixture *fixture = *state;
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *guest;

    fake_manager_set_show(fixture->fake, STATUS_OF(HOSTILE));
    ctl_run(fixture, "show", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "kernel ?]0;x? ?31m ? ?  ? ü, 2 CPUs");

    ctl_run(fixture, "show", "web1", "--json", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    for (const char *at = fixture->out; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        assert_true(c == '\n' || (g_unichar_isprint(c) && c != 0x202e));
    }
    guest = json_object_get_object_member(parse_object(parser, fixture->out), "guest");
    assert_string_equal(json_object_get_string_member(guest, "kernel"),
                        "\033]0;x\007 \302\23331m \342\200\256 \363\240\201\201 \n\177 ü");
}

static void
makes_error_text_harmless(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_error(fixture->fake, "org.bpfpv1.Error.Failed", "guest: \033[2Jgone\nline");
    ctl_run(fixture, "detach", "web1", NULL);
    ctl_assert_ended(fixture, 1, "bpfpvctl: guest: ?[2Jgone line\n");
}

static void
detaches(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *calls = NULL;

    ctl_run(fixture, "detach", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_assert_has(fixture->out, "web1: detached");
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "Detach(web1)");
}

static void
reloads_and_tells_each_mistake(void **state)
{
    CtlFixture *fixture = *state;

    ctl_run(fixture, "reload", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    ctl_run(fixture, "reload", "web1", NULL);
    ctl_assert_ended(fixture, 2, "reload takes no argument");
    fake_manager_set_error(fixture->fake, "org.bpfpv1.Error.Failed", "f:1: \033[2J\nf:2: y");
    ctl_run(fixture, "reload", NULL);
    ctl_assert_ended(fixture, 1, "bpfpvctl: f:1: ?[2J\nf:2: y\n");
}

static void
prints_metrics_as_they_are(void **state)
{
    CtlFixture *fixture = *state;

    ctl_run(fixture, "metrics", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, FAKE_METRICS);
    ctl_run(fixture, "metrics", "--prometheus", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, "# TYPE a_bytes_total counter\n"
                                      "# HELP a_bytes_total Sent, of all.\n"
                                      "a_bytes_total{b=\"# TYPE x counter\"} 1\n"
                                      "# TYPE c gauge\n"
                                      "# HELP c Now.\n"
                                      "c 2\n");
    fake_manager_set_error(fixture->fake, "org.bpfpv1.Error.Failed", "the daemon is starting");
    ctl_run(fixture, "metrics", NULL);
    ctl_assert_ended(fixture, 1, "bpfpvctl: the daemon is starting\n");
}

static void
answers_a_scraper(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *expected = NULL;

    ctl_run_with_input(fixture, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "metrics", "--http",
                       NULL);
    ctl_assert_ended(fixture, 0, NULL);
    expected = g_strdup_printf("HTTP/1.1 200 OK\r\n"
                               "Content-Type: application/openmetrics-text; version=1.0.0; "
                               "charset=utf-8\r\n"
                               "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                               strlen(FAKE_METRICS), FAKE_METRICS);
    assert_string_equal(fixture->out, expected);
    ctl_run_with_input(fixture, "HEAD /metrics HTTP/1.0\n\n", "metrics", "--http", NULL);
    assert_true(g_str_has_suffix(fixture->out, "Connection: close\r\n\r\n"));
    ctl_run_with_input(fixture, "GET /metrics HTTP/1.1\r\n\r\n", "metrics", "--http",
                       "--prometheus", NULL);
    ctl_assert_has(fixture->out, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    fake_manager_set_error(fixture->fake, "org.bpfpv1.Error.Failed", "the daemon is starting");
    ctl_run_with_input(fixture, "GET /metrics HTTP/1.1\r\n\r\n", "metrics", "--http", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_true(g_str_has_prefix(fixture->out, "HTTP/1.1 503 "));
    ctl_assert_has(fixture->out, "\r\n\r\nthe daemon is starting\n");
}

static void
answers_whatever_comes_instead_of_a_scraper(void **state)
{
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"", "400"},
        {"\r\n\r\n", "400"},
        {"GET /metrics\r\n\r\n", "400"},
        {"GET /metrics HTTP/2\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n\r\n", "404"},
        {"GET /metrics/../../etc/passwd HTTP/1.1\r\n\r\n", "404"},
        {"POST /metrics HTTP/1.1\r\nContent-Length: 9\r\n\r\n", "405"},
    };
    CtlFixture *fixture = *state;
    g_autofree char *endless = g_strnfill(20000, 'A');
    g_autofree char *calls = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        ctl_run_with_input(fixture, cases[i].request, "metrics", "--http", NULL);
        ctl_assert_ended(fixture, 0, NULL);
        assert_memory_equal(fixture->out + strlen("HTTP/1.1 "), cases[i].status, 3);
    }
    ctl_run_with_input(fixture, endless, "metrics", "--http", NULL);
    ctl_assert_has(fixture->out, "HTTP/1.1 400 ");
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "");
}

static void
takes_names_that_look_like_options(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *calls = NULL;

    ctl_run(fixture, "detach", "--", "--json", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "Detach(--json)");
}

static void
notices_that_output_is_lost(void **state)
{
    CtlFixture *fixture = *state;

    fake_manager_set_list(fixture->fake, DOMAINS);
    ctl_run_to_file(fixture, "/dev/full", "list", NULL);
    ctl_assert_ended(fixture, 1, "cannot write the output");
    ctl_run_to_file(fixture, "/dev/full", "list", "--json", NULL);
    ctl_assert_ended(fixture, 1, "cannot write the output");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctl_set_up, ctl_tear_down)

static void
keys_are_read_page_by_page(void **state)
{
    CtlFixture *fixture = *state;
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *calls = NULL;
    JsonArray *keys;
    JsonObject *last;

    ctl_run(fixture, "keys", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    assert_string_equal(fixture->out, "KEY  VALUE\n100  0-1,3\n101  0-1,3\n102  0-1,3\n"
                                      "103  0-1,3\n104  0-1,3\n");
    ctl_run(fixture, "keys", "--json", "--program=affinity", "web1", NULL);
    ctl_assert_ended(fixture, 0, NULL);
    root = json_from_string(fixture->out, NULL);
    keys = json_node_get_array(root);
    assert_int_equal(json_array_get_length(keys), 5);
    last = json_array_get_object_element(keys, 4);
    assert_int_equal(json_object_get_int_member(last, "key"), 104);
    assert_string_equal(json_object_get_string_member(last, "value"), "0-1,3");
    calls = fake_manager_get_calls(fixture->fake);
    assert_string_equal(calls, "Keys(web1) Keys(web1) Keys(web1) Keys(web1) Keys(web1) Keys(web1)");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_wrong_command_lines),
        TEST(explains_itself),
        TEST(says_what_to_do_without_a_daemon),
        TEST(lists_as_a_table),
        TEST(lists_nothing_with_a_hint),
        TEST(says_that_nothing_is_known_without_libvirt),
        TEST(marks_what_was_known_before_libvirt_went_away),
        TEST(releases_one_vcpu_or_all_that_was_pinned),
        TEST(refuses_to_release_what_is_no_vcpu),
        TEST(warns_of_a_hook_that_libvirtd_cannot_run),
        TEST(colours_a_terminal_only),
        TEST(shows_for_people),
        TEST(shows_the_other_threads),
        TEST(shows_what_is_there_yet),
        TEST(draws_the_host),
        TEST(draws_the_host_for_a_browser),
        TEST(says_why_there_is_no_host_to_draw),
        TEST(shows_the_contract_as_json),
        TEST(makes_guest_text_harmless),
        TEST(makes_error_text_harmless),
        TEST(detaches),
        TEST(reloads_and_tells_each_mistake),
        TEST(keys_are_read_page_by_page),
        TEST(prints_metrics_as_they_are),
        TEST(answers_a_scraper),
        TEST(answers_whatever_comes_instead_of_a_scraper),
        TEST(takes_names_that_look_like_options),
        TEST(notices_that_output_is_lost),
    };

    if (!ctl_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
