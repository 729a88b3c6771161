/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll: the program of workstations and build servers.
 */
#include "cmd/commands.h"
#include "tree/rpm/transaction.h"

#include <string.h>

int main(int argc, char **argv)
{
    /* compose starts this program once more, in a sandbox */
    if (argc > 1 && strcmp(argv[1], TREE_RPM_TRANSACTION_WORD) == 0)
        return tree_rpm_transaction_main(argc, argv);
    return cmd_main("atoll", "Build and serve image-based container hosts", atoll_commands, argc,
                    argv);
}
