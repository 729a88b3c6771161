/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Lists of mirrors: metalinks (metalinker.org, version 3.0, with MirrorManager's alternates)
 * and plain mirrorlists.
 */
#include "packages/rpm/metalink.h"

#include "base/digest.h"

#include <string.h>

#define MAX_MIRRORS 1000
#define MAX_DIGESTS 100

typedef struct {
    char *base;
    int preference;
    unsigned order;
} Mirror;

typedef struct {
    GPtrArray *mirrors; /* owned: Mirror */
    GPtrArray *digests; /* borrowed */
    GString *text;      /* owned: of the innermost element */
    bool in_repomd;
    bool is_sha256;
    int preference;
} Parse;

static void mirror_free(Mirror *self)
{
    g_free(self->base);
    g_free(self);
}

void packages_metalink_free(PackagesMetalink *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->bases, g_ptr_array_unref);
    g_clear_pointer(&self->digests, g_ptr_array_unref);
    g_free(self);
}

static PackagesMetalink *metalink_new(void)
{
    PackagesMetalink *self = g_new0(PackagesMetalink, 1);
    self->bases = g_ptr_array_new_with_free_func(g_free);
    self->digests = g_ptr_array_new_with_free_func(g_free);
    return self;
}

bool packages_metalink_allows(const PackagesMetalink *self, const char *sha256)
{
    return self->digests->len == 0 ||
           g_ptr_array_find_with_equal_func(self->digests, sha256, g_str_equal, NULL);
}

static bool is_url(const char *text)
{
    static const char *const schemes[] = {"https://", "http://", "file:///"};
    for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
        if (g_ascii_strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return false;
}

static char *trim_slashes(char *url)
{
    for (size_t n = strlen(url); n > 0 && url[n - 1] == '/'; n--)
        url[n - 1] = '\0';
    return url;
}

/* --- metalinks --- */

static const char *local_name(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon != NULL ? colon + 1 : name;
}

static const char *attribute(const char **names, const char **values, const char *wanted)
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], wanted) == 0)
            return values[i];
    return "";
}

static void start_element(GMarkupParseContext *context, const char *name, const char **names,
                          const char **values, gpointer user_data, GError **error)
{
    (void)context;
    (void)error;
    Parse *parse = user_data;
    name = local_name(name);
    g_string_truncate(parse->text, 0);
    if (strcmp(name, "file") == 0)
        parse->in_repomd = strcmp(attribute(names, values, "name"), "repomd.xml") == 0;
    else if (strcmp(name, "hash") == 0)
        parse->is_sha256 = strcmp(attribute(names, values, "type"), "sha256") == 0;
    else if (strcmp(name, "url") == 0)
        parse->preference = (int)g_ascii_strtoll(attribute(names, values, "preference"), NULL, 10);
}

static void take_url(Parse *parse)
{
    static const char tail[] = "/repodata/repomd.xml";
    char *url = g_strstrip(parse->text->str);
    if (!is_url(url) || !g_str_has_suffix(url, tail) || parse->mirrors->len >= MAX_MIRRORS)
        return;
    Mirror *mirror = g_new0(Mirror, 1);
    mirror->base = trim_slashes(g_strndup(url, strlen(url) - strlen(tail)));
    mirror->preference = parse->preference;
    mirror->order = parse->mirrors->len;
    g_ptr_array_add(parse->mirrors, mirror);
}

static void end_element(GMarkupParseContext *context, const char *name, gpointer user_data,
                        GError **error)
{
    (void)context;
    (void)error;
    Parse *parse = user_data;
    name = local_name(name);
    if (strcmp(name, "file") == 0) {
        parse->in_repomd = false;
    } else if (parse->in_repomd && strcmp(name, "url") == 0) {
        take_url(parse);
    } else if (parse->in_repomd && parse->is_sha256 && strcmp(name, "hash") == 0) {
        g_autofree char *digest = g_ascii_strdown(g_strstrip(parse->text->str), -1);
        if (base_digest_is_sha256_hex(digest) && parse->digests->len < MAX_DIGESTS)
            g_ptr_array_add(parse->digests, g_steal_pointer(&digest));
    }
}

static void take_text(GMarkupParseContext *context, const char *text, gsize size_bytes,
                      gpointer user_data, GError **error)
{
    (void)context;
    (void)error;
    Parse *parse = user_data;
    g_string_append_len(parse->text, text, (gssize)size_bytes);
}

static int compare_mirrors(gconstpointer a, gconstpointer b)
{
    const Mirror *left = *(const Mirror *const *)a;
    const Mirror *right = *(const Mirror *const *)b;
    if (left->preference != right->preference)
        return left->preference < right->preference ? 1 : -1;
    return (left->order > right->order) - (left->order < right->order);
}

static bool run_parser(Parse *parse, GBytes *text, GError **error)
{
    static const GMarkupParser parser = {
        .start_element = start_element, .end_element = end_element, .text = take_text};
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&parser, G_MARKUP_DEFAULT_FLAGS, parse, NULL);
    g_autoptr(GError) inner = NULL;
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(text, &size_bytes);
    if (g_markup_parse_context_parse(context, data != NULL ? data : "", (gssize)size_bytes,
                                     &inner) &&
        g_markup_parse_context_end_parse(context, &inner))
        return true;
    int line = 0;
    g_markup_parse_context_get_position(context, &line, NULL);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "metalink, line %d: %s", line,
                inner->message);
    return false;
}

PackagesMetalink *packages_metalink_parse(GBytes *text, GError **error)
{
    g_autoptr(PackagesMetalink) self = metalink_new();
    g_autoptr(GPtrArray) mirrors = g_ptr_array_new_with_free_func((GDestroyNotify)mirror_free);
    Parse parse = {.mirrors = mirrors, .digests = self->digests, .text = g_string_new(NULL)};
    bool ok = run_parser(&parse, text, error);
    (void)g_string_free(parse.text, TRUE);
    if (!ok)
        return NULL;
    g_ptr_array_sort(mirrors, compare_mirrors);
    for (guint i = 0; i < mirrors->len; i++)
        g_ptr_array_add(self->bases, g_steal_pointer(&((Mirror *)mirrors->pdata[i])->base));
    if (self->bases->len > 0 && self->digests->len > 0)
        return g_steal_pointer(&self);
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                self->bases->len == 0
                    ? "metalink: it names no mirror of a repomd.xml that can be fetched"
                    : "metalink: it has no SHA-256 of repomd.xml");
    return NULL;
}

/* --- plain lists --- */

PackagesMetalink *packages_metalink_parse_list(GBytes *text, GError **error)
{
    g_autoptr(PackagesMetalink) self = metalink_new();
    gsize size_bytes = 0;
    const char *data = g_bytes_get_data(text, &size_bytes);
    g_autofree char *whole = g_strndup(data != NULL ? data : "", size_bytes);
    g_auto(GStrv) lines = g_strsplit(whole, "\n", -1);
    for (char **line = lines; *line != NULL && self->bases->len < MAX_MIRRORS; line++) {
        g_strstrip(*line);
        if (is_url(*line) && g_utf8_validate(*line, -1, NULL))
            g_ptr_array_add(self->bases, trim_slashes(g_strdup(*line)));
    }
    if (self->bases->len > 0)
        return g_steal_pointer(&self);
    g_set_error_literal(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                        "mirrorlist: it names no mirror that can be fetched from");
    return NULL;
}
