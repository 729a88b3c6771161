/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The agent's part of ‘status’: what it does, and why nothing happens.
 */
#include "cmd/host/status-agent.h"

#include "base/fd.h"
#include "update/agent.h"

#include <fcntl.h>

#define STATUS_MAX_BYTES (64 * 1024)
#define MINUTE_S 60
#define HOUR_S (60 * MINUTE_S)

JsonObject *cmd_host_status_agent_load(const char *run_dir)
{
    g_autofree char *path = g_build_filename(run_dir, UPDATE_AGENT_STATUS_NAME, NULL);
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, STATUS_MAX_BYTES, NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    gsize size_bytes = 0;
    const char *data = bytes != NULL ? g_bytes_get_data(bytes, &size_bytes) : NULL;
    if (data == NULL || !json_parser_load_from_data(parser, data, (gssize)size_bytes, NULL))
        return NULL;
    JsonNode *root = json_parser_get_root(parser);
    return root != NULL && JSON_NODE_HOLDS_OBJECT(root) ? json_node_dup_object(root) : NULL;
}

static const char *get_text(JsonObject *agent, const char *key)
{
    return json_object_get_string_member_with_default(agent, key, "");
}

/* "in 4 minutes", "now" */
static char *until(int64_t at_s, int64_t now_s)
{
    int64_t wait_s = at_s - now_s;
    if (wait_s <= 0)
        return g_strdup("now");
    if (wait_s < 2 * MINUTE_S)
        return g_strdup_printf("in %d seconds", (int)wait_s);
    if (wait_s < 2 * HOUR_S)
        return g_strdup_printf("in %d minutes", (int)(wait_s / MINUTE_S));
    return g_strdup_printf("in %" G_GINT64_FORMAT " hours", wait_s / HOUR_S);
}

char *cmd_host_status_agent_print(JsonObject *agent, int64_t now_s)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int64_t next_s = json_object_get_int_member_with_default(agent, "next", 0);
    int64_t blocked = json_object_get_int_member_with_default(agent, "blocked", 0);
    g_string_append_printf(text, "  agent         %s: %s\n", get_text(agent, "state"),
                           get_text(agent, "reason"));
    g_string_append_printf(text, "    stream      %s, strategy %s\n", get_text(agent, "stream"),
                           get_text(agent, "strategy"));
    if (*get_text(agent, "last-text") != '\0')
        g_string_append_printf(text, "    offered     %s\n", get_text(agent, "last-text"));
    if (next_s > 0) {
        g_autofree char *when = until(next_s, now_s);
        g_string_append_printf(text, "    next        %s\n", when);
    }
    if (json_object_get_boolean_member_with_default(agent, "held", FALSE))
        g_string_append(text, "    held        nothing is staged, nothing reboots; ‘atoll-host "
                              "resume’ ends it\n");
    if (blocked > 0)
        g_string_append_printf(
            text, "    blocked     %" G_GINT64_FORMAT " that failed here (‘atoll-host unblock’)\n",
            blocked);
    return g_string_free(g_steal_pointer(&text), FALSE);
}
