/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision initramfs: one stage of a first boot before the real root runs. The program
 * called ignition is this command with Ignition's options; the one in the initramfs has nothing
 * else, and no network.
 */
#include "cmd/provision/initramfs.h"

#include "base/run.h"
#include "provision/early/early.h"
#include "provision/error.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const CmdOption cmd_provision_initramfs_options[] = {
    {.name = "stage",
     .metavar = "NAME",
     .help = "fetch-offline, fetch, kargs, disks, mount, files, umount, or all (default)"},
    {.name = "root", .metavar = "DIR", .help = "the real root (default: /sysroot)"},
    {.name = "platform",
     .metavar = "NAME",
     .help = "Ignition's name of the platform (default: ignition.platform.id of the kernel's "
             "command line)"},
    {.name = "config-cache",
     .metavar = "FILE",
     .help = "the merged config, between stages (default: " PROVISION_EARLY_CACHE ")"},
    {.name = "need-net",
     .metavar = "FILE",
     .help = "made when the config needs the network (default: " PROVISION_EARLY_NEED_NETWORK ")"},
    {.name = "fetch-timeout",
     .metavar = "SECONDS",
     .help = "for one thing with all its tries (default: 300)"},
    {.name = "log-to-stdout", .help = "say what was done"},
    {0},
};

static void print_record(const ProvisionRecord *record)
{
    const ProvisionPlace *at = &record->at;
    printf("%s%s%s%s%s\n", provision_outcome_name(record->outcome),
           at->key != NULL && at->key[0] != '\0' ? ": " : "", at->key != NULL ? at->key : "",
           record->message != NULL ? ": " : "", record->message != NULL ? record->message : "");
}

/* What dracut makes of emergency.target: where nobody is to get a shell there is none. */
static char *what_follows(const char *cmdline)
{
    static const char *const off[] = {"0", "no", "off", NULL};
    g_autofree char *shell = provision_early_karg(cmdline, "rd.shell");
    g_autofree char *action = provision_early_karg(cmdline, "rd.emergency");
    if (shell == NULL || !g_strv_contains(off, shell))
        return g_strdup("An emergency shell follows; mend the configuration and boot again.");
    if (g_strcmp0(action, "reboot") == 0)
        return g_strdup("The machine starts again (rd.shell=0 rd.emergency=reboot).");
    return g_strdup_printf("No shell follows (rd.shell=0%s%s).",
                           action != NULL ? " rd.emergency=" : "", action != NULL ? action : "");
}

/* The administrator of a machine that does not come up reads this on its console. */
static void fail_on_console(const char *stage, const char *message)
{
    g_autofree char *content = NULL;
    (void)g_file_get_contents("/proc/cmdline", &content, NULL, NULL);
    const char *cmdline = content != NULL ? content : "";
    g_autofree char *policy = provision_early_karg(cmdline, "atoll.provision.on-failure");
    bool halt = g_strcmp0(policy, "halt") == 0;
    bool login = g_strcmp0(policy, "login") == 0;
    g_autofree char *otherwise = what_follows(cmdline);
    g_autofree char *text =
        g_strdup_printf("first boot failed in the stage %s:\r\n  %s\r\n  %s", stage, message,
                        halt    ? "The machine halts now (atoll.provision.on-failure=halt)."
                        : login ? "The boot goes on without it (atoll.provision.on-failure=login)."
                                : otherwise);
    provision_early_tell(text);
    if (login) {
        (void)g_mkdir_with_parents("/run/issue.d", 0755);
        g_autofree char *issue = g_strdup_printf("\n%s\n\n", text);
        (void)g_file_set_contents("/run/issue.d/atoll-provision.issue", issue, -1, NULL);
        return;
    }
    if (!base_run_simple("ending the boot", NULL, "systemctl", "--no-block",
                         halt ? "halt" : "isolate", halt ? "--force" : "emergency.target", NULL))
        provision_early_tell("systemd does not take orders");
}

static bool read_seconds(const CmdArgs *args, ProvisionFetcher *fetcher, GError **error)
{
    const char *text = cmd_args_string(args, "fetch-timeout");
    guint64 seconds = 0;
    if (text == NULL)
        return true;
    /* Ignition's flag is a Go duration */
    g_autofree char *number =
        g_str_has_suffix(text, "s") ? g_strndup(text, strlen(text) - 1) : g_strdup(text);
    if (!g_ascii_string_to_unsigned(number, 10, 0, 86400, &seconds, error)) {
        g_prefix_error(error, "--fetch-timeout: ");
        return false;
    }
    if (seconds > 0)
        provision_fetcher_set_give_up(fetcher, (unsigned)seconds);
    return true;
}

static bool check_stage(const char *stage, GError **error)
{
    if (g_strv_contains(provision_early_stages, stage))
        return true;
    g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "--stage: ‘%s’ is not a stage",
                stage);
    return false;
}

CmdExit cmd_provision_initramfs_stage(const CmdArgs *args, ProvisionFetcher *fetcher,
                                      GCancellable *cancellable, GError **error)
{
    const char *stage = cmd_args_string(args, "stage");
    const char *root = cmd_args_string(args, "root");
    const char *cache = cmd_args_string(args, "config-cache");
    const char *need_network = cmd_args_string(args, "need-net");
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(GError) local = NULL;
    bool nothing = false;
    ProvisionEarly early = {
        .platform = cmd_args_string(args, "platform"),
        .root = root != NULL ? root : "/sysroot",
        .cache = cache != NULL ? cache : PROVISION_EARLY_CACHE,
        .need_network = need_network != NULL ? need_network : PROVISION_EARLY_NEED_NETWORK,
        .fetcher = fetcher,
        .report = report,
        .cancellable = cancellable,
    };
    if (stage == NULL)
        stage = "all";
    if (!check_stage(stage, error) || !read_seconds(args, fetcher, error))
        return CMD_EXIT_USAGE;
    bool good = provision_early_run(&early, stage, &nothing, &local);
    for (guint i = 0; cmd_args_flag(args, "log-to-stdout") && i < report->records->len; i++)
        print_record(report->records->pdata[i]);
    if (!good && access("/etc/initrd-release", F_OK) == 0)
        fail_on_console(stage, local->message);
    if (!good)
        g_propagate_error(error, g_steal_pointer(&local));
    return good ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
