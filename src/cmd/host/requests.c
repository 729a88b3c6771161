/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host check-now, reboot-now, hold, resume and unblock: what people tell the agent.
 */
#include "cmd/error.h"
#include "cmd/host/agent.h"
#include "cmd/host/commands.h"
#include "update/agent.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_S 60
#define HOUR_S (60 * MINUTE_S)
#define DAY_S (24 * HOUR_S)
#define HOLD_MAX_S (365 * (int64_t)DAY_S)

const CmdOption cmd_host_request_options[] = {
    CMD_HOST_OPTION_AGENT_DIR,
    {0},
};

const CmdOption cmd_host_hold_options[] = {
    {.name = "for", .metavar = "TIME", .help = "end by itself after TIME, such as 90m, 2h or 3d"},
    {.name = "reason", .metavar = "TEXT", .help = "why, for those who ask ‘atoll-host status’"},
    CMD_HOST_OPTION_AGENT_DIR,
    {0},
};

static CmdExit request(const CmdArgs *args, const char *name, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    g_autofree char *answer = NULL;
    cmd_host_agent_init(&agent, args);
    if (!update_agent_request(agent.run_dir, name, &answer, error))
        return CMD_EXIT_FAILED;
    printf("%s\n", answer);
    return CMD_EXIT_DONE;
}

CmdExit cmd_host_check_now_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    (void)cancellable;
    return request(args, "check-now", error);
}

CmdExit cmd_host_reboot_now_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    (void)cancellable;
    return request(args, "reboot-now", error);
}

static bool parse_span(const char *text, int64_t *out_s, GError **error)
{
    guint64 n = 0;
    size_t digits = strspn(text, "0123456789");
    g_autofree char *number = g_strndup(text, digits);
    const char *unit = text + digits;
    int64_t unit_s = strcmp(unit, "m") == 0   ? MINUTE_S
                     : strcmp(unit, "h") == 0 ? HOUR_S
                     : strcmp(unit, "d") == 0 ? DAY_S
                                              : 0;
    if (unit_s == 0 || !g_ascii_string_to_unsigned(number, 10, 1, HOLD_MAX_S, &n, NULL) ||
        (int64_t)n > HOLD_MAX_S / unit_s) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                    "‘%s’ is no time: a number of minutes, hours or days up to a year is wanted, "
                    "such as 90m, 2h or 3d",
                    text);
        return false;
    }
    *out_s = (int64_t)n * unit_s;
    return true;
}

static CmdExit save(const CmdHostAgent *agent, const UpdateLedger *ledger, const char *done,
                    GError **error)
{
    if (!cmd_host_agent_save(agent, ledger, error))
        return CMD_EXIT_FAILED;
    printf("%s\n", done);
    return CMD_EXIT_DONE;
}

CmdExit cmd_host_hold_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    const char *span = cmd_args_string(args, "for");
    const char *reason = cmd_args_string(args, "reason");
    int64_t span_s = 0;
    (void)cancellable;
    if (span != NULL && !parse_span(span, &span_s, error))
        return CMD_EXIT_USAGE;
    cmd_host_agent_init(&agent, args);
    g_autoptr(UpdateLedger) ledger = update_ledger_load(agent.state_dir, error);
    if (ledger == NULL)
        return CMD_EXIT_FAILED;
    g_free(ledger->held_reason);
    ledger->held = true;
    ledger->paused = false;
    ledger->held_until_s = span_s > 0 ? g_get_real_time() / G_USEC_PER_SEC + span_s : 0;
    ledger->held_reason = g_strdup(reason != NULL ? reason : "held by hand");
    return save(&agent, ledger, "held: nothing is staged and nothing reboots", error);
}

CmdExit cmd_host_agent_pause_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    const char *span = cmd_args_string(args, "for");
    const char *reason = cmd_args_string(args, "reason");
    int64_t span_s = 0;
    (void)cancellable;
    if (span == NULL) {
        g_set_error_literal(error, CMD_ERROR, CMD_ERROR_USAGE,
                            "for how long? ‘--for 2h’; ‘atoll-host hold’ needs no end");
        return CMD_EXIT_USAGE;
    }
    if (!parse_span(span, &span_s, error))
        return CMD_EXIT_USAGE;
    cmd_host_agent_init(&agent, args);
    g_autoptr(UpdateLedger) ledger = update_ledger_load(agent.state_dir, error);
    if (ledger == NULL)
        return CMD_EXIT_FAILED;
    g_free(ledger->held_reason);
    ledger->held = true;
    ledger->paused = true;
    ledger->held_until_s = g_get_real_time() / G_USEC_PER_SEC + span_s;
    ledger->held_reason = g_strdup(reason != NULL ? reason : "paused by hand");
    return save(&agent, ledger, "paused: the agent does nothing until then", error);
}

CmdExit cmd_host_resume_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    (void)cancellable;
    cmd_host_agent_init(&agent, args);
    g_autoptr(UpdateLedger) ledger = update_ledger_load(agent.state_dir, error);
    if (ledger == NULL)
        return CMD_EXIT_FAILED;
    if (!ledger->held) {
        printf("nothing was held\n");
        return CMD_EXIT_NOTHING_TO_DO;
    }
    ledger->held = false;
    ledger->paused = false;
    ledger->held_until_s = 0;
    g_clear_pointer(&ledger->held_reason, g_free);
    return save(&agent, ledger, "resumed", error);
}

CmdExit cmd_host_unblock_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    const char *name = cmd_args_operands(args)[0];
    (void)cancellable;
    cmd_host_agent_init(&agent, args);
    g_autoptr(UpdateLedger) ledger = update_ledger_load(agent.state_dir, error);
    if (ledger == NULL)
        return CMD_EXIT_FAILED;
    if (!update_ledger_unblock(ledger, name)) {
        printf("‘%s’ is not blocked\n", name);
        return CMD_EXIT_NOTHING_TO_DO;
    }
    g_autofree char *done = g_strdup_printf("%s may be taken again", name);
    return save(&agent, ledger, done, error);
}
