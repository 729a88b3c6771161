/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/command.h"
#include "update/config.h"
#include "update/ledger.h"

G_BEGIN_DECLS

#define CMD_HOST_OPTION_CONFIG                                                                     \
    {                                                                                              \
        .name = "config", .metavar = "DIR", .repeatable = true,                                    \
        .help = "read the agent's drop-ins from DIR, in place of /usr/lib and /etc/atoll/agent.d"  \
    }
#define CMD_HOST_OPTION_AGENT_DIR                                                                  \
    {                                                                                              \
        .name = "agent-dir", .metavar = "DIR",                                                     \
        .help = "the agent's files are in DIR, not /run and /var/lib/atoll-host"                   \
    }

/**
 * CmdHostAgent:
 * @config_dirs: (owned): where drop-ins are
 * @state_dir: (owned): where the ledger is
 * @run_dir: (owned): where the socket and the status are
 *
 * Where the agent's things are, by a command's options.
 */
typedef struct {
    char **config_dirs;
    char *state_dir;
    char *run_dir;
} CmdHostAgent;

/** cmd_host_agent_init: for a command that has --agent-dir; @config_dirs is %NULL */
void cmd_host_agent_init(CmdHostAgent *self, const CmdArgs *args);
/** cmd_host_agent_take_config: fills in @config_dirs, for a command that has --config */
void cmd_host_agent_take_config(CmdHostAgent *self, const CmdArgs *args);
void cmd_host_agent_clear(CmdHostAgent *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmdHostAgent, cmd_host_agent_clear)

/** cmd_host_agent_node_id: (transfer full): identity.node-uuid, else from /etc/machine-id */
char *cmd_host_agent_node_id(const UpdateConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cmd_host_agent_save: saves @ledger and tells a running agent of it */
bool cmd_host_agent_save(const CmdHostAgent *self, const UpdateLedger *ledger,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
