/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: bytes as somebody might answer in Keystone's or Placement's place. The first, a
 * digit in the seeds, says which request it was. Whatever they are, a parser ends with a value or
 * with an error, never both, and what becomes part of an address or of a line is fit for it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nova-hook/http/answer.h"
#include "nova-hook/http/os-error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const interfaces[] = {"internal", "public", NULL};

static void
check_text(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        abort();
}

static void
check_provider(BpfpvProvider *provider)
{
    if (provider && (!g_uuid_string_is_valid(provider->uuid) || strlen(provider->name) > 255))
        abort();
    bpfpv_provider_free(provider);
}

static gboolean
parse_provider(const char *text, gsize size, gboolean one, GError **error)
{
    BpfpvProvider *provider = one ? bpfpv_answer_provider(text, size, error)
                                  : bpfpv_answer_only_provider(text, size, error);
    gboolean found = provider != NULL;

    check_provider(provider);
    /* An empty list is neither a provider nor an error. */
    return found || (!one && *error == NULL);
}

static gboolean
parse_token(const char *text, gsize size, GError **error)
{
    BpfpvTokenInfo *info = bpfpv_answer_token(text, size, interfaces, NULL, error);
    gboolean found = info != NULL;

    if (info &&
        (info->lifetime_s < 0 || (info->endpoint && !g_str_has_prefix(info->endpoint, "http"))))
        abort();
    if (info)
        check_text(info->endpoints);
    bpfpv_token_info_free(info);
    return found;
}

static gboolean
parse_names(const char *text, gsize size, gboolean traits, GError **error)
{
    gint64 generation;
    g_auto(GStrv) names = traits ? bpfpv_answer_traits(text, size, &generation, error)
                                 : bpfpv_answer_consumers(text, size, error);

    for (guint i = 0; names && names[i]; i++)
        check_text(names[i]);
    return names != NULL;
}

static void
parse_error(const char *text, gsize size)
{
    g_autofree char *code = NULL;
    g_autofree char *detail = bpfpv_answer_error(text, size, &code);
    g_autofree char *clean = bpfpv_os_clean(detail, strlen(detail), 300);

    check_text(code);
    check_text(clean);
    if (strpbrk(clean, "\n\r\033"))
        abort();
}

static gboolean
parse(guint8 which, const char *text, gsize size, GError **error)
{
    BpfpvInventory inventory;
    gboolean found;
    gint64 number;
    guint min, max;

    switch (which % 8) {
    case 0:
        return parse_token(text, size, error);
    case 1:
        return bpfpv_answer_versions(text, size, &min, &max, error);
    case 2:
    case 3:
        return parse_provider(text, size, which % 8 == 2, error);
    case 4:
        return bpfpv_answer_inventory(text, size, "CUSTOM_BPFPV_ANCHOR", &inventory, &found,
                                      &number, error);
    case 5:
        return bpfpv_answer_usage(text, size, "CUSTOM_BPFPV_ANCHOR", &number, error);
    default:
        return parse_names(text, size, which % 8 == 7, error);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gboolean done;

    if (size < 1)
        return 0;
    text = g_malloc0(size); /* ends with a NUL, as libcurl's buffer does */
    memcpy(text, data + 1, size - 1);
    done = parse(data[0], text, size - 1, &error);
    if (done == (error != NULL))
        abort();
    parse_error(text, size - 1);
    return 0;
}
