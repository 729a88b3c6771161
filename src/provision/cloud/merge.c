/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Merging as cloud-init's mergers do it: which way a value is merged is decided by what is there
 * already, and a way that is not chosen leaves what is there.
 */
#include "provision/cloud/cloud.h"

#include "provision/error.h"
#include "provision/value-private.h"

#include <string.h>

#define MAX_DEPTH 64

typedef enum {
    MERGE_REPLACE,
    MERGE_NO_REPLACE,
    MERGE_APPEND,
    MERGE_PREPEND,
} Method;

typedef struct {
    bool present;
    Method method;
    bool recurse_str;
    bool recurse_dict;
    bool recurse_array;
    bool allow_delete;
} Way;

typedef struct {
    Way dict;
    Way list;
    Way str;
    const ProvisionValue **unlike; /* (nullable): gets what cannot be put beside a list's items */
} Mergers;

static ProvisionValue *merge(const Mergers *m, ProvisionValue *value, const ProvisionValue *with,
                             unsigned depth);

static bool has(char *const *options, const char *name)
{
    return options != NULL && g_strv_contains((const char *const *)options, name);
}

static void set_way(Mergers *m, const char *name, char *const *options)
{
    Way *way = strcmp(name, "dict") == 0   ? &m->dict
               : strcmp(name, "list") == 0 ? &m->list
                                           : &m->str;
    if (way->present) /* the first of a kind counts */
        return;
    *way = (Way){.present = true,
                 .recurse_str = has(options, "recurse_str"),
                 .recurse_dict = way == &m->dict || has(options, "recurse_dict"),
                 .recurse_array = has(options, "recurse_array") || has(options, "recurse_list"),
                 .allow_delete = has(options, "allow_delete")};
    if (way == &m->dict) {
        way->method = has(options, "replace") ? MERGE_REPLACE : MERGE_NO_REPLACE;
        return;
    }
    /* In the order in which cloud-init looks for them. */
    if (has(options, "append"))
        way->method = MERGE_APPEND;
    else if (has(options, "prepend"))
        way->method = MERGE_PREPEND;
    else if (!has(options, "replace") && has(options, "no_replace"))
        way->method = MERGE_NO_REPLACE;
}

static bool add_way(Mergers *m, const char *name, char *const *options, const ProvisionPlace *at,
                    GError **error)
{
    if (strcmp(name, "dict") != 0 && strcmp(name, "list") != 0 && strcmp(name, "str") != 0)
        return provision_value_set_error(at, error,
                                         "no merge type ‘%s’: there are dict, list and str", name);
    set_way(m, name, options);
    return true;
}

/* "list(append)+dict(recurse_array,no_replace)+str()" */
static bool parse_ways(Mergers *m, const char *text, const ProvisionPlace *at, GError **error)
{
    g_auto(GStrv) ways = g_strsplit(text, "+", -1);
    for (unsigned i = 0; ways[i] != NULL; i++) {
        g_autofree char *way = g_ascii_strdown(g_strstrip(ways[i]), -1);
        g_strdelimit(way, "-", '_');
        if (way[0] == '\0')
            continue;
        char *open = strchr(way, '(');
        size_t length = strlen(way);
        if (open == NULL || way[length - 1] != ')')
            return provision_value_set_error(at, error, "‘%s’ is no merge type: NAME(OPTION,…)",
                                             way);
        way[length - 1] = '\0';
        *open = '\0';
        g_auto(GStrv) options = g_strsplit(open + 1, ",", -1);
        for (unsigned o = 0; options[o] != NULL; o++)
            g_strstrip(options[o]);
        if (!add_way(m, way, options, at, error))
            return false;
    }
    return true;
}

static char **texts_of(const ProvisionValue *value, guint from)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = from;
         value != NULL && value->kind == PROVISION_VALUE_LIST && i < value->items->len; i++) {
        const ProvisionValue *item = value->items->pdata[i];
        if (item->text != NULL)
            g_strv_builder_add(builder, item->text);
    }
    return g_strv_builder_end(builder);
}

/* [{name: list, settings: [append]}, [dict, recurse_array], …] */
static bool read_ways(Mergers *m, const ProvisionValue *how, GError **error)
{
    if (how->kind == PROVISION_VALUE_STRING)
        return parse_ways(m, how->text, &how->at, error);
    if (how->kind != PROVISION_VALUE_LIST)
        return provision_value_set_error(&how->at, error, "must be text or a list, not %s",
                                         provision_value_kind_name(how->kind));
    for (guint i = 0; i < how->items->len; i++) {
        const ProvisionValue *item = how->items->pdata[i];
        bool is_map = item->kind == PROVISION_VALUE_MAP;
        const ProvisionValue *name = provision_value_find(item, "name");
        if (item->kind == PROVISION_VALUE_LIST && item->items->len > 0)
            name = item->items->pdata[0];
        if (name == NULL || name->kind != PROVISION_VALUE_STRING)
            return provision_value_set_error(&item->at, error,
                                             "must be a mapping with a name and settings");
        g_auto(GStrv) options =
            is_map ? texts_of(provision_value_find(item, "settings"), 0) : texts_of(item, 1);
        g_autofree char *plain = g_strdup(name->text);
        g_strdelimit(g_strstrip(plain), "-", '_');
        if (!add_way(m, plain, options, &item->at, error))
            return false;
    }
    return true;
}

static bool is_kind(const ProvisionValue *value, ProvisionValueKind kind)
{
    return value->kind == kind;
}

static ProvisionValue *merge_if(const Mergers *m, const Way *way, ProvisionValue *old,
                                const ProvisionValue *new, bool *out_done, unsigned depth)
{
    bool recurse = (is_kind(new, PROVISION_VALUE_LIST) && way->recurse_array) ||
                   (is_kind(new, PROVISION_VALUE_STRING) && way->recurse_str) ||
                   (is_kind(new, PROVISION_VALUE_MAP) && way->recurse_dict);
    *out_done = recurse;
    return recurse ? merge(m, old, new, depth + 1) : NULL;
}

static GHashTable *members_by_name(const ProvisionValue *map)
{
    GHashTable *members = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < map->members->len; i++) {
        ProvisionMember *member = map->members->pdata[i];
        g_hash_table_insert(members, member->name, member);
    }
    return members;
}

static ProvisionValue *merge_dict(const Mergers *m, ProvisionValue *value,
                                  const ProvisionValue *with, unsigned depth)
{
    const Way *way = &m->dict;
    if (!is_kind(with, PROVISION_VALUE_MAP))
        return provision_value_ref(value);
    g_autoptr(ProvisionValue) merged = provision_value_new(&value->at, PROVISION_VALUE_MAP);
    g_autoptr(GHashTable) newer = members_by_name(with);
    g_autoptr(GHashTable) older = members_by_name(value);
    for (guint i = 0; i < value->members->len; i++) {
        const ProvisionMember *member = value->members->pdata[i];
        const ProvisionMember *with_member = g_hash_table_lookup(newer, member->name);
        ProvisionValue *new = with_member == NULL ? NULL : with_member->value;
        bool done = false;
        ProvisionValue *result = NULL;
        if (new != NULL && is_kind(new, PROVISION_VALUE_NULL) && way->allow_delete)
            continue;
        if (new != NULL && way->method == MERGE_REPLACE)
            result = provision_value_ref(new);
        else if (new != NULL)
            result = merge_if(m, way, member->value, new, &done, depth);
        if (result == NULL)
            result = provision_value_ref(member->value);
        /* What was replaced stands where the new one does. */
        const ProvisionPlace at = new != NULL &&result == new ? with_member->at : member->at;
        provision_value_append_member(merged, member->name, &at, result);
    }
    for (guint i = 0; i < with->members->len; i++) {
        const ProvisionMember *member = with->members->pdata[i];
        if (!g_hash_table_contains(older, member->name))
            provision_value_append_member(merged, member->name, &member->at,
                                          provision_value_ref(member->value));
    }
    return g_steal_pointer(&merged);
}

static void append_items(ProvisionValue *list, const ProvisionValue *from)
{
    for (guint i = 0; from->items != NULL && i < from->items->len; i++)
        provision_value_take_item(list, provision_value_ref(from->items->pdata[i]));
}

static ProvisionValue *merge_list(const Mergers *m, ProvisionValue *value,
                                  const ProvisionValue *with, unsigned depth)
{
    const Way *way = &m->list;
    bool is_list = is_kind(with, PROVISION_VALUE_LIST);
    bool has_length = is_kind(with, PROVISION_VALUE_MAP) || is_kind(with, PROVISION_VALUE_STRING);
    bool leaves = way->method == MERGE_NO_REPLACE && has_length;
    if (!is_list && way->method != MERGE_REPLACE && !leaves && m->unlike != NULL &&
        *m->unlike == NULL)
        *m->unlike = with;
    if (!is_list)
        return provision_value_ref(way->method == MERGE_REPLACE ? (ProvisionValue *)(uintptr_t)with
                                                                : value);
    g_autoptr(ProvisionValue) merged = provision_value_new(&value->at, PROVISION_VALUE_LIST);
    if (way->method == MERGE_PREPEND)
        append_items(merged, with);
    if (way->method == MERGE_APPEND || way->method == MERGE_PREPEND) {
        append_items(merged, value);
        if (way->method == MERGE_APPEND)
            append_items(merged, with);
        return g_steal_pointer(&merged);
    }
    for (guint i = 0; i < value->items->len; i++) {
        ProvisionValue *old = value->items->pdata[i];
        ProvisionValue *new = i < with->items->len ? with->items->pdata[i] : NULL;
        bool done = false;
        ProvisionValue *result = NULL;
        if (new != NULL && way->method == MERGE_REPLACE) {
            result = merge_if(m, way, old, new, &done, depth);
            if (!done)
                result = provision_value_ref(new);
        }
        provision_value_take_item(merged, result != NULL ? result : provision_value_ref(old));
    }
    return g_steal_pointer(&merged);
}

static ProvisionValue *merge_str(const Mergers *m, ProvisionValue *value,
                                 const ProvisionValue *with)
{
    if (m->str.method != MERGE_APPEND || !is_kind(with, PROVISION_VALUE_STRING))
        return provision_value_ref((ProvisionValue *)(uintptr_t)with);
    g_autofree char *text = g_strconcat(value->text, with->text, NULL);
    return provision_value_new_string(&with->at, text);
}

static ProvisionValue *merge(const Mergers *m, ProvisionValue *value, const ProvisionValue *with,
                             unsigned depth)
{
    if (depth < MAX_DEPTH && is_kind(value, PROVISION_VALUE_MAP) && m->dict.present)
        return merge_dict(m, value, with, depth);
    if (depth < MAX_DEPTH && is_kind(value, PROVISION_VALUE_LIST) && m->list.present)
        return merge_list(m, value, with, depth);
    if (is_kind(value, PROVISION_VALUE_STRING) && m->str.present)
        return merge_str(m, value, with);
    return provision_value_ref(value);
}

/* Without merge_how, or without merge_type when there is no merge_how: cloud-init takes one out. */
static ProvisionValue *without_ways(const ProvisionValue *part, const char *name)
{
    g_autoptr(ProvisionValue) rest = provision_value_new(&part->at, PROVISION_VALUE_MAP);
    for (guint i = 0; i < part->members->len; i++) {
        const ProvisionMember *member = part->members->pdata[i];
        if (strcmp(member->name, name) != 0)
            provision_value_append_member(rest, member->name, &member->at,
                                          provision_value_ref(member->value));
    }
    return g_steal_pointer(&rest);
}

ProvisionValue *provision_cloud_merge(ProvisionValue *into, const ProvisionValue *part,
                                      const char *merge_type, GError **error)
{
    g_autoptr(ProvisionValue) start =
        into != NULL ? into : provision_value_new(&part->at, PROVISION_VALUE_MAP);
    Mergers m = {0};
    const char *name = "merge_how";
    const ProvisionValue *how = provision_value_find(part, name);
    if (how == NULL || is_kind(how, PROVISION_VALUE_NULL)) {
        name = "merge_type";
        how = provision_value_find(part, name);
    }
    if (part->kind != PROVISION_VALUE_MAP) {
        provision_value_set_error(&part->at, error, "a cloud-config is a mapping, not %s",
                                  provision_value_kind_name(part->kind));
        return NULL;
    }
    if (how != NULL && !is_kind(how, PROVISION_VALUE_NULL) && !read_ways(&m, how, error))
        return NULL;
    if (merge_type != NULL && !parse_ways(&m, merge_type, &part->at, error))
        return NULL;
    if (!m.dict.present && !m.list.present && !m.str.present &&
        !parse_ways(&m, "dict(replace)+list()+str()", &part->at, error))
        return NULL;
    g_autoptr(ProvisionValue) rest = without_ways(part, name);
    const ProvisionValue *unlike = NULL;
    m.unlike = &unlike;
    g_autoptr(ProvisionValue) merged = merge(&m, start, rest, 0);
    if (unlike == NULL)
        return g_steal_pointer(&merged);
    /* Python would add a mapping's keys or a text's letters. */
    provision_value_set_error(&unlike->at, error, "%s cannot be merged into a list",
                              provision_value_kind_name(unlike->kind));
    return NULL;
}

ProvisionValue *provision_cloud_merge_below(const ProvisionValue *over, const ProvisionValue *below)
{
    Mergers m = {0};
    set_way(&m, "dict", NULL);
    set_way(&m, "list", NULL);
    set_way(&m, "str", NULL);
    return merge(&m, (ProvisionValue *)(uintptr_t)over, below, 0);
}
