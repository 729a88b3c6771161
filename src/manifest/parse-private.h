/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/keys.h"

G_BEGIN_DECLS

/**
 * ManifestParse:
 * @yaml: the document
 * @layer: gets the value
 * @key: row of the key
 * @name: the key as it stands in the file
 *
 * One key on its way into a layer.
 */
typedef struct {
    const BaseYaml *yaml;
    ManifestLayer *layer;
    const ManifestKey *key;
    const char *name;
} ManifestParse;

/* rpm-ostree's order: keys that stand in a conditional-include first, then the files of
 * include, of arch-include, of conditional-include. */
enum {
    MANIFEST_INCLUDE_INLINED,
    MANIFEST_INCLUDE_PLAIN,
    MANIFEST_INCLUDE_ARCH,
    MANIFEST_INCLUDE_CONDITIONAL,
    MANIFEST_INCLUDE_N_ORDERS,
};

/** ManifestParseFunc: takes the value @node of a key */
typedef bool (*ManifestParseFunc)(const ManifestParse *p, const BaseYamlNode *node, GError **error);

/** manifest_parse_beside: (transfer full): @path, relative to the file that names it */
char *manifest_parse_beside(const ManifestParse *p, const char *path);

/** manifest_parse_keys: all keys of the mapping @node into @layer */
bool manifest_parse_keys(const BaseYaml *yaml, const BaseYamlNode *node, ManifestLayer *layer,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** manifest_parse_words: adds the words of a list to @strings; '…' keeps white space */
bool manifest_parse_words(const ManifestParse *p, const BaseYamlNode *node, GPtrArray *strings,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Values that are more than a text or a list of texts (parse-records.c). */
bool manifest_parse_ids(const ManifestParse *p, const BaseYamlNode *node, GError **error);
bool manifest_parse_patterns(const ManifestParse *p, const BaseYamlNode *node, GError **error);
bool manifest_parse_repo_packages(const ManifestParse *p, const BaseYamlNode *node, GError **error);
bool manifest_parse_modules(const ManifestParse *p, const BaseYamlNode *node, GError **error);

/* Keys that bring in other manifests (parse-includes.c). */
bool manifest_parse_include(const ManifestParse *p, const BaseYamlNode *node, GError **error);
bool manifest_parse_arch_include(const ManifestParse *p, const BaseYamlNode *node, GError **error);
bool manifest_parse_conditional_include(const ManifestParse *p, const BaseYamlNode *node,
                                        GError **error);

G_END_DECLS
