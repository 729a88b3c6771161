/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/error.h"

G_BEGIN_DECLS

/**
 * update_identity_derive:
 * @machine_id: 32 hexadecimal digits, as in /etc/machine-id; a line end may follow
 * @error: %UPDATE_ERROR_INVALID for anything else
 *
 * Returns: (transfer full): who this host is to update servers: 32 hexadecimal digits, the
 *   application-specific machine id of sd_id128_get_machine_app_specific(3) with Zincati's
 *   application id, so that a host keeps its place in rollouts when it changes over; the
 *   machine id itself, which is secret, cannot be found from it
 */
char *update_identity_derive(const char *machine_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
