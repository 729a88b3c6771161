/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What image and owner say about provisioning: the files of provision.d, and of an image that was
 * made for cloud-init the default user of its cloud.cfg. The format: atoll-provision.d(5).
 */
#include "provision/apply/apply.h"

#include "base/nearest.h"
#include "provision/error.h"
#include "provision/value.h"

#include <string.h>

static const char *const keys[] = {"packages", "packages_hook", "default_user", "trust_instance",
                                   NULL};
static const char *const user_keys[] = {"name",        "gecos",         "shell", "home",
                                        "groups",      "sudo",          "doas",  "uid",
                                        "lock_passwd", "primary_group", NULL};

void provision_policy_free(ProvisionPolicy *self)
{
    if (self == NULL)
        return;
    g_free(self->packages_hook);
    provision_user_free(self->default_user);
    g_free(self);
}

ProvisionPolicy *provision_policy_new(void)
{
    static const ProvisionPlace nowhere = {0};
    ProvisionPolicy *self = g_new0(ProvisionPolicy, 1);
    ProvisionUser *user = provision_user_new(&nowhere, "core");
    user->is_default = true;
    user->gecos = g_strdup("Default user");
    user->shell = g_strdup("/bin/bash");
    user->groups = g_strsplit("adm,sudo", ",", -1);
    user->sudo = g_strsplit("ALL=(ALL) NOPASSWD:ALL", "\n", -1);
    user->lock_password = PROVISION_YES;
    user->make_groups = true;
    self->default_user = user;
    return self;
}

static bool check_keys(const ProvisionValue *mapping, const char *const *known, GError **error)
{
    for (guint i = 0; mapping->members != NULL && i < mapping->members->len; i++) {
        const ProvisionMember *member = mapping->members->pdata[i];
        if (g_strv_contains(known, member->name))
            continue;
        const char *nearest = base_nearest_name(member->name, known);
        return provision_value_set_error(
            &member->at, error, "unknown key%s%s%s", nearest != NULL ? "; did you mean ‘" : "",
            nearest != NULL ? nearest : "", nearest != NULL ? "’?" : "");
    }
    return true;
}

static bool take_text(const ProvisionValue *mapping, const char *name, char **out, GError **error)
{
    const ProvisionValue *value = provision_value_find(mapping, name);
    if (value == NULL)
        return true;
    if (value->kind != PROVISION_VALUE_STRING && value->kind != PROVISION_VALUE_INT)
        return provision_value_set_error(&value->at, error, "a text is wanted, not %s",
                                         provision_value_kind_name(value->kind));
    g_free(*out);
    *out = g_strdup(value->text);
    return true;
}

/* A list of texts, or one text, split at commas when @split. */
static bool take_list(const ProvisionValue *mapping, const char *name, bool split, char ***out,
                      GError **error)
{
    const ProvisionValue *value = provision_value_find(mapping, name);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    if (value == NULL)
        return true;
    if (value->kind == PROVISION_VALUE_STRING) {
        g_auto(GStrv) parts = g_strsplit(value->text, split ? "," : "\n", -1);
        for (char **part = parts; *part != NULL; part++)
            g_ptr_array_add(texts, g_strdup(g_strstrip(*part)));
    } else if (value->kind == PROVISION_VALUE_LIST) {
        for (guint i = 0; i < value->items->len; i++) {
            const ProvisionValue *item = value->items->pdata[i];
            if (item->kind != PROVISION_VALUE_STRING)
                return provision_value_set_error(&item->at, error, "a text is wanted, not %s",
                                                 provision_value_kind_name(item->kind));
            g_ptr_array_add(texts, g_strdup(item->text));
        }
    } else if (value->kind != PROVISION_VALUE_NULL &&
               !(value->kind == PROVISION_VALUE_BOOL && !value->boolean)) {
        return provision_value_set_error(&value->at, error, "a list of texts is wanted, not %s",
                                         provision_value_kind_name(value->kind));
    }
    g_ptr_array_add(texts, NULL);
    g_strfreev(*out);
    *out = (char **)g_ptr_array_free(g_steal_pointer(&texts), FALSE);
    return true;
}

static bool take_flag(const ProvisionValue *mapping, const char *name, bool *out, GError **error)
{
    const ProvisionValue *value = provision_value_find(mapping, name);
    if (value == NULL)
        return true;
    if (value->kind != PROVISION_VALUE_BOOL)
        return provision_value_set_error(&value->at, error, "true or false is wanted");
    *out = value->boolean;
    return true;
}

static bool take_user(ProvisionPolicy *self, const ProvisionValue *value, bool strict,
                      GError **error)
{
    ProvisionUser *user = self->default_user;
    bool lock = user->lock_password != PROVISION_NO;
    if (value == NULL)
        return true;
    if (value->kind != PROVISION_VALUE_MAP)
        return provision_value_set_error(&value->at, error, "a mapping is wanted, not %s",
                                         provision_value_kind_name(value->kind));
    if ((strict && !check_keys(value, user_keys, error)) ||
        !take_text(value, "name", &user->name, error) ||
        !take_text(value, "gecos", &user->gecos, error) ||
        !take_text(value, "shell", &user->shell, error) ||
        !take_text(value, "home", &user->home, error) ||
        !take_text(value, "primary_group", &user->primary_group, error) ||
        !take_list(value, "groups", true, &user->groups, error) ||
        !take_list(value, "sudo", false, &user->sudo, error) ||
        !take_list(value, "doas", false, &user->doas, error) ||
        !take_flag(value, "lock_passwd", &lock, error))
        return false;
    const ProvisionValue *uid = provision_value_find(value, "uid");
    if (uid != NULL && uid->kind == PROVISION_VALUE_INT)
        user->uid = uid->integer;
    user->lock_password = lock ? PROVISION_YES : PROVISION_NO;
    return provision_accounts_check_name(user->name, error);
}

bool provision_policy_parse(ProvisionPolicy *self, const char *path, GBytes *bytes, GError **error)
{
    static const char *const packages[] = {"warn", "layer", "fail", NULL};
    g_autofree char *policy = NULL;
    g_autoptr(ProvisionValue) value =
        provision_value_parse(path, bytes, PROVISION_VALUE_YAML_1_1, error);
    if (value == NULL)
        return false;
    if (value->kind == PROVISION_VALUE_NULL)
        return true;
    if (value->kind != PROVISION_VALUE_MAP)
        return provision_value_set_error(&value->at, error, "a mapping is wanted, not %s",
                                         provision_value_kind_name(value->kind));
    if (!check_keys(value, keys, error) || !take_text(value, "packages", &policy, error) ||
        !take_text(value, "packages_hook", &self->packages_hook, error) ||
        !take_flag(value, "trust_instance", &self->trust_instance, error) ||
        !take_user(self, provision_value_find(value, "default_user"), true, error))
        return false;
    if (policy == NULL)
        return true;
    for (unsigned i = 0; packages[i] != NULL; i++)
        if (strcmp(packages[i], policy) == 0) {
            self->packages = (ProvisionPackagesPolicy)i;
            return true;
        }
    return provision_value_set_error(&provision_value_find(value, "packages")->at, error,
                                     "‘warn’, ‘layer’ or ‘fail’ is wanted, not ‘%s’", policy);
}

/* Of cloud-init's own files only the default user counts; what else is in them is cloud-init's. */
static void take_cloud_cfg(ProvisionPolicy *self, ProvisionRoot *root)
{
    static const char path[] = "/etc/cloud/cloud.cfg";
    g_autoptr(GBytes) bytes = provision_root_read(root, path, NULL);
    g_autoptr(GError) ignored = NULL;
    g_autoptr(ProvisionValue) value =
        bytes != NULL ? provision_value_parse(path, bytes, PROVISION_VALUE_YAML_1_1, &ignored)
                      : NULL;
    const ProvisionValue *user =
        value != NULL ? provision_value_look_up(value, "system_info.default_user") : NULL;
    if (user != NULL && !take_user(self, user, false, &ignored))
        g_debug("%s", ignored->message);
}

ProvisionPolicy *provision_policy_read(ProvisionRoot *root, GError **error)
{
    static const char *const directories[] = {"/usr/lib/atoll/provision.d",
                                              "/etc/atoll/provision.d"};
    g_autoptr(ProvisionPolicy) self = provision_policy_new();
    take_cloud_cfg(self, root);
    for (unsigned d = 0; d < G_N_ELEMENTS(directories); d++) {
        g_autoptr(GPtrArray) names = provision_root_list(root, directories[d]);
        for (guint i = 0; i < names->len; i++) {
            if (!g_str_has_suffix(names->pdata[i], ".yaml"))
                continue;
            g_autofree char *path = g_build_filename(directories[d], names->pdata[i], NULL);
            g_autoptr(GBytes) bytes = provision_root_read(root, path, error);
            if (bytes == NULL || !provision_policy_parse(self, path, bytes, error))
                return NULL;
        }
    }
    return g_steal_pointer(&self);
}
