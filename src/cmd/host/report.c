/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host report: tells a server's event log what happened here, and how the host is.
 */
#include "base/digest.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/http-call.h"
#include "cmd/error.h"
#include "cmd/host/agent.h"
#include "cmd/host/commands.h"
#include "cmd/host/status-agent.h"
#include "host/health.h"
#include "host/history.h"
#include "host/status.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define TOPIC_PREFIX "org.atoll.prod.host."
#define POSITION_NAME "reported"
#define TOKEN_MAX_BYTES 4096
#define ANSWER_MAX_BYTES (64 * 1024)
#define TIMEOUT_MS (30 * 1000)
#define CONFLICT 409

const CmdOption cmd_host_report_options[] = {
    {.name = "print", .help = "print what would be sent, and send nothing"},
    CMD_HOST_OPTION_CONFIG,
    CMD_HOST_OPTION_AGENT_DIR,
    CMD_HOST_OPTION_SYSROOT,
    {0},
};

typedef struct {
    const UpdateConfig *config;
    const HostSysroot *sysroot;
    const char *node_id;
    const char *run_dir;
    char *running_version; /* owned, nullable */
    GPtrArray *events;     /* owned: JSON texts */
    char *position;        /* owned: id of the last record among them, "" for none */
} Report;

static void report_clear(Report *self)
{
    g_free(self->running_version);
    g_free(self->position);
    g_clear_pointer(&self->events, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Report, report_clear)

/* What has been sent once has the same id when it is sent again. */
static char *make_id(const char *text)
{
    g_autofree char *hex = base_sha256_hex(text, strlen(text));
    return g_strdup_printf("%.8s-%.4s-8%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15,
                           hex + 18);
}

static const char *topic_of(HostHistoryEvent event)
{
    switch (event) {
    case HOST_HISTORY_STAGED:
        return TOPIC_PREFIX "deployment.staged";
    case HOST_HISTORY_BOOT:
        return TOPIC_PREFIX "deployment.booted";
    case HOST_HISTORY_ROLLED_BACK:
        return TOPIC_PREFIX "deployment.rolled-back";
    case HOST_HISTORY_FINALIZE_FAILED:
    case HOST_HISTORY_BLOCKED:
        return TOPIC_PREFIX "deployment.failed";
    case HOST_HISTORY_DOWN:
    case HOST_HISTORY_DEPLOYED:
    case HOST_HISTORY_FINALIZED:
    case HOST_HISTORY_DROPPED:
    case HOST_HISTORY_GREEN:
    case HOST_HISTORY_RED:
    case HOST_HISTORY_N_EVENTS:
    default:
        return NULL;
    }
}

static JsonObject *begin_event(const Report *self, const char *topic, const char *id,
                               const char *commit)
{
    JsonObject *event = json_object_new();
    JsonArray *objects = json_array_new();
    g_autofree char *host = g_strconcat("host:", self->node_id, NULL);
    json_object_set_string_member(event, "topic", topic);
    json_object_set_string_member(event, "id", id);
    json_array_add_string_element(objects, host);
    if (*commit != '\0') {
        g_autofree char *object = g_strconcat("commit:", commit, NULL);
        json_array_add_string_element(objects, object);
    }
    json_object_set_array_member(event, "objects", objects);
    return event;
}

static void add_event(Report *self, JsonObject *event, JsonObject *body)
{
    g_autoptr(JsonNode) root = json_node_alloc();
    json_object_set_object_member(event, "body", body);
    json_node_init_object(root, event);
    json_object_unref(event);
    g_ptr_array_add(self->events, json_to_string(root, FALSE));
}

static void add_record(Report *self, const HostHistoryRecord *record, const char *id)
{
    JsonObject *event = begin_event(self, topic_of(record->event), id, record->commit);
    JsonObject *body = json_object_new();
    json_object_set_string_member(body, "commit", record->commit);
    json_object_set_string_member(body, "version", record->version);
    json_object_set_string_member(body, "booted", ostree_deployment_get_csum(self->sysroot->merge));
    json_object_set_int_member(body, "time", record->time_s);
    if (*record->text != '\0')
        json_object_set_string_member(body, "reason", record->text);
    add_event(self, event, body);
}

static char *id_of(const Report *self, const HostHistoryRecord *record)
{
    g_autofree char *text =
        g_strdup_printf("%s %" G_GINT64_FORMAT " %s %s %s", self->node_id, record->time_s,
                        record->boot_id, host_history_event_name(record->event), record->commit);
    return make_id(text);
}

/* What came after the last one that was sent; all of it when that is not in the file any more. */
static void add_history(Report *self, const char *state_dir)
{
    g_autoptr(GPtrArray) records = host_history_load(state_dir, 0);
    guint first = 0;
    for (guint i = 0; i < records->len; i++) {
        g_autofree char *id = id_of(self, records->pdata[i]);
        if (strcmp(id, self->position) == 0)
            first = i + 1;
    }
    for (guint i = first; i < records->len; i++) {
        const HostHistoryRecord *record = records->pdata[i];
        g_autofree char *id = id_of(self, record);
        if (topic_of(record->event) != NULL)
            add_record(self, record, id);
        g_free(self->position);
        self->position = g_steal_pointer(&id);
    }
}

static void copy_text(JsonObject *to, JsonObject *from, const char *key)
{
    if (from != NULL && json_object_has_member(from, key))
        json_object_set_member(to, key, json_object_dup_member(from, key));
}

static void add_state(Report *self, int64_t now_s)
{
    static const char *const keys[] = {"state",  "reason",     "stream", "strategy",
                                       "staged", "last-check", "held",   "blocked"};
    const char *running = ostree_deployment_get_csum(self->sysroot->merge);
    g_autofree char *text = g_strdup_printf("%s state %" G_GINT64_FORMAT, self->node_id, now_s);
    g_autofree char *id = make_id(text);
    JsonObject *event = begin_event(self, TOPIC_PREFIX "state.reported", id, running);
    JsonObject *body = json_object_new();
    g_autoptr(JsonObject) agent = cmd_host_status_agent_load(self->run_dir);
    g_autoptr(HostHealth) health =
        self->sysroot->booted != NULL ? host_health_load(HOST_HEALTH_FILE) : NULL;
    json_object_set_string_member(body, "commit", running);
    json_object_set_string_member(body, "version",
                                  self->running_version != NULL ? self->running_version : "");
    json_object_set_int_member(body, "time", now_s);
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
        copy_text(body, agent, keys[i]);
    if (health != NULL) {
        json_object_set_boolean_member(body, "healthy", host_health_count(health, true) == 0);
        json_object_set_int_member(body, "required-failed", host_health_count(health, true));
        json_object_set_int_member(body, "wanted-failed", host_health_count(health, false));
    }
    add_event(self, event, body);
}

static char *read_token(const char *path, GError **error)
{
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, TOKEN_MAX_BYTES, error);
    if (bytes == NULL) {
        g_prefix_error(error, "report.token-file: ");
        return NULL;
    }
    char *token = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    return g_strstrip(token);
}

static bool send_one(const Report *self, const char *token, const char *text,
                     GCancellable *cancellable, GError **error)
{
    g_auto(BaseHttpAnswer) answer = {0};
    g_autofree char *authorization = g_strconcat("Authorization: Bearer ", token, NULL);
    const char *base = self->config->report_url;
    size_t chars = strlen(base);
    while (chars > 0 && base[chars - 1] == '/')
        chars--;
    g_autofree char *url = g_strdup_printf("%.*s/events", (int)chars, base);
    const char *const headers[] = {authorization, "Content-Type: application/json", NULL};
    g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));
    BaseHttpCall call = {.url = url,
                         .headers = headers,
                         .body = body,
                         .max_bytes = ANSWER_MAX_BYTES,
                         .timeout_ms = TIMEOUT_MS};
    if (!base_http_call(&call, &answer, cancellable, error))
        return false;
    if (answer.status / 100 == 2 || answer.status == CONFLICT)
        return true;
    g_autofree char *shown = base_http_public_url(url);
    return base_error_set(error, BASE_ERROR_FAILED,
                          "‘%s’ takes no report (status %u): what was not taken is sent again the "
                          "next time",
                          shown, answer.status);
}

static bool send_all(const Report *self, const char *state_dir, GCancellable *cancellable,
                     GError **error)
{
    g_autofree char *token = read_token(self->config->report_token_file, error);
    for (guint i = 0; token != NULL && i < self->events->len; i++)
        if (!send_one(self, token, self->events->pdata[i], cancellable, error))
            return false;
    if (token == NULL || !base_fd_make_dirs(AT_FDCWD, state_dir, 0755, error))
        return false;
    g_autofree char *path = g_build_filename(state_dir, POSITION_NAME, NULL);
    return base_fd_replace_file(AT_FDCWD, path, self->position, strlen(self->position), 0644,
                                BASE_FD_REPLACE_DEFAULT, error);
}

static char *load_position(const char *state_dir)
{
    g_autofree char *path = g_build_filename(state_dir, POSITION_NAME, NULL);
    g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, path, 64, NULL);
    return bytes != NULL ? g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes))
                         : g_strdup("");
}

static CmdExit report(Report *self, const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autofree char *state_dir = host_sysroot_state_dir(self->sysroot);
    g_autoptr(HostCommit) running = host_commit_load(
        self->sysroot->repo, ostree_deployment_get_csum(self->sysroot->merge), error);
    if (running == NULL)
        return CMD_EXIT_FAILED;
    self->running_version = g_strdup(running->version);
    self->position = load_position(state_dir);
    self->events = g_ptr_array_new_with_free_func(g_free);
    add_history(self, state_dir);
    add_state(self, g_get_real_time() / G_USEC_PER_SEC);
    if (cmd_args_flag(args, "print")) {
        for (guint i = 0; i < self->events->len; i++)
            printf("%s\n", (const char *)self->events->pdata[i]);
        return CMD_EXIT_DONE;
    }
    if (*self->config->report_url == '\0') {
        printf("nothing is reported: no server is configured (report.url)\n");
        return CMD_EXIT_NOTHING_TO_DO;
    }
    return send_all(self, state_dir, cancellable, error) ? CMD_EXIT_DONE : CMD_EXIT_FAILED;
}

CmdExit cmd_host_report_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostAgent) agent = {0};
    g_auto(Report) self = {0};
    cmd_host_agent_init(&agent, args);
    cmd_host_agent_take_config(&agent, args);
    g_autoptr(UpdateConfig) config =
        update_config_load((const char *const *)agent.config_dirs, error);
    g_autofree char *node_id = config != NULL ? cmd_host_agent_node_id(config, error) : NULL;
    g_autoptr(HostSysroot) sysroot = node_id != NULL
                                         ? host_sysroot_open(cmd_args_string(args, "sysroot"),
                                                             HOST_SYSROOT_READ, cancellable, error)
                                         : NULL;
    if (sysroot == NULL)
        return CMD_EXIT_FAILED;
    self.config = config;
    self.sysroot = sysroot;
    self.node_id = node_id;
    self.run_dir = agent.run_dir;
    return report(&self, args, cancellable, error);
}
