/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host: the program of every host; and, by the name check_atoll, a monitoring plugin.
 */
#include "cmd/host/commands.h"
#include "cmd/host/nagios.h"

int main(int argc, char **argv)
{
    g_autofree char *name = g_path_get_basename(argc > 0 ? argv[0] : "");
    if (g_str_equal(name, "check_atoll"))
        return cmd_host_nagios(argc, argv);
    return cmd_main("atoll-host", "Update this host, roll it back, show its state",
                    atoll_host_commands, argc, argv);
}
