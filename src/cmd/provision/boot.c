/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision boot
 */
#include "cmd/provision/commands.h"

#include "base/fd.h"
#include "cmd/provision/apply.h"
#include "cmd/provision/input.h"
#include "provision/boot.h"
#include "provision/error.h"
#include "provision/state/results.h"

#include <fcntl.h>
#include <string.h>

#define TIMEOUT_US (120 * G_USEC_PER_SEC)

const CmdOption cmd_provision_boot_options[] = {
    {.name = "root", .metavar = "DIR", .help = "set up this root instead of the running system"},
    {.name = "endpoint", .metavar = "URL", .help = "ask here instead of the well-known address"},
    {.name = "apply", .help = "apply the stage of the step too, and say what did not go well"},
    {.name = "timeout", .metavar = "SECONDS", .help = "give up after so long (default: 120)"},
    {0},
};

static bool run(const char *step, const ProvisionBoot *boot, ProvisionBootState *state,
                GCancellable *cancellable, GError **error)
{
    if (strcmp(step, "local") == 0)
        return provision_boot_local(boot, state, cancellable, error);
    if (strcmp(step, "network") == 0)
        return provision_boot_network(boot, state, cancellable, error);
    if (strcmp(step, "ready") == 0)
        return provision_boot_ready(boot, cancellable, error);
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_FAILED,
                "there is no step ‘%s’: there are local, network and ready", step);
    return false;
}

/* One process a stage: its start costs more than most of what a stage does. */
static bool apply(const char *step, const char *path, bool *out_good, GCancellable *cancellable,
                  GError **error)
{
    const CmdProvisionApply wanted = {.root = path, .quiet = true};
    ProvisionStage stage = strcmp(step, "local") == 0     ? PROVISION_STAGE_LOCAL
                           : strcmp(step, "network") == 0 ? PROVISION_STAGE_NETWORK
                                                          : PROVISION_STAGE_FINAL;
    ProvisionOutcome worst = PROVISION_APPLIED;
    if (!cmd_provision_apply_stage(&wanted, stage, &worst, cancellable, error))
        return false;
    *out_good = worst != PROVISION_FAILED;
    return true;
}

/* Whoever waits for the end of this boot would wait for ever. */
static void note_failure(const char *step, const char *path, const GError *why)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(ProvisionRoot) root = provision_root_open(path, &local);
    if (root == NULL || !provision_results_fail(root, step, why->message, &local))
        g_debug("%s", local->message);
}

/* The platform hears that the host is up when all is done, whatever came of it. */
static bool run_all(const char *step, const ProvisionBoot *boot, const char *path, bool with_stage,
                    ProvisionBootState *state, bool *out_good, GCancellable *cancellable,
                    GError **error)
{
    bool last = strcmp(step, "ready") == 0;
    g_autoptr(GError) local = NULL;
    if (with_stage && last && !apply(step, path, out_good, cancellable, error))
        return false;
    if (!run(step, boot, state, cancellable, &local)) {
        if (with_stage && !last)
            note_failure(step, path, local);
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    return !with_stage || last || *state != PROVISION_BOOT_READY ||
           apply(step, path, out_good, cancellable, error);
}

CmdExit cmd_provision_boot_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *path = cmd_args_string(args, "root");
    const char *text = cmd_args_string(args, "timeout");
    guint64 seconds = TIMEOUT_US / G_USEC_PER_SEC;
    g_autoptr(ProvisionReport) report = provision_report_new();
    ProvisionBootState state = PROVISION_BOOT_READY;
    bool good = true;
    if (text != NULL && !g_ascii_string_to_unsigned(text, 10, 1, 86400, &seconds, error))
        return CMD_EXIT_FAILED;
    base_autofd root = base_fd_open_dir(AT_FDCWD, path != NULL ? path : "/", error);
    ProvisionBoot boot = {.root = root,
                          .live = path == NULL,
                          .endpoint = cmd_args_string(args, "endpoint"),
                          .timeout_us = (int64_t)seconds * G_USEC_PER_SEC,
                          .report = report};
    if (root < 0 || !run_all(cmd_args_operands(args)[0], &boot, path, cmd_args_flag(args, "apply"),
                             &state, &good, cancellable, error))
        return CMD_EXIT_FAILED;
    cmd_provision_print_report(report);
    if (!good)
        return CMD_EXIT_FAILED;
    return state == PROVISION_BOOT_NOTHING ? CMD_EXIT_NOTHING_TO_DO : CMD_EXIT_DONE;
}
