/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/layer.h"

G_BEGIN_DECLS

/** manifest_place_at: the place of @node, in memory of its own */
ManifestPlace manifest_place_at(const BaseYaml *yaml, const BaseYamlNode *node);

/** manifest_place_copy: a copy */
ManifestPlace manifest_place_copy(const ManifestPlace *place);

void manifest_place_clear(ManifestPlace *place);

/**
 * manifest_place_set_error:
 * @place: where the value stands
 * @error: gets %MANIFEST_ERROR_INVALID, "FILE:LINE:COLUMN: message"
 * @format: the message
 *
 * Returns: always %FALSE
 */
bool manifest_place_set_error(const ManifestPlace *place, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/** manifest_string_new: @text (copied) that stands at @node */
ManifestString *manifest_string_new(const char *text, const BaseYaml *yaml,
                                    const BaseYamlNode *node);

void manifest_string_free(ManifestString *self);
void manifest_repo_free(ManifestRepo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestRepo, manifest_repo_free)
void manifest_file_free(ManifestFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestFile, manifest_file_free)
void manifest_variable_free(ManifestVariable *self);

/** manifest_new: with empty arrays */
Manifest *manifest_new(void);

G_END_DECLS
