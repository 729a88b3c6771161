/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/place.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define PROVISION_VALUE_MAX_BYTES (32 * 1024 * 1024 - 1)
#define PROVISION_VALUE_MAX_DEPTH 64
#define PROVISION_VALUE_MAX_COUNT 200000
#define PROVISION_VALUE_MAX_KEY_CHARS 256

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
 * @bytes: (nullable): of a string that is !!binary: what it stands for (@text is the base64)
 * @is_encrypted: a string that is !encrypted: a systemd credential, which whoever applies it has
 *   decrypted
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
    GBytes *bytes;
    bool is_encrypted;
    GPtrArray *items;
    GPtrArray *members;
    gint references;
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

/** provision_value_parse_at: as provision_value_parse(), for a text whose first line is the line
 * @first_line of @source (a MIME part of the user-data) */
ProvisionValue *provision_value_parse_at(const char *source, unsigned first_line, GBytes *bytes,
                                         ProvisionValueSyntax syntax,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For those who build or merge trees; what is shared is not changed. */

/** provision_value_new: (transfer full): of @kind, empty, zero or false */
ProvisionValue *provision_value_new(const ProvisionPlace *at, ProvisionValueKind kind);
/** provision_value_new_string: (transfer full): a string */
ProvisionValue *provision_value_new_string(const ProvisionPlace *at, const char *text);
/** provision_value_take_item: appends @item (transfer full) to the list @self */
void provision_value_take_item(ProvisionValue *self, ProvisionValue *item);
/** provision_value_take_member: sets the key @name of the mapping @self to @value (transfer full):
 * at the place of one that is there, else at the end */
void provision_value_take_member(ProvisionValue *self, const char *name, const ProvisionPlace *at,
                                 ProvisionValue *value);
/** provision_value_set_string: as provision_value_take_member(), for a text; %NULL sets nothing */
void provision_value_set_string(ProvisionValue *self, const char *name, const char *text);

/** provision_value_kind_name: "a list", "a mapping", … */
const char *provision_value_kind_name(ProvisionValueKind kind);

/** provision_value_to_text: (transfer full) (nullable): a scalar as Python's str() writes what
 * cloud-init reads: 0644 is "420", yes is "True"; %NULL of lists, mappings and null */
char *provision_value_to_text(const ProvisionValue *self);

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
