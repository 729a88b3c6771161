/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision: first boot.
 */
#include "cmd/provision/commands.h"

int main(int argc, char **argv)
{
    return cmd_main("atoll-provision", "Set this host up on first boot", atoll_provision_commands,
                    argc, argv);
}
