/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "provision/apply/apply.h"

G_BEGIN_DECLS

/** provision_apply_sudo: the user's rules in sudoers.d/90-cloud-init-users and doas.conf; rules
 * that visudo does not take are an error and are not written */
bool provision_apply_sudo(ProvisionApply *self, const ProvisionUser *user,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
