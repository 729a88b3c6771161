/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/agent.h"
#include "update/child.h"
#include "update/ledger.h"

G_BEGIN_DECLS

/**
 * UpdateCounters:
 * @checks: looks at the graph
 * @check_errors: that failed
 * @stagings: tries to stage
 * @staging_errors: that failed
 * @asks: questions to the strategy
 * @ask_errors: that failed
 * @refusals: that were answered with no
 * @reboots: that were ordered
 *
 * What happened since the agent began.
 */
typedef struct {
    uint64_t checks;
    uint64_t check_errors;
    uint64_t stagings;
    uint64_t staging_errors;
    uint64_t asks;
    uint64_t ask_errors;
    uint64_t refusals;
    uint64_t reboots;
} UpdateCounters;

/**
 * UpdateAgent:
 * @options: (borrowed)
 * @loop: the main loop
 * @cancellable: ends the children when the agent ends
 * @stopping: nothing is begun any more
 * @n_children: that are under way
 * @ledger: what must not be forgotten
 * @machine: what to do
 * @service: (nullable): listens on the socket
 * @wake_id: source of the next look at the clock, 0 for none
 * @steady_id: source of the next try to tell the strategy that the host is up, 0 for none
 * @last_check_s: when the graph last answered, 0 for never
 * @last_check: (owned) (nullable): what it came to, in words
 * @result: (owned) (nullable): and in one ("none", "target", …)
 * @deadend: (owned) (nullable): why no update leads away
 * @barrier: (owned) (nullable): why every host has to pass through what comes next
 * @n_releases: in the graph
 * @changed_s: when the state changed last
 * @counters: for the metrics
 * @error: (owned) (nullable): why the agent ends
 */
typedef struct {
    const UpdateAgentOptions *options;
    GMainLoop *loop;
    GCancellable *cancellable;
    bool stopping;
    unsigned n_children;
    UpdateLedger *ledger;
    UpdateMachine machine;
    GSocketService *service;
    guint wake_id;
    guint steady_id;
    int64_t last_check_s;
    char *last_check;
    char *result;
    char *deadend;
    char *barrier;
    int64_t n_releases;
    int64_t changed_s;
    UpdateCounters counters;
    GError *error;
} UpdateAgent;

/** update_agent_take: acts on a request; @out_answer (static) is for people; %FALSE refuses */
bool update_agent_take(UpdateAgent *self, const char *request, const char **out_answer);

/** update_agent_listen: opens the socket; one that an agent before left behind is replaced */
bool update_agent_listen(UpdateAgent *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** update_agent_close: closes the socket and removes it */
void update_agent_close(UpdateAgent *self);

/** update_agent_start: runs @argv as a child; @done gets the agent as its user data */
void update_agent_start(UpdateAgent *self, const char *const *argv, UpdateChildDone done);

/** update_agent_spawn: runs this program with @args, and --sysroot when the agent has one */
void update_agent_spawn(UpdateAgent *self, const char *const *args, UpdateChildDone done);

/** update_agent_drain: ends the children and waits for them */
void update_agent_drain(UpdateAgent *self);

/** update_agent_note_check: keeps what ‘agent check’ printed for the status */
void update_agent_note_check(UpdateAgent *self, JsonObject *output, int64_t now_s);

/** update_agent_write_status: tells %UPDATE_AGENT_STATUS_NAME and systemd what goes on */
void update_agent_write_status(const UpdateAgent *self, int64_t now_s);

/** update_agent_metrics: (transfer full): all of it in Prometheus' text format */
char *update_agent_metrics(const UpdateAgent *self);

G_END_DECLS
