/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/machine.h"

G_BEGIN_DECLS

/** UPDATE_AGENT_RUN_DIR: where a running agent's socket and status are */
#define UPDATE_AGENT_RUN_DIR "/run/atoll-host"
/** UPDATE_AGENT_STATE_DIR: where its ledger is */
#define UPDATE_AGENT_STATE_DIR "/var/lib/atoll-host"
/** UPDATE_AGENT_SOCKET_NAME: takes one JSON line a connection, answers with one */
#define UPDATE_AGENT_SOCKET_NAME "agent.socket"
/** UPDATE_AGENT_STATUS_NAME: what it is doing, for ‘status’ and monitoring */
#define UPDATE_AGENT_STATUS_NAME "agent-status.json"
/** UPDATE_AGENT_METRICS_NAME: the same for Prometheus' textfile collector */
#define UPDATE_AGENT_METRICS_NAME "atoll.prom"
/** UPDATE_AGENT_STEADY_NAME: there once the strategy has been told that the host is up */
#define UPDATE_AGENT_STEADY_NAME "steady"

/**
 * UpdateAgentOptions:
 * @program: path of this program, which does the agent's heavy work as children
 * @sysroot: (nullable): see host_sysroot_open()
 * @agent_args: further arguments for children that are commands of the agent, %NULL-terminated
 * @policy: see #UpdatePolicy
 * @stream: for the status
 * @strategy: for the status
 * @state_dir: see %UPDATE_AGENT_STATE_DIR
 * @run_dir: see %UPDATE_AGENT_RUN_DIR; made when missing
 * @reboot_argv: what reboots
 *
 * All borrowed.
 */
typedef struct {
    const char *program;
    const char *sysroot;
    const char *const *agent_args;
    UpdatePolicy policy;
    const char *stream;
    const char *strategy;
    const char *state_dir;
    const char *run_dir;
    const char *const *reboot_argv;
} UpdateAgentOptions;

/**
 * update_agent_run:
 * @options: see #UpdateAgentOptions
 * @staged: (nullable): commit that is staged already
 * @staged_version: (nullable)
 * @cancellable: ends the agent
 * @error: return location; a reboot that cannot be ordered, a configuration that is wrong
 *
 * Runs the agent: an idle main loop. Asking, fetching and staging are children of their own,
 * so that their memory is given back and their faults stay theirs. Speaks sd_notify(3).
 */
bool update_agent_run(const UpdateAgentOptions *options, const char *staged,
                      const char *staged_version, GCancellable *cancellable,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * update_agent_request:
 * @run_dir: of the agent
 * @request: "check-now", "reboot-now" or "reload" (the ledger has changed)
 * @out_answer: (out) (transfer full): the agent's answer, for people
 * @error: %UPDATE_ERROR_FAILED when no agent runs or it refuses
 */
bool update_agent_request(const char *run_dir, const char *request, char **out_answer,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
