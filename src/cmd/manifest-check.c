/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll manifest check: whether a manifest can be read, without fetching anything.
 */
#include "cmd/commands.h"

#include "manifest/manifest.h"

#include <stdio.h>

CmdExit cmd_manifest_check_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(Manifest) manifest = manifest_load(cmd_args_operands(args)[0], error);
    if (manifest == NULL)
        return CMD_EXIT_FAILED;
    for (guint i = 0; i < manifest->notes->len; i++) {
        const ManifestString *note = manifest->notes->pdata[i];
        printf("%s:%u:%u: note: %s\n", note->place.file, note->place.line, note->place.column,
               note->text);
    }
    printf("%s: fine: ref %s, %u repositories, %u packages\n", manifest->path, manifest->ref,
           manifest->repos->len, manifest->packages->len);
    return CMD_EXIT_DONE;
}
