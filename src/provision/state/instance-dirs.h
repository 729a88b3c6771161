/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/root.h"
#include "provision/instance.h"

G_BEGIN_DECLS

/**
 * provision_instance_dirs_make:
 * @root: a root
 * @instance: who this is said to be
 * @trust: an instance that the host has is believed rather than @instance (manual_cache_clean)
 * @out_dir: (transfer full): /var/lib/cloud/instances/ID
 * @error: %PROVISION_ERROR_INVALID: an id that is a path
 *
 * Makes the instance's directories, the link /var/lib/cloud/instance and data/instance-id.
 */
bool provision_instance_dirs_make(ProvisionRoot *root, const ProvisionInstance *instance,
                                  bool trust, char **out_dir,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_instance_dirs_fill: user-data, vendor-data and the merged configuration, for root */
bool provision_instance_dirs_fill(ProvisionRoot *root, const char *instance_dir,
                                  const ProvisionInstance *instance,
                                  const ProvisionValue *cloud_config,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** provision_instance_dirs_find: (transfer full): where provision_instance_dirs_make() has made the
 * instance's; %NULL when its id is no name */
char *provision_instance_dirs_find(ProvisionRoot *root, const ProvisionInstance *instance,
                                   bool trust, GError **error);

G_END_DECLS
