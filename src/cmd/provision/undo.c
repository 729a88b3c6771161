/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision list, revert, clean: what was made, and undoing it.
 */
#include "cmd/provision/commands.h"

#include "provision/state/undo.h"

#include <stdio.h>
#include <string.h>

#define ROOT_OPTION                                                                                \
    {                                                                                              \
        .name = "root", .metavar = "DIR", .help = "of this root (default: the running system)"     \
    }

const CmdOption cmd_provision_list_options[] = {ROOT_OPTION, CMD_OPTION_JSON, {0}};
const CmdOption cmd_provision_revert_options[] = {
    ROOT_OPTION,
    {.name = "force", .help = "also what was changed since"},
    {.name = "dry-run", .letter = 'n', .help = "only say what would be undone"},
    {0},
};
const CmdOption cmd_provision_clean_options[] = {
    ROOT_OPTION,
    {.name = "logs", .letter = 'l', .help = "remove the logs too"},
    {.name = "machine-id", .help = "make the next boot choose a machine id"},
    {.name = "seed", .letter = 's', .help = "remove /var/lib/cloud/seed too"},
    {0},
};

static void print_accounts(const ProvisionManifest *manifest)
{
    for (guint i = 0; i < manifest->accounts->len; i++) {
        const ProvisionManifestAccount *account = manifest->accounts->pdata[i];
        bool user = strcmp(account->file, "passwd") == 0;
        if (user || strcmp(account->file, "group") == 0)
            (void)printf("%-9s %s %s\n", account->before == NULL ? "made" : "changed",
                         user ? "user" : "group", account->name);
    }
}

CmdExit cmd_provision_list_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    (void)cancellable;
    g_autoptr(ProvisionRoot) root = provision_root_open(cmd_args_string(args, "root"), error);
    g_autoptr(ProvisionManifest) manifest =
        root != NULL ? provision_manifest_load(root, error) : NULL;
    if (manifest == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json")) {
        /* the file itself: every digest, and what was there before */
        g_autofree char *text =
            provision_root_read_text(root, PROVISION_STATE_DIR "/manifest.json");
        (void)printf("%s\n", text != NULL ? text : "{}");
        return CMD_EXIT_DONE;
    }
    for (guint i = 0; i < manifest->entries->len; i++) {
        const ProvisionManifestEntry *entry = manifest->entries->pdata[i];
        (void)printf("%-9s %s\n",
                     entry->after.kind == PROVISION_TRACE_NONE    ? "removed"
                     : entry->before.kind == PROVISION_TRACE_NONE ? "made"
                                                                  : "changed",
                     entry->path);
    }
    print_accounts(manifest);
    return CMD_EXIT_DONE;
}

static void tell(void *data, const char *what, const char *outcome)
{
    unsigned *count = data;
    (*count)++;
    (void)printf("%s: %s\n", what, outcome);
}

CmdExit cmd_provision_revert_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    (void)cancellable;
    unsigned count = 0;
    ProvisionUndoFlags flags =
        (cmd_args_flag(args, "force") ? PROVISION_UNDO_FORCE : PROVISION_UNDO_DEFAULT) |
        (cmd_args_flag(args, "dry-run") ? PROVISION_UNDO_DRY_RUN : PROVISION_UNDO_DEFAULT);
    g_autoptr(ProvisionRoot) root = provision_root_open(cmd_args_string(args, "root"), error);
    g_autoptr(ProvisionManifest) manifest =
        root != NULL ? provision_manifest_load(root, error) : NULL;
    if (manifest == NULL || !provision_undo(manifest, -1, flags, tell, &count, error))
        return CMD_EXIT_FAILED;
    return count > 0 ? CMD_EXIT_DONE : CMD_EXIT_NOTHING_TO_DO;
}

CmdExit cmd_provision_clean_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    (void)cancellable;
    ProvisionCleanFlags flags = PROVISION_CLEAN_DEFAULT;
    if (cmd_args_flag(args, "logs"))
        flags |= PROVISION_CLEAN_LOGS;
    if (cmd_args_flag(args, "machine-id"))
        flags |= PROVISION_CLEAN_MACHINE_ID;
    if (cmd_args_flag(args, "seed"))
        flags |= PROVISION_CLEAN_SEED;
    g_autoptr(ProvisionRoot) root = provision_root_open(cmd_args_string(args, "root"), error);
    if (root == NULL || !provision_clean(root, flags, error))
        return CMD_EXIT_FAILED;
    return CMD_EXIT_DONE;
}
