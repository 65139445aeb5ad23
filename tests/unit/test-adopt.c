/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a daemon takes for original where a domain came with another daemon's pins and no hook has
 * taken them out: by the status in its XML, and by that XML.
 */
#include "unit.h"

#include "daemon/pins/private.h"

/* A vCPU of a domain that has come to a host with CPUs 0-7. */
typedef struct {
    const char *what;
    /* What the status says: sets; original NULL: nothing is noted. */
    const char *applied, *pending, *original;
    BpfpvOrigin origin;
    gboolean administrator;
    /* What the XML says. */
    const char *cpuset;  /* (nullable): <vcpu cpuset> */
    const char *pin;     /* (nullable): <vcpupin> */
    const char *defined; /* (nullable): the definition's <vcpupin> */
    const char *other;   /* (nullable): what somebody gave another vCPU since */
    /* What comes of it. */
    const char *expected;
    gboolean inherited;
    gboolean fixed;
} Row;

static const Row rows[] = {
    {.what = "bpfpv's, inherited from a <vcpu cpuset> that is another now",
     .applied = "3",
     .original = "0-3",
     .origin = BPFPV_ORIGIN_VCPU,
     .cpuset = "4-7",
     .pin = "3",
     .expected = "4-7",
     .inherited = TRUE},
    {.what = "bpfpv's, inherited from nowhere",
     .applied = "3",
     .original = "0-15",
     .origin = BPFPV_ORIGIN_NOTHING,
     .pin = "3",
     .expected = "0-7",
     .inherited = TRUE},
    {.what = "bpfpv's, about to be applied",
     .applied = "3",
     .pending = "1-2",
     .original = "0-3",
     .origin = BPFPV_ORIGIN_VCPU,
     .cpuset = "4-7",
     .pin = "1-2",
     .expected = "4-7",
     .inherited = TRUE},
    {.what = "bpfpv's, explicit before, all that the host has",
     .applied = "3",
     .original = "0-7",
     .origin = BPFPV_ORIGIN_PIN,
     .pin = "3",
     .expected = "0-7"},
    {.what = "bpfpv's, explicit before, in part beyond this host",
     .applied = "3",
     .original = "2-9",
     .origin = BPFPV_ORIGIN_PIN,
     .pin = "3",
     .expected = "2-7"},
    {.what = "bpfpv's, explicit before, wholly beyond this host",
     .applied = "3",
     .original = "8-11",
     .origin = BPFPV_ORIGIN_PIN,
     .cpuset = "4-7",
     .pin = "3",
     .expected = "4-7"},
    {.what = "rewritten, as for a NUMA instance",
     .applied = "3",
     .original = "0-3",
     .origin = BPFPV_ORIGIN_PIN,
     .pin = "4-7",
     .expected = "4-7"},
    {.what = "rewritten, to all that the host has",
     .applied = "3",
     .original = "0-3",
     .origin = BPFPV_ORIGIN_PIN,
     .pin = "0-7",
     .expected = "0-7"},
    {.what = "rewritten, as for a dedicated CPU",
     .applied = "4",
     .original = "4",
     .origin = BPFPV_ORIGIN_PIN,
     .pin = "6",
     .expected = "6"},
    {.what = "rewritten, like another vCPU, to what was applied by accident",
     .applied = "3",
     .original = "0-3",
     .origin = BPFPV_ORIGIN_PIN,
     .pin = "3",
     .other = "3",
     .expected = "3"},
    {.what = "bpfpv's, and another vCPU's is rewritten to something else",
     .applied = "3",
     .original = "0-3",
     .origin = BPFPV_ORIGIN_PIN,
     .pin = "3",
     .other = "4-7",
     .expected = "0-3"},
    {.what = "a pin to CPUs of which this host has none",
     .applied = "3",
     .original = "0-3",
     .origin = BPFPV_ORIGIN_PIN,
     .cpuset = "4-7",
     .pin = "",
     .expected = "4-7"},
    {.what = "the hook was there, and took it out",
     .cpuset = "4-7",
     .expected = "4-7",
     .inherited = TRUE},
    {.what = "the hook was there, and left it", .cpuset = "4-7", .pin = "4", .expected = "4"},
    {.what = "no pin, and a <vcpu cpuset> that is what was applied by accident",
     .applied = "3",
     .original = "0-3",
     .origin = BPFPV_ORIGIN_VCPU,
     .cpuset = "3",
     .expected = "3",
     .inherited = TRUE},
    {.what = "an administrator's",
     .applied = "3",
     .original = "3",
     .origin = BPFPV_ORIGIN_PIN,
     .administrator = TRUE,
     .pin = "3",
     .expected = "3",
     .fixed = TRUE},
    {.what = "an administrator's, rewritten",
     .applied = "3",
     .original = "3",
     .origin = BPFPV_ORIGIN_PIN,
     .administrator = TRUE,
     .pin = "4-7",
     .expected = "4-7"},
    {.what = "an earlier version's, inherited",
     .applied = "3",
     .original = "0-3",
     .cpuset = "4-7",
     .pin = "3",
     .expected = "4-7",
     .inherited = TRUE},
    {.what = "an earlier version's, explicit",
     .applied = "3",
     .original = "0-3",
     .pin = "3",
     .expected = "0-3"},
    /* Nothing is noted: the domain was here before. */
    {.what = "put back when it was managed last",
     .cpuset = "4-7",
     .pin = "4-7",
     .expected = "4-7",
     .inherited = TRUE},
    {.what = "defined so", .cpuset = "4-7", .pin = "4-7", .defined = "4-7", .expected = "4-7"},
    {.what = "defined otherwise, and put back when it was managed last",
     .cpuset = "4-7",
     .pin = "4-7",
     .defined = "4",
     .expected = "4-7",
     .inherited = TRUE},
};

static BpfpvCpuset *
set_or_null(const char *text)
{
    return text ? cpus(text) : NULL;
}

static BpfpvStatus *
make_status(const Row *row)
{
    BpfpvStatus *status = bpfpv_status_new();
    BpfpvStatusThread *noted;

    if (!row->original)
        return status;
    noted = bpfpv_status_add_thread(status, BPFPV_THREAD_VCPU, 1);
    noted->applied = set_or_null(row->applied);
    noted->pending = set_or_null(row->pending);
    noted->original = cpus(row->original);
    noted->origin = row->origin;
    noted->fixed = row->administrator;
    return status;
}

/* vCPU 0, which had another pin. */
static void
see_other(BpfpvPins *pins, const char *text)
{
    g_autoptr(BpfpvCpuset) set = cpus(text);
    BpfpvPinnedThread other = {.kind = BPFPV_THREAD_VCPU, .cpus = set, .own = TRUE};
    g_autoptr(GPtrArray) present = g_ptr_array_new();

    bpfpv_status_add_thread(pins->claims, BPFPV_THREAD_VCPU, 0)->applied = cpus("5");
    g_ptr_array_add(present, &other);
    bpfpv_pins_find_rewritten(pins, present);
}

static void
check(const Row *row)
{
    g_autoptr(BpfpvStatus) status = make_status(row);
    g_autoptr(BpfpvCpuset) online = cpus("0-7");
    g_autoptr(BpfpvCpuset) inherits = cpus(row->cpuset ? row->cpuset : "0-7");
    g_autoptr(BpfpvCpuset) pin = set_or_null(row->pin);
    g_autoptr(BpfpvCpuset) defined = set_or_null(row->defined);
    BpfpvPins pins = {.claims = status, .online = online};
    const BpfpvPinnedThread present = {
        .kind = BPFPV_THREAD_VCPU,
        .id = 1,
        .cpus = pin ? pin : inherits,
        .own = pin != NULL,
        .inherits = inherits,
        .by_vcpu = row->cpuset != NULL,
        .defined = defined,
    };
    BpfpvPinsOrigin origin;
    g_autofree char *text = NULL;

    if (row->other)
        see_other(&pins, row->other);
    bpfpv_pins_find_origin(&pins, &present, &origin);
    text = bpfpv_cpuset_format(origin.original);
    if (!g_str_equal(text, row->expected) || origin.inherited != row->inherited ||
        origin.fixed != row->fixed)
        fail_msg("%s: %s%s%s", row->what, text, origin.inherited ? ", inherited" : "",
                 origin.fixed ? ", an administrator's" : "");
    bpfpv_cpuset_free(origin.original);
    g_clear_pointer(&pins.rewritten, g_ptr_array_unref);
}

static void
what_is_exactly_bpfpvs_gives_way_to_what_was_before(void **state)
{
    (void)state;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        check(&rows[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_exactly_bpfpvs_gives_way_to_what_was_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
