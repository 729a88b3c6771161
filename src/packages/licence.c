/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Licence expressions (SPDX 2.3, annex D): read, join, judge, print. What Debian's short names
 * mean is packages/licence-debian.c's.
 */
#include "packages/licence.h"

#include "packages/licence-ids.h"

#include <string.h>

typedef struct {
    const char *text;
    size_t at;
    unsigned depth;
} Parser;

void packages_licence_free(PackagesLicence *self)
{
    if (self == NULL)
        return;
    g_free(self->id);
    g_free(self->exception);
    g_clear_pointer(&self->terms, g_ptr_array_unref);
    g_free(self);
}

PackagesLicence *packages_licence_new(const char *id, const char *exception)
{
    PackagesLicence *self = g_new0(PackagesLicence, 1);
    self->id = g_strdup(id);
    self->exception = g_strdup(exception);
    return self;
}

static bool is_equal(const PackagesLicence *a, const PackagesLicence *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == PACKAGES_LICENCE_ONE)
        return strcmp(a->id, b->id) == 0 && g_strcmp0(a->exception, b->exception) == 0;
    if (a->terms->len != b->terms->len)
        return false;
    for (guint i = 0; i < a->terms->len; i++)
        if (!is_equal(a->terms->pdata[i], b->terms->pdata[i]))
            return false;
    return true;
}

static void add_term(PackagesLicence *self, PackagesLicence *term)
{
    if (term->kind == self->kind) {
        while (term->terms->len > 0)
            add_term(self, g_ptr_array_steal_index(term->terms, 0));
        packages_licence_free(term);
        return;
    }
    for (guint i = 0; i < self->terms->len; i++)
        if (is_equal(self->terms->pdata[i], term)) {
            packages_licence_free(term);
            return;
        }
    g_ptr_array_add(self->terms, term);
}

PackagesLicence *packages_licence_join(PackagesLicenceKind kind, PackagesLicence *left,
                                       PackagesLicence *right)
{
    if (left == NULL || right == NULL)
        return left != NULL ? left : right;
    PackagesLicence *self = left;
    if (left->kind != kind) {
        self = g_new0(PackagesLicence, 1);
        self->kind = kind;
        self->terms = g_ptr_array_new_with_free_func((GDestroyNotify)packages_licence_free);
        add_term(self, left);
    }
    add_term(self, right);
    if (self->terms->len > 1)
        return self;
    PackagesLicence *only = g_ptr_array_steal_index(self->terms, 0);
    packages_licence_free(self);
    return only;
}

/* --- reading --- */

static bool set_invalid(const Parser *parser, GError **error, const char *wanted)
{
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                "licence expression ‘%.80s’, column %zu: want %s", parser->text, parser->at + 1,
                wanted);
    return false;
}

static void skip_white(Parser *parser)
{
    while (g_ascii_isspace(parser->text[parser->at]))
        parser->at++;
}

static size_t word_bytes(const Parser *parser)
{
    size_t n = 0;
    for (const char *at = parser->text + parser->at;
         g_ascii_isalnum(at[n]) || (at[n] != '\0' && strchr(".-+:_", at[n]) != NULL);)
        n++;
    return n;
}

static bool take_operator(Parser *parser, const char *word)
{
    skip_white(parser);
    size_t n = word_bytes(parser);
    if (n != strlen(word) || g_ascii_strncasecmp(parser->text + parser->at, word, n) != 0)
        return false;
    parser->at += n;
    return true;
}

/* "GPL-2.0" and "GPL-2.0+" are deprecated for names that say which of both they mean. */
static char *modernize(const char *id)
{
    static const char *const families[] = {"GPL-", "LGPL-", "AGPL-", "GFDL-", NULL};
    size_t length = strlen(id);
    bool later = g_str_has_suffix(id, "+");
    for (const char *const *family = families; *family != NULL; family++) {
        size_t stem = strlen(*family);
        if (!g_str_has_prefix(id, *family) ||
            strspn(id + stem, "0123456789.") + stem + later != length)
            continue;
        g_autofree char *modern =
            g_strdup_printf("%.*s-%s", (int)(length - later), id, later ? "or-later" : "only");
        if (packages_licence_ids_find(modern) != NULL)
            return g_steal_pointer(&modern);
    }
    return g_strdup(id);
}

static char *canonical_id(const char *word)
{
    const char *known = packages_licence_ids_find(word);
    if (known != NULL)
        return modernize(known);
    if (g_str_has_suffix(word, "+")) {
        g_autofree char *stem = g_strndup(word, strlen(word) - 1);
        known = packages_licence_ids_find(stem);
        g_autofree char *plus = known != NULL ? g_strconcat(known, "+", NULL) : NULL;
        return plus != NULL ? modernize(plus) : NULL;
    }
    bool is_ref = g_str_has_prefix(word, "LicenseRef-") || g_str_has_prefix(word, "DocumentRef-");
    return is_ref || strcmp(word, "NOASSERTION") == 0 || strcmp(word, "NONE") == 0 ? g_strdup(word)
                                                                                   : NULL;
}

static PackagesLicence *parse_or(Parser *parser, GError **error);

static PackagesLicence *parse_one(Parser *parser, GError **error)
{
    skip_white(parser);
    if (parser->text[parser->at] == '(') {
        if (++parser->depth > PACKAGES_LICENCE_MAX_DEPTH)
            return set_invalid(parser, error, "at most 64 levels of parentheses"), NULL;
        parser->at++;
        g_autoptr(PackagesLicence) inner = parse_or(parser, error);
        if (inner == NULL)
            return NULL;
        skip_white(parser);
        if (parser->text[parser->at] != ')')
            return set_invalid(parser, error, "a closing parenthesis"), NULL;
        parser->at++;
        parser->depth--;
        return g_steal_pointer(&inner);
    }
    size_t n = word_bytes(parser);
    g_autofree char *word = g_strndup(parser->text + parser->at, n);
    g_autofree char *id = n > 0 ? canonical_id(word) : NULL;
    if (id == NULL)
        return set_invalid(parser, error, "an SPDX licence identifier"), NULL;
    parser->at += n;
    if (!take_operator(parser, "WITH"))
        return packages_licence_new(id, NULL);
    skip_white(parser);
    n = word_bytes(parser);
    g_autofree char *name = g_strndup(parser->text + parser->at, n);
    const char *exception = packages_licence_ids_find_exception(name);
    if (exception == NULL && g_str_has_prefix(name, "AdditionRef-"))
        exception = name;
    if (exception == NULL)
        return set_invalid(parser, error, "an SPDX exception identifier"), NULL;
    parser->at += n;
    return packages_licence_new(id, exception);
}

static PackagesLicence *parse_and(Parser *parser, GError **error)
{
    g_autoptr(PackagesLicence) left = parse_one(parser, error);
    while (left != NULL && take_operator(parser, "AND")) {
        PackagesLicence *right = parse_one(parser, error);
        if (right == NULL)
            return NULL;
        left = packages_licence_join(PACKAGES_LICENCE_AND, left, right);
    }
    return g_steal_pointer(&left);
}

static PackagesLicence *parse_or(Parser *parser, GError **error)
{
    g_autoptr(PackagesLicence) left = parse_and(parser, error);
    while (left != NULL && take_operator(parser, "OR")) {
        PackagesLicence *right = parse_and(parser, error);
        if (right == NULL)
            return NULL;
        left = packages_licence_join(PACKAGES_LICENCE_OR, left, right);
    }
    return g_steal_pointer(&left);
}

PackagesLicence *packages_licence_parse(const char *text, GError **error)
{
    Parser parser = {.text = text};
    if (strlen(text) > PACKAGES_LICENCE_MAX_BYTES)
        return set_invalid(&parser, error, "at most 65536 bytes"), NULL;
    g_autoptr(PackagesLicence) self = parse_or(&parser, error);
    if (self == NULL)
        return NULL;
    skip_white(&parser);
    if (parser.text[parser.at] != '\0')
        return set_invalid(&parser, error, "AND, OR or the end"), NULL;
    return g_steal_pointer(&self);
}

/* --- printing and judging --- */

static void print(const PackagesLicence *self, GString *out, bool in_and)
{
    if (self->kind == PACKAGES_LICENCE_ONE) {
        g_string_append(out, self->id);
        if (self->exception != NULL)
            g_string_append_printf(out, " WITH %s", self->exception);
        return;
    }
    bool is_and = self->kind == PACKAGES_LICENCE_AND;
    bool wrapped = in_and && !is_and;
    if (wrapped)
        g_string_append_c(out, '(');
    for (guint i = 0; i < self->terms->len; i++) {
        if (i > 0)
            g_string_append(out, is_and ? " AND " : " OR ");
        print(self->terms->pdata[i], out, is_and);
    }
    if (wrapped)
        g_string_append_c(out, ')');
}

char *packages_licence_print(const PackagesLicence *self)
{
    g_autoptr(GString) out = g_string_new(NULL);
    print(self, out, false);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool is_denied(const PackagesLicence *self, const char *const *denied)
{
    g_autofree char *whole = packages_licence_print(self);
    for (const char *const *pattern = denied; *pattern != NULL; pattern++)
        if (g_pattern_match_simple(*pattern, self->id) || g_pattern_match_simple(*pattern, whole))
            return true;
    return false;
}

bool packages_licence_is_allowed(const PackagesLicence *self, const char *const *denied)
{
    if (self->kind == PACKAGES_LICENCE_ONE)
        return !is_denied(self, denied);
    for (guint i = 0; i < self->terms->len; i++) {
        bool allowed = packages_licence_is_allowed(self->terms->pdata[i], denied);
        if (allowed == (self->kind == PACKAGES_LICENCE_OR))
            return allowed;
    }
    return self->kind == PACKAGES_LICENCE_AND;
}

void packages_licence_collect(const PackagesLicence *self, GHashTable *names)
{
    if (self->kind == PACKAGES_LICENCE_ONE)
        (void)g_hash_table_add(names, packages_licence_print(self));
    for (guint i = 0; self->terms != NULL && i < self->terms->len; i++)
        packages_licence_collect(self->terms->pdata[i], names);
}
