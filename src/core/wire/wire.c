/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of decoded frames, and what their readers share. Decoding is in decode.c,
 * hello.c and frame.c, encoding in encode.c.
 */
#include "core/wire/private.h"

G_DEFINE_QUARK(bpfpv_wire_error_quark, bpfpv_wire_error)

/**
 * bpfpv_hello_free:
 * @hello: (nullable): what a HELLO frame said
 *
 * Frees @hello and all it points to.
 */
void
bpfpv_hello_free(BpfpvHello *hello)
{
    if (hello == NULL)
        return;
    g_free(hello->kernel);
    g_free(hello->build);
    g_ptr_array_unref(hello->programs);
    g_free(hello);
}

/**
 * bpfpv_frame_free:
 * @frame: (nullable): the frame
 *
 * Frees @frame and all it points to, @frame->bytes among it: values of its
 * records end with it.
 */
void
bpfpv_frame_free(BpfpvFrame *frame)
{
    if (frame == NULL)
        return;
    bpfpv_hello_free(frame->hello);
    bpfpv_cpuset_free(frame->possible);
    bpfpv_cpuset_free(frame->online);
    g_clear_pointer(&frame->cpu_ids, g_array_unref);
    g_clear_pointer(&frame->records, g_array_unref);
    g_clear_pointer(&frame->bytes, g_bytes_unref);
    g_free(frame->bye_text);
    g_free(frame);
}

/**
 * bpfpv_wire_fail:
 * @error: return location
 * @code: what kind of error
 * @format: a printf() format that names the frame and the value
 * @...: its arguments; no bytes of the guest that are not made printable
 *
 * Sets @error.
 *
 * Returns: %FALSE
 */
gboolean
bpfpv_wire_fail(GError **error, BpfpvWireError code, const char *format, ...)
{
    va_list arguments;
    g_autofree char *message = NULL;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, BPFPV_WIRE_ERROR, (gint)code, message);
    return FALSE;
}

/**
 * bpfpv_wire_expect_length:
 * @frame: the frame's name, for the message
 * @length: its payload's length
 * @expected: what that must be
 * @error: return location, domain %BPFPV_WIRE_ERROR
 *
 * Returns: %TRUE, or %FALSE with @error set if the lengths differ
 */
gboolean
bpfpv_wire_expect_length(const char *frame, gsize length, gsize expected, GError **error)
{
    if (length == expected)
        return TRUE;
    return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME,
                           "%s has %zu bytes of payload, expected %zu", frame, length, expected);
}

/**
 * bpfpv_wire_printable:
 * @field: (array length=size): a NUL-padded text as received
 * @size: the field's size
 *
 * Returns: (transfer full): the text in printable ASCII, all else made '?'
 */
char *
bpfpv_wire_printable(const char *field, gsize size)
{
    char *text = g_strndup(field, size);

    for (char *at = text; *at != '\0'; at++) {
        if (!g_ascii_isprint(*at))
            *at = '?';
    }
    return text;
}
