/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the agent tells Prometheus: a file for a textfile collector, in its text format 0.0.4.
 */
#include "update/agent-private.h"

static void add(GString *text, const char *name, const char *type, const char *help, int64_t value)
{
    g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n%s %" G_GINT64_FORMAT "\n", name,
                           help, name, type, name, value);
}

static void add_counter(GString *text, const char *name, const char *help, uint64_t value)
{
    add(text, name, "counter", help, (int64_t)value);
}

static void add_gauge(GString *text, const char *name, const char *help, int64_t value)
{
    add(text, name, "gauge", help, value);
}

/* Label values end at an unescaped quote. */
static char *escape(const char *text)
{
    g_autoptr(GString) escaped = g_string_new(NULL);
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '\n')
            g_string_append(escaped, "\\n");
        else if (*text == '"' || *text == '\\')
            g_string_append_printf(escaped, "\\%c", *text);
        else
            g_string_append_c(escaped, *text);
    }
    return g_string_free(g_steal_pointer(&escaped), FALSE);
}

static void add_info(GString *text, const UpdateAgent *self)
{
    g_autofree char *stream = escape(self->options->stream);
    g_autofree char *strategy = escape(self->options->strategy);
    g_autofree char *staged = escape(self->machine.staged_version);
    g_string_append_printf(
        text,
        "# HELP atoll_agent_info What the agent follows, and what it has staged.\n"
        "# TYPE atoll_agent_info gauge\n"
        "atoll_agent_info{stream=\"%s\",strategy=\"%s\",staged=\"%s\"} 1\n"
        "# HELP atoll_agent_state The state that the agent is in has the value 1.\n"
        "# TYPE atoll_agent_state gauge\n",
        stream, strategy, staged);
    for (unsigned i = 0; i < UPDATE_N_STATES; i++)
        g_string_append_printf(text, "atoll_agent_state{state=\"%s\"} %d\n",
                               update_state_name((UpdateState)i),
                               self->machine.state == (UpdateState)i);
}

static void add_graph(GString *text, const UpdateAgent *self)
{
    add_counter(text, "atoll_graph_checks_total", "Looks at the update graph.",
                self->counters.checks);
    add_counter(text, "atoll_graph_check_errors_total", "Looks at the update graph that failed.",
                self->counters.check_errors);
    add_gauge(text, "atoll_graph_check_failures", "Looks that failed since one went well.",
              self->machine.n_check_failures);
    add_gauge(text, "atoll_graph_last_refresh_timestamp_seconds",
              "When the update graph answered last.", self->last_check_s);
    add_gauge(text, "atoll_graph_releases", "Releases in the update graph.", self->n_releases);
    add_gauge(text, "atoll_graph_booted_release_is_deadend",
              "1 when no update leads away from what runs.", self->deadend != NULL);
    add_gauge(text, "atoll_graph_booted_release_is_unknown",
              "1 when the graph does not know what runs: the host gets no updates.",
              g_strcmp0(self->result, "unknown") == 0);
    add_gauge(text, "atoll_graph_next_release_is_barrier",
              "1 when every host has to pass through the release that comes next.",
              self->barrier != NULL);
    add_gauge(text, "atoll_graph_blocked_releases", "Releases that failed here and are left alone.",
              self->ledger->blocked->len);
}

char *update_agent_metrics(const UpdateAgent *self)
{
    GString *text = g_string_new(NULL);
    const UpdateCounters *counters = &self->counters;
    add_info(text, self);
    add_gauge(text, "atoll_agent_latest_state_change_timestamp_seconds",
              "When the agent's state changed last.", self->changed_s);
    add_gauge(text, "atoll_agent_held", "1 while somebody holds updates.", self->machine.held);
    add_gauge(text, "atoll_agent_update_staged", "1 when an update waits for a reboot.",
              self->machine.staged != NULL);
    add_graph(text, self);
    add_counter(text, "atoll_stage_attempts_total", "Tries to fetch and stage a release.",
                counters->stagings);
    add_counter(text, "atoll_stage_errors_total", "Those that failed.", counters->staging_errors);
    add_counter(text, "atoll_strategy_requests_total", "Questions whether to reboot.",
                counters->asks);
    add_counter(text, "atoll_strategy_refusals_total", "Those that were answered with no.",
                counters->refusals);
    add_counter(text, "atoll_strategy_errors_total", "Those that could not be asked.",
                counters->ask_errors);
    add_counter(text, "atoll_reboots_ordered_total", "Reboots that the agent ordered.",
                counters->reboots);
    return g_string_free(text, FALSE);
}
