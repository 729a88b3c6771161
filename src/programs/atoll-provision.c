/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision: first boot.
 */
#include "cmd/provision/cloud-init.h"
#include "cmd/provision/commands.h"

#include <string.h>

int main(int argc, char **argv)
{
    g_autofree char *name = g_path_get_basename(argc > 0 ? argv[0] : "");
    if (g_strcmp0(name, "cloud-init") == 0)
        return cmd_provision_cloud_init_main(argc, argv);
    if (strcmp(name, "ignition") == 0) {
        g_auto(GStrv) words = cmd_provision_ignition_argv(argv);
        return cmd_main("ignition", "Set this host up on first boot", atoll_provision_commands,
                        (int)g_strv_length(words), words);
    }
    return cmd_main("atoll-provision", "Set this host up on first boot", atoll_provision_commands,
                    argc, argv);
}
