/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/cloud/cloud.h"

#include <stddef.h>

G_BEGIN_DECLS

/**
 * ProvisionCloud:
 * @config: the whole cloud-config
 * @env: what to work with
 * @plan: what it comes to
 * @report: what cannot be part of that
 *
 * What the readers of keys work with.
 */
typedef struct {
    const ProvisionValue *config;
    const ProvisionCloudEnv *env;
    ProvisionPlan *plan;
    ProvisionReport *report;
} ProvisionCloud;

/**
 * ProvisionCloudKind:
 * @PROVISION_CLOUD_TEXT: char *: any scalar
 * @PROVISION_CLOUD_BOOL: bool
 * @PROVISION_CLOUD_TRISTATE: #ProvisionTristate
 * @PROVISION_CLOUD_INT: int64_t
 * @PROVISION_CLOUD_TEXTS: char **: a list of scalars, or one
 * @PROVISION_CLOUD_SET_TEXT: #ProvisionText
 * @PROVISION_CLOUD_SET_FLAG: #ProvisionFlag
 * @PROVISION_CLOUD_SET_TEXTS: #ProvisionTexts
 * @PROVISION_CLOUD_SECTION: a mapping whose keys are in @fields
 * @PROVISION_CLOUD_CUSTOM: @read knows
 * @PROVISION_CLOUD_PACKAGES: of package management: kept as JSON for the policy of the image
 * @PROVISION_CLOUD_UNSUPPORTED: @why says the reason
 * @PROVISION_CLOUD_NOT_APPLICABLE: has no meaning here; @why says the reason
 * @PROVISION_CLOUD_IGNORED: nothing to do; @why says the reason
 */
typedef enum {
    PROVISION_CLOUD_TEXT,
    PROVISION_CLOUD_BOOL,
    PROVISION_CLOUD_TRISTATE,
    PROVISION_CLOUD_INT,
    PROVISION_CLOUD_TEXTS,
    PROVISION_CLOUD_SET_TEXT,
    PROVISION_CLOUD_SET_FLAG,
    PROVISION_CLOUD_SET_TEXTS,
    PROVISION_CLOUD_SECTION,
    PROVISION_CLOUD_CUSTOM,
    PROVISION_CLOUD_PACKAGES,
    PROVISION_CLOUD_UNSUPPORTED,
    PROVISION_CLOUD_NOT_APPLICABLE,
    PROVISION_CLOUD_IGNORED,
} ProvisionCloudKind;

/** ProvisionCloudTypes: what a custom key may have, for the schema */
typedef enum {
    PROVISION_CLOUD_IS_STRING = 1 << 0,
    PROVISION_CLOUD_IS_BOOL = 1 << 1,
    PROVISION_CLOUD_IS_INT = 1 << 2,
    PROVISION_CLOUD_IS_LIST = 1 << 3,
    PROVISION_CLOUD_IS_MAP = 1 << 4,
    PROVISION_CLOUD_IS_NULL = 1 << 5,
} ProvisionCloudTypes;

/**
 * ProvisionCloudKey:
 * @name: with underscores; hyphens mean the same. %NULL ends a table
 * @kind: what it has, and where that goes
 * @offset: in the target
 * @fields: (nullable): of a section, or of the mappings that a custom key has (for the schema)
 * @read: of a custom key
 * @types: of a custom key
 * @why: (nullable): why it is not supported, or a word on it
 *
 * A row of a table of keys.
 */
typedef struct _ProvisionCloudKey ProvisionCloudKey;
struct _ProvisionCloudKey {
    const char *name;
    ProvisionCloudKind kind;
    size_t offset;
    const ProvisionCloudKey *fields;
    void (*read)(ProvisionCloud *cloud, const ProvisionMember *member, gpointer target);
    unsigned types;
    const char *why;
};

/** provision_cloud_keys: the table of top-level keys; its targets are in #ProvisionSettings */
extern const ProvisionCloudKey provision_cloud_keys[];
extern const ProvisionCloudKey provision_cloud_user_fields[];
extern const ProvisionCloudKey provision_cloud_file_fields[];

/** provision_cloud_read_fields: reads the mapping @map by the table @fields into @target; what is
 * unknown or wrong is said */
void provision_cloud_read_fields(ProvisionCloud *cloud, const ProvisionValue *map,
                                 const ProvisionCloudKey *fields, gpointer target);

/** provision_cloud_fail: says that @at has a wrong value */
void provision_cloud_fail(ProvisionCloud *cloud, const ProvisionPlace *at, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/** provision_cloud_text: (transfer full) (nullable): a scalar's text, decrypted when it is
 * encrypted; anything else is said, and %NULL */
char *provision_cloud_text(ProvisionCloud *cloud, const ProvisionValue *value);

/** provision_cloud_bytes: (transfer full) (nullable): as provision_cloud_text(), for what may be
 * binary */
GBytes *provision_cloud_bytes(ProvisionCloud *cloud, const ProvisionValue *value);

/** provision_cloud_flag: %FALSE, said, when @value is no boolean, and no text that cloud-init takes
 * for one */
bool provision_cloud_flag(ProvisionCloud *cloud, const ProvisionValue *value, bool *out_flag);

/** provision_cloud_texts: (transfer full) (nullable): a list of scalars, or one scalar */
char **provision_cloud_texts(ProvisionCloud *cloud, const ProvisionValue *value);

/** provision_cloud_is_name: whether @name may be a user's or a group's */
bool provision_cloud_is_name(const char *name);

/** provision_cloud_is_path: whether @path is absolute and has no “..” and no control character */
bool provision_cloud_is_path(const char *path);

void provision_cloud_read_users(ProvisionCloud *cloud, const ProvisionMember *member,
                                gpointer target);
void provision_cloud_read_user(ProvisionCloud *cloud, const ProvisionMember *member,
                               gpointer target);
void provision_cloud_read_groups(ProvisionCloud *cloud, const ProvisionMember *member,
                                 gpointer target);
void provision_cloud_read_chpasswd(ProvisionCloud *cloud, const ProvisionMember *member,
                                   gpointer target);
void provision_cloud_read_write_files(ProvisionCloud *cloud, const ProvisionMember *member,
                                      gpointer target);
void provision_cloud_read_commands(ProvisionCloud *cloud, const ProvisionMember *member,
                                   gpointer target);
void provision_cloud_read_power_condition(ProvisionCloud *cloud, const ProvisionMember *member,
                                          gpointer target);
void provision_cloud_read_mounts(ProvisionCloud *cloud, const ProvisionMember *member,
                                 gpointer target);
void provision_cloud_read_mount_defaults(ProvisionCloud *cloud, const ProvisionMember *member,
                                         gpointer target);
void provision_cloud_read_size(ProvisionCloud *cloud, const ProvisionMember *member,
                               gpointer target);
void provision_cloud_read_disk_setup(ProvisionCloud *cloud, const ProvisionMember *member,
                                     gpointer target);
void provision_cloud_read_fs_setup(ProvisionCloud *cloud, const ProvisionMember *member,
                                   gpointer target);
void provision_cloud_read_packages(ProvisionCloud *cloud, const ProvisionMember *member,
                                   gpointer target);
void provision_cloud_read_package_flag(ProvisionCloud *cloud, const ProvisionMember *member,
                                       gpointer target);
void provision_cloud_read_words(ProvisionCloud *cloud, const ProvisionMember *member,
                                gpointer target);
void provision_cloud_read_ntp(ProvisionCloud *cloud, const ProvisionMember *member,
                              gpointer target);
void provision_cloud_read_locale(ProvisionCloud *cloud, const ProvisionMember *member,
                                 gpointer target);
void provision_cloud_read_resolv_options(ProvisionCloud *cloud, const ProvisionMember *member,
                                         gpointer target);
void provision_cloud_read_ssh_keys(ProvisionCloud *cloud, const ProvisionMember *member,
                                   gpointer target);
void provision_cloud_read_output(ProvisionCloud *cloud, const ProvisionMember *member,
                                 gpointer target);
void provision_cloud_read_tries(ProvisionCloud *cloud, const ProvisionMember *member,
                                gpointer target);

/** provision_cloud_add_default_user: (transfer none): the default user: named “default”, with
 * everything unset, but for what “user” and “system_info” say */
ProvisionUser *provision_cloud_add_default_user(ProvisionCloud *cloud, const ProvisionPlace *at);

G_END_DECLS
