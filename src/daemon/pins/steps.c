/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pin calls of one domain: at most so many a second, none before the
 * originals are on record, again after one that was refused.
 */
#include "daemon/pins/private.h"

#include "daemon/counters.h"
#include "daemon/log.h"
#include "host/run.h"
#include "host/virt.h"

typedef struct {
    BpfpvPins *pins; /* a reference */
    BpfpvPinsThread thread;
    gboolean again; /* it is not known whether the same call before it was carried out */
    gint64 start;   /* monotonic time, µs */
} Call;

/* A call that was under way when an administrator pinned the vCPU: theirs again. And one that came
 * with another daemon's pin, and has a single CPU here. */
static void
keep_fixed_vcpu(BpfpvPins *pins, guint index)
{
    const BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, index);
    const BpfpvCpuset *original = g_ptr_array_index(pins->entry->original, index);

    if (bpfpv_journal_entry_is_theirs(pins->entry, index) && !vcpu->pending &&
        !bpfpv_thread_truth_refuses(&vcpu->truth, original) &&
        !bpfpv_cpuset_equal(vcpu->cpus, original))
        bpfpv_pins_call(pins, index, original, FALSE);
}

void
bpfpv_pins_keep_fixed(BpfpvPins *pins)
{
    for (guint i = 0; i < pins->applied->vcpus->len; i++)
        keep_fixed_vcpu(pins, i);
    for (guint t = 0; t < pins->applied->threads->len; t++)
        bpfpv_pins_keep_fixed_thread(pins, g_ptr_array_index(pins->applied->threads, t));
}

static BpfpvAppliedThread *
find_thread(const BpfpvPins *pins, const BpfpvPinsThread *thread)
{
    return bpfpv_applied_domain_find_thread(pins->applied, thread->kind, thread->id);
}

/* ---- blocked for a while ---- */

static void call_again(BpfpvPins *pins, const BpfpvPinsThread *which);

static gboolean
unblock(gpointer user_data)
{
    BpfpvPins *pins = user_data;
    g_autoptr(GArray) unsure = g_steal_pointer(&pins->unsure);

    pins->unsure = g_array_new(FALSE, FALSE, sizeof(BpfpvPinsThread));
    for (guint i = 0; i < unsure->len; i++)
        call_again(pins, &g_array_index(unsure, BpfpvPinsThread, i));
    pins->retry_timer = 0;
    pins->applied->blocked = FALSE;
    bpfpv_pins_keep_fixed(pins);
    pins->funcs->moved(pins, pins->user_data);
    return G_SOURCE_REMOVE;
}

void
bpfpv_pins_block_for(BpfpvPins *pins, guint ms)
{
    gint64 end_us = g_get_monotonic_time() + (gint64)ms * 1000;

    pins->applied->blocked = TRUE;
    if (pins->retry_timer && pins->blocked_until_us >= end_us)
        return;
    g_clear_handle_id(&pins->retry_timer, g_source_remove);
    pins->retry_timer = g_timeout_add(ms, unblock, pins);
    pins->blocked_until_us = end_us;
}

/* ---- calls ---- */

const char *
bpfpv_pins_explain(const GError *error)
{
    if (bpfpv_virt_is_busy(error))
        return "another job (migration, save, snapshot) holds the domain; it is pinned when that "
               "is over";
    return error->message;
}

void
bpfpv_pins_log_failure(BpfpvPins *pins, const GError *error)
{
    gboolean is_over = bpfpv_run_is_over(error);

    if (is_over)
        g_debug("%s", error->message);
    else
        bpfpv_log_domain(&pins->quota,
                         bpfpv_virt_is_busy(error) ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_WARNING,
                         pins->entry->name, "%s; trying again", error->message);
}

gboolean
bpfpv_pins_is_refusal(const GError *error)
{
    return error->domain == BPFPV_VIRT_ERROR && !bpfpv_virt_is_busy(error) &&
           !bpfpv_run_is_over(error);
}

void
bpfpv_pins_set_error(BpfpvPins *pins, const BpfpvPinsThread *thread, const char *message)
{
    if (thread->kind != BPFPV_THREAD_VCPU) {
        bpfpv_pins_set_thread_error(pins, thread->id, message);
        return;
    }
    g_free(g_ptr_array_index(pins->errors, thread->id));
    g_ptr_array_index(pins->errors, thread->id) = g_strdup(message);
}

static void
finish_call(BpfpvPins *pins, guint index, const GError *error, gboolean unsure)
{
    const BpfpvPinsThread thread = {BPFPV_THREAD_VCPU, index};
    BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, index);
    g_autoptr(BpfpvCpuset) asked = NULL;

    if (!error) {
        if (vcpu->anchored != vcpu->pending_anchored)
            bpfpv_pins_replace(&vcpu->last, vcpu->cpus);
        bpfpv_cpuset_free(vcpu->cpus);
        vcpu->cpus = g_steal_pointer(&vcpu->pending);
        vcpu->anchored = vcpu->pending_anchored;
        bpfpv_pins_verify(pins, &thread, &vcpu->truth, vcpu->cpus, vcpu->original, vcpu->anchored);
        keep_fixed_vcpu(pins, index);
        return;
    }
    if (g_strcmp0(bpfpv_pins_explain(error), bpfpv_pins_error(pins, index)) != 0)
        bpfpv_pins_log_failure(pins, error);
    bpfpv_pins_set_error(pins, &thread, bpfpv_pins_explain(error));
    if (!bpfpv_pins_is_refusal(error))
        bpfpv_pins_block_for(pins, BPFPV_PINS_RETRY_MS);
    if (unsure)
        return;
    bpfpv_pins_unexpect(pins, BPFPV_THREAD_VCPU, index, vcpu->pending);
    asked = g_steal_pointer(&vcpu->pending);
    if (bpfpv_pins_is_refusal(error))
        bpfpv_pins_refused_call(pins, &thread, &vcpu->truth, vcpu->cpus, vcpu->original, asked,
                                vcpu->pending_anchored, error->message);
}

/*
 * A call whose connection was lost may have been carried out, or be so yet. As
 * long as it stays pending, neither what was before nor what it makes is free
 * for others; it is made again until libvirt has answered.
 */
static gboolean
note_unsure(BpfpvPins *pins, const Call *call, const GError *error)
{
    gboolean unsure =
        g_error_matches(error, BPFPV_PINNER_ERROR, BPFPV_PINNER_ERROR_UNSURE) ||
        (call->again && g_error_matches(error, BPFPV_PINNER_ERROR, BPFPV_PINNER_ERROR_NOT_MADE));

    if (unsure)
        g_array_append_val(pins->unsure, call->thread);
    return unsure;
}

static BpfpvPinResult
result_of(const GError *error)
{
    if (error == NULL)
        return BPFPV_PIN_DONE;
    if (bpfpv_virt_is_busy(error))
        return BPFPV_PIN_BUSY;
    if (g_error_matches(error, BPFPV_PINNER_ERROR, BPFPV_PINNER_ERROR_UNSURE))
        return BPFPV_PIN_UNSURE;
    return bpfpv_pins_is_refusal(error) ? BPFPV_PIN_REFUSED : BPFPV_PIN_FAILED;
}

static void
on_pinned(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autofree Call *call = user_data;
    BpfpvPins *pins = call->pins;
    g_autoptr(GError) error = NULL;

    bpfpv_pinner_pin_finish(result, &error);
    bpfpv_counters.pins[result_of(error)]++;
    bpfpv_histogram_add(&bpfpv_counters.pin_time, g_get_monotonic_time() - call->start);
    if (!pins->closed) {
        gboolean unsure = note_unsure(pins, call, error);

        if (call->thread.kind == BPFPV_THREAD_VCPU)
            finish_call(pins, call->thread.id, error, unsure);
        else
            bpfpv_pins_finish_thread(pins, find_thread(pins, &call->thread), error, unsure);
        pins->funcs->moved(pins, pins->user_data);
    }
    g_rc_box_release(pins);
}

static void
call(BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus, gboolean again)
{
    Call *call = g_new0(Call, 1);

    call->pins = g_rc_box_acquire(pins);
    call->thread = (BpfpvPinsThread){kind, id};
    call->again = again;
    call->start = g_get_monotonic_time();
    bpfpv_pins_expect(pins, kind, id, cpus);
    bpfpv_pins_note_ahead(pins, kind, id, cpus);
    bpfpv_pinner_pin(pins->pinner, kind, id, cpus, on_pinned, call);
}

static void
call_again(BpfpvPins *pins, const BpfpvPinsThread *which)
{
    const BpfpvAppliedThread *thread = NULL;
    const BpfpvCpuset *pending;

    if (which->kind != BPFPV_THREAD_VCPU)
        thread = find_thread(pins, which);
    if (which->kind == BPFPV_THREAD_VCPU)
        pending = bpfpv_pins_vcpu(pins, which->id)->pending;
    else
        pending = thread ? thread->pending : NULL;
    if (pending)
        call(pins, which->kind, which->id, pending, TRUE);
}

void
bpfpv_pins_call(BpfpvPins *pins, guint index, const BpfpvCpuset *cpus, gboolean anchored)
{
    BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, index);

    bpfpv_pins_replace(&vcpu->pending, cpus);
    vcpu->pending_anchored = anchored;
    call(pins, BPFPV_THREAD_VCPU, index, cpus, FALSE);
}

void
bpfpv_pins_call_thread(BpfpvPins *pins, BpfpvAppliedThread *thread, const BpfpvCpuset *cpus)
{
    bpfpv_pins_replace(&thread->pending, cpus);
    call(pins, thread->kind, thread->id, cpus, FALSE);
}

/* ---- steps ---- */

/* Whether the rate allows one more call; if not, the domain waits for its next one. */
static gboolean
take_token(BpfpvPins *pins)
{
    gint64 now = g_get_monotonic_time();

    pins->tokens = MIN(pins->tokens + (double)(now - pins->tokens_us) * pins->rate / G_USEC_PER_SEC,
                       pins->rate);
    pins->tokens_us = now;
    if (pins->tokens < 1) {
        bpfpv_pins_block_for(pins, 1000 / pins->rate + 1);
        return FALSE;
    }
    pins->tokens -= 1;
    return TRUE;
}

/* Nothing is pinned whose original mask is not on record. */
static gboolean
note_pinned(BpfpvPins *pins)
{
    gboolean was_pinned = pins->entry->pinned;

    if (was_pinned && pins->journaled)
        return TRUE;
    pins->entry->pinned = TRUE;
    if (bpfpv_pins_write_journal(pins))
        return TRUE;
    pins->entry->pinned = was_pinned;
    return FALSE;
}

void
bpfpv_pins_step(BpfpvPins *pins, const BpfpvPlanStep *step)
{
    if (!bpfpv_pins_note_first(pins) || !take_token(pins))
        return;
    if (!note_pinned(pins)) {
        const BpfpvPinsThread thread = {step->kind, step->vcpu};

        bpfpv_pins_set_error(
            pins, &thread,
            "the state directory cannot be written, so that the original masks could be "
            "lost; see the daemon's log");
        bpfpv_pins_block_for(pins, BPFPV_PINS_RETRY_MS);
        return;
    }
    if (step->kind == BPFPV_THREAD_VCPU)
        bpfpv_pins_call(pins, step->vcpu, step->cpus, step->anchored);
    else
        bpfpv_pins_call_thread(
            pins, bpfpv_applied_domain_find_thread(pins->applied, step->kind, step->vcpu),
            step->cpus);
}

void
bpfpv_pins_set_rate(BpfpvPins *pins, guint per_second)
{
    pins->rate = MAX(per_second, 1);
}
