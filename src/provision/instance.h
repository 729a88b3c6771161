/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/value.h"

G_BEGIN_DECLS

#define PROVISION_INSTANCE_MAX_BYTES (32 * 1024 * 1024)

/**
 * ProvisionInstance:
 * @platform: (owned): "ec2", "nocloud", …: a name of the datasource table
 * @subplatform: (owned) (nullable): where it was read ("/dev/sr0", "http://169.254.169.254")
 * @id: (owned): instance id; never a path: what has a slash or control character is refused
 * @hostname: (owned) (nullable): what the platform calls the host (may be a FQDN)
 * @region: (owned) (nullable)
 * @zone: (owned) (nullable)
 * @user_data: (nullable): as the platform keeps it: transport encodings that belong to the
 *   datasource (Azure's base64) are taken off, compression and MIME are not
 * @vendor_data: (nullable)
 * @vendor_data2: (nullable)
 * @network_config: (nullable): cloud-init's network config (v1 or v2), of meta-data or a file
 * @network_source: (owned) (nullable): its name in messages
 * @ssh_keys: (element-type utf8): public keys of the platform, for the default user
 * @password: (owned) (nullable): a password of the platform for the default user; secret
 * @default_user: (owned) (nullable): the platform's name for the default user
 * @meta_data: (nullable): all of the platform's metadata, for “ds.meta_data” in templates and
 *   instance-data.json
 *
 * What a datasource gave: raw, not yet believed.
 */
typedef struct {
    char *platform;
    char *subplatform;
    char *id;
    char *hostname;
    char *region;
    char *zone;
    GBytes *user_data;
    GBytes *vendor_data;
    GBytes *vendor_data2;
    GBytes *network_config;
    char *network_source;
    GPtrArray *ssh_keys;
    char *password;
    char *default_user;
    ProvisionValue *meta_data;
} ProvisionInstance;

ProvisionInstance *provision_instance_new(void);
void provision_instance_free(ProvisionInstance *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionInstance, provision_instance_free)

/** provision_instance_check_id: whether @id may be the name of a directory */
bool provision_instance_check_id(const char *id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_instance_print: (transfer full): instance.json: all but the blobs; has secrets */
char *provision_instance_print(const ProvisionInstance *self);

/** provision_instance_parse: what provision_instance_print() made */
ProvisionInstance *provision_instance_parse(const char *source, GBytes *json,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * provision_instance_save:
 * @self: an instance
 * @dfd: a directory that only root may read (/run/atoll/provision)
 * @error: return location
 *
 * Keeps it for later stages of this boot: instance.json and one file for each blob, mode 0600,
 * the JSON last.
 */
bool provision_instance_save(const ProvisionInstance *self, int dfd,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_instance_load: reads what provision_instance_save() kept; %PROVISION_ERROR_NOT_FOUND
 * when nothing is */
ProvisionInstance *provision_instance_load(int dfd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
