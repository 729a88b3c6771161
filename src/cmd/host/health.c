/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host health
 */
#include "cmd/host/booting.h"
#include "cmd/host/commands.h"

#include "host/health.h"
#include "host/messages.h"

#include <stdio.h>
#include <unistd.h>

const CmdOption cmd_host_health_options[] = {
    {.name = "checks",
     .metavar = "DIR",
     .repeatable = true,
     .help = "read the checks from DIR, in place of /usr/lib and /etc/atoll/health.d"},
    CMD_OPTION_JSON,
    {.name = "wait", .help = "wait for checks that may still come to pass, as at boot"},
    {0},
};

static const char *const default_dirs[] = {"/usr/lib/atoll/health.d", "/etc/atoll/health.d", NULL};

static void tell(const HostHealth *health)
{
    for (unsigned i = 0; i < health->results->len; i++) {
        const HostHealthResult *result = health->results->pdata[i];
        if (result->passed)
            continue;
        g_autofree char *text =
            g_strdup_printf("%s health check ‘%s’ failed: %s",
                            result->required ? "required" : "wanted", result->name, result->text);
        cmd_host_boot_say(result->required ? HOST_MESSAGE_UNHEALTHY : HOST_MESSAGE_WANTED, true,
                          text);
    }
}

/* A file of checks that cannot be read is a check that failed: a version that brings one is no
 * good. */
static HostHealth *run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *dirs = cmd_args_strings(args, "checks");
    g_autoptr(GError) local = NULL;
    g_autoptr(GPtrArray) checks =
        host_health_plan_load(dirs[0] != NULL ? dirs : default_dirs, &local);
    if (checks != NULL)
        return host_health_run(checks,
                               cmd_args_flag(args, "wait") ? HOST_HEALTH_WAIT : HOST_HEALTH_NOW,
                               cancellable, error);
    return host_health_new_broken(local->message);
}

CmdExit cmd_host_health_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostHealth) health = run(args, cancellable, error);
    if (health == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *text = cmd_args_flag(args, "json") ? host_health_print_json(health)
                                                        : host_health_print_text(health);
    printf("%s%s", text, cmd_args_flag(args, "json") ? "\n" : "");
    /* of the host's own checks, and only root can write there */
    if (cmd_args_strings(args, "checks")[0] == NULL && geteuid() == 0) {
        if (!host_health_save(health, HOST_HEALTH_FILE, error))
            return CMD_EXIT_FAILED;
        tell(health);
    }
    return host_health_count(health, true) == 0 ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
