/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the payload of HELLO: who the guest's loader is and which programs it
 * runs. Nothing about the payload is trusted but that its bytes are there.
 */
#include "core/wire/private.h"

#include <string.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"

G_STATIC_ASSERT(sizeof(struct bpfpv_wire_hello) == 160);
G_STATIC_ASSERT(sizeof(struct bpfpv_wire_program) == 80);

/* A name that others use as a key: refused unless it is plain. */
static char *
plain_name(const char *what, const char *field, gsize size, GError **error)
{
    g_autofree char *name = g_strndup(field, size);
    gsize length = strlen(name);

    if (length == 0 || length == size || strspn(name, NAME_CHARACTERS) != length) {
        g_autofree char *shown = bpfpv_wire_printable(field, size);

        bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME,
                        "HELLO: %s '%s' is not 1 to %zu characters of a-z 0-9 _ -", what, shown,
                        size - 1);
        return NULL;
    }
    return g_steal_pointer(&name);
}

static void
program_free(gpointer data)
{
    BpfpvWireProgram *program = data;

    g_free(program->name);
    g_free(program->attach);
    g_free(program);
}

static gboolean
parse_program(BpfpvHello *hello, const guint8 *bytes, GError **error)
{
    struct bpfpv_wire_program wire;
    BpfpvWireProgram *program = g_new0(BpfpvWireProgram, 1);

    g_ptr_array_add(hello->programs, program);
    memcpy(&wire, bytes, sizeof(wire));
    memcpy(program->digest, wire.digest, sizeof(program->digest));
    program->name = plain_name("program name", wire.name, sizeof(wire.name), error);
    if (program->name == NULL)
        return FALSE;
    program->attach = plain_name("attach kind", wire.attach, sizeof(wire.attach), error);
    if (program->attach == NULL)
        return FALSE;
    for (guint i = 0; i + 1 < hello->programs->len; i++) {
        const BpfpvWireProgram *other = hello->programs->pdata[i];

        if (strcmp(other->name, program->name) == 0)
            return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME,
                                   "HELLO: program '%s' is listed twice", program->name);
    }
    return TRUE;
}

/**
 * bpfpv_wire_hello_parse:
 * @frame: (inout): its hello is set, also on failure
 * @payload: (array length=length): the payload; not trusted
 * @length: its length
 * @error: return location, domain %BPFPV_WIRE_ERROR
 *
 * Reads and checks the payload of a HELLO; not its nonce, which is the
 * decoder's to check.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
gboolean
bpfpv_wire_hello_parse(BpfpvFrame *frame, const guint8 *payload, gsize length, GError **error)
{
    struct bpfpv_wire_hello wire;
    BpfpvHello *hello = frame->hello = g_new0(BpfpvHello, 1);
    guint n_programs;

    hello->programs = g_ptr_array_new_with_free_func(program_free);
    if (length < sizeof(wire))
        return bpfpv_wire_expect_length("HELLO", length, sizeof(wire), error);
    memcpy(&wire, payload, sizeof(wire));
    n_programs = GUINT16_FROM_LE(wire.n_programs);
    if (GUINT16_FROM_LE(wire.version) != BPFPV_WIRE_VERSION)
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_VERSION,
                               "guest speaks protocol %u, this host %d",
                               GUINT16_FROM_LE(wire.version), BPFPV_WIRE_VERSION);
    if (n_programs < 1 || n_programs > BPFPV_WIRE_MAX_PROGRAMS)
        return bpfpv_wire_fail(error, BPFPV_WIRE_ERROR_FRAME,
                               "HELLO: %u programs, expected 1 to %u", n_programs,
                               BPFPV_WIRE_MAX_PROGRAMS);
    if (!bpfpv_wire_expect_length(
            "HELLO", length, sizeof(wire) + n_programs * sizeof(struct bpfpv_wire_program), error))
        return FALSE;
    hello->nonce = GUINT64_FROM_LE(wire.nonce);
    hello->max_keys = GUINT32_FROM_LE(wire.max_keys);
    hello->kernel = bpfpv_wire_printable(wire.kernel, sizeof(wire.kernel));
    hello->build = bpfpv_wire_printable(wire.build, sizeof(wire.build));
    memcpy(hello->session, wire.session, sizeof(hello->session));
    memcpy(hello->digest, wire.digest, sizeof(hello->digest));
    for (guint i = 0; i < n_programs; i++) {
        const guint8 *at = payload + sizeof(wire) + i * sizeof(struct bpfpv_wire_program);

        if (!parse_program(hello, at, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
bpfpv_hello_is_owned(const BpfpvHello *hello)
{
    static const guint8 none[BPFPV_WIRE_SESSION_LEN];

    return memcmp(hello->session, none, sizeof(none)) == 0;
}
