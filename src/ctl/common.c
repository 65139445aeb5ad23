/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the commands of bpfpvctl share: connecting, saying what went wrong,
 * and getting at the daemon's dictionaries. Everything that it prints is clean.
 */
#include "ctl/command.h"

#include <stdarg.h>
#include <stdio.h>

#include <json-glib/json-glib.h>

/**
 * bpfpv_ctl_connect:
 * @ctl: the global options
 * @error: return location, domain %BPFPV_ERROR
 *
 * Returns: (transfer full): a client, or %NULL with @error set
 */
BpfpvClient *
bpfpv_ctl_connect(const BpfpvCtl *ctl, GError **error)
{
    return bpfpv_client_new_sync(ctl->bus_address, NULL, error);
}

/**
 * bpfpv_ctl_unconnected:
 * @client: a client
 * @reason: (out) (transfer full) (nullable): why what the daemon says may not be so any more, in
 *   one clean line; %NULL: it is how it is now. An older daemon does not say.
 * @error: return location, domain %BPFPV_ERROR
 *
 * Returns: %FALSE with @error set
 */
gboolean
bpfpv_ctl_unconnected(BpfpvClient *client, char **reason, GError **error)
{
    g_autoptr(GVariant) host = bpfpv_client_host_sync(client, NULL, error);
    g_autofree char *uri = NULL;
    g_autofree char *why = NULL;
    gboolean connected = TRUE;

    *reason = NULL;
    if (host == NULL)
        return FALSE;
    g_variant_lookup(host, "Connected", "b", &connected);
    if (connected)
        return TRUE;
    uri = bpfpv_ctl_field(host, "LibvirtUri");
    why = bpfpv_ctl_field(host, "LibvirtError");
    *reason = g_strdup_printf(
        "bpfpvd is not connected to libvirt at %s: %s: what is shown, if anything, "
        "is as it was known last. See whether libvirtd (or virtqemud) runs; bpfpvd tries "
        "again every second",
        uri, *why != '\0' ? why : "no reason given");
    return TRUE;
}

/**
 * bpfpv_ctl_check_connected:
 * @client: a client
 * @error: return location, domain %BPFPV_ERROR
 *
 * Asks whether what the daemon says is how it is now, and prints a warning on standard error if
 * not.
 *
 * Returns: the exit code of a command that goes on to show what is known; %BPFPV_EXIT_FAILED also
 * with @error set
 */
int
bpfpv_ctl_check_connected(BpfpvClient *client, GError **error)
{
    g_autofree char *reason = NULL;

    if (!bpfpv_ctl_unconnected(client, &reason, error))
        return BPFPV_EXIT_FAILED;
    if (reason == NULL)
        return BPFPV_EXIT_DONE;
    g_printerr("bpfpvctl: %s\n", reason);
    return BPFPV_EXIT_FAILED;
}

/**
 * bpfpv_ctl_fail:
 * @error: what went wrong
 *
 * Prints @error's message on standard error.
 *
 * Returns: %BPFPV_EXIT_FAILED
 */
int
bpfpv_ctl_fail(const GError *error)
{
    g_autofree char *clean = bpfpv_term_clean(error->message);

    g_printerr("bpfpvctl: %s\n", clean);
    return BPFPV_EXIT_FAILED;
}

/**
 * bpfpv_ctl_usage:
 * @format: printf() format of what is wrong with the command line
 * @...: its arguments
 *
 * Prints that on standard error, and where help is.
 *
 * Returns: %BPFPV_EXIT_USAGE
 */
int
bpfpv_ctl_usage(const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autofree char *clean = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    clean = bpfpv_term_clean(text);
    g_printerr("bpfpvctl: %s (see 'bpfpvctl --help')\n", clean);
    return BPFPV_EXIT_USAGE;
}

/**
 * bpfpv_ctl_no_command:
 * @name: what was typed in the place of a command
 * @meant: (nullable): the command that it resembles
 *
 * Prints on standard error that there is no such command.
 *
 * Returns: %BPFPV_EXIT_USAGE
 */
int
bpfpv_ctl_no_command(const char *name, const char *meant)
{
    if (meant == NULL)
        return bpfpv_ctl_usage("there is no command '%s'", name);
    return bpfpv_ctl_usage("there is no command '%s'; did you mean '%s'?", name, meant);
}

/**
 * bpfpv_ctl_warn:
 * @client: a client
 *
 * Warns on standard error of what the daemon has found wrong with this host.
 */
void
bpfpv_ctl_warn(BpfpvClient *client)
{
    g_autoptr(GVariant) host = bpfpv_client_host_sync(client, NULL, NULL);
    g_autofree char *hook = host != NULL ? bpfpv_ctl_field(host, "Hook") : g_strdup("");

    if (*hook != '\0')
        g_printerr("bpfpvctl: warning: %s\n", hook);
}

/**
 * bpfpv_ctl_field:
 * @dictionary: type a{sv}, from the daemon
 * @key: a key
 *
 * Returns: (transfer full): the value as clean text, a number in decimal; ""
 * if there is none
 */
char *
bpfpv_ctl_field(GVariant *dictionary, const char *key)
{
    g_autoptr(GVariant) value = g_variant_lookup_value(dictionary, key, NULL);
    g_autofree char *text = NULL;

    if (value == NULL)
        return g_strdup("");
    if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
        return bpfpv_term_clean(g_variant_get_string(value, NULL));
    text = g_variant_print(value, FALSE);
    return bpfpv_term_clean(text);
}

/**
 * bpfpv_ctl_state:
 * @dictionary: a domain's, from the daemon
 *
 * Returns: (transfer full): its "state" as clean text, marked where it may not be true any more
 */
char *
bpfpv_ctl_state(GVariant *dictionary)
{
    g_autofree char *state = bpfpv_ctl_field(dictionary, "state");
    gboolean connected = TRUE;

    g_variant_lookup(dictionary, "connected", "b", &connected);
    return connected ? g_steal_pointer(&state) : g_strconcat(state, " (last known)", NULL);
}

/**
 * bpfpv_ctl_child:
 * @dictionary: type a{sv}, from the daemon
 * @key: a key
 * @type: the type string of the container that is wanted
 *
 * Returns: (transfer full): the value, or an empty container of @type if there
 * is none of that type
 */
GVariant *
bpfpv_ctl_child(GVariant *dictionary, const char *key, const char *type)
{
    GVariant *value = g_variant_lookup_value(dictionary, key, G_VARIANT_TYPE(type));
    GVariantBuilder empty;

    if (value != NULL)
        return value;
    g_variant_builder_init(&empty, G_VARIANT_TYPE(type));
    return g_variant_ref_sink(g_variant_builder_end(&empty));
}

/* In JSON text these can only be within strings, where \u says the same. */
static void
append_escaped(GString *out, gunichar c)
{
    if (c > 0xffff)
        g_string_append_printf(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
    else
        g_string_append_printf(out, "\\u%04x", c);
}

/**
 * bpfpv_ctl_json:
 * @value: anything from the daemon
 *
 * Serializes @value for people and programs: indented, and with every
 * character escaped that a terminal might obey.
 *
 * Returns: (transfer full): JSON with a line end
 */
char *
bpfpv_ctl_json(GVariant *value)
{
    g_autoptr(JsonNode) root = json_gvariant_serialize(value);
    g_autofree char *raw = json_to_string(root, TRUE);
    GString *json = g_string_new(NULL);

    for (const char *at = raw; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        if (c == '\n' || bpfpv_term_is_harmless(c))
            g_string_append_unichar(json, c);
        else
            append_escaped(json, c);
    }
    g_string_append_c(json, '\n');
    return g_string_free(json, FALSE);
}

/**
 * bpfpv_ctl_print_json:
 * @value: anything from the daemon
 *
 * Prints @value's JSON on standard output. JSON is UTF-8, also where the
 * locale is not, which is why this is not g_print().
 */
void
bpfpv_ctl_print_json(GVariant *value)
{
    g_autofree char *json = bpfpv_ctl_json(value);

    fputs(json, stdout);
}
