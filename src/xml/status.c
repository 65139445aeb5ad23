/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The <status> element; see status.h. */
#include "xml/status.h"

#include <string.h>

static void
program_free(gpointer data)
{
    BpfpvStatusProgram *program = data;

    g_free(program->name);
    g_free(program->attach);
    g_free(program);
}

static void
vcpu_free(gpointer data)
{
    BpfpvStatusVcpu *vcpu = data;

    g_free(vcpu->want);
    g_free(vcpu->why);
    bpfpv_cpuset_free(vcpu->cpus);
    bpfpv_cpuset_free(vcpu->applied);
    bpfpv_cpuset_free(vcpu->original);
    g_free(vcpu);
}

static void
thread_free(gpointer data)
{
    BpfpvStatusThread *thread = data;

    g_free(thread->why);
    bpfpv_cpuset_free(thread->applied);
    bpfpv_cpuset_free(thread->original);
    g_free(thread);
}

BpfpvStatus *
bpfpv_status_new(void)
{
    BpfpvStatus *status = g_new0(BpfpvStatus, 1);

    status->programs = g_ptr_array_new_with_free_func(program_free);
    status->vcpus = g_ptr_array_new_with_free_func(vcpu_free);
    status->threads = g_ptr_array_new_with_free_func(thread_free);
    return status;
}

void
bpfpv_status_free(BpfpvStatus *status)
{
    if (!status)
        return;
    g_free(status->state);
    g_free(status->reason);
    g_free(status->invalid);
    g_free(status->plugged);
    g_ptr_array_unref(status->programs);
    g_ptr_array_unref(status->vcpus);
    g_ptr_array_unref(status->threads);
    g_free(status);
}

BpfpvStatusVcpu *
bpfpv_status_add_vcpu(BpfpvStatus *status, guint vcpu)
{
    BpfpvStatusVcpu *added = g_new0(BpfpvStatusVcpu, 1);

    added->vcpu = vcpu;
    g_ptr_array_add(status->vcpus, added);
    return added;
}

BpfpvStatusThread *
bpfpv_status_add_thread(BpfpvStatus *status, BpfpvThreadKind kind, guint id)
{
    BpfpvStatusThread *added = g_new0(BpfpvStatusThread, 1);

    added->kind = kind;
    added->id = id;
    g_ptr_array_add(status->threads, added);
    return added;
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

static void
append_vcpu(GString *xml, const BpfpvStatusVcpu *vcpu)
{
    g_string_append_printf(xml, "  <vcpu id=\"%u\"", vcpu->vcpu);
    append(xml, "want", vcpu->want);
    g_string_append_printf(xml, " tasks=\"%u\"", vcpu->tasks);
    append_set(xml, "cpus", vcpu->cpus);
    append_set(xml, "applied", vcpu->applied);
    append_set(xml, "original", vcpu->original);
    append(xml, "unpinned", vcpu->unpinned ? "yes" : NULL);
    append(xml, "fixed", vcpu->fixed ? "administrator" : NULL);
    append(xml, "why", vcpu->why);
    g_string_append(xml, "/>\n");
}

static void
append_thread(GString *xml, const BpfpvStatusThread *thread)
{
    if (thread->kind == BPFPV_THREAD_EMULATOR)
        g_string_append(xml, "  <emulator");
    else
        g_string_append_printf(xml, "  <iothread id=\"%u\"", thread->id);
    append_set(xml, "applied", thread->applied);
    append_set(xml, "original", thread->original);
    append(xml, "unpinned", thread->unpinned ? "yes" : NULL);
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
        append_vcpu(xml, g_ptr_array_index(status->vcpus, i));
    for (guint i = 0; i < status->threads->len; i++)
        append_thread(xml, g_ptr_array_index(status->threads, i));
    g_string_append(xml, "</status>");
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

static void
read_vcpu(BpfpvStatus *status, const xmlNode *node)
{
    g_autofree char *unpinned = bpfpv_xml_get_attribute(node, "unpinned");
    g_autofree char *fixed = bpfpv_xml_get_attribute(node, "fixed");
    BpfpvStatusVcpu *vcpu;
    guint number;

    if (!bpfpv_xml_get_uint(node, "id", 0, BPFPV_CPUSET_MAX - 1, &number))
        return;
    vcpu = bpfpv_status_add_vcpu(status, number);
    vcpu->want = bpfpv_xml_get_attribute(node, "want");
    vcpu->original = bpfpv_xml_get_cpuset(node, "original");
    vcpu->applied = bpfpv_xml_get_cpuset(node, "applied");
    vcpu->unpinned = g_strcmp0(unpinned, "yes") == 0;
    vcpu->fixed = fixed != NULL;
}

static void
read_thread(BpfpvStatus *status, const xmlNode *node, BpfpvThreadKind kind)
{
    g_autofree char *unpinned = bpfpv_xml_get_attribute(node, "unpinned");
    g_autofree char *fixed = bpfpv_xml_get_attribute(node, "fixed");
    BpfpvStatusThread *thread;
    guint number = 0;

    if (kind == BPFPV_THREAD_IOTHREAD && !bpfpv_xml_get_uint(node, "id", 1, G_MAXINT, &number))
        return;
    thread = bpfpv_status_add_thread(status, kind, number);
    thread->original = bpfpv_xml_get_cpuset(node, "original");
    thread->applied = bpfpv_xml_get_cpuset(node, "applied");
    thread->unpinned = g_strcmp0(unpinned, "yes") == 0;
    thread->fixed = fixed != NULL;
}

BpfpvStatus *
bpfpv_status_read(const xmlNode *root)
{
    const xmlNode *node = bpfpv_status_find(root);
    BpfpvStatus *status;

    if (!node)
        return NULL;
    status = bpfpv_status_new();
    status->plugged = bpfpv_xml_get_attribute(node, "plugged");
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (bpfpv_xml_is_element(child, "vcpu"))
            read_vcpu(status, child);
        else if (bpfpv_xml_is_element(child, "emulator"))
            read_thread(status, child, BPFPV_THREAD_EMULATOR);
        else if (bpfpv_xml_is_element(child, "iothread"))
            read_thread(status, child, BPFPV_THREAD_IOTHREAD);
    }
    return status;
}
