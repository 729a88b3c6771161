/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/value.h"

G_BEGIN_DECLS

/**
 * provision_jinja_render:
 * @at: the place of @text's first character
 * @text: a template, %NULL-terminated UTF-8
 * @size_bytes: its length
 * @data: (nullable): what it may ask for
 * @error: %PROVISION_ERROR_INVALID: what is not in the subset, or has no value; names the place
 *
 * Fills in “{{ ds.meta_data.x }}”: look-up by dots and brackets, hyphens also as underscores, the
 * members of “v1” also without it, “| default('x')”. Comments “{# #}” are dropped. All else that
 * jinja has is an error.
 *
 * Returns: (transfer full): the text
 */
char *provision_jinja_render(const ProvisionPlace *at, const char *text, size_t size_bytes,
                             const ProvisionValue *data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
