/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/error.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * UpdateState:
 * @UPDATE_STATE_IDLE: nothing is staged; waits for the next look
 * @UPDATE_STATE_CHECKING: asks the graph
 * @UPDATE_STATE_STAGING: fetches and stages
 * @UPDATE_STATE_STAGED: an update waits for a reboot
 * @UPDATE_STATE_ASKING: asks the strategy whether to reboot
 * @UPDATE_STATE_LEAVING: will reboot; people who are logged in have been told
 * @UPDATE_STATE_REBOOTING: the reboot is ordered
 */
typedef enum {
    UPDATE_STATE_IDLE,
    UPDATE_STATE_CHECKING,
    UPDATE_STATE_STAGING,
    UPDATE_STATE_STAGED,
    UPDATE_STATE_ASKING,
    UPDATE_STATE_LEAVING,
    UPDATE_STATE_REBOOTING,
    UPDATE_N_STATES,
} UpdateState;

/**
 * UpdateEventKind:
 * @UPDATE_EVENT_TIME: the clock moved on
 * @UPDATE_EVENT_NOTHING: the graph offers nothing; the text says why
 * @UPDATE_EVENT_TARGET: the graph offers a release
 * @UPDATE_EVENT_CHECK_FAILED: the graph could not be had; the text says why
 * @UPDATE_EVENT_STAGED: the target is staged
 * @UPDATE_EVENT_STAGE_FAILED: it is not; the text says why
 * @UPDATE_EVENT_MAY: the strategy lets the host reboot; @n_users are logged in
 * @UPDATE_EVENT_LATER: it does not, until @at_s (0: until somebody acts)
 * @UPDATE_EVENT_ASK_FAILED: it could not be asked; the text says why
 * @UPDATE_EVENT_USERS: @n_users are logged in now
 * @UPDATE_EVENT_CHECK_NOW: somebody wants a look at the graph
 * @UPDATE_EVENT_REBOOT_NOW: somebody wants the reboot
 * @UPDATE_EVENT_HOLD: somebody wants peace until @at_s (0: until resumed); the text says why
 * @UPDATE_EVENT_PAUSE: as HOLD, and wants no looking at the graph either
 * @UPDATE_EVENT_RESUME: and no longer
 */
typedef enum {
    UPDATE_EVENT_TIME,
    UPDATE_EVENT_NOTHING,
    UPDATE_EVENT_TARGET,
    UPDATE_EVENT_CHECK_FAILED,
    UPDATE_EVENT_STAGED,
    UPDATE_EVENT_STAGE_FAILED,
    UPDATE_EVENT_MAY,
    UPDATE_EVENT_LATER,
    UPDATE_EVENT_ASK_FAILED,
    UPDATE_EVENT_USERS,
    UPDATE_EVENT_CHECK_NOW,
    UPDATE_EVENT_REBOOT_NOW,
    UPDATE_EVENT_HOLD,
    UPDATE_EVENT_PAUSE,
    UPDATE_EVENT_RESUME,
    UPDATE_N_EVENTS,
} UpdateEventKind;

/**
 * UpdateEvent:
 * @kind: see #UpdateEventKind
 * @text: (nullable) (borrowed): why
 * @commit: (nullable) (borrowed): of TARGET
 * @version: (nullable) (borrowed): of TARGET
 * @at_s: Unix time
 * @n_users: people logged in
 */
typedef struct {
    UpdateEventKind kind;
    const char *text;
    const char *commit;
    const char *version;
    int64_t at_s;
    unsigned n_users;
} UpdateEvent;

/**
 * UpdateAction:
 * @UPDATE_ACTION_NONE: wait
 * @UPDATE_ACTION_CHECK: ask the graph
 * @UPDATE_ACTION_STAGE: fetch and stage the target
 * @UPDATE_ACTION_BLOCK: remember that the target cannot be staged
 * @UPDATE_ACTION_ASK: ask the strategy
 * @UPDATE_ACTION_WARN: tell people who are logged in when the host reboots
 * @UPDATE_ACTION_REBOOT: reboot
 */
typedef enum {
    UPDATE_ACTION_NONE,
    UPDATE_ACTION_CHECK,
    UPDATE_ACTION_STAGE,
    UPDATE_ACTION_BLOCK,
    UPDATE_ACTION_ASK,
    UPDATE_ACTION_WARN,
    UPDATE_ACTION_REBOOT,
} UpdateAction;

/**
 * UpdatePolicy:
 * @interval_s: between two looks at the graph
 * @users_delay_s: how long people hold a reboot up
 * @stage_tries: how often staging one release may fail
 */
typedef struct {
    uint64_t interval_s;
    uint64_t users_delay_s;
    uint64_t stage_tries;
} UpdatePolicy;

/**
 * UpdateMachine:
 * @policy: see #UpdatePolicy
 * @state: see #UpdateState
 * @target: (owned) (nullable): commit that is being staged
 * @target_version: (owned) (nullable)
 * @staged: (owned) (nullable): commit that waits for the reboot
 * @staged_version: (owned) (nullable)
 * @reason: (owned): why nothing happens, for people
 * @held: no staging and no reboot
 * @paused: and no looking at the graph but on demand; only while @held
 * @held_until_s: 0 for until resumed
 * @check_at_s: the next look at the graph
 * @ask_at_s: the next question to the strategy; 0 for none
 * @leave_at_s: when LEAVING ends
 * @n_check_failures: in a row
 * @n_stage_failures: of @target, in a row
 * @n_ask_failures: in a row
 *
 * What the agent is doing, and what it waits for. Knows no clock, network or disk.
 */
typedef struct {
    UpdatePolicy policy;
    UpdateState state;
    char *target;
    char *target_version;
    char *staged;
    char *staged_version;
    char *reason;
    bool held;
    bool paused;
    int64_t held_until_s;
    int64_t check_at_s;
    int64_t ask_at_s;
    int64_t leave_at_s;
    unsigned n_check_failures;
    unsigned n_stage_failures;
    unsigned n_ask_failures;
} UpdateMachine;

/** update_machine_init: a machine that looks at once; @staged (nullable) is staged already */
void update_machine_init(UpdateMachine *self, const UpdatePolicy *policy, const char *staged,
                         const char *staged_version, int64_t now_s);
void update_machine_clear(UpdateMachine *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(UpdateMachine, update_machine_clear)

/**
 * update_machine_step:
 * @self: the machine
 * @event: what happened
 * @now_s: Unix time
 *
 * Takes one event. One that means nothing in the present state changes nothing.
 *
 * Returns: what is to be done now; its outcome comes back as an event
 */
UpdateAction update_machine_step(UpdateMachine *self, const UpdateEvent *event, int64_t now_s);

/** update_machine_wake: when %UPDATE_EVENT_TIME is due; -1 while an action is under way */
int64_t update_machine_wake(const UpdateMachine *self);

/** update_state_name: "idle", … */
const char *update_state_name(UpdateState state);

G_END_DECLS
