/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host status
 */
#include "cmd/host/agent.h"
#include "cmd/host/commands.h"
#include "cmd/host/status-agent.h"
#include "cmd/host/status-boot.h"

#include "host/error.h"
#include "host/etc-ledger.h"
#include "host/history.h"
#include "host/status.h"

#include <stdio.h>

const CmdOption cmd_host_status_options[] = {
    CMD_OPTION_JSON,
    CMD_HOST_OPTION_AGENT_DIR,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

/* enough for the last boots; a longer history is ‘history’ */
#define TAIL_BYTES (64 * 1024)

typedef struct {
    const HostSysroot *sysroot;
    GPtrArray *list;       /* owned */
    GPtrArray *history;    /* owned */
    JsonObject *agent;     /* owned, nullable */
    const char *state_dir; /* borrowed: the agent's */
    HostHistoryPending pending;
    const HostHistoryRecord *lost; /* (nullable): of history */
    guint n_shadowed;
} Status;

static void status_clear(Status *self)
{
    g_clear_pointer(&self->list, g_ptr_array_unref);
    g_clear_pointer(&self->history, g_ptr_array_unref);
    g_clear_pointer(&self->agent, json_object_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Status, status_clear)

static bool load(Status *self, const HostSysroot *sysroot, const char *run_dir, GError **error)
{
    self->sysroot = sysroot;
    self->list = host_status_list(sysroot, error);
    if (self->list == NULL)
        return false;
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    OstreeDeployment *staged = ostree_sysroot_get_staged_deployment(sysroot->ostree);
    self->history = host_history_load(state_dir, TAIL_BYTES);
    self->pending = host_history_pending(self->history, ostree_deployment_get_csum(sysroot->merge),
                                         staged != NULL ? ostree_deployment_get_csum(staged) : NULL,
                                         &self->lost);
    g_autoptr(HostEtcLedger) etc = host_etc_ledger_load(state_dir, NULL);
    self->n_shadowed = etc != NULL ? etc->shadows->len : 0;
    self->agent = run_dir != NULL ? cmd_host_status_agent_load(run_dir) : NULL;
    return true;
}

static void set_pending(JsonObject *object, const Status *self)
{
    if (self->pending == HOST_HISTORY_NOT_PENDING) {
        json_object_set_null_member(object, "pending");
        return;
    }
    JsonObject *pending = json_object_new();
    json_object_set_string_member(pending, "state",
                                  self->pending == HOST_HISTORY_FAILED ? "failed" : "skipped");
    json_object_set_string_member(pending, "version", self->lost->version);
    json_object_set_string_member(pending, "commit", self->lost->commit);
    json_object_set_string_member(pending, "text", self->lost->text);
    json_object_set_int_member(pending, "time", self->lost->time_s);
    json_object_set_object_member(object, "pending", pending);
}

static void print_json(const Status *self, int64_t now_s)
{
    g_autofree char *text = host_status_print_json(self->sysroot, self->list, now_s);
    g_autoptr(JsonNode) root = json_from_string(text, NULL);
    JsonObject *object = json_node_get_object(root);
    set_pending(object, self);
    json_object_set_int_member(object, "shadowed", self->n_shadowed);
    if (self->agent != NULL)
        json_object_set_object_member(object, "agent", json_object_ref(self->agent));
    if (self->sysroot->booted != NULL)
        cmd_host_status_boot_json(object, self->sysroot, self->state_dir);
    g_autofree char *all = json_to_string(root, TRUE);
    printf("%s\n", all);
}

static void print_pending(const Status *self)
{
    if (self->pending == HOST_HISTORY_SKIPPED)
        printf(
            "\n  PENDING       %s was staged, and the host went down without a shutdown before it\n"
            "                became the default; nothing of it is applied. The agent stages it\n"
            "                again, ‘atoll-host upgrade’ does it now\n",
            self->lost->version);
    else if (self->pending == HOST_HISTORY_FAILED)
        printf("\n  FAILED        %s was not finished at shutdown: %s\n"
               "                ‘atoll-host upgrade --check’ says what is in its way\n",
               self->lost->version, self->lost->text);
}

static void print_text(const Status *self, int64_t now_s)
{
    g_autofree char *text = host_status_print_text(self->list, now_s);
    printf("%s", text);
    print_pending(self);
    if (self->n_shadowed > 0)
        printf("\n  /etc          %u files hide new defaults: ‘atoll-host etc diff’\n",
               self->n_shadowed);
    if (self->agent != NULL) {
        g_autofree char *lines = cmd_host_status_agent_print(self->agent, now_s);
        printf("\n%s", lines);
    }
    if (self->sysroot->booted != NULL) {
        g_autofree char *lines = cmd_host_status_boot_print(self->sysroot, self->state_dir);
        printf("\n%s", lines);
    }
}

CmdExit cmd_host_status_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) where = {0};
    g_auto(Status) status = {0};
    cmd_host_agent_init(&where, args);
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    /* the agent of the running host has nothing to do with another sysroot */
    bool has_agent = sysroot->booted != NULL || cmd_args_string(args, "agent-dir") != NULL;
    status.state_dir = where.state_dir;
    if (!load(&status, sysroot, has_agent ? where.run_dir : NULL, error))
        return CMD_EXIT_FAILED;
    int64_t now_s = g_get_real_time() / G_USEC_PER_SEC;
    if (cmd_args_flag(args, "json"))
        print_json(&status, now_s);
    else
        print_text(&status, now_s);
    if (status.pending != HOST_HISTORY_FAILED)
        return CMD_EXIT_DONE;
    host_error_set(error, HOST_ERROR_FAILED,
                   "the last update, %s, was not finished at shutdown: %s", status.lost->version,
                   status.lost->text);
    return CMD_EXIT_FAILED;
}
