/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one parser of Debian's control syntax, deb822(5): it cuts text into stanzas and fields
 * that point into the text, so that an index of 50 MB costs no copies. It knows no field.
 */
#include "packages/deb822.h"

#include <string.h>

typedef struct {
    const char *text;
    size_t size_bytes;
} Line;

void packages_deb822_iter_init(PackagesDeb822Iter *self, const char *data, size_t size_bytes)
{
    *self = (PackagesDeb822Iter){.data = data, .size_bytes = size_bytes};
}

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool next_line(PackagesDeb822Iter *self, Line *out_line)
{
    if (self->offset >= self->size_bytes)
        return false;
    const char *start = self->data + self->offset;
    size_t left = self->size_bytes - self->offset;
    const char *newline = memchr(start, '\n', left);
    size_t size_bytes = newline != NULL ? (size_t)(newline - start) + 1 : left;
    *out_line = (Line){.text = start, .size_bytes = size_bytes};
    self->offset += size_bytes;
    self->line++;
    return true;
}

static bool line_is_blank(const Line *line)
{
    for (size_t i = 0; i < line->size_bytes; i++)
        if (!is_white(line->text[i]))
            return false;
    return true;
}

static bool set_invalid(const PackagesDeb822Iter *self, GError **error, const char *what)
{
    g_set_error(error, PACKAGES_ERROR, PACKAGES_ERROR_INVALID, "line %u: %s", self->line, what);
    return false;
}

static void set_value(PackagesDeb822Field *field, const char *start, const char *end)
{
    while (start < end && is_white(*start))
        start++;
    while (end > start && is_white(end[-1]))
        end--;
    field->value = start;
    field->value_bytes = (size_t)(end - start);
}

static bool name_is_valid(const char *name, size_t size_bytes)
{
    if (size_bytes == 0 || name[0] == '-')
        return false;
    for (size_t i = 0; i < size_bytes; i++)
        if (name[i] <= ' ' || name[i] >= 0x7f)
            return false;
    return true;
}

static bool name_is(const PackagesDeb822Field *field, const char *name, size_t size_bytes)
{
    return field->name_bytes == size_bytes &&
           g_ascii_strncasecmp(field->name, name, size_bytes) == 0;
}

static bool add_field(const PackagesDeb822Iter *self, PackagesDeb822Stanza *stanza,
                      const Line *line, GError **error)
{
    const char *end = line->text + line->size_bytes;
    const char *colon = memchr(line->text, ':', line->size_bytes);
    if (colon == NULL)
        return set_invalid(self, error, "wanted ‘Field: value’, found no colon");

    PackagesDeb822Field field = {.name = line->text};
    field.name_bytes = (size_t)(colon - line->text);
    if (!name_is_valid(field.name, field.name_bytes))
        return set_invalid(self, error, "the text before the colon is no field name");
    for (size_t i = 0; i < stanza->n_fields; i++)
        if (name_is(&stanza->fields[i], field.name, field.name_bytes))
            return set_invalid(self, error, "the stanza has this field already");
    if (stanza->n_fields == PACKAGES_DEB822_MAX_FIELDS)
        return set_invalid(self, error, "the stanza has too many fields");

    set_value(&field, colon + 1, end);
    stanza->fields[stanza->n_fields++] = field;
    return true;
}

static bool add_line(const PackagesDeb822Iter *self, PackagesDeb822Stanza *stanza, const Line *line,
                     GError **error)
{
    const char *end = line->text + line->size_bytes;
    if (memchr(line->text, '\0', line->size_bytes) != NULL)
        return set_invalid(self, error, "the text has a NUL byte");
    if (line->text[0] == '#')
        return true;
    if (stanza->raw == NULL) {
        stanza->raw = line->text;
        stanza->line = self->line;
    }
    stanza->raw_bytes = (size_t)(end - stanza->raw);
    if (stanza->raw_bytes > PACKAGES_DEB822_MAX_STANZA_BYTES)
        return set_invalid(self, error, "the stanza is too long");

    if (line->text[0] != ' ' && line->text[0] != '\t')
        return add_field(self, stanza, line, error);
    if (stanza->n_fields == 0)
        return set_invalid(self, error, "a continuation line without a field before it");
    PackagesDeb822Field *last = &stanza->fields[stanza->n_fields - 1];
    set_value(last, last->value, end);
    return true;
}

bool packages_deb822_iter_next(PackagesDeb822Iter *self, PackagesDeb822Stanza *out_stanza,
                               GError **error)
{
    out_stanza->n_fields = 0;
    out_stanza->raw = NULL;
    out_stanza->raw_bytes = 0;
    out_stanza->line = 0;
    Line line;
    while (next_line(self, &line)) {
        if (!line_is_blank(&line)) {
            if (!add_line(self, out_stanza, &line, error))
                return false;
        } else if (out_stanza->n_fields > 0) {
            break;
        }
    }
    return true;
}

bool packages_deb822_parse_one(const char *data, size_t size_bytes,
                               PackagesDeb822Stanza *out_stanza, GError **error)
{
    PackagesDeb822Iter iter;
    packages_deb822_iter_init(&iter, data, size_bytes);
    if (!packages_deb822_iter_next(&iter, out_stanza, error))
        return false;
    if (out_stanza->n_fields == 0)
        return set_invalid(&iter, error, "wanted a stanza, found nothing");
    Line line;
    while (next_line(&iter, &line))
        if (!line_is_blank(&line) && line.text[0] != '#')
            return set_invalid(&iter, error, "wanted one stanza, found a second");
    return true;
}

const PackagesDeb822Field *packages_deb822_find(const PackagesDeb822Stanza *stanza,
                                                const char *name)
{
    size_t size_bytes = strlen(name);
    for (size_t i = 0; i < stanza->n_fields; i++)
        if (name_is(&stanza->fields[i], name, size_bytes))
            return &stanza->fields[i];
    return NULL;
}

char *packages_deb822_dup(const PackagesDeb822Stanza *stanza, const char *name)
{
    const PackagesDeb822Field *field = packages_deb822_find(stanza, name);
    if (field == NULL)
        return NULL;
    GString *text = g_string_sized_new(field->value_bytes + 1);
    const char *at = field->value;
    const char *end = at + field->value_bytes;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline + 1 : end;
        if (at == field->value || *at != '#')
            g_string_append_len(text, at, stop - at);
        at = stop;
    }
    while (text->len > 0 && is_white(text->str[text->len - 1]))
        g_string_truncate(text, text->len - 1);
    return g_string_free(text, FALSE);
}

bool packages_deb822_field_is(const PackagesDeb822Field *field, const char *text)
{
    return field->value_bytes == strlen(text) &&
           g_ascii_strncasecmp(field->value, text, field->value_bytes) == 0;
}
