/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The part of jinja that first-boot configurations use: looking values up. No statements, no
 * arithmetic, no calls: what is not understood is an error, never left in the text.
 */
#include "provision/envelope/jinja.h"

#include <string.h>

#define MAX_RENDERED_BYTES (32 * 1024 * 1024)

typedef struct {
    ProvisionPlace at; /* of the start of the text */
    const char *text;
    const char *p;
    const char *end;
    const ProvisionValue *data;
    GError **error;
} Renderer;

static bool fail(const Renderer *r, const char *p, const char *format, const char *what)
{
    ProvisionPlace at = r->at;
    const char *line_start = r->text;
    for (const char *c = r->text; c < p; c++) {
        if (*c == '\n') {
            at.line++;
            line_start = c + 1;
        }
    }
    unsigned before = line_start == r->text && at.column > 0 ? at.column - 1 : 0;
    at.column = before + (unsigned)g_utf8_strlen(line_start, p - line_start) + 1;
    g_autofree char *message = g_strdup_printf("template: %s%s%s", format, what == NULL ? "" : " ‘",
                                               what == NULL ? "" : what);
    return provision_value_set_error(&at, r->error, "%s%s", message, what == NULL ? "" : "’");
}

static void skip_space(Renderer *r)
{
    while (r->p < r->end && g_ascii_isspace(*r->p))
        r->p++;
}

static bool is_name_char(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

static char *read_name(Renderer *r)
{
    const char *start = r->p;
    while (r->p < r->end && is_name_char(*r->p))
        r->p++;
    return r->p == start ? NULL : g_strndup(start, (gsize)(r->p - start));
}

static char *read_quoted(Renderer *r)
{
    char quote = *r->p;
    const char *start = r->p++;
    g_autoptr(GString) text = g_string_new(NULL);
    while (r->p < r->end && *r->p != quote) {
        if (*r->p == '\\' && r->p + 1 < r->end) {
            r->p++;
            g_string_append_c(text, *r->p == 'n' ? '\n' : *r->p == 't' ? '\t' : *r->p);
        } else {
            g_string_append_c(text, *r->p);
        }
        r->p++;
    }
    if (r->p == r->end) {
        fail(r, start, "text without its end", NULL);
        return NULL;
    }
    r->p++;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* “local-hostname” is also “local_hostname”, and “v1.0” is “v1_0”. */
static bool is_alias(const char *name, const char *wanted)
{
    size_t i = 0;
    for (; name[i] != '\0' && wanted[i] != '\0'; i++) {
        char c = name[i] == '-' || name[i] == '.' ? '_' : name[i];
        if (c != wanted[i])
            return false;
    }
    return name[i] == '\0' && wanted[i] == '\0';
}

static const ProvisionValue *find(const ProvisionValue *value, const char *name)
{
    if (value == NULL)
        return NULL;
    if (value->kind == PROVISION_VALUE_LIST) {
        guint64 index = 0;
        if (!g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT32, &index, NULL) ||
            index >= value->items->len)
            return NULL;
        return value->items->pdata[index];
    }
    const ProvisionValue *found = provision_value_find(value, name);
    for (guint i = 0;
         found == NULL && value->kind == PROVISION_VALUE_MAP && i < value->members->len; i++) {
        const ProvisionMember *member = value->members->pdata[i];
        if (is_alias(member->name, name))
            found = member->value;
    }
    return found;
}

static const ProvisionValue *find_first(const Renderer *r, const char *name)
{
    const ProvisionValue *found = find(r->data, name);
    return found != NULL ? found : find(find(r->data, "v1"), name);
}

/* NAME ( .NAME | [N] | ['NAME'] )*; @out_value is NULL when there is no such value. */
static bool read_path(Renderer *r, const ProvisionValue **out_value)
{
    const char *start = r->p;
    g_autofree char *name = read_name(r);
    if (name == NULL)
        return fail(r, start, "only looking a value up is supported here", NULL);
    const ProvisionValue *value = find_first(r, name);
    while (r->p < r->end && (*r->p == '.' || *r->p == '[')) {
        g_autofree char *next = NULL;
        bool bracket = *r->p++ == '[';
        const char *at = r->p;
        skip_space(r);
        bool quoted = bracket && r->p < r->end && (*r->p == '\'' || *r->p == '"');
        next = quoted ? read_quoted(r) : read_name(r);
        if (next == NULL)
            return quoted ? false : fail(r, at, "a name is missing", NULL);
        if (bracket)
            skip_space(r);
        if (bracket && (r->p == r->end || *r->p++ != ']'))
            return fail(r, at, "a ‘]’ is missing", NULL);
        value = find(value, next);
    }
    *out_value = value;
    return true;
}

static bool read_filter(Renderer *r, char **out_default, bool *out_also_empty)
{
    const char *start = r->p;
    g_autofree char *name = read_name(r);
    if (g_strcmp0(name, "default") != 0 && g_strcmp0(name, "d") != 0)
        return fail(r, start, "unknown filter; only default('…') is supported, not",
                    name == NULL ? "" : name);
    skip_space(r);
    if (r->p == r->end || *r->p++ != '(')
        return fail(r, start, "default wants a text in parentheses", NULL);
    skip_space(r);
    if (r->p == r->end)
        return fail(r, start, "default wants a text in parentheses", NULL);
    bool quoted = *r->p == '\'' || *r->p == '"';
    g_free(*out_default);
    *out_default = quoted ? read_quoted(r) : read_name(r);
    if (*out_default == NULL)
        return quoted ? false : fail(r, start, "default wants a text or a number", NULL);
    if (!quoted && !g_ascii_isdigit(**out_default))
        return fail(r, start, "default wants a text or a number, not", *out_default);
    skip_space(r);
    if (r->p < r->end && *r->p == ',') {
        r->p++;
        skip_space(r);
        g_autofree char *word = read_name(r);
        *out_also_empty = g_strcmp0(word, "true") == 0 || g_strcmp0(word, "True") == 0;
        skip_space(r);
    }
    if (r->p == r->end || *r->p++ != ')')
        return fail(r, start, "a ‘)’ is missing", NULL);
    return true;
}

static bool render_expression(Renderer *r, GString *out)
{
    const ProvisionValue *value = NULL;
    g_autofree char *fallback = NULL;
    bool also_empty = false;
    skip_space(r);
    const char *start = r->p;
    if (!read_path(r, &value))
        return false;
    const char *path_end = r->p;
    skip_space(r);
    while (r->p < r->end && *r->p == '|') {
        r->p++;
        skip_space(r);
        if (!read_filter(r, &fallback, &also_empty))
            return false;
        skip_space(r);
    }
    if (r->p < r->end)
        return fail(r, r->p, "only looking a value up and default('…') are supported here", NULL);
    g_autofree char *text = value == NULL ? NULL : provision_value_to_text(value);
    if (text != NULL && fallback != NULL && also_empty && text[0] == '\0')
        g_clear_pointer(&text, g_free);
    if (text == NULL && (value == NULL || also_empty) && fallback != NULL) {
        g_string_append(out, fallback);
        return true;
    }
    if (text != NULL) {
        g_string_append(out, text);
        return true;
    }
    g_autofree char *path = g_strndup(start, (gsize)(path_end - start));
    if (value == NULL)
        return fail(r, start, "there is no value for", path);
    return fail(r, start,
                value->kind == PROVISION_VALUE_LIST  ? "a list, not a text, is"
                : value->kind == PROVISION_VALUE_MAP ? "a mapping, not a text, is"
                                                     : "nothing is in",
                path);
}

static void strip_end(GString *out)
{
    while (out->len > 0 && g_ascii_isspace(out->str[out->len - 1]))
        g_string_truncate(out, out->len - 1);
}

/* The tag at r->p: “{{ … }}” or “{# … #}”. */
static bool render_tag(Renderer *r, GString *out)
{
    const char *start = r->p;
    bool comment = r->p[1] == '#';
    const char *body = r->p + 2;
    const char *close = g_strstr_len(body, r->end - body, comment ? "#}" : "}}");
    if (close == NULL)
        return fail(r, start, comment ? "a comment without its end" : "‘{{’ without ‘}}’", NULL);
    const char *after = close + 2;
    if (body < close && *body == '-') {
        strip_end(out);
        body++;
    }
    const char *body_end = close;
    if (body_end > body && body_end[-1] == '-') {
        body_end--;
        while (after < r->end && g_ascii_isspace(*after))
            after++;
    }
    if (!comment) {
        Renderer inner = *r;
        inner.p = body;
        inner.end = body_end;
        if (!render_expression(&inner, out))
            return false;
    }
    r->p = after;
    return true;
}

char *provision_jinja_render(const ProvisionPlace *at, const char *text, size_t size_bytes,
                             const ProvisionValue *data, GError **error)
{
    Renderer r = {
        .at = *at, .text = text, .p = text, .end = text + size_bytes, .data = data, .error = error};
    g_autoptr(GString) out = g_string_sized_new(size_bytes);
    while (r.p < r.end) {
        const char *brace = memchr(r.p, '{', (size_t)(r.end - r.p));
        const char *stop = brace == NULL ? r.end : brace;
        g_string_append_len(out, r.p, stop - r.p);
        r.p = stop;
        if (r.p == r.end)
            break;
        char next = r.p + 1 < r.end ? r.p[1] : '\0';
        if (next == '%') {
            fail(&r, r.p, "statements (‘{%’) are not supported: only ‘{{ value }}’ is", NULL);
            return NULL;
        }
        if (next == '{' || next == '#') {
            if (!render_tag(&r, out))
                return NULL;
        } else {
            g_string_append_c(out, '{');
            r.p++;
        }
        if (out->len > MAX_RENDERED_BYTES) {
            fail(&r, r.p, "the result is too large", NULL);
            return NULL;
        }
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
