/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whatever libvirt refuses, it says why: for every call that the adapters make, libvirt's own
 * message and code are in the error. Against a libvirt that forgets them with the next call, as
 * the real one does.
 */
#include "unit.h"

#include <gio/gio.h>

#include "fake-libvirt.h"
#include "host/agent.h"
#include "host/domain.h"
#include "host/pinner/pinner.h"
#include "host/virt.h"
#include "host/watch.h"

#define URI "fake:///"
#define UUID "11111111-2222-3333-4444-555555555555"
#define CODE VIR_ERR_OPERATION_TIMEOUT

/* ---- what is asked of libvirt, by who asks ---- */

static void
keep_result(GObject *source, GAsyncResult *result, gpointer user_data)
{
    *(GAsyncResult **)user_data = g_object_ref(result);
}

static GAsyncResult *
wait_for(GAsyncResult **result)
{
    while (!*result)
        g_main_context_iteration(NULL, TRUE);
    return *result;
}

/* Connections are shared by URI: this one has to open its own. */
static BpfpvPinner *
new_pinner(void)
{
    static guint number;
    g_autofree char *uri = g_strdup_printf("fake:///%u", number++);

    return bpfpv_pinner_new(uri, UUID, 1);
}

static GError *
read_pins(void)
{
    g_autoptr(BpfpvPinner) pinner = new_pinner();
    g_autoptr(GAsyncResult) result = NULL;
    GError *error = NULL;

    bpfpv_pinner_read(pinner, keep_result, &result);
    assert_null(bpfpv_pinner_read_finish(wait_for(&result), &error));
    return error;
}

static GError *
read_threads(void)
{
    g_autoptr(BpfpvPinner) pinner = new_pinner();
    g_autoptr(GAsyncResult) result = NULL;
    GError *error = NULL;

    bpfpv_pinner_read_threads(pinner, keep_result, &result);
    assert_null(bpfpv_pinner_read_threads_finish(wait_for(&result), &error));
    return error;
}

static GError *
pin(BpfpvThreadKind kind)
{
    g_autoptr(BpfpvPinner) pinner = new_pinner();
    g_autoptr(BpfpvCpuset) set = cpus("1");
    g_autoptr(GAsyncResult) result = NULL;
    GError *error = NULL;

    bpfpv_pinner_pin(pinner, kind, 0, set, keep_result, &result);
    assert_false(bpfpv_pinner_pin_finish(wait_for(&result), &error));
    return error;
}

static GError *
pin_vcpu(void)
{
    return pin(BPFPV_THREAD_VCPU);
}

static GError *
pin_emulator(void)
{
    return pin(BPFPV_THREAD_EMULATOR);
}

static GError *
pin_iothread(void)
{
    return pin(BPFPV_THREAD_IOTHREAD);
}

static GError *
write_status(void)
{
    g_autoptr(BpfpvPinner) pinner = new_pinner();
    g_autoptr(GAsyncResult) result = NULL;
    GError *error = NULL;

    bpfpv_pinner_note(pinner, "<status/>", keep_result, &result);
    assert_false(bpfpv_pinner_note_finish(wait_for(&result), &error));
    return error;
}

static GError *
get_xml(void)
{
    GError *error = NULL;

    assert_null(bpfpv_domain_get_xml(URI, UUID, &error));
    return error;
}

static GError *
set_element(void)
{
    GError *error = NULL;

    assert_false(bpfpv_domain_set_element(URI, UUID, NULL, &error));
    return error;
}

static GError *
attach_channel(void)
{
    GError *error = NULL;

    assert_false(bpfpv_domain_attach_channel(URI, UUID, 1, "org.bpfpv.0", &error));
    return error;
}

static GError *
detach_channel(void)
{
    GError *error = NULL;

    assert_false(bpfpv_domain_detach_channel(URI, UUID, 1, "channel1", &error));
    return error;
}

static GError *
resolve(const char *text)
{
    g_autofree char *uuid = NULL;
    GError *error = NULL;
    gboolean active;

    assert_false(bpfpv_domain_resolve(URI, text, &uuid, &active, &error));
    return error;
}

static GError *
resolve_name(void)
{
    return resolve("fake");
}

static GError *
initialise(void)
{
    GError *error = NULL;

    assert_false(bpfpv_virt_init(&error));
    return error;
}

static GError *
command_agent(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvAgent) agent = bpfpv_agent_open(URI, UUID, 1, NULL, &error);
    const char *const argv[] = {"/bin/true", NULL};
    BpfpvGuestOps *ops;
    g_auto(BpfpvExecResult) result = {0};

    if (!agent)
        return g_steal_pointer(&error);
    ops = bpfpv_agent_ops(agent);
    assert_false(ops->exec(ops, argv, 1, &result, &error));
    assert_int_equal(error->domain, BPFPV_AGENT_ERROR);
    assert_int_equal(error->code, BPFPV_AGENT_ERROR_TIMEOUT); /* by libvirt's code */
    error->domain = BPFPV_VIRT_ERROR;
    error->code = CODE;
    return g_steal_pointer(&error);
}

/* ---- the watch, which says it in words alone ---- */

static void
on_connected(const BpfpvWatchHost *host, gpointer user_data)
{
}

static void
on_unread(const char *uuid, gpointer user_data)
{
}

static void
on_listed(gpointer user_data)
{
}

static void
on_disconnected(const char *reason, gpointer user_data)
{
    *(char **)user_data = g_strdup(reason);
}

static GError *
watch(void)
{
    static const BpfpvWatchFuncs funcs = {
        .connected = on_connected,
        .listed = on_listed,
        .unread = on_unread,
        .disconnected = on_disconnected,
    };
    g_autofree char *reason = NULL;
    BpfpvWatch *watch = bpfpv_watch_new(URI, &funcs, &reason);

    while (!reason)
        g_main_context_iteration(NULL, TRUE);
    bpfpv_watch_free(watch);
    return g_error_new_literal(BPFPV_VIRT_ERROR, CODE, reason);
}

/* ---- the table ---- */

static const struct {
    const char *call;
    GError *(*ask)(void);
} asked[] = {
    {"virConnectOpen", read_pins},
    {"virNodeGetCPUMap", read_pins},
    {"virDomainLookupByUUIDString", read_pins},
    {"virDomainGetVcpusFlags", read_pins},
    {"virDomainGetVcpuPinInfo", read_pins},
    {"virDomainGetEmulatorPinInfo", read_threads},
    {"virDomainGetIOThreadInfo", read_threads},
    {"virDomainGetXMLDesc", read_threads},
    {"virDomainPinVcpuFlags", pin_vcpu},
    {"virDomainPinEmulator", pin_emulator},
    {"virDomainPinIOThread", pin_iothread},
    {"virDomainSetMetadata", write_status},
    {"virConnectOpen", get_xml},
    {"virDomainLookupByUUIDString", get_xml},
    {"virDomainGetXMLDesc", get_xml},
    {"virDomainSetMetadata", set_element},
    {"virDomainAttachDeviceFlags", attach_channel},
    {"virDomainDetachDeviceAlias", detach_channel},
    {"virConnectOpen", resolve_name},
    {"virDomainLookupByName", resolve_name},
    {"virDomainGetUUIDString", resolve_name},
    {"virInitialize", initialise},
    {"virEventRegisterDefaultImpl", initialise},
    {"virConnectOpen", command_agent},
    {"virDomainLookupByUUIDString", command_agent},
    {"virDomainQemuAgentCommand", command_agent},
    {"virConnectOpen", watch},
    {"virNodeGetCPUMap", watch},
    {"virConnectDomainEventRegisterAny", watch},
    {"virConnectDomainQemuMonitorEventRegister", watch},
    {"virConnectListAllDomains", watch},
};

static void
every_call_keeps_its_reason(void **state)
{
    for (gsize i = 0; i < G_N_ELEMENTS(asked); i++) {
        g_autoptr(GError) error = NULL;

        fake_libvirt_fail(asked[i].call, CODE);
        error = asked[i].ask();
        if (fake_libvirt_failures() == 0)
            fail_msg("%s was not called", asked[i].call);
        if (!strstr(error->message, FAKE_LIBVIRT_MESSAGE))
            fail_msg("%s: the reason is lost: %s", asked[i].call, error->message);
        if (error->domain != BPFPV_VIRT_ERROR || error->code != CODE)
            fail_msg("%s: the code is lost: %s %d", asked[i].call, g_quark_to_string(error->domain),
                     error->code);
        fake_libvirt_fail(NULL, 0);
    }
}

/* What a migration, a save or a snapshot does to a pin call. */
static void
a_pin_that_a_job_holds_up_is_known_as_such(void **state)
{
    static GError *(*const pins[])(void) = {pin_vcpu, pin_emulator, pin_iothread, write_status};
    static const char *const calls[] = {"virDomainPinVcpuFlags", "virDomainPinEmulator",
                                        "virDomainPinIOThread", "virDomainSetMetadata"};

    for (gsize i = 0; i < G_N_ELEMENTS(pins); i++) {
        g_autoptr(GError) held = NULL;
        g_autoptr(GError) refused = NULL;

        fake_libvirt_fail(calls[i], VIR_ERR_OPERATION_TIMEOUT);
        held = pins[i]();
        assert_true(bpfpv_virt_is_busy(held));
        fake_libvirt_fail(calls[i], VIR_ERR_SYSTEM_ERROR);
        refused = pins[i]();
        assert_false(bpfpv_virt_is_busy(refused));
        assert_int_equal(refused->domain, BPFPV_VIRT_ERROR);
        assert_int_equal(refused->code, VIR_ERR_SYSTEM_ERROR);
    }
    fake_libvirt_fail(NULL, 0);
}

/* So that the failures above are what makes the calls fail. */
static void
the_fake_refuses_nothing_by_itself(void **state)
{
    g_autoptr(BpfpvPinner) pinner = new_pinner();
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) sets = NULL;

    bpfpv_pinner_read(pinner, keep_result, &result);
    sets = bpfpv_pinner_read_finish(wait_for(&result), &error);
    assert_null(error);
    assert_int_equal(sets->len, 2);
    assert_cpus(((const BpfpvPinnedThread *)sets->pdata[0])->cpus, "0-3");
    assert_false(((const BpfpvPinnedThread *)sets->pdata[0])->own);
}

/* QEMU takes 4096. */
static void
all_vcpus_are_read_or_the_limit_is_said(void **state)
{
    g_autoptr(BpfpvPinner) pinner = new_pinner();
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GPtrArray) sets = NULL;
    g_autoptr(GError) error = NULL;

    fake_libvirt_set_vcpus(4096);
    bpfpv_pinner_read(pinner, keep_result, &result);
    sets = bpfpv_pinner_read_finish(wait_for(&result), NULL);
    assert_int_equal(sets->len, 4096);
    assert_cpus(((const BpfpvPinnedThread *)sets->pdata[4095])->cpus, "0-3");
    fake_libvirt_set_vcpus(9000);
    error = read_pins();
    assert_non_null(strstr(error->message, "has 9000 vCPUs, and bpfpv takes 8192 at most"));
    fake_libvirt_set_vcpus(2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fake_refuses_nothing_by_itself),
        cmocka_unit_test(every_call_keeps_its_reason),
        cmocka_unit_test(all_vcpus_are_read_or_the_limit_is_said),
        cmocka_unit_test(a_pin_that_a_job_holds_up_is_known_as_such),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
