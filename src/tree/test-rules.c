/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rules on scripts: what they find, and what is wrong with them.
 */
#include "tree/rules.h"

#include <string.h>

#define HEAD "version: 1\nrules:\n"

static TreeRules *parse(const char *text, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
    return tree_rules_parse("rules.yaml", bytes, error);
}

static void test_built_in(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TreeRules) rules = tree_rules_load(&error);
    g_assert_no_error(error);
    const TreeRule *rule = tree_rules_find(rules, "rpm", "kernel-core", "posttrans");
    g_assert_nonnull(rule);
    g_assert_cmpint(rule->action, ==, TREE_RULE_SKIP);
    g_assert_null(tree_rules_find(rules, "deb", "kernel-core", "posttrans"));
    g_assert_null(tree_rules_find(rules, "rpm", "bash", "post"));
}

static void test_first_counts(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TreeRules) rules =
        parse(HEAD "- {format: rpm, package: a?, script: post, action: may-fail, reason: r}\n"
                   "- {format: rpm, package: a*, script: post, action: replace, reason: r,\n"
                   "   with: x, interpreter: <lua>}\n",
              &error);
    g_assert_no_error(error);
    g_assert_cmpint(tree_rules_find(rules, "rpm", "ab", "post")->action, ==, TREE_RULE_MAY_FAIL);
    const TreeRule *rule = tree_rules_find(rules, "rpm", "abc", "post");
    g_assert_cmpint(rule->action, ==, TREE_RULE_REPLACE);
    g_assert_cmpstr(rule->with, ==, "x");
    g_assert_cmpstr(rule->interpreter, ==, "<lua>");
}

static void test_wrong(void)
{
    static const char *const cases[][2] = {
        {"rules: []\n", "rules.yaml:1:1: the file has no ‘version’"},
        {"version: 1\n", "rules.yaml:1:1: the file has no ‘rules’"},
        {"version: 7\nrules: []\n",
         "rules.yaml:1:10: version ‘7’ of the rules is not known: this is for 1"},
        {HEAD "- {format: rpm, pakage: a}\n",
         "rules.yaml:3:17: unknown key ‘pakage’; did you mean ‘package’?"},
        {HEAD "- {format: rpm, package: a, script: post, action: skip}\n",
         "rules.yaml:3:3: the rule has no ‘reason’"},
        {HEAD "- {format: rpm, package: a, script: postinst, action: skip, reason: r}\n",
         "rules.yaml:3:37: ‘postinst’ is no script that a rule can have: it is one of pretrans, "
         "pre, post, posttrans, trigger, filetrigger, transfiletrigger"},
        {HEAD "- {format: tar, package: a, script: post, action: skip, reason: r}\n",
         "rules.yaml:3:12: ‘tar’ is no format: it is rpm or deb"},
        {HEAD "- {format: rpm, package: a, script: post, action: replace, reason: r}\n",
         "rules.yaml:3:3: the rule replaces a script, but has no ‘with’"},
        {HEAD "- {format: rpm, package: a, script: pre, action: may-fail, reason: r}\n",
         "rules.yaml:3:3: rpm installs no package whose %pre fails: skip or replace it"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(TreeRules) rules = parse(cases[i][0], &error);
        g_assert_null(rules);
        g_assert_cmpstr(error->message, ==, cases[i][1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/rules/built-in", test_built_in);
    g_test_add_func("/tree/rules/first-counts", test_first_counts);
    g_test_add_func("/tree/rules/wrong", test_wrong);
    return g_test_run();
}
