/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From a merged config to a plan: files, users, units, kernel arguments. Disks are in plan-disks.c.
 */
#include "provision/ignition/plan-private.h"

#include "provision/data-url.h"

#include <string.h>

char **provision_ignition_texts(const ProvisionValue *map, const char *key)
{
    unsigned n = provision_ignition_items(map, key);
    GStrvBuilder *builder = g_strv_builder_new();
    for (unsigned i = 0; i < n; i++)
        g_strv_builder_add(builder, provision_ignition_item(map, key, i)->text);
    char **texts = n > 0 ? g_strv_builder_end(builder) : NULL;
    g_strv_builder_unref(builder);
    return texts;
}

static char **headers_of(const ProvisionValue *resource)
{
    unsigned n = provision_ignition_items(resource, "httpHeaders");
    GStrvBuilder *builder = g_strv_builder_new();
    for (unsigned i = 0; i < n; i++) {
        const ProvisionValue *header = provision_ignition_item(resource, "httpHeaders", i);
        const char *value = provision_ignition_text(header, "value");
        g_autofree char *line =
            g_strdup_printf("%s: %s", provision_ignition_text(header, "name"), value);
        if (value != NULL)
            g_strv_builder_add(builder, line);
    }
    char **headers = n > 0 ? g_strv_builder_end(builder) : NULL;
    g_strv_builder_unref(builder);
    return headers;
}

ProvisionContents *provision_ignition_contents(const ProvisionValue *resource)
{
    const char *source = provision_ignition_text(resource, "source");
    if (source == NULL)
        return NULL;
    ProvisionContents *contents =
        provision_contents_new(&provision_value_find(resource, "source")->at);
    contents->url = g_strdup(source);
    contents->headers = headers_of(resource);
    contents->compression = g_strdup(provision_ignition_nonempty(resource, "compression"));
    contents->verification = g_strdup(
        provision_ignition_nonempty(provision_value_find(resource, "verification"), "hash"));
    return contents;
}

ProvisionTristate provision_ignition_tristate(const ProvisionValue *map, const char *key)
{
    int flag = provision_ignition_flag(map, key);
    return flag < 0 ? PROVISION_UNSET : flag > 0 ? PROVISION_YES : PROVISION_NO;
}

static ProvisionNode *plan_node(const ProvisionValue *value, ProvisionNodeKind kind,
                                const ProvisionValue *config)
{
    ProvisionNode *node = provision_node_new(&value->at, kind);
    const ProvisionValue *user = provision_value_find(value, "user");
    const ProvisionValue *group = provision_value_find(value, "group");
    const char *version =
        provision_ignition_text(provision_value_find(config, "ignition"), "version");
    node->path = g_strdup(provision_ignition_text(value, "path"));
    node->mode = (int)provision_ignition_number(value, "mode", -1);
    if (node->mode > 0777 && g_strcmp0(version, "3.6.0") != 0)
        node->mode &= 0777;
    node->uid = provision_ignition_number(user, "id", -1);
    node->gid = provision_ignition_number(group, "id", -1);
    node->user = g_strdup(provision_ignition_nonempty(user, "name"));
    node->group = g_strdup(provision_ignition_nonempty(group, "name"));
    node->overwrite = provision_ignition_flag(value, "overwrite") == 1;
    return node;
}

static void plan_nodes(const ProvisionValue *config, ProvisionPlan *plan)
{
    const ProvisionValue *storage = provision_value_find(config, "storage");
    for (unsigned i = 0; i < provision_ignition_items(storage, "directories"); i++) {
        const ProvisionValue *value = provision_ignition_item(storage, "directories", i);
        g_ptr_array_add(plan->nodes, plan_node(value, PROVISION_DIRECTORY, config));
    }
    for (unsigned i = 0; i < provision_ignition_items(storage, "files"); i++) {
        const ProvisionValue *value = provision_ignition_item(storage, "files", i);
        ProvisionNode *node = plan_node(value, PROVISION_FILE, config);
        node->contents = provision_ignition_contents(provision_value_find(value, "contents"));
        for (unsigned j = 0; j < provision_ignition_items(value, "append"); j++) {
            ProvisionContents *contents =
                provision_ignition_contents(provision_ignition_item(value, "append", j));
            if (contents != NULL)
                g_ptr_array_add(node->appends, contents);
        }
        g_ptr_array_add(plan->nodes, node);
    }
    for (unsigned i = 0; i < provision_ignition_items(storage, "links"); i++) {
        const ProvisionValue *value = provision_ignition_item(storage, "links", i);
        ProvisionNode *node = plan_node(value, PROVISION_LINK, config);
        node->target = g_strdup(provision_ignition_text(value, "target"));
        node->hard = provision_ignition_flag(value, "hard") == 1;
        g_ptr_array_add(plan->nodes, node);
    }
}

static void plan_group(const ProvisionValue *value, ProvisionPlan *plan)
{
    ProvisionGroup *group = provision_group_new(&value->at, provision_ignition_text(value, "name"));
    group->gid = provision_ignition_number(value, "gid", -1);
    /* Ignition's groups have no password that fits, rather than none */
    const char *hash = provision_ignition_nonempty(value, "passwordHash");
    group->password_hash = g_strdup(hash != NULL ? hash : "*");
    group->system = provision_ignition_flag(value, "system") == 1;
    group->should_exist = provision_ignition_flag(value, "shouldExist") != 0;
    g_ptr_array_add(plan->groups, group);
}

static void plan_user(const ProvisionValue *value, ProvisionPlan *plan)
{
    ProvisionUser *user = provision_user_new(&value->at, provision_ignition_text(value, "name"));
    user->from_ignition = true;
    user->uid = provision_ignition_number(value, "uid", -1);
    user->gecos = g_strdup(provision_ignition_nonempty(value, "gecos"));
    user->home = g_strdup(provision_ignition_nonempty(value, "homeDir"));
    user->shell = g_strdup(provision_ignition_nonempty(value, "shell"));
    user->primary_group = g_strdup(provision_ignition_nonempty(value, "primaryGroup"));
    user->groups = provision_ignition_texts(value, "groups");
    user->no_user_group = provision_ignition_flag(value, "noUserGroup") == 1;
    user->no_create_home = provision_ignition_flag(value, "noCreateHome") == 1;
    user->system = provision_ignition_flag(value, "system") == 1;
    user->should_exist = provision_ignition_flag(value, "shouldExist") != 0;
    user->ssh_keys = provision_ignition_texts(value, "sshAuthorizedKeys");
    user->ssh_keys_dropin = true;
    const char *hash = provision_ignition_text(value, "passwordHash");
    if (hash != NULL)
        user->password_hash = g_strdup(hash[0] != '\0' ? hash : "*");
    user->lock_password = PROVISION_NO;
    g_ptr_array_add(plan->users, user);
}

static void plan_unit(const ProvisionValue *value, ProvisionPlan *plan)
{
    ProvisionUnit *unit = provision_unit_new(&value->at, provision_ignition_text(value, "name"));
    unit->contents = g_strdup(provision_ignition_nonempty(value, "contents"));
    unit->enabled = provision_ignition_tristate(value, "enabled");
    unit->masked = provision_ignition_tristate(value, "mask");
    for (unsigned i = 0; i < provision_ignition_items(value, "dropins"); i++) {
        const ProvisionValue *dropin = provision_ignition_item(value, "dropins", i);
        const char *contents = provision_ignition_nonempty(dropin, "contents");
        if (contents == NULL)
            continue;
        ProvisionNode *node = provision_node_new(&dropin->at, PROVISION_FILE);
        node->path = g_strdup(provision_ignition_text(dropin, "name"));
        node->overwrite = true;
        node->contents = provision_contents_new(&dropin->at);
        node->contents->inline_bytes = g_bytes_new(contents, strlen(contents));
        g_ptr_array_add(unit->dropins, node);
    }
    g_ptr_array_add(plan->units, unit);
}

static void plan_kargs(const ProvisionValue *kargs, const char *key, bool should_exist,
                       ProvisionPlan *plan)
{
    for (unsigned i = 0; i < provision_ignition_items(kargs, key); i++) {
        const ProvisionValue *item = provision_ignition_item(kargs, key, i);
        g_ptr_array_add(plan->kargs, provision_karg_new(&item->at, item->text, should_exist));
    }
}

void provision_ignition_plan(const ProvisionValue *config, ProvisionPlan *plan,
                             ProvisionReport *report)
{
    const ProvisionValue *passwd = provision_value_find(config, "passwd");
    const ProvisionValue *systemd = provision_value_find(config, "systemd");
    const ProvisionValue *kargs = provision_value_find(config, "kernelArguments");
    plan->format = "ignition";
    provision_ignition_plan_disks(provision_value_find(config, "storage"), plan, report);
    for (unsigned i = 0; i < provision_ignition_items(passwd, "groups"); i++)
        plan_group(provision_ignition_item(passwd, "groups", i), plan);
    for (unsigned i = 0; i < provision_ignition_items(passwd, "users"); i++)
        plan_user(provision_ignition_item(passwd, "users", i), plan);
    plan_nodes(config, plan);
    for (unsigned i = 0; i < provision_ignition_items(systemd, "units"); i++)
        plan_unit(provision_ignition_item(systemd, "units", i), plan);
    plan_kargs(kargs, "shouldExist", true, plan);
    plan_kargs(kargs, "shouldNotExist", false, plan);
}
