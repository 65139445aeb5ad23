/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The status element in the domain's own XML: there before the first pin is
 * changed, as it is what the hook goes by; then at most once a second.
 */
#include "daemon/pins/private.h"

#include "host/virt.h"

#define SOON_MS 20
#define INTERVAL_MS 1000

static void note_now(BpfpvPins *pins);

/* By this daemon, with the originals: a status that another has left, or that was written before
 * they were read, does not tell the hook what to put back. */
static gboolean
is_noted(const BpfpvPins *pins)
{
    return pins->noted && pins->noted_originals;
}

static void
finish_note(BpfpvPins *pins, const GError *error)
{
    gboolean first = !is_noted(pins);

    pins->note_busy = FALSE;
    if (!error) {
        g_free(pins->noted);
        pins->noted = g_steal_pointer(&pins->noting);
        pins->noted_originals = pins->noting_originals;
        g_clear_pointer(&pins->note_error, g_free);
    } else {
        if (g_strcmp0(error->message, pins->note_error) != 0)
            bpfpv_pins_log_failure(pins, error);
        g_free(pins->note_error);
        pins->note_error = g_strdup(error->message);
        g_clear_pointer(&pins->noting, g_free);
        /* Not held up by a status that can't be removed, but by a job that will end. */
        if (pins->note_ends && !bpfpv_virt_is_busy(error))
            g_clear_pointer(&pins->noted, g_free);
        pins->note_wanted = TRUE;
    }
    if (first && is_noted(pins) && pins->applied && !pins->retry_timer)
        pins->applied->blocked = FALSE;
    if (pins->note_wanted && !(pins->note_ends && !pins->noted))
        bpfpv_pins_note_soon(pins);
    pins->funcs->moved(pins, pins->user_data);
}

static void
on_noted(GObject *source, GAsyncResult *result, gpointer user_data)
{
    BpfpvPins *pins = user_data;
    g_autoptr(GError) error = NULL;

    bpfpv_pinner_note_finish(result, &error);
    if (!pins->closed)
        finish_note(pins, error);
    g_rc_box_release(pins);
}

static void
note_now(BpfpvPins *pins)
{
    g_autofree char *text = pins->note_ends ? NULL : pins->funcs->describe(pins, pins->user_data);

    pins->note_wanted = FALSE;
    if (g_strcmp0(text, pins->noted) == 0 &&
        (pins->note_ends || !pins->ready || pins->noted_originals))
        return;
    pins->noting = g_steal_pointer(&text);
    pins->noting_originals = pins->ready;
    pins->note_busy = TRUE;
    pins->noted_us = g_get_monotonic_time();
    bpfpv_pinner_note(pins->pinner, pins->noting, on_noted, g_rc_box_acquire(pins));
}

static gboolean
note_due(gpointer user_data)
{
    BpfpvPins *pins = user_data;

    pins->note_timer = 0;
    if (!pins->note_busy)
        note_now(pins);
    return G_SOURCE_REMOVE;
}

void
bpfpv_pins_note_soon(BpfpvPins *pins)
{
    gint64 passed_ms = (g_get_monotonic_time() - pins->noted_us) / 1000;
    guint wait_ms = SOON_MS;

    pins->note_wanted = TRUE;
    if (pins->note_timer || pins->note_busy)
        return;
    if (pins->noted_us > 0 && passed_ms < INTERVAL_MS && (is_noted(pins) || pins->note_error))
        wait_ms = MAX((guint)(INTERVAL_MS - passed_ms), SOON_MS);
    pins->note_timer = g_timeout_add(wait_ms, note_due, pins);
}

gboolean
bpfpv_pins_note_first(BpfpvPins *pins)
{
    if (is_noted(pins))
        return TRUE;
    pins->applied->blocked = TRUE;
    if (!pins->note_busy && !(pins->note_timer && pins->note_error)) {
        g_clear_handle_id(&pins->note_timer, g_source_remove);
        note_now(pins);
    }
    return FALSE;
}

gboolean
bpfpv_pins_end_note(BpfpvPins *pins)
{
    gboolean retrying = pins->note_ends && pins->note_timer;

    pins->note_ends = TRUE;
    if (!pins->note_busy && !retrying) {
        g_clear_handle_id(&pins->note_timer, g_source_remove);
        note_now(pins);
    }
    return !pins->noted && !pins->note_busy;
}

void
bpfpv_pins_note_clear(BpfpvPins *pins)
{
    g_clear_handle_id(&pins->note_timer, g_source_remove);
    g_free(pins->noted);
    g_free(pins->noting);
    g_free(pins->note_error);
}
