/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * cloud-init's YAML, which is PyYAML's: version 1.1's booleans, octal numbers, numbers to the base
 * of sixty and merge keys (yaml.org/type), on top of base/yaml.
 */
#include "provision/value-private.h"

#include "base/yaml.h"
#include "provision/error.h"

#include <errno.h>
#include <string.h>

#define CORE_TAG "tag:yaml.org,2002:"

typedef struct {
    const char *source;
    GError **error;
} Reader;

static ProvisionValue *read_node(const Reader *r, const BaseYamlNode *node, const char *key);

static bool is_one_of(const char *text, const char *const *words)
{
    return g_strv_contains(words, text);
}

static bool resolve_bool(const char *text, bool *out_value)
{
    static const char *const yes[] = {"yes",  "Yes", "YES", "true", "True",
                                      "TRUE", "on",  "On",  "ON",   NULL};
    static const char *const no[] = {"no",    "No",  "NO",  "false", "False",
                                     "FALSE", "off", "Off", "OFF",   NULL};
    bool found = is_one_of(text, yes);
    *out_value = found;
    return found || is_one_of(text, no);
}

/* Digits of @base, with underscores anywhere but in front; -1: too large, 0: no such number. */
static int read_digits(const char *text, int base, int64_t *out_value)
{
    static const char digits[] = "0123456789abcdef";
    int64_t value = 0;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '_')
            continue;
        const char *digit = strchr(digits, g_ascii_tolower(*p));
        if (digit == NULL || digit - digits >= base)
            return 0;
        if (__builtin_mul_overflow(value, (int64_t)base, &value) ||
            __builtin_add_overflow(value, (int64_t)(digit - digits), &value))
            return -1;
    }
    *out_value = value;
    return 1;
}

/* [1-9][0-9_]*(:[0-5]?[0-9])+ */
static int read_sexagesimal(const char *text, int64_t *out_value)
{
    g_auto(GStrv) parts = g_strsplit(text, ":", -1);
    int64_t value = 0;
    for (unsigned i = 0; parts[i] != NULL; i++) {
        int64_t part = 0;
        size_t length = strlen(parts[i]);
        if (length == 0 || (i > 0 && (length > 2 || strchr(parts[i], '_') != NULL)) ||
            read_digits(parts[i], 10, &part) != 1 || (i > 0 && part > 59))
            return 0;
        if (__builtin_mul_overflow(value, (int64_t)60, &value) ||
            __builtin_add_overflow(value, part, &value))
            return -1;
    }
    *out_value = value;
    return 1;
}

static int resolve_int(const char *text, int64_t *out_value)
{
    bool negative = *text == '-';
    const char *p = text + (*text == '-' || *text == '+');
    int found = 0;
    if (!g_ascii_isdigit(*p))
        return 0;
    if (p[0] == '0' && p[1] == 'b' && p[2] != '\0')
        found = read_digits(p + 2, 2, out_value);
    else if (p[0] == '0' && p[1] == 'x' && p[2] != '\0')
        found = read_digits(p + 2, 16, out_value);
    else if (p[0] == '0' && p[1] != '\0')
        found = read_digits(p + 1, 8, out_value);
    else if (strchr(p, ':') != NULL)
        found = *p == '0' ? 0 : read_sexagesimal(p, out_value);
    else
        found = read_digits(p, 10, out_value);
    if (found == 1 && negative)
        *out_value = -*out_value;
    return found;
}

/* [-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?, or with nothing in front of the point; .inf, .nan */
static bool resolve_float(const char *text)
{
    static const char *const words[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf",
                                        "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
                                        ".NaN",  ".NAN",  NULL};
    if (is_one_of(text, words))
        return true;
    const char *p = text + (*text == '-' || *text == '+');
    bool before = g_ascii_isdigit(*p);
    while (before && (g_ascii_isdigit(*p) || *p == '_'))
        p++;
    if (*p++ != '.')
        return false;
    if (!before && (p != text + 1 || !g_ascii_isdigit(*p)))
        return false;
    while (g_ascii_isdigit(*p) || *p == '_')
        p++;
    if (*p == 'e' || *p == 'E') {
        if (p[1] != '-' && p[1] != '+')
            return false;
        p += 2;
        if (!g_ascii_isdigit(*p))
            return false;
        while (g_ascii_isdigit(*p))
            p++;
    }
    return *p == '\0';
}

static void resolve_plain(ProvisionValue *value)
{
    static const char *const nothing[] = {"~", "null", "Null", "NULL", "", NULL};
    int found = 0;
    if (is_one_of(value->text, nothing)) {
        value->kind = PROVISION_VALUE_NULL;
    } else if (resolve_bool(value->text, &value->boolean)) {
        value->kind = PROVISION_VALUE_BOOL;
    } else if ((found = resolve_int(value->text, &value->integer)) != 0) {
        value->kind = found > 0 ? PROVISION_VALUE_INT : PROVISION_VALUE_FLOAT;
    } else if (resolve_float(value->text)) {
        value->kind = PROVISION_VALUE_FLOAT;
    }
}

static bool apply_tag(const Reader *r, const char *tag, ProvisionValue *value)
{
    if (strcmp(tag, "!") == 0 || strcmp(tag, CORE_TAG "str") == 0)
        return true;
    if (strcmp(tag, "!encrypted") == 0) {
        value->is_encrypted = true;
        return true;
    }
    if (strcmp(tag, CORE_TAG "binary") == 0) {
        gsize size_bytes = 0;
        guchar *bytes = g_base64_decode(value->text, &size_bytes);
        value->bytes = g_bytes_new_take(bytes, size_bytes);
        return true;
    }
    ProvisionValueKind wanted = PROVISION_VALUE_NULL;
    if (strcmp(tag, CORE_TAG "int") == 0)
        wanted = PROVISION_VALUE_INT;
    else if (strcmp(tag, CORE_TAG "float") == 0)
        wanted = PROVISION_VALUE_FLOAT;
    else if (strcmp(tag, CORE_TAG "bool") == 0)
        wanted = PROVISION_VALUE_BOOL;
    else if (strcmp(tag, CORE_TAG "null") != 0)
        return provision_value_set_error(&value->at, r->error, "unknown tag ‘%s’", tag);
    resolve_plain(value);
    if (wanted == PROVISION_VALUE_FLOAT && value->kind == PROVISION_VALUE_INT)
        value->kind = PROVISION_VALUE_FLOAT;
    if (value->kind == wanted)
        return true;
    return provision_value_set_error(&value->at, r->error, "‘%s’ is not what its tag ‘%s’ says",
                                     value->text, tag);
}

static ProvisionValue *read_scalar(const Reader *r, const BaseYamlNode *node,
                                   const ProvisionPlace *at)
{
    g_autoptr(ProvisionValue) value = provision_value_new(at, PROVISION_VALUE_STRING);
    value->text = g_strdup(node->text);
    if (node->tag != NULL && !apply_tag(r, node->tag, value))
        return NULL;
    if (node->tag == NULL && node->is_plain)
        resolve_plain(value);
    return g_steal_pointer(&value);
}

static ProvisionValue *read_list(const Reader *r, const BaseYamlNode *node,
                                 const ProvisionPlace *at)
{
    g_autoptr(ProvisionValue) value = provision_value_new(at, PROVISION_VALUE_LIST);
    for (guint i = 0; i < node->values->len; i++) {
        ProvisionValue *item =
            read_node(r, node->values->pdata[i], provision_value_item_key(at->key, i));
        if (item == NULL)
            return NULL;
        provision_value_take_item(value, item);
    }
    return g_steal_pointer(&value);
}

static bool is_merge_key(const BaseYamlNode *key)
{
    return key->is_plain && strcmp(key->text, "<<") == 0;
}

/* What is merged comes first, and the mapping's own keys over it. */
static void merge_members(ProvisionValue *into, const ProvisionValue *from)
{
    for (guint i = 0; i < from->members->len; i++) {
        const ProvisionMember *member = from->members->pdata[i];
        provision_value_take_member(into, member->name, &member->at,
                                    provision_value_ref(member->value));
    }
}

static bool read_merge(const Reader *r, const BaseYamlNode *node, ProvisionValue *into)
{
    g_autoptr(ProvisionValue) from = read_node(r, node, into->at.key);
    if (from == NULL)
        return false;
    if (from->kind == PROVISION_VALUE_MAP) {
        merge_members(into, from);
        return true;
    }
    bool fine = from->kind == PROVISION_VALUE_LIST;
    for (guint i = fine ? from->items->len : 0; i > 0; i--) {
        const ProvisionValue *item = from->items->pdata[i - 1];
        if (item->kind == PROVISION_VALUE_MAP)
            merge_members(into, item);
        else
            fine = false;
    }
    return fine || provision_value_set_error(&from->at, r->error,
                                             "‘<<’ wants a mapping, or a list of mappings, not %s",
                                             provision_value_kind_name(from->kind));
}

static ProvisionValue *read_mapping(const Reader *r, const BaseYamlNode *node,
                                    const ProvisionPlace *at)
{
    g_autoptr(ProvisionValue) value = provision_value_new(at, PROVISION_VALUE_MAP);
    bool merged = false;
    for (guint i = 0; i < node->keys->len; i++) {
        if (!is_merge_key(node->keys->pdata[i]))
            continue;
        if (!read_merge(r, node->values->pdata[i], value))
            return NULL;
        merged = true;
    }
    for (guint i = 0; i < node->keys->len; i++) {
        const BaseYamlNode *key = node->keys->pdata[i];
        if (is_merge_key(key))
            continue;
        const ProvisionPlace key_at = {.source = r->source,
                                       .key = provision_value_member_key(at->key, key->text),
                                       .line = key->line,
                                       .column = key->column};
        ProvisionValue *member = read_node(r, node->values->pdata[i], key_at.key);
        if (member == NULL)
            return NULL;
        if (merged)
            provision_value_take_member(value, key->text, &key_at, member);
        else
            provision_value_append_member(value, key->text, &key_at, member);
    }
    return g_steal_pointer(&value);
}

static ProvisionValue *read_node(const Reader *r, const BaseYamlNode *node, const char *key)
{
    const ProvisionPlace at = {
        .source = r->source, .key = key, .line = node->line, .column = node->column};
    switch (node->kind) {
    case BASE_YAML_NULL:
        return provision_value_new(&at, PROVISION_VALUE_NULL);
    case BASE_YAML_SCALAR:
        return read_scalar(r, node, &at);
    case BASE_YAML_LIST:
        return read_list(r, node, &at);
    case BASE_YAML_MAPPING:
        return read_mapping(r, node, &at);
    }
    return NULL;
}

/* Without the byte order mark, and with empty lines before it so that lines count from the first
 * one of the source. */
static GBytes *place_text(GBytes *bytes, unsigned first_line)
{
    static const char mark[] = "\xef\xbb\xbf";
    gsize size_bytes = 0;
    const char *text = g_bytes_get_data(bytes, &size_bytes);
    size_t skip = size_bytes >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    if (first_line <= 1)
        return g_bytes_new_from_bytes(bytes, skip, size_bytes - skip);
    GString *placed = g_string_sized_new(first_line + size_bytes);
    for (unsigned i = 1; i < first_line; i++)
        g_string_append_c(placed, '\n');
    g_string_append_len(placed, text + skip, (gssize)(size_bytes - skip));
    return g_string_free_to_bytes(placed);
}

ProvisionValue *provision_value_parse_yaml(const ProvisionPlace *start, GBytes *bytes,
                                           GError **error)
{
    const BaseYamlLimits limits = {
        .max_bytes = (size_t)PROVISION_VALUE_MAX_BYTES + start->line,
        .max_depth = PROVISION_VALUE_MAX_DEPTH,
        .max_nodes = PROVISION_VALUE_MAX_COUNT,
        .flags = BASE_YAML_LAST_KEY_WINS | BASE_YAML_MAY_BE_EMPTY | BASE_YAML_ADD_NO_NEWLINE,
    };
    if (g_bytes_get_size(bytes) == 0)
        return provision_value_new(start, PROVISION_VALUE_NULL);
    g_autoptr(GBytes) text = place_text(bytes, start->line);
    g_autoptr(GError) local = NULL;
    g_autoptr(BaseYaml) yaml = base_yaml_parse_within(start->source, text, &limits, &local);
    if (yaml == NULL) {
        g_set_error_literal(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, local->message);
        return NULL;
    }
    const Reader r = {.source = start->source, .error = error};
    return read_node(&r, yaml->root, NULL);
}
