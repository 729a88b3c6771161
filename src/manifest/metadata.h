/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/yaml.h"

G_BEGIN_DECLS

/**
 * manifest_metadata_parse:
 * @yaml: the document
 * @node: a mapping
 * @error: %BASE_ERROR_INVALID, with the place
 *
 * Text becomes "s", a plain true or false "b", a plain whole number "x", a list "av", a
 * mapping "a{sv}". Other plain numbers stay text, so that 1.10 is not 1.1.
 *
 * Returns: (transfer full): a{sv}, sorted by key
 */
GVariant *manifest_metadata_parse(const BaseYaml *yaml, const BaseYamlNode *node,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** manifest_metadata_merge: (transfer full): all members of both, those of @winner first choice */
GVariant *manifest_metadata_merge(GVariant *winner, GVariant *other);

/**
 * ManifestMetadataMap:
 * @text: a text
 * @user_data: passed through
 * @error: return location
 *
 * Returns: (transfer full): what stands for it
 */
typedef char *(*ManifestMetadataMap)(const char *text, gpointer user_data, GError **error);

/** manifest_metadata_map: (transfer full): @metadata with every text replaced by @map's answer */
GVariant *manifest_metadata_map(GVariant *metadata, ManifestMetadataMap map, gpointer user_data,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
