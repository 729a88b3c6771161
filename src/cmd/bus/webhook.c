/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus webhook: whom to tell by HTTP. Telling is `atoll bus deliver`'s.
 */
#include "cmd/commands.h"

#include "bus/delivery/deliver-post.h"
#include "bus/transport.h"
#include "bus/delivery/webhook.h"
#include "cmd/bus/transport-args.h"
#include "cmd/table.h"

#include <stdio.h>
#include <string.h>

#define MAX_ATTEMPTS 100
#define MAX_WAIT_S 3600

const CmdOption cmd_bus_webhook_options[] = {
    {.name = "name", .metavar = "NAME", .help = "add: its name (default: the URL's host)"},
    {.name = "topic",
     .letter = 't',
     .metavar = "GLOB",
     .help = "add: only these topics",
     .repeatable = true},
    {.name = "secret-file", .metavar = "FILE", .help = "add: key of the signatures"},
    {.name = "attempts",
     .metavar = "N",
     .help = "add: tries before an event is parked as undeliverable (default: 12)"},
    {.name = "retry-wait",
     .metavar = "SECONDS",
     .help = "add: before the second try; doubled for each further one (default: 2)"},
    {.name = "allow-private", .help = "add: may redirect to private addresses"},
    CMD_OPTION_STATE,
    CMD_OPTION_DATABASE,
    CMD_OPTION_JSON,
    {0},
};

static char *default_name(const char *url)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
    return g_strdup(uri != NULL && g_uri_get_host(uri) != NULL ? g_uri_get_host(uri) : url);
}

static CmdExit add(const CmdArgs *args, const char *url, GError **error)
{
    g_autoptr(BusWebhook) hook = g_new0(BusWebhook, 1);
    const char *name = cmd_args_string(args, "name");
    const char *secret_file = cmd_args_string(args, "secret-file");
    unsigned wait_s = BUS_WEBHOOK_FIRST_WAIT_MS / 1000;
    hook->max_attempts = BUS_WEBHOOK_ATTEMPTS;
    if (!cmd_bus_transport_number(cmd_args_string(args, "attempts"), "attempts", 1, MAX_ATTEMPTS,
                                  &hook->max_attempts, error) ||
        !cmd_bus_transport_number(cmd_args_string(args, "retry-wait"), "retry-wait", 0, MAX_WAIT_S,
                                  &wait_s, error))
        return CMD_EXIT_USAGE;
    hook->url = g_strdup(url);
    hook->name = name != NULL ? g_strdup(name) : default_name(url);
    hook->topics = g_strdupv((char **)cmd_args_strings(args, "topic"));
    hook->first_wait_ms = wait_s * 1000;
    hook->allow_private = cmd_args_flag(args, "allow-private");
    if (secret_file != NULL) {
        hook->secret = cmd_bus_transport_read_secret(secret_file, error);
        if (hook->secret == NULL)
            return CMD_EXIT_FAILED;
    }
    g_auto(BusTransportState) state = {.lock_fd = -1};
    if (!cmd_bus_transport_open(args, &state, error) || !bus_webhook_add(state.log, hook, error))
        return CMD_EXIT_FAILED;
    printf("webhook %s added%s\n", hook->name,
           hook->secret != NULL ? "" : "; without --secret-file its posts are not signed");
    return CMD_EXIT_DONE;
}

static char *add_hook(JsonBuilder *builder, const BusWebhook *hook, const char *url, BusLog *log,
                      GError **error)
{
    g_autofree char *subscription = bus_webhook_subscription(hook->name);
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "name");
    json_builder_add_string_value(builder, hook->name);
    json_builder_set_member_name(builder, "url");
    json_builder_add_string_value(builder, url);
    cmd_bus_transport_add_strings(builder, "topics", hook->topics);
    json_builder_set_member_name(builder, "signed");
    json_builder_add_boolean_value(builder, hook->secret != NULL);
    json_builder_set_member_name(builder, "attempts");
    json_builder_add_int_value(builder, hook->max_attempts);
    char *trouble = cmd_bus_transport_add_trouble(builder, log, subscription, error);
    json_builder_end_object(builder);
    return trouble;
}

static CmdExit list(const CmdArgs *args, GError **error)
{
    static const CmdColumn columns[] = {{"NAME", false},   {"URL", false},    {"TOPICS", false},
                                        {"SIGNED", false}, {"FAILED", false}, {0}};
    g_auto(BusTransportState) state = {.lock_fd = -1};
    if (!cmd_bus_transport_open(args, &state, error))
        return CMD_EXIT_FAILED;
    g_autoptr(GPtrArray) hooks = bus_webhook_list(state.log, error);
    if (hooks == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(CmdTable) table = cmd_table_new(columns);
    json_builder_begin_array(builder);
    for (unsigned i = 0; i < hooks->len; i++) {
        const BusWebhook *hook = g_ptr_array_index(hooks, i);
        g_autofree char *url = bus_transport_mask_url(hook->url);
        g_autofree char *topics = g_strjoinv(" ", hook->topics);
        g_autofree char *trouble = add_hook(builder, hook, url, state.log, error);
        if (trouble == NULL)
            return CMD_EXIT_FAILED;
        cmd_table_add(table, (const char *const[]){hook->name, url, *topics != '\0' ? topics : "*",
                                                   hook->secret != NULL ? "yes" : "no", trouble});
    }
    json_builder_end_array(builder);
    g_autofree char *text = cmd_table_print(table);
    if (cmd_args_flag(args, "json"))
        cmd_bus_transport_print_json(builder);
    else
        printf("%s", text);
    return CMD_EXIT_DONE;
}

static CmdExit remove_hook(const CmdArgs *args, const char *name, GError **error)
{
    g_auto(BusTransportState) state = {.lock_fd = -1};
    return cmd_bus_transport_open(args, &state, error) && bus_webhook_remove(state.log, name, error)
               ? CMD_EXIT_DONE
               : CMD_EXIT_FAILED;
}

/* Posts an event that is in no log. */
static CmdExit test(const CmdArgs *args, const char *name, GError **error)
{
    g_auto(BusTransportState) state = {.lock_fd = -1};
    if (!cmd_bus_transport_open(args, &state, error))
        return CMD_EXIT_FAILED;
    g_autoptr(BusWebhook) hook = bus_webhook_find(state.log, name, error);
    if (hook == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *id = g_uuid_string_random();
    char body[] = "{\"test\":true}";
    char topic[] = "org.atoll.prod.bus.webhook.test";
    char actor[] = "service:atoll";
    BusEvent event = {.id = id,
                      .topic = topic,
                      .actor = actor,
                      .body = body,
                      .severity = BUS_SEVERITY_DEBUG,
                      .time_us = g_get_real_time()};
    g_autofree char *payload = bus_webhook_payload(&event);
    g_autoptr(BusDeliverPost) post = bus_deliver_post_hook(hook, NULL, topic, id, payload);
    if (!bus_deliver_post_perform(post, error)) {
        g_prefix_error(error, "testing webhook ‘%s’: ", name);
        return CMD_EXIT_FAILED;
    }
    printf("webhook %s took a test event\n", name);
    return CMD_EXIT_DONE;
}

CmdExit cmd_bus_webhook_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *operands = cmd_args_operands(args);
    const char *action = operands[0];
    const char *what = operands[1];
    if (strcmp(action, "list") == 0 && what == NULL)
        return list(args, error);
    if (strcmp(action, "add") == 0 && what != NULL)
        return add(args, what, error);
    if (strcmp(action, "remove") == 0 && what != NULL)
        return remove_hook(args, what, error);
    if (strcmp(action, "test") == 0 && what != NULL)
        return test(args, what, error);
    return cmd_bus_transport_usage(error, "wanted ‘add URL’, ‘list’, ‘remove NAME’ or ‘test NAME’");
}
