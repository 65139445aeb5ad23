/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The daemon's metrics; see status.h. What has happened is counted where it
 * happens; how things are now is looked at here, when somebody asks. Labels
 * are words of ours, never a guest's or a domain's name: there are as many
 * series on every host.
 */
#include "config.h"

#include "daemon/bus/status.h"

#include "daemon/counters.h"

/* Why an anchor that a guest asks for is not in force. */
typedef enum {
    UNMET_NO_CPU,  /* the placement has no CPU for it */
    UNMET_REFUSED, /* libvirt, the cgroup or the kernel refuses it; it is tried again */
    UNMET_PENDING, /* on its way */
    N_UNMET,
} Unmet;

typedef struct {
    guint states[BPFPV_STATE_DETACHED + 1];
    guint wanted;
    guint unmet[N_UNMET];
    guint floating; /* vCPUs */
} Now;

static void
count_vcpu(Now *now, const BpfpvManaged *managed, guint index, const BpfpvPlanVcpu *vcpu)
{
    const BpfpvAppliedDomain *applied = bpfpv_pins_applied(managed->pins);

    now->floating += vcpu->want == BPFPV_WANT_FLOAT;
    if (vcpu->want != BPFPV_WANT_ANCHOR)
        return;
    now->wanted++;
    if (!vcpu->met)
        now->unmet[UNMET_NO_CPU]++;
    else if (!applied || index >= applied->vcpus->len)
        now->unmet[UNMET_PENDING]++;
    else if (!bpfpv_applied_vcpu_holds(g_ptr_array_index(applied->vcpus, index)))
        now->unmet[bpfpv_pins_error(managed->pins, index) ? UNMET_REFUSED : UNMET_PENDING]++;
}

static void
look(BpfpvManager *manager, Now *now)
{
    g_autoptr(GPtrArray) list = bpfpv_manager_list(manager);

    for (guint i = 0; i < list->len; i++) {
        const BpfpvManaged *managed = g_ptr_array_index(list, i);
        const BpfpvPlanDomain *plan = bpfpv_manager_plan(manager, managed);
        g_autofree char *reason = NULL;

        now->states[bpfpv_managed_state(managed, &reason)]++;
        for (guint v = 0; plan && v < plan->vcpus->len; v++)
            count_vcpu(now, managed, v, g_ptr_array_index(plan->vcpus, v));
    }
}

/* ---- families ---- */

static void
add_gauge(BpfpvMetrics *metrics, const char *name, const char *help, guint64 value)
{
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_GAUGE, name, help);
    bpfpv_metrics_add(metrics, NULL, value);
}

static void
add_counter(BpfpvMetrics *metrics, const char *name, const char *help, guint64 value)
{
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_COUNTER, name, help);
    bpfpv_metrics_add(metrics, NULL, value);
}

static void
add_host(BpfpvMetrics *metrics, BpfpvManager *manager)
{
    const BpfpvMetricsLabel version = {"version", VERSION};
    g_autoptr(GVariant) host = g_variant_ref_sink(bpfpv_status_host(manager));
    guint32 anchors = 0;

    g_variant_lookup(host, "Anchors", "u", &anchors);
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_GAUGE, "bpfpv_build_info",
                        "The version of bpfpvd, as a label of a 1.");
    bpfpv_metrics_add(metrics, &version, 1);
    add_gauge(metrics, "bpfpv_connected",
              "Whether libvirt is reached and has said which domains run: 1; else 0.",
              bpfpv_manager_unconnected(manager) == NULL);
    add_gauge(metrics, "bpfpv_anchors_capacity",
              "Anchors that the host can hold at once: its pool less the reserve.", anchors);
}

static void
add_domains(BpfpvMetrics *metrics, BpfpvManager *manager)
{
    static const char *const reasons[] = {
        [UNMET_NO_CPU] = "no-cpu",
        [UNMET_REFUSED] = "refused",
        [UNMET_PENDING] = "pending",
    };
    Now now = {0};
    guint unmet = 0;

    look(manager, &now);
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_GAUGE, "bpfpv_domains",
                        "Managed domains, by their state.");
    for (guint i = 0; i < BPFPV_STATE_DETACHED; i++) {
        const BpfpvMetricsLabel label = {"state", bpfpv_state_to_string((BpfpvState)i)};

        bpfpv_metrics_add(metrics, &label, now.states[i]);
    }
    for (guint i = 0; i < N_UNMET; i++)
        unmet += now.unmet[i];
    add_gauge(metrics, "bpfpv_anchors_wanted", "vCPUs that guests want a CPU of their own for.",
              now.wanted);
    add_gauge(metrics, "bpfpv_anchors_met", "Those of them that have one.", now.wanted - unmet);
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_GAUGE, "bpfpv_anchors_unmet",
                        "Those of them that have none, by what is in the way.");
    for (guint i = 0; i < N_UNMET; i++) {
        const BpfpvMetricsLabel label = {"reason", reasons[i]};

        bpfpv_metrics_add(metrics, &label, now.unmet[i]);
    }
    add_gauge(metrics, "bpfpv_vcpus_floating",
              "vCPUs of managed domains that nothing is asked for.", now.floating);
}

static void
add_calls(BpfpvMetrics *metrics)
{
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_COUNTER, "bpfpv_pin_calls",
                        "Calls to libvirt that pin a thread, by how they ended.");
    for (guint i = 0; i < BPFPV_PIN_N_RESULTS; i++) {
        const BpfpvMetricsLabel label = {"result", bpfpv_pin_result_to_string((BpfpvPinResult)i)};

        bpfpv_metrics_add(metrics, &label, bpfpv_counters.pins[i]);
    }
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_HISTOGRAM, "bpfpv_pin_call_seconds",
                        "How long such a call took, waiting for its turn included.");
    bpfpv_metrics_add_histogram(metrics, &bpfpv_counters.pin_time);
    bpfpv_metrics_begin(metrics, BPFPV_METRICS_HISTOGRAM, "bpfpv_solve_seconds",
                        "How long working out a placement took.");
    bpfpv_metrics_add_histogram(metrics, &bpfpv_counters.solve_time);
}

static void
add_guests(BpfpvMetrics *metrics)
{
    add_counter(metrics, "bpfpv_guest_received_bytes", "Bytes that guests have sent.",
                bpfpv_counters.bytes);
    add_counter(metrics, "bpfpv_guest_resyncs", "Snapshots that guests were asked for.",
                bpfpv_counters.resyncs);
    add_counter(metrics, "bpfpv_guest_snapshots", "Snapshots that have come, whole.",
                bpfpv_counters.snapshots);
    add_counter(metrics, "bpfpv_guest_changes_lost",
                "Changes that guests say they could not send; a snapshot follows and repairs it.",
                bpfpv_counters.lost);
    add_counter(metrics, "bpfpv_guest_protocol_violations",
                "Times that a guest sent what it may not, and was hung up on.",
                bpfpv_counters.violations);
}

char *
bpfpv_status_metrics(BpfpvManager *manager)
{
    g_autoptr(BpfpvMetrics) metrics = bpfpv_metrics_new();

    add_host(metrics, manager);
    add_domains(metrics, manager);
    add_calls(metrics);
    add_guests(metrics);
    return bpfpv_metrics_finish(metrics);
}
