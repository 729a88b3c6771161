/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

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
 * provision_config_read:
 * @instance: what the datasource gave
 * @env: see #ProvisionEnvelopeEnv
 * @report: gets unknown keys, what is unsupported, and what is wrong (failed): the rest stands
 * @cancellable: (nullable)
 * @error: %PROVISION_ERROR_REFUSED when a signature is missing or wrong
 *
 * From raw user-data, vendor-data and network-config to a plan: the one way in for whoever
 * validates, shows or applies.
 */
ProvisionConfig *provision_config_read(const ProvisionInstance *instance,
                                       const ProvisionEnvelopeEnv *env, ProvisionReport *report,
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

G_END_DECLS
