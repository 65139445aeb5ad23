/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The <status> element; see status.h. */
#include "xml/status.h"

#include <string.h>

/* The attribute "inherited", where an original was <vcpu cpuset>. */
#define FROM_VCPU "vcpu"
/* The version of a status that says of each original whether it was inherited. */
#define FORMAT 2

static void
program_free(gpointer data)
{
    BpfpvStatusProgram *program = data;

    g_free(program->name);
    g_free(program->attach);
    g_free(program);
}

void
bpfpv_status_thread_free(BpfpvStatusThread *thread)
{
    if (!thread)
        return;
    g_free(thread->want);
    g_free(thread->why);
    bpfpv_cpuset_free(thread->cpus);
    bpfpv_cpuset_free(thread->applied);
    bpfpv_cpuset_free(thread->pinned);
    bpfpv_cpuset_free(thread->pending);
    bpfpv_cpuset_free(thread->last);
    bpfpv_cpuset_free(thread->original);
    g_free(thread);
}

static GPtrArray *
new_threads(void)
{
    return g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_status_thread_free);
}

BpfpvStatus *
bpfpv_status_new(void)
{
    BpfpvStatus *status = g_rc_box_new0(BpfpvStatus);

    status->programs = g_ptr_array_new_with_free_func(program_free);
    status->vcpus = new_threads();
    status->threads = new_threads();
    return status;
}

BpfpvStatus *
bpfpv_status_ref(BpfpvStatus *status)
{
    return g_rc_box_acquire(status);
}

static void
clear(gpointer data)
{
    BpfpvStatus *status = data;

    g_free(status->state);
    g_free(status->reason);
    g_free(status->invalid);
    g_free(status->plugged);
    g_ptr_array_unref(status->programs);
    g_ptr_array_unref(status->vcpus);
    g_ptr_array_unref(status->threads);
}

void
bpfpv_status_free(BpfpvStatus *status)
{
    if (status)
        g_rc_box_release_full(status, clear);
}

static GPtrArray *
list_of(const BpfpvStatus *status, BpfpvThreadKind kind)
{
    return kind == BPFPV_THREAD_VCPU ? status->vcpus : status->threads;
}

BpfpvStatusThread *
bpfpv_status_add_thread(BpfpvStatus *status, BpfpvThreadKind kind, guint id)
{
    BpfpvStatusThread *added = g_new0(BpfpvStatusThread, 1);

    added->kind = kind;
    added->id = id;
    g_ptr_array_add(list_of(status, kind), added);
    return added;
}

const BpfpvStatusThread *
bpfpv_status_find_thread(const BpfpvStatus *status, BpfpvThreadKind kind, guint id)
{
    const GPtrArray *list = status ? list_of(status, kind) : NULL;

    /* Where vCPUs are, unless somebody has edited the status. */
    if (list && kind == BPFPV_THREAD_VCPU && id < list->len &&
        ((const BpfpvStatusThread *)g_ptr_array_index(list, id))->id == id)
        return g_ptr_array_index(list, id);
    for (guint i = 0; list && i < list->len; i++) {
        const BpfpvStatusThread *thread = g_ptr_array_index(list, i);

        if (thread->kind == kind && thread->id == id)
            return thread;
    }
    return NULL;
}

BpfpvStatusProgram *
bpfpv_status_add_program(BpfpvStatus *status, const char *name)
{
    BpfpvStatusProgram *added = g_new0(BpfpvStatusProgram, 1);

    added->name = g_strdup(name);
    g_ptr_array_add(status->programs, added);
    return added;
}

/* ---- writing ---- */

/* Guest text gets into reasons: what XML can't hold becomes a question mark. */
static void
append(GString *xml, const char *name, const char *value)
{
    g_autofree char *clean = value ? g_utf8_make_valid(value, -1) : NULL;
    g_autofree char *escaped = NULL;

    if (!clean || !*clean)
        return;
    for (char *c = clean; *c; c++)
        if ((guchar)*c < 0x20 || *c == 0x7f)
            *c = *c == '\n' || *c == '\t' ? ' ' : '?';
    escaped = g_markup_escape_text(clean, -1);
    g_string_append_printf(xml, " %s=\"%s\"", name, escaped);
}

static void
append_set(GString *xml, const char *name, const BpfpvCpuset *set)
{
    g_autofree char *text = set ? bpfpv_cpuset_format(set) : NULL;

    append(xml, name, text);
}

/* "unpinned" is all that earlier versions know: they take the pin out then, which is right. */
static void
append_origin(GString *xml, const BpfpvStatusThread *thread)
{
    gboolean unpinned =
        thread->origin == BPFPV_ORIGIN_VCPU || thread->origin == BPFPV_ORIGIN_NOTHING;

    if (thread->fixed)
        return;
    append(xml, "unpinned", unpinned ? "yes" : NULL);
    append(xml, "inherited", thread->origin == BPFPV_ORIGIN_VCPU ? FROM_VCPU : NULL);
}

static void
append_head(GString *xml, const BpfpvStatusThread *thread)
{
    static const char *const names[] = {
        [BPFPV_THREAD_VCPU] = "vcpu",
        [BPFPV_THREAD_EMULATOR] = "emulator",
        [BPFPV_THREAD_IOTHREAD] = "iothread",
    };

    g_string_append_printf(xml, "  <%s", names[thread->kind]);
    if (thread->kind != BPFPV_THREAD_EMULATOR)
        g_string_append_printf(xml, " id=\"%u\"", thread->id);
    if (thread->kind != BPFPV_THREAD_VCPU)
        return;
    append(xml, "want", thread->want);
    g_string_append_printf(xml, " tasks=\"%u\"", thread->tasks);
}

static void
append_thread(GString *xml, const BpfpvStatusThread *thread)
{
    append_head(xml, thread);
    append_set(xml, "cpus", thread->cpus);
    append_set(xml, "applied", thread->applied);
    append_set(xml, "pinned", thread->pinned);
    append_set(xml, "pending", thread->pending);
    append_set(xml, "last", thread->last);
    append_set(xml, "original", thread->original);
    append_origin(xml, thread);
    append(xml, "fixed", thread->fixed ? "administrator" : NULL);
    append(xml, "why", thread->why);
    g_string_append(xml, "/>\n");
}

char *
bpfpv_status_format(const BpfpvStatus *status)
{
    GString *xml = g_string_new("<status");

    append(xml, "state", status->state);
    append(xml, "reason", status->reason);
    append(xml, "invalid", status->invalid);
    append(xml, "plugged", status->plugged);
    g_string_append(xml, ">\n");
    for (guint i = 0; i < status->programs->len; i++) {
        const BpfpvStatusProgram *program = g_ptr_array_index(status->programs, i);

        g_string_append(xml, "  <program");
        append(xml, "name", program->name);
        append(xml, "attach", program->attach);
        g_string_append(xml, "/>\n");
    }
    for (guint i = 0; i < status->vcpus->len; i++)
        append_thread(xml, g_ptr_array_index(status->vcpus, i));
    for (guint i = 0; i < status->threads->len; i++)
        append_thread(xml, g_ptr_array_index(status->threads, i));
    g_string_append_printf(xml, "  <format version=\"%u\"/>\n</status>", FORMAT);
    return g_string_free(xml, FALSE);
}

/* ---- reading ---- */

xmlNode *
bpfpv_status_find(const xmlNode *root)
{
    const xmlNode *metadata = bpfpv_xml_find_child(root, "metadata");

    for (xmlNode *node = metadata ? metadata->children : NULL; node; node = node->next)
        if (bpfpv_xml_is_element(node, "status") &&
            bpfpv_xml_has_namespace(node, BPFPV_STATUS_NAMESPACE))
            return node;
    return NULL;
}

/* Whose number it is. */
static gboolean
read_kind(const xmlNode *node, BpfpvThreadKind *kind, guint *id)
{
    *id = 0;
    if (bpfpv_xml_is_element(node, "emulator")) {
        *kind = BPFPV_THREAD_EMULATOR;
        return TRUE;
    }
    if (bpfpv_xml_is_element(node, "vcpu")) {
        *kind = BPFPV_THREAD_VCPU;
        return bpfpv_xml_get_uint(node, "id", 0, BPFPV_CPUSET_MAX - 1, id);
    }
    *kind = BPFPV_THREAD_IOTHREAD;
    return bpfpv_xml_is_element(node, "iothread") &&
           bpfpv_xml_get_uint(node, "id", 1, G_MAXUINT, id);
}

gboolean
bpfpv_status_tells_origins(const xmlNode *status)
{
    guint version;

    return bpfpv_xml_get_uint(bpfpv_xml_find_child(status, "format"), "version", FORMAT, G_MAXUINT,
                              &version);
}

static BpfpvOrigin
read_origin(const xmlNode *node, gboolean tells_origins)
{
    g_autofree char *unpinned = bpfpv_xml_get_attribute(node, "unpinned");

    if (xmlHasProp((xmlNode *)node, (const xmlChar *)"inherited"))
        return BPFPV_ORIGIN_VCPU;
    if (g_strcmp0(unpinned, "yes") == 0)
        return BPFPV_ORIGIN_NOTHING;
    return tells_origins ? BPFPV_ORIGIN_PIN : BPFPV_ORIGIN_UNKNOWN;
}

BpfpvStatusThread *
bpfpv_status_thread_read(const xmlNode *node, gboolean tells_origins)
{
    BpfpvStatusThread *thread;
    BpfpvThreadKind kind;
    guint id;

    if (!read_kind(node, &kind, &id))
        return NULL;
    thread = g_new0(BpfpvStatusThread, 1);
    thread->kind = kind;
    thread->id = id;
    thread->want = bpfpv_xml_get_attribute(node, "want");
    thread->cpus = bpfpv_xml_get_cpuset(node, "cpus");
    thread->applied = bpfpv_xml_get_cpuset(node, "applied");
    thread->pinned = bpfpv_xml_get_cpuset(node, "pinned");
    thread->pending = bpfpv_xml_get_cpuset(node, "pending");
    thread->last = bpfpv_xml_get_cpuset(node, "last");
    thread->original = bpfpv_xml_get_cpuset(node, "original");
    thread->fixed = xmlHasProp((xmlNode *)node, (const xmlChar *)"fixed") != NULL;
    thread->origin = thread->fixed ? BPFPV_ORIGIN_PIN : read_origin(node, tells_origins);
    return thread;
}

BpfpvStatus *
bpfpv_status_read(const xmlNode *root)
{
    const xmlNode *node = bpfpv_status_find(root);
    gboolean tells_origins = bpfpv_status_tells_origins(node);
    BpfpvStatus *status;

    if (!node)
        return NULL;
    status = bpfpv_status_new();
    status->plugged = bpfpv_xml_get_attribute(node, "plugged");
    for (const xmlNode *child = node->children; child; child = child->next) {
        BpfpvStatusThread *thread = bpfpv_status_thread_read(child, tells_origins);

        if (thread)
            g_ptr_array_add(list_of(status, thread->kind), thread);
    }
    return status;
}
