/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/layer.h"

G_BEGIN_DECLS

/** manifest_place_at: the place of @node, in memory of its own */
ManifestPlace manifest_place_at(const BaseYaml *yaml, const BaseYamlNode *node);

/** manifest_place_copy: a copy */
ManifestPlace manifest_place_copy(const ManifestPlace *place);

void manifest_place_clear(ManifestPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ManifestPlace, manifest_place_clear)

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
/** manifest_rpm_repo_new: with dnf's defaults, but gpgcheck on */
ManifestRpmRepo *manifest_rpm_repo_new(void);
void manifest_rpm_repo_free(ManifestRpmRepo *self);
void manifest_repo_free(ManifestRepo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestRepo, manifest_repo_free)
void manifest_file_free(ManifestFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestFile, manifest_file_free)
void manifest_variable_free(ManifestVariable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestVariable, manifest_variable_free)
void manifest_id_free(ManifestId *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestId, manifest_id_free)
void manifest_ids_free(ManifestIds *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestIds, manifest_ids_free)
void manifest_patterns_free(ManifestPatterns *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestPatterns, manifest_patterns_free)
void manifest_repo_packages_free(ManifestRepoPackages *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestRepoPackages, manifest_repo_packages_free)
void manifest_include_free(ManifestInclude *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestInclude, manifest_include_free)

/** manifest_note: adds to @notes (element-type ManifestString) a text that stands at @place */
void manifest_note(GPtrArray *notes, const ManifestPlace *place, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/** manifest_new: with empty arrays */
Manifest *manifest_new(void);

G_END_DECLS
