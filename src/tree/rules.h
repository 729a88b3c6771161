/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tree/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

/**
 * TreeRuleAction:
 * @TREE_RULE_SKIP: the script does not run
 * @TREE_RULE_REPLACE: another script runs in its place
 * @TREE_RULE_MAY_FAIL: the script runs, and its failure is none
 */
typedef enum { TREE_RULE_SKIP, TREE_RULE_REPLACE, TREE_RULE_MAY_FAIL } TreeRuleAction;

/**
 * TreeRule:
 * @format: (owned): "rpm" or "deb"
 * @package: (owned): name of the package; * and ? stand for any text and any character
 * @script: (owned): "post", "postinst", …
 * @action: what becomes of it
 * @interpreter: (owned) (nullable): what runs @with; %NULL is /bin/sh
 * @with: (owned) (nullable): the script that replaces it
 * @reason: (owned): why
 *
 * What becomes of a package's script when a tree is composed.
 */
typedef struct {
    char *format;
    char *package;
    char *script;
    TreeRuleAction action;
    char *interpreter;
    char *with;
    char *reason;
} TreeRule;

/** TreeRules: the rules of one file, atoll-script-rules(5) */
typedef struct _TreeRules TreeRules;

/**
 * tree_rules_parse:
 * @name: the file's name in error messages
 * @bytes: its text
 * @error: %BASE_ERROR_INVALID with line and column
 *
 * Returns: (transfer full): the rules
 */
TreeRules *tree_rules_parse(const char *name, GBytes *bytes,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** tree_rules_load: (transfer full): the rules that atoll brings, data/rules/scripts-1.yaml */
TreeRules *tree_rules_load(GError **error) G_GNUC_WARN_UNUSED_RESULT;

void tree_rules_free(TreeRules *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeRules, tree_rules_free)

/** tree_rules_find: (transfer none) (nullable): the first rule for a package's script */
const TreeRule *tree_rules_find(const TreeRules *self, const char *format, const char *package,
                                const char *script);

/** tree_rules_digest: (transfer full): of the rules that atoll brings, in hex: they are among
 * the inputs of a compose */
char *tree_rules_digest(void);

G_END_DECLS
