/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bpfpvctl list --watch and show --watch: the real binary, on a terminal and without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ctl-run.h"

#define LIST(state)                                                                                \
    "[{'domain': <'web1'>, 'uuid': <'u2'>, 'state': <'" state "'>, 'reason': <''>,"                \
    "  'vcpus': <uint32 4>, 'anchors': <uint32 1>, 'unmet': <uint32 0>}]"
#define STATUS(applied)                                                                            \
    "{'domain': <'web1'>, 'uuid': <'u2'>, 'state': <'active'>, 'vcpus': <[{'vcpu': <uint32 0>,"    \
    " 'tasks': <uint32 1>, 'want': <'anchor'>, 'cpus': <'3'>, 'applied': <'" applied "'>}]>}"

static void
a_changed_list_is_printed_below_the_first(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *first = NULL, *second = NULL;

    fake_manager_set_list(fixture->fake, LIST("syncing"));
    ctl_start(fixture, FALSE, "list", "--watch", NULL);
    first = ctl_read_until(fixture, "-\n");
    assert_string_equal(first, "DOMAIN  STATE    VCPUS  ANCHORS  REASON\n"
                               "web1    syncing      4        1  -\n");
    fake_manager_set_list(fixture->fake, LIST("active"));
    fake_manager_emit(fixture->fake, "active", "");
    second = ctl_read_until(fixture, "-\n");
    assert_string_equal(second, "\n"
                                "DOMAIN  STATE   VCPUS  ANCHORS  REASON\n"
                                "web1    active      4        1  -\n");
}

/* Two signals of which only the second has something new: what follows the first print is the
 * second thing, not the first again. */
static void
what_has_not_changed_is_not_printed_again(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *first = NULL, *second = NULL;
    g_autofree char *calls = NULL;

    fake_manager_set_show(fixture->fake, STATUS("0-7"));
    ctl_start(fixture, FALSE, "show", "--watch", "web1", NULL);
    first = ctl_read_until(fixture, "0-7");
    do {
        g_free(calls);
        fake_manager_emit_changed(fixture->fake);
        g_usleep(1000);
        calls = fake_manager_get_calls(fixture->fake);
    } while (strstr(calls, "Show(web1) Show(web1)") == NULL);
    fake_manager_set_show(fixture->fake, STATUS("3"));
    fake_manager_emit_changed(fixture->fake);
    second = ctl_read_until(fixture, "anchor      1  3     3");
    ctl_assert_lacks(second, "0-7");
}

static void
on_a_terminal_it_takes_the_place_of_the_last(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *first = NULL, *second = NULL;

    fake_manager_set_list(fixture->fake, LIST("syncing"));
    ctl_start(fixture, TRUE, "list", "--watch", "--color=never", NULL);
    first = ctl_read_until(fixture, "-\033[K\r\n\033[J");
    ctl_assert_lacks(first, "A\r");
    fake_manager_set_list(fixture->fake, LIST("active"));
    fake_manager_emit(fixture->fake, "active", "");
    second = ctl_read_until(fixture, "-\033[K\r\n\033[J");
    ctl_assert_has(second, "\033[2A\rDOMAIN  STATE   VCPUS");
}

#define TEN(x) x, x, x, x, x, x, x, x, x, x

static void
what_is_longer_than_the_terminal_says_so(void **state)
{
    static const char *const rows[] = {"[",
                                       TEN("{'domain': <'a'>},"),
                                       TEN("{'domain': <'a'>},"),
                                       TEN("{'domain': <'a'>},"),
                                       "{'domain': <'z'>}]",
                                       NULL};
    static char *list;
    CtlFixture *fixture = *state;
    g_autofree char *text = NULL;

    list = g_strjoinv("", (char **)rows);
    fake_manager_set_list(fixture->fake, list);
    ctl_start(fixture, TRUE, "list", "--watch", "--color=never", NULL);
    text = ctl_read_until(fixture, "\033[J");
    ctl_assert_has(text, "\n... and 10 lines more\033[K\r\n");
    ctl_assert_lacks(text, "z  ");
}

static void
it_goes_on_while_the_daemon_is_away(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *first = NULL, *second = NULL, *third = NULL;

    fake_manager_set_list(fixture->fake, LIST("active"));
    ctl_start(fixture, FALSE, "list", "--watch", NULL);
    first = ctl_read_until(fixture, "active");
    g_clear_pointer(&fixture->fake, fake_manager_free);
    second = ctl_read_until(fixture, "bpfpvd is not running: start it with");
    fixture->fake = fake_manager_new(fixture->address);
    third = ctl_read_until(fixture, "No managed domains.");
}

static void
a_domain_that_is_not_managed_yet_is_waited_for(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *first = NULL, *second = NULL;

    ctl_start(fixture, FALSE, "show", "--watch", "web1", NULL);
    first = ctl_read_until(fixture, "bpfpvctl: domain 'web1' is not managed\n");
    fake_manager_set_show(fixture->fake, STATUS("3"));
    fake_manager_emit(fixture->fake, "active", "");
    second = ctl_read_until(fixture, "web1  active\n");
}

static void
json_is_a_document_for_each_change(void **state)
{
    CtlFixture *fixture = *state;
    g_autofree char *first = NULL, *second = NULL;

    fake_manager_set_list(fixture->fake, LIST("syncing"));
    ctl_start(fixture, TRUE, "list", "--watch", "--json", NULL);
    first = ctl_read_until(fixture, "]\r\n");
    ctl_assert_lacks(first, "\033");
    fake_manager_set_list(fixture->fake, LIST("active"));
    fake_manager_emit(fixture->fake, "active", "");
    second = ctl_read_until(fixture, "]\r\n");
    ctl_assert_has(second, "\"active\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ctl_set_up, ctl_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_list_is_printed_below_the_first),
        TEST(what_has_not_changed_is_not_printed_again),
        TEST(on_a_terminal_it_takes_the_place_of_the_last),
        TEST(what_is_longer_than_the_terminal_says_so),
        TEST(it_goes_on_while_the_daemon_is_away),
        TEST(a_domain_that_is_not_managed_yet_is_waited_for),
        TEST(json_is_a_document_for_each_change),
    };

    if (!ctl_is_possible())
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
