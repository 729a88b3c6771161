/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the commands of bridges, webhooks and notifications have in common.
 */
#include "cmd/bus/transport-args.h"

#include "base/fd.h"
#include "bus/delivery/deliver.h"
#include "cmd/error.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define MAX_SECRET_BYTES 4096
#define MAX_DURATION_SECONDS (10u * 366 * 24 * 60 * 60)

char *cmd_bus_transport_make_state(const CmdArgs *args, GError **error)
{
    g_autofree char *state_dir = cmd_args_state_dir(args);
    if (!base_fd_make_dirs(AT_FDCWD, state_dir, 0755, error))
        return NULL;
    return g_steal_pointer(&state_dir);
}

bool cmd_bus_transport_open(const CmdArgs *args, BusTransportState *out_state, GError **error)
{
    g_autofree char *state_dir = cmd_bus_transport_make_state(args, error);
    g_autofree char *database = cmd_args_database(args);
    return state_dir != NULL &&
           bus_transport_state_open(out_state, database, state_dir, NULL, error);
}

void cmd_bus_transport_print_json(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

void cmd_bus_transport_add_strings(JsonBuilder *builder, const char *name, char *const *values)
{
    json_builder_set_member_name(builder, name);
    json_builder_begin_array(builder);
    for (size_t i = 0; values != NULL && values[i] != NULL; i++)
        json_builder_add_string_value(builder, values[i]);
    json_builder_end_array(builder);
}

char *cmd_bus_transport_read_secret(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, MAX_SECRET_BYTES, error);
    if (bytes == NULL)
        return NULL;
    const char *text = g_bytes_get_data(bytes, NULL);
    g_autofree char *secret = g_strndup(text, strcspn(text, "\r\n"));
    if (*secret == '\0') {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE, "the first line of ‘%s’ is empty", path);
        return NULL;
    }
    return g_steal_pointer(&secret);
}

void cmd_bus_transport_report(const char *line, void *user_data)
{
    fprintf(stderr, "%s\n", line);
}

bool cmd_bus_transport_number(const char *text, const char *what, unsigned min, unsigned max,
                              unsigned *out_number, GError **error)
{
    guint64 number = 0;
    if (text == NULL)
        return true;
    if (!g_ascii_string_to_unsigned(text, 10, min, max, &number, NULL)) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                    "--%s wants a number from %u to %u, not ‘%s’", what, min, max, text);
        return false;
    }
    *out_number = (unsigned)number;
    return true;
}

bool cmd_bus_transport_duration(const char *text, unsigned *out_seconds, GError **error)
{
    static const struct {
        char letter;
        unsigned seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    char *end = NULL;
    guint64 number = g_ascii_isdigit(*text) ? g_ascii_strtoull(text, &end, 10) : 0;
    unsigned factor = end != NULL && *end == '\0' ? 1 : 0;
    for (size_t i = 0; i < G_N_ELEMENTS(units) && end != NULL && *end != '\0'; i++) {
        if (*end == units[i].letter && end[1] == '\0')
            factor = units[i].seconds;
    }
    if (factor == 0 || number > MAX_DURATION_SECONDS / factor) {
        g_set_error(error, CMD_ERROR, CMD_ERROR_USAGE,
                    "‘%s’ is not a time; one looks like 90s, 15m, 12h or 7d", text);
        return false;
    }
    *out_seconds = (unsigned)number * factor;
    return true;
}

char *cmd_bus_transport_add_trouble(JsonBuilder *builder, BusLog *log, const char *subscription,
                                    GError **error)
{
    g_auto(BusDeliverTrouble) trouble = {0};
    if (!bus_deliver_trouble_load(log, subscription, &trouble, error))
        return NULL;
    json_builder_set_member_name(builder, "trouble");
    if (trouble.attempts == 0) {
        json_builder_add_null_value(builder);
        return g_strdup("");
    }
    const char *reason = trouble.reason != NULL ? trouble.reason : "";
    g_autofree char *next = bus_time_print(trouble.next_us);
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "attempts");
    json_builder_add_int_value(builder, trouble.attempts);
    json_builder_set_member_name(builder, "next");
    json_builder_add_string_value(builder, next);
    json_builder_set_member_name(builder, "reason");
    json_builder_add_string_value(builder, reason);
    json_builder_end_object(builder);
    return g_strdup_printf("%u times: %s", trouble.attempts, reason);
}

CmdExit cmd_bus_transport_usage(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, CMD_ERROR, CMD_ERROR_USAGE, text);
    return CMD_EXIT_USAGE;
}
