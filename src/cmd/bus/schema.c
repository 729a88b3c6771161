/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus schema: what the bodies of events mean, kept with the log.
 */
#include "cmd/commands.h"

#include "bus/schema-check.h"
#include "bus/schema.h"
#include "cmd/bus/open.h"

#include <stdio.h>
#include <string.h>

#define ACTIONS "add FILE, list, or show DIGEST"

const CmdOption cmd_bus_schema_options[] = {
    CMD_BUS_OPTION_ACTOR, CMD_BUS_OPTIONS, CMD_OPTION_JSON, {0}};

/* What the log will not check bodies by is said, not passed over. */
static void print_added(const CmdArgs *args, GBytes *bytes, const char *digest, bool new)
{
    g_autoptr(BusSchemaCheck) check =
        bus_schema_check_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL);
    const char *const *ignored = bus_schema_check_get_ignored(check);
    if (!cmd_args_flag(args, "json")) {
        puts(digest);
        for (unsigned i = 0; ignored[i] != NULL; i++)
            fprintf(stderr, "atoll: bodies are not checked by %s\n", ignored[i]);
        return;
    }
    g_autoptr(JsonObject) root = json_object_new();
    JsonArray *array = json_array_new();
    for (unsigned i = 0; ignored[i] != NULL; i++)
        json_array_add_string_element(array, ignored[i]);
    json_object_set_string_member(root, "digest", digest);
    json_object_set_boolean_member(root, "new", new);
    json_object_set_array_member(root, "not-checked", array);
    cmd_bus_print_json(root);
}

static CmdExit add(const CmdArgs *args, const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = cmd_bus_read_file(path, BUS_SCHEMA_MAX_BYTES, error);
    g_autoptr(CmdBus) bus = bytes != NULL ? cmd_bus_open(args, CMD_BUS_WRITE, error) : NULL;
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    g_autofree char *by = cmd_bus_actor(args);
    g_autofree char *digest = NULL;
    bool new = false;
    if (!bus_schema_add(bus->log, by, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                        &digest, &new, error)) {
        g_prefix_error(error, "‘%s’: ", path);
        return CMD_EXIT_FAILED;
    }
    print_added(args, bytes, digest, new);
    return new ? CMD_EXIT_DONE : CMD_EXIT_NOTHING_TO_DO;
}

static CmdExit list(const CmdArgs *args, GError **error)
{
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_READ, error);
    g_autoptr(GPtrArray) schemas = bus != NULL ? bus_schema_list(bus->log, error) : NULL;
    if (schemas == NULL)
        return CMD_EXIT_FAILED;
    g_autoptr(JsonObject) root = json_object_new();
    JsonArray *array = json_array_new();
    json_object_set_array_member(root, "schemas", array);
    for (unsigned i = 0; i < schemas->len; i++) {
        const BusSchema *schema = schemas->pdata[i];
        g_autofree char *added = bus_time_print(schema->added_us);
        JsonObject *object = json_object_new();
        json_object_set_string_member(object, "id", schema->id);
        json_object_set_string_member(object, "digest", schema->digest);
        json_object_set_string_member(object, "added", added);
        json_array_add_object_element(array, object);
        if (!cmd_args_flag(args, "json"))
            printf("%s %s\n", schema->digest, schema->id);
    }
    if (cmd_args_flag(args, "json"))
        cmd_bus_print_json(root);
    return CMD_EXIT_DONE;
}

static CmdExit show(const CmdArgs *args, const char *digest, GError **error)
{
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_READ, error);
    g_autofree char *text = bus != NULL ? bus_schema_find(bus->log, digest, error) : NULL;
    if (text == NULL)
        return CMD_EXIT_FAILED;
    fputs(text, stdout);
    return CMD_EXIT_DONE;
}

CmdExit cmd_bus_schema_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *words = cmd_args_operands(args);
    unsigned n_words = g_strv_length((char **)words);
    if (n_words == 2 && strcmp(words[0], "add") == 0)
        return add(args, words[1], error);
    if (n_words == 1 && strcmp(words[0], "list") == 0)
        return list(args, error);
    if (n_words == 2 && strcmp(words[0], "show") == 0)
        return show(args, words[1], error);
    return cmd_bus_wrong_action("schema", ACTIONS, error);
}
