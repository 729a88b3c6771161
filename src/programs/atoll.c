/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll: the program of workstations and build servers.
 */
#include "cmd/commands.h"

int main(int argc, char **argv)
{
    return cmd_main("atoll", "Build and serve image-based container hosts", atoll_commands, argc,
                    argv);
}
