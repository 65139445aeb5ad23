/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains without an operating system are destroyed and started at random times, on a machine that
 * has too much to do, while bpfpvd manages them all and its calls come late: no start fails, and
 * nothing of one run is left to the next. ROUNDS says how many starts; UNMANAGED=1 does the same
 * without bpfpvd, to compare.
 */
#include "itest.h"

#include <libvirt/virterror.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define N_DOMAINS 3
#define ROUNDS_DEFAULT 40
#define LOAD_PER_CPU 2
#define DELAY_MS "150"

typedef struct {
    char *name;
    guint rounds;
    guint32 seed;
    guint started;
    guint failed;
    guint lost;        /* runs that had ended when they were to be destroyed */
    gint64 longest_us; /* of its starts */
    GString *failures; /* a line for each */
} Subject;

static BedGuest *asking;
static Subject subjects[N_DOMAINS];
static pid_t load[256];
static guint n_load;

/* ---- the world ---- */

static char *
subject_xml(const char *name)
{
    return g_strdup_printf(
        "<domain type='%s'><name>%s</name>"
        "<metadata><bpfpv xmlns='urn:bpfpv:domain:1'><program name='affinity'/></bpfpv></metadata>"
        "<memory unit='MiB'>16</memory><vcpu>2</vcpu><iothreads>1</iothreads>"
        "<os><type arch='x86_64' machine='q35'>hvm</type></os>"
        "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>"
        "<controller type='virtio-serial' index='0'/><controller type='usb' model='none'/>"
        "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
        "<memballoon model='none'/></devices></domain>",
        g_getenv("BED_DOMAIN_TYPE"), name);
}

static guint
total_rounds(void)
{
    const char *text = g_getenv("ROUNDS");
    guint64 rounds = text && *text ? g_ascii_strtoull(text, NULL, 10) : ROUNDS_DEFAULT;

    return (guint)MAX(rounds, 1);
}

static void
define_subjects(void)
{
    const char *seed = g_getenv("BPFPV_TEST_SEED");
    guint32 first = seed ? (guint32)g_ascii_strtoull(seed, NULL, 10) : g_random_int();

    print_message("# BPFPV_TEST_SEED=%u ROUNDS=%u\n", first, total_rounds());
    for (guint i = 0; i < N_DOMAINS; i++) {
        g_autofree char *xml = NULL;
        virDomainPtr domain;

        subjects[i].name = g_strdup_printf("subject%u", i);
        subjects[i].failures = g_string_new(NULL);
        subjects[i].seed = first + i;
        subjects[i].rounds = total_rounds() / N_DOMAINS + (i < total_rounds() % N_DOMAINS);
        xml = subject_xml(subjects[i].name);
        domain = virDomainDefineXML(bed_connect(), xml);
        if (!domain)
            bed_fail("can't define %s", subjects[i].name);
        virDomainFree(domain);
    }
}

static void
start_load(void)
{
    n_load = MIN((guint)g_get_num_processors() * LOAD_PER_CPU, G_N_ELEMENTS(load));
    for (guint i = 0; i < n_load; i++) {
        load[i] = fork();
        if (load[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (volatile guint64 n = 0;; n++)
                continue;
        }
    }
}

static void
end_load(void)
{
    for (guint i = 0; i < n_load; i++)
        kill(load[i], SIGKILL);
    n_load = 0;
}

static gboolean
is_unmanaged(void)
{
    return g_getenv("UNMANAGED") != NULL;
}

static int
setup(void **state)
{
    static const BedGuestOptions options = {.name = "asking"};

    itest_late_calls();
    asking = bed_guest_start(&options);
    if (!is_unmanaged()) {
        bed_daemon_start(NULL);
        itest_attach(asking);
        itest_late_delay(DELAY_MS);
    }
    define_subjects();
    return 0;
}

static int
teardown(void **state)
{
    end_load();
    itest_late_delay(NULL);
    for (guint i = 0; i < N_DOMAINS; i++) {
        virDomainPtr domain = virDomainLookupByName(bed_connect(), subjects[i].name);

        if (domain) {
            virDomainDestroy(domain);
            virDomainUndefine(domain);
            virDomainFree(domain);
        }
    }
    return bed_cleanup(state);
}

/* ---- one domain's runs ---- */

/* Often at once, often within the time in which bpfpvd takes the domain up, seldom later. */
static void
wait_a_while(GRand *random)
{
    static const gint most_ms[] = {1, 30, 300, 1000};

    g_usleep((gulong)g_rand_int_range(random, 0, most_ms[g_rand_int_range(random, 0, 4)]) * 1000);
}

static void
note_failure(const Subject *subject, const char *call)
{
    g_string_append_printf(subject->failures, "%s %u of %s: %s\n", call, subject->started,
                           subject->name, virGetLastErrorMessage());
}

static void
destroy_once(Subject *subject, virDomainPtr domain)
{
    if (virDomainDestroy(domain) == 0)
        return;
    subject->lost++;
    note_failure(subject, "destroy");
}

static void
start_once(Subject *subject, virDomainPtr domain, GRand *random)
{
    guint flags = g_rand_boolean(random) ? VIR_DOMAIN_START_PAUSED : 0;
    gint64 begin = g_get_monotonic_time();

    subject->started++;
    if (virDomainCreateWithFlags(domain, flags) < 0) {
        subject->failed++;
        note_failure(subject, "start");
    }
    subject->longest_us = MAX(subject->longest_us, g_get_monotonic_time() - begin);
}

static gpointer
run_subject(gpointer data)
{
    Subject *subject = data;
    g_autoptr(GRand) random = g_rand_new_with_seed(subject->seed);
    virConnectPtr connection = virConnectOpen("qemu:///system");
    virDomainPtr domain = connection ? virDomainLookupByName(connection, subject->name) : NULL;

    for (guint i = 0; domain && i < subject->rounds; i++) {
        if (i > 0)
            destroy_once(subject, domain);
        wait_a_while(random);
        start_once(subject, domain, random);
        wait_a_while(random);
    }
    g_clear_pointer(&domain, virDomainFree);
    g_clear_pointer(&connection, virConnectClose);
    return NULL;
}

/* ---- what must be ---- */

static guint
count_lines(const char *log, const char *part)
{
    g_auto(GStrv) lines = g_strsplit(log, "\n", -1);
    guint n = 0;

    for (guint i = 0; lines[i]; i++)
        n += strstr(lines[i], part) != NULL;
    return n;
}

static void
no_start_fails(void **state)
{
    GThread *threads[N_DOMAINS];
    gint64 task = 0, longest = 0;
    guint started = 0, failed = 0, lost = 0;

    start_load();
    for (guint i = 0; i < N_DOMAINS; i++)
        threads[i] = g_thread_new(subjects[i].name, run_subject, &subjects[i]);
    /* Everybody else has to leave the CPU of this one, so that there are pin calls, too. */
    task = bed_guest_task(asking, NULL, 0, "pin 1");
    for (guint i = 0; i < N_DOMAINS; i++)
        g_thread_join(threads[i]);
    end_load();
    bed_guest_kill(asking, task, SIGKILL);
    for (guint i = 0; i < N_DOMAINS; i++) {
        started += subjects[i].started;
        failed += subjects[i].failed;
        lost += subjects[i].lost;
        longest = MAX(longest, subjects[i].longest_us);
        print_message("%s", subjects[i].failures->str);
    }
    print_message("# %u starts, %u failed, %u runs ended by themselves, the longest start %.1f s\n",
                  started, failed, lost, (double)longest / G_USEC_PER_SEC);
    assert_int_equal(started, total_rounds());
    if (failed + lost > 0)
        bed_fail("%u of %u starts failed, %u runs ended by themselves", failed, started, lost);
}

static void
the_log_has_a_line_for_a_run(void **state)
{
    g_autofree char *log = bed_daemon_log();

    for (guint i = 0; i < N_DOMAINS; i++) {
        g_autofree char *part = g_strdup_printf("domain %s", subjects[i].name);
        guint lines = count_lines(log, part);

        print_message("# %s: %u lines for %u runs\n", subjects[i].name, lines, subjects[i].started);
        if (lines > subjects[i].started)
            bed_fail("%u log lines for %u runs of %s", lines, subjects[i].started,
                     subjects[i].name);
    }
}

static gboolean
is_as_defined(gpointer data)
{
    const Subject *subject = data;
    g_autoptr(JsonObject) status = bed_ctl_show(subject->name);
    g_autofree char *all = bed_host_cpus();
    JsonArray *vcpus = status ? json_object_get_array_member(status, "vcpus") : NULL;

    if (!vcpus || json_array_get_length(vcpus) != 2 ||
        !g_str_equal(json_object_get_string_member(status, "state"), "waiting-agent"))
        return FALSE;
    for (guint v = 0; v < 2; v++) {
        JsonObject *vcpu = json_array_get_object_element(vcpus, v);

        if (!g_str_equal(json_object_get_string_member(vcpu, "original"), all) ||
            !g_str_equal(json_object_get_string_member(vcpu, "applied"), all))
            return FALSE;
    }
    return TRUE;
}

/* A pin of an earlier run would be taken for an administrator's; so would its mask for the
 * original. */
static void
the_last_run_has_nothing_of_another(void **state)
{
    itest_late_delay(NULL);
    for (guint i = 0; i < N_DOMAINS; i++) {
        g_autofree char *xml = NULL;

        if (!bed_wait(is_as_defined, &subjects[i], BED_SOON))
            bed_fail("%s is not as its definition says", subjects[i].name);
        assert_int_equal(bed_virsh(&xml, NULL, "dumpxml", subjects[i].name, NULL), 0);
        assert_true(count_lines(xml, "name='org.bpfpv.0'") <= 1);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_start_fails),
        cmocka_unit_test(the_log_has_a_line_for_a_run),
        cmocka_unit_test(the_last_run_has_nothing_of_another),
    };
    const struct CMUnitTest alone[] = {cmocka_unit_test(no_start_fails)};

    if (is_unmanaged())
        return cmocka_run_group_tests_name("unmanaged", alone, setup, teardown);
    return cmocka_run_group_tests(tests, setup, teardown);
}
