/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qemu-guest-agent through libvirt; see agent.h. The only user of the agent's
 * commands. What the agent answers is the guest's word: typed, bounded, and
 * never more than data.
 */
#include "host/agent.h"

#include <json-glib/json-glib.h>
#include <libvirt/libvirt-qemu.h>

#include "core/json-check.h"
#include "host/run.h"
#include "host/virt.h"

/* Raw bytes of one guest-file-write. Far below the 180 KB from which a short
 * write in libvirt's qemuAgentIOWrite() corrupts the command. */
#define CHUNK (64 * 1024)
#define COMMAND_TIMEOUT_S 15
#define POLL_FIRST_US (10 * 1000)
#define POLL_MOST_US (250 * 1000)
#define OUTPUT_MAX 4096
#define MESSAGE_MAX 400
/* VIR_ERR_AGENT_COMMAND_TIMEOUT, which headers before 11.2.0 do not have. */
#define AGENT_COMMAND_TIMEOUT 112

struct _BpfpvAgent {
    BpfpvGuestOps ops; /* first: the interface is the object */
    virConnectPtr connection;
    virDomainPtr domain;
    char *uuid;
    int id; /* of the run */
    GCancellable *cancellable;
    gboolean (*must_give_way)(gpointer data); /* (nullable) */
    gpointer data;
};

G_DEFINE_QUARK(bpfpv_agent_error_quark, bpfpv_agent_error)

/* An error's text has the guest's words in it: one line of printable ASCII. */
static char *
printable(const char *text)
{
    char *copy = g_strndup(text, MESSAGE_MAX);

    for (char *c = copy; *c; c++)
        if (!g_ascii_isprint(*c))
            *c = '?';
    return copy;
}

static gboolean
is_forbidden(const char *message)
{
    return strstr(message, "has been disabled") || strstr(message, "has not been found") ||
           strstr(message, "not allowed");
}

static void
set_command_error(const char *command, GError **error)
{
    g_auto(BpfpvVirtReason) reason = bpfpv_virt_take_reason();
    g_autofree char *message = printable(reason.message ? reason.message : "no reason given");
    int code = reason.code;
    BpfpvAgentError kind = BPFPV_AGENT_ERROR_FAILED;

    if (code == VIR_ERR_AGENT_UNRESPONSIVE || code == VIR_ERR_OPERATION_INVALID ||
        code == VIR_ERR_ARGUMENT_UNSUPPORTED || code == VIR_ERR_NO_DOMAIN)
        kind = BPFPV_AGENT_ERROR_UNAVAILABLE;
    else if (is_forbidden(message))
        kind = BPFPV_AGENT_ERROR_FORBIDDEN;
    else if (code == VIR_ERR_OPERATION_TIMEOUT || code == AGENT_COMMAND_TIMEOUT)
        kind = BPFPV_AGENT_ERROR_TIMEOUT;
    if (kind == BPFPV_AGENT_ERROR_FORBIDDEN)
        g_set_error(
            error, BPFPV_AGENT_ERROR, kind,
            "the guest's agent does not allow %s; allow guest-exec, guest-exec-status and "
            "guest-file-open, -write, -read, -close in the guest's qemu-ga configuration, or "
            "install the package bpfpv-guest in the guest (%s)",
            command, message);
    else
        g_set_error(error, BPFPV_AGENT_ERROR, kind, "agent command %s: %s", command, message);
}

static gboolean
may_go_on(const BpfpvAgent *agent, GError **error)
{
    if (g_cancellable_set_error_if_cancelled(agent->cancellable, error))
        return FALSE;
    if (!agent->must_give_way || !agent->must_give_way(agent->data))
        return bpfpv_run_check(agent->connection, agent->uuid, agent->id, error);
    g_set_error_literal(error, BPFPV_AGENT_ERROR, BPFPV_AGENT_ERROR_TIMEOUT,
                        "the guest's agent is slow, and other guests wait for their loader; it is "
                        "tried again where it holds up nobody");
    return FALSE;
}

/* Sends @command and returns what stands under "return". @command is consumed. */
static JsonNode *
call(BpfpvAgent *agent, const char *name, JsonBuilder *arguments, GError **error)
{
    g_autoptr(JsonObject) object = json_object_new();
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(JsonNode) answer = NULL;
    g_autofree char *text = NULL;
    g_autofree char *reply = NULL;
    g_autoptr(GError) cause = NULL;
    JsonNode *result = NULL;

    if (!may_go_on(agent, error))
        return NULL;
    json_object_set_string_member(object, "execute", name);
    json_object_set_member(object, "arguments", json_builder_get_root(arguments));
    json_node_set_object(node, object);
    text = json_to_string(node, FALSE);
    reply = virDomainQemuAgentCommand(agent->domain, text, COMMAND_TIMEOUT_S, 0);
    if (!reply) {
        set_command_error(name, &cause);
        bpfpv_run_explain(agent->connection, agent->uuid, agent->id, &cause);
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    answer = bpfpv_json_is_harmless(reply, strlen(reply)) ? json_from_string(reply, NULL) : NULL;
    if (answer && JSON_NODE_HOLDS_OBJECT(answer))
        result = json_object_dup_member(json_node_get_object(answer), "return");
    if (!result)
        g_set_error(error, BPFPV_AGENT_ERROR, BPFPV_AGENT_ERROR_PROTOCOL,
                    "agent command %s: the answer is not a JSON object with a return value", name);
    return result;
}

/* Begins an arguments object. */
static JsonBuilder *
arguments_new(void)
{
    JsonBuilder *builder = json_builder_new();

    json_builder_begin_object(builder);
    return builder;
}

static void
add_int(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

static void
add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static JsonNode *
finish_call(BpfpvAgent *agent, const char *name, JsonBuilder *arguments, GError **error)
{
    json_builder_end_object(arguments);
    return call(agent, name, arguments, error);
}

/* Reads an integer member of an answer. */
static gboolean
get_int(JsonNode *node, const char *name, gint64 *value, GError **error)
{
    JsonNode *member = NULL;

    if (JSON_NODE_HOLDS_OBJECT(node))
        member = json_object_get_member(json_node_get_object(node), name);
    if (!member || !JSON_NODE_HOLDS_VALUE(member) ||
        json_node_get_value_type(member) != G_TYPE_INT64) {
        g_set_error(error, BPFPV_AGENT_ERROR, BPFPV_AGENT_ERROR_PROTOCOL,
                    "the agent's answer has no integer \"%s\"", name);
        return FALSE;
    }
    *value = json_node_get_int(member);
    return TRUE;
}

/* Decodes a base64 member; "" where there is none. */
static char *
get_bytes(JsonNode *node, const char *name, gsize most, gsize *length)
{
    JsonNode *member = json_object_get_member(json_node_get_object(node), name);
    const char *text = NULL;
    gsize decoded = 0;
    char *bytes;

    if (member && JSON_NODE_HOLDS_VALUE(member) &&
        json_node_get_value_type(member) == G_TYPE_STRING)
        text = json_node_get_string(member);
    bytes = (char *)g_base64_decode(text && *text ? text : "AA==", &decoded);
    if (!text || !*text)
        decoded = 0;
    decoded = MIN(decoded, most);
    bytes = g_realloc(bytes, decoded + 1);
    bytes[decoded] = '\0';
    if (length)
        *length = decoded;
    return bytes;
}

static gboolean
exec_poll(BpfpvAgent *agent, gint64 pid, guint timeout_s, BpfpvExecResult *result, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_s * G_USEC_PER_SEC;
    gulong wait = POLL_FIRST_US;

    for (;;) {
        g_autoptr(JsonBuilder) arguments = arguments_new();
        g_autoptr(JsonNode) answer = NULL;
        gint64 value;

        add_int(arguments, "pid", pid);
        answer = finish_call(agent, "guest-exec-status", arguments, error);
        if (!answer)
            return FALSE;
        if (JSON_NODE_HOLDS_OBJECT(answer) && json_object_get_boolean_member_with_default(
                                                  json_node_get_object(answer), "exited", FALSE)) {
            result->exited = get_int(answer, "exitcode", &value, NULL);
            if (!result->exited && !get_int(answer, "signal", &value, error))
                return FALSE;
            result->status = (int)value;
            result->out = get_bytes(answer, "out-data", OUTPUT_MAX, NULL);
            result->err = get_bytes(answer, "err-data", OUTPUT_MAX, NULL);
            return TRUE;
        }
        if (g_get_monotonic_time() > deadline) {
            g_set_error(error, BPFPV_AGENT_ERROR, BPFPV_AGENT_ERROR_TIMEOUT,
                        "the guest's process %" G_GINT64_FORMAT " did not end within %u s", pid,
                        timeout_s);
            return FALSE;
        }
        g_usleep(wait);
        wait = MIN(wait * 2, POLL_MOST_US);
    }
}

static gboolean
agent_exec(BpfpvGuestOps *ops, const char *const *argv, guint timeout_s, BpfpvExecResult *result,
           GError **error)
{
    BpfpvAgent *agent = (BpfpvAgent *)ops;
    g_autoptr(JsonBuilder) arguments = arguments_new();
    g_autoptr(JsonNode) answer = NULL;
    gint64 pid;

    add_string(arguments, "path", argv[0]);
    json_builder_set_member_name(arguments, "arg");
    json_builder_begin_array(arguments);
    for (gsize i = 1; argv[i]; i++)
        json_builder_add_string_value(arguments, argv[i]);
    json_builder_end_array(arguments);
    json_builder_set_member_name(arguments, "capture-output");
    json_builder_add_boolean_value(arguments, TRUE);
    answer = finish_call(agent, "guest-exec", arguments, error);
    if (!answer || !get_int(answer, "pid", &pid, error)) {
        g_prefix_error(error, "running %s in the guest: ", argv[0]);
        return FALSE;
    }
    return exec_poll(agent, pid, timeout_s, result, error);
}

static gboolean
file_open(BpfpvAgent *agent, const char *path, const char *mode, gint64 *handle, GError **error)
{
    g_autoptr(JsonBuilder) arguments = arguments_new();
    g_autoptr(JsonNode) answer = NULL;

    add_string(arguments, "path", path);
    add_string(arguments, "mode", mode);
    answer = finish_call(agent, "guest-file-open", arguments, error);
    if (!answer)
        return FALSE;
    if (!JSON_NODE_HOLDS_VALUE(answer) || json_node_get_value_type(answer) != G_TYPE_INT64) {
        g_set_error(error, BPFPV_AGENT_ERROR, BPFPV_AGENT_ERROR_PROTOCOL,
                    "guest-file-open of %s gave no handle", path);
        return FALSE;
    }
    *handle = json_node_get_int(answer);
    return TRUE;
}

static gboolean
file_close(BpfpvAgent *agent, gint64 handle, GError **error)
{
    g_autoptr(JsonBuilder) arguments = arguments_new();
    g_autoptr(JsonNode) answer = NULL;

    add_int(arguments, "handle", handle);
    answer = finish_call(agent, "guest-file-close", arguments, error);
    return answer != NULL;
}

static gboolean
write_chunk(BpfpvAgent *agent, gint64 handle, const guint8 *bytes, gsize length, GError **error)
{
    g_autoptr(JsonBuilder) arguments = arguments_new();
    g_autoptr(JsonNode) answer = NULL;
    g_autofree char *base64 = g_base64_encode(bytes, length);
    gint64 count;

    add_int(arguments, "handle", handle);
    add_string(arguments, "buf-b64", base64);
    answer = finish_call(agent, "guest-file-write", arguments, error);
    if (!answer || !get_int(answer, "count", &count, error))
        return FALSE;
    if (count != (gint64)length) {
        g_set_error(error, BPFPV_AGENT_ERROR, BPFPV_AGENT_ERROR_FAILED,
                    "the guest wrote %" G_GINT64_FORMAT " of %zu bytes; is its disk full?", count,
                    length);
        return FALSE;
    }
    return TRUE;
}

static gboolean
agent_write_file(BpfpvGuestOps *ops, const char *path, GBytes *bytes, GError **error)
{
    BpfpvAgent *agent = (BpfpvAgent *)ops;
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    gboolean written = TRUE;
    gint64 handle;

    if (!file_open(agent, path, "w", &handle, error))
        return FALSE;
    for (gsize done = 0; written && done < size; done += CHUNK)
        written = write_chunk(agent, handle, data + done, MIN(CHUNK, size - done), error);
    /* An open handle would keep the file from being executed. */
    if (!file_close(agent, handle, written ? error : NULL) || !written) {
        g_prefix_error(error, "writing %s in the guest: ", path);
        return FALSE;
    }
    return TRUE;
}

static char *
agent_read_file(BpfpvGuestOps *ops, const char *path, gsize max, gsize *length, GError **error)
{
    BpfpvAgent *agent = (BpfpvAgent *)ops;
    g_autoptr(JsonBuilder) arguments = arguments_new();
    g_autoptr(JsonNode) answer = NULL;
    gint64 handle;

    if (!file_open(agent, path, "r", &handle, error))
        return NULL;
    add_int(arguments, "handle", handle);
    add_int(arguments, "count", (gint64)MIN(max, CHUNK));
    answer = finish_call(agent, "guest-file-read", arguments, error);
    file_close(agent, handle, NULL);
    if (!answer)
        return NULL;
    if (!JSON_NODE_HOLDS_OBJECT(answer)) {
        g_set_error(error, BPFPV_AGENT_ERROR, BPFPV_AGENT_ERROR_PROTOCOL,
                    "guest-file-read of %s gave no object", path);
        return NULL;
    }
    return get_bytes(answer, "buf-b64", max, length);
}

BpfpvAgent *
bpfpv_agent_open(const char *uri, const char *uuid, int id, GCancellable *cancellable,
                 GError **error)
{
    g_autoptr(BpfpvAgent) agent = g_new0(BpfpvAgent, 1);

    agent->ops = (BpfpvGuestOps){
        .exec = agent_exec,
        .write_file = agent_write_file,
        .read_file = agent_read_file,
    };
    agent->connection = bpfpv_virt_open(uri, error);
    if (!agent->connection)
        return NULL;
    agent->domain = bpfpv_virt_lookup(agent->connection, uuid, error);
    if (!agent->domain)
        return NULL;
    agent->uuid = g_strdup(uuid);
    agent->id = id;
    if (cancellable)
        agent->cancellable = g_object_ref(cancellable);
    return g_steal_pointer(&agent);
}

void
bpfpv_agent_close(BpfpvAgent *agent)
{
    if (!agent)
        return;
    g_clear_pointer(&agent->domain, virDomainFree);
    g_clear_pointer(&agent->connection, virConnectClose);
    g_clear_object(&agent->cancellable);
    g_free(agent->uuid);
    g_free(agent);
}

void
bpfpv_agent_give_way(BpfpvAgent *agent, gboolean (*must)(gpointer data), gpointer data)
{
    agent->must_give_way = must;
    agent->data = data;
}

BpfpvGuestOps *
bpfpv_agent_ops(BpfpvAgent *agent)
{
    return &agent->ops;
}
