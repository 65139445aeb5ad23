/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal entry as JSON, and back; see private.h. Pure. */
#include "host/journal/private.h"

#include <json-glib/json-glib.h>

#define EMULATOR "emulator"
#define IOTHREAD "iothread"

/* ---- writing ---- */

static void
add_member(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}

static void
add_set(JsonBuilder *builder, const char *name, const BpfpvCpuset *set)
{
    g_autofree char *text = bpfpv_cpuset_format(set);

    add_member(builder, name, text);
}

static void
add_threads(JsonBuilder *builder, const BpfpvJournalEntry *entry)
{
    json_builder_set_member_name(builder, "threads");
    json_builder_begin_array(builder);
    for (guint i = 0; i < entry->threads->len; i++) {
        const BpfpvJournalThread *thread = g_ptr_array_index(entry->threads, i);

        json_builder_begin_object(builder);
        add_member(builder, "kind", thread->kind == BPFPV_THREAD_EMULATOR ? EMULATOR : IOTHREAD);
        json_builder_set_member_name(builder, "id");
        json_builder_add_int_value(builder, thread->id);
        add_set(builder, "original", thread->original);
        if (thread->before)
            add_set(builder, "before", thread->before);
        json_builder_set_member_name(builder, "fixed");
        json_builder_add_boolean_value(builder, thread->fixed);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

/* By vCPU; "" where there is none. */
static void
add_befores(JsonBuilder *builder, const BpfpvJournalEntry *entry)
{
    json_builder_set_member_name(builder, "before");
    json_builder_begin_array(builder);
    for (guint i = 0; i < entry->before->len; i++) {
        const BpfpvCpuset *set = g_ptr_array_index(entry->before, i);
        g_autofree char *text = set ? bpfpv_cpuset_format(set) : g_strdup("");

        json_builder_add_string_value(builder, text);
    }
    json_builder_end_array(builder);
}

char *
bpfpv_journal_to_json(const BpfpvJournalEntry *entry)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;

    json_builder_begin_object(builder);
    add_member(builder, "uuid", entry->uuid);
    add_member(builder, "name", entry->name);
    json_builder_set_member_name(builder, "id");
    json_builder_add_int_value(builder, entry->id);
    json_builder_set_member_name(builder, "pinned");
    json_builder_add_boolean_value(builder, entry->pinned);
    json_builder_set_member_name(builder, "our-channel");
    json_builder_add_boolean_value(builder, entry->our_channel);
    if (entry->channel)
        add_member(builder, "channel", entry->channel);
    json_builder_set_member_name(builder, "original");
    json_builder_begin_array(builder);
    for (guint i = 0; i < entry->original->len; i++) {
        g_autofree char *text = bpfpv_cpuset_format(g_ptr_array_index(entry->original, i));

        json_builder_add_string_value(builder, text);
    }
    json_builder_end_array(builder);
    if (!bpfpv_cpuset_is_empty(entry->fixed)) {
        g_autofree char *fixed = bpfpv_cpuset_format(entry->fixed);

        add_member(builder, "fixed", fixed);
        add_befores(builder, entry);
    }
    add_threads(builder, entry);
    json_builder_end_object(builder);
    root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}

/* ---- reading ---- */

static gboolean G_GNUC_PRINTF(2, 3) set_damage(GError **error, const char *format, ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, format);
    message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, message);
    return FALSE;
}

/* @value: (out) (nullable): NULL: it is not there, which only an optional one may be */
static gboolean
find_value(JsonObject *object, const char *name, GType type, gboolean optional, JsonNode **value,
           GError **error)
{
    JsonNode *node = json_object_get_member(object, name);

    *value = NULL;
    if (!node)
        return optional || set_damage(error, "\"%s\" is missing", name);
    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != type)
        return set_damage(error, "\"%s\" is of another type", name);
    *value = node;
    return TRUE;
}

/* @text: (transfer full) (nullable): as it was where there is no such member */
static gboolean
read_string(JsonObject *object, const char *name, gboolean optional, char **text, GError **error)
{
    JsonNode *node;

    if (!find_value(object, name, G_TYPE_STRING, optional, &node, error))
        return FALSE;
    if (node) {
        g_free(*text);
        *text = json_node_dup_string(node);
    }
    return TRUE;
}

static gboolean
read_boolean(JsonObject *object, const char *name, gboolean optional, gboolean *value,
             GError **error)
{
    JsonNode *node;

    if (!find_value(object, name, G_TYPE_BOOLEAN, optional, &node, error))
        return FALSE;
    *value = node && json_node_get_boolean(node);
    return TRUE;
}

static gboolean
read_number(JsonObject *object, const char *name, gint64 *number, GError **error)
{
    JsonNode *node;

    if (!find_value(object, name, G_TYPE_INT64, FALSE, &node, error))
        return FALSE;
    *number = json_node_get_int(node);
    if (*number < 0 || *number > G_MAXUINT)
        return set_damage(error, "\"%s\" is %" G_GINT64_FORMAT, name, *number);
    return TRUE;
}

static BpfpvCpuset *
read_set(JsonObject *object, const char *name, GError **error)
{
    g_autofree char *text = NULL;

    return read_string(object, name, FALSE, &text, error) ? bpfpv_cpuset_parse(text, error) : NULL;
}

static gboolean
read_fixed(BpfpvJournalEntry *entry, JsonObject *object, GError **error)
{
    BpfpvCpuset *fixed;

    if (!json_object_has_member(object, "fixed"))
        return TRUE;
    fixed = read_set(object, "fixed", error);
    if (!fixed)
        return FALSE;
    bpfpv_cpuset_free(entry->fixed);
    entry->fixed = fixed;
    return TRUE;
}

static gboolean
read_thread(BpfpvJournalEntry *entry, JsonNode *node, guint index, GError **error)
{
    JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    g_autoptr(BpfpvCpuset) original = NULL;
    g_autofree char *kind = NULL;
    BpfpvJournalThread *thread;
    gboolean fixed, is_emulator;
    gint64 id;

    if (!object)
        return set_damage(error, "one of the \"threads\" is of another type");
    if (!read_string(object, "kind", FALSE, &kind, error) ||
        !read_number(object, "id", &id, error) ||
        !read_boolean(object, "fixed", TRUE, &fixed, error))
        return FALSE;
    is_emulator = g_str_equal(kind, EMULATOR);
    if (!is_emulator && !g_str_equal(kind, IOTHREAD))
        return set_damage(error, "there are no threads of kind \"%s\"", kind);
    original = read_set(object, "original", error);
    if (!original)
        return FALSE;
    thread = bpfpv_journal_entry_add_thread(
        entry, is_emulator ? BPFPV_THREAD_EMULATOR : BPFPV_THREAD_IOTHREAD, (guint)id, original);
    thread->fixed = fixed;
    if (json_object_has_member(object, "before"))
        thread->before = read_set(object, "before", error);
    return thread->before || !json_object_has_member(object, "before");
}

static gboolean
read_original(BpfpvJournalEntry *entry, JsonNode *node, guint index, GError **error)
{
    BpfpvCpuset *set;

    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
        return set_damage(error, "one of the \"original\" sets is of another type");
    set = bpfpv_cpuset_parse(json_node_get_string(node), error);
    if (set)
        g_ptr_array_add(entry->original, set);
    return set != NULL;
}

/* The original before an administrator's pin; "" where there is none. */
static gboolean
read_before(BpfpvJournalEntry *entry, JsonNode *node, guint vcpu, GError **error)
{
    g_autoptr(BpfpvCpuset) set = NULL;

    if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
        return set_damage(error, "one of the \"before\" sets is of another type");
    if (*json_node_get_string(node) == '\0')
        return TRUE;
    set = bpfpv_cpuset_parse(json_node_get_string(node), error);
    if (set)
        bpfpv_journal_entry_set_before(entry, vcpu, set);
    return set != NULL;
}

static gboolean
read_array(BpfpvJournalEntry *entry, JsonObject *object, const char *name, gboolean optional,
           gboolean (*read)(BpfpvJournalEntry *, JsonNode *, guint, GError **), GError **error)
{
    JsonNode *node = json_object_get_member(object, name);
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    if (!array)
        return (!node && optional) || set_damage(error, "\"%s\" is no array", name);
    for (guint i = 0; i < json_array_get_length(array); i++)
        if (!read(entry, json_array_get_element(array, i), i, error))
            return FALSE;
    return TRUE;
}

static gboolean
read_entry(BpfpvJournalEntry *entry, JsonObject *object, const char *uuid, GError **error)
{
    gint64 id;

    if (!read_string(object, "uuid", FALSE, &entry->uuid, error) ||
        !read_string(object, "name", FALSE, &entry->name, error) ||
        !read_number(object, "id", &id, error) ||
        !read_boolean(object, "pinned", FALSE, &entry->pinned, error) ||
        !read_boolean(object, "our-channel", TRUE, &entry->our_channel, error) ||
        !read_string(object, "channel", TRUE, &entry->channel, error) ||
        !read_array(entry, object, "original", FALSE, read_original, error) ||
        !read_array(entry, object, "before", TRUE, read_before, error) ||
        !read_array(entry, object, "threads", TRUE, read_thread, error) ||
        !read_fixed(entry, object, error))
        return FALSE;
    entry->id = (int)id;
    if (!g_str_equal(entry->uuid, uuid))
        return set_damage(error, "it is of another domain, %s", entry->uuid);
    if (entry->pinned && entry->original->len == 0)
        return set_damage(error, "it says that the domain is pinned, but has no \"original\" set");
    return TRUE;
}

BpfpvJournalEntry *
bpfpv_journal_from_json(const char *text, const char *uuid, GError **error)
{
    g_autoptr(JsonNode) root = json_from_string(text, error);
    g_autoptr(BpfpvJournalEntry) entry = NULL;

    if (!root) {
        if (error && !*error) /* of nothing, it makes no node and says nothing */
            set_damage(error, "it is empty");
        return NULL;
    }
    if (!JSON_NODE_HOLDS_OBJECT(root)) {
        set_damage(error, "it is not a JSON object");
        return NULL;
    }
    entry = bpfpv_journal_entry_new("", "", -1);
    return read_entry(entry, json_node_get_object(root), uuid, error) ? g_steal_pointer(&entry)
                                                                      : NULL;
}
