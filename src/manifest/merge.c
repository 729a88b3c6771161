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

static void merge_scalar(const ManifestKey *key, ManifestLayer *self, ManifestLayer *included)
{
    void *own = manifest_key_field(key, self->values);
    void *other = manifest_key_field(key, included->values);
    if (self->places[key - manifest_keys].file != NULL)
        return;
    if (key->kind == MANIFEST_KEY_BOOL)
        *(bool *)own = *(bool *)other;
    else
        *(char **)own = g_steal_pointer((char **)other);
}

static void merge_metadata(ManifestLayer *self, ManifestLayer *included)
{
    if (included->values->metadata == NULL)
        return;
    if (self->values->metadata == NULL) {
        self->values->metadata = g_steal_pointer(&included->values->metadata);
        return;
    }
    GVariant *both = manifest_metadata_merge(self->values->metadata, included->values->metadata);
    g_variant_unref(self->values->metadata);
    self->values->metadata = both;
}

static bool has_variable(const ManifestLayer *self, const char *name)
{
    for (guint i = 0; i < self->variables->len; i++) {
        const ManifestVariable *variable = self->variables->pdata[i];
        if (strcmp(variable->name, name) == 0)
            return true;
    }
    return false;
}

static void merge_variables(ManifestLayer *self, ManifestLayer *included)
{
    while (included->variables->len > 0) {
        ManifestVariable *variable =
            g_ptr_array_steal_index(included->variables, included->variables->len - 1);
        if (has_variable(self, variable->name))
            manifest_variable_free(variable);
        else
            g_ptr_array_add(self->variables, variable);
    }
}

static void merge_key(const ManifestKey *key, ManifestLayer *self, ManifestLayer *included)
{
    switch (key->kind) {
    case MANIFEST_KEY_STRING:
    case MANIFEST_KEY_BOOL:
        merge_scalar(key, self, included);
        break;
    case MANIFEST_KEY_STRINGS:
    case MANIFEST_KEY_WORDS:
    case MANIFEST_KEY_REPOS:
    case MANIFEST_KEY_FILES:
        merge_list(manifest_key_field(key, self->values),
                   manifest_key_field(key, included->values));
        break;
    case MANIFEST_KEY_METADATA:
        merge_metadata(self, included);
        break;
    case MANIFEST_KEY_VARIABLES:
        merge_variables(self, included);
        break;
    case MANIFEST_KEY_ARCH_WORDS: /* shares the field of its sister without architecture */
    case MANIFEST_KEY_INCLUDE:    /* resolved by the caller */
    case MANIFEST_KEY_N_KINDS:
        break;
    }
}

void manifest_layer_merge(ManifestLayer *self, ManifestLayer *included)
{
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
