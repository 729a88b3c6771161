/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Drop-ins that say what wins in /etc: a list of rules, each a pattern and a policy.
 */
#include "host/etc-policy.h"

#include "base/dropins.h"
#include "base/fd.h"
#include "base/yaml.h"

#include <fnmatch.h>
#include <string.h>

#define MAX_RULES 1000

typedef struct {
    char *pattern;
    HostEtcPolicy policy;
} Rule;

struct _HostEtcRules {
    GPtrArray *rules;
};

static const char *const policy_names[] = {
    [HOST_ETC_KEEP] = "keep", [HOST_ETC_TAKE] = "take", [HOST_ETC_FAIL] = "fail"};

const char *host_etc_policy_name(HostEtcPolicy self)
{
    return policy_names[self];
}

static void rule_free(void *data)
{
    Rule *rule = data;
    g_free(rule->pattern);
    g_free(rule);
}

HostEtcRules *host_etc_rules_new(void)
{
    HostEtcRules *self = g_new0(HostEtcRules, 1);
    self->rules = g_ptr_array_new_with_free_func(rule_free);
    return self;
}

void host_etc_rules_free(HostEtcRules *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->rules);
    g_free(self);
}

static bool find_policy(const BaseYaml *yaml, const BaseYamlNode *node, HostEtcPolicy *out_policy,
                        GError **error)
{
    const char *text = NULL;
    if (!base_yaml_get_string(yaml, node, "policy", &text, error))
        return false;
    for (unsigned i = 0; i < G_N_ELEMENTS(policy_names); i++) {
        if (strcmp(policy_names[i], text) == 0) {
            *out_policy = (HostEtcPolicy)i;
            return true;
        }
    }
    return base_yaml_set_error(yaml, node, error,
                               "the policy is ‘%s’: keep, take or fail is wanted", text);
}

static bool parse_rule(HostEtcRules *self, const BaseYaml *yaml, const BaseYamlNode *node,
                       GError **error)
{
    static const char *const known[] = {"path", "policy", NULL};
    const char *pattern = NULL;
    HostEtcPolicy policy = HOST_ETC_KEEP;
    if (!base_yaml_check_kind(yaml, node, "a rule", BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(yaml, node, known, error))
        return false;
    const BaseYamlNode *path_node = base_yaml_find(node, "path");
    const BaseYamlNode *policy_node = base_yaml_find(node, "policy");
    if (path_node == NULL || policy_node == NULL)
        return base_yaml_set_error(yaml, node, error, "a rule needs ‘path’ and ‘policy’");
    if (!base_yaml_get_string(yaml, path_node, "path", &pattern, error) ||
        !find_policy(yaml, policy_node, &policy, error))
        return false;
    if (!g_str_has_prefix(pattern, "/etc/"))
        return base_yaml_set_error(yaml, path_node, error,
                                   "the path is ‘%s’: one below /etc is "
                                   "wanted",
                                   pattern);
    if (self->rules->len >= MAX_RULES)
        return base_yaml_set_error(yaml, node, error, "more than %d rules", MAX_RULES);
    Rule *rule = g_new0(Rule, 1);
    rule->pattern = g_strdup(pattern);
    rule->policy = policy;
    g_ptr_array_add(self->rules, rule);
    return true;
}

bool host_etc_rules_parse(HostEtcRules *self, const char *name, GBytes *bytes, GError **error)
{
    static const char *const known[] = {"rules", NULL};
    g_autoptr(BaseYaml) yaml = base_yaml_parse(name, bytes, error);
    if (yaml == NULL)
        return false;
    if (yaml->root->kind == BASE_YAML_NULL)
        return true;
    if (!base_yaml_check_kind(yaml, yaml->root, "the file", BASE_YAML_MAPPING, error) ||
        !base_yaml_check_keys(yaml, yaml->root, known, error))
        return false;
    const BaseYamlNode *rules = base_yaml_find(yaml->root, "rules");
    if (rules == NULL || rules->kind == BASE_YAML_NULL)
        return true;
    if (!base_yaml_check_kind(yaml, rules, "rules", BASE_YAML_LIST, error))
        return false;
    for (guint i = 0; i < rules->values->len; i++)
        if (!parse_rule(self, yaml, rules->values->pdata[i], error))
            return false;
    return true;
}

HostEtcRules *host_etc_rules_load(int root_dfd, GError **error)
{
    static const char *const dirs[] = {"usr/lib/atoll/etc.d", "etc/atoll/etc.d", NULL};
    g_autoptr(HostEtcRules) self = host_etc_rules_new();
    g_autoptr(GPtrArray) paths = base_dropins_find(root_dfd, dirs, ".yaml", error);
    for (guint i = 0; paths != NULL && i < paths->len; i++) {
        g_autofree char *name = g_strconcat("/", paths->pdata[i], NULL);
        g_autoptr(GBytes) bytes =
            base_fd_read_file(root_dfd, paths->pdata[i], BASE_YAML_MAX_BYTES, error);
        if (bytes == NULL || !host_etc_rules_parse(self, name, bytes, error))
            return NULL;
    }
    return paths != NULL ? g_steal_pointer(&self) : NULL;
}

HostEtcPolicy host_etc_rules_find(const HostEtcRules *self, const char *path)
{
    for (guint i = self->rules->len; i-- > 0;) {
        const Rule *rule = self->rules->pdata[i];
        /* an asterisk matches slashes too: all below a directory */
        if (fnmatch(rule->pattern, path, FNM_NOESCAPE) == 0)
            return rule->policy;
    }
    return HOST_ETC_KEEP;
}
