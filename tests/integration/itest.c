/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the integration tests share; see itest.h. */
#include "itest.h"

#include "core/cpuset/cpuset.h"

#include <signal.h>
#include <string.h>

void
itest_attach(BedGuest *guest)
{
    g_autofree char *out = NULL;
    g_autofree char *err = NULL;

    if (bed_ctl(&out, &err, "attach", bed_guest_name(guest), NULL) != 0)
        bed_fail("bpfpvctl attach: %s%s", out, err);
}

void
itest_assert_served(BedGuest *guest)
{
    gint64 pid = bed_guest_task(guest, NULL, 0, "pin 1");

    bed_assert_vcpupin_single(guest, 1, BED_SOON);
    bed_guest_kill(guest, pid, SIGKILL);
    bed_assert_vcpupin_all(guest, 1, BED_SOON);
}

static JsonObject *
show(const char *domain)
{
    JsonObject *object = bed_ctl_show(domain);

    if (!object)
        bed_fail("bpfpvctl show %s failed", domain);
    return object;
}

static JsonObject *
get_vcpu(JsonObject *object, guint vcpu)
{
    JsonArray *array = json_object_get_array_member(object, "vcpus");

    return vcpu < json_array_get_length(array) ? json_array_get_object_element(array, vcpu) : NULL;
}

char *
itest_vcpu(BedGuest *guest, guint vcpu, const char *member)
{
    g_autoptr(JsonObject) object = show(bed_guest_name(guest));
    JsonObject *one = get_vcpu(object, vcpu);

    return g_strdup(one ? json_object_get_string_member(one, member) : "");
}

char *
itest_emulator(BedGuest *guest, const char *member)
{
    g_autoptr(JsonObject) object = show(bed_guest_name(guest));
    JsonObject *emulator = json_object_get_object_member(object, "emulator");

    return g_strdup(json_object_get_string_member_with_default(emulator, member, ""));
}

char *
itest_iothread(BedGuest *guest, guint id, const char *member)
{
    g_autoptr(JsonObject) object = show(bed_guest_name(guest));
    JsonArray *array = json_object_get_array_member(object, "iothreads");

    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonObject *one = json_array_get_object_element(array, i);

        if (json_object_get_int_member(one, "iothread") == id)
            return g_strdup(json_object_get_string_member(one, member));
    }
    return g_strdup("");
}

static BpfpvCpuset *
host_cpus(void)
{
    g_autofree char *text = bed_host_cpus();
    BpfpvCpuset *all = bpfpv_cpuset_parse(text, NULL);

    if (!all || !bpfpv_cpuset_contains(all, 0) || !bpfpv_cpuset_contains(all, 1))
        bed_fail("this host's CPUs are %s; the test needs CPUs 0 and 1", text);
    return all;
}

char *
itest_cpus_but(int cpu)
{
    g_autoptr(BpfpvCpuset) rest = host_cpus();

    bpfpv_cpuset_remove(rest, (guint)cpu);
    return bpfpv_cpuset_format(rest);
}

guint
itest_n_cpus(void)
{
    g_autoptr(BpfpvCpuset) all = host_cpus();

    return bpfpv_cpuset_count(all);
}

static virConnectPtr listening;
static GPtrArray *heard;

static void
on_tunable(virConnectPtr connection, virDomainPtr domain, virTypedParameterPtr params, int n,
           void *user_data)
{
    static const char prefix[] = "cputune.";

    for (int i = 0; i < n; i++)
        if (g_str_has_prefix(params[i].field, prefix) && params[i].type == VIR_TYPED_PARAM_STRING)
            g_ptr_array_add(heard,
                            g_strjoin(" ", virDomainGetName(domain),
                                      params[i].field + strlen(prefix), params[i].value.s, NULL));
}

/* What on_mark() hears of. */
#define MARK_NAMESPACE "urn:bpfpv:test"

static void
on_mark(virConnectPtr connection, virDomainPtr domain, int type, const char *uri, void *marked)
{
    if (g_strcmp0(uri, MARK_NAMESPACE) == 0)
        (*(guint *)marked)++;
}

static void
set_mark(virDomainPtr domain, const char *mark, guint *marked)
{
    guint before = *marked;

    assert_int_equal(virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, mark, "test",
                                          MARK_NAMESPACE, VIR_DOMAIN_AFFECT_LIVE),
                     0);
    while (*marked == before)
        g_main_context_iteration(NULL, TRUE);
}

/* A call has its effect before libvirt tells of it. Setting metadata waits until no other call is
 * under way, and what is told of it comes after what was told of those. */
static void
hear_what_was_done(virConnectPtr connection)
{
    guint marked = 0;
    virDomainPtr *domains = NULL;
    int n = virConnectListAllDomains(connection, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    int callback =
        virConnectDomainEventRegisterAny(connection, NULL, VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
                                         VIR_DOMAIN_EVENT_CALLBACK(on_mark), &marked, NULL);

    assert_true(n >= 0);
    assert_true(callback >= 0);
    for (int i = 0; i < n; i++) {
        set_mark(domains[i], "<mark/>", &marked);
        set_mark(domains[i], NULL, &marked);
        virDomainFree(domains[i]);
    }
    free(domains);
    assert_int_equal(virConnectDomainEventDeregisterAny(connection, callback), 0);
}

void
itest_listen(void)
{
    g_autofree char *uri = virConnectGetURI(bed_connect());

    heard = g_ptr_array_new_with_free_func(g_free);
    assert_int_equal(virEventRegisterDefaultImpl(), 0);
    listening = virConnectOpen(uri);
    assert_non_null(listening);
    assert_true(virConnectDomainEventRegisterAny(listening, NULL, VIR_DOMAIN_EVENT_ID_TUNABLE,
                                                 VIR_DOMAIN_EVENT_CALLBACK(on_tunable), NULL,
                                                 NULL) >= 0);
    hear_what_was_done(listening);
    g_ptr_array_set_size(heard, 0);
}

GPtrArray *
itest_heard(void)
{
    /* An answer comes after all events that were there before it. */
    assert_true(virConnectNumOfDomains(listening) > 0);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    return heard;
}

guint
itest_count_heard(BedGuest *guest, const char *thread)
{
    g_autofree char *prefix = g_strconcat(bed_guest_name(guest), " ", thread, " ", NULL);
    const GPtrArray *all = itest_heard();
    guint n = 0;

    for (guint i = 0; i < all->len; i++) {
        if (!g_str_has_prefix(g_ptr_array_index(all, i), prefix))
            continue;
        print_message("heard: %s\n", (const char *)g_ptr_array_index(all, i));
        n++;
    }
    return n;
}

void
itest_await_heard(BedGuest *guest, const char *thread, guint n)
{
    gint64 end = g_get_monotonic_time() + (gint64)BED_SOON * 1000;

    while (itest_count_heard(guest, thread) < n) {
        if (g_get_monotonic_time() > end)
            bed_fail("libvirt did not tell of %u calls for %s of %s", n, thread,
                     bed_guest_name(guest));
        g_usleep(20 * 1000);
    }
    assert_int_equal(itest_count_heard(guest, thread), n);
}

void
itest_restore(void)
{
    const char *const argv[] = {g_getenv("BPFPVD"), "--restore", NULL};
    int status;

    assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
                             &status, NULL));
    assert_int_equal(status, 0);
}

gint64
itest_tasks(BedGuest *guest, guint vcpu)
{
    g_autoptr(JsonObject) object = show(bed_guest_name(guest));
    JsonObject *one = get_vcpu(object, vcpu);

    return one ? json_object_get_int_member(one, "tasks") : -1;
}

static gint64
program_member(BedGuest *guest, const char *member)
{
    g_autoptr(JsonObject) object = show(bed_guest_name(guest));
    JsonArray *array = json_object_get_array_member(object, "programs");

    if (json_array_get_length(array) == 0)
        return -1;
    return json_object_get_int_member(json_array_get_object_element(array, 0), member);
}

gint64
itest_keys(BedGuest *guest)
{
    return program_member(guest, "keys");
}

gint64
itest_generation(BedGuest *guest)
{
    return program_member(guest, "generation");
}

gint64
itest_lost(BedGuest *guest)
{
    return program_member(guest, "lost");
}

char *
itest_reason(const char *domain)
{
    g_autoptr(JsonObject) object = show(domain);

    return g_strdup(json_object_get_string_member(object, "reason"));
}

typedef struct {
    BedGuest *guest;
    guint vcpu;
    const char *text;
    gint64 number;
} Expected;

static gboolean
wants(gpointer data)
{
    const Expected *expected = data;
    g_autofree char *want = itest_vcpu(expected->guest, expected->vcpu, "want");

    return g_str_equal(want, expected->text) &&
           itest_tasks(expected->guest, expected->vcpu) == expected->number;
}

void
itest_assert_want(BedGuest *guest, guint vcpu, const char *want, gint64 tasks)
{
    Expected expected = {guest, vcpu, want, tasks};

    if (!bed_wait(wants, &expected, BED_SOON))
        bed_fail("vCPU %u does not want \"%s\" for %" G_GINT64_FORMAT " tasks", vcpu, want, tasks);
}

static gboolean
has_keys(gpointer data)
{
    const Expected *expected = data;

    return itest_keys(expected->guest) == expected->number;
}

void
itest_assert_keys(BedGuest *guest, gint64 keys)
{
    Expected expected = {guest, 0, NULL, keys};

    if (!bed_wait(has_keys, &expected, BED_SOON))
        bed_fail("%" G_GINT64_FORMAT " keys instead of %" G_GINT64_FORMAT, itest_keys(guest), keys);
}

typedef struct {
    const char *domain;
    const char *part;
} Reason;

static gboolean
has_reason(gpointer data)
{
    const Reason *expected = data;
    g_autofree char *reason = itest_reason(expected->domain);

    return strstr(reason, expected->part) != NULL;
}

void
itest_assert_reason(const char *domain, const char *part)
{
    Reason expected = {domain, part};

    if (!bed_wait(has_reason, &expected, BED_SOON))
        bed_fail("the reason for the state of %s does not say \"%s\"", domain, part);
}

static char *
write_config(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(g_getenv("BED_DIR"), name, NULL);

    assert_true(g_file_set_contents(path, text, -1, NULL));
    return g_strconcat("--config=", path, NULL);
}

char *
itest_config(const char *text)
{
    return write_config("bpfpvd.conf", text);
}

void
itest_start_daemons(const char *first, const char *second)
{
    g_autofree char *here = write_config("first.conf", first);
    g_autofree char *there = write_config("second.conf", second);

    bed_daemon_start(here, NULL);
    bed_switch(TRUE);
    bed_daemon_start(there, NULL);
    bed_switch(FALSE);
}

gint64
itest_loader(BedGuest *guest)
{
    int status;
    g_autofree char *out = bed_guest_exec(guest, &status, "/bin/pidof", "bpfpv-guest", NULL);

    return status == 0 ? g_ascii_strtoll(out, NULL, 10) : 0;
}
