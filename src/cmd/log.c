/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The event log of the state directory, as commands open it.
 */
#include "cmd/log.h"

#include "base/fd.h"

#include <fcntl.h>

CmdLog *cmd_log_open(const CmdArgs *args, GError **error)
{
    g_autofree char *state = cmd_args_state_dir(args);
    g_autofree char *database = cmd_args_database(args);
    g_autoptr(CmdLog) self = g_new0(CmdLog, 1);
    if (!base_fd_make_dirs(AT_FDCWD, state, 0755, error))
        return NULL;
    self->db = base_db_open(database, error);
    self->log = self->db != NULL ? bus_log_open(self->db, state, error) : NULL;
    return self->log != NULL ? g_steal_pointer(&self) : NULL;
}

void cmd_log_close(CmdLog *self)
{
    if (self == NULL)
        return;
    g_clear_pointer(&self->log, bus_log_close);
    g_clear_pointer(&self->db, base_db_close);
    g_free(self);
}
