/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one table of atoll's commands. A new command is one file beside this one, one line in
 * meson.build, its extern in commands.h, its row here.
 */
#include "cmd/commands.h"

const CmdCommand atoll_commands[] = {
    {
        .name = "serve",
        .summary = "Serve the published repository over HTTP",
        .options = cmd_serve_options,
        .run = cmd_serve_run,
    },
    {0},
};
