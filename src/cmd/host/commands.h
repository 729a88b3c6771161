/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cmd/command.h"
#include "host/sysroot.h"
#include "host/upgrade.h"

G_BEGIN_DECLS

/** atoll_host_commands: the table of the program atoll-host, ended by a zeroed row */
extern const CmdCommand atoll_host_commands[];

#define CMD_HOST_OPTION_SYSROOT                                                                    \
    {                                                                                              \
        .name = "sysroot", .metavar = "DIR",                                                       \
        .help = "work on the sysroot at DIR instead of the running host"                           \
    }
#define CMD_HOST_OPTION_REBOOT                                                                     \
    {                                                                                              \
        .name = "reboot", .letter = 'r', .help = "reboot into the result"                          \
    }

#define CMD_HOST_OPTION_TIMEOUT                                                                    \
    {                                                                                              \
        .name = "timeout", .metavar = "SECONDS",                                                   \
        .help = "give up on a server that sends nothing for so long (default: 60)"                 \
    }
#define CMD_HOST_OPTION_ALLOW_ID_DRIFT                                                             \
    {                                                                                              \
        .name = "allow-id-drift", .help = "take a version in which users have other numbers"       \
    }

extern const CmdOption cmd_host_status_options[];
extern const CmdOption cmd_host_upgrade_options[];
extern const CmdOption cmd_host_rollback_options[];
extern const CmdOption cmd_host_deploy_options[];
extern const CmdOption cmd_host_kargs_options[];
extern const CmdOption cmd_host_agent_run_options[];
extern const CmdOption cmd_host_agent_check_options[];
extern const CmdOption cmd_host_agent_ask_options[];
extern const CmdOption cmd_host_agent_steady_options[];
extern const CmdOption cmd_host_config_options[];
extern const CmdOption cmd_host_request_options[];
extern const CmdOption cmd_host_hold_options[];
extern const CmdOption cmd_host_health_options[];
extern const CmdOption cmd_host_etc_diff_options[];
extern const CmdOption cmd_host_report_options[];
extern const CmdOption cmd_host_pin_options[];
extern const CmdOption cmd_host_cleanup_options[];
extern const CmdOption cmd_host_rebase_options[];
extern const CmdOption cmd_host_history_options[];
extern const CmdOption cmd_host_verify_options[];
extern const CmdOption cmd_host_boot_options[];
extern const CmdOption cmd_host_note_options[];

CmdExit cmd_host_status_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_upgrade_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_rollback_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_deploy_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_kargs_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_agent_run_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_agent_check_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_agent_ask_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_agent_steady_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_check_now_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_config_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_hold_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_reboot_now_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_resume_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_unblock_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_health_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_boot_bless_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_boot_fail_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_boot_start_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_report_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_etc_diff_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_pin_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_unpin_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_cleanup_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_rebase_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_history_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_verify_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_agent_pause_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_agent_booted_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_agent_down_run(const CmdArgs *args, GCancellable *cancellable, GError **error);
CmdExit cmd_host_agent_finalize_run(const CmdArgs *args, GCancellable *cancellable, GError **error);

/** cmd_host_take_timeout: gives @sysroot what %CMD_HOST_OPTION_TIMEOUT says */
bool cmd_host_take_timeout(const CmdArgs *args, HostSysroot *sysroot,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cmd_host_apply:
 * @found: what to deploy
 * @sysroot: opened for writing
 * @args: of a command that has %CMD_HOST_OPTION_ALLOW_ID_DRIFT, %CMD_HOST_OPTION_REBOOT and
 *   %CMD_OPTION_QUIET
 * @cancellable: (nullable)
 * @error: return location
 *
 * Fetches and deploys with progress on the terminal, then cmd_host_finish().
 */
CmdExit cmd_host_apply(const HostUpgrade *found, HostSysroot *sysroot, const CmdArgs *args,
                       GCancellable *cancellable, GError **error);

/**
 * cmd_host_finish:
 * @args: of a command that has %CMD_HOST_OPTION_REBOOT
 * @sysroot: what was changed
 * @what: "VERSION is staged", to print
 * @error: return location
 *
 * Says what was done and what is left to do, or reboots when asked to.
 */
CmdExit cmd_host_finish(const CmdArgs *args, const HostSysroot *sysroot, const char *what,
                        GError **error);

/** cmd_host_finish_now: as cmd_host_finish(), and reboots in any case */
CmdExit cmd_host_finish_now(const HostSysroot *sysroot, const char *what, GError **error);

G_END_DECLS
