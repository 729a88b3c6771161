/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/yaml.h"
#include "manifest/manifest.h"

G_BEGIN_DECLS

#define MANIFEST_LAYER_MAX_KEYS 128

typedef struct _ManifestLayer ManifestLayer;

/**
 * ManifestInclude:
 * @file: (owned) (nullable): the file, relative to the one that names it
 * @inlined: (owned) (nullable): or the keys themselves
 * @conditions: (owned) (nullable) (element-type ManifestCondition): all of which must hold
 * @order: includes of a lower one are merged first, whatever their order in the file
 */
typedef struct {
    unsigned order;
    ManifestString *file;
    ManifestLayer *inlined;
    GPtrArray *conditions;
} ManifestInclude;

/**
 * ManifestLayer:
 * @values: what one file says, or several merged ones; nothing is checked, no default filled in
 * @includes: (element-type ManifestInclude): what it includes, in the order of merging
 * @variables: (element-type ManifestVariable)
 * @places: where each key of the table is set, by its index; file %NULL when it is not
 *
 * A manifest on its way: parsed, then merged with others, then finished.
 */
struct _ManifestLayer {
    Manifest *values;
    GPtrArray *includes;
    GPtrArray *variables;
    ManifestPlace places[MANIFEST_LAYER_MAX_KEYS];
};

/**
 * manifest_layer_parse:
 * @file: name of the file, for messages and for what is relative to it
 * @bytes: its text
 * @error: %BASE_ERROR_INVALID, with the place
 *
 * Reads one file's text; touches no file system.
 *
 * Returns: (transfer full): what it says
 */
ManifestLayer *manifest_layer_parse(const char *file, GBytes *bytes,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * manifest_layer_merge:
 * @self: the including file; changed
 * @included: a file that it includes; emptied
 *
 * rpm-ostree's rules: scalars of @self win, lists of @included come first, mappings are
 * united and @self's members win.
 */
void manifest_layer_merge(ManifestLayer *self, ManifestLayer *included);

/**
 * manifest_layer_finish:
 * @self: everything merged; its values move out
 * @path: the file that was loaded first
 * @error: %BASE_ERROR_INVALID, with the place
 *
 * Replaces variables, checks every value, fills in defaults.
 *
 * Returns: (transfer full): the manifest, still without a digest
 */
Manifest *manifest_layer_finish(ManifestLayer *self, const char *path,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

ManifestLayer *manifest_layer_new(void);
void manifest_layer_free(ManifestLayer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestLayer, manifest_layer_free)

G_END_DECLS
