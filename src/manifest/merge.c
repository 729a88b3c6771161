/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Merging of an included file into the one that includes it, by rpm-ostree's rules. With
 * several includes the caller merges them one after the other, so that (as there) lists of
 * later ones come before those of earlier ones, and scalars of earlier ones win.
 */
#include "manifest/layer.h"

#include "manifest/keys.h"
#include "manifest/metadata.h"
#include "manifest/records.h"

#include <string.h>

static void merge_list(GPtrArray **own, GPtrArray **included)
{
    g_ptr_array_extend_and_steal(*included, g_steal_pointer(own));
    *own = *included;
    *included = NULL;
}

/* Of a scalar that both have, the including file's stays. */
static void merge_scalar(const ManifestKey *key, ManifestLayer *self, ManifestLayer *included)
{
    void *own = manifest_key_field(key, self->values);
    void *other = manifest_key_field(key, included->values);
    if (self->places[key - manifest_keys].file != NULL)
        return;
    if (key->kind == MANIFEST_KEY_BOOL)
        *(bool *)own = *(bool *)other;
    else if (key->kind == MANIFEST_KEY_NUMBER)
        *(unsigned *)own = *(unsigned *)other;
    else if (key->kind == MANIFEST_KEY_STRINGS)
        merge_list(own, other);
    else
        *(void **)own = g_steal_pointer((void **)other);
    if (own == &self->values->releasever)
        self->values->releasever_is_plain = included->values->releasever_is_plain;
}

static void merge_metadata(GVariant **own, GVariant **included)
{
    if (*included == NULL)
        return;
    if (*own == NULL) {
        *own = g_steal_pointer(included);
        return;
    }
    GVariant *both = manifest_metadata_merge(*own, *included);
    g_variant_unref(*own);
    *own = both;
}

static bool has_variable(const GPtrArray *variables, const char *name)
{
    for (guint i = 0; i < variables->len; i++) {
        const ManifestVariable *variable = variables->pdata[i];
        if (strcmp(variable->name, name) == 0)
            return true;
    }
    return false;
}

static void merge_pairs(GPtrArray *own, GPtrArray *included)
{
    while (included->len > 0) {
        ManifestVariable *variable = g_ptr_array_steal_index(included, included->len - 1);
        if (has_variable(own, variable->name))
            manifest_variable_free(variable);
        else
            g_ptr_array_add(own, variable);
    }
}

static void merge_modules(ManifestModules *own, ManifestModules *included)
{
    merge_list(&own->enable, &included->enable);
    merge_list(&own->install, &included->install);
}

static void merge_key(const ManifestKey *key, ManifestLayer *self, ManifestLayer *included)
{
    void *own = manifest_key_field(key, self->values);
    void *other = manifest_key_field(key, included->values);
    switch (key->kind) {
    case MANIFEST_KEY_STRING:
    case MANIFEST_KEY_BOOL:
    case MANIFEST_KEY_NUMBER:
    case MANIFEST_KEY_FILE:
    case MANIFEST_KEY_IDS:
        merge_scalar(key, self, included);
        break;
    case MANIFEST_KEY_STRINGS:
    case MANIFEST_KEY_WORDS:
    case MANIFEST_KEY_REPOS:
    case MANIFEST_KEY_FILES:
    case MANIFEST_KEY_PATTERNS:
    case MANIFEST_KEY_REPO_PACKAGES:
        if ((key->flags & MANIFEST_KEY_OVERRIDES) != 0)
            merge_scalar(key, self, included);
        else
            merge_list(own, other);
        break;
    case MANIFEST_KEY_METADATA:
        merge_metadata(own, other);
        break;
    case MANIFEST_KEY_PAIRS:
        merge_pairs(*(GPtrArray **)own, *(GPtrArray **)other);
        break;
    case MANIFEST_KEY_MODULES:
        merge_modules(own, other);
        break;
    case MANIFEST_KEY_VARIABLES:
        merge_pairs(self->variables, included->variables);
        break;
    case MANIFEST_KEY_ARCH_WORDS: /* share the field of their sister "packages" */
    case MANIFEST_KEY_OLD_WORDS:
    case MANIFEST_KEY_NOTED:
    case MANIFEST_KEY_INCLUDE: /* resolved by the caller */
    case MANIFEST_KEY_ARCH_INCLUDE:
    case MANIFEST_KEY_CONDITIONAL_INCLUDE:
    case MANIFEST_KEY_N_KINDS:
        break;
    }
}

void manifest_layer_merge(ManifestLayer *self, ManifestLayer *included)
{
    merge_list(&self->values->notes, &included->values->notes);
    merge_list(&self->values->finalize, &included->values->finalize);
    for (const ManifestKey *key = manifest_keys; key->name != NULL; key++) {
        size_t index = (size_t)(key - manifest_keys);
        if (included->places[index].file == NULL)
            continue;
        merge_key(key, self, included);
        if (self->places[index].file == NULL) {
            self->places[index] = included->places[index];
            included->places[index].file = NULL;
        }
    }
}
