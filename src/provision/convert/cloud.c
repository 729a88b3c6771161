/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * cloud-config to Ignition: what has a counterpart there, out of the plan; what has none is said.
 */
#include "provision/convert/convert.h"

#include "provision/data-url.h"

#include <string.h>

static ProvisionValue *map_at(const ProvisionPlace *at)
{
    return provision_value_new(at, PROVISION_VALUE_MAP);
}

static ProvisionValue *list_at(const ProvisionPlace *at)
{
    return provision_value_new(at, PROVISION_VALUE_LIST);
}

static void set_number(ProvisionValue *map, const char *name, int64_t number)
{
    ProvisionValue *value = provision_value_new(&map->at, PROVISION_VALUE_INT);
    value->integer = number;
    provision_value_take_member(map, name, &map->at, value);
}

static void set_flag(ProvisionValue *map, const char *name)
{
    ProvisionValue *value = provision_value_new(&map->at, PROVISION_VALUE_BOOL);
    value->boolean = true;
    provision_value_take_member(map, name, &map->at, value);
}

static void set_texts(ProvisionValue *map, const char *name, char **texts)
{
    if (texts == NULL || *texts == NULL)
        return;
    ProvisionValue *list = list_at(&map->at);
    for (char **text = texts; *text != NULL; text++)
        provision_value_take_item(list, provision_value_new_string(&map->at, *text));
    provision_value_take_member(map, name, &map->at, list);
}

static void no_counterpart(ProvisionReport *report, const ProvisionPlace *at, const char *what)
{
    provision_report_add(report, at, PROVISION_UNSUPPORTED, "%s", what);
}

static ProvisionValue *resource(const ProvisionContents *contents)
{
    ProvisionValue *map = map_at(&contents->at);
    if (contents->inline_bytes != NULL) {
        g_autofree char *url = provision_data_url_encode(contents->inline_bytes);
        provision_value_set_string(map, "source", url);
    } else {
        provision_value_set_string(map, "source", contents->url != NULL ? contents->url : "data:,");
    }
    provision_value_set_string(map, "compression", contents->compression);
    return map;
}

static ProvisionValue *convert_user(const ProvisionUser *user, ProvisionReport *report)
{
    ProvisionValue *map = map_at(&user->at);
    provision_value_set_string(map, "name", user->name);
    provision_value_set_string(map, "gecos", user->gecos);
    provision_value_set_string(map, "homeDir", user->home);
    provision_value_set_string(map, "shell", user->shell);
    provision_value_set_string(map, "primaryGroup", user->primary_group);
    provision_value_set_string(map, "passwordHash", user->password_hash);
    set_texts(map, "groups", user->groups);
    set_texts(map, "sshAuthorizedKeys", user->ssh_keys);
    if (user->uid >= 0)
        set_number(map, "uid", user->uid);
    if (user->system)
        set_flag(map, "system");
    if (user->no_create_home)
        set_flag(map, "noCreateHome");
    if (user->no_user_group)
        set_flag(map, "noUserGroup");
    if (user->password_plain != NULL)
        no_counterpart(report, &user->at, "Ignition takes no password that is not a hash");
    if (user->expire_date != NULL || user->inactive_days >= 0)
        no_counterpart(report, &user->at, "expiry of accounts has no counterpart in Ignition");
    return map;
}

static ProvisionValue *new_file(const ProvisionPlace *at, const char *path, int mode,
                                const char *text)
{
    ProvisionValue *map = map_at(at);
    ProvisionValue *contents = map_at(at);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    g_autofree char *url = provision_data_url_encode(bytes);
    provision_value_set_string(map, "path", path);
    set_number(map, "mode", mode);
    set_flag(map, "overwrite");
    provision_value_set_string(contents, "source", url);
    provision_value_take_member(map, "contents", at, contents);
    return map;
}

static ProvisionValue *convert_file(const ProvisionNode *node)
{
    ProvisionValue *map = map_at(&node->at);
    provision_value_set_string(map, "path", node->path);
    if (node->mode >= 0)
        set_number(map, "mode", node->mode & 0777);
    if (node->appends == NULL || node->appends->len == 0)
        set_flag(map, "overwrite");
    if (node->contents != NULL)
        provision_value_take_member(map, "contents", &node->at, resource(node->contents));
    if (node->contents == NULL && (node->appends == NULL || node->appends->len == 0)) {
        ProvisionValue *empty = map_at(&node->at);
        provision_value_set_string(empty, "source", "data:,");
        provision_value_take_member(map, "contents", &node->at, empty);
    }
    ProvisionValue *appends = list_at(&node->at);
    for (guint i = 0; node->appends != NULL && i < node->appends->len; i++)
        provision_value_take_item(appends, resource(node->appends->pdata[i]));
    if (appends->items->len > 0)
        provision_value_take_member(map, "append", &node->at, appends);
    else
        provision_value_unref(appends);
    const struct {
        const char *key, *name;
        int64_t id;
    } owners[] = {{"user", node->user, node->uid}, {"group", node->group, node->gid}};
    for (size_t i = 0; i < G_N_ELEMENTS(owners); i++) {
        if (owners[i].name == NULL && owners[i].id < 0)
            continue;
        ProvisionValue *owner = map_at(&node->at);
        provision_value_set_string(owner, "name", owners[i].name);
        if (owners[i].id >= 0)
            set_number(owner, "id", owners[i].id);
        provision_value_take_member(map, owners[i].key, &node->at, owner);
    }
    return map;
}

static void take_list(ProvisionValue *section, const char *name, ProvisionValue *list)
{
    if (list->items->len > 0)
        provision_value_take_member(section, name, &list->at, list);
    else
        provision_value_unref(list);
}

static void take_section(ProvisionValue *config, const char *name, ProvisionValue *section)
{
    if (section->members->len > 0)
        provision_value_take_member(config, name, &section->at, section);
    else
        provision_value_unref(section);
}

/* One rule file, as cloud-init names it. */
static void convert_sudo(const ProvisionPlan *plan, ProvisionValue *files)
{
    g_autoptr(GString) rules = g_string_new(NULL);
    const ProvisionPlace *at = NULL;
    for (guint i = 0; i < plan->users->len; i++) {
        const ProvisionUser *user = plan->users->pdata[i];
        for (char **rule = user->sudo; rule != NULL && *rule != NULL; rule++) {
            g_string_append_printf(rules, "%s %s\n", user->name, *rule);
            at = &user->at;
        }
    }
    if (at != NULL)
        provision_value_take_item(
            files, new_file(at, "/etc/sudoers.d/90-cloud-init-users", 0440, rules->str));
}

static void report_keys(const ProvisionValue *cloud_config, ProvisionReport *report)
{
    static const char *const converted[] = {
        "users",      "groups", "write_files",       "hostname",
        "timezone",   "fqdn",   "preserve_hostname", "merge_how",
        "merge_type", NULL};
    for (guint i = 0; cloud_config != NULL && cloud_config->kind == PROVISION_VALUE_MAP &&
                      i < cloud_config->members->len;
         i++) {
        const ProvisionMember *member = cloud_config->members->pdata[i];
        g_autofree char *name = g_strdelimit(g_strdup(member->name), "-", '_');
        ProvisionPlace at = member->at;
        at.key = member->value->at.key;
        if (g_strv_contains(converted, name))
            continue;
        no_counterpart(report, &at,
                       strcmp(name, "runcmd") == 0 || strcmp(name, "bootcmd") == 0
                           ? "has no counterpart in Ignition: write a unit that runs it"
                           : "has no counterpart in Ignition");
    }
}

ProvisionValue *provision_convert_cloud(const ProvisionConfig *config, ProvisionReport *report)
{
    const ProvisionPlan *plan = config->plan;
    const ProvisionPlace at = {.source = "cloud-config"};
    ProvisionValue *result = map_at(&at);
    ProvisionValue *ignition = map_at(&at), *passwd = map_at(&at), *storage = map_at(&at);
    ProvisionValue *users = list_at(&at), *groups = list_at(&at);
    ProvisionValue *files = list_at(&at), *links = list_at(&at);
    provision_value_set_string(ignition, "version", "3.3.0");
    provision_value_take_member(result, "ignition", &at, ignition);
    for (guint i = 0; i < plan->users->len; i++) {
        const ProvisionUser *user = plan->users->pdata[i];
        if (user->is_default || user->name == NULL)
            no_counterpart(report, &user->at, "the default user has no counterpart in Ignition");
        else
            provision_value_take_item(users, convert_user(user, report));
    }
    for (guint i = 0; i < plan->groups->len; i++) {
        const ProvisionGroup *group = plan->groups->pdata[i];
        ProvisionValue *map = map_at(&group->at);
        provision_value_set_string(map, "name", group->name);
        if (group->gid >= 0)
            set_number(map, "gid", group->gid);
        if (group->members != NULL && *group->members != NULL)
            no_counterpart(report, &group->at, "members of groups are said by users in Ignition");
        provision_value_take_item(groups, map);
    }
    for (guint i = 0; i < plan->nodes->len; i++) {
        const ProvisionNode *node = plan->nodes->pdata[i];
        if (node->kind == PROVISION_FILE)
            provision_value_take_item(files, convert_file(node));
    }
    convert_sudo(plan, files);
    const ProvisionText *hostname = &plan->settings.hostname;
    if (hostname->text != NULL) {
        g_autofree char *line = g_strconcat(hostname->text, "\n", NULL);
        provision_value_take_item(files, new_file(&hostname->at, "/etc/hostname", 0644, line));
    }
    if (plan->settings.timezone.text != NULL) {
        ProvisionValue *link = map_at(&plan->settings.timezone.at);
        g_autofree char *target =
            g_strconcat("../usr/share/zoneinfo/", plan->settings.timezone.text, NULL);
        provision_value_set_string(link, "path", "/etc/localtime");
        provision_value_set_string(link, "target", target);
        set_flag(link, "overwrite");
        provision_value_take_item(links, link);
    }
    take_list(passwd, "groups", groups);
    take_list(passwd, "users", users);
    take_list(storage, "files", files);
    take_list(storage, "links", links);
    take_section(result, "passwd", passwd);
    take_section(result, "storage", storage);
    report_keys(config->cloud_config, report);
    for (guint i = 0; i < config->parts->len; i++) {
        const ProvisionPart *part = config->parts->pdata[i];
        if (part->kind == PROVISION_PART_SCRIPT || part->kind == PROVISION_PART_BOOTHOOK)
            no_counterpart(report, &part->at, "scripts have no counterpart in Ignition");
    }
    return result;
}
