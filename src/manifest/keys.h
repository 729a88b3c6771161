/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/layer.h"

G_BEGIN_DECLS

/**
 * ManifestKeyKind:
 * @MANIFEST_KEY_STRING: text
 * @MANIFEST_KEY_BOOL: true or false
 * @MANIFEST_KEY_STRINGS: a list of texts
 * @MANIFEST_KEY_WORDS: a list of texts, each of one or more words
 * @MANIFEST_KEY_ARCH_WORDS: as WORDS, for one architecture, whose name ends the key
 * @MANIFEST_KEY_OLD_WORDS: as WORDS, under an old name of “packages”
 * @MANIFEST_KEY_REPOS: repositories
 * @MANIFEST_KEY_FILES: pairs of source and target
 * @MANIFEST_KEY_METADATA: any mapping
 * @MANIFEST_KEY_NUMBER: a whole number, 0 or more
 * @MANIFEST_KEY_FILE: a path, relative to the file that names it
 * @MANIFEST_KEY_PAIRS: a mapping of texts that stays one
 * @MANIFEST_KEY_IDS: a check of users or groups
 * @MANIFEST_KEY_PATTERNS: lists of a package and regular expressions
 * @MANIFEST_KEY_REPO_PACKAGES: packages with the repository that they have to come from
 * @MANIFEST_KEY_MODULES: module streams to enable and to install
 * @MANIFEST_KEY_NOTED: any value; has no effect, which is said
 * @MANIFEST_KEY_VARIABLES: a mapping of texts; replaced, not part of the result
 * @MANIFEST_KEY_INCLUDE: one file name or a list; replaced, not part of the result
 * @MANIFEST_KEY_ARCH_INCLUDE: as INCLUDE, by architecture
 * @MANIFEST_KEY_CONDITIONAL_INCLUDE: as INCLUDE, each with a condition
 */
typedef enum {
    MANIFEST_KEY_STRING,
    MANIFEST_KEY_BOOL,
    MANIFEST_KEY_STRINGS,
    MANIFEST_KEY_WORDS,
    MANIFEST_KEY_ARCH_WORDS,
    MANIFEST_KEY_OLD_WORDS,
    MANIFEST_KEY_REPOS,
    MANIFEST_KEY_FILES,
    MANIFEST_KEY_METADATA,
    MANIFEST_KEY_NUMBER,
    MANIFEST_KEY_FILE,
    MANIFEST_KEY_PAIRS,
    MANIFEST_KEY_IDS,
    MANIFEST_KEY_PATTERNS,
    MANIFEST_KEY_REPO_PACKAGES,
    MANIFEST_KEY_MODULES,
    MANIFEST_KEY_NOTED,
    MANIFEST_KEY_VARIABLES,
    MANIFEST_KEY_INCLUDE,
    MANIFEST_KEY_ARCH_INCLUDE,
    MANIFEST_KEY_CONDITIONAL_INCLUDE,
    MANIFEST_KEY_N_KINDS,
} ManifestKeyKind;

/**
 * ManifestKeyFlags:
 * @MANIFEST_KEY_REQUIRED: a manifest without it is an error
 * @MANIFEST_KEY_VARIABLE: ${name} is replaced in its value
 * @MANIFEST_KEY_TRUE: a boolean that is true unless said
 * @MANIFEST_KEY_SHOWN: a boolean that is printed even when nobody said it
 * @MANIFEST_KEY_SOLVED: decides on the packages of the tree
 * @MANIFEST_KEY_OVERRIDES: a list of which the including file's wins as a whole
 */
typedef enum {
    MANIFEST_KEY_REQUIRED = 1 << 0,
    MANIFEST_KEY_VARIABLE = 1 << 1,
    MANIFEST_KEY_TRUE = 1 << 2,
    MANIFEST_KEY_SHOWN = 1 << 3,
    MANIFEST_KEY_OVERRIDES = 1 << 4,
    MANIFEST_KEY_SOLVED = 1 << 5,
} ManifestKeyFlags;

/**
 * ManifestKey:
 * @name: as in the file; %NULL ends the table
 * @kind: what its value looks like
 * @flags: see #ManifestKeyFlags
 * @offset: of its field in #Manifest (of no meaning for VARIABLES and INCLUDE)
 * @check: (nullable): what is wrong with one text of it, with the mend, or %NULL
 * @doc: one sentence for people; for NOTED why it has no effect
 * @choices: (nullable): the only texts that a STRING may have, %NULL-terminated
 *
 * A row of the table that parsing, merging, checking and printing read. Its index is the
 * index into a layer's places.
 */
typedef struct {
    const char *name;
    ManifestKeyKind kind;
    unsigned flags;
    size_t offset;
    char *(*check)(const char *text);
    const char *doc;
    const char *const *choices;
} ManifestKey;

extern const ManifestKey manifest_keys[];

/** manifest_key_field: the field of @key in @values */
static inline void *manifest_key_field(const ManifestKey *key, Manifest *values)
{
    return (char *)values + key->offset;
}

/** manifest_key_find: (nullable): the row of the key @name; fits "packages-ARCH" and rpm-ostree's
 * old spellings with "_" too */
const ManifestKey *manifest_key_find(const char *name);

/** manifest_key_names: (transfer container): all names a file may use, %NULL-terminated */
GPtrArray *manifest_key_names(void);

/** manifest_key_is_arch: whether @name is an architecture, in Debian's or the kernel's words */
bool manifest_key_is_arch(const char *name);

/** manifest_key_arch_is_ours: whether it is this machine's */
bool manifest_key_arch_is_ours(const char *name);

/** manifest_key_arch_matches: whether a key like "packages-amd64" is for this machine */
bool manifest_key_arch_matches(const ManifestKey *key, const char *name);

/** manifest_key_basearch: this machine's architecture in the kernel's words ("x86_64") */
const char *manifest_key_basearch(void);

G_END_DECLS
