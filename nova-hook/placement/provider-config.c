/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes provider.yaml; see provider-config.h. Pure. */
#include "config.h"

#include "nova-hook/placement/provider-config.h"

#include <gio/gio.h>
#include <string.h>

#include "nova-hook/placement/reconcile.h"

/* Nova's schema takes no more. */
#define MAX_NAME 200

static gboolean
check_name(const char *name, GError **error)
{
    gboolean is_right =
        *name != '\0' && g_utf8_validate(name, -1, NULL) && g_utf8_strlen(name, -1) <= MAX_NAME;

    for (const char *at = name; is_right && *at; at = g_utf8_next_char(at))
        is_right = g_unichar_isprint(g_utf8_get_char(at));
    if (!is_right)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "the provider's name is empty, longer than %d characters, or has some that "
                    "can't be printed",
                    MAX_NAME);
    return is_right;
}

/* In YAML's single quotes only these themselves are special. */
static void
append_quoted(GString *yaml, const char *text)
{
    g_string_append_c(yaml, '\'');
    for (const char *at = text; *at; at++) {
        if (*at == '\'')
            g_string_append_c(yaml, '\'');
        g_string_append_c(yaml, *at);
    }
    g_string_append_c(yaml, '\'');
}

static void
append_provider(GString *yaml, const char *provider)
{
    gboolean by_name = provider && !g_uuid_string_is_valid(provider);

    g_string_append(yaml, "  - identification:\n      ");
    g_string_append(yaml, by_name ? "name: " : "uuid: ");
    append_quoted(yaml, provider ? provider : "$COMPUTE_NODE");
    g_string_append_c(yaml, '\n');
}

static void
append_inventory(GString *yaml, guint anchors)
{
    if (anchors == 0)
        return;
    g_string_append_printf(yaml,
                           "    inventories:\n"
                           "      additional:\n"
                           "        - " BPFPV_ANCHOR_CLASS ":\n"
                           "            total: %u\n"
                           "            reserved: 0\n"
                           "            min_unit: 1\n"
                           "            max_unit: %u\n"
                           "            step_size: 1\n"
                           "            allocation_ratio: 1.0\n",
                           anchors, anchors);
}

char *
bpfpv_provider_config(const char *provider, const char *const *programs, guint anchors,
                      GError **error)
{
    GString *yaml;

    if (provider && !check_name(provider, error))
        return NULL;
    yaml = g_string_new("# What bpfpv has to give on this host. nova-compute reads it when it "
                        "starts. Written by\n# \"bpfpv-placement provider-config\"; not together "
                        "with the agent, see bpfpv-placement(8).\n"
                        "meta:\n  schema_version: '1.0'\nproviders:\n");
    append_provider(yaml, provider);
    append_inventory(yaml, anchors);
    g_string_append(yaml, "    traits:\n      additional:\n        - " BPFPV_TRAIT "\n");
    for (guint i = 0; programs[i]; i++) {
        g_autofree char *trait = bpfpv_trait_of_program(programs[i]);

        g_string_append_printf(yaml, "        - %s\n", trait);
    }
    return g_string_free(yaml, FALSE);
}
