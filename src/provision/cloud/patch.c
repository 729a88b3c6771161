/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * JSON patches (RFC 6902) for #cloud-config-jsonp. Values that are shared are copied on the way
 * down.
 */
#include "provision/cloud/cloud.h"

#include <string.h>

#define MAX_OPERATIONS 1000

static ProvisionValue *copy_shallow(const ProvisionValue *value)
{
    ProvisionValue *copy = provision_value_new(&value->at, value->kind);
    copy->boolean = value->boolean;
    copy->integer = value->integer;
    copy->text = g_strdup(value->text);
    copy->bytes = value->bytes == NULL ? NULL : g_bytes_ref(value->bytes);
    copy->is_encrypted = value->is_encrypted;
    for (guint i = 0; value->items != NULL && i < value->items->len; i++)
        provision_value_take_item(copy, provision_value_ref(value->items->pdata[i]));
    for (guint i = 0; value->members != NULL && i < value->members->len; i++) {
        const ProvisionMember *member = value->members->pdata[i];
        provision_value_take_member(copy, member->name, &member->at,
                                    provision_value_ref(member->value));
    }
    return copy;
}

/* "/a~1b/0" → "a/b", "0" */
static char **parse_pointer(const char *pointer)
{
    if (pointer[0] != '\0' && pointer[0] != '/')
        return NULL;
    char **names = g_strsplit(pointer[0] == '\0' ? "" : pointer + 1, "/", -1);
    for (unsigned i = 0; names[i] != NULL; i++) {
        char *to = names[i];
        for (const char *p = names[i]; *p != '\0'; p++) {
            bool escaped = *p == '~' && (p[1] == '0' || p[1] == '1');
            *to++ = !escaped ? *p : p[1] == '0' ? '~' : '/';
            p += escaped;
        }
        *to = '\0';
    }
    return names;
}

static bool find_index(const ProvisionValue *list, const char *name, bool may_append, guint *out)
{
    guint64 index = 0;
    if (may_append && strcmp(name, "-") == 0) {
        *out = list->items->len;
        return true;
    }
    guint64 last = list->items->len;
    if (!g_ascii_string_to_unsigned(name, 10, 0, G_MAXUINT32, &index, NULL) ||
        (may_append ? index > last : index >= last))
        return false;
    *out = (guint)index;
    return true;
}

static const ProvisionValue *find_child(const ProvisionValue *value, const char *name)
{
    guint index = 0;
    if (value->kind == PROVISION_VALUE_MAP)
        return provision_value_find(value, name);
    if (value->kind == PROVISION_VALUE_LIST && find_index(value, name, false, &index))
        return value->items->pdata[index];
    return NULL;
}

static const ProvisionValue *find(const ProvisionValue *value, char *const *names)
{
    for (; *names != NULL && value != NULL; names++)
        value = find_child(value, *names);
    return value;
}

static void remove_child(ProvisionValue *value, const char *name)
{
    guint index = 0;
    if (value->kind == PROVISION_VALUE_LIST) {
        if (find_index(value, name, false, &index))
            g_ptr_array_remove_index(value->items, index);
        return;
    }
    for (guint i = 0; i < value->members->len; i++) {
        const ProvisionMember *member = value->members->pdata[i];
        if (strcmp(member->name, name) == 0) {
            g_ptr_array_remove_index(value->members, i);
            return;
        }
    }
}

static bool put_child(ProvisionValue *value, const char *name, ProvisionValue *child, bool replace)
{
    guint index = 0;
    if (value->kind == PROVISION_VALUE_MAP) {
        provision_value_take_member(value, name, &child->at, provision_value_ref(child));
        return true;
    }
    if (value->kind != PROVISION_VALUE_LIST || !find_index(value, name, !replace, &index))
        return false;
    if (replace) {
        provision_value_unref(value->items->pdata[index]);
        value->items->pdata[index] = provision_value_ref(child);
    } else {
        g_ptr_array_insert(value->items, (gint)index, provision_value_ref(child));
    }
    return true;
}

/* @value with @child at @names (%NULL removes what is there); %NULL when there is no such place. */
static ProvisionValue *with_child(const ProvisionValue *value, char *const *names,
                                  ProvisionValue *child, bool replace)
{
    g_autoptr(ProvisionValue) copy = copy_shallow(value);
    const ProvisionValue *there = find_child(value, names[0]);
    bool is_last = names[1] == NULL;
    if ((!is_last || child == NULL || replace) && there == NULL)
        return NULL;
    if (is_last && child == NULL) {
        remove_child(copy, names[0]);
        return g_steal_pointer(&copy);
    }
    g_autoptr(ProvisionValue) inner =
        is_last ? provision_value_ref(child) : with_child(there, names + 1, child, replace);
    if (inner == NULL || !put_child(copy, names[0], inner, is_last ? replace : true))
        return NULL;
    return g_steal_pointer(&copy);
}

static ProvisionValue *set_at(const ProvisionValue *value, char *const *names,
                              ProvisionValue *child, bool replace)
{
    if (names[0] == NULL)
        return child == NULL ? NULL : provision_value_ref(child);
    return with_child(value, names, child, replace);
}

static const char *text_of(const ProvisionValue *operation, const char *name)
{
    const ProvisionValue *value = provision_value_find(operation, name);
    return value != NULL && value->kind == PROVISION_VALUE_STRING ? value->text : NULL;
}

static bool are_equal(const ProvisionValue *a, const ProvisionValue *b)
{
    g_autofree char *left = provision_value_print(a);
    g_autofree char *right = provision_value_print(b);
    return strcmp(left, right) == 0;
}

static ProvisionValue *operate(const ProvisionValue *value, const char *name, char *const *path,
                               char *const *from, const ProvisionValue *given)
{
    ProvisionValue *child = (ProvisionValue *)(uintptr_t)given;
    if (strcmp(name, "remove") == 0)
        return set_at(value, path, NULL, false);
    if (strcmp(name, "add") == 0 || strcmp(name, "replace") == 0)
        return child == NULL ? NULL : set_at(value, path, child, name[0] == 'r');
    if (strcmp(name, "test") == 0) {
        const ProvisionValue *there = find(value, path);
        bool same = there != NULL && child != NULL && are_equal(there, child);
        return same ? provision_value_ref((ProvisionValue *)(uintptr_t)value) : NULL;
    }
    const ProvisionValue *source = from == NULL ? NULL : find(value, from);
    if (source == NULL || (strcmp(name, "move") != 0 && strcmp(name, "copy") != 0))
        return NULL;
    g_autoptr(ProvisionValue) moved = provision_value_ref((ProvisionValue *)(uintptr_t)source);
    g_autoptr(ProvisionValue) rest = name[0] == 'm'
                                         ? set_at(value, from, NULL, false)
                                         : provision_value_ref((ProvisionValue *)(uintptr_t)value);
    return rest == NULL ? NULL : set_at(rest, path, moved, false);
}

ProvisionValue *provision_cloud_patch(const ProvisionValue *value, const ProvisionValue *patch,
                                      GError **error)
{
    g_autoptr(ProvisionValue) result = provision_value_ref((ProvisionValue *)(uintptr_t)value);
    if (patch->kind != PROVISION_VALUE_LIST || patch->items->len > MAX_OPERATIONS) {
        provision_value_set_error(&patch->at, error, "a JSON patch is a list of operations");
        return NULL;
    }
    for (guint i = 0; i < patch->items->len; i++) {
        const ProvisionValue *operation = patch->items->pdata[i];
        const char *name = text_of(operation, "op");
        const char *path = text_of(operation, "path");
        const char *from = text_of(operation, "from");
        g_auto(GStrv) names = path == NULL ? NULL : parse_pointer(path);
        g_auto(GStrv) from_names = from == NULL ? NULL : parse_pointer(from);
        ProvisionValue *next = name == NULL || names == NULL
                                   ? NULL
                                   : operate(result, name, names, from_names,
                                             provision_value_find(operation, "value"));
        if (next == NULL) {
            provision_value_set_error(&operation->at, error, "this operation cannot be applied");
            return NULL;
        }
        provision_value_unref(result);
        result = next;
    }
    return g_steal_pointer(&result);
}
