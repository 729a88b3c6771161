/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * check_atoll: one line for Nagios and its kin, with performance data after the bar.
 */
#include "cmd/host/nagios.h"

#include "cmd/host/status-agent.h"
#include "host/health.h"
#include "host/history.h"
#include "host/status.h"
#include "update/agent.h"

#include <stdio.h>

#define DEFAULT_WARNING_S (6 * 60 * 60)
#define DEFAULT_CRITICAL_S (3 * 24 * 60 * 60)
#define TAIL_BYTES (64 * 1024)
#define FAILURES_WARNING 3

typedef enum { STATE_OK, STATE_WARNING, STATE_CRITICAL, STATE_UNKNOWN } State;

typedef struct {
    char *sysroot;
    char *agent_dir;
    char *health;
    int warning_s;
    int critical_s;
    State state;
    GString *why;
} Check;

static void check_clear(Check *self)
{
    g_free(self->sysroot);
    g_free(self->agent_dir);
    g_free(self->health);
    if (self->why != NULL)
        (void)g_string_free(self->why, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Check, check_clear)

static void say(Check *self, State state, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void say(Check *self, State state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (self->why->len > 0)
        g_string_append(self->why, ", ");
    g_string_append_vprintf(self->why, format, args);
    va_end(args);
    self->state = MAX(self->state, state);
}

static void look_at_updates(Check *self, const HostSysroot *sysroot)
{
    const HostHistoryRecord *lost = NULL;
    g_autofree char *state_dir = host_sysroot_state_dir(sysroot);
    g_autoptr(GPtrArray) records = host_history_load(state_dir, TAIL_BYTES);
    OstreeDeployment *staged = ostree_sysroot_get_staged_deployment(sysroot->ostree);
    HostHistoryPending pending =
        host_history_pending(records, ostree_deployment_get_csum(sysroot->merge),
                             staged != NULL ? ostree_deployment_get_csum(staged) : NULL, &lost);
    if (pending == HOST_HISTORY_FAILED)
        say(self, STATE_CRITICAL, "%s was not finished at shutdown", lost->version);
    else if (pending == HOST_HISTORY_SKIPPED)
        say(self, STATE_WARNING, "%s is still pending", lost->version);
}

static void look_at_signature(Check *self, const GPtrArray *list)
{
    for (guint i = 0; i < list->len; i++) {
        const HostStatus *status = list->pdata[i];
        bool runs = (status->flags & (HOST_STATUS_BOOTED | HOST_STATUS_DEFAULT)) != 0;
        if (runs && status->signature != HOST_SIGNATURE_GOOD)
            say(self, STATE_CRITICAL, "%s: signature %s",
                status->commit->version != NULL ? status->commit->version
                                                : status->commit->checksum,
                host_signature_name(status->signature));
    }
}

static int64_t get(JsonObject *agent, const char *key)
{
    return json_object_get_int_member_with_default(agent, key, 0);
}

static void look_at_agent(Check *self, JsonObject *agent, int64_t age_s)
{
    const char *result = json_object_get_string_member_with_default(agent, "last-result", "");
    if (g_str_equal(result, "unknown"))
        say(self, STATE_CRITICAL, "the update graph does not know what runs here");
    if (json_object_has_member(agent, "dead-end"))
        say(self, STATE_WARNING, "no update leads away from what runs");
    if (get(agent, "check-failures") >= FAILURES_WARNING)
        say(self, STATE_WARNING, "%d looks at the update graph failed in a row",
            (int)get(agent, "check-failures"));
    if (get(agent, "blocked") > 0)
        say(self, STATE_WARNING, "%d versions failed here", (int)get(agent, "blocked"));
    if (json_object_get_boolean_member_with_default(agent, "held", FALSE))
        say(self, STATE_WARNING, "updates are held");
    if (age_s >= self->critical_s)
        say(self, STATE_CRITICAL, "no answer of the update graph for %d hours",
            (int)(age_s / 3600));
    else if (age_s >= self->warning_s)
        say(self, STATE_WARNING, "no answer of the update graph for %d minutes", (int)(age_s / 60));
}

static void look_at_health(Check *self, const HostHealth *health)
{
    unsigned n_required = host_health_count(health, true);
    unsigned n_wanted = host_health_count(health, false);
    if (n_required > 0)
        say(self, STATE_CRITICAL, "%u required health checks failed", n_required);
    if (n_wanted > 0)
        say(self, STATE_WARNING, "%u wanted health checks failed", n_wanted);
}

static int finish(const Check *self, const char *version, JsonObject *agent, int64_t age_s)
{
    static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    printf("ATOLL %s - %s runs", names[self->state], version);
    if (self->why->len > 0)
        printf(": %s", self->why->str);
    else if (agent != NULL)
        printf(": %s", json_object_get_string_member_with_default(agent, "reason", ""));
    if (agent != NULL)
        printf("|last_check=%" G_GINT64_FORMAT "s;%d;%d;0 failures=%" G_GINT64_FORMAT
               ";%d blocked=%" G_GINT64_FORMAT " staged=%d held=%d",
               age_s, self->warning_s, self->critical_s, get(agent, "check-failures"),
               FAILURES_WARNING, get(agent, "blocked"), json_object_has_member(agent, "staged"),
               json_object_get_boolean_member_with_default(agent, "held", FALSE));
    printf("\n");
    return (int)self->state;
}

static int check(Check *self)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HostSysroot) sysroot =
        host_sysroot_open(self->sysroot, HOST_SYSROOT_READ, NULL, &error);
    g_autoptr(GPtrArray) list = sysroot != NULL ? host_status_list(sysroot, &error) : NULL;
    g_autoptr(HostCommit) running =
        list != NULL
            ? host_commit_load(sysroot->repo, ostree_deployment_get_csum(sysroot->merge), &error)
            : NULL;
    if (running == NULL) {
        printf("ATOLL UNKNOWN - %s\n", error->message);
        return STATE_UNKNOWN;
    }
    g_autoptr(JsonObject) agent = cmd_host_status_agent_load(
        self->agent_dir != NULL ? self->agent_dir : UPDATE_AGENT_RUN_DIR);
    g_autoptr(HostHealth) health =
        host_health_load(self->health != NULL ? self->health : HOST_HEALTH_FILE);
    int64_t now_s = g_get_real_time() / G_USEC_PER_SEC;
    /* an agent that has never had an answer counts from its last word */
    int64_t seen_s = agent != NULL ? MAX(get(agent, "last-check"), 0) : 0;
    int64_t age_s = seen_s > 0 ? MAX(now_s - seen_s, 0) : 0;
    look_at_signature(self, list);
    look_at_updates(self, sysroot);
    if (health != NULL)
        look_at_health(self, health);
    if (agent != NULL)
        look_at_agent(self, agent, age_s);
    else if (self->state == STATE_OK)
        say(self, STATE_UNKNOWN, "the update agent does not run");
    else
        say(self, STATE_WARNING, "the update agent does not run");
    return finish(self, running->version != NULL ? running->version : running->checksum, agent,
                  age_s);
}

int cmd_host_nagios(int argc, char **argv)
{
    g_auto(Check) self = {.warning_s = DEFAULT_WARNING_S,
                          .critical_s = DEFAULT_CRITICAL_S,
                          .why = g_string_new(NULL)};
    const GOptionEntry entries[] = {
        {"warning", 'w', 0, G_OPTION_ARG_INT, &self.warning_s,
         "seconds without an answer of the update graph (21600)", "SECONDS"},
        {"critical", 'c', 0, G_OPTION_ARG_INT, &self.critical_s, "the same (259200)", "SECONDS"},
        {"sysroot", 0, 0, G_OPTION_ARG_FILENAME, &self.sysroot, "another sysroot", "DIR"},
        {"agent-dir", 0, 0, G_OPTION_ARG_FILENAME, &self.agent_dir, "where the agent's status is",
         "DIR"},
        {"health", 0, 0, G_OPTION_ARG_FILENAME, &self.health, "results of the health checks",
         "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new("- check an atoll host");
    g_option_context_add_main_entries(context, entries, NULL);
    if (g_option_context_parse(context, &argc, &argv, &error))
        return check(&self);
    printf("ATOLL UNKNOWN - %s\n", error->message);
    return STATE_UNKNOWN;
}
