/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll manifest schema: the JSON Schema of manifests, for editors.
 */
#include "cmd/commands.h"

#include "manifest/manifest.h"

#include <stdio.h>

CmdExit cmd_manifest_schema_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autofree char *schema = manifest_schema();
    puts(schema);
    return CMD_EXIT_DONE;
}
