/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpfpvctl keys: the host's copy of what a guest's program publishes, key by
 * key. Reads only.
 */
#include "ctl/command.h"
#include "ctl/text-table.h"

#include <inttypes.h>

static char *program_option;
static const GOptionEntry options[] = {
    {"program", 0, 0, G_OPTION_ARG_STRING, &program_option, "Of this program instead of affinity",
     "NAME"},
    {0},
};

static const BpfpvTextColumn columns[] = {{"KEY", TRUE}, {"VALUE", FALSE}};

/* As dictionaries, so that the JSON has names. */
static void
print_json(GVariant *keys)
{
    GVariantBuilder list = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aa{sv}"));
    g_autoptr(GVariant) value = NULL;
    GVariantIter iter;
    guint64 key;
    const char *text;

    g_variant_iter_init(&iter, keys);
    while (g_variant_iter_next(&iter, "(t&s)", &key, &text)) {
        g_variant_builder_open(&list, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&list, "{sv}", "key", g_variant_new_uint64(key));
        g_variant_builder_add(&list, "{sv}", "value", g_variant_new_string(text));
        g_variant_builder_close(&list);
    }
    value = g_variant_ref_sink(g_variant_builder_end(&list));
    bpfpv_ctl_print_json(value);
}

static void
print_table(const BpfpvCtl *ctl, GVariant *keys)
{
    g_autoptr(BpfpvTextTable) table = bpfpv_text_table_new(columns, G_N_ELEMENTS(columns));
    g_autofree char *text = NULL;
    GVariantIter iter;
    guint64 key;
    const char *value;

    g_variant_iter_init(&iter, keys);
    while (g_variant_iter_next(&iter, "(t&s)", &key, &value)) {
        g_autofree char *number = g_strdup_printf("%" PRIu64, key);
        g_autofree char *clean = bpfpv_term_clean(value);

        bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, number);
        bpfpv_text_table_add(table, BPFPV_STYLE_PLAIN, clean);
    }
    text = bpfpv_text_table_render(table, &ctl->term);
    g_print("%s", text);
}

static int
run_keys(const BpfpvCtl *ctl, char **arguments)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *program = g_steal_pointer(&program_option);
    g_autoptr(BpfpvClient) client = bpfpv_ctl_connect(ctl, &error);
    g_autoptr(GVariant) keys = NULL;

    if (client != NULL)
        keys = bpfpv_client_keys_sync(client, arguments[0], program ? program : "affinity", NULL,
                                      &error);
    if (keys == NULL)
        return bpfpv_ctl_fail(error);
    if (ctl->json)
        print_json(keys);
    else
        print_table(ctl, keys);
    return BPFPV_EXIT_DONE;
}

const BpfpvCommand bpfpv_command_keys = {
    .name = "keys",
    .arguments = "DOMAIN",
    .summary = "Shows what a guest's program publishes, key by key",
    .min_arguments = 1,
    .max_arguments = 1,
    .first = BPFPV_ARGUMENT_MANAGED,
    .has_json = TRUE,
    .options = options,
    .run = run_keys,
};
