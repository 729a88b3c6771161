/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host history
 */
#include "cmd/host/commands.h"

#include "cmd/table.h"
#include "host/history.h"

#include <json-glib/json-glib.h>
#include <stdio.h>

const CmdOption cmd_host_history_options[] = {
    {.name = "events", .help = "all that happened, not only what ran"},
    CMD_OPTION_JSON,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

static char *print_time(int64_t time_s)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(time_s);
    return when != NULL ? g_date_time_format(when, "%Y-%m-%d %H:%M:%S") : g_strdup("?");
}

static void add_text(JsonBuilder *json, const char *name, const char *text)
{
    json_builder_set_member_name(json, name);
    json_builder_add_string_value(json, text);
}

static void print_json(const GPtrArray *records)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "history");
    json_builder_begin_array(json);
    for (guint i = 0; i < records->len; i++) {
        const HostHistoryRecord *record = records->pdata[i];
        json_builder_begin_object(json);
        json_builder_set_member_name(json, "time");
        json_builder_add_int_value(json, record->time_s);
        add_text(json, "event", host_history_event_name(record->event));
        add_text(json, "boot-id", record->boot_id);
        add_text(json, "commit", record->commit);
        add_text(json, "version", record->version);
        add_text(json, "text", record->text);
        if (record->event == HOST_HISTORY_BOOT) {
            g_autofree char *end = host_history_end(records, i);
            add_text(json, "ended", end);
        }
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

static void print_boots(const GPtrArray *records)
{
    static const CmdColumn columns[] = {{.title = "SINCE (UTC)"},
                                        {.title = "VERSION"},
                                        {.title = "COMMIT"},
                                        {.title = "ENDED"},
                                        {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (guint i = 0; i < records->len; i++) {
        const HostHistoryRecord *record = records->pdata[i];
        if (record->event != HOST_HISTORY_BOOT)
            continue;
        g_autofree char *time = print_time(record->time_s);
        g_autofree char *end = host_history_end(records, i);
        g_autofree char *commit = g_strdup_printf("%.12s", record->commit);
        const char *cells[] = {time, record->version, commit, end};
        cmd_table_add(table, cells);
    }
    g_autofree char *text = cmd_table_print(table);
    printf("%s", text);
}

static void print_events(const GPtrArray *records)
{
    static const CmdColumn columns[] = {
        {.title = "TIME (UTC)"}, {.title = "EVENT"}, {.title = "VERSION"}, {.title = ""}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    for (guint i = 0; i < records->len; i++) {
        const HostHistoryRecord *record = records->pdata[i];
        g_autofree char *time = print_time(record->time_s);
        const char *cells[] = {time, host_history_event_name(record->event), record->version,
                               record->text};
        cmd_table_add(table, cells);
    }
    g_autofree char *text = cmd_table_print(table);
    printf("%s", text);
}

CmdExit cmd_host_history_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(cmd_args_string(args, "sysroot"), HOST_SYSROOT_READ, cancellable, error);
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    g_autoptr(GPtrArray) records = host_history_load(state_dir, 0);
    if (cmd_args_flag(args, "json"))
        print_json(records);
    else if (records->len == 0)
        printf("nothing was noted yet\n");
    else if (cmd_args_flag(args, "events"))
        print_events(records);
    else
        print_boots(records);
    return records->len > 0 ? CMD_EXIT_DONE : CMD_EXIT_NOTHING_TO_DO;
}
