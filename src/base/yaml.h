/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

#define BASE_YAML_MAX_BYTES (1024 * 1024)
#define BASE_YAML_MAX_DEPTH 32
#define BASE_YAML_MAX_NODES 100000

/**
 * BaseYamlKind:
 * @BASE_YAML_NULL: nothing, or a plain "null" or "~"
 * @BASE_YAML_SCALAR: text
 * @BASE_YAML_LIST: a sequence
 * @BASE_YAML_MAPPING: a mapping; its keys are text
 */
typedef enum { BASE_YAML_NULL, BASE_YAML_SCALAR, BASE_YAML_LIST, BASE_YAML_MAPPING } BaseYamlKind;

/**
 * BaseYamlNode:
 * @kind: what it is
 * @is_plain: a scalar without quotes, which may mean a number or a boolean
 * @tag: (nullable): its tag, when it has one ("tag:yaml.org,2002:binary", "!own")
 * @text: (nullable): a scalar's text
 * @line: where it stands, first is 1
 * @column: where it stands, first is 1
 * @weight: nodes in it, itself included, with every alias counted as what it stands for
 * @keys: (nullable) (element-type BaseYamlNode): a mapping's keys
 * @values: (nullable) (element-type BaseYamlNode): a mapping's values, or a list's items
 *
 * One value, owned by its document. An alias is the node it stands for.
 */
typedef struct {
    BaseYamlKind kind;
    bool is_plain;
    char *tag;
    char *text;
    unsigned line;
    unsigned column;
    size_t weight;
    GPtrArray *keys;
    GPtrArray *values;
} BaseYamlNode;

/**
 * BaseYaml:
 * @name: (owned): the file's name in error messages
 * @root: the document's only top value
 * @nodes: (owned) (element-type BaseYamlNode): all nodes
 *
 * A parsed document (YAML 1.2, of which JSON is a part).
 */
typedef struct {
    char *name;
    const BaseYamlNode *root;
    GPtrArray *nodes;
} BaseYaml;

/**
 * base_yaml_parse:
 * @name: the file's name in error messages
 * @bytes: the text; UTF-8, one document
 * @error: %BASE_ERROR_INVALID: "NAME:LINE:COLUMN: what is wrong"
 *
 * Parses hostile text: size, depth and the number of nodes (aliases expanded) are capped; a
 * key that stands twice in a mapping is an error.
 *
 * Returns: (transfer full): the document
 */
BaseYaml *base_yaml_parse(const char *name, GBytes *bytes,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * BaseYamlFlags:
 * @BASE_YAML_LAST_KEY_WINS: of equal keys in a mapping the last one counts, at the first one's
 *   place
 * @BASE_YAML_MAY_BE_EMPTY: a text without a document is a %BASE_YAML_NULL
 * @BASE_YAML_ADD_NO_NEWLINE: a block of text at the end of a file that has no last newline gets
 *   none, as the specification has it and libfyaml does not
 */
typedef enum {
    BASE_YAML_LAST_KEY_WINS = 1 << 0,
    BASE_YAML_MAY_BE_EMPTY = 1 << 1,
    BASE_YAML_ADD_NO_NEWLINE = 1 << 2,
} BaseYamlFlags;

/**
 * BaseYamlLimits:
 * @max_bytes: of the text
 * @max_depth: levels
 * @max_nodes: values, with aliases expanded
 * @flags: see #BaseYamlFlags
 */
typedef struct {
    size_t max_bytes;
    unsigned max_depth;
    size_t max_nodes;
    unsigned flags;
} BaseYamlLimits;

/** base_yaml_parse_within: as base_yaml_parse(), with limits of the caller's */
BaseYaml *base_yaml_parse_within(const char *name, GBytes *bytes, const BaseYamlLimits *limits,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

void base_yaml_free(BaseYaml *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseYaml, base_yaml_free)

/**
 * base_yaml_set_error:
 * @self: a document
 * @node: the value that is wrong
 * @error: gets %BASE_ERROR_INVALID, "NAME:LINE:COLUMN: message"
 * @format: the message
 *
 * Returns: always %FALSE
 */
bool base_yaml_set_error(const BaseYaml *self, const BaseYamlNode *node, GError **error,
                         const char *format, ...) G_GNUC_PRINTF(4, 5);

/**
 * base_yaml_get_string:
 * @self: a document
 * @node: a value
 * @what: what it is for, in messages ("ref")
 * @out_text: (out) (transfer none): its text
 * @error: not a string, and where. Numbers count as their text; a plain true, false or null
 *   does not
 */
bool base_yaml_get_string(const BaseYaml *self, const BaseYamlNode *node, const char *what,
                          const char **out_text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_yaml_get_bool: as base_yaml_get_string(), for a plain true or false */
bool base_yaml_get_bool(const BaseYaml *self, const BaseYamlNode *node, const char *what,
                        bool *out_value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_yaml_check_kind: an error that says @what must be a @kind, and is not */
bool base_yaml_check_kind(const BaseYaml *self, const BaseYamlNode *node, const char *what,
                          BaseYamlKind kind, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_yaml_find: (nullable) (transfer none): the value of @key in @mapping */
const BaseYamlNode *base_yaml_find(const BaseYamlNode *mapping, const char *key);

/**
 * base_yaml_check_keys:
 * @self: a document
 * @mapping: a mapping
 * @known: the keys it may have, %NULL-terminated
 * @error: the first key that is not among them, and the nearest that is
 */
bool base_yaml_check_keys(const BaseYaml *self, const BaseYamlNode *mapping,
                          const char *const *known, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** base_yaml_is_bool: whether @node is a plain true or false */
bool base_yaml_is_bool(const BaseYamlNode *node);

/** base_yaml_set_unknown_key: sets the error of a key not among @known; always %FALSE */
bool base_yaml_set_unknown_key(const BaseYaml *self, const BaseYamlNode *key,
                               const char *const *known, GError **error);

G_END_DECLS
