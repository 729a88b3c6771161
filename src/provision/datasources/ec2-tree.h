/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/datasources/common.h"

G_BEGIN_DECLS

/**
 * provision_ec2_tree_read:
 * @service: whose tree it is
 * @prefix: "/latest", "/2021-03-23"
 * @instance: gets metadata, id, host name, keys and user-data
 * @error: %PROVISION_ERROR_NOT_FOUND when there is no tree at @prefix
 *
 * EC2's tree of metadata, which many platforms have too. Credentials in it are left alone.
 */
bool provision_ec2_tree_read(ProvisionService *service, const char *prefix,
                             ProvisionInstance *instance, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
