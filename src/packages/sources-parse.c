/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The two forms of sources.list(5): a line a source, and deb822 stanzas. Options that change
 * nothing for us (Languages, Targets, PDiffs, …) are passed over.
 */
#include "packages/deb822.h"
#include "packages/sources-private.h"

#include <string.h>

#define WHITE " \t\r\n"

/* What both forms say of a source before it is spelled out suite by suite. */
typedef struct {
    const PackagesSourcesContext *context;
    unsigned line;
    char **types;
    char **urls;
    char **suites;
    char **components;
    char **archs;
    char **archs_without;
    char *signed_by;
    bool trusted;
    bool ignore_expiry;
    bool disabled;
} Entry;

static void entry_clear(Entry *self)
{
    g_strfreev(self->types);
    g_strfreev(self->urls);
    g_strfreev(self->suites);
    g_strfreev(self->components);
    g_strfreev(self->archs);
    g_strfreev(self->archs_without);
    g_free(self->signed_by);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Entry, entry_clear)

/* Words of @text between any of @separators, without empty ones. */
static char **split_words(const char *text, const char *separators)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    while (text != NULL && *text != '\0') {
        size_t n = strcspn(text, separators);
        if (n > 0) {
            g_autofree char *word = g_strndup(text, n);
            g_strv_builder_add(builder, word);
        }
        text += n + strspn(text + n, separators);
    }
    return g_strv_builder_end(builder);
}

static bool list_has(char **list, const char *text)
{
    return list != NULL && g_strv_contains((const char *const *)list, text);
}

static bool is_yes(const char *text)
{
    static const char *const yes[] = {"yes", "true", "with", "on", "enable", "1", NULL};
    g_autofree char *lower = g_ascii_strdown(text, -1);
    return g_strv_contains(yes, lower);
}

static bool is_no(const char *text)
{
    static const char *const no[] = {"no", "false", "without", "off", "disable", "0", NULL};
    g_autofree char *lower = g_ascii_strdown(text, -1);
    return g_strv_contains(no, lower);
}

static bool is_fingerprint(const char *text)
{
    size_t n = strspn(text, "0123456789abcdefABCDEF");
    return n >= 40 && (text[n] == '\0' || (text[n] == '!' && text[n + 1] == '\0'));
}

/* deb822 has no empty lines within a field: an armoured key's are written " .". */
static char *undot_key(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_strstrip(*line);
        if (strcmp(*line, ".") == 0)
            **line = '\0';
    }
    g_autofree char *joined = g_strjoinv("\n", lines);
    return g_strconcat(joined, "\n", NULL);
}

static bool set_keys(PackagesSource *source, const Entry *entry, GError **error)
{
    if (entry->signed_by == NULL || entry->signed_by[0] == '\0')
        return true;
    if (strstr(entry->signed_by, "-----BEGIN PGP") != NULL) {
        source->inline_key = undot_key(entry->signed_by);
        return true;
    }
    g_auto(GStrv) words = split_words(entry->signed_by, WHITE ",");
    g_autoptr(GStrvBuilder) keyrings = g_strv_builder_new();
    g_autoptr(GStrvBuilder) fingerprints = g_strv_builder_new();
    size_t n_keyrings = 0;
    for (char **word = words; *word != NULL; word++) {
        if (**word == '/') {
            g_autofree char *path = g_strconcat(entry->context->root, *word, NULL);
            g_strv_builder_add(keyrings, path);
            n_keyrings++;
        } else if (is_fingerprint(*word)) {
            g_autofree char *upper = g_ascii_strup(*word, -1);
            g_strv_builder_add(fingerprints, upper);
        } else {
            g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                        "Signed-By ‘%s’ is neither an absolute path nor a fingerprint", *word);
            return false;
        }
    }
    source->fingerprints = g_strv_builder_end(fingerprints);
    if (n_keyrings > 0)
        source->keyrings = g_strv_builder_end(keyrings);
    return true;
}

static char *put_arch(const char *text, const char *arch)
{
    g_auto(GStrv) parts = g_strsplit(text, "$(ARCH)", -1);
    return g_strjoinv(arch, parts);
}

static PackagesSource *new_source(const Entry *entry, const char *url, const char *suite,
                                  GError **error)
{
    const PackagesSourcesContext *context = entry->context;
    g_autoptr(PackagesSource) source = g_new0(PackagesSource, 1);
    g_autofree char *real_url = put_arch(url, context->arch);
    source->repo_id = g_strdup(context->repo_id);
    source->url = packages_source_url(real_url, error);
    if (source->url == NULL)
        return NULL;
    source->suite = put_arch(suite, context->arch);
    source->components = g_strdupv(entry->components);
    source->trusted = entry->trusted;
    source->ignore_expiry = entry->ignore_expiry;
    source->origin = g_strdup_printf("%s:%u", context->file, entry->line);
    if (!set_keys(source, entry, error) || !packages_source_check(source, error))
        return NULL;
    return g_steal_pointer(&source);
}

static bool add_entry(const Entry *entry, GPtrArray *sources, GError **error)
{
    const char *arch = entry->context->arch;
    if (entry->disabled || !list_has(entry->types, "deb"))
        return true;
    if (entry->archs != NULL && entry->archs[0] != NULL && !list_has(entry->archs, arch))
        return true;
    if (list_has(entry->archs_without, arch))
        return true;
    for (char **url = entry->urls; *url != NULL; url++)
        for (char **suite = entry->suites; *suite != NULL; suite++) {
            PackagesSource *source = new_source(entry, *url, *suite, error);
            if (source == NULL)
                return false;
            g_ptr_array_add(sources, source);
        }
    return true;
}

static bool prefix_place(const PackagesSourcesContext *context, unsigned line, GError **error)
{
    g_prefix_error(error, "%s:%u: ", context->file, line);
    return false;
}

/* --- a line a source --- */

static void take_option(Entry *entry, const char *option)
{
    const char *equals = strchr(option, '=');
    if (equals == NULL)
        return;
    g_autofree char *name = g_ascii_strdown(option, equals - option);
    const char *value = equals + 1;
    if (strcmp(name, "arch") == 0) {
        g_strfreev(entry->archs);
        entry->archs = split_words(value, ",");
    } else if (strcmp(name, "arch-") == 0) {
        g_strfreev(entry->archs_without);
        entry->archs_without = split_words(value, ",");
    } else if (strcmp(name, "signed-by") == 0) {
        g_free(entry->signed_by);
        entry->signed_by = g_strdup(value);
    } else if (strcmp(name, "trusted") == 0) {
        entry->trusted = is_yes(value);
    } else if (strcmp(name, "check-valid-until") == 0) {
        entry->ignore_expiry = is_no(value);
    }
}

/* Takes "[ a=b c=d ]" off the front of @text; returns what follows, %NULL without its end. */
static const char *take_options(Entry *entry, const char *text)
{
    if (*text != '[')
        return text;
    const char *end = strchr(text, ']');
    if (end == NULL)
        return NULL;
    g_autofree char *inside = g_strndup(text + 1, (size_t)(end - text - 1));
    g_auto(GStrv) options = split_words(inside, WHITE);
    for (char **option = options; *option != NULL; option++)
        take_option(entry, *option);
    return end + 1;
}

static bool parse_line(Entry *entry, const char *line, GPtrArray *sources, GError **error)
{
    size_t n = strcspn(line, WHITE "[");
    g_autofree char *type = g_strndup(line, n);
    if (strcmp(type, "deb") != 0 && strcmp(type, "deb-src") != 0) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "‘%s’ is no type of source; wanted ‘deb’ or ‘deb-src’", type);
        return false;
    }
    entry->types = split_words(type, WHITE);
    line += n + strspn(line + n, WHITE);
    const char *rest = take_options(entry, line);
    g_auto(GStrv) words = split_words(rest, WHITE);
    if (rest == NULL || g_strv_length(words) < 2) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                    "wanted ‘%s [options] URL SUITE COMPONENT…’", type);
        return false;
    }
    entry->urls = split_words(words[0], WHITE);
    entry->suites = split_words(words[1], WHITE);
    entry->components = g_strdupv(words + 2);
    return add_entry(entry, sources, error);
}

bool packages_sources_parse_list(const PackagesSourcesContext *context, const char *data,
                                 size_t size_bytes, GPtrArray *sources, GError **error)
{
    unsigned number = 0;
    for (const char *at = data, *end = data + size_bytes; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        g_autofree char *line = g_strndup(at, (size_t)(stop - at));
        at = stop + 1;
        number++;
        line[strcspn(line, "#")] = '\0';
        g_strstrip(line);
        if (line[0] == '\0')
            continue;
        g_auto(Entry) entry = {.context = context, .line = number};
        if (!parse_line(&entry, line, sources, error))
            return prefix_place(context, number, error);
    }
    return true;
}

/* --- deb822 --- */

static char **dup_words(const PackagesDeb822Stanza *stanza, const char *name)
{
    g_autofree char *text = packages_deb822_dup(stanza, name);
    return split_words(text, WHITE);
}

static bool field_says(const PackagesDeb822Stanza *stanza, const char *name,
                       bool (*test)(const char *text))
{
    g_autofree char *text = packages_deb822_dup(stanza, name);
    return text != NULL && test(text);
}

static bool parse_stanza(Entry *entry, const PackagesDeb822Stanza *stanza, GPtrArray *sources,
                         GError **error)
{
    static const char *const wanted[] = {"Types", "URIs", "Suites"};
    entry->disabled = field_says(stanza, "Enabled", is_no);
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
        if (packages_deb822_find(stanza, wanted[i]) == NULL) {
            g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                        "the source has no field ‘%s’", wanted[i]);
            return false;
        }
    entry->types = dup_words(stanza, "Types");
    entry->urls = dup_words(stanza, "URIs");
    entry->suites = dup_words(stanza, "Suites");
    entry->components = dup_words(stanza, "Components");
    entry->archs = dup_words(stanza, "Architectures");
    entry->archs_without = dup_words(stanza, "Architectures-Remove");
    entry->signed_by = packages_deb822_dup(stanza, "Signed-By");
    entry->trusted = field_says(stanza, "Trusted", is_yes);
    entry->ignore_expiry = field_says(stanza, "Check-Valid-Until", is_no);
    return add_entry(entry, sources, error);
}

bool packages_sources_parse_deb822(const PackagesSourcesContext *context, const char *data,
                                   size_t size_bytes, GPtrArray *sources, GError **error)
{
    PackagesDeb822Iter iter;
    packages_deb822_iter_init(&iter, data, size_bytes);
    for (;;) {
        PackagesDeb822Stanza stanza;
        if (!packages_deb822_iter_next(&iter, &stanza, error)) {
            g_prefix_error(error, "%s: ", context->file);
            return false;
        }
        if (stanza.n_fields == 0)
            return true;
        g_auto(Entry) entry = {.context = context, .line = stanza.line};
        if (!parse_stanza(&entry, &stanza, sources, error))
            return prefix_place(context, stanza.line, error);
    }
}
