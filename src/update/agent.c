/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The agent's main loop: turns time, requests and the ends of children into the machine's
 * events, and its actions into children.
 */
#include "update/agent.h"

#include "base/fd.h"
#include "update/agent-private.h"
#include "update/notify.h"

#include <fcntl.h>
#include <string.h>

#define SLEEP_MAX_S (60 * 60)
#define JITTER_PER_CENT 10
#define USERS_LOOK_S 30
#define STEADY_RETRY_S 60

static void feed(UpdateAgent *self, const UpdateEvent *event);

static int64_t now_s(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

static void stop(UpdateAgent *self, GError *error)
{
    if (self->error == NULL)
        self->error = error;
    else
        g_clear_error(&error);
    g_main_loop_quit(self->loop);
}

static void fail(UpdateAgent *self, UpdateEventKind kind, const char *text, int64_t at_s)
{
    UpdateEvent event = {.kind = kind, .text = text, .at_s = at_s};
    g_info("%s: %s", update_state_name(self->machine.state), text);
    feed(self, &event);
}

static const char *get_text(JsonObject *object, const char *key)
{
    JsonNode *node = json_object_get_member(object, key);
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
                   json_node_get_value_type(node) == G_TYPE_STRING
               ? json_node_get_string(node)
               : NULL;
}

static void on_checked(JsonObject *output, const GError *error, void *user_data)
{
    UpdateAgent *self = user_data;
    self->counters.checks++;
    if (output == NULL) {
        self->counters.check_errors++;
        fail(self, UPDATE_EVENT_CHECK_FAILED, error != NULL ? error->message : "no answer", 0);
        return;
    }
    const char *result = get_text(output, "result");
    int64_t retry_s = json_object_get_int_member_with_default(output, "retry-after", 0);
    if (g_strcmp0(result, "failed") == 0) {
        self->counters.check_errors++;
        fail(self, UPDATE_EVENT_CHECK_FAILED, get_text(output, "text"),
             retry_s > 0 ? now_s() + retry_s : 0);
        return;
    }
    update_agent_note_check(self, output, now_s());
    bool is_target = g_strcmp0(result, "target") == 0;
    UpdateEvent event = {.kind = is_target ? UPDATE_EVENT_TARGET : UPDATE_EVENT_NOTHING,
                         .text = get_text(output, "text"),
                         .commit = get_text(output, "commit"),
                         .version = get_text(output, "version")};
    feed(self, &event);
}

static void on_staged(JsonObject *output, const GError *error, void *user_data)
{
    UpdateAgent *self = user_data;
    (void)output;
    UpdateEvent event = {.kind = UPDATE_EVENT_STAGED};
    self->counters.stagings++;
    if (error == NULL) {
        g_message("%s is staged", self->machine.target_version);
        feed(self, &event);
        return;
    }
    self->counters.staging_errors++;
    g_autofree char *text =
        g_strdup_printf("%s could not be staged: %s", self->machine.target_version, error->message);
    fail(self, UPDATE_EVENT_STAGE_FAILED, text, 0);
}

static void on_asked(JsonObject *output, const GError *error, void *user_data)
{
    UpdateAgent *self = user_data;
    self->counters.asks++;
    if (output == NULL) {
        self->counters.ask_errors++;
        fail(self, UPDATE_EVENT_ASK_FAILED, error != NULL ? error->message : "no answer", 0);
        return;
    }
    bool may = json_object_get_boolean_member_with_default(output, "may", FALSE);
    if (!may)
        self->counters.refusals++;
    UpdateEvent event = {.kind = may ? UPDATE_EVENT_MAY : UPDATE_EVENT_LATER,
                         .text = get_text(output, "reason"),
                         .at_s = json_object_get_int_member_with_default(output, "again", 0),
                         .n_users =
                             (unsigned)json_object_get_int_member_with_default(output, "users", 0)};
    feed(self, &event);
}

static void on_users(JsonObject *output, const GError *error, void *user_data)
{
    UpdateAgent *self = user_data;
    (void)error;
    if (output == NULL)
        return;
    UpdateEvent event = {.kind = UPDATE_EVENT_USERS,
                         .n_users =
                             (unsigned)json_object_get_int_member_with_default(output, "users", 1)};
    feed(self, &event);
}

static void on_rebooting(JsonObject *output, const GError *error, void *user_data)
{
    UpdateAgent *self = user_data;
    (void)output;
    if (error != NULL)
        stop(self, g_error_new(UPDATE_ERROR, UPDATE_ERROR_FAILED, "ordering the reboot: %s",
                               error->message));
}

static void on_warned(JsonObject *output, const GError *error, void *user_data)
{
    (void)output, (void)user_data;
    if (error != NULL)
        g_info("telling people who are logged in: %s", error->message);
}

static void on_steady(JsonObject *output, const GError *error, void *user_data);

static gboolean tell_steady(gpointer user_data)
{
    UpdateAgent *self = user_data;
    self->steady_id = 0;
    update_agent_spawn(self, (const char *const[]){"agent", "steady", NULL}, on_steady);
    return G_SOURCE_REMOVE;
}

/* Nothing waits for it: a lock server that is away holds up reboots, not updates. */
static void on_steady(JsonObject *output, const GError *error, void *user_data)
{
    UpdateAgent *self = user_data;
    (void)output;
    if (error == NULL)
        return;
    g_info("%s", error->message);
    self->steady_id = g_timeout_add_seconds(STEADY_RETRY_S, tell_steady, self);
}

/* The file may have been changed by a command since it was read. */
static void block(UpdateAgent *self)
{
    g_autoptr(GError) error = NULL;
    UpdateLedger *ledger = update_ledger_load(self->options->state_dir, &error);
    g_warning("%s is left alone: %s", self->machine.target_version, self->machine.reason);
    if (ledger != NULL) {
        update_ledger_free(self->ledger);
        self->ledger = ledger;
        update_ledger_block(ledger, self->machine.target, self->machine.target_version,
                            self->machine.reason, now_s());
        if (update_ledger_save(ledger, self->options->state_dir, &error))
            return;
    }
    g_warning("%s", error->message);
}

static void warn(UpdateAgent *self)
{
    g_autofree char *text = g_strdup_printf(
        "This host reboots into version %s in %" G_GUINT64_FORMAT " minutes, or when everybody has "
        "logged out. ‘atoll-host hold’ stops it.",
        self->machine.staged_version, (self->machine.policy.users_delay_s + 59) / 60);
    const char *argv[] = {"wall", text, NULL};
    update_agent_start(self, argv, on_warned);
}

static void perform(UpdateAgent *self, UpdateAction action)
{
    switch (action) {
    case UPDATE_ACTION_CHECK:
        update_agent_spawn(self, (const char *const[]){"agent", "check", "--json", NULL},
                           on_checked);
        break;
    case UPDATE_ACTION_STAGE:
        g_message("fetching and staging %s", self->machine.target_version);
        update_agent_spawn(self,
                           (const char *const[]){"deploy", "--quiet", self->machine.target, NULL},
                           on_staged);
        break;
    case UPDATE_ACTION_BLOCK:
        block(self);
        break;
    case UPDATE_ACTION_ASK:
        update_agent_spawn(self, (const char *const[]){"agent", "ask", "--json", NULL}, on_asked);
        break;
    case UPDATE_ACTION_WARN:
        warn(self);
        break;
    case UPDATE_ACTION_REBOOT:
        self->counters.reboots++;
        g_message("rebooting into %s", self->machine.staged_version);
        update_agent_start(self, self->options->reboot_argv, on_rebooting);
        break;
    case UPDATE_ACTION_NONE:
    default:
        break;
    }
}

static gboolean on_wake(gpointer user_data)
{
    UpdateAgent *self = user_data;
    UpdateEvent event = {.kind = UPDATE_EVENT_TIME};
    self->wake_id = 0;
    if (self->machine.state == UPDATE_STATE_LEAVING && now_s() < self->machine.leave_at_s)
        update_agent_spawn(self, (const char *const[]){"agent", "ask", "--json", NULL}, on_users);
    feed(self, &event);
    return G_SOURCE_REMOVE;
}

static void schedule(UpdateAgent *self)
{
    int64_t wake_s = update_machine_wake(&self->machine);
    if (self->wake_id != 0)
        g_source_remove(self->wake_id);
    self->wake_id = 0;
    if (wake_s < 0)
        return;
    /* the clock may be set: look at it now and then */
    int64_t sleep_s = CLAMP(wake_s - now_s(), 0, SLEEP_MAX_S);
    if (self->machine.state == UPDATE_STATE_LEAVING)
        sleep_s = MIN(sleep_s, USERS_LOOK_S);
    self->wake_id = g_timeout_add_seconds((guint)sleep_s, on_wake, self);
}

static void feed(UpdateAgent *self, const UpdateEvent *event)
{
    uint64_t interval_s = self->options->policy.interval_s;
    self->machine.policy.interval_s =
        interval_s +
        (uint64_t)g_random_int_range(0, (gint32)(interval_s * JITTER_PER_CENT / 100 + 1));
    UpdateState before = self->machine.state;
    UpdateAction action = update_machine_step(&self->machine, event, now_s());
    if (self->machine.state != before)
        self->changed_s = now_s();
    perform(self, action);
    /* what it says has been done by then */
    update_agent_write_status(self, now_s());
    schedule(self);
}

static UpdateEvent hold_event(const UpdateLedger *ledger)
{
    return (UpdateEvent){.kind = !ledger->held    ? UPDATE_EVENT_RESUME
                                 : ledger->paused ? UPDATE_EVENT_PAUSE
                                                  : UPDATE_EVENT_HOLD,
                         .text = ledger->held_reason,
                         .at_s = ledger->held_until_s};
}

bool update_agent_take(UpdateAgent *self, const char *request, const char **out_answer)
{
    UpdateEvent event = {.kind = UPDATE_EVENT_CHECK_NOW};
    if (strcmp(request, "check-now") == 0) {
        *out_answer = "looking at the update graph";
    } else if (strcmp(request, "reboot-now") == 0) {
        event.kind = UPDATE_EVENT_REBOOT_NOW;
        *out_answer = self->machine.staged != NULL ? "rebooting" : "nothing is staged";
        if (self->machine.staged == NULL)
            return false;
    } else if (strcmp(request, "reload") == 0) {
        g_autoptr(GError) error = NULL;
        UpdateLedger *ledger = update_ledger_load(self->options->state_dir, &error);
        if (ledger == NULL) {
            g_warning("%s", error->message);
            *out_answer = "the ledger is broken";
            return false;
        }
        update_ledger_free(self->ledger);
        self->ledger = ledger;
        event = hold_event(ledger);
        *out_answer = ledger->held ? "held" : "resumed";
    } else {
        *out_answer = "unknown request";
        return false;
    }
    feed(self, &event);
    return true;
}

static gboolean on_cancelled(GCancellable *cancellable, gpointer user_data)
{
    UpdateAgent *self = user_data;
    (void)cancellable;
    g_main_loop_quit(self->loop);
    return G_SOURCE_REMOVE;
}

static bool start(UpdateAgent *self, const char *staged, const char *staged_version, GError **error)
{
    const UpdateAgentOptions *options = self->options;
    self->ledger = update_ledger_load(options->state_dir, error);
    if (self->ledger == NULL || !base_fd_make_dirs(AT_FDCWD, options->run_dir, 0755, error) ||
        !update_agent_listen(self, error))
        return false;
    update_machine_init(&self->machine, &options->policy, staged, staged_version, now_s());
    if (self->ledger->held) {
        UpdateEvent hold = hold_event(self->ledger);
        (void)update_machine_step(&self->machine, &hold, now_s());
    }
    return true;
}

static void agent_clear(UpdateAgent *self)
{
    if (self->wake_id != 0)
        g_source_remove(self->wake_id);
    if (self->steady_id != 0)
        g_source_remove(self->steady_id);
    update_agent_close(self);
    g_clear_pointer(&self->loop, g_main_loop_unref);
    update_ledger_free(self->ledger);
    update_machine_clear(&self->machine);
    g_free(self->last_check);
    g_free(self->result);
    g_free(self->deadend);
    g_free(self->barrier);
    g_clear_object(&self->cancellable);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(UpdateAgent, agent_clear)

bool update_agent_run(const UpdateAgentOptions *options, const char *staged,
                      const char *staged_version, GCancellable *cancellable, GError **error)
{
    g_auto(UpdateAgent) self = {.options = options,
                                .loop = g_main_loop_new(NULL, FALSE),
                                .cancellable = g_cancellable_new()};
    if (!start(&self, staged, staged_version, error))
        return false;
    g_autoptr(GSource) ending = g_cancellable_source_new(cancellable);
    g_source_set_callback(ending, G_SOURCE_FUNC(on_cancelled), &self, NULL);
    (void)g_source_attach(ending, NULL);
    guint watchdog_id = update_notify_watchdog();
    update_notify_send("READY=1");
    UpdateEvent event = {.kind = UPDATE_EVENT_TIME};
    feed(&self, &event);
    (void)tell_steady(&self);
    g_main_loop_run(self.loop);
    update_notify_send("STOPPING=1");
    if (watchdog_id != 0)
        g_source_remove(watchdog_id);
    g_source_destroy(ending);
    update_agent_drain(&self);
    if (self.error == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&self.error));
    return false;
}
