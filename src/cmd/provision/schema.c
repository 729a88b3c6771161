/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision schema
 */
#include "cmd/provision/commands.h"

#include "provision/cloud/cloud.h"

#include <stdio.h>

const CmdOption cmd_provision_schema_options[] = {{0}};

CmdExit cmd_provision_schema_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autofree char *schema = provision_cloud_schema();
    (void)args;
    (void)cancellable;
    (void)error;
    printf("%s", schema);
    return CMD_EXIT_DONE;
}
