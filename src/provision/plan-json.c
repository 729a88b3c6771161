/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A plan as JSON: for “plan --json”, for tests. One function for each kind of thing; what is unset
 * is left out.
 */
#include "provision/plan-json.h"

#include <string.h>

typedef struct {
    unsigned flags;
    ProvisionValue *map;
} Writer;

static const ProvisionPlace nowhere = {.source = "plan"};

static void set(const Writer *w, const char *name, ProvisionValue *value)
{
    provision_value_take_member(w->map, name, &nowhere, value);
}

static void add_text(const Writer *w, const char *name, const char *text)
{
    if (text != NULL)
        set(w, name, provision_value_new_string(&nowhere, text));
}

static void add_secret(const Writer *w, const char *name, const char *text)
{
    bool shown = (w->flags & PROVISION_PLAN_JSON_SECRETS) != 0;
    add_text(w, name, text == NULL || shown ? text : "(secret)");
}

static void add_flag(const Writer *w, const char *name, bool flag)
{
    ProvisionValue *value = provision_value_new(&nowhere, PROVISION_VALUE_BOOL);
    value->boolean = flag;
    set(w, name, value);
}

static void add_true(const Writer *w, const char *name, bool flag)
{
    if (flag)
        add_flag(w, name, true);
}

static void add_tristate(const Writer *w, const char *name, int flag)
{
    if (flag >= 0)
        add_flag(w, name, flag > 0);
}

static void add_int(const Writer *w, const char *name, int64_t number, int64_t unset)
{
    if (number == unset)
        return;
    ProvisionValue *value = provision_value_new(&nowhere, PROVISION_VALUE_INT);
    value->integer = number;
    set(w, name, value);
}

static void add_mode(const Writer *w, int mode)
{
    g_autofree char *text = mode < 0 ? NULL : g_strdup_printf("%04o", (unsigned)mode);
    add_text(w, "mode", text);
}

static void add_texts(const Writer *w, const char *name, char *const *texts)
{
    if (texts == NULL)
        return;
    ProvisionValue *list = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    for (unsigned i = 0; texts[i] != NULL; i++)
        provision_value_take_item(list, provision_value_new_string(&nowhere, texts[i]));
    set(w, name, list);
}

static void add_strings(const Writer *w, const char *name, const GPtrArray *texts)
{
    if (texts == NULL || texts->len == 0)
        return;
    ProvisionValue *list = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    for (guint i = 0; i < texts->len; i++)
        provision_value_take_item(list, provision_value_new_string(&nowhere, texts->pdata[i]));
    set(w, name, list);
}

static void add_place(const Writer *w, const ProvisionPlace *at)
{
    if ((w->flags & PROVISION_PLAN_JSON_PLACES) == 0 || at->source == NULL)
        return;
    g_autofree char *text = g_strdup_printf("%s:%u:%u", at->source, at->line, at->column);
    add_text(w, "at", text);
    add_text(w, "key", at->key);
}

static Writer inner(const Writer *w)
{
    return (Writer){.flags = w->flags, .map = provision_value_new(&nowhere, PROVISION_VALUE_MAP)};
}

/* Text as it is, bytes as base64; or what can be said of them. */
static void add_bytes(const Writer *w, GBytes *bytes)
{
    gsize size_bytes = 0;
    const char *data = bytes == NULL ? NULL : g_bytes_get_data(bytes, &size_bytes);
    if (bytes == NULL)
        return;
    if ((w->flags & PROVISION_PLAN_JSON_SECRETS) == 0) {
        g_autofree char *hex =
            g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, size_bytes);
        add_int(w, "size", (int64_t)size_bytes, -1);
        add_text(w, "sha256", hex);
    } else if (size_bytes == 0 || g_utf8_validate_len(data, size_bytes, NULL)) {
        g_autofree char *text = g_strndup(size_bytes == 0 ? "" : data, size_bytes);
        add_text(w, "text", text);
    } else {
        g_autofree char *base64 = g_base64_encode((const guchar *)data, size_bytes);
        add_text(w, "base64", base64);
    }
}

static ProvisionValue *contents_value(const Writer *outer, const ProvisionContents *contents)
{
    Writer w = inner(outer);
    add_bytes(&w, contents->inline_bytes);
    g_autofree char *url =
        contents->url == NULL ? NULL : g_strndup(contents->url, strcspn(contents->url, "?#"));
    add_text(&w, "url", url);
    add_text(&w, "compression", contents->compression);
    add_text(&w, "verification", contents->verification);
    if (contents->headers != NULL)
        add_int(&w, "headers", g_strv_length(contents->headers), 0);
    return w.map;
}

static ProvisionValue *node_value(const Writer *outer, gconstpointer data)
{
    static const char *const kinds[] = {"file", "directory", "link"};
    const ProvisionNode *node = data;
    Writer w = inner(outer);
    add_text(&w, "kind", kinds[node->kind]);
    add_text(&w, "path", node->path);
    add_mode(&w, node->mode);
    add_int(&w, "uid", node->uid, -1);
    add_int(&w, "gid", node->gid, -1);
    add_text(&w, "user", node->user);
    add_text(&w, "group", node->group);
    add_text(&w, "target", node->target);
    add_true(&w, "hard", node->hard);
    add_true(&w, "overwrite", node->overwrite);
    add_true(&w, "defer", node->defer);
    if (node->contents != NULL)
        set(&w, "contents", contents_value(&w, node->contents));
    if (node->appends != NULL && node->appends->len > 0) {
        ProvisionValue *list = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
        for (guint i = 0; i < node->appends->len; i++)
            provision_value_take_item(list, contents_value(&w, node->appends->pdata[i]));
        set(&w, "appends", list);
    }
    add_place(&w, &node->at);
    return w.map;
}

static ProvisionValue *group_value(const Writer *outer, gconstpointer data)
{
    const ProvisionGroup *group = data;
    Writer w = inner(outer);
    add_text(&w, "name", group->name);
    add_int(&w, "gid", group->gid, -1);
    add_secret(&w, "password_hash", group->password_hash);
    add_texts(&w, "members", group->members);
    add_true(&w, "system", group->system);
    add_true(&w, "remove", !group->should_exist);
    add_place(&w, &group->at);
    return w.map;
}

static ProvisionValue *user_value(const Writer *outer, gconstpointer data)
{
    const ProvisionUser *user = data;
    Writer w = inner(outer);
    add_text(&w, "name", user->name);
    add_true(&w, "default", user->is_default);
    add_int(&w, "uid", user->uid, -1);
    add_text(&w, "gecos", user->gecos);
    add_text(&w, "home", user->home);
    add_text(&w, "shell", user->shell);
    add_text(&w, "primary_group", user->primary_group);
    add_texts(&w, "groups", user->groups);
    add_true(&w, "no_user_group", user->no_user_group);
    add_true(&w, "no_create_home", user->no_create_home);
    add_true(&w, "system", user->system);
    add_secret(&w, "password_hash", user->password_hash);
    add_secret(&w, "password_plain", user->password_plain);
    add_true(&w, "only_if_new", user->only_if_new);
    add_tristate(&w, "lock_password", (int)user->lock_password);
    add_text(&w, "expire_date", user->expire_date);
    add_int(&w, "inactive_days", user->inactive_days, -1);
    add_texts(&w, "sudo", user->sudo);
    add_texts(&w, "doas", user->doas);
    add_texts(&w, "ssh_keys", user->ssh_keys);
    add_true(&w, "ssh_redirect_user", user->ssh_redirect_user);
    add_text(&w, "selinux_user", user->selinux_user);
    add_true(&w, "remove", !user->should_exist);
    add_place(&w, &user->at);
    return w.map;
}

static ProvisionValue *password_value(const Writer *outer, gconstpointer data)
{
    const ProvisionPassword *password = data;
    Writer w = inner(outer);
    add_text(&w, "name", password->name);
    add_secret(&w, "hash", password->hash);
    add_secret(&w, "plain", password->plain);
    add_true(&w, "random", password->random);
    add_place(&w, &password->at);
    return w.map;
}

typedef ProvisionValue *(*ToValue)(const Writer *outer, gconstpointer data);

static void add_all(const Writer *w, const char *name, const GPtrArray *things, ToValue to_value)
{
    if (things == NULL || things->len == 0)
        return;
    ProvisionValue *list = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    for (guint i = 0; i < things->len; i++)
        provision_value_take_item(list, to_value(w, things->pdata[i]));
    set(w, name, list);
}

static ProvisionValue *unit_value(const Writer *outer, gconstpointer data)
{
    const ProvisionUnit *unit = data;
    Writer w = inner(outer);
    add_text(&w, "name", unit->name);
    add_secret(&w, "contents", unit->contents);
    add_all(&w, "dropins", unit->dropins, node_value);
    add_tristate(&w, "enabled", (int)unit->enabled);
    add_tristate(&w, "masked", (int)unit->masked);
    add_place(&w, &unit->at);
    return w.map;
}

static ProvisionValue *karg_value(const Writer *outer, gconstpointer data)
{
    const ProvisionKarg *karg = data;
    Writer w = inner(outer);
    add_text(&w, "text", karg->text);
    add_true(&w, "remove", !karg->should_exist);
    add_place(&w, &karg->at);
    return w.map;
}

static ProvisionValue *partition_value(const Writer *outer, gconstpointer data)
{
    const ProvisionPartition *partition = data;
    Writer w = inner(outer);
    add_int(&w, "number", partition->number, 0);
    add_text(&w, "label", partition->label);
    add_text(&w, "type_guid", partition->type_guid);
    add_text(&w, "guid", partition->guid);
    add_int(&w, "size_mib", partition->size_mib, -1);
    add_int(&w, "size_percent", partition->size_percent, 0);
    add_int(&w, "start_mib", partition->start_mib, -1);
    add_tristate(&w, "should_exist", (int)partition->should_exist);
    add_true(&w, "wipe", partition->wipe);
    add_true(&w, "resize", partition->resize);
    add_place(&w, &partition->at);
    return w.map;
}

static ProvisionValue *disk_value(const Writer *outer, gconstpointer data)
{
    const ProvisionDisk *disk = data;
    Writer w = inner(outer);
    add_text(&w, "device", disk->device);
    add_text(&w, "table", disk->table);
    add_true(&w, "wipe_table", disk->wipe_table);
    add_true(&w, "only_if_empty", disk->only_if_empty);
    add_all(&w, "partitions", disk->partitions, partition_value);
    add_place(&w, &disk->at);
    return w.map;
}

static ProvisionValue *raid_value(const Writer *outer, gconstpointer data)
{
    const ProvisionRaid *raid = data;
    Writer w = inner(outer);
    add_text(&w, "name", raid->name);
    add_text(&w, "level", raid->level);
    add_texts(&w, "devices", raid->devices);
    add_int(&w, "spares", raid->spares, 0);
    add_texts(&w, "options", raid->options);
    add_place(&w, &raid->at);
    return w.map;
}

static ProvisionValue *luks_value(const Writer *outer, gconstpointer data)
{
    const ProvisionLuks *luks = data;
    Writer w = inner(outer);
    add_text(&w, "name", luks->name);
    add_text(&w, "device", luks->device);
    add_text(&w, "label", luks->label);
    add_text(&w, "uuid", luks->uuid);
    add_true(&w, "wipe", luks->wipe);
    add_true(&w, "tpm2", luks->tpm2);
    add_int(&w, "threshold", luks->threshold, 0);
    add_texts(&w, "tang", luks->tang);
    add_true(&w, "discard", luks->discard);
    add_place(&w, &luks->at);
    return w.map;
}

static ProvisionValue *filesystem_value(const Writer *outer, gconstpointer data)
{
    const ProvisionFilesystem *filesystem = data;
    Writer w = inner(outer);
    add_text(&w, "device", filesystem->device);
    add_text(&w, "format", filesystem->format);
    add_text(&w, "label", filesystem->label);
    add_text(&w, "uuid", filesystem->uuid);
    add_true(&w, "wipe", filesystem->wipe);
    add_true(&w, "only_if_blank", filesystem->only_if_blank);
    add_text(&w, "path", filesystem->path);
    add_texts(&w, "options", filesystem->options);
    add_texts(&w, "mount_options", filesystem->mount_options);
    add_place(&w, &filesystem->at);
    return w.map;
}

static ProvisionValue *mount_value(const Writer *outer, gconstpointer data)
{
    static const char *const names[] = {"what", "where", "type", "options", "freq", "passno"};
    const ProvisionMount *mount = data;
    Writer w = inner(outer);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        add_text(&w, names[i], mount->fields[i]);
    add_true(&w, "remove", mount->remove);
    add_place(&w, &mount->at);
    return w.map;
}

static ProvisionValue *host_key_value(const Writer *outer, gconstpointer data)
{
    const ProvisionHostKey *key = data;
    Writer w = inner(outer);
    add_text(&w, "type", key->type);
    add_secret(&w, "private_key", key->private_key);
    add_text(&w, "public_key", key->public_key);
    add_text(&w, "certificate", key->certificate);
    add_place(&w, &key->at);
    return w.map;
}

static ProvisionValue *command_value(const Writer *outer, gconstpointer data)
{
    static const char *const stages[] = {"local", "network", "config", "final"};
    static const char *const frequencies[] = {"per-instance", "always", "once"};
    const ProvisionCommand *command = data;
    Writer w = inner(outer);
    add_text(&w, "name", command->name);
    add_text(&w, "stage", stages[command->stage]);
    add_text(&w, "frequency", frequencies[command->frequency]);
    add_texts(&w, "argv", command->argv);
    add_bytes(&w, command->script);
    add_place(&w, &command->at);
    return w.map;
}

static ProvisionValue *other_value(const Writer *outer, gconstpointer data)
{
    const ProvisionText *other = data;
    Writer w = inner(outer);
    add_text(&w, "key", other->at.key);
    add_secret(&w, "value", other->text);
    return w.map;
}

static void add_settings(const Writer *outer, const ProvisionSettings *s)
{
    Writer w = inner(outer);
    const struct {
        const char *name;
        const ProvisionText *text;
    } texts[] = {
        {"hostname", &s->hostname},
        {"fqdn", &s->fqdn},
        {"manage_etc_hosts", &s->manage_etc_hosts},
        {"timezone", &s->timezone},
        {"locale", &s->locale},
        {"locale_configfile", &s->locale_configfile},
        {"keyboard_layout", &s->keyboard_layout},
        {"keyboard_model", &s->keyboard_model},
        {"keyboard_variant", &s->keyboard_variant},
        {"keyboard_options", &s->keyboard_options},
        {"resolv_domain", &s->resolv_domain},
        {"ssh_pwauth", &s->ssh_pwauth},
        {"disable_root_opts", &s->disable_root_opts},
        {"growpart_mode", &s->growpart_mode},
        {"resize_rootfs", &s->resize_rootfs},
        {"swap_filename", &s->swap_filename},
        {"power_mode", &s->power_mode},
        {"power_delay", &s->power_delay},
        {"power_message", &s->power_message},
        {"power_timeout", &s->power_timeout},
        {"phone_home_url", &s->phone_home_url},
        {"final_message", &s->final_message},
    };
    const struct {
        const char *name;
        const ProvisionTexts *texts;
    } lists[] = {
        {"ntp_servers", &s->ntp_servers},
        {"ntp_pools", &s->ntp_pools},
        {"ca_trusted", &s->ca_trusted},
        {"resolv_nameservers", &s->resolv_nameservers},
        {"resolv_search", &s->resolv_search},
        {"resolv_options", &s->resolv_options},
        {"resolv_sortlist", &s->resolv_sortlist},
        {"ssh_genkeytypes", &s->ssh_genkeytypes},
        {"ssh_authorized_keys", &s->ssh_authorized_keys},
        {"growpart_devices", &s->growpart_devices},
        {"mount_default_fields", &s->mount_default_fields},
        {"phone_home_post", &s->phone_home_post},
        {"output", &s->output},
    };
    const struct {
        const char *name;
        const ProvisionFlag *flag;
    } flags[] = {
        {"preserve_hostname", &s->preserve_hostname},
        {"prefer_fqdn", &s->prefer_fqdn},
        {"ntp_enabled", &s->ntp_enabled},
        {"ca_remove_defaults", &s->ca_remove_defaults},
        {"manage_resolv_conf", &s->manage_resolv_conf},
        {"ssh_deletekeys", &s->ssh_deletekeys},
        {"ssh_emit_host_keys", &s->ssh_emit_host_keys},
        {"disable_root", &s->disable_root},
        {"allow_public_ssh_keys", &s->allow_public_ssh_keys},
        {"chpasswd_expire", &s->chpasswd_expire},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        add_text(&w, texts[i].name, texts[i].text->text);
    add_secret(&w, "password", s->password.text);
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        add_texts(&w, lists[i].name, lists[i].texts->texts);
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        add_tristate(&w, flags[i].name, (int)flags[i].flag->value);
    add_int(&w, "swap_size_bytes", s->swap_size_bytes, -1);
    add_int(&w, "swap_maxsize_bytes", s->swap_maxsize_bytes, -1);
    add_int(&w, "phone_home_tries", s->phone_home_tries, -1);
    if (s->power_condition != NULL)
        set(&w, "power_condition", command_value(&w, s->power_condition));
    set(outer, "settings", w.map);
}

static ProvisionValue *route_value(const Writer *outer, gconstpointer data)
{
    const ProvisionRoute *route = data;
    Writer w = inner(outer);
    add_text(&w, "to", route->to);
    add_text(&w, "via", route->via);
    add_text(&w, "from", route->from);
    add_int(&w, "metric", route->metric, -1);
    add_int(&w, "table", route->table, -1);
    add_int(&w, "mtu", route->mtu, -1);
    add_true(&w, "on_link", route->on_link);
    return w.map;
}

static ProvisionValue *interface_value(const Writer *outer, gconstpointer data)
{
    static const char *const kinds[] = {"physical", "bond", "bridge", "vlan", "dummy"};
    const ProvisionInterface *interface = data;
    Writer w = inner(outer);
    add_text(&w, "kind", kinds[interface->kind]);
    add_text(&w, "id", interface->id);
    add_text(&w, "name", interface->name);
    add_true(&w, "rename", interface->rename);
    add_text(&w, "match_mac", interface->match_mac);
    add_text(&w, "match_driver", interface->match_driver);
    add_text(&w, "match_name", interface->match_name);
    add_text(&w, "set_mac", interface->set_mac);
    add_int(&w, "mtu", interface->mtu, -1);
    add_tristate(&w, "dhcp4", interface->dhcp4);
    add_tristate(&w, "dhcp6", interface->dhcp6);
    add_tristate(&w, "accept_ra", interface->accept_ra);
    add_true(&w, "optional", interface->optional);
    add_strings(&w, "addresses", interface->addresses);
    add_strings(&w, "nameservers", interface->nameservers);
    add_strings(&w, "search", interface->search);
    add_all(&w, "routes", interface->routes, route_value);
    add_int(&w, "route_metric", interface->route_metric, -1);
    add_tristate(&w, "use_dns", interface->use_dns);
    add_tristate(&w, "use_routes", interface->use_routes);
    add_strings(&w, "members", interface->members);
    add_int(&w, "vlan_id", interface->vlan_id, -1);
    add_text(&w, "vlan_link", interface->vlan_link);
    add_strings(&w, "parameters", interface->parameters);
    add_place(&w, &interface->at);
    return w.map;
}

ProvisionValue *provision_network_to_value(const ProvisionNetwork *network, unsigned flags)
{
    const Writer start = {.flags = flags};
    Writer w = inner(&start);
    add_true(&w, "disabled", network->disabled);
    add_all(&w, "interfaces", network->interfaces, interface_value);
    add_strings(&w, "nameservers", network->nameservers);
    add_strings(&w, "search", network->search);
    return w.map;
}

ProvisionValue *provision_plan_to_value(const ProvisionPlan *plan, unsigned flags)
{
    const Writer start = {.flags = flags};
    Writer w = inner(&start);
    add_text(&w, "format", plan->format);
    add_all(&w, "disks", plan->disks, disk_value);
    add_all(&w, "raids", plan->raids, raid_value);
    add_all(&w, "luks", plan->luks, luks_value);
    add_all(&w, "filesystems", plan->filesystems, filesystem_value);
    add_all(&w, "groups", plan->groups, group_value);
    add_all(&w, "users", plan->users, user_value);
    add_all(&w, "passwords", plan->passwords, password_value);
    add_all(&w, "files", plan->nodes, node_value);
    add_all(&w, "units", plan->units, unit_value);
    add_all(&w, "kernel_arguments", plan->kargs, karg_value);
    add_all(&w, "mounts", plan->mounts, mount_value);
    add_all(&w, "host_keys", plan->host_keys, host_key_value);
    add_all(&w, "commands", plan->commands, command_value);
    Writer packages = inner(&w);
    add_texts(&packages, "names", plan->packages.names.texts);
    add_tristate(&packages, "update", (int)plan->packages.update.value);
    add_tristate(&packages, "upgrade", (int)plan->packages.upgrade.value);
    add_all(&packages, "others", plan->packages.others, other_value);
    set(&w, "packages", packages.map);
    add_settings(&w, &plan->settings);
    if (plan->network != NULL)
        set(&w, "network", provision_network_to_value(plan->network, flags));
    return w.map;
}
