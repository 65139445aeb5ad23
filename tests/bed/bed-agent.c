/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs in the guest, by qemu-guest-agent. Needs neither bpfpvd nor its agent code. */
#include "bed-private.h"

#include <libvirt/libvirt-qemu.h>
#include <signal.h>
#include <string.h>

#define COMMAND_TIMEOUT_S 60
/* For a program to end. A guest on a busy machine may be slow. */
#define PROGRAM_TIMEOUT_MS BED_BOOT

typedef struct {
    BedGuest *guest;
    gint64 pid;
    JsonObject *result;
} Execution;

/* (transfer full): what "return" holds; NULL if the command failed, or returned no object. */
static JsonObject *
command(BedGuest *guest, const char *text, int timeout_s)
{
    char *reply = virDomainQemuAgentCommand(bed_guest_domain(guest), text, timeout_s, 0);
    g_autoptr(JsonNode) root = reply ? json_from_string(reply, NULL) : NULL;
    JsonObject *result = NULL;

    if (root && JSON_NODE_HOLDS_OBJECT(root)) {
        JsonNode *member = json_object_get_member(json_node_get_object(root), "return");

        if (member && JSON_NODE_HOLDS_OBJECT(member))
            result = json_object_ref(json_node_get_object(member));
    }
    free(reply);
    return result;
}

/* As libvirt sees its end of the channel; a command before that is an error in libvirtd's log. */
static gboolean
agent_is_connected(gpointer guest)
{
    char *xml = virDomainGetXMLDesc(bed_guest_domain(guest), 0);
    gboolean connected = xml && strstr(xml, "'org.qemu.guest_agent.0' state='connected'");

    free(xml);
    return connected;
}

static gboolean
agent_answers(gpointer guest)
{
    g_autoptr(JsonObject) result = NULL;

    if (agent_is_connected(guest))
        result = command(guest, "{\"execute\":\"guest-ping\"}", 2);
    return result != NULL;
}

static gboolean
agent_answers_or_kernel_is_dead(gpointer guest)
{
    g_autofree char *console = bed_guest_console(guest);

    return agent_answers(guest) || strstr(console, "Kernel panic");
}

void
bed_guest_wait_agent(BedGuest *guest)
{
    bed_wait(agent_answers_or_kernel_is_dead, guest, BED_BOOT);
    if (!agent_answers(guest))
        bed_fail("the agent of %s doesn't answer: %s", bed_guest_name(guest), bed_libvirt_error());
}

static char *
exec_request(GPtrArray *argv, gboolean capture)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "execute");
    json_builder_add_string_value(builder, "guest-exec");
    json_builder_set_member_name(builder, "arguments");
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "path");
    json_builder_add_string_value(builder, g_ptr_array_index(argv, 0));
    json_builder_set_member_name(builder, "arg");
    json_builder_begin_array(builder);
    for (guint i = 1; i + 1 < argv->len; i++) /* the last is NULL */
        json_builder_add_string_value(builder, g_ptr_array_index(argv, i));
    json_builder_end_array(builder);
    json_builder_set_member_name(builder, "capture-output");
    json_builder_add_boolean_value(builder, capture);
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, FALSE);
}

static gint64
execute(BedGuest *guest, GPtrArray *argv, gboolean capture)
{
    g_autofree char *request = exec_request(argv, capture);
    g_autoptr(JsonObject) result = NULL;

    bed_wait(agent_is_connected, guest, BED_SOON); /* libvirtd may have just been restarted */
    result = command(guest, request, COMMAND_TIMEOUT_S);
    if (!result)
        bed_fail("can't run %s in %s: %s", (char *)g_ptr_array_index(argv, 0),
                 bed_guest_name(guest), bed_libvirt_error());
    return json_object_get_int_member(result, "pid");
}

static gboolean
has_ended(gpointer data)
{
    Execution *execution = data;
    g_autofree char *request = g_strdup_printf(
        "{\"execute\":\"guest-exec-status\",\"arguments\":{\"pid\":%" G_GINT64_FORMAT "}}",
        execution->pid);

    g_clear_pointer(&execution->result, json_object_unref);
    execution->result = command(execution->guest, request, COMMAND_TIMEOUT_S);
    return !execution->result || json_object_get_boolean_member(execution->result, "exited");
}

static char *
output(JsonObject *result, const char *member)
{
    gsize length;
    g_autofree guchar *bytes = NULL;

    if (!json_object_has_member(result, member))
        return g_strdup("");
    bytes = g_base64_decode(json_object_get_string_member(result, member), &length);
    return g_strndup((const char *)bytes, length);
}

static int
exit_status(JsonObject *result)
{
    if (json_object_has_member(result, "signal"))
        return 128 + (int)json_object_get_int_member(result, "signal");
    return (int)json_object_get_int_member(result, "exitcode");
}

/* Where the guest's kernel is while a program doesn't end: the stacks of the tasks that run or wait
 * for the kernel, and of the one in question and its threads' kin; what the CPUs do; its last
 * words. */
static void
print_kernel(BedGuest *guest, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *script =
        g_strdup_printf("for task in /proc/[0-9]*/task/[0-9]*; do"
                        " stat=$(cat $task/stat 2>/dev/null) || continue;"
                        " case $stat in *\"(%s)\"*|*\") D \"*|*\") R \"*) ;; *) continue;; esac;"
                        " echo \"$stat\" | cut -c1-60; head -n 8 $task/stack; done;"
                        " echo l >/proc/sysrq-trigger; dmesg | tail -n 80",
                        name);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *request = NULL, *out = NULL;
    g_auto(GStrv) lines = NULL;
    Execution execution = {guest, 0, NULL};
    g_autoptr(JsonObject) started = NULL;
    g_autoptr(JsonObject) result = NULL;

    g_ptr_array_add(argv, (char *)"/bin/sh");
    g_ptr_array_add(argv, (char *)"-c");
    g_ptr_array_add(argv, script);
    g_ptr_array_add(argv, NULL);
    request = exec_request(argv, TRUE);
    started = command(guest, request, COMMAND_TIMEOUT_S);
    if (started) {
        execution.pid = json_object_get_int_member(started, "pid");
        bed_wait(has_ended, &execution, BED_SOON);
    }
    result = execution.result;
    if (!result)
        print_error("the kernel of %s can't be asked where it is\n", bed_guest_name(guest));
    out = result ? output(result, "out-data") : NULL;
    lines = g_strsplit(out ? out : "", "\n", -1); /* cmocka cuts off what is long */
    print_error("--- the kernel of %s\n", bed_guest_name(guest));
    for (guint i = 0; lines[i]; i++)
        print_error("%s\n", lines[i]);
}

char *
bed_guest_exec(BedGuest *guest, int *status, const char *path, ...)
{
    Execution execution = {guest, 0, NULL};
    g_autoptr(GPtrArray) argv = NULL;
    g_autoptr(JsonObject) result = NULL;
    g_autofree char *err = NULL;
    va_list list;
    int code;

    va_start(list, path);
    argv = bed_arguments(NULL, path, list);
    va_end(list);
    execution.pid = execute(guest, argv, TRUE);
    if (!bed_wait(has_ended, &execution, PROGRAM_TIMEOUT_MS)) {
        print_kernel(guest, path);
        bed_fail("%s in %s doesn't end", path, bed_guest_name(guest));
    }
    result = execution.result;
    if (!result)
        bed_fail("lost %s in %s: %s", path, bed_guest_name(guest), bed_libvirt_error());
    err = output(result, "err-data");
    if (*err != '\0')
        print_message("%s: %s", path, err);
    code = exit_status(result);
    if (status)
        *status = code;
    else if (code != 0)
        bed_fail("%s in %s ended with %d: %s", path, bed_guest_name(guest), code, err);
    return output(result, "out-data");
}

gint64
bed_guest_spawn(BedGuest *guest, const char *path, ...)
{
    g_autoptr(GPtrArray) argv = NULL;
    va_list list;

    va_start(list, path);
    argv = bed_arguments(NULL, path, list);
    va_end(list);
    return execute(guest, argv, FALSE);
}

static gboolean
is_gone(gpointer data)
{
    Execution *execution = data;
    g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT, execution->pid);
    g_autofree char *out = NULL;
    int status;

    out = bed_guest_exec(execution->guest, &status, "/bin/test", "-d", path, NULL);
    return status != 0;
}

void
bed_guest_kill(BedGuest *guest, gint64 pid, int signal)
{
    Execution execution = {guest, pid, NULL};
    g_autofree char *option = g_strdup_printf("-%d", signal);
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, pid);

    g_free(bed_guest_exec(guest, NULL, "/bin/kill", option, number, NULL));
    if ((signal == SIGKILL || signal == SIGTERM) && !bed_wait(is_gone, &execution, BED_SOON))
        bed_fail("process %s in %s survives signal %d", number, bed_guest_name(guest), signal);
}

/* ---- files ---- */

#define CHUNK (48 * 1024)

JsonNode *
bed_guest_ask(BedGuest *guest, const char *request)
{
    char *reply = virDomainQemuAgentCommand(bed_guest_domain(guest), request, COMMAND_TIMEOUT_S, 0);
    g_autoptr(JsonNode) answer = reply ? json_from_string(reply, NULL) : NULL;

    free(reply);
    if (!answer)
        bed_fail("the agent of %s: %s: %.200s", bed_guest_name(guest), bed_libvirt_error(),
                 request);
    return json_object_dup_member(json_node_get_object(answer), "return");
}

static gint64
open_file(BedGuest *guest, const char *path, const char *mode)
{
    g_autofree char *request = g_strdup_printf("{\"execute\":\"guest-file-open\",\"arguments\":"
                                               "{\"path\":\"%s\",\"mode\":\"%s\"}}",
                                               path, mode);
    g_autoptr(JsonNode) handle = bed_guest_ask(guest, request);

    return json_node_get_int(handle);
}

static void
close_file(BedGuest *guest, gint64 handle)
{
    g_autofree char *request = g_strdup_printf("{\"execute\":\"guest-file-close\",\"arguments\":"
                                               "{\"handle\":%" G_GINT64_FORMAT "}}",
                                               handle);

    json_node_unref(bed_guest_ask(guest, request));
}

void
bed_guest_write(BedGuest *guest, const char *path, const void *bytes, gsize length)
{
    gint64 handle = open_file(guest, path, "w");

    for (gsize at = 0; at < length; at += CHUNK) {
        g_autofree char *text =
            g_base64_encode((const guchar *)bytes + at, MIN(CHUNK, length - at));
        g_autofree char *request =
            g_strdup_printf("{\"execute\":\"guest-file-write\",\"arguments\":"
                            "{\"handle\":%" G_GINT64_FORMAT ",\"buf-b64\":\"%s\"}}",
                            handle, text);

        json_node_unref(bed_guest_ask(guest, request));
    }
    close_file(guest, handle);
}

char *
bed_guest_read(BedGuest *guest, const char *path)
{
    gint64 handle = open_file(guest, path, "r");
    g_autofree char *request = g_strdup_printf("{\"execute\":\"guest-file-read\",\"arguments\":"
                                               "{\"handle\":%" G_GINT64_FORMAT "}}",
                                               handle);
    g_autoptr(JsonNode) answer = bed_guest_ask(guest, request);
    gsize length;

    close_file(guest, handle);
    return (char *)g_base64_decode(
        json_object_get_string_member(json_node_get_object(answer), "buf-b64"), &length);
}

static gboolean
exec_is_forbidden(gpointer guest)
{
    char *reply = virDomainQemuAgentCommand(
        bed_guest_domain(guest),
        "{\"execute\":\"guest-exec\",\"arguments\":{\"path\":\"/bin/true\"}}", 5, 0);
    gboolean forbidden = !reply && strstr(bed_libvirt_error(), "has been disabled");

    free(reply);
    return forbidden;
}

void
bed_guest_wait_no_exec(BedGuest *guest)
{
    if (!bed_wait(exec_is_forbidden, guest, BED_BOOT))
        bed_fail("the agent of %s still runs programs", bed_guest_name(guest));
}
