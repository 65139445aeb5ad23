/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: bytes as libvirt might give them to the hook. Whatever they are,
 * checking and repairing end, and what was repaired is XML that needs no repair
 * again but for what an administrator pinned. With standalone.c it is a
 * program that runs the files it is given, so that every compiler builds it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hook/repair.h"
#include "xml/check.h"
#include "xml/read.h"
#include "xml/policy.h"
#include "xml/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_read(const char *text, size_t size)
{
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(text, size, NULL);
    xmlNode *element = doc ? bpfpv_element_find(xmlDocGetRootElement(doc)) : NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(BpfpvConfig) config = NULL;

    if (!element)
        return;
    config = bpfpv_element_read(element, "fuzz", 2, NULL, &error);
    if ((config == NULL) != (error != NULL))
        abort();
}

/* Nothing of a flavor or an image may get into what people read. */
static void
check_plain(const char *text)
{
    for (; text && *text; text++)
        if ((guchar)*text < 0x20 || (guchar)*text == 0x7f)
            abort();
}

static void
check_nova(const char *text, size_t size)
{
    g_autoptr(BpfpvXmlDoc) doc = bpfpv_xml_parse(text, size, NULL);
    g_autoptr(BpfpvNova) nova = doc ? bpfpv_nova_read(xmlDocGetRootElement(doc)) : NULL;
    g_autoptr(BpfpvPolicy) policy = bpfpv_policy_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *source = NULL;
    g_autoptr(BpfpvConfig) config = NULL;

    g_free(bpfpv_settings_set(bpfpv_policy_add_section(policy, BPFPV_SECTION_FLAVOR, "*a?c*"),
                              "affinity", "shared"));
    config = bpfpv_policy_config(policy, "fuzz", nova, NULL, &source, &error);
    if ((config && error) || (config && config->programs->len != 1))
        abort();
    check_plain(source);
    check_plain(error ? error->message : NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autoptr(GError) error = NULL;
    g_autofree char *repaired = bpfpv_hook_repair(text, size, &error);
    G_GNUC_UNUSED g_autoptr(BpfpvMistakes) mistakes =
        bpfpv_domain_check(text, size, NULL, NULL, NULL);

    if (repaired && error)
        abort();
    check_read(text, size);
    check_nova(text, size);
    if (repaired) {
        G_GNUC_UNUSED g_autofree char *again =
            bpfpv_hook_repair(repaired, strlen(repaired), &error);

        if (error)
            abort();
    }
    return 0;
}
