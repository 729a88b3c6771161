/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From the text of a Packages file to libsolv's solvables, in one pass and a bounded buffer.
 * libsolv's own reader would leave out sizes and priorities, and takes Replaces for a
 * conflict, which in a tree that is built from nothing it is not.
 */
#include "packages/deb822.h"
#include "packages/index.h"

#include <errno.h>
#include <solv/knownid.h>
#include <stdint.h>
#include <string.h>

#define CHUNK_BYTES (1u << 20)
#define MAX_ALTERNATIVES 256
#define WHITE " \t\r\n"

typedef struct {
    Repo *repo;
    Pool *pool;
    Repodata *data;
    Id base_key;
    Id priority_key;
} Parser;

/* A view of text that is not NUL-terminated. */
typedef struct {
    const char *at;
    const char *end;
} Text;

static Text text_of(const PackagesDeb822Field *field)
{
    return (Text){field->value, field->value + field->value_bytes};
}

static Text text_trim(Text text)
{
    while (text.at < text.end && strchr(WHITE, *text.at) != NULL)
        text.at++;
    while (text.end > text.at && strchr(WHITE, text.end[-1]) != NULL)
        text.end--;
    return text;
}

/* Cuts @text before its first @separator; @text becomes what follows. */
static Text text_cut(Text *text, char separator)
{
    size_t left = (size_t)(text->end - text->at);
    const char *hit = left > 0 ? memchr(text->at, separator, left) : NULL;
    Text head = {text->at, hit != NULL ? hit : text->end};
    text->at = hit != NULL ? hit + 1 : text->end;
    return text_trim(head);
}

static size_t text_span(Text text, const char *allowed)
{
    const char *at = text.at;
    while (at < text.end && *at != '\0' && strchr(allowed, *at) != NULL)
        at++;
    return (size_t)(at - text.at);
}

static Id text_id(Pool *pool, Text text)
{
    return pool_strn2id(pool, text.at, (unsigned)(text.end - text.at), 1);
}

static bool text_is(Text text, const char *wanted)
{
    return (size_t)(text.end - text.at) == strlen(wanted) &&
           g_ascii_strncasecmp(text.at, wanted, strlen(wanted)) == 0;
}

/* --- dependencies --- */

static int relation_flags(Text *text)
{
    static const struct {
        const char *sign;
        int flags;
    } signs[] = {
        {"<<", REL_LT}, {"<=", REL_LT | REL_EQ}, {">=", REL_GT | REL_EQ}, {">>", REL_GT},
        {"=", REL_EQ},  {"<", REL_LT | REL_EQ},  {">", REL_GT | REL_EQ},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++) {
        size_t n = strlen(signs[i].sign);
        if ((size_t)(text->end - text->at) >= n && memcmp(text->at, signs[i].sign, n) == 0) {
            text->at += n;
            *text = text_trim(*text);
            return signs[i].flags;
        }
    }
    return 0;
}

/* "name", "name:any", "name (>= 1.0)". The qualifier says which architecture's package may
 * fulfil the dependency; a tree has one architecture. */
static Id parse_relation(Pool *pool, Text text)
{
    Text version = text;
    Text name = text_cut(&version, '(');
    Text bare = text_cut(&name, ':');
    if (bare.at == bare.end)
        return 0;
    Id id = text_id(pool, bare);
    version = text_cut(&version, ')');
    int flags = relation_flags(&version);
    if (flags == 0 || version.at == version.end)
        return id;
    return pool_rel2id(pool, id, text_id(pool, version), flags, 1);
}

static Id parse_alternatives(Pool *pool, Text text)
{
    Id ids[MAX_ALTERNATIVES];
    size_t n = 0;
    while (text.at < text.end && n < MAX_ALTERNATIVES) {
        Id id = parse_relation(pool, text_cut(&text, '|'));
        if (id != 0)
            ids[n++] = id;
    }
    if (n == 0)
        return 0;
    Id id = ids[--n];
    while (n > 0)
        id = pool_rel2id(pool, ids[--n], id, REL_OR, 1);
    return id;
}

static void add_dependencies(Parser *self, const PackagesDeb822Stanza *stanza, const char *name,
                             Offset *dependencies)
{
    const PackagesDeb822Field *field = packages_deb822_find(stanza, name);
    if (field == NULL)
        return;
    Text text = text_of(field);
    while (text.at < text.end) {
        Id id = parse_alternatives(self->pool, text_cut(&text, ','));
        if (id != 0)
            *dependencies = repo_addid_dep(self->repo, *dependencies, id, 0);
    }
}

/* --- attributes --- */

static bool set_invalid(GError **error, const char *name, const char *what)
{
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "field ‘%s’ %s", name, what);
    return false;
}

#define LETTERS_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static bool find_word(const PackagesDeb822Stanza *stanza, const char *name, const char *allowed,
                      Text *out_text, GError **error)
{
    const PackagesDeb822Field *field = packages_deb822_find(stanza, name);
    if (field == NULL || field->value_bytes == 0)
        return set_invalid(error, name, "is missing");
    *out_text = text_of(field);
    if (text_span(*out_text, allowed) != field->value_bytes)
        return set_invalid(error, name, "has a character that it must not have");
    return true;
}

static bool find_number(const PackagesDeb822Stanza *stanza, const char *name, uint64_t *out_number,
                        GError **error)
{
    const PackagesDeb822Field *field = packages_deb822_find(stanza, name);
    if (field == NULL)
        return true;
    if (field->value_bytes == 0 || field->value_bytes > 15 ||
        text_span(text_of(field), "0123456789") != field->value_bytes)
        return set_invalid(error, name, "is no number");
    *out_number = 0;
    for (size_t i = 0; i < field->value_bytes; i++)
        *out_number = *out_number * 10 + (uint64_t)(field->value[i] - '0');
    return true;
}

static bool set_location(Parser *self, Id p, const PackagesDeb822Stanza *stanza, GError **error)
{
    g_autofree char *path = packages_deb822_dup(stanza, "Filename");
    if (path == NULL || path[0] == '\0')
        return set_invalid(error, "Filename", "is missing");
    const char *relative = g_str_has_prefix(path, "./") ? path + 2 : path;
    g_auto(GStrv) parts = g_strsplit(relative, "/", -1);
    bool climbs = relative[0] == '/' || g_strv_contains((const char *const *)parts, "..");
    for (const char *c = relative; *c != '\0'; c++)
        climbs = climbs || (unsigned char)*c < ' ';
    if (climbs)
        return set_invalid(error, "Filename", "is no path below the repository");
    repodata_set_location(self->data, p, 0, NULL, relative);
    return true;
}

static bool set_digest(Parser *self, Id p, const PackagesDeb822Stanza *stanza, GError **error)
{
    Text digest;
    if (!find_word(stanza, "SHA256", "0123456789abcdefABCDEF", &digest, error))
        return false;
    if (digest.end - digest.at != 64)
        return set_invalid(error, "SHA256", "has the wrong length");
    char hex[65] = "";
    memcpy(hex, digest.at, 64);
    repodata_set_checksum(self->data, p, SOLVABLE_CHECKSUM, REPOKEY_TYPE_SHA256, hex);
    return true;
}

static bool set_sizes(Parser *self, Id p, const PackagesDeb822Stanza *stanza, GError **error)
{
    uint64_t size_bytes = 0;
    uint64_t installed_kib = 0;
    if (!find_number(stanza, "Size", &size_bytes, error) ||
        !find_number(stanza, "Installed-Size", &installed_kib, error))
        return false;
    if (size_bytes == 0)
        return set_invalid(error, "Size", "is missing");
    repodata_set_num(self->data, p, SOLVABLE_DOWNLOADSIZE, size_bytes);
    repodata_set_num(self->data, p, SOLVABLE_INSTALLSIZE, installed_kib << 10);
    return true;
}

/* "Source: name" or "Source: name (version)"; none when it is called as the package is. */
static void set_source(Parser *self, Id p, const PackagesDeb822Stanza *stanza)
{
    const PackagesDeb822Field *field = packages_deb822_find(stanza, "Source");
    if (field == NULL)
        return;
    Text text = text_of(field);
    Text name = text_cut(&text, '(');
    /* one that cannot be is as good as none: it is only for people to read */
    if (name.at < name.end && text_span(name, LETTERS_DIGITS "+-.") == (size_t)(name.end - name.at))
        repodata_set_id(self->data, p, SOLVABLE_SOURCENAME, text_id(self->pool, name));
}

static void set_priority(Parser *self, Id p, const PackagesDeb822Stanza *stanza)
{
    static const char *const names[] = {"required", "important", "standard", "optional", "extra"};
    const PackagesDeb822Field *essential = packages_deb822_find(stanza, "Essential");
    const PackagesDeb822Field *field = packages_deb822_find(stanza, "Priority");
    unsigned priority = PACKAGES_INDEX_PRIORITY_OPTIONAL;
    for (unsigned i = 0; field != NULL && i < G_N_ELEMENTS(names); i++)
        if (text_is(text_of(field), names[i]))
            priority = i;
    if (priority != PACKAGES_INDEX_PRIORITY_OPTIONAL)
        repodata_set_num(self->data, p, self->priority_key, priority);
    if (priority == 0 || (essential != NULL && text_is(text_of(essential), "yes")))
        repodata_add_idarray(self->data, SOLVID_META, self->base_key,
                             pool_id2solvable(self->pool, p)->name);
}

static bool add_package(Parser *self, const PackagesDeb822Stanza *stanza, GError **error)
{
    Text name;
    Text version;
    Text arch;
    if (!find_word(stanza, "Package", LETTERS_DIGITS "+-._", &name, error) ||
        !find_word(stanza, "Version", LETTERS_DIGITS "+-._~:", &version, error) ||
        !find_word(stanza, "Architecture", LETTERS_DIGITS "-", &arch, error))
        return false;
    Id p = repo_add_solvable(self->repo);
    Solvable *s = pool_id2solvable(self->pool, p);
    s->name = text_id(self->pool, name);
    s->evr = text_id(self->pool, version);
    s->arch = text_id(self->pool, arch);
    add_dependencies(self, stanza, "Depends", &s->requires);
    add_dependencies(self, stanza, "Pre-Depends", &s->requires);
    add_dependencies(self, stanza, "Recommends", &s->recommends);
    add_dependencies(self, stanza, "Conflicts", &s->conflicts);
    add_dependencies(self, stanza, "Breaks", &s->conflicts);
    add_dependencies(self, stanza, "Provides", &s->provides);
    Id self_id = pool_rel2id(self->pool, s->name, s->evr, REL_EQ, 1);
    s->provides = repo_addid_dep(self->repo, s->provides, self_id, 0);
    set_source(self, p, stanza);
    set_priority(self, p, stanza);
    return set_location(self, p, stanza, error) && set_digest(self, p, stanza, error) &&
           set_sizes(self, p, stanza, error);
}

static bool parse_stanzas(Parser *self, const char *text, size_t size_bytes, unsigned *line,
                          GError **error)
{
    PackagesDeb822Stanza stanza;
    PackagesDeb822Iter iter;
    packages_deb822_iter_init(&iter, text, size_bytes);
    iter.line = *line;
    for (;;) {
        if (!packages_deb822_iter_next(&iter, &stanza, error))
            return false;
        if (stanza.n_fields == 0)
            break;
        if (!add_package(self, &stanza, error)) {
            g_autofree char *name = packages_deb822_dup(&stanza, "Package");
            g_prefix_error(error, "line %u: package ‘%s’: ", stanza.line, name != NULL ? name : "");
            return false;
        }
    }
    *line = iter.line;
    return true;
}

/* How much of @buffer is whole stanzas: up to its last empty line. */
static size_t whole_stanzas(const GByteArray *buffer)
{
    const char *hit = g_strrstr_len((const char *)buffer->data, (gssize)buffer->len, "\n\n");
    return hit != NULL ? (size_t)(hit - (const char *)buffer->data) + 2 : 0;
}

static bool parse_text(Parser *self, FILE *text, GError **error)
{
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    unsigned line = 0;
    size_t n = CHUNK_BYTES;
    while (n > 0) {
        guint start = buffer->len;
        g_byte_array_set_size(buffer, start + CHUNK_BYTES);
        n = fread(buffer->data + start, 1, CHUNK_BYTES, text);
        g_byte_array_set_size(buffer, start + (guint)n);
        size_t whole = n > 0 ? whole_stanzas(buffer) : buffer->len;
        if (whole > 0) {
            if (!parse_stanzas(self, (const char *)buffer->data, whole, &line, error))
                return false;
            g_byte_array_remove_range(buffer, 0, (guint)whole);
        }
        if (buffer->len > PACKAGES_DEB822_MAX_STANZA_BYTES) {
            g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID,
                        "line %u: the stanza is too long", line);
            return false;
        }
    }
    if (ferror(text)) {
        g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "line %u: it cannot be unpacked",
                    line);
        return false;
    }
    return true;
}

bool packages_index_parse(Repo *repo, FILE *text, GError **error)
{
    Parser self = {.repo = repo, .pool = repo->pool};
    self.data = repo_add_repodata(repo, 0);
    self.base_key = pool_str2id(repo->pool, PACKAGES_INDEX_BASE, 1);
    self.priority_key = pool_str2id(repo->pool, PACKAGES_INDEX_PRIORITY, 1);
    bool ok = parse_text(&self, text, error);
    repodata_internalize(self.data);
    return ok;
}
