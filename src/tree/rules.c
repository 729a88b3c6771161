/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rules on packages' scripts: atoll-script-rules(5).
 */
#include "tree/rules.h"

#include "base/digest.h"
#include "base/yaml.h"

#include <string.h>

#define RESOURCE "/atoll/rules/scripts-1.yaml"
#define VERSION "1"
#define RULES_MAX 1000

/* generated from data/rules/rules.gresource.xml */
GResource *tree_rules_get_resource(void);

struct _TreeRules {
    GPtrArray *rules; /* owned: TreeRule */
};

static const char *const actions[] = {"skip", "replace", "may-fail", NULL};

static const struct {
    const char *format;
    const char *const scripts[9];
} formats[] = {
    {"rpm",
     {"pretrans", "pre", "post", "posttrans", "trigger", "filetrigger", "transfiletrigger", NULL}},
    {"deb", {"preinst", "postinst", NULL}},
};

static void rule_free(void *data)
{
    TreeRule *rule = data;
    g_free(rule->format);
    g_free(rule->package);
    g_free(rule->script);
    g_free(rule->interpreter);
    g_free(rule->with);
    g_free(rule->reason);
    g_free(rule);
}

void tree_rules_free(TreeRules *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->rules);
    g_free(self);
}

static bool read_text(const BaseYaml *yaml, const BaseYamlNode *rule, const char *key,
                      char **out_text, GError **error)
{
    const BaseYamlNode *node = base_yaml_find(rule, key);
    const char *text = NULL;
    if (node == NULL)
        return base_yaml_set_error(yaml, rule, error, "the rule has no ‘%s’", key);
    if (!base_yaml_get_string(yaml, node, key, &text, error))
        return false;
    if (*text == '\0')
        return base_yaml_set_error(yaml, node, error, "‘%s’ is empty", key);
    *out_text = g_strdup(text);
    return true;
}

static bool read_optional(const BaseYaml *yaml, const BaseYamlNode *rule, const char *key,
                          char **out_text, GError **error)
{
    return base_yaml_find(rule, key) == NULL || read_text(yaml, rule, key, out_text, error);
}

static bool read_choice(const BaseYaml *yaml, const BaseYamlNode *rule, const char *key,
                        const char *const *choices, const char *text, GError **error)
{
    if (g_strv_contains(choices, text))
        return true;
    g_autofree char *list = g_strjoinv(", ", (char **)choices);
    return base_yaml_set_error(yaml, base_yaml_find(rule, key), error,
                               "‘%s’ is no %s that a rule can have: it is one of %s", text, key,
                               list);
}

static bool check_script(const BaseYaml *yaml, const BaseYamlNode *node, const TreeRule *rule,
                         GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
        if (strcmp(formats[i].format, rule->format) == 0)
            return read_choice(yaml, node, "script", formats[i].scripts, rule->script, error);
    return base_yaml_set_error(yaml, base_yaml_find(node, "format"), error,
                               "‘%s’ is no format: it is rpm or deb", rule->format);
}

static bool read_action(const BaseYaml *yaml, const BaseYamlNode *node, TreeRule *rule,
                        GError **error)
{
    g_autofree char *action = NULL;
    if (!read_text(yaml, node, "action", &action, error) ||
        !read_choice(yaml, node, "action", actions, action, error) ||
        !read_optional(yaml, node, "with", &rule->with, error) ||
        !read_optional(yaml, node, "interpreter", &rule->interpreter, error))
        return false;
    g_assert(action != NULL);
    rule->action = strcmp(action, "skip") == 0      ? TREE_RULE_SKIP
                   : strcmp(action, "replace") == 0 ? TREE_RULE_REPLACE
                                                    : TREE_RULE_MAY_FAIL;
    if (rule->action == TREE_RULE_MAY_FAIL && strcmp(rule->script, "pre") == 0)
        return base_yaml_set_error(yaml, node, error,
                                   "rpm installs no package whose %%pre fails: skip or replace it");
    if ((rule->action == TREE_RULE_REPLACE) != (rule->with != NULL))
        return base_yaml_set_error(yaml, node, error,
                                   rule->with == NULL
                                       ? "the rule replaces a script, but has no ‘with’"
                                       : "‘with’ is for rules whose action is replace");
    return true;
}

static bool read_rule(const BaseYaml *yaml, const BaseYamlNode *node, TreeRules *rules,
                      GError **error)
{
    static const char *const keys[] = {"format",      "package", "script", "action",
                                       "interpreter", "with",    "reason", NULL};
    if (!base_yaml_check_kind(yaml, node, "a rule", BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(yaml, node, keys, error))
        return false;
    TreeRule *rule = g_new0(TreeRule, 1);
    g_ptr_array_add(rules->rules, rule);
    return read_text(yaml, node, "format", &rule->format, error) &&
           read_text(yaml, node, "package", &rule->package, error) &&
           read_text(yaml, node, "script", &rule->script, error) &&
           read_text(yaml, node, "reason", &rule->reason, error) &&
           check_script(yaml, node, rule, error) && read_action(yaml, node, rule, error);
}

static bool read_rules(const BaseYaml *yaml, TreeRules *rules, GError **error)
{
    static const char *const keys[] = {"version", "rules", NULL};
    const char *version = NULL;
    if (!base_yaml_check_kind(yaml, yaml->root, "a file of rules", BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(yaml, yaml->root, keys, error))
        return false;
    const BaseYamlNode *node = base_yaml_find(yaml->root, "version");
    if (node == NULL)
        return base_yaml_set_error(yaml, yaml->root, error, "the file has no ‘version’");
    if (!base_yaml_get_string(yaml, node, "version", &version, error))
        return false;
    if (strcmp(version, VERSION) != 0)
        return base_yaml_set_error(yaml, node, error,
                                   "version ‘%s’ of the rules is not known: this is for " VERSION,
                                   version);
    const BaseYamlNode *list = base_yaml_find(yaml->root, "rules");
    if (list == NULL)
        return base_yaml_set_error(yaml, yaml->root, error, "the file has no ‘rules’");
    if (!base_yaml_check_kind(yaml, list, "rules", BASE_YAML_LIST, error))
        return false;
    if (list->values->len > RULES_MAX)
        return base_yaml_set_error(yaml, list, error, "more than %d rules", RULES_MAX);
    for (guint i = 0; i < list->values->len; i++)
        if (!read_rule(yaml, list->values->pdata[i], rules, error))
            return false;
    return true;
}

TreeRules *tree_rules_parse(const char *name, GBytes *bytes, GError **error)
{
    g_autoptr(BaseYaml) yaml = base_yaml_parse(name, bytes, error);
    if (yaml == NULL)
        return NULL;
    g_autoptr(TreeRules) self = g_new0(TreeRules, 1);
    self->rules = g_ptr_array_new_with_free_func(rule_free);
    return read_rules(yaml, self, error) ? g_steal_pointer(&self) : NULL;
}

static GBytes *built_in(void)
{
    GBytes *bytes = g_resource_lookup_data(tree_rules_get_resource(), RESOURCE,
                                           G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    g_assert(bytes != NULL);
    return bytes;
}

TreeRules *tree_rules_load(GError **error)
{
    g_autoptr(GBytes) bytes = built_in();
    return tree_rules_parse("scripts-1.yaml", bytes, error);
}

char *tree_rules_digest(void)
{
    g_autoptr(GBytes) bytes = built_in();
    return base_sha256_hex(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

const TreeRule *tree_rules_find(const TreeRules *self, const char *format, const char *package,
                                const char *script)
{
    for (guint i = 0; i < self->rules->len; i++) {
        const TreeRule *rule = self->rules->pdata[i];
        if (strcmp(rule->format, format) == 0 && strcmp(rule->script, script) == 0 &&
            g_pattern_match_simple(rule->package, package))
            return rule;
    }
    return NULL;
}
