/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus bridge: events to and from AMQP and ZeroMQ, until it is told to stop.
 */
#include "cmd/commands.h"

#include "bus/transport-bridge.h"
#include "cmd/bus/transport-args.h"
#include "cmd/table.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_EXCHANGE "amq.topic"
#define DEFAULT_HEARTBEAT_S 60
#define MAX_HEARTBEAT_S 3600
#define LIST_LIMIT 100

const CmdOption cmd_bus_bridge_options[] = {
    {.name = "out", .help = "amqp: only send the log's events"},
    {.name = "in", .help = "amqp: only take others' messages into the log"},
    {.name = "publish", .metavar = "ENDPOINT", .help = "zeromq: where to publish (tcp://*:9940)"},
    {.name = "subscribe", .metavar = "ENDPOINT", .help = "zeromq: whom to listen to"},
    {.name = "replay",
     .metavar = "ENDPOINT",
     .help = "zeromq: where to answer replays (--publish), or to ask for them (--subscribe)"},
    {.name = "name",
     .metavar = "NAME",
     .help = "names the bridge and its progress (default: the transport's name)"},
    {.name = "topic",
     .letter = 't',
     .metavar = "GLOB",
     .help = "only these topics",
     .repeatable = true},
    {.name = "since",
     .metavar = "SEQ",
     .help = "a new bridge sends what comes after this event (default: after the newest)"},
    {.name = "exchange",
     .metavar = "NAME",
     .help = "amqp: exchange (default: " DEFAULT_EXCHANGE ")"},
    {.name = "queue", .metavar = "NAME", .help = "amqp: queue to take from (default: atoll-NAME)"},
    {.name = "heartbeat", .metavar = "SECONDS", .help = "amqp: between heartbeats (default: 60)"},
    {.name = "password-file", .metavar = "FILE", .help = "amqp: password of the URL's user"},
    {.name = "ca",
     .metavar = "FILE",
     .help = "authority that the other side's certificate is from"},
    {.name = "crl", .metavar = "FILE", .help = "zeromq: certificates that the authority revoked"},
    {.name = "cert", .metavar = "FILE", .help = "our certificate"},
    {.name = "key", .metavar = "FILE", .help = "our private key"},
    {.name = "policy",
     .metavar = "FILE",
     .help = "zeromq: JSON object of topics and the names that may send them"},
    {.name = "nitpicky", .help = "zeromq: refuse topics that the policy does not list"},
    {.name = "unsigned", .help = "zeromq: send and take messages without signatures"},
    {.name = "actor",
     .metavar = "ACTOR",
     .help = "of messages whose sender is not proved (default: bridge:NAME)"},
    CMD_OPTION_STATE,
    CMD_OPTION_DATABASE,
    CMD_OPTION_JSON,
    {0},
};

static void print_bridges_json(GVariant *bridges)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_array(builder);
    GVariantIter iter;
    const char *name = NULL;
    guint64 numbers[3];
    g_variant_iter_init(&iter, bridges);
    while (g_variant_iter_next(&iter, "(&sttt)", &name, &numbers[0], &numbers[1], &numbers[2])) {
        static const char *const members[] = {"position", "came", "parked"};
        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "name");
        json_builder_add_string_value(builder, name);
        for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
            json_builder_set_member_name(builder, members[i]);
            json_builder_add_int_value(builder, (gint64)numbers[i]);
        }
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    cmd_bus_transport_print_json(builder);
}

static void print_bridges(GVariant *bridges)
{
    static const CmdColumn columns[] = {
        {"BRIDGE", false}, {"SENDER'S SEQ", true}, {"CAME IN", true}, {"PARKED", true}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    GVariantIter iter;
    const char *name = NULL;
    guint64 position = 0;
    guint64 came = 0;
    guint64 parked = 0;
    g_variant_iter_init(&iter, bridges);
    while (g_variant_iter_next(&iter, "(&sttt)", &name, &position, &came, &parked)) {
        g_autofree char *position_text = g_strdup_printf("%" G_GUINT64_FORMAT, position);
        g_autofree char *came_text = g_strdup_printf("%" G_GUINT64_FORMAT, came);
        g_autofree char *parked_text = g_strdup_printf("%" G_GUINT64_FORMAT, parked);
        cmd_table_add(table, (const char *const[]){name, position_text, came_text, parked_text});
    }
    g_autofree char *text = cmd_table_print(table);
    printf("%s", text);
}

static CmdExit list_bridges(const CmdArgs *args, GError **error)
{
    g_auto(BusTransportState) state = {.lock_fd = -1};
    if (!cmd_bus_transport_open(args, &state, error))
        return CMD_EXIT_FAILED;
    g_autoptr(GVariant) bridges = bus_bridge_list(state.db, error);
    if (bridges == NULL)
        return CMD_EXIT_FAILED;
    if (cmd_args_flag(args, "json"))
        print_bridges_json(bridges);
    else
        print_bridges(bridges);
    return CMD_EXIT_DONE;
}

static void print_parked(GVariant *parked, bool json)
{
    static const CmdColumn columns[] = {{"TIME", false}, {"TOPIC", false}, {"REASON", false}, {0}};
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_array(builder);
    GVariantIter iter;
    gint64 time_us = 0;
    const char *texts[3];
    g_variant_iter_init(&iter, parked);
    while (g_variant_iter_next(&iter, "(x&s&s&s)", &time_us, &texts[0], &texts[1], &texts[2])) {
        static const char *const members[] = {"topic", "reason", "digest"};
        g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
        g_autofree char *time_text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
        cmd_table_add(table, (const char *const[]){time_text, texts[0], texts[1]});
        json_builder_begin_object(builder);
        json_builder_set_member_name(builder, "time");
        json_builder_add_string_value(builder, time_text);
        for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
            json_builder_set_member_name(builder, members[i]);
            json_builder_add_string_value(builder, texts[i]);
        }
        json_builder_end_object(builder);
    }
    json_builder_end_array(builder);
    g_autofree char *text = cmd_table_print(table);
    if (json)
        cmd_bus_transport_print_json(builder);
    else
        printf("%s", text);
}

static CmdExit list_parked(const CmdArgs *args, const char *name, GError **error)
{
    g_auto(BusTransportState) state = {.lock_fd = -1};
    if (!cmd_bus_transport_open(args, &state, error))
        return CMD_EXIT_FAILED;
    g_autoptr(GVariant) parked = bus_bridge_parked(state.db, name, LIST_LIMIT, error);
    if (parked == NULL)
        return CMD_EXIT_FAILED;
    print_parked(parked, cmd_args_flag(args, "json"));
    return CMD_EXIT_DONE;
}

/* Which ways, and where to; the fields that @ways share are filled in already. */
static CmdExit find_ways(const CmdArgs *args, BusBridge *bridge, BusTransportOptions *out,
                         BusTransportOptions *in, GError **error)
{
    bool is_amqp = strcmp(bridge->transport->name, "amqp") == 0;
    const char *url = cmd_args_operands(args)[1];
    const char *publish = cmd_args_string(args, "publish");
    const char *subscribe = cmd_args_string(args, "subscribe");
    if (is_amqp && (url == NULL || publish != NULL || subscribe != NULL))
        return cmd_bus_transport_usage(error, "amqp wants the broker's URL, such as "
                                              "amqps://user@broker.example.org/vhost");
    if (!is_amqp && (url != NULL || (publish == NULL && subscribe == NULL)))
        return cmd_bus_transport_usage(error, "zeromq wants --publish or --subscribe");
    if (!is_amqp && publish != NULL && subscribe != NULL && out->replay != NULL)
        return cmd_bus_transport_usage(
            error, "--replay with both --publish and --subscribe: run two bridges");
    bool only_one = cmd_args_flag(args, "in") != cmd_args_flag(args, "out");
    out->endpoint = is_amqp ? url : publish;
    in->endpoint = is_amqp ? url : subscribe;
    if (out->endpoint != NULL && !(only_one && cmd_args_flag(args, "in")))
        bridge->out = out;
    if (in->endpoint != NULL && !(only_one && cmd_args_flag(args, "out")))
        bridge->in = in;
    return CMD_EXIT_DONE;
}

static CmdExit read_options(const CmdArgs *args, BusTransportOptions *options, BusBridge *bridge,
                            GError **error)
{
    options->replay = cmd_args_string(args, "replay");
    options->exchange = cmd_args_string(args, "exchange");
    options->queue = cmd_args_string(args, "queue");
    options->topics = cmd_args_strings(args, "topic");
    options->ca = cmd_args_string(args, "ca");
    options->crl = cmd_args_string(args, "crl");
    options->cert = cmd_args_string(args, "cert");
    options->key = cmd_args_string(args, "key");
    options->policy = cmd_args_string(args, "policy");
    options->password_file = cmd_args_string(args, "password-file");
    options->nitpicky = cmd_args_flag(args, "nitpicky");
    options->unsigned_ok = cmd_args_flag(args, "unsigned");
    options->heartbeat_s = DEFAULT_HEARTBEAT_S;
    if (options->exchange == NULL)
        options->exchange = DEFAULT_EXCHANGE;
    if ((options->cert == NULL) != (options->key == NULL))
        return cmd_bus_transport_usage(error, "--cert and --key go together");
    const char *since = cmd_args_string(args, "since");
    guint64 number = BUS_BRIDGE_SINCE_NOW;
    if (since != NULL && !g_ascii_string_to_unsigned(since, 10, 0, G_MAXINT64, &number, NULL))
        return cmd_bus_transport_usage(error, "--since wants a sequence number, not ‘%s’", since);
    bridge->since = number;
    return cmd_bus_transport_number(cmd_args_string(args, "heartbeat"), "heartbeat", 1,
                                    MAX_HEARTBEAT_S, &options->heartbeat_s, error)
               ? CMD_EXIT_DONE
               : CMD_EXIT_USAGE;
}

static CmdExit run_bridge(const CmdArgs *args, const char *transport, GCancellable *cancellable,
                          GError **error)
{
    g_autofree char *database = cmd_args_database(args);
    const char *name = cmd_args_string(args, "name");
    name = name != NULL ? name : transport;
    g_autofree char *default_actor = g_strconcat("bridge:", name, NULL);
    g_autofree char *default_queue = g_strconcat("atoll-", name, NULL);
    const char *actor = cmd_args_string(args, "actor");
    BusBridge bridge = {
        .transport = bus_transport_find(transport, error),
        .name = name,
        .database = database,
        .actor = actor != NULL ? actor : default_actor,
        .report = cmd_bus_transport_report,
    };
    BusTransportOptions out = {0};
    if (bridge.transport == NULL || !bus_transport_name_check(name, error))
        return CMD_EXIT_USAGE;
    CmdExit status = read_options(args, &out, &bridge, error);
    if (status != CMD_EXIT_DONE)
        return status;
    if (out.queue == NULL)
        out.queue = default_queue;
    BusTransportOptions in = out;
    status = find_ways(args, &bridge, &out, &in, error);
    if (status != CMD_EXIT_DONE)
        return status;
    g_autofree char *state_dir = cmd_bus_transport_make_state(args, error);
    if (state_dir == NULL)
        return CMD_EXIT_FAILED;
    bridge.state_dir = state_dir;
    /* a broker that goes away while we write is an error, not the end */
    (void)signal(SIGPIPE, SIG_IGN);
    return bus_bridge_run(&bridge, cancellable, error) ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}

CmdExit cmd_bus_bridge_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *operands = cmd_args_operands(args);
    if (strcmp(operands[0], "list") == 0 && operands[1] == NULL)
        return list_bridges(args, error);
    if (strcmp(operands[0], "parked") == 0 && operands[1] != NULL)
        return list_parked(args, operands[1], error);
    return run_bridge(args, operands[0], cancellable, error);
}
