/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll manifest show: what a manifest comes to, with all that it includes.
 */
#include "cmd/commands.h"

#include "manifest/manifest.h"

#include <stdio.h>

const CmdOption cmd_manifest_show_options[] = {CMD_OPTION_JSON, {0}};

CmdExit cmd_manifest_show_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(Manifest) manifest = manifest_load(cmd_args_operands(args)[0], error);
    if (manifest == NULL)
        return CMD_EXIT_FAILED;
    for (guint i = 0; i < manifest->notes->len; i++) {
        const ManifestString *note = manifest->notes->pdata[i];
        fprintf(stderr, "atoll: %s:%u:%u: %s\n", note->place.file, note->place.line,
                note->place.column, note->text);
    }
    if (cmd_args_flag(args, "json")) {
        g_autofree char *json = manifest_to_json(manifest);
        puts(json);
        return CMD_EXIT_DONE;
    }
    g_autofree char *yaml = manifest_to_yaml(manifest);
    printf("%s# digest: %s\n", yaml, manifest->digest);
    return CMD_EXIT_DONE;
}
