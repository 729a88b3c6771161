/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/place.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define PROVISION_VALUE_MAX_BYTES (32 * 1024 * 1024 - 1)

/**
 * ProvisionValueKind:
 * @PROVISION_VALUE_NULL: nothing
 * @PROVISION_VALUE_BOOL: true or false (YAML 1.1: also yes, no, on, off)
 * @PROVISION_VALUE_INT: a whole number (YAML 1.1: 0644 is octal)
 * @PROVISION_VALUE_FLOAT: another number; its text is kept
 * @PROVISION_VALUE_STRING: text
 * @PROVISION_VALUE_LIST: a list
 * @PROVISION_VALUE_MAP: a mapping with text as keys, in the order of the file
 */
typedef enum {
    PROVISION_VALUE_NULL,
    PROVISION_VALUE_BOOL,
    PROVISION_VALUE_INT,
    PROVISION_VALUE_FLOAT,
    PROVISION_VALUE_STRING,
    PROVISION_VALUE_LIST,
    PROVISION_VALUE_MAP,
} ProvisionValueKind;

typedef struct _ProvisionValue ProvisionValue;

/**
 * ProvisionMember:
 * @name: the key
 * @at: where the key stands
 * @value: (owned): what it has
 *
 * One entry of a mapping.
 */
typedef struct {
    char *name;
    ProvisionPlace at;
    ProvisionValue *value;
} ProvisionMember;

/**
 * ProvisionValue:
 * @kind: what it is
 * @at: where it stands; @at.key is its path
 * @boolean: of a bool
 * @integer: of an int
 * @text: (nullable): a scalar as it was written, without quotes (also of bools and numbers)
 * @items: (nullable) (element-type ProvisionValue): of a list
 * @members: (nullable) (element-type ProvisionMember): of a mapping
 *
 * A configuration as a tree, whose values know where they stand: what YAML, JSON, MIME parts
 * and their merging come to. Reference counted, constant once it is shared.
 */
struct _ProvisionValue {
    ProvisionValueKind kind;
    ProvisionPlace at;
    bool boolean;
    int64_t integer;
    char *text;
    GPtrArray *items;
    GPtrArray *members;
};

ProvisionValue *provision_value_ref(ProvisionValue *self);
void provision_value_unref(ProvisionValue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionValue, provision_value_unref)

/**
 * ProvisionValueSyntax:
 * @PROVISION_VALUE_YAML_1_1: as cloud-init's PyYAML reads: 1.1 booleans and octal numbers, the
 *   last of equal keys wins, a byte order mark and CR LF are taken
 * @PROVISION_VALUE_JSON: strict JSON (Ignition, metadata)
 */
typedef enum { PROVISION_VALUE_YAML_1_1, PROVISION_VALUE_JSON } ProvisionValueSyntax;

/**
 * provision_value_parse:
 * @source: what it is, for messages and places
 * @bytes: hostile text: size, depth and number of values are bounded, aliases are counted as
 *   what they stand for
 * @syntax: how to read it
 * @error: %PROVISION_ERROR_INVALID: "SOURCE:LINE:COLUMN: what is wrong"
 *
 * Returns: (transfer full): the tree
 */
ProvisionValue *provision_value_parse(const char *source, GBytes *bytes,
                                      ProvisionValueSyntax syntax,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_value_find: (nullable) (transfer none): the value of @name in the mapping @self */
const ProvisionValue *provision_value_find(const ProvisionValue *self, const char *name);

/** provision_value_look_up: (nullable) (transfer none): what the dotted @path ("ds.meta_data.x")
 * leads to */
const ProvisionValue *provision_value_look_up(const ProvisionValue *self, const char *path);

/** provision_value_print: (transfer full): as JSON, on one line */
char *provision_value_print(const ProvisionValue *self);

/** provision_value_set_error: sets %PROVISION_ERROR_INVALID "SOURCE:LINE:COLUMN: KEY: message" of
 * @at; always %FALSE */
bool provision_value_set_error(const ProvisionPlace *at, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

G_END_DECLS
