/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Merging two configs by the table of keys. Values are shared with both, never changed.
 */
#include "provision/ignition/ignition.h"
#include "provision/ignition/keys.h"

#include <string.h>

static ProvisionValue *merge_map(const ProvisionIgnitionSection *section,
                                 const ProvisionValue *parent, const ProvisionValue *child);

static ProvisionValue *share(const ProvisionValue *value)
{
    return provision_value_ref((ProvisionValue *)value);
}

static bool is_list(const ProvisionValue *value)
{
    return value != NULL && value->kind == PROVISION_VALUE_LIST;
}

/* identity → element, of one list */
static GHashTable *index_list(const ProvisionIgnitionSection *section, const ProvisionValue *list)
{
    GHashTable *index = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; is_list(list) && i < list->items->len; i++) {
        char *id = provision_ignition_identity(section, list->items->pdata[i]);
        if (id != NULL)
            g_hash_table_insert(index, id, list->items->pdata[i]);
    }
    return index;
}

/* Whether the child has an element of this identity in another list that counts as one with this:
 * then the child's file, say, takes the place of the parent's link. */
static bool in_sibling(const ProvisionIgnitionSection *section, const char *name,
                       const ProvisionValue *child, const char *id)
{
    for (const char *const *sibling = section->siblings; sibling != NULL && *sibling != NULL;
         sibling++) {
        const ProvisionValue *list = provision_value_find(child, *sibling);
        const ProvisionIgnitionKey *key = provision_ignition_key_find(section, *sibling);
        if (strcmp(*sibling, name) == 0 || !is_list(list))
            continue;
        g_autoptr(GHashTable) index = index_list(key->section, list);
        if (g_hash_table_contains(index, id))
            return true;
    }
    return false;
}

static ProvisionValue *merge_element(const ProvisionIgnitionKey *key, const ProvisionValue *parent,
                                     const ProvisionValue *child)
{
    if (key->section == NULL)
        return share(child);
    /* a header without a value takes the parent's away */
    if (strcmp(key->name, "httpHeaders") == 0 && provision_value_find(child, "value") == NULL)
        return NULL;
    return merge_map(key->section, parent, child);
}

static ProvisionValue *merge_list(const ProvisionIgnitionSection *section,
                                  const ProvisionIgnitionKey *key, const ProvisionValue *parent,
                                  const ProvisionValue *child_map, const ProvisionValue *child)
{
    ProvisionValue *merged = provision_value_new(&child->at, PROVISION_VALUE_LIST);
    bool keyed = (key->flags & PROVISION_IGNITION_APPEND) == 0;
    g_autoptr(GHashTable) in_child = index_list(key->section, child);
    g_autoptr(GHashTable) in_parent = index_list(key->section, parent);
    for (guint i = 0; i < parent->items->len; i++) {
        const ProvisionValue *element = parent->items->pdata[i];
        g_autofree char *id = keyed ? provision_ignition_identity(key->section, element) : NULL;
        const ProvisionValue *over = id == NULL ? NULL : g_hash_table_lookup(in_child, id);
        ProvisionValue *made = NULL;
        if (over != NULL)
            made = merge_element(key, element, over);
        else if (id == NULL || !in_sibling(section, key->name, child_map, id))
            made = share(element);
        if (made != NULL)
            provision_value_take_item(merged, made);
    }
    for (guint i = 0; i < child->items->len; i++) {
        const ProvisionValue *element = child->items->pdata[i];
        g_autofree char *id = keyed ? provision_ignition_identity(key->section, element) : NULL;
        if (id == NULL || !g_hash_table_contains(in_parent, id))
            provision_value_take_item(merged, share(element));
    }
    return merged;
}

static ProvisionValue *merge_value(const ProvisionIgnitionSection *section,
                                   const ProvisionIgnitionKey *key, const ProvisionValue *parent,
                                   const ProvisionValue *child_map)
{
    const ProvisionValue *child = provision_value_find(child_map, key->name);
    if (child != NULL && child->kind == PROVISION_VALUE_NULL)
        child = NULL;
    if (parent != NULL && parent->kind == PROVISION_VALUE_NULL)
        parent = NULL;
    if (key->kind == PROVISION_VALUE_LIST && is_list(parent)) {
        const ProvisionPlace nowhere = parent->at;
        g_autoptr(ProvisionValue) empty = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
        return merge_list(section, key, parent, child_map, child != NULL ? child : empty);
    }
    if (child == NULL)
        return parent == NULL ? NULL : share(parent);
    if (key->kind == PROVISION_VALUE_MAP && parent != NULL)
        return merge_map(key->section, parent, child);
    return share(child);
}

static ProvisionValue *merge_map(const ProvisionIgnitionSection *section,
                                 const ProvisionValue *parent, const ProvisionValue *child)
{
    ProvisionValue *merged = provision_value_new(&child->at, PROVISION_VALUE_MAP);
    for (const ProvisionIgnitionKey *key = section->keys; key->name != NULL; key++) {
        ProvisionValue *value =
            merge_value(section, key, provision_value_find(parent, key->name), child);
        if (value != NULL)
            provision_value_take_member(merged, key->name, &value->at, value);
    }
    return merged;
}

ProvisionValue *provision_ignition_merge(const ProvisionValue *parent, const ProvisionValue *child)
{
    return merge_map(&provision_ignition_config, parent, child);
}
