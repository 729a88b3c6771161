/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/** cmd_host_status_agent_load: (transfer full) (nullable): what the agent in @run_dir says of
 * itself; %NULL when there is none, or nothing sensible */
JsonObject *cmd_host_status_agent_load(const char *run_dir);

/** cmd_host_status_agent_print: (transfer full): a few lines of it for people; @now_s in seconds */
char *cmd_host_status_agent_print(JsonObject *agent, int64_t now_s);

G_END_DECLS
