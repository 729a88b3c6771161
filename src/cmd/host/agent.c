/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the agent's commands share: where its files are, and who this host is.
 */
#include "cmd/host/agent.h"

#include "base/fd.h"
#include "update/agent.h"
#include "update/identity.h"

#include <fcntl.h>

static const char *const default_config_dirs[] = {"/usr/lib/atoll/agent.d", "/etc/atoll/agent.d",
                                                  NULL};

void cmd_host_agent_init(CmdHostAgent *self, const CmdArgs *args)
{
    const char *dir = cmd_args_string(args, "agent-dir");
    self->state_dir = g_strdup(dir != NULL ? dir : UPDATE_AGENT_STATE_DIR);
    self->run_dir = g_strdup(dir != NULL ? dir : UPDATE_AGENT_RUN_DIR);
    self->config_dirs = NULL;
}

void cmd_host_agent_clear(CmdHostAgent *self)
{
    g_strfreev(self->config_dirs);
    g_free(self->state_dir);
    g_free(self->run_dir);
}

void cmd_host_agent_take_config(CmdHostAgent *self, const CmdArgs *args)
{
    const char *const *dirs = cmd_args_strings(args, "config");
    self->config_dirs = g_strdupv((char **)(dirs[0] != NULL ? dirs : default_config_dirs));
}

char *cmd_host_agent_node_id(const UpdateConfig *config, GError **error)
{
    if (*config->node_uuid != '\0')
        return g_strdup(config->node_uuid);
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, "/etc/machine-id", 64, error);
    if (bytes == NULL)
        return NULL;
    g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    return update_identity_derive(text, error);
}

bool cmd_host_agent_save(const CmdHostAgent *self, const UpdateLedger *ledger, GError **error)
{
    g_autofree char *ignored = NULL;
    if (!update_ledger_save(ledger, self->state_dir, error))
        return false;
    /* without an agent the file alone is what the next one goes by */
    (void)!update_agent_request(self->run_dir, "reload", &ignored, NULL);
    return true;
}
