/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What holds where there is no <bpfpv> element; see policy.h. */
#include "xml/policy.h"

#include "xml/document.h"

#define NAME_MOST 255

typedef struct {
    BpfpvSectionKind kind;
    char *glob;
    BpfpvSettings *settings;
} Section;

struct _BpfpvPolicy {
    gatomicrefcount refs;
    GPtrArray *sections; /* of Section, in the file's order */
};

static void
section_free(gpointer data)
{
    Section *section = data;

    g_free(section->glob);
    bpfpv_settings_free(section->settings);
    g_free(section);
}

BpfpvPolicy *
bpfpv_policy_new(void)
{
    BpfpvPolicy *policy = g_new0(BpfpvPolicy, 1);

    g_atomic_ref_count_init(&policy->refs);
    policy->sections = g_ptr_array_new_with_free_func(section_free);
    return policy;
}

BpfpvPolicy *
bpfpv_policy_ref(BpfpvPolicy *policy)
{
    g_atomic_ref_count_inc(&policy->refs);
    return policy;
}

void
bpfpv_policy_unref(BpfpvPolicy *policy)
{
    if (!policy || !g_atomic_ref_count_dec(&policy->refs))
        return;
    g_ptr_array_unref(policy->sections);
    g_free(policy);
}

BpfpvSettings *
bpfpv_policy_add_section(BpfpvPolicy *policy, BpfpvSectionKind kind, const char *glob)
{
    Section *section = g_new0(Section, 1);

    section->kind = kind;
    section->glob = g_strdup(glob);
    section->settings = bpfpv_settings_new();
    g_ptr_array_add(policy->sections, section);
    return section->settings;
}

/* ---- matching ---- */

/* GLib's GPatternSpec goes back to every *, which takes for ever on names made for it. Here only
 * the last one is gone back to: whatever an earlier one took can stay as it is. */
gboolean
bpfpv_policy_glob_matches(const char *glob, const char *text)
{
    const char *star = NULL;
    const char *tried = NULL; /* where in @text the star's part has been taken to end */

    while (*text) {
        if (*glob == '*') {
            star = ++glob;
            tried = text;
        } else if (*glob && (*glob == '?' || g_utf8_get_char(glob) == g_utf8_get_char(text))) {
            glob = g_utf8_next_char(glob);
            text = g_utf8_next_char(text);
        } else if (star) {
            glob = star;
            text = tried = g_utf8_next_char(tried);
        } else {
            return FALSE;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

static gboolean
matches(const Section *section, const char *domain, const BpfpvNova *nova)
{
    const char *name = domain;

    if (section->kind == BPFPV_SECTION_FLAVOR)
        name = nova ? nova->flavor : NULL;
    return name && g_utf8_validate(name, -1, NULL) && g_utf8_strlen(name, -1) <= NAME_MOST &&
           bpfpv_policy_glob_matches(section->glob, name);
}

/* ---- gathering ---- */

static void G_GNUC_PRINTF(2, 3) add_source(GString *sources, const char *format, ...)
{
    va_list arguments;

    if (sources->len > 0)
        g_string_append(sources, ", ");
    va_start(arguments, format);
    g_string_append_vprintf(sources, format, arguments);
    va_end(arguments);
}

/* A flavor that reserves anchors in Placement is one for affinity, and has that many at most: more
 * would be others', whom the scheduler has promised them to. */
static void
take_resources(BpfpvSettings *settings, const BpfpvNova *nova)
{
    g_autoptr(BpfpvSettings) implied = bpfpv_settings_new();
    g_autofree char *anchors = g_strdup_printf("%u", nova->anchors);
    g_autofree char *mistake = NULL;

    if (!nova->has_anchors)
        return;
    bpfpv_settings_restrict(settings, "anchors", anchors);
    if (nova->anchors > 0)
        mistake = bpfpv_settings_set(implied, "affinity", "exclusive");
    bpfpv_settings_fill(settings, implied);
}

static gboolean
take_specs(BpfpvSettings *settings, const BpfpvNova *nova, const char *domain, GError **error)
{
    for (guint i = 0; i < nova->specs->len; i++) {
        const BpfpvNovaPair *spec = g_ptr_array_index(nova->specs, i);
        const BpfpvSetting *known = bpfpv_setting_find(spec->name);
        g_autofree char *mistake = bpfpv_settings_set(settings, spec->name, spec->value);

        if (!mistake)
            continue;
        g_set_error(error, BPFPV_XML_ERROR, BPFPV_XML_ERROR_INVALID,
                    "domain %s: its flavor's extra spec " BPFPV_NOVA_SPEC_PREFIX "%s: %s", domain,
                    known ? known->name : "…", mistake);
        return FALSE;
    }
    take_resources(settings, nova);
    return TRUE;
}

static void
take_sections(BpfpvSettings *settings, const BpfpvPolicy *policy, const char *domain,
              const BpfpvNova *nova, GString *sources)
{
    static const char *const kinds[] = {
        [BPFPV_SECTION_DOMAIN] = "domain",
        [BPFPV_SECTION_FLAVOR] = "flavor",
    };

    for (guint i = 0; policy && i < policy->sections->len; i++) {
        const Section *section = g_ptr_array_index(policy->sections, i);

        if (matches(section, domain, nova) && bpfpv_settings_fill(settings, section->settings))
            add_source(sources, "bpfpvd.conf [%s %s]", kinds[section->kind], section->glob);
    }
}

static void
take_properties(BpfpvSettings *settings, const BpfpvNova *nova, GString *sources)
{
    gboolean any = FALSE;

    for (guint i = 0; i < nova->properties->len; i++) {
        const BpfpvNovaPair *property = g_ptr_array_index(nova->properties, i);

        any |= bpfpv_settings_restrict(settings, property->name, property->value);
    }
    if (any)
        add_source(sources, "restricted by the image's properties");
}

BpfpvConfig *
bpfpv_policy_config(const BpfpvPolicy *policy, const char *domain, const BpfpvNova *nova,
                    const BpfpvElementContext *context, char **source, GError **error)
{
    g_autoptr(BpfpvSettings) settings = bpfpv_settings_new();
    g_autoptr(BpfpvConfig) config = NULL;
    g_autoptr(GString) sources = g_string_new(NULL);

    *source = NULL;
    if (nova && (nova->specs->len > 0 || nova->has_anchors)) {
        add_source(sources, "flavor extra specs");
        if (!take_specs(settings, nova, domain, error)) {
            *source = g_strdup(sources->str);
            return NULL;
        }
    }
    take_sections(settings, policy, domain, nova, sources);
    if (nova && bpfpv_settings_get(settings, "affinity"))
        take_properties(settings, nova, sources);
    config = bpfpv_settings_to_config(settings, domain, context, error);
    if (config && config->programs->len == 0)
        return NULL;
    *source = g_strdup(sources->str);
    return g_steal_pointer(&config);
}
