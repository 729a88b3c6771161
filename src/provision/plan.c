/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Making and freeing what a plan is made of. No reading, no meaning: see plan.h.
 */
#include "provision/plan.h"

static void contents_free(gpointer data)
{
    provision_contents_free(data);
}

ProvisionContents *provision_contents_new(const ProvisionPlace *at)
{
    ProvisionContents *self = g_new0(ProvisionContents, 1);
    self->at = *at;
    return self;
}

void provision_contents_free(ProvisionContents *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->inline_bytes, g_bytes_unref);
    g_free(self->url);
    g_strfreev(self->headers);
    g_free(self->compression);
    g_free(self->verification);
    g_free(self);
}

ProvisionNode *provision_node_new(const ProvisionPlace *at, ProvisionNodeKind kind)
{
    ProvisionNode *self = g_new0(ProvisionNode, 1);
    self->at = *at;
    self->kind = kind;
    self->mode = -1;
    self->uid = -1;
    self->gid = -1;
    self->appends = g_ptr_array_new_with_free_func(contents_free);
    return self;
}

void provision_node_free(ProvisionNode *self)
{
    if (self == NULL)
        return;
    g_free(self->path);
    provision_contents_free(self->contents);
    g_clear_pointer(&self->appends, g_ptr_array_unref);
    g_free(self->target);
    g_free(self->user);
    g_free(self->group);
    g_free(self);
}

static void node_free(gpointer data)
{
    provision_node_free(data);
}

ProvisionGroup *provision_group_new(const ProvisionPlace *at, const char *name)
{
    ProvisionGroup *self = g_new0(ProvisionGroup, 1);
    self->at = *at;
    self->name = g_strdup(name);
    self->gid = -1;
    self->should_exist = true;
    return self;
}

static void group_free(gpointer data)
{
    ProvisionGroup *self = data;
    g_free(self->name);
    g_free(self->password_hash);
    g_strfreev(self->members);
    g_free(self);
}

ProvisionUser *provision_user_new(const ProvisionPlace *at, const char *name)
{
    ProvisionUser *self = g_new0(ProvisionUser, 1);
    self->at = *at;
    self->name = g_strdup(name);
    self->uid = -1;
    self->lock_password = PROVISION_UNSET;
    self->inactive_days = -1;
    self->should_exist = true;
    return self;
}

void provision_user_free(ProvisionUser *self)
{
    if (self == NULL)
        return;
    g_free(self->name);
    g_free(self->gecos);
    g_free(self->home);
    g_free(self->shell);
    g_free(self->primary_group);
    g_strfreev(self->groups);
    g_free(self->password_hash);
    g_free(self->password_plain);
    g_free(self->expire_date);
    g_strfreev(self->sudo);
    g_strfreev(self->doas);
    g_strfreev(self->ssh_keys);
    g_free(self->selinux_user);
    g_free(self);
}

ProvisionPassword *provision_password_new(const ProvisionPlace *at, const char *name)
{
    ProvisionPassword *self = g_new0(ProvisionPassword, 1);
    self->at = *at;
    self->name = g_strdup(name);
    return self;
}

static void password_free(gpointer data)
{
    ProvisionPassword *self = data;
    g_free(self->name);
    g_free(self->hash);
    g_free(self->plain);
    g_free(self);
}

ProvisionUnit *provision_unit_new(const ProvisionPlace *at, const char *name)
{
    ProvisionUnit *self = g_new0(ProvisionUnit, 1);
    self->at = *at;
    self->name = g_strdup(name);
    self->dropins = g_ptr_array_new_with_free_func(node_free);
    self->enabled = PROVISION_UNSET;
    self->masked = PROVISION_UNSET;
    return self;
}

static void unit_free(gpointer data)
{
    ProvisionUnit *self = data;
    g_free(self->name);
    g_free(self->contents);
    g_clear_pointer(&self->dropins, g_ptr_array_unref);
    g_free(self);
}

ProvisionKarg *provision_karg_new(const ProvisionPlace *at, const char *text, bool should_exist)
{
    ProvisionKarg *self = g_new0(ProvisionKarg, 1);
    self->at = *at;
    self->text = g_strdup(text);
    self->should_exist = should_exist;
    return self;
}

static void karg_free(gpointer data)
{
    ProvisionKarg *self = data;
    g_free(self->text);
    g_free(self);
}

ProvisionPartition *provision_partition_new(const ProvisionPlace *at)
{
    ProvisionPartition *self = g_new0(ProvisionPartition, 1);
    self->at = *at;
    self->size_mib = -1;
    self->start_mib = -1;
    self->should_exist = PROVISION_UNSET;
    return self;
}

static void partition_free(gpointer data)
{
    ProvisionPartition *self = data;
    g_free(self->label);
    g_free(self->type_guid);
    g_free(self->guid);
    g_free(self);
}

ProvisionDisk *provision_disk_new(const ProvisionPlace *at, const char *device)
{
    ProvisionDisk *self = g_new0(ProvisionDisk, 1);
    self->at = *at;
    self->device = g_strdup(device);
    self->partitions = g_ptr_array_new_with_free_func(partition_free);
    return self;
}

static void disk_free(gpointer data)
{
    ProvisionDisk *self = data;
    g_free(self->device);
    g_free(self->table);
    g_clear_pointer(&self->partitions, g_ptr_array_unref);
    g_free(self);
}

ProvisionRaid *provision_raid_new(const ProvisionPlace *at, const char *name)
{
    ProvisionRaid *self = g_new0(ProvisionRaid, 1);
    self->at = *at;
    self->name = g_strdup(name);
    return self;
}

static void raid_free(gpointer data)
{
    ProvisionRaid *self = data;
    g_free(self->name);
    g_free(self->level);
    g_strfreev(self->devices);
    g_strfreev(self->options);
    g_free(self);
}

ProvisionLuks *provision_luks_new(const ProvisionPlace *at, const char *name)
{
    ProvisionLuks *self = g_new0(ProvisionLuks, 1);
    self->at = *at;
    self->name = g_strdup(name);
    return self;
}

static void luks_free(gpointer data)
{
    ProvisionLuks *self = data;
    g_free(self->name);
    g_free(self->device);
    g_free(self->label);
    g_free(self->uuid);
    provision_contents_free(self->key);
    g_strfreev(self->tang);
    g_free(self->clevis_pin);
    g_free(self->clevis_config);
    g_strfreev(self->options);
    g_strfreev(self->open_options);
    g_free(self);
}

ProvisionFilesystem *provision_filesystem_new(const ProvisionPlace *at, const char *device)
{
    ProvisionFilesystem *self = g_new0(ProvisionFilesystem, 1);
    self->at = *at;
    self->device = g_strdup(device);
    return self;
}

static void filesystem_free(gpointer data)
{
    ProvisionFilesystem *self = data;
    g_free(self->device);
    g_free(self->format);
    g_free(self->label);
    g_free(self->uuid);
    g_free(self->path);
    g_strfreev(self->options);
    g_strfreev(self->mount_options);
    g_free(self);
}

ProvisionMount *provision_mount_new(const ProvisionPlace *at)
{
    ProvisionMount *self = g_new0(ProvisionMount, 1);
    self->at = *at;
    return self;
}

static void mount_free(gpointer data)
{
    ProvisionMount *self = data;
    for (unsigned i = 0; i < G_N_ELEMENTS(self->fields); i++)
        g_free(self->fields[i]);
    g_free(self);
}

ProvisionHostKey *provision_host_key_new(const ProvisionPlace *at, const char *type)
{
    ProvisionHostKey *self = g_new0(ProvisionHostKey, 1);
    self->at = *at;
    self->type = g_strdup(type);
    return self;
}

static void host_key_free(gpointer data)
{
    ProvisionHostKey *self = data;
    g_free(self->type);
    g_free(self->private_key);
    g_free(self->public_key);
    g_free(self->certificate);
    g_free(self);
}

ProvisionCommand *provision_command_new(const ProvisionPlace *at, ProvisionStage stage,
                                        ProvisionFrequency frequency)
{
    ProvisionCommand *self = g_new0(ProvisionCommand, 1);
    self->at = *at;
    self->stage = stage;
    self->frequency = frequency;
    return self;
}

static void command_free(gpointer data)
{
    ProvisionCommand *self = data;
    if (self == NULL)
        return;
    g_strfreev(self->argv);
    g_clear_pointer(&self->script, g_bytes_unref);
    g_free(self->name);
    g_free(self);
}

static void text_free(gpointer data)
{
    ProvisionText *self = data;
    g_free(self->text);
    g_free(self);
}

static void settings_clear(ProvisionSettings *s)
{
    ProvisionText *const texts[] = {
        &s->hostname,          &s->fqdn,           &s->manage_etc_hosts,
        &s->timezone,          &s->locale,         &s->locale_configfile,
        &s->keyboard_layout,   &s->keyboard_model, &s->keyboard_variant,
        &s->keyboard_options,  &s->resolv_domain,  &s->ssh_pwauth,
        &s->disable_root_opts, &s->password,       &s->growpart_mode,
        &s->resize_rootfs,     &s->swap_filename,  &s->power_mode,
        &s->power_delay,       &s->power_message,  &s->power_timeout,
        &s->phone_home_url,    &s->final_message,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]->text);
    ProvisionTexts *const lists[] = {
        &s->ntp_servers,
        &s->ntp_pools,
        &s->ca_trusted,
        &s->resolv_nameservers,
        &s->resolv_search,
        &s->resolv_options,
        &s->resolv_sortlist,
        &s->ssh_genkeytypes,
        &s->ssh_authorized_keys,
        &s->growpart_devices,
        &s->mount_default_fields,
        &s->phone_home_post,
        &s->output,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
        g_strfreev(lists[i]->texts);
    command_free(s->power_condition);
}

static void settings_init(ProvisionSettings *s)
{
    ProvisionFlag *const flags[] = {
        &s->preserve_hostname,  &s->prefer_fqdn,        &s->ntp_enabled,  &s->ca_remove_defaults,
        &s->manage_resolv_conf, &s->ssh_deletekeys,     &s->disable_root, &s->allow_public_ssh_keys,
        &s->chpasswd_expire,    &s->ssh_emit_host_keys,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        flags[i]->value = PROVISION_UNSET;
    s->swap_size_bytes = -1;
    s->swap_maxsize_bytes = -1;
    s->phone_home_tries = -1;
}

ProvisionPlan *provision_plan_new(void)
{
    ProvisionPlan *self = g_new0(ProvisionPlan, 1);
    self->format = "none";
    self->disks = g_ptr_array_new_with_free_func(disk_free);
    self->raids = g_ptr_array_new_with_free_func(raid_free);
    self->luks = g_ptr_array_new_with_free_func(luks_free);
    self->filesystems = g_ptr_array_new_with_free_func(filesystem_free);
    self->groups = g_ptr_array_new_with_free_func(group_free);
    self->users = g_ptr_array_new_with_free_func((GDestroyNotify)provision_user_free);
    self->passwords = g_ptr_array_new_with_free_func(password_free);
    self->nodes = g_ptr_array_new_with_free_func(node_free);
    self->units = g_ptr_array_new_with_free_func(unit_free);
    self->kargs = g_ptr_array_new_with_free_func(karg_free);
    self->mounts = g_ptr_array_new_with_free_func(mount_free);
    self->host_keys = g_ptr_array_new_with_free_func(host_key_free);
    self->commands = g_ptr_array_new_with_free_func(command_free);
    self->packages.update.value = PROVISION_UNSET;
    self->packages.upgrade.value = PROVISION_UNSET;
    self->packages.others = g_ptr_array_new_with_free_func(text_free);
    settings_init(&self->settings);
    return self;
}

void provision_plan_free(ProvisionPlan *self)
{
    if (self == NULL)
        return;
    GPtrArray *const arrays[] = {
        self->disks,  self->raids,     self->luks,      self->filesystems,     self->groups,
        self->users,  self->nodes,     self->passwords, self->units,           self->kargs,
        self->mounts, self->host_keys, self->commands,  self->packages.others,
    };
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_ptr_array_unref(arrays[i]);
    g_strfreev(self->packages.names.texts);
    settings_clear(&self->settings);
    provision_network_free(self->network);
    g_free(self);
}
