/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one table of atoll's commands. A new command is one file beside this one, one line in
 * meson.build and, here, its extern and its row.
 */
#include "cmd/commands.h"

const CmdCommand atoll_commands[] = {
    {0},
};
