/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/plan.h"
#include "provision/report.h"
#include "provision/value.h"

G_BEGIN_DECLS

/**
 * ProvisionCloudEnv:
 * @decrypt: (nullable): decrypts a systemd credential (base64); without it an encrypted value reads
 *   “(encrypted)”, for those who only look
 * @decrypt_data: for @decrypt
 */
typedef struct {
    GBytes *(*decrypt)(gpointer data, const char *base64, GError **error);
    gpointer decrypt_data;
} ProvisionCloudEnv;

/**
 * provision_cloud_plan:
 * @config: a merged cloud-config; anything but a mapping is a failure in @report
 * @env: what to work with
 * @plan: what it wants is added here
 * @report: gets unknown keys, unsupported ones, and values that are wrong
 *
 * Turns cloud-config into a plan, key by key, by the table in cloud/keys.c.
 */
void provision_cloud_plan(const ProvisionValue *config, const ProvisionCloudEnv *env,
                          ProvisionPlan *plan, ProvisionReport *report);

/**
 * provision_cloud_merge:
 * @into: (transfer full) (nullable): what the parts before came to
 * @part: the next one
 * @merge_type: (nullable): of its header, "list(append)+dict(recurse_array)+str()"
 * @error: a merge type that does not exist
 *
 * Merges as cloud-init does: @part's merge_how or merge_type, @merge_type, or
 * "dict(replace)+list()+str()".
 *
 * Returns: (transfer full): the merged mapping
 */
ProvisionValue *provision_cloud_merge(ProvisionValue *into, const ProvisionValue *part,
                                      const char *merge_type,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_cloud_merge_below: (transfer full): @over with what only @below has, mappings
 * recursively: how vendor-data lies below user-data */
ProvisionValue *provision_cloud_merge_below(const ProvisionValue *over,
                                            const ProvisionValue *below);

/** provision_cloud_patch: (transfer full): @value with the JSON patch @patch (RFC 6902) applied */
ProvisionValue *provision_cloud_patch(const ProvisionValue *value, const ProvisionValue *patch,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_cloud_schema: (transfer full): a JSON schema of cloud-config, out of the table of
 * keys */
char *provision_cloud_schema(void);

G_END_DECLS
