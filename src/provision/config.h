/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/cloud/cloud.h"
#include "provision/envelope/envelope.h"
#include "provision/instance.h"
#include "provision/plan.h"
#include "provision/report.h"

G_BEGIN_DECLS

/**
 * ProvisionConfig:
 * @plan: what user-data and vendor-data come to
 * @cloud_config: (nullable): the merged cloud-config, of which the plan was made
 * @parts: (element-type ProvisionPart): of the user-data
 * @vendor_parts: (element-type ProvisionPart): of the vendor-data
 */
typedef struct {
    ProvisionPlan *plan;
    ProvisionValue *cloud_config;
    GPtrArray *parts;
    GPtrArray *vendor_parts;
} ProvisionConfig;

void provision_config_free(ProvisionConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProvisionConfig, provision_config_free)

/**
 * ProvisionConfigEnv:
 * @envelope: see #ProvisionEnvelopeEnv; when its instance_data is %NULL, templates get
 *   provision_config_instance_data()
 * @source: (nullable): what the user-data is called in places, else “user-data”
 * @cloud: see #ProvisionCloudEnv
 * @ignition: (nullable): turns an Ignition part into the plan: merged configs fetched, keys that
 *   are unknown or unsupported in the report. %FALSE with an error is a failure in the report,
 *   %PROVISION_ERROR_REFUSED one of the whole. Without it Ignition parts are said and left out
 * @ignition_data: for @ignition
 *
 * What reading works with. All zero is good for whoever only looks.
 */
typedef struct {
    const char *source;
    ProvisionEnvelopeEnv envelope;
    ProvisionCloudEnv cloud;
    bool (*ignition)(gpointer data, const ProvisionPart *part, ProvisionPlan *plan,
                     ProvisionReport *report, GCancellable *cancellable, GError **error);
    gpointer ignition_data;
} ProvisionConfigEnv;

/**
 * provision_config_read:
 * @instance: what the datasource gave
 * @env: see #ProvisionConfigEnv
 * @report: gets unknown keys, what is unsupported, and what is wrong (failed): the rest stands
 * @cancellable: (nullable)
 * @error: %PROVISION_ERROR_REFUSED when a signature is missing or wrong
 *
 * From raw user-data, vendor-data and network-config to a plan: the one way in for whoever
 * validates, shows or applies.
 */
ProvisionConfig *provision_config_read(const ProvisionInstance *instance,
                                       const ProvisionConfigEnv *env, ProvisionReport *report,
                                       GCancellable *cancellable,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * provision_config_instance_data:
 * @instance: what the datasource gave
 *
 * Returns: (transfer full): what “## template: jinja” may ask for, as in cloud-init's
 *   instance-data.json: "v1" (instance_id, local_hostname, region, …), "ds" with "meta_data"
 */
ProvisionValue *provision_config_instance_data(const ProvisionInstance *instance);

/** provision_config_fetch: a #ProvisionFetch over http and https, tried again like cloud-init's */
GBytes *provision_config_fetch(gpointer data, const char *url, uint64_t max_bytes,
                               GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_config_decrypt: for #ProvisionCloudEnv: runs systemd-creds; what it gives is never
 * logged */
GBytes *provision_config_decrypt(gpointer data, const char *base64,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
