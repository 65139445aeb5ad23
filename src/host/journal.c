/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must survive the daemon; see journal.h. The only user of the state directory. */
#include "host/journal.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#define SUFFIX ".json"
#define EMULATOR "emulator"
#define IOTHREAD "iothread"

static char *
entry_path(const char *directory, const char *uuid)
{
    g_autofree char *file = g_strconcat(uuid, SUFFIX, NULL);

    return g_build_filename(directory, file, NULL);
}

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
        json_builder_set_member_name(builder, "fixed");
        json_builder_add_boolean_value(builder, thread->fixed);
        if (thread->before)
            add_set(builder, "before", thread->before);
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
}

/* A member that need not be there. */
static gboolean
read_set(JsonObject *object, const char *name, BpfpvCpuset **set, GError **error)
{
    const char *text = json_object_get_string_member_with_default(object, name, "");

    if (*text == '\0')
        return TRUE;
    *set = bpfpv_cpuset_parse(text, error);
    return *set != NULL;
}

static gboolean
read_thread(BpfpvJournalEntry *entry, JsonObject *object, GError **error)
{
    const char *kind = json_object_get_string_member_with_default(object, "kind", "");
    const char *text = json_object_get_string_member_with_default(object, "original", "");
    gint64 id = json_object_get_int_member_with_default(object, "id", 0);
    g_autoptr(BpfpvCpuset) original = bpfpv_cpuset_parse(text, error);
    BpfpvJournalThread *thread;

    if (!original)
        return FALSE;
    thread = bpfpv_journal_entry_add_thread(
        entry, g_str_equal(kind, EMULATOR) ? BPFPV_THREAD_EMULATOR : BPFPV_THREAD_IOTHREAD,
        (guint)CLAMP(id, 0, G_MAXINT), original);
    thread->fixed = json_object_get_boolean_member_with_default(object, "fixed", FALSE);
    return read_set(object, "before", &thread->before, error);
}

static gboolean
read_threads(BpfpvJournalEntry *entry, JsonObject *object, GError **error)
{
    JsonNode *node = json_object_get_member(object, "threads");
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);

        if (JSON_NODE_HOLDS_OBJECT(element) &&
            !read_thread(entry, json_node_get_object(element), error))
            return FALSE;
    }
    return TRUE;
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

static gboolean
read_befores(BpfpvJournalEntry *entry, JsonObject *object, GError **error)
{
    JsonNode *node = json_object_get_member(object, "before");
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        const char *text = json_array_get_string_element(array, i);
        g_autoptr(BpfpvCpuset) set = NULL;

        if (!text || !*text)
            continue;
        set = bpfpv_cpuset_parse(text, error);
        if (!set)
            return FALSE;
        bpfpv_journal_entry_set_before(entry, i, set);
    }
    return TRUE;
}

static char *
entry_to_json(const BpfpvJournalEntry *entry)
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

static BpfpvJournalEntry *
entry_from_json(JsonObject *object, GError **error)
{
    g_autoptr(BpfpvJournalEntry) entry =
        bpfpv_journal_entry_new(json_object_get_string_member_with_default(object, "uuid", ""),
                                json_object_get_string_member_with_default(object, "name", ""),
                                (int)json_object_get_int_member_with_default(object, "id", -1));
    JsonNode *original = json_object_get_member(object, "original");
    JsonArray *array =
        original && JSON_NODE_HOLDS_ARRAY(original) ? json_node_get_array(original) : NULL;
    const char *fixed;

    entry->pinned = json_object_get_boolean_member_with_default(object, "pinned", FALSE);
    entry->our_channel = json_object_get_boolean_member_with_default(object, "our-channel", FALSE);
    entry->channel = g_strdup(json_object_get_string_member_with_default(object, "channel", NULL));
    fixed = json_object_get_string_member_with_default(object, "fixed", "");
    if (*fixed) {
        bpfpv_cpuset_free(entry->fixed);
        entry->fixed = bpfpv_cpuset_parse(fixed, error);
        if (!entry->fixed)
            return NULL;
    }
    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        const char *text = json_array_get_string_element(array, i);
        BpfpvCpuset *set = bpfpv_cpuset_parse(text ? text : "", error);

        if (!set)
            return NULL;
        g_ptr_array_add(entry->original, set);
    }
    if (!read_befores(entry, object, error) || !read_threads(entry, object, error))
        return NULL;
    return g_steal_pointer(&entry);
}

gboolean
bpfpv_journal_write(const char *directory, const BpfpvJournalEntry *entry, GError **error)
{
    g_autofree char *path = entry_path(directory, entry->uuid);
    g_autofree char *text = entry_to_json(entry);

    if (g_mkdir_with_parents(directory, 0700) < 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "making the state directory %s: %s", directory, g_strerror(errno));
        return FALSE;
    }
    return g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

BpfpvJournalEntry *
bpfpv_journal_read(const char *directory, const char *uuid, GError **error)
{
    g_autofree char *path = entry_path(directory, uuid);
    g_autofree char *text = NULL;
    g_autoptr(JsonNode) root = NULL;
    g_autoptr(GError) cause = NULL;
    g_autoptr(BpfpvJournalEntry) entry = NULL;

    if (!g_file_get_contents(path, &text, NULL, &cause)) {
        if (!g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    root = json_from_string(text, &cause);
    if (root && JSON_NODE_HOLDS_OBJECT(root))
        entry = entry_from_json(json_node_get_object(root), &cause);
    if (!entry)
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "state file %s is unusable: %s", path,
                    cause ? cause->message : "it is not a JSON object");
    return g_steal_pointer(&entry);
}

void
bpfpv_journal_remove(const char *directory, const char *uuid)
{
    g_autofree char *path = entry_path(directory, uuid);

    g_unlink(path);
}

GPtrArray *
bpfpv_journal_list(const char *directory)
{
    g_autoptr(GPtrArray) entries =
        g_ptr_array_new_with_free_func((GDestroyNotify)bpfpv_journal_entry_free);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir))) {
        g_autofree char *uuid = NULL;
        g_autoptr(GError) error = NULL;
        BpfpvJournalEntry *entry;

        if (!g_str_has_suffix(file, SUFFIX))
            continue;
        uuid = g_strndup(file, strlen(file) - strlen(SUFFIX));
        entry = bpfpv_journal_read(directory, uuid, &error);
        if (entry)
            g_ptr_array_add(entries, entry);
        else if (error)
            g_warning("%s", error->message);
    }
    return g_steal_pointer(&entries);
}
