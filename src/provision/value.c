/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The tree of values, whatever it was read from: making, finding, printing. Reading text is in
 * value-yaml.c and value-json.c.
 */
#include "provision/value.h"

#include "provision/error.h"
#include "provision/value-private.h"

#include <string.h>

static void value_free(gpointer data)
{
    provision_value_unref(data);
}

static void member_free(gpointer data)
{
    ProvisionMember *self = data;
    g_free(self->name);
    provision_value_unref(self->value);
    g_free(self);
}

ProvisionValue *provision_value_new(const ProvisionPlace *at, ProvisionValueKind kind)
{
    ProvisionValue *self = g_new0(ProvisionValue, 1);
    self->kind = kind;
    self->at = *at;
    self->references = 1;
    if (kind == PROVISION_VALUE_LIST)
        self->items = g_ptr_array_new_with_free_func(value_free);
    else if (kind == PROVISION_VALUE_MAP)
        self->members = g_ptr_array_new_with_free_func(member_free);
    return self;
}

ProvisionValue *provision_value_new_string(const ProvisionPlace *at, const char *text)
{
    ProvisionValue *self = provision_value_new(at, PROVISION_VALUE_STRING);
    self->text = g_strdup(text);
    return self;
}

ProvisionValue *provision_value_ref(ProvisionValue *self)
{
    g_atomic_int_inc(&self->references);
    return self;
}

void provision_value_unref(ProvisionValue *self)
{
    if (self == NULL || !g_atomic_int_dec_and_test(&self->references))
        return;
    g_free(self->text);
    g_clear_pointer(&self->bytes, g_bytes_unref);
    g_clear_pointer(&self->items, g_ptr_array_unref);
    g_clear_pointer(&self->members, g_ptr_array_unref);
    g_free(self);
}

void provision_value_take_item(ProvisionValue *self, ProvisionValue *item)
{
    g_ptr_array_add(self->items, item);
}

void provision_value_append_member(ProvisionValue *self, const char *name, const ProvisionPlace *at,
                                   ProvisionValue *value)
{
    ProvisionMember *member = g_new0(ProvisionMember, 1);
    member->name = g_strdup(name);
    member->at = *at;
    member->value = value;
    g_ptr_array_add(self->members, member);
}

static ProvisionMember *find_member(const ProvisionValue *self, const char *name)
{
    if (self == NULL || self->kind != PROVISION_VALUE_MAP)
        return NULL;
    for (guint i = 0; i < self->members->len; i++) {
        ProvisionMember *member = self->members->pdata[i];
        if (strcmp(member->name, name) == 0)
            return member;
    }
    return NULL;
}

void provision_value_take_member(ProvisionValue *self, const char *name, const ProvisionPlace *at,
                                 ProvisionValue *value)
{
    ProvisionMember *member = find_member(self, name);
    if (member == NULL) {
        provision_value_append_member(self, name, at, value);
        return;
    }
    provision_value_unref(member->value);
    member->value = value;
    member->at = *at;
}

void provision_value_set_string(ProvisionValue *self, const char *name, const char *text)
{
    if (text != NULL)
        provision_value_take_member(self, name, &self->at,
                                    provision_value_new_string(&self->at, text));
}

const ProvisionValue *provision_value_find(const ProvisionValue *self, const char *name)
{
    const ProvisionMember *member = find_member(self, name);
    return member == NULL ? NULL : member->value;
}

const ProvisionValue *provision_value_look_up(const ProvisionValue *self, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, ".", -1);
    for (unsigned i = 0; names[i] != NULL && self != NULL; i++) {
        if (self->kind == PROVISION_VALUE_LIST) {
            guint64 index = 0;
            if (!g_ascii_string_to_unsigned(names[i], 10, 0, G_MAXUINT32, &index, NULL) ||
                index >= self->items->len)
                return NULL;
            self = self->items->pdata[index];
        } else {
            self = provision_value_find(self, names[i]);
        }
    }
    return self;
}

const char *provision_value_kind_name(ProvisionValueKind kind)
{
    static const char *const names[] = {
        [PROVISION_VALUE_NULL] = "nothing",       [PROVISION_VALUE_BOOL] = "a boolean",
        [PROVISION_VALUE_INT] = "a whole number", [PROVISION_VALUE_FLOAT] = "a number",
        [PROVISION_VALUE_STRING] = "text",        [PROVISION_VALUE_LIST] = "a list",
        [PROVISION_VALUE_MAP] = "a mapping",
    };
    return names[kind];
}

char *provision_value_to_text(const ProvisionValue *self)
{
    switch (self->kind) {
    case PROVISION_VALUE_BOOL:
        return g_strdup(self->boolean ? "True" : "False");
    case PROVISION_VALUE_INT:
        return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)self->integer);
    case PROVISION_VALUE_FLOAT:
    case PROVISION_VALUE_STRING:
        return g_strdup(self->text);
    case PROVISION_VALUE_NULL:
    case PROVISION_VALUE_LIST:
    case PROVISION_VALUE_MAP:
        return NULL;
    }
    return NULL;
}

static void print_string(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", c);
        else if (c == '\n')
            g_string_append(out, "\\n");
        else if (c < 0x20 || c == 0x7f)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_c(out, (char)c);
    }
    g_string_append_c(out, '"');
}

/* Numbers that JSON cannot write (0x1f, .inf, 1_000.5) are printed as text. */
static bool is_json_number(const char *text)
{
    const char *p = text + (*text == '-');
    if (!g_ascii_isdigit(*p) || (p[0] == '0' && g_ascii_isdigit(p[1])))
        return false;
    while (g_ascii_isdigit(*p))
        p++;
    if (*p == '.') {
        if (!g_ascii_isdigit(*++p))
            return false;
        while (g_ascii_isdigit(*p))
            p++;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        if (!g_ascii_isdigit(*p))
            return false;
        while (g_ascii_isdigit(*p))
            p++;
    }
    return *p == '\0';
}

static void print_value(GString *out, const ProvisionValue *self)
{
    switch (self->kind) {
    case PROVISION_VALUE_NULL:
        g_string_append(out, "null");
        return;
    case PROVISION_VALUE_BOOL:
        g_string_append(out, self->boolean ? "true" : "false");
        return;
    case PROVISION_VALUE_INT:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, (gint64)self->integer);
        return;
    case PROVISION_VALUE_FLOAT:
        if (is_json_number(self->text))
            g_string_append(out, self->text);
        else
            print_string(out, self->text);
        return;
    case PROVISION_VALUE_STRING:
        print_string(out, self->text);
        return;
    case PROVISION_VALUE_LIST:
        g_string_append_c(out, '[');
        for (guint i = 0; i < self->items->len; i++) {
            g_string_append(out, i > 0 ? ", " : "");
            print_value(out, self->items->pdata[i]);
        }
        g_string_append_c(out, ']');
        return;
    case PROVISION_VALUE_MAP:
        g_string_append_c(out, '{');
        for (guint i = 0; i < self->members->len; i++) {
            const ProvisionMember *member = self->members->pdata[i];
            g_string_append(out, i > 0 ? ", " : "");
            print_string(out, member->name);
            g_string_append(out, ": ");
            print_value(out, member->value);
        }
        g_string_append_c(out, '}');
        return;
    }
}

char *provision_value_print(const ProvisionValue *self)
{
    g_autoptr(GString) out = g_string_new(NULL);
    print_value(out, self);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

bool provision_value_set_error(const ProvisionPlace *at, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_autoptr(GString) place = g_string_new(NULL);
    if (at->source != NULL)
        g_string_append_printf(place, "%s:", at->source);
    if (at->line > 0)
        g_string_append_printf(place, "%u:%u:", at->line, at->column);
    if (place->len > 0)
        g_string_append_c(place, ' ');
    if (at->key != NULL && at->key[0] != '\0')
        g_string_append_printf(place, "%s: ", at->key);
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "%s%s", place->str, message);
    return false;
}

const char *provision_value_member_key(const char *parent, const char *name)
{
    size_t length = parent == NULL ? 0 : strlen(parent);
    if (length > PROVISION_VALUE_MAX_KEY_CHARS)
        return parent;
    if (strlen(name) > PROVISION_VALUE_MAX_KEY_CHARS)
        name = "…";
    g_autofree char *key = length == 0 ? g_strdup(name) : g_strdup_printf("%s.%s", parent, name);
    return provision_place_intern(key);
}

const char *provision_value_item_key(const char *parent, guint index)
{
    size_t length = parent == NULL ? 0 : strlen(parent);
    if (length > PROVISION_VALUE_MAX_KEY_CHARS)
        return parent;
    g_autofree char *key = g_strdup_printf("%s[%u]", parent == NULL ? "" : parent, index);
    return provision_place_intern(key);
}

ProvisionValue *provision_value_parse_at(const char *source, unsigned first_line, GBytes *bytes,
                                         ProvisionValueSyntax syntax, GError **error)
{
    const ProvisionPlace start = {.source = provision_place_intern(source), .line = first_line};
    size_t size_bytes = g_bytes_get_size(bytes);
    if (size_bytes > PROVISION_VALUE_MAX_BYTES) {
        const ProvisionPlace whole = {.source = start.source};
        provision_value_set_error(&whole, error, "%zu bytes, more than the %d that are read",
                                  size_bytes, PROVISION_VALUE_MAX_BYTES);
        return NULL;
    }
    return syntax == PROVISION_VALUE_JSON ? provision_value_parse_json(&start, bytes, error)
                                          : provision_value_parse_yaml(&start, bytes, error);
}

ProvisionValue *provision_value_parse(const char *source, GBytes *bytes,
                                      ProvisionValueSyntax syntax, GError **error)
{
    return provision_value_parse_at(source, 1, bytes, syntax, error);
}
