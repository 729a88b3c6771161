/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host: the program of every host.
 */
#include "cmd/host/commands.h"

int main(int argc, char **argv)
{
    return cmd_main("atoll-host", "Update this host, roll it back, show its state",
                    atoll_host_commands, argc, argv);
}
