/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/network.h"
#include "provision/place.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/* One plan serves cloud-config and Ignition: what either comes to, typed, each thing with the place
 * that it comes from. Open structs, built once, then constant. Strings and arrays are owned; text
 * is NULL, and a list NULL or empty, when the configuration says nothing. */

/**
 * ProvisionTristate: what may also be left unsaid
 */
typedef enum { PROVISION_UNSET = -1, PROVISION_NO = 0, PROVISION_YES = 1 } ProvisionTristate;

/**
 * ProvisionFrequency:
 * @PROVISION_PER_INSTANCE: again when the instance id changes
 * @PROVISION_ALWAYS: at every boot
 * @PROVISION_ONCE: once in the life of the disk
 */
typedef enum { PROVISION_PER_INSTANCE, PROVISION_ALWAYS, PROVISION_ONCE } ProvisionFrequency;

/**
 * ProvisionContents:
 * @inline_bytes: (nullable): the contents themselves
 * @url: (nullable): else where to get them
 * @headers: (nullable): "Name: value" for @url, %NULL-terminated; may be secret
 * @compression: (nullable): "gzip": taken off before the digest is checked
 * @verification: (nullable): "sha256-HEX" or "sha512-HEX"
 * @at: where it stands
 */
typedef struct {
    ProvisionPlace at;
    GBytes *inline_bytes;
    char *url;
    char **headers;
    char *compression;
    char *verification;
} ProvisionContents;

/** ProvisionNodeKind: what a #ProvisionNode makes */
typedef enum { PROVISION_FILE, PROVISION_DIRECTORY, PROVISION_LINK } ProvisionNodeKind;

/**
 * ProvisionNode:
 * @kind: file, directory or link
 * @path: absolute, without "..", as written
 * @contents: (nullable): of a file; %NULL makes an empty one, or leaves one that exists
 * @appends: (nullable) (element-type ProvisionContents): added at a file's end, in order
 * @target: of a link
 * @hard: a hard link
 * @mode: permission bits, special ones included; -1 for the default (0644, 0755)
 * @uid: -1 unless given as a number, as @gid
 * @user: (nullable): by name, looked up in the root
 * @group: (nullable)
 * @overwrite: what exists at @path is removed first (Ignition: error when it differs and this is
 *   no; cloud-config: always yes)
 * @defer: written after users exist
 * @frequency: see #ProvisionFrequency
 */
typedef struct {
    ProvisionPlace at;
    ProvisionNodeKind kind;
    char *path;
    ProvisionContents *contents;
    GPtrArray *appends;
    char *target;
    bool hard;
    int mode;
    int64_t uid;
    int64_t gid;
    char *user;
    char *group;
    bool overwrite;
    bool defer;
    ProvisionFrequency frequency;
} ProvisionNode;

/**
 * ProvisionGroup:
 * @name: validated: no path, no control characters, useradd's rules
 * @gid: -1 unless given
 * @password_hash: (nullable)
 * @members: (nullable): existing users to add
 * @system: a system group
 * @should_exist: Ignition may also remove
 */
typedef struct {
    ProvisionPlace at;
    char *name;
    int64_t gid;
    char *password_hash;
    char **members;
    bool system;
    bool should_exist;
} ProvisionGroup;

/**
 * ProvisionUser:
 * @name: validated; of the default user “default” when the configuration does not say
 * @is_default: the default user: the policy says who that is; gets the platform's keys, top-level
 * ssh_authorized_keys, password
 * @uid: -1 unless given
 * @gecos: (nullable)
 * @home: (nullable): /home/NAME else
 * @shell: (nullable)
 * @primary_group: (nullable): by name or number
 * @groups: (nullable): supplementary ones
 * @make_groups: groups that are missing are made (cloud-config's create_groups)
 * @no_user_group: no group of the user's name
 * @no_create_home: leave the home alone
 * @system: a system user
 * @password_hash: (nullable): crypt(3) hash
 * @password_plain: (nullable): secret; hashed when applied
 * @only_if_new: password and the rest leave a user that exists alone (cloud-config: passwd)
 * @lock_password: cloud-config's default is yes
 * @expire_date: (nullable): YYYY-MM-DD
 * @inactive_days: -1 unless given
 * @sudo: (nullable): rules, without the user's name
 * @doas: (nullable): rules
 * @ssh_keys: (nullable): authorized keys
 * @ssh_keys_dropin: into authorized_keys.d/ignition rather than authorized_keys
 * @ssh_redirect_user: log-ins are told to use the default user
 * @selinux_user: (nullable)
 * @should_exist: Ignition may also remove
 * @from_ignition: by usermod's rules: of a user that exists only what is given is changed; a new
 *   one without a password gets "*"
 */
typedef struct {
    ProvisionPlace at;
    char *name;
    bool is_default;
    int64_t uid;
    char *gecos;
    char *home;
    char *shell;
    char *primary_group;
    char **groups;
    bool make_groups;
    bool no_user_group;
    bool no_create_home;
    bool system;
    char *password_hash;
    char *password_plain;
    bool only_if_new;
    ProvisionTristate lock_password;
    char *expire_date;
    int inactive_days;
    char **sudo;
    char **doas;
    char **ssh_keys;
    bool ssh_keys_dropin;
    bool ssh_redirect_user;
    char *selinux_user;
    bool should_exist;
    bool from_ignition;
} ProvisionUser;

/**
 * ProvisionPassword: of chpasswd, for users that exist by then
 * @name: the user
 * @hash: (nullable)
 * @plain: (nullable): secret
 * @random: make one and show it on the console
 */
typedef struct {
    ProvisionPlace at;
    char *name;
    char *hash;
    char *plain;
    bool random;
} ProvisionPassword;

/**
 * ProvisionUnit: a systemd unit
 * @name: with its suffix
 * @contents: (nullable): of the unit's file
 * @dropins: (nullable) (element-type ProvisionNode): @path is the drop-in's name, not a path
 * @enabled: by a preset
 * @masked: linked to /dev/null (no: an existing mask is removed)
 */
typedef struct {
    ProvisionPlace at;
    char *name;
    char *contents;
    GPtrArray *dropins;
    ProvisionTristate enabled;
    ProvisionTristate masked;
} ProvisionUnit;

/** ProvisionKarg: a kernel argument that should, or should not, be there */
typedef struct {
    ProvisionPlace at;
    char *text;
    bool should_exist;
} ProvisionKarg;

/**
 * ProvisionPartition:
 * @number: 0: the next that is free
 * @label: (nullable): GPT name
 * @type_guid: (nullable)
 * @guid: (nullable)
 * @size_mib: 0: all that is left; -1: not said
 * @size_percent: of the disk, when @size_mib is not said (cloud-config's layout); 0: not said
 * @start_mib: 0: the first that fits; -1: not said
 * @should_exist: the eight rows of Ignition's table
 * @wipe: may be removed to make way
 * @resize: may be made larger or smaller in place
 */
typedef struct {
    ProvisionPlace at;
    unsigned number;
    char *label;
    char *type_guid;
    char *guid;
    int64_t size_mib;
    unsigned size_percent;
    int64_t start_mib;
    ProvisionTristate should_exist;
    bool wipe;
    bool resize;
} ProvisionPartition;

/**
 * ProvisionDisk:
 * @device: path or cloud-init's alias (ephemeral0)
 * @table: "gpt" or "mbr"
 * @wipe_table: make a new table whatever is there
 * @only_if_empty: cloud-config without overwrite: leave a disk that has anything
 * @partitions: (nullable) (element-type ProvisionPartition)
 */
typedef struct {
    ProvisionPlace at;
    char *device;
    char *table;
    bool wipe_table;
    bool only_if_empty;
    GPtrArray *partitions;
} ProvisionDisk;

/** ProvisionRaid: a software RAID for mdadm: @level "raid1", … */
typedef struct {
    ProvisionPlace at;
    char *name;
    char *level;
    char **devices;
    unsigned spares;
    char **options;
} ProvisionRaid;

/**
 * ProvisionLuks: an encrypted volume for cryptsetup
 * @key: (nullable): key file; random when neither it nor clevis is given
 * @tpm2: bound to the TPM
 * @tang: (nullable): "URL THUMBPRINT [ADVERTISEMENT]" each
 * @clevis_pin: (nullable): custom pin, with @clevis_config
 */
typedef struct {
    ProvisionPlace at;
    char *name;
    char *device;
    char *label;
    char *uuid;
    bool wipe;
    ProvisionContents *key;
    bool tpm2;
    unsigned threshold;
    char **tang;
    char *clevis_pin;
    char *clevis_config;
    bool discard;
    char **options;
    char **open_options;
} ProvisionLuks;

/**
 * ProvisionFilesystem:
 * @device: path
 * @format: "ext4", "btrfs", "vfat", "xfs", "swap", "none"
 * @wipe: make it whatever is there
 * @only_if_blank: keep any file system that is there (cloud-config)
 * @path: (nullable): where it is mounted while files are written
 */
typedef struct {
    ProvisionPlace at;
    char *device;
    char *format;
    char *label;
    char *uuid;
    bool wipe;
    bool only_if_blank;
    char *path;
    char **options;
    char **mount_options;
} ProvisionFilesystem;

/** ProvisionMount: a line of fstab; %NULL fields take the defaults of mount_default_fields */
typedef struct {
    ProvisionPlace at;
    char *fields[6];
    bool remove;
} ProvisionMount;

/**
 * ProvisionStage: when a command runs
 */
typedef enum {
    PROVISION_STAGE_LOCAL,   /* before the network: boothooks */
    PROVISION_STAGE_NETWORK, /* bootcmd, files, users */
    PROVISION_STAGE_CONFIG,
    PROVISION_STAGE_FINAL, /* runcmd, scripts */
} ProvisionStage;

/**
 * ProvisionCommand:
 * @argv: (nullable): run as it is
 * @script: (nullable): else a shell line or, starting with #!, a program
 * @name: of a script, for its file and messages
 * @stage: when in a boot
 * @frequency: see #ProvisionFrequency
 */
typedef struct {
    ProvisionPlace at;
    char **argv;
    GBytes *script;
    char *name;
    ProvisionStage stage;
    ProvisionFrequency frequency;
} ProvisionCommand;

/** ProvisionText: a setting that is one text, with its place */
typedef struct {
    ProvisionPlace at;
    char *text;
} ProvisionText;

/** ProvisionFlag: a setting that is yes, no or unsaid, with its place */
typedef struct {
    ProvisionPlace at;
    ProvisionTristate value;
} ProvisionFlag;

/** ProvisionTexts: a setting that is a list of texts, with its place */
typedef struct {
    ProvisionPlace at;
    char **texts;
} ProvisionTexts;

/**
 * ProvisionHostKey: an SSH host key that is given
 * @type: "ed25519", "rsa", "ecdsa"
 * @private_key: secret
 */
typedef struct {
    ProvisionPlace at;
    char *type;
    char *private_key;
    char *public_key;
    char *certificate;
} ProvisionHostKey;

/**
 * ProvisionPackages: what an image-based host does not do by itself
 * @names: (nullable): "NAME" or "NAME=VERSION"
 * @update: refresh lists
 * @upgrade: upgrade all
 * @others: (nullable) (element-type ProvisionText): apt, yum_repos, snap, …: @text is the value as
 *   JSON, for a hook
 */
typedef struct {
    ProvisionTexts names;
    ProvisionFlag update;
    ProvisionFlag upgrade;
    GPtrArray *others;
} ProvisionPackages;

/**
 * ProvisionSettings: what is there once in a configuration (%NULL or unset: not said)
 *
 * Names are cloud-config's keys.
 */
typedef struct {
    ProvisionText hostname;
    ProvisionText fqdn;
    ProvisionFlag preserve_hostname;
    ProvisionFlag prefer_fqdn;
    ProvisionText manage_etc_hosts; /* "true", "false", "localhost", "template" */
    ProvisionText timezone;
    ProvisionText locale;
    ProvisionText locale_configfile;
    ProvisionText keyboard_layout;
    ProvisionText keyboard_model;
    ProvisionText keyboard_variant;
    ProvisionText keyboard_options;
    ProvisionFlag ntp_enabled;
    ProvisionTexts ntp_servers;
    ProvisionTexts ntp_pools;
    ProvisionTexts ca_trusted;
    ProvisionFlag ca_remove_defaults;
    ProvisionFlag manage_resolv_conf;
    ProvisionTexts resolv_nameservers;
    ProvisionTexts resolv_search;
    ProvisionText resolv_domain;
    ProvisionTexts resolv_options;
    ProvisionTexts resolv_sortlist;
    ProvisionText ssh_pwauth; /* "true", "false", "unchanged" */
    ProvisionFlag ssh_deletekeys;
    ProvisionTexts ssh_genkeytypes;
    ProvisionFlag ssh_emit_host_keys;
    ProvisionFlag disable_root;
    ProvisionText disable_root_opts;
    ProvisionFlag allow_public_ssh_keys;
    ProvisionTexts ssh_authorized_keys; /* of the default user */
    ProvisionText password;             /* of the default user; secret */
    ProvisionFlag chpasswd_expire;
    ProvisionText growpart_mode; /* "auto", "off", … */
    ProvisionTexts growpart_devices;
    ProvisionText resize_rootfs; /* "true", "false", "noblock" */
    ProvisionTexts mount_default_fields;
    ProvisionText swap_filename;
    int64_t swap_size_bytes;    /* -1 not said, -2 auto */
    int64_t swap_maxsize_bytes; /* -1 not said */
    ProvisionText power_mode;   /* "poweroff", "reboot", "halt" */
    ProvisionText power_delay;  /* "now" or minutes */
    ProvisionText power_message;
    ProvisionText power_timeout;
    ProvisionCommand *power_condition; /* (nullable) */
    ProvisionText phone_home_url;
    ProvisionTexts phone_home_post;
    int phone_home_tries; /* -1 not said */
    ProvisionText final_message;
    ProvisionTexts output; /* stage=redirection */
} ProvisionSettings;

/**
 * ProvisionPlan:
 * @format: "cloud-config", "ignition", "script" or "none": what the user-data was
 * @disks: (element-type ProvisionDisk), and so on, in order of application
 *
 * All that a configuration wants.
 */
typedef struct {
    const char *format;
    GPtrArray *disks;
    GPtrArray *raids;
    GPtrArray *luks;
    GPtrArray *filesystems;
    GPtrArray *groups;
    GPtrArray *users;
    GPtrArray *passwords;
    GPtrArray *nodes;
    GPtrArray *units;
    GPtrArray *kargs;
    GPtrArray *mounts;
    GPtrArray *host_keys;
    GPtrArray *commands;
    ProvisionPackages packages;
    ProvisionSettings settings;
    ProvisionNetwork *network; /* (nullable) */
} ProvisionPlan;

/** provision_plan_new: an empty plan, everything unset */
ProvisionPlan *provision_plan_new(void);
void provision_plan_free(ProvisionPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionPlan, provision_plan_free)

/* Constructors, with everything unset (-1, NULL, false; should_exist is true); the plan's arrays
 * free what they hold. */
ProvisionContents *provision_contents_new(const ProvisionPlace *at);
void provision_contents_free(ProvisionContents *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionContents, provision_contents_free)
ProvisionNode *provision_node_new(const ProvisionPlace *at, ProvisionNodeKind kind);
void provision_node_free(ProvisionNode *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionNode, provision_node_free)
ProvisionGroup *provision_group_new(const ProvisionPlace *at, const char *name);
ProvisionUser *provision_user_new(const ProvisionPlace *at, const char *name);
void provision_user_free(ProvisionUser *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionUser, provision_user_free)
ProvisionPassword *provision_password_new(const ProvisionPlace *at, const char *name);
ProvisionUnit *provision_unit_new(const ProvisionPlace *at, const char *name);
ProvisionKarg *provision_karg_new(const ProvisionPlace *at, const char *text, bool should_exist);
ProvisionPartition *provision_partition_new(const ProvisionPlace *at);
ProvisionDisk *provision_disk_new(const ProvisionPlace *at, const char *device);
ProvisionRaid *provision_raid_new(const ProvisionPlace *at, const char *name);
ProvisionLuks *provision_luks_new(const ProvisionPlace *at, const char *name);
ProvisionFilesystem *provision_filesystem_new(const ProvisionPlace *at, const char *device);
ProvisionMount *provision_mount_new(const ProvisionPlace *at);
ProvisionHostKey *provision_host_key_new(const ProvisionPlace *at, const char *type);
ProvisionCommand *provision_command_new(const ProvisionPlace *at, ProvisionStage stage,
                                        ProvisionFrequency frequency);

G_END_DECLS
