/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/config.h"
#include "provision/value.h"

G_BEGIN_DECLS

/** provision_convert_is_butane: whether @value is Butane: a mapping with "variant" and "version" */
bool provision_convert_is_butane(const ProvisionValue *value);

/**
 * provision_convert_butane:
 * @butane: of the variants fcos (1.0 to 1.6) or flatcar (1.0, 1.1)
 * @files: descriptor of the directory that “local” files are in, or -1
 * @report: gets what has no counterpart (unsupported), unknown keys, what is wrong (failed)
 *
 * Returns: (transfer full) (nullable): the Ignition config, its values with their places in
 *   @butane; %NULL when the variant or version is not known
 */
ProvisionValue *provision_convert_butane(const ProvisionValue *butane, int files,
                                         ProvisionReport *report);

/**
 * provision_convert_cloud:
 * @config: cloud-config that was read
 * @report: gets what has no counterpart (unsupported)
 *
 * Returns: (transfer full): an Ignition config of spec 3.3.0
 */
ProvisionValue *provision_convert_cloud(const ProvisionConfig *config, ProvisionReport *report);

G_END_DECLS
