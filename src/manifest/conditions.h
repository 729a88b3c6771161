/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/layer.h"

G_BEGIN_DECLS

/**
 * ManifestCondition:
 *
 * One condition of a conditional-include: "NAME OP VALUE", with == != < <= > >=.
 */
typedef struct _ManifestCondition ManifestCondition;

void manifest_condition_free(ManifestCondition *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ManifestCondition, manifest_condition_free)

/**
 * manifest_condition_parse:
 * @yaml: the document
 * @node: the text
 * @error: %BASE_ERROR_INVALID, with the place
 *
 * Returns: (transfer full): the condition
 */
ManifestCondition *manifest_condition_parse(const BaseYaml *yaml, const BaseYamlNode *node,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * manifest_conditions_hold:
 * @conditions: (element-type ManifestCondition)
 * @variables: (element-type ManifestVariable): what is set; the first of a name counts
 * @out_holds: whether all hold; all are looked at, so that a mistake is found early
 * @error: %MANIFEST_ERROR_INVALID: a variable that is not set, with the nearest that is, or
 *   values that cannot be compared
 */
bool manifest_conditions_hold(const GPtrArray *conditions, const GPtrArray *variables,
                              bool *out_holds, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
