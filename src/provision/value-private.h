/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/value.h"

G_BEGIN_DECLS

/** provision_value_parse_yaml: YAML 1.1, whose first line is @start's */
ProvisionValue *provision_value_parse_yaml(const ProvisionPlace *start, GBytes *bytes,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_value_parse_json: strict JSON (RFC 8259); of equal keys the last one counts */
ProvisionValue *provision_value_parse_json(const ProvisionPlace *start, GBytes *bytes,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_value_append_member: at the end, whatever is there */
void provision_value_append_member(ProvisionValue *self, const char *name, const ProvisionPlace *at,
                                   ProvisionValue *value);

/** provision_value_member_key: (transfer none): the interned path of the key @name of @parent */
const char *provision_value_member_key(const char *parent, const char *name);

/** provision_value_item_key: (transfer none): the interned path of an item of @parent */
const char *provision_value_item_key(const char *parent, guint index);

G_END_DECLS
