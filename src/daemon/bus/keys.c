/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of a replica for the bus, see keys.h. Bounded, whatever the guest publishes. */
#include "daemon/bus/keys.h"

#include <string.h>

typedef struct {
    const BpfpvProgram *program;
    guint64 from;
    GVariantBuilder keys;
    guint n;
    gsize bytes;
    gboolean more;
} Page;

static void
add_key(guint64 key, const guint8 *value, gsize size, gpointer user_data)
{
    Page *page = user_data;
    g_autofree char *text = NULL;

    if (key < page->from || page->more)
        return;
    page->more = page->n == BPFPV_KEYS_PAGE || page->bytes >= BPFPV_KEYS_PAGE_BYTES;
    if (page->more)
        return;
    text = page->program->format_value(value, size);
    g_variant_builder_add(&page->keys, "(ts)", key, text);
    page->n++;
    page->bytes += strlen(text);
}

GVariant *
bpfpv_keys_page(const BpfpvTable *table, const BpfpvProgram *program, guint64 from)
{
    Page page = {.program = program, .from = from};

    g_variant_builder_init(&page.keys, G_VARIANT_TYPE("a(ts)"));
    bpfpv_table_foreach(table, add_key, &page);
    return g_variant_new("(ub@a(ts))", bpfpv_table_generation(table), page.more,
                         g_variant_builder_end(&page.keys));
}

GVariant *
bpfpv_keys_of_link(const BpfpvLink *link, const char *name, guint64 from)
{
    const BpfpvHello *hello = link ? bpfpv_link_hello(link) : NULL;
    const BpfpvProgram *program = bpfpv_program_find(name);

    for (guint i = 0; hello && program && i < hello->programs->len; i++) {
        const BpfpvWireProgram *wire = g_ptr_array_index(hello->programs, i);

        if (g_str_equal(wire->name, name) && bpfpv_link_table(link, i))
            return bpfpv_keys_page(bpfpv_link_table(link, i), program, from);
    }
    return NULL;
}
