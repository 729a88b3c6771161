/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/** manifest_yaml_add_key: appends "NAME:", quoted where that is needed */
void manifest_yaml_add_key(GString *out, const char *name, JsonNode *value);

/**
 * manifest_yaml_add_value:
 * @out: gets the text
 * @value: what follows a key
 * @depth: how deep it stands; the document's own keys are at 0
 *
 * Appends a value in YAML's block form, from the blank after the colon to the end of its line.
 */
void manifest_yaml_add_value(GString *out, JsonNode *value, unsigned depth);

/** manifest_yaml_add_item: appends "  - VALUE", of a top list, with a comment */
void manifest_yaml_add_item(GString *out, JsonNode *value, const char *comment);

G_END_DECLS
