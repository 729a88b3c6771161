/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-provision plan
 */
#include "cmd/provision/commands.h"
#include "cmd/provision/input.h"
#include "cmd/provision/preview.h"

#include "provision/plan-json.h"

#include <stdio.h>

const CmdOption cmd_provision_plan_options[] = {
    CMD_OPTION_JSON,
    {.name = "secrets", .help = "show passwords, keys and contents in the JSON"},
    CMD_PROVISION_OPTIONS_INPUT,
    {0},
};

static ProvisionValue *parts_value(const GPtrArray *parts, bool secrets)
{
    static const ProvisionPlace nowhere = {0};
    static const char *const kinds[] = {"cloud-config", "json-patch", "script", "boothook",
                                        "ignition"};
    static const char *const frequencies[] = {"per-instance", "always", "once"};
    ProvisionValue *list = provision_value_new(&nowhere, PROVISION_VALUE_LIST);
    for (guint i = 0; i < parts->len; i++) {
        const ProvisionPart *part = parts->pdata[i];
        ProvisionValue *map = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
        gsize size_bytes = 0;
        const guchar *data = g_bytes_get_data(part->bytes, &size_bytes);
        g_autofree char *base64 = secrets ? g_base64_encode(data, size_bytes) : NULL;
        provision_value_set_string(map, "kind", kinds[part->kind]);
        provision_value_set_string(map, "name", part->name);
        provision_value_set_string(map, "frequency", frequencies[part->frequency]);
        provision_value_set_string(map, "merge_type", part->merge_type);
        provision_value_set_string(map, "base64", base64);
        provision_value_take_item(list, map);
    }
    return list;
}

static void print_json(const CmdArgs *args, const ProvisionConfig *config,
                       const ProvisionReport *report, GPtrArray *changes)
{
    static const ProvisionPlace nowhere = {0};
    bool secrets = cmd_args_flag(args, "secrets");
    g_autoptr(ProvisionValue) all = provision_value_new(&nowhere, PROVISION_VALUE_MAP);
    provision_value_take_member(
        all, "plan", &nowhere,
        provision_plan_to_value(config->plan, PROVISION_PLAN_JSON_PLACES |
                                                  (secrets ? PROVISION_PLAN_JSON_SECRETS : 0)));
    provision_value_take_member(all, "parts", &nowhere, parts_value(config->parts, secrets));
    if (secrets && config->cloud_config != NULL)
        provision_value_take_member(all, "cloud_config", &nowhere,
                                    provision_value_ref(config->cloud_config));
    provision_value_take_member(all, "changes", &nowhere, cmd_provision_changes_value(changes));
    provision_value_take_member(all, "records", &nowhere, cmd_provision_report_value(report));
    g_autofree char *text = provision_value_print(all);
    printf("%s\n", text);
}

CmdExit cmd_provision_plan_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *root = cmd_args_string(args, "root");
    g_autoptr(ProvisionReport) report = provision_report_new();
    g_autoptr(ProvisionConfig) config = cmd_provision_read_config(args, report, cancellable, error);
    if (config == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(GPtrArray) changes =
        cmd_provision_preview(config->plan, root != NULL ? root : "/", error);
    if (changes == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json")) {
        print_json(args, config, report, changes);
    } else {
        cmd_provision_print_report(report);
        cmd_provision_print_changes(changes);
    }
    bool wrong =
        cmd_provision_has(report, PROVISION_FAILED) || cmd_provision_has(report, PROVISION_UNKNOWN);
    return wrong ? CMD_EXIT_FAILED : CMD_EXIT_DONE;
}
