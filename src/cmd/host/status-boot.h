/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/sysroot.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * cmd_host_status_boot_json:
 * @root: (inout): gets the members "boot", "health", "fallback" and "blocked"
 * @sysroot: of the host that runs
 * @state_dir: the agent's
 */
void cmd_host_status_boot_json(JsonObject *root, const HostSysroot *sysroot, const char *state_dir);

/** cmd_host_status_boot_print: (transfer full): the same for people */
char *cmd_host_status_boot_print(const HostSysroot *sysroot, const char *state_dir);

G_END_DECLS
