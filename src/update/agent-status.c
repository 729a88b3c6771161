/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the agent tells: a file for ‘status’ and monitoring, a line for systemd, a word for those
 * who log in.
 */
#include "update/agent-private.h"

#include "base/fd.h"
#include "update/notify.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

#define MOTD_NAME "motd"

static void set_text(char **at, JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);
    g_free(*at);
    *at = node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_dup_string(node) : NULL;
}

void update_agent_note_check(UpdateAgent *self, JsonObject *output, int64_t now_s)
{
    self->last_check_s = now_s;
    set_text(&self->last_check, output, "text");
    set_text(&self->result, output, "result");
    set_text(&self->deadend, output, "deadend");
    set_text(&self->barrier, output, "barrier");
    self->n_releases = json_object_get_int_member_with_default(output, "releases", 0);
}

static void add_text(JsonBuilder *builder, const char *key, const char *text)
{
    if (text == NULL)
        return;
    json_builder_set_member_name(builder, key);
    json_builder_add_string_value(builder, text);
}

static void add_time(JsonBuilder *builder, const char *key, int64_t time_s)
{
    if (time_s <= 0)
        return;
    json_builder_set_member_name(builder, key);
    json_builder_add_int_value(builder, time_s);
}

static char *print_status(const UpdateAgent *self, int64_t now_s)
{
    const UpdateMachine *machine = &self->machine;
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    add_time(builder, "time", now_s);
    add_text(builder, "state", update_state_name(machine->state));
    add_text(builder, "reason", machine->reason);
    add_text(builder, "stream", self->options->stream);
    add_text(builder, "strategy", self->options->strategy);
    add_text(builder, "target", machine->target_version);
    add_text(builder, "staged", machine->staged_version);
    add_time(builder, "next", update_machine_wake(machine));
    json_builder_set_member_name(builder, "held");
    json_builder_add_boolean_value(builder, machine->held);
    json_builder_set_member_name(builder, "paused");
    json_builder_add_boolean_value(builder, machine->paused);
    add_time(builder, "held-until", machine->held_until_s);
    add_time(builder, "last-check", self->last_check_s);
    add_text(builder, "last-result", self->result);
    add_text(builder, "last-text", self->last_check);
    add_text(builder, "dead-end", self->deadend);
    add_text(builder, "barrier", self->barrier);
    json_builder_set_member_name(builder, "releases");
    json_builder_add_int_value(builder, self->n_releases);
    json_builder_set_member_name(builder, "check-failures");
    json_builder_add_int_value(builder, machine->n_check_failures);
    json_builder_set_member_name(builder, "blocked");
    json_builder_add_int_value(builder, self->ledger->blocked->len);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    return json_to_string(root, TRUE);
}

static bool write_file(const UpdateAgent *self, const char *name, const char *text, GError **error)
{
    base_autofd dir_fd = base_fd_open_dir(AT_FDCWD, self->options->run_dir, error);
    return dir_fd >= 0 && base_fd_replace_file(dir_fd, name, text, strlen(text), 0644,
                                               BASE_FD_REPLACE_NO_SYNC, error);
}

/* Only what somebody has to act on, or to wait for, is worth a line at each login. */
static bool write_motd(const UpdateAgent *self, GError **error)
{
    bool is_urgent = self->barrier != NULL || self->deadend != NULL ||
                     g_strcmp0(self->result, "unknown") == 0 ||
                     g_strcmp0(self->result, "deadend") == 0;
    if (is_urgent) {
        g_autofree char *text = g_strdup_printf("Updates: %s\n", self->last_check);
        return write_file(self, MOTD_NAME, text, error);
    }
    g_autofree char *path = g_build_filename(self->options->run_dir, MOTD_NAME, NULL);
    (void)g_unlink(path);
    return true;
}

void update_agent_write_status(const UpdateAgent *self, int64_t now_s)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = print_status(self, now_s);
    g_autofree char *metrics = update_agent_metrics(self);
    g_autofree char *line = g_strdup_printf("STATUS=%s: %s", update_state_name(self->machine.state),
                                            self->machine.reason);
    update_notify_send(line);
    /* who waits for a status finds that what goes with it is there */
    if (!write_file(self, UPDATE_AGENT_METRICS_NAME, metrics, &error) ||
        !write_motd(self, &error) || !write_file(self, UPDATE_AGENT_STATUS_NAME, text, &error))
        g_warning("%s", error->message);
}
