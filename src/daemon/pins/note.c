/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The status element in the domain's own XML, which the hook and other hosts' daemons go by: it has
 * the originals before the first pin is changed, and each pin before it is made. What only people
 * read of it changes at most once a second.
 */
#include "daemon/pins/private.h"

#include "host/virt.h"
#include "xml/pin-owner.h"

#define SOON_MS 20
#define INTERVAL_MS 1000

/* A call that is under way. */
typedef struct {
    BpfpvPins *pins; /* a reference */
    char *text;      /* (nullable): what it writes; NULL: it removes the status */
    gboolean has_originals;
} Note;

/* By this daemon, with the originals: a status that another has left, or that was written before
 * they were read, does not tell the hook what to put back. */
static gboolean
is_noted(const BpfpvPins *pins)
{
    return pins->noted && pins->noted_originals;
}

static void
finish_note(BpfpvPins *pins, Note *note, const GError *error)
{
    gboolean first = !is_noted(pins);

    pins->notes_under_way--;
    if (!error) {
        g_free(pins->noted);
        pins->noted = g_steal_pointer(&note->text);
        pins->noted_originals = note->has_originals && pins->noting_originals;
        g_clear_pointer(&pins->note_error, g_free);
    } else {
        if (g_strcmp0(error->message, pins->note_error) != 0)
            bpfpv_pins_log_failure(pins, error);
        g_free(pins->note_error);
        pins->note_error = g_strdup(error->message);
        g_clear_pointer(&pins->told, bpfpv_status_free);
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
    Note *note = user_data;
    g_autoptr(GError) error = NULL;

    bpfpv_pinner_note_finish(result, &error);
    if (!note->pins->closed)
        finish_note(note->pins, note, error);
    g_rc_box_release(note->pins);
    g_free(note->text);
    g_free(note);
}

/* @status: (transfer full) (nullable); @text: (transfer full) (nullable): the same, formatted */
static void
tell(BpfpvPins *pins, BpfpvStatus *status, char *text)
{
    Note *note = g_new0(Note, 1);

    note->pins = g_rc_box_acquire(pins);
    note->text = text;
    note->has_originals = pins->noting_originals = pins->ready;
    pins->notes_under_way++;
    pins->noted_us = g_get_monotonic_time();
    g_clear_pointer(&pins->told, bpfpv_status_free);
    pins->told = status;
    bpfpv_pinner_note(pins->pinner, text, on_noted, note);
}

static void
note_now(BpfpvPins *pins)
{
    g_autoptr(BpfpvStatus) status = NULL;
    g_autofree char *text = NULL;

    pins->note_wanted = FALSE;
    if (!pins->note_ends) {
        status = pins->funcs->describe(pins, pins->user_data);
        text = bpfpv_status_format(status);
    }
    if (g_strcmp0(text, pins->noted) == 0 &&
        (pins->note_ends || !pins->ready || pins->noted_originals))
        return;
    tell(pins, g_steal_pointer(&status), g_steal_pointer(&text));
}

void
bpfpv_pins_note_ahead(BpfpvPins *pins, BpfpvThreadKind kind, guint id, const BpfpvCpuset *cpus)
{
    const BpfpvStatusThread *told = bpfpv_status_find_thread(pins->told, kind, id);
    BpfpvStatus *status;

    if (pins->note_ends || bpfpv_pin_is_noted(told, cpus))
        return;
    status = pins->funcs->describe(pins, pins->user_data);
    tell(pins, status, bpfpv_status_format(status));
}

static gboolean
note_due(gpointer user_data)
{
    BpfpvPins *pins = user_data;

    pins->note_timer = 0;
    if (pins->notes_under_way == 0)
        note_now(pins);
    return G_SOURCE_REMOVE;
}

void
bpfpv_pins_note_soon(BpfpvPins *pins)
{
    gint64 passed_ms = (g_get_monotonic_time() - pins->noted_us) / 1000;
    guint wait_ms = SOON_MS;

    pins->note_wanted = TRUE;
    if (pins->note_timer || pins->notes_under_way > 0)
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
    if (pins->notes_under_way == 0 && !(pins->note_timer && pins->note_error)) {
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
    if (pins->notes_under_way == 0 && !retrying) {
        g_clear_handle_id(&pins->note_timer, g_source_remove);
        note_now(pins);
    }
    return !pins->noted && pins->notes_under_way == 0;
}

void
bpfpv_pins_note_clear(BpfpvPins *pins)
{
    g_clear_handle_id(&pins->note_timer, g_source_remove);
    g_free(pins->noted);
    g_free(pins->note_error);
    g_clear_pointer(&pins->told, bpfpv_status_free);
}
