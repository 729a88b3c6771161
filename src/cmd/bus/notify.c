/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus notify: what a person wants to hear of, and where. Telling is `atoll bus deliver`'s.
 */
#include "cmd/commands.h"

#include "bus/delivery/notify.h"
#include "cmd/bus/open.h"
#include "cmd/bus/transport-args.h"
#include "cmd/table.h"

#include <stdio.h>
#include <string.h>

const CmdOption cmd_bus_notify_options[] = {
    {.name = "to", .metavar = "WHERE", .help = "add: mail:ADDRESS, webhook:URL or feed"},
    {.name = "topic",
     .letter = 't',
     .metavar = "GLOB",
     .help = "add: only these topics",
     .repeatable = true},
    {.name = "object",
     .metavar = "KIND:ID",
     .help = "add: only events about one of these (globs)",
     .repeatable = true},
    {.name = "exclude-actor",
     .metavar = "GLOB",
     .help = "add: not what these do",
     .repeatable = true},
    {.name = "severity", .metavar = "LEVEL", .help = "add: at least debug, info, warning or error"},
    {.name = "digest", .metavar = "TIME", .help = "add: collect for so long (15m, 12h, 7d)"},
    {.name = "secret-file", .metavar = "FILE", .help = "add: key of a webhook's signatures"},
    {.name = "for", .metavar = "TIME", .help = "mute: for so long (2h, 7d); 0 ends it"},
    {.name = "until", .metavar = "TIME", .help = "mute: until then (2026-12-24T08:00:00Z)"},
    CMD_OPTION_STATE,
    CMD_OPTION_DATABASE,
    CMD_OPTION_JSON,
    {0},
};

static CmdExit add(const CmdArgs *args, const char *name, GError **error)
{
    g_autoptr(BusNotify) rule = g_new0(BusNotify, 1);
    const char *to = cmd_args_string(args, "to");
    const char *severity_name = cmd_args_string(args, "severity");
    BusSeverity severity = BUS_SEVERITY_DEBUG;
    const char *digest = cmd_args_string(args, "digest");
    const char *secret_file = cmd_args_string(args, "secret-file");
    if (to == NULL)
        return cmd_bus_transport_usage(error, "--to is missing: mail:ADDRESS, webhook:URL or feed");
    if (!bus_notify_parse_to(rule, to, error) ||
        (severity_name != NULL && !cmd_bus_read_severity(severity_name, &severity, error)) ||
        (digest != NULL && !cmd_bus_transport_duration(digest, &rule->digest_s, error)))
        return CMD_EXIT_USAGE;
    if (severity_name != NULL)
        rule->severity_min = severity;
    if (rule->digest_s > 0 && rule->kind != BUS_NOTIFY_MAIL)
        return cmd_bus_transport_usage(error, "--digest is for mail only");
    rule->name = g_strdup(name);
    rule->topics = g_strdupv((char **)cmd_args_strings(args, "topic"));
    rule->objects = g_strdupv((char **)cmd_args_strings(args, "object"));
    rule->exclude = g_strdupv((char **)cmd_args_strings(args, "exclude-actor"));
    if (secret_file != NULL) {
        rule->secret = cmd_bus_transport_read_secret(secret_file, error);
        if (rule->secret == NULL)
            return CMD_EXIT_FAILED;
    }
    g_auto(BusTransportState) state = {.lock_fd = -1};
    if (!cmd_bus_transport_open(args, &state, error) || !bus_notify_add(state.log, rule, error))
        return CMD_EXIT_FAILED;
    g_autofree char *path = bus_notify_feed_path(rule);
    if (rule->kind == BUS_NOTIFY_FEED)
        printf("%s\n", path);
    else
        printf("rule %s added\n", name);
    return CMD_EXIT_DONE;
}

static char *format_mute(int64_t until_us)
{
    if (until_us <= g_get_real_time())
        return g_strdup("");
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(until_us / G_USEC_PER_SEC);
    return time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("");
}

static char *add_rule(JsonBuilder *builder, const BusNotify *rule, const char *to,
                      const char *muted, BusLog *log, GError **error)
{
    g_autofree char *subscription = bus_notify_subscription(rule->name);
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "name");
    json_builder_add_string_value(builder, rule->name);
    json_builder_set_member_name(builder, "to");
    json_builder_add_string_value(builder, to);
    if (rule->kind == BUS_NOTIFY_FEED) {
        g_autofree char *path = bus_notify_feed_path(rule);
        json_builder_set_member_name(builder, "feed");
        json_builder_add_string_value(builder, path);
    }
    cmd_bus_transport_add_strings(builder, "topics", rule->topics);
    cmd_bus_transport_add_strings(builder, "objects", rule->objects);
    cmd_bus_transport_add_strings(builder, "exclude-actors", rule->exclude);
    json_builder_set_member_name(builder, "severity");
    json_builder_add_int_value(builder, rule->severity_min);
    json_builder_set_member_name(builder, "digest");
    json_builder_add_int_value(builder, rule->digest_s);
    json_builder_set_member_name(builder, "muted-until");
    if (*muted != '\0')
        json_builder_add_string_value(builder, muted);
    else
        json_builder_add_null_value(builder);
    char *trouble = cmd_bus_transport_add_trouble(builder, log, subscription, error);
    json_builder_end_object(builder);
    return trouble;
}

static CmdExit list(const CmdArgs *args, GError **error)
{
    static const CmdColumn columns[] = {{"NAME", false},   {"TO", false},
                                        {"TOPICS", false}, {"MUTED UNTIL", false},
                                        {"FAILED", false}, {0}};
    g_auto(BusTransportState) state = {.lock_fd = -1};
    if (!cmd_bus_transport_open(args, &state, error))
        return CMD_EXIT_FAILED;
    g_autoptr(GPtrArray) rules = bus_notify_list(state.log, error);
    if (rules == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    json_builder_begin_array(builder);
    for (unsigned i = 0; i < rules->len; i++) {
        const BusNotify *rule = g_ptr_array_index(rules, i);
        g_autofree char *to = bus_notify_to(rule);
        g_autofree char *topics = g_strjoinv(" ", rule->topics);
        g_autofree char *muted = format_mute(rule->muted_until_us);
        g_autofree char *trouble = add_rule(builder, rule, to, muted, state.log, error);
        if (trouble == NULL)
            return CMD_EXIT_FAILED;
        cmd_table_add(table, (const char *const[]){rule->name, to, *topics != '\0' ? topics : "*",
                                                   muted, trouble});
    }
    json_builder_end_array(builder);
    g_autofree char *text = cmd_table_print(table);
    if (cmd_args_flag(args, "json"))
        cmd_bus_transport_print_json(builder);
    else
        printf("%s", text);
    return CMD_EXIT_DONE;
}

static CmdExit mute(const CmdArgs *args, const char *name, GError **error)
{
    const char *period = cmd_args_string(args, "for");
    const char *until = cmd_args_string(args, "until");
    unsigned seconds = 0;
    int64_t until_us = 0;
    if ((period == NULL) == (until == NULL))
        return cmd_bus_transport_usage(error, "mute wants --for or --until");
    if (period != NULL) {
        if (!cmd_bus_transport_duration(period, &seconds, error))
            return CMD_EXIT_USAGE;
        until_us = seconds > 0 ? g_get_real_time() + (int64_t)seconds * (int64_t)G_USEC_PER_SEC : 0;
    } else {
        g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
        g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(until, utc);
        if (time == NULL)
            return cmd_bus_transport_usage(
                error, "‘%s’ is not a time; one looks like 2026-12-24T08:00:00Z", until);
        until_us = g_date_time_to_unix(time) * (int64_t)G_USEC_PER_SEC;
    }
    g_auto(BusTransportState) state = {.lock_fd = -1};
    return cmd_bus_transport_open(args, &state, error) &&
                   bus_notify_mute(state.log, name, until_us, error)
               ? CMD_EXIT_DONE
               : CMD_EXIT_FAILED;
}

static CmdExit remove_rule(const CmdArgs *args, const char *name, GError **error)
{
    g_auto(BusTransportState) state = {.lock_fd = -1};
    return cmd_bus_transport_open(args, &state, error) && bus_notify_remove(state.log, name, error)
               ? CMD_EXIT_DONE
               : CMD_EXIT_FAILED;
}

CmdExit cmd_bus_notify_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *operands = cmd_args_operands(args);
    const char *action = operands[0];
    const char *name = operands[1];
    if (strcmp(action, "list") == 0 && name == NULL)
        return list(args, error);
    if (strcmp(action, "add") == 0 && name != NULL)
        return add(args, name, error);
    if (strcmp(action, "remove") == 0 && name != NULL)
        return remove_rule(args, name, error);
    if (strcmp(action, "mute") == 0 && name != NULL)
        return mute(args, name, error);
    return cmd_bus_transport_usage(error,
                                   "wanted ‘add NAME’, ‘list’, ‘remove NAME’ or ‘mute NAME’");
}
