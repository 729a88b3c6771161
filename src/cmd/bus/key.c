/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus key: who may sign.
 */
#include "cmd/commands.h"

#include "bus/keys.h"
#include "cmd/bus/open.h"
#include "cmd/table.h"

#include <stdio.h>
#include <string.h>

#define ACTIONS "list, rotate, add PUBLIC TOPICS…, or revoke KEY"

const CmdOption cmd_bus_key_options[] = {
    CMD_BUS_OPTION_ACTOR, CMD_BUS_OPTIONS, CMD_OPTION_JSON, {0}};

static int compare_keys(const void *a, const void *b)
{
    const BusKey *left = *(BusKey *const *)a;
    const BusKey *right = *(BusKey *const *)b;
    return left->added < right->added ? -1 : left->added > right->added;
}

static GPtrArray *sorted_keys(const BusPolicy *policy)
{
    GPtrArray *keys = g_ptr_array_new();
    GHashTableIter iter;
    gpointer key = NULL;
    g_hash_table_iter_init(&iter, policy->keys);
    while (g_hash_table_iter_next(&iter, NULL, &key))
        g_ptr_array_add(keys, key);
    g_ptr_array_sort(keys, compare_keys);
    return keys;
}

static void print_json(const CmdBus *bus, const GPtrArray *keys)
{
    char hex[2 * BASE_ED25519_PUBLIC_BYTES + 1];
    g_autoptr(JsonObject) root = json_object_new();
    JsonArray *array = json_array_new();
    bus_keys_public(bus->log, hex);
    json_object_set_string_member(root, "own", bus_log_get_key(bus->log));
    json_object_set_string_member(root, "own-public", hex);
    for (guint i = 0; i < keys->len; i++) {
        const BusKey *key = keys->pdata[i];
        JsonObject *object = json_object_new();
        base_digest_to_hex(key->public_key, sizeof key->public_key, hex);
        json_object_set_string_member(object, "key", key->id);
        json_object_set_string_member(object, "public", hex);
        json_object_set_int_member(object, "added", (gint64)key->added);
        if (key->ended != 0)
            json_object_set_int_member(object, "ended", (gint64)key->ended);
        json_array_add_object_element(array, object);
    }
    json_object_set_array_member(root, "keys", array);
    cmd_bus_print_json(root);
}

static void print_text(const CmdBus *bus, const GPtrArray *keys)
{
    char hex[2 * BASE_ED25519_PUBLIC_BYTES + 1];
    bus_keys_public(bus->log, hex);
    printf("this machine signs with %s, public key %s\n", bus_log_get_key(bus->log), hex);
    for (guint i = 0; i < keys->len; i++) {
        const BusKey *key = keys->pdata[i];
        base_digest_to_hex(key->public_key, sizeof key->public_key, hex);
        printf("%s %s in since event %" G_GUINT64_FORMAT, key->id, hex, key->added);
        if (key->ended != 0)
            printf(", out since event %" G_GUINT64_FORMAT, key->ended);
        printf("\n");
    }
}

static bool list_keys(const CmdArgs *args, CmdBus *bus, GError **error)
{
    g_autoptr(BusPolicy) policy = bus_keys_policy(bus->log, error);
    if (policy == NULL)
        return false;
    g_autoptr(GPtrArray) keys = sorted_keys(policy);
    if (cmd_args_flag(args, "json"))
        print_json(bus, keys);
    else
        print_text(bus, keys);
    return true;
}

CmdExit cmd_bus_key_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    const char *const *words = cmd_args_operands(args);
    guint n = g_strv_length((char **)words);
    g_autofree char *actor = cmd_bus_actor(args);
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_WRITE, error);
    bool ok = false;
    if (bus == NULL)
        return CMD_EXIT_FAILED;
    if (n == 1 && strcmp(words[0], "list") == 0)
        ok = list_keys(args, bus, error);
    else if (n == 1 && strcmp(words[0], "rotate") == 0)
        ok = bus_keys_rotate(bus->log, actor, error);
    else if (n >= 3 && strcmp(words[0], "add") == 0)
        ok = bus_keys_add(bus->log, words[1], words + 2, actor, error);
    else if (n == 2 && strcmp(words[0], "revoke") == 0)
        ok = bus_keys_revoke(bus->log, words[1], actor, error);
    else
        return cmd_bus_wrong_action("key", ACTIONS, error);
    return ok ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}
