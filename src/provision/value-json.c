/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Strict JSON (RFC 8259) with the place of every value: what Ignition and the metadata services
 * speak. Of equal keys the last one counts, as in Go and Python.
 */
#include "provision/value-private.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *source;
    const char *p;
    const char *end;
    const char *counted; /* up to where @column has counted this line */
    unsigned column;
    unsigned line;
    unsigned depth;
    size_t count;
    GError **error;
} Reader;

static ProvisionValue *read_value(Reader *r, const char *key);

static void start_line(Reader *r, const char *p)
{
    r->line++;
    r->counted = p;
    r->column = 1;
}

/* Counts on from the last place: a megabyte on one line is not counted for each value anew. */
static ProvisionPlace place_of(Reader *r, const char *key)
{
    r->column += (unsigned)g_utf8_strlen(r->counted, r->p - r->counted);
    r->counted = r->p;
    return (ProvisionPlace){.source = r->source, .key = key, .line = r->line, .column = r->column};
}

static void *fail(Reader *r, const char *message)
{
    ProvisionPlace at = place_of(r, NULL);
    provision_value_set_error(&at, r->error, "%s", message);
    return NULL;
}

static void skip_space(Reader *r)
{
    for (; r->p < r->end; r->p++) {
        if (*r->p == '\n') {
            start_line(r, r->p + 1);
        } else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r') {
            return;
        }
    }
}

static bool read_hex4(Reader *r, gunichar *out_code)
{
    gunichar code = 0;
    if (r->end - r->p < 4)
        return false;
    for (unsigned i = 0; i < 4; i++, r->p++) {
        if (!g_ascii_isxdigit(*r->p))
            return false;
        code = code * 16 + (gunichar)g_ascii_xdigit_value(*r->p);
    }
    *out_code = code;
    return true;
}

static bool read_unicode(Reader *r, GString *out)
{
    gunichar code = 0;
    gunichar low = 0;
    if (!read_hex4(r, &code))
        return fail(r, "\\u wants four hex digits") != NULL;
    if (code == 0)
        return fail(r, "text may not have a NUL character") != NULL;
    if (code >= 0xd800 && code < 0xdc00) {
        if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u')
            return fail(r, "half of a pair of surrogates") != NULL;
        r->p += 2;
        if (!read_hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
            return fail(r, "half of a pair of surrogates") != NULL;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code <= 0xdfff) {
        return fail(r, "half of a pair of surrogates") != NULL;
    }
    g_string_append_unichar(out, code);
    return true;
}

static bool read_escape(Reader *r, GString *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (r->p == r->end)
        return fail(r, "text without its end") != NULL;
    if (*r->p == 'u') {
        r->p++;
        return read_unicode(r, out);
    }
    const char *found = *r->p == '\0' ? NULL : strchr(from, *r->p);
    if (found == NULL)
        return fail(r, "unknown escape in text") != NULL;
    g_string_append_c(out, to[found - from]);
    r->p++;
    return true;
}

static char *read_string(Reader *r)
{
    g_autoptr(GString) out = g_string_new(NULL);
    r->p++;
    while (r->p < r->end && *r->p != '"') {
        const char *run = r->p;
        while (r->p < r->end && *r->p != '"' && *r->p != '\\' && (unsigned char)*r->p >= 0x20)
            r->p++;
        g_string_append_len(out, run, r->p - run);
        if (r->p == r->end || *r->p == '"')
            break;
        if (*r->p != '\\')
            return fail(r, "a control character in text: it must be escaped");
        r->p++;
        if (!read_escape(r, out))
            return NULL;
    }
    if (r->p == r->end)
        return fail(r, "text without its end");
    r->p++;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool read_digits(Reader *r)
{
    const char *start = r->p;
    while (r->p < r->end && g_ascii_isdigit(*r->p))
        r->p++;
    return r->p > start;
}

static ProvisionValue *read_number(Reader *r, const ProvisionPlace *at)
{
    const char *start = r->p;
    bool whole = true;
    r->p += *r->p == '-';
    const char *digits = r->p;
    if (!read_digits(r) || (*digits == '0' && r->p - digits > 1))
        return fail(r, "no number");
    if (r->p < r->end && *r->p == '.') {
        whole = false;
        r->p++;
        if (!read_digits(r))
            return fail(r, "no number");
    }
    if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
        whole = false;
        r->p++;
        r->p += r->p < r->end && (*r->p == '-' || *r->p == '+');
        if (!read_digits(r))
            return fail(r, "no number");
    }
    ProvisionValue *value = provision_value_new(at, PROVISION_VALUE_FLOAT);
    value->text = g_strndup(start, (gsize)(r->p - start));
    gint64 number = 0;
    if (whole && g_ascii_string_to_signed(value->text, 10, G_MININT64, G_MAXINT64, &number, NULL)) {
        value->kind = PROVISION_VALUE_INT;
        value->integer = number;
    }
    return value;
}

static ProvisionValue *read_word(Reader *r, const ProvisionPlace *at)
{
    static const struct {
        const char *word;
        ProvisionValueKind kind;
        bool boolean;
    } words[] = {{"true", PROVISION_VALUE_BOOL, true},
                 {"false", PROVISION_VALUE_BOOL, false},
                 {"null", PROVISION_VALUE_NULL, false}};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        size_t length = strlen(words[i].word);
        if ((size_t)(r->end - r->p) < length || memcmp(r->p, words[i].word, length) != 0)
            continue;
        r->p += length;
        ProvisionValue *value = provision_value_new(at, words[i].kind);
        value->boolean = words[i].boolean;
        value->text = words[i].kind == PROVISION_VALUE_BOOL ? g_strdup(words[i].word) : NULL;
        return value;
    }
    return fail(r, "no JSON value");
}

static ProvisionValue *read_list(Reader *r, const ProvisionPlace *at)
{
    g_autoptr(ProvisionValue) list = provision_value_new(at, PROVISION_VALUE_LIST);
    r->p++;
    skip_space(r);
    if (r->p < r->end && *r->p == ']') {
        r->p++;
        return g_steal_pointer(&list);
    }
    while (true) {
        ProvisionValue *item = read_value(r, provision_value_item_key(at->key, list->items->len));
        if (item == NULL)
            return NULL;
        provision_value_take_item(list, item);
        skip_space(r);
        if (r->p == r->end)
            return fail(r, "a list without its end");
        if (*r->p == ']')
            break;
        if (*r->p != ',')
            return fail(r, "a comma or ‘]’ is missing");
        r->p++;
    }
    r->p++;
    return g_steal_pointer(&list);
}

static bool read_member(Reader *r, ProvisionValue *map, GHashTable *seen)
{
    skip_space(r);
    if (r->p == r->end || *r->p != '"')
        return fail(r, "a key must be text in quotes") != NULL;
    ProvisionPlace at = place_of(r, NULL);
    g_autofree char *name = read_string(r);
    if (name == NULL)
        return false;
    at.key = provision_value_member_key(map->at.key, name);
    skip_space(r);
    if (r->p == r->end || *r->p != ':')
        return fail(r, "a colon is missing after the key") != NULL;
    r->p++;
    ProvisionValue *value = read_value(r, at.key);
    if (value == NULL)
        return false;
    gpointer earlier = g_hash_table_lookup(seen, name);
    if (earlier != NULL) {
        ProvisionMember *member = map->members->pdata[GPOINTER_TO_UINT(earlier) - 1];
        provision_value_unref(member->value);
        member->value = value;
        member->at = at;
        return true;
    }
    provision_value_append_member(map, name, &at, value);
    const ProvisionMember *added = map->members->pdata[map->members->len - 1];
    g_hash_table_insert(seen, added->name, GUINT_TO_POINTER(map->members->len));
    return true;
}

static ProvisionValue *read_map(Reader *r, const ProvisionPlace *at)
{
    g_autoptr(ProvisionValue) map = provision_value_new(at, PROVISION_VALUE_MAP);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    r->p++;
    skip_space(r);
    if (r->p < r->end && *r->p == '}') {
        r->p++;
        return g_steal_pointer(&map);
    }
    while (true) {
        if (!read_member(r, map, seen))
            return NULL;
        skip_space(r);
        if (r->p == r->end)
            return fail(r, "a mapping without its end");
        if (*r->p == '}')
            break;
        if (*r->p != ',')
            return fail(r, "a comma or ‘}’ is missing");
        r->p++;
    }
    r->p++;
    return g_steal_pointer(&map);
}

static ProvisionValue *read_value(Reader *r, const char *key)
{
    skip_space(r);
    ProvisionPlace at = place_of(r, key);
    if (r->p == r->end)
        return fail(r, "a value is missing");
    if (++r->count > PROVISION_VALUE_MAX_COUNT)
        return fail(r, "more values than are read");
    if (*r->p == '"') {
        char *text = read_string(r);
        if (text == NULL)
            return NULL;
        ProvisionValue *value = provision_value_new(&at, PROVISION_VALUE_STRING);
        value->text = text;
        return value;
    }
    if (*r->p == '-' || g_ascii_isdigit(*r->p))
        return read_number(r, &at);
    if (*r->p != '[' && *r->p != '{')
        return read_word(r, &at);
    if (r->depth >= PROVISION_VALUE_MAX_DEPTH)
        return fail(r, "nested too deep");
    r->depth++;
    ProvisionValue *value = *r->p == '[' ? read_list(r, &at) : read_map(r, &at);
    r->depth--;
    return value;
}

static bool check_utf8(Reader *r)
{
    const char *wrong = NULL;
    size_t size_bytes = (size_t)(r->end - r->p);
    if (size_bytes == 0 || g_utf8_validate_len(r->p, size_bytes, &wrong))
        return true;
    for (; r->p < wrong; r->p++) {
        if (*r->p == '\n')
            start_line(r, r->p + 1);
    }
    return fail(r, *wrong == '\0' ? "a NUL character" : "no UTF-8 text") != NULL;
}

ProvisionValue *provision_value_parse_json(const ProvisionPlace *start, GBytes *bytes,
                                           GError **error)
{
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    if (text == NULL)
        text = "";
    Reader r = {.source = start->source,
                .p = text,
                .end = text + size_bytes,
                .counted = text,
                .column = 1,
                .line = start->line,
                .error = error};
    if (!check_utf8(&r))
        return NULL;
    g_autoptr(ProvisionValue) value = read_value(&r, NULL);
    if (value == NULL)
        return NULL;
    skip_space(&r);
    if (r.p < r.end)
        return fail(&r, "more after the end of the value");
    return g_steal_pointer(&value);
}
