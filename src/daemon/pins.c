/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One managed domain's host side; see pins.h. */
#include "daemon/pins-private.h"

#include "host/virt.h"

#define RATE_DEFAULT 200

typedef struct {
    BpfpvPins *pins; /* a reference */
    guint vcpu;
} Call;

gboolean
bpfpv_pins_write_journal(BpfpvPins *pins)
{
    g_autoptr(GError) error = NULL;

    if (bpfpv_journal_write(pins->state_dir, pins->entry, &error))
        return TRUE;
    g_warning("domain %s: %s", pins->entry->name, error->message);
    return FALSE;
}

/* ---- the originals ---- */

static gboolean read_again(gpointer user_data);

BpfpvAppliedVcpu *
bpfpv_pins_vcpu(BpfpvPins *pins, guint vcpu)
{
    return g_ptr_array_index(pins->applied->vcpus, vcpu);
}

/* What an earlier daemon left pinned is in force, until it is known to be wanted or put back. */
static void
adopt_pins(BpfpvPins *pins, const GPtrArray *present)
{
    for (guint i = 0; i < pins->applied->vcpus->len && i < present->len; i++) {
        BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, i);
        const BpfpvCpuset *now = g_ptr_array_index(present, i);

        vcpu->anchored = !bpfpv_cpuset_equal(vcpu->cpus, now) && bpfpv_cpuset_count(now) == 1;
        bpfpv_cpuset_free(vcpu->cpus);
        vcpu->cpus = bpfpv_cpuset_copy(now);
    }
}

static void
on_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvPins *pins = user_data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) present = bpfpv_pinner_read_finish(result, &error);

    if (!pins->closed && present) {
        if (!pins->adopted)
            g_ptr_array_set_size(pins->entry->original, 0);
        for (guint i = pins->entry->original->len; i < present->len; i++)
            g_ptr_array_add(pins->entry->original,
                            bpfpv_cpuset_copy(g_ptr_array_index(present, i)));
        bpfpv_pins_take_claims(pins, present);
        pins->applied = bpfpv_applied_domain_new(pins->entry->name, pins->entry->original);
        g_ptr_array_set_size(pins->errors, (gint)pins->entry->original->len);
        if (pins->adopted)
            adopt_pins(pins, present);
    }
    if (!pins->closed && error)
        pins->retry_timer = g_timeout_add(BPFPV_PINS_RETRY_MS, read_again, pins);
    if (!pins->closed)
        pins->funcs->ready(pins, error, pins->user_data);
    g_rc_box_release(pins);
}

static gboolean
read_again(gpointer user_data)
{
    BpfpvPins *pins = user_data;

    pins->retry_timer = 0;
    bpfpv_pinner_read(pins->pinner, on_read, g_rc_box_acquire(pins));
    return G_SOURCE_REMOVE;
}

static void
take_journal(BpfpvPins *pins, const char *uuid, const char *name, int id)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvJournalEntry) entry = bpfpv_journal_read(pins->state_dir, uuid, &error);

    if (error)
        g_warning("domain %s: %s", name, error->message);
    if (entry && entry->id == id && g_str_equal(entry->uuid, uuid)) {
        pins->adopted = entry->pinned;
        pins->entry = g_steal_pointer(&entry);
        return;
    }
    pins->entry = bpfpv_journal_entry_new(uuid, name, id);
}

BpfpvPins *
bpfpv_pins_new(const char *uri, const char *state_dir, const char *uuid, const char *name, int id,
               const BpfpvPinsFuncs *funcs, gpointer user_data)
{
    BpfpvPins *pins = g_rc_box_new0(BpfpvPins);

    pins->state_dir = g_strdup(state_dir);
    pins->funcs = funcs;
    pins->user_data = user_data;
    pins->pinner = bpfpv_pinner_new(uri, uuid, id);
    pins->errors = g_ptr_array_new_with_free_func(g_free);
    pins->rate = RATE_DEFAULT;
    pins->tokens = RATE_DEFAULT;
    pins->tokens_us = g_get_monotonic_time();
    take_journal(pins, uuid, name, id);
    bpfpv_pinner_read(pins->pinner, on_read, g_rc_box_acquire(pins));
    return pins;
}

static void
clear(gpointer data)
{
    BpfpvPins *pins = data;

    bpfpv_journal_entry_free(pins->entry);
    bpfpv_pins_note_clear(pins);
    g_clear_pointer(&pins->expected, g_ptr_array_unref);
    g_clear_pointer(&pins->claimed, g_ptr_array_unref);
    g_clear_pointer(&pins->applied, bpfpv_applied_domain_free);
    g_ptr_array_unref(pins->errors);
    g_free(pins->state_dir);
}

void
bpfpv_pins_free(BpfpvPins *pins)
{
    if (!pins)
        return;
    pins->closed = TRUE;
    g_clear_handle_id(&pins->retry_timer, g_source_remove);
    g_clear_pointer(&pins->pinner, bpfpv_pinner_free);
    clear(pins);
    g_rc_box_release(pins);
}

/* ---- steps ---- */

/* A call that was under way when an administrator pinned the vCPU: theirs again. */
static void
keep_fixed(BpfpvPins *pins, guint index)
{
    const BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, index);
    const BpfpvCpuset *original = g_ptr_array_index(pins->entry->original, index);

    if (bpfpv_cpuset_contains(pins->entry->fixed, index) && !vcpu->pending &&
        !bpfpv_cpuset_equal(vcpu->cpus, original))
        bpfpv_pins_call(pins, index, original, FALSE);
}

static gboolean
unblock(gpointer user_data)
{
    BpfpvPins *pins = user_data;

    pins->retry_timer = 0;
    pins->applied->blocked = FALSE;
    for (guint i = 0; i < pins->applied->vcpus->len; i++)
        keep_fixed(pins, i);
    pins->funcs->moved(pins, pins->user_data);
    return G_SOURCE_REMOVE;
}

void
bpfpv_pins_block_for(BpfpvPins *pins, guint ms)
{
    pins->applied->blocked = TRUE;
    if (!pins->retry_timer)
        pins->retry_timer = g_timeout_add(ms, unblock, pins);
}

static void
set_vcpu_error(BpfpvPins *pins, guint vcpu, const char *message)
{
    g_free(g_ptr_array_index(pins->errors, vcpu));
    g_ptr_array_index(pins->errors, vcpu) = g_strdup(message);
}

static void
finish_call(BpfpvPins *pins, guint index, const GError *error)
{
    BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, index);

    if (!error) {
        bpfpv_cpuset_free(vcpu->cpus);
        vcpu->cpus = g_steal_pointer(&vcpu->pending);
        vcpu->anchored = vcpu->pending_anchored;
        set_vcpu_error(pins, index, NULL);
        keep_fixed(pins, index);
        return;
    }
    bpfpv_pins_unexpect(pins, index, vcpu->pending);
    g_clear_pointer(&vcpu->pending, bpfpv_cpuset_free);
    if (g_strcmp0(error->message, bpfpv_pins_error(pins, index)) != 0)
        g_message("%s; trying again", error->message);
    set_vcpu_error(pins, index,
                   bpfpv_virt_is_busy(error)
                       ? "another job (migration, save, snapshot) holds the domain; it is pinned "
                         "when that is over"
                       : error->message);
    bpfpv_pins_block_for(pins, BPFPV_PINS_RETRY_MS);
}

static void
on_pinned(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autofree Call *call = user_data;
    BpfpvPins *pins = call->pins;
    g_autoptr(GError) error = NULL;

    bpfpv_pinner_pin_finish(result, &error);
    if (!pins->closed) {
        finish_call(pins, call->vcpu, error);
        pins->funcs->moved(pins, pins->user_data);
    }
    g_rc_box_release(pins);
}

void
bpfpv_pins_call(BpfpvPins *pins, guint index, const BpfpvCpuset *cpus, gboolean anchored)
{
    BpfpvAppliedVcpu *vcpu = bpfpv_pins_vcpu(pins, index);
    Call *call = g_new0(Call, 1);

    vcpu->pending = bpfpv_cpuset_copy(cpus);
    vcpu->pending_anchored = anchored;
    call->pins = g_rc_box_acquire(pins);
    call->vcpu = index;
    bpfpv_pins_expect(pins, index, cpus);
    bpfpv_pinner_pin(pins->pinner, index, cpus, on_pinned, call);
}

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
    if (pins->entry->pinned)
        return TRUE;
    pins->entry->pinned = TRUE;
    if (bpfpv_pins_write_journal(pins))
        return TRUE;
    pins->entry->pinned = FALSE;
    return FALSE;
}

void
bpfpv_pins_step(BpfpvPins *pins, const BpfpvPlanStep *step)
{
    if (!bpfpv_pins_note_first(pins) || !take_token(pins))
        return;
    if (!note_pinned(pins)) {
        set_vcpu_error(pins, step->vcpu,
                       "the state directory cannot be written, so that the original masks could "
                       "be lost; see the daemon's log");
        bpfpv_pins_block_for(pins, BPFPV_PINS_RETRY_MS);
        return;
    }
    bpfpv_pins_call(pins, step->vcpu, step->cpus, step->anchored);
}

void
bpfpv_pins_set_rate(BpfpvPins *pins, guint per_second)
{
    pins->rate = MAX(per_second, 1);
}

/* ---- what is known ---- */

const GPtrArray *
bpfpv_pins_original(const BpfpvPins *pins)
{
    return pins->applied ? pins->entry->original : NULL;
}

BpfpvAppliedDomain *
bpfpv_pins_applied(BpfpvPins *pins)
{
    return pins->applied;
}

gboolean
bpfpv_pins_are_original(const BpfpvPins *pins)
{
    if (!pins->applied)
        return !pins->adopted;
    for (guint i = 0; i < pins->applied->vcpus->len; i++) {
        const BpfpvAppliedVcpu *vcpu = g_ptr_array_index(pins->applied->vcpus, i);

        if (vcpu->pending ||
            !bpfpv_cpuset_equal(vcpu->cpus, g_ptr_array_index(pins->entry->original, i)))
            return FALSE;
    }
    return TRUE;
}

const char *
bpfpv_pins_error(const BpfpvPins *pins, guint vcpu)
{
    return vcpu < pins->errors->len ? g_ptr_array_index(pins->errors, vcpu) : NULL;
}

gboolean
bpfpv_pins_our_channel(const BpfpvPins *pins)
{
    return pins->entry->our_channel;
}

void
bpfpv_pins_set_our_channel(BpfpvPins *pins, gboolean ours)
{
    pins->entry->our_channel = ours;
    bpfpv_pins_write_journal(pins);
}

void
bpfpv_pins_settle(BpfpvPins *pins)
{
    pins->entry->pinned = FALSE;
    if (pins->entry->our_channel || !bpfpv_cpuset_is_empty(pins->entry->fixed))
        bpfpv_pins_write_journal(pins);
    else
        bpfpv_pins_forget(pins);
}

void
bpfpv_pins_forget(BpfpvPins *pins)
{
    bpfpv_journal_remove(pins->state_dir, pins->entry->uuid);
}
