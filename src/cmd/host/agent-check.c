/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host agent check
 */
#include "cmd/host/agent.h"
#include "cmd/host/commands.h"
#include "host/status.h"
#include "update/check.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <sys/utsname.h>

const CmdOption cmd_host_agent_check_options[] = {
    CMD_OPTION_JSON,
    CMD_HOST_OPTION_CONFIG,
    CMD_HOST_OPTION_AGENT_DIR,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

static const char *const result_names[] = {
    [UPDATE_CHOICE_NONE] = "none",       [UPDATE_CHOICE_TARGET] = "target",
    [UPDATE_CHOICE_DEADEND] = "deadend", [UPDATE_CHOICE_UNKNOWN] = "unknown",
    [UPDATE_CHOICE_BLOCKED] = "blocked",
};

static void add_text(JsonBuilder *builder, const char *key, const char *text)
{
    if (text == NULL)
        return;
    json_builder_set_member_name(builder, key);
    json_builder_add_string_value(builder, text);
}

static void print_json(const char *result, const char *text, const UpdateCheck *check,
                       uint64_t retry_s)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    add_text(builder, "result", result);
    add_text(builder, "text", text);
    if (check != NULL) {
        add_text(builder, "version", check->version);
        add_text(builder, "commit", check->commit);
        add_text(builder, "barrier", check->barrier);
        add_text(builder, "deadend", check->deadend);
        json_builder_set_member_name(builder, "releases");
        json_builder_add_int_value(builder, check->n_releases);
    }
    if (retry_s > 0) {
        json_builder_set_member_name(builder, "retry-after");
        json_builder_add_int_value(builder, (gint64)retry_s);
    }
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *json = json_to_string(root, TRUE);
    printf("%s\n", json);
}

/* Nobody to ask is an outcome too: a host that is updated by hand. */
static const char *nobody_to_ask(const UpdateConfig *config)
{
    if (!config->enabled)
        return "updates are switched off (updates.enabled)";
    if (*config->graph_url == '\0')
        return "no update graph is configured (graph.url)";
    return NULL;
}

static UpdateCheck *ask(const CmdHostAgent *agent, const UpdateConfig *config,
                        const HostSysroot *sysroot, uint64_t *out_retry_s,
                        GCancellable *cancellable, GError **error)
{
    struct utsname machine;
    g_autoptr(GPtrArray) present = g_ptr_array_new();
    g_autofree char *node_id = cmd_host_agent_node_id(config, error);
    if (node_id == NULL)
        return NULL;
    g_autoptr(UpdateLedger) ledger = update_ledger_load(agent->state_dir, error);
    g_autoptr(GPtrArray) list = ledger != NULL ? host_status_list(sysroot, error) : NULL;
    if (list == NULL)
        return NULL;
    const char *running = ostree_deployment_get_csum(sysroot->merge);
    const char *version = NULL;
    for (guint i = 0; i < list->len; i++) {
        const HostStatus *one = list->pdata[i];
        g_ptr_array_add(present, one->commit->checksum);
        if (g_str_equal(one->commit->checksum, running))
            version = one->commit->version;
    }
    g_ptr_array_add(present, NULL);
    g_autoptr(GPtrArray) blocked = update_ledger_commits(ledger);
    (void)uname(&machine);
    UpdateAsker asker = {.config = config,
                         .node_id = node_id,
                         .host = {.booted = running,
                                  .present = (const char *const *)present->pdata,
                                  .blocked = (const char *const *)blocked->pdata,
                                  .allow_downgrade = config->allow_downgrade},
                         .version = version,
                         .basearch = machine.machine};
    return update_check_ask(&asker, out_retry_s, cancellable, error);
}

static CmdExit report(const UpdateCheck *check, bool json)
{
    if (json)
        print_json(result_names[check->kind], check->text, check, 0);
    else
        printf("%s\n", check->text);
    return json || check->kind == UPDATE_CHOICE_TARGET ? CMD_EXIT_DONE : CMD_EXIT_NOTHING_TO_DO;
}

CmdExit cmd_host_agent_check_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    bool json = cmd_args_flag(args, "json");
    uint64_t retry_s = 0;
    g_autoptr(GError) local = NULL;
    cmd_host_agent_init(&agent, args);
    cmd_host_agent_take_config(&agent, args);
    g_autoptr(UpdateConfig) config =
        update_config_load((const char *const *)agent.config_dirs, error);
    if (config == NULL)
        return CMD_EXIT_FAILED;
    const char *nobody = nobody_to_ask(config);
    if (nobody != NULL) {
        if (json)
            print_json("none", nobody, NULL, 0);
        else
            printf("%s\n", nobody);
        return json ? CMD_EXIT_DONE : CMD_EXIT_NOTHING_TO_DO;
    }
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(UpdateCheck) check = ask(&agent, config, sysroot, &retry_s, cancellable, &local);
    if (check != NULL)
        return report(check, json);
    if (json) {
        /* for the agent, which wants to know when to try again */
        print_json("failed", local->message, NULL, retry_s);
        return CMD_EXIT_DONE;
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return CMD_EXIT_FAILED;
}
