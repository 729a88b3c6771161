/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/datasources/common.h"

G_BEGIN_DECLS

/**
 * provision_password_fetch:
 * @env: whose deadline counts
 * @base: "http://ADDRESS:8080"
 * @instance: gets the password
 * @cancellable: (nullable)
 *
 * Asks CloudStack's password server, which gives a password once, and tells it that it is kept.
 * A server that is not there is no error: not every network has one.
 */
void provision_password_fetch(const ProvisionDatasourceEnv *env, const char *base,
                              ProvisionInstance *instance, GCancellable *cancellable);

G_END_DECLS
