/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All top-level keys that cloud-init's schema has (25.1), each with what becomes of it. A key that
 * is not here is unknown; one that is here is applied, or says why not.
 */
#include "provision/cloud/read.h"

#define SET(field) offsetof(ProvisionSettings, field)
#define PACKAGE_MANAGER "of package management: the image's policy decides"
#define OTHER_AGENT "an agent that a package would bring: make it part of the image"
#define OF_UBUNTU "of Ubuntu's own services"
#define NO_MODULES "the order of cloud-init's modules: here stages are fixed"

static const ProvisionCloudKey ca_fields[] = {
    {.name = "remove_defaults",
     .kind = PROVISION_CLOUD_SET_FLAG,
     .offset = SET(ca_remove_defaults)},
    {.name = "trusted", .kind = PROVISION_CLOUD_SET_TEXTS, .offset = SET(ca_trusted)},
    {0},
};

static const ProvisionCloudKey chpasswd_user_fields[] = {
    {.name = "name", .kind = PROVISION_CLOUD_TEXT},
    {.name = "password", .kind = PROVISION_CLOUD_TEXT},
    {.name = "type", .kind = PROVISION_CLOUD_TEXT},
    {0},
};

static const ProvisionCloudKey chpasswd_fields[] = {
    {.name = "expire", .kind = PROVISION_CLOUD_SET_FLAG, .offset = SET(chpasswd_expire)},
    {.name = "list",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = provision_cloud_read_chpasswd,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_LIST},
    {.name = "users",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = provision_cloud_read_chpasswd,
     .fields = chpasswd_user_fields,
     .types = PROVISION_CLOUD_IS_LIST},
    {0},
};

static const ProvisionCloudKey growpart_fields[] = {
    {.name = "mode",
     .kind = PROVISION_CLOUD_CUSTOM,
     .offset = SET(growpart_mode),
     .read = provision_cloud_read_words,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_BOOL},
    {.name = "devices", .kind = PROVISION_CLOUD_SET_TEXTS, .offset = SET(growpart_devices)},
    {.name = "ignore_growroot_disabled",
     .kind = PROVISION_CLOUD_IGNORED,
     .why = "/etc/growroot-disabled is not looked at"},
    {0},
};

static const ProvisionCloudKey keyboard_fields[] = {
    {.name = "layout", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(keyboard_layout)},
    {.name = "model", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(keyboard_model)},
    {.name = "variant", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(keyboard_variant)},
    {.name = "options", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(keyboard_options)},
    {0},
};

static const ProvisionCloudKey ntp_fields[] = {
    {.name = "enabled", .kind = PROVISION_CLOUD_SET_FLAG, .offset = SET(ntp_enabled)},
    {.name = "servers", .kind = PROVISION_CLOUD_SET_TEXTS, .offset = SET(ntp_servers)},
    {.name = "pools", .kind = PROVISION_CLOUD_SET_TEXTS, .offset = SET(ntp_pools)},
    {.name = "peers",
     .kind = PROVISION_CLOUD_UNSUPPORTED,
     .why = "the image's time service decides: systemd-timesyncd has no peers"},
    {.name = "allow",
     .kind = PROVISION_CLOUD_UNSUPPORTED,
     .why = "the image's time service decides: systemd-timesyncd serves nobody"},
    {.name = "ntp_client",
     .kind = PROVISION_CLOUD_NOT_APPLICABLE,
     .why = "the image decides which time service there is"},
    {.name = "config",
     .kind = PROVISION_CLOUD_UNSUPPORTED,
     .why = "templates of another time service: write its file with write_files"},
    {0},
};

static const ProvisionCloudKey phone_home_fields[] = {
    {.name = "url", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(phone_home_url)},
    {.name = "post", .kind = PROVISION_CLOUD_SET_TEXTS, .offset = SET(phone_home_post)},
    {.name = "tries",
     .kind = PROVISION_CLOUD_CUSTOM,
     .offset = SET(phone_home_tries),
     .read = provision_cloud_read_tries,
     .types = PROVISION_CLOUD_IS_INT},
    {0},
};

static const ProvisionCloudKey power_fields[] = {
    {.name = "mode", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(power_mode)},
    {.name = "delay", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(power_delay)},
    {.name = "message", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(power_message)},
    {.name = "timeout", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(power_timeout)},
    {.name = "condition",
     .kind = PROVISION_CLOUD_CUSTOM,
     .read = provision_cloud_read_power_condition,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_BOOL | PROVISION_CLOUD_IS_LIST},
    {0},
};

static const ProvisionCloudKey resolv_fields[] = {
    {.name = "nameservers", .kind = PROVISION_CLOUD_SET_TEXTS, .offset = SET(resolv_nameservers)},
    {.name = "searchdomains", .kind = PROVISION_CLOUD_SET_TEXTS, .offset = SET(resolv_search)},
    {.name = "domain", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(resolv_domain)},
    {.name = "sortlist", .kind = PROVISION_CLOUD_SET_TEXTS, .offset = SET(resolv_sortlist)},
    {.name = "options",
     .kind = PROVISION_CLOUD_CUSTOM,
     .offset = SET(resolv_options),
     .read = provision_cloud_read_resolv_options,
     .types = PROVISION_CLOUD_IS_MAP},
    {0},
};

static const ProvisionCloudKey ssh_fields[] = {
    {.name = "emit_keys_to_console",
     .kind = PROVISION_CLOUD_SET_FLAG,
     .offset = SET(ssh_emit_host_keys)},
    {0},
};

static const ProvisionCloudKey swap_fields[] = {
    {.name = "filename", .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(swap_filename)},
    {.name = "size",
     .kind = PROVISION_CLOUD_CUSTOM,
     .offset = SET(swap_size_bytes),
     .read = provision_cloud_read_size,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_INT},
    {.name = "maxsize",
     .kind = PROVISION_CLOUD_CUSTOM,
     .offset = SET(swap_maxsize_bytes),
     .read = provision_cloud_read_size,
     .types = PROVISION_CLOUD_IS_STRING | PROVISION_CLOUD_IS_INT},
    {0},
};

#define TEXT(key, field)                                                                           \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_SET_TEXT, .offset = SET(field)                        \
    }
#define TEXTS(key, field)                                                                          \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_SET_TEXTS, .offset = SET(field)                       \
    }
#define FLAG(key, field)                                                                           \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_SET_FLAG, .offset = SET(field)                        \
    }
#define SECTION(key, table)                                                                        \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_SECTION, .fields = table                              \
    }
#define POLICY(key)                                                                                \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_PACKAGES, .why = PACKAGE_MANAGER                      \
    }
#define NOT(key, reason)                                                                           \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_UNSUPPORTED, .why = reason                            \
    }
#define MOOT(key, reason)                                                                          \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_NOT_APPLICABLE, .why = reason                         \
    }
#define IGNORED(key, reason)                                                                       \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_IGNORED, .why = reason                                \
    }
#define CUSTOM(key, reader, its_types, table, at)                                                  \
    {                                                                                              \
        .name = key, .kind = PROVISION_CLOUD_CUSTOM, .read = reader, .types = its_types,           \
        .fields = table, .offset = at                                                              \
    }
#define IS(kind) PROVISION_CLOUD_IS_##kind

const ProvisionCloudKey provision_cloud_keys[] = {
    /* users and logging in */
    CUSTOM("users", provision_cloud_read_users, IS(LIST) | IS(STRING) | IS(MAP),
           provision_cloud_user_fields, 0),
    CUSTOM("user", provision_cloud_read_user, IS(STRING) | IS(MAP), provision_cloud_user_fields, 0),
    CUSTOM("groups", provision_cloud_read_groups, IS(LIST) | IS(STRING) | IS(MAP), NULL, 0),
    TEXT("password", password),
    SECTION("chpasswd", chpasswd_fields),
    CUSTOM("ssh_pwauth", provision_cloud_read_words, IS(BOOL) | IS(STRING), NULL, SET(ssh_pwauth)),
    TEXTS("ssh_authorized_keys", ssh_authorized_keys),
    FLAG("allow_public_ssh_keys", allow_public_ssh_keys),
    FLAG("disable_root", disable_root),
    TEXT("disable_root_opts", disable_root_opts),
    NOT("ssh_import_id", "keys of Launchpad or GitHub are not fetched: write them down"),
    /* host keys */
    CUSTOM("ssh_keys", provision_cloud_read_ssh_keys, IS(MAP), NULL, 0),
    FLAG("ssh_deletekeys", ssh_deletekeys),
    TEXTS("ssh_genkeytypes", ssh_genkeytypes),
    SECTION("ssh", ssh_fields),
    IGNORED("ssh_quiet_keygen", "keys are made without a word"),
    NOT("ssh_publish_hostkeys", "host keys are not given to the platform"),
    NOT("ssh_key_console_blacklist", "say ssh: {emit_keys_to_console: false}"),
    NOT("ssh_fp_console_blacklist", "say ssh: {emit_keys_to_console: false}"),
    MOOT("no_ssh_fingerprints", "fingerprints of users' keys are not printed"),
    MOOT("authkey_hash", "fingerprints of users' keys are not printed"),
    /* the host */
    TEXT("hostname", hostname),
    TEXT("fqdn", fqdn),
    FLAG("preserve_hostname", preserve_hostname),
    FLAG("prefer_fqdn_over_hostname", prefer_fqdn),
    IGNORED("create_hostname_file", "a host name that is set is also kept"),
    CUSTOM("manage_etc_hosts", provision_cloud_read_words, IS(BOOL) | IS(STRING), NULL,
           SET(manage_etc_hosts)),
    TEXT("timezone", timezone),
    CUSTOM("locale", provision_cloud_read_locale, IS(STRING) | IS(BOOL), NULL, 0),
    TEXT("locale_configfile", locale_configfile),
    SECTION("keyboard", keyboard_fields),
    CUSTOM("ntp", provision_cloud_read_ntp, IS(MAP) | IS(NULL), ntp_fields, 0),
    SECTION("ca_certs", ca_fields),
    FLAG("manage_resolv_conf", manage_resolv_conf),
    SECTION("resolv_conf", resolv_fields),
    /* files and programs */
    CUSTOM("write_files", provision_cloud_read_write_files, IS(LIST), provision_cloud_file_fields,
           0),
    CUSTOM("bootcmd", provision_cloud_read_commands, IS(LIST), NULL, 0),
    CUSTOM("runcmd", provision_cloud_read_commands, IS(LIST), NULL, 0),
    TEXT("final_message", final_message),
    SECTION("power_state", power_fields),
    SECTION("phone_home", phone_home_fields),
    CUSTOM("output", provision_cloud_read_output, IS(MAP), NULL, SET(output)),
    /* disks */
    SECTION("growpart", growpart_fields),
    CUSTOM("resize_rootfs", provision_cloud_read_words, IS(BOOL) | IS(STRING), NULL,
           SET(resize_rootfs)),
    CUSTOM("disk_setup", provision_cloud_read_disk_setup, IS(MAP), NULL, 0),
    CUSTOM("fs_setup", provision_cloud_read_fs_setup, IS(LIST), NULL, 0),
    IGNORED("device_aliases", "read with disk_setup, fs_setup and mounts"),
    CUSTOM("mounts", provision_cloud_read_mounts, IS(LIST), NULL, 0),
    CUSTOM("mount_default_fields", provision_cloud_read_mount_defaults, IS(LIST), NULL, 0),
    SECTION("swap", swap_fields),
    /* packages: by policy */
    CUSTOM("packages", provision_cloud_read_packages, IS(LIST) | IS(MAP), NULL, 0),
    CUSTOM("package_update", provision_cloud_read_package_flag, IS(BOOL), NULL, 0),
    CUSTOM("package_upgrade", provision_cloud_read_package_flag, IS(BOOL), NULL, 0),
    CUSTOM("apt_update", provision_cloud_read_package_flag, IS(BOOL), NULL, 0),
    CUSTOM("apt_upgrade", provision_cloud_read_package_flag, IS(BOOL), NULL, 0),
    POLICY("package_reboot_if_required"),
    POLICY("apt_reboot_if_required"),
    POLICY("apt"),
    POLICY("apt_pipelining"),
    POLICY("apt_sources"),
    POLICY("apt_mirror"),
    POLICY("apt_preserve_sources_list"),
    POLICY("apk_repos"),
    POLICY("yum_repos"),
    POLICY("yum_repo_dir"),
    POLICY("zypper"),
    POLICY("snap"),
    POLICY("drivers"),
    POLICY("grub_dpkg"),
    /* other programs */
    NOT("ansible", OTHER_AGENT),
    NOT("chef", OTHER_AGENT),
    NOT("puppet", OTHER_AGENT),
    NOT("salt_minion", OTHER_AGENT),
    NOT("mcollective", OTHER_AGENT),
    NOT("landscape", OTHER_AGENT),
    NOT("lxd", OTHER_AGENT),
    NOT("rsyslog", "write its files with write_files"),
    NOT("wireguard", "write a .netdev file with write_files"),
    NOT("rh_subscription", "of Red Hat's own services"),
    NOT("spacewalk", "of Red Hat's own services"),
    NOT("ubuntu_advantage", OF_UBUNTU),
    NOT("ubuntu_pro", OF_UBUNTU),
    NOT("autoinstall", "for Ubuntu's installer: nothing is installed here"),
    NOT("fan", OF_UBUNTU),
    NOT("byobu_by_default", OTHER_AGENT),
    NOT("rpi", "of Raspberry Pi OS"),
    NOT("random_seed", "seeds come from the platform, by the kernel"),
    NOT("disable_ec2_metadata", "block the address with a firewall rule"),
    NOT("updates", "the network is set up once an instance: no hotplug"),
    NOT("network", "is not read from user-data: the datasource gives the network config"),
    MOOT("migrate", "there is nothing of an older cloud-init"),
    /* of cloud-init itself */
    IGNORED("merge_how", "read while merging"),
    IGNORED("merge_type", "read while merging"),
    IGNORED("launch_index", "read while merging"),
    IGNORED("vendor_data", "read before"),
    IGNORED("vendor_data2", "read before"),
    IGNORED("system_info", "its default user is read with users"),
    NOT("reporting", "results are in files and in the journal"),
    MOOT("cloud_init_modules", NO_MODULES),
    MOOT("cloud_config_modules", NO_MODULES),
    MOOT("cloud_final_modules", NO_MODULES),
    MOOT("datasource", "the platform is found, or named on the kernel's command line"),
    MOOT("datasource_list", "the platform is found, or named on the kernel's command line"),
    MOOT("manual_cache_clean", "an instance is known by its id"),
    MOOT("def_log_file", "logs are in the journal"),
    MOOT("log_cfgs", "logs are in the journal"),
    MOOT("syslog_fix_perms", "logs are in the journal"),
    {0},
};

void provision_cloud_plan(const ProvisionValue *config, const ProvisionCloudEnv *env,
                          ProvisionPlan *plan, ProvisionReport *report)
{
    ProvisionCloud cloud = {.config = config, .env = env, .plan = plan, .report = report};
    if (config->kind == PROVISION_VALUE_MAP)
        provision_cloud_read_fields(&cloud, config, provision_cloud_keys, &plan->settings);
    else if (config->kind != PROVISION_VALUE_NULL)
        provision_cloud_fail(&cloud, &config->at, "a cloud-config is a mapping, not %s",
                             provision_value_kind_name(config->kind));
    if (provision_value_find(config, "users") == NULL)
        provision_cloud_add_default_user(&cloud, &config->at);
}
