/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The agent's states and what moves it from one to the next: one function a state.
 */
#include "update/machine.h"

#include <string.h>

#define BACK_OFF_FIRST_S 30
#define BACK_OFF_MAX_S (60 * 60)
#define ASK_AGAIN_S 60

static const char *const state_names[UPDATE_N_STATES] = {
    [UPDATE_STATE_IDLE] = "idle",           [UPDATE_STATE_CHECKING] = "checking",
    [UPDATE_STATE_STAGING] = "staging",     [UPDATE_STATE_STAGED] = "staged",
    [UPDATE_STATE_ASKING] = "asking",       [UPDATE_STATE_LEAVING] = "leaving",
    [UPDATE_STATE_REBOOTING] = "rebooting",
};

const char *update_state_name(UpdateState state)
{
    return state_names[state];
}

static void say(UpdateMachine *self, const char *text)
{
    char *copy = g_strdup(text != NULL ? text : "");
    g_free(self->reason);
    self->reason = copy;
}

void update_machine_init(UpdateMachine *self, const UpdatePolicy *policy, const char *staged,
                         const char *staged_version, int64_t now_s)
{
    *self = (UpdateMachine){.policy = *policy,
                            .staged = g_strdup(staged),
                            .staged_version = g_strdup(staged_version),
                            .state = staged != NULL ? UPDATE_STATE_STAGED : UPDATE_STATE_IDLE,
                            .check_at_s = now_s,
                            .ask_at_s = staged != NULL ? now_s : 0};
    say(self, "has just started");
}

void update_machine_clear(UpdateMachine *self)
{
    g_clear_pointer(&self->target, g_free);
    g_clear_pointer(&self->target_version, g_free);
    g_clear_pointer(&self->staged, g_free);
    g_clear_pointer(&self->staged_version, g_free);
    g_clear_pointer(&self->reason, g_free);
}

static int64_t back_off_s(unsigned n_failures)
{
    unsigned doublings = MIN(n_failures > 0 ? n_failures - 1 : 0, 10u);
    return MIN((int64_t)BACK_OFF_FIRST_S << doublings, BACK_OFF_MAX_S);
}

/* Where the machine waits: with an update, or without one. */
static UpdateAction rest(UpdateMachine *self)
{
    self->state = self->staged != NULL ? UPDATE_STATE_STAGED : UPDATE_STATE_IDLE;
    return UPDATE_ACTION_NONE;
}

static UpdateAction check(UpdateMachine *self, int64_t now_s)
{
    self->state = UPDATE_STATE_CHECKING;
    self->check_at_s = now_s + (int64_t)self->policy.interval_s;
    return UPDATE_ACTION_CHECK;
}

static UpdateAction stage(UpdateMachine *self)
{
    self->state = UPDATE_STATE_STAGING;
    return UPDATE_ACTION_STAGE;
}

static UpdateAction reboot(UpdateMachine *self)
{
    self->state = UPDATE_STATE_REBOOTING;
    say(self, "reboots");
    return UPDATE_ACTION_REBOOT;
}

static void set_target(UpdateMachine *self, const UpdateEvent *event)
{
    if (g_strcmp0(self->target, event->commit) != 0)
        self->n_stage_failures = 0;
    char *commit = g_strdup(event->commit);
    char *version = g_strdup(event->version);
    g_free(self->target);
    g_free(self->target_version);
    self->target = commit;
    self->target_version = version;
}

/* What waiting means in both states of rest. */
static UpdateAction step_resting(UpdateMachine *self, const UpdateEvent *event, int64_t now_s)
{
    bool is_staged = self->state == UPDATE_STATE_STAGED;
    if (event->kind == UPDATE_EVENT_CHECK_NOW)
        return check(self, now_s);
    if (event->kind == UPDATE_EVENT_REBOOT_NOW && is_staged)
        return reboot(self);
    if (event->kind != UPDATE_EVENT_TIME && event->kind != UPDATE_EVENT_RESUME)
        return UPDATE_ACTION_NONE;
    if (now_s >= self->check_at_s && !self->paused)
        return check(self, now_s);
    if (is_staged && !self->held && self->ask_at_s != 0 && now_s >= self->ask_at_s) {
        self->state = UPDATE_STATE_ASKING;
        return UPDATE_ACTION_ASK;
    }
    return UPDATE_ACTION_NONE;
}

static UpdateAction step_checking(UpdateMachine *self, const UpdateEvent *event, int64_t now_s)
{
    if (event->kind == UPDATE_EVENT_CHECK_FAILED) {
        self->n_check_failures++;
        self->check_at_s = MAX(event->at_s, now_s + back_off_s(self->n_check_failures));
        say(self, event->text);
        return rest(self);
    }
    if (event->kind != UPDATE_EVENT_NOTHING && event->kind != UPDATE_EVENT_TARGET)
        return UPDATE_ACTION_NONE;
    self->n_check_failures = 0;
    if (event->kind == UPDATE_EVENT_NOTHING) {
        if (self->staged == NULL)
            say(self, event->text);
        return rest(self);
    }
    if (g_strcmp0(self->staged, event->commit) == 0)
        return rest(self);
    set_target(self, event);
    if (!self->held)
        return stage(self);
    return rest(self);
}

static UpdateAction step_staging(UpdateMachine *self, const UpdateEvent *event, int64_t now_s)
{
    if (event->kind == UPDATE_EVENT_STAGED) {
        g_free(self->staged);
        g_free(self->staged_version);
        self->staged = g_steal_pointer(&self->target);
        self->staged_version = g_steal_pointer(&self->target_version);
        self->n_stage_failures = 0;
        self->ask_at_s = now_s;
        say(self, "an update is staged");
        return rest(self);
    }
    if (event->kind != UPDATE_EVENT_STAGE_FAILED)
        return UPDATE_ACTION_NONE;
    self->n_stage_failures++;
    say(self, event->text);
    if (self->n_stage_failures >= self->policy.stage_tries) {
        self->n_stage_failures = 0;
        (void)rest(self);
        return UPDATE_ACTION_BLOCK;
    }
    self->check_at_s = now_s + back_off_s(self->n_stage_failures);
    return rest(self);
}

static UpdateAction leave(UpdateMachine *self, unsigned n_users, int64_t now_s)
{
    /* a hold that came while the strategy was asked */
    if (self->held)
        return rest(self);
    if (n_users == 0 || self->policy.users_delay_s == 0)
        return reboot(self);
    self->state = UPDATE_STATE_LEAVING;
    self->leave_at_s = now_s + (int64_t)self->policy.users_delay_s;
    say(self, "people are logged in");
    return UPDATE_ACTION_WARN;
}

static UpdateAction step_asking(UpdateMachine *self, const UpdateEvent *event, int64_t now_s)
{
    if (event->kind == UPDATE_EVENT_REBOOT_NOW)
        return reboot(self);
    if (event->kind != UPDATE_EVENT_MAY && event->kind != UPDATE_EVENT_LATER &&
        event->kind != UPDATE_EVENT_ASK_FAILED)
        return UPDATE_ACTION_NONE;
    self->n_ask_failures = event->kind == UPDATE_EVENT_ASK_FAILED ? self->n_ask_failures + 1 : 0;
    if (event->kind == UPDATE_EVENT_MAY)
        return leave(self, event->n_users, now_s);
    if (event->kind == UPDATE_EVENT_ASK_FAILED)
        self->ask_at_s = now_s + back_off_s(self->n_ask_failures);
    else
        self->ask_at_s = event->at_s == 0 ? 0 : MAX(event->at_s, now_s + ASK_AGAIN_S);
    say(self, event->text);
    return rest(self);
}

static UpdateAction step_leaving(UpdateMachine *self, const UpdateEvent *event, int64_t now_s)
{
    if (event->kind == UPDATE_EVENT_HOLD || event->kind == UPDATE_EVENT_PAUSE) {
        self->ask_at_s = now_s;
        return rest(self);
    }
    if (event->kind == UPDATE_EVENT_REBOOT_NOW ||
        (event->kind == UPDATE_EVENT_USERS && event->n_users == 0) ||
        (event->kind == UPDATE_EVENT_TIME && now_s >= self->leave_at_s))
        return reboot(self);
    return UPDATE_ACTION_NONE;
}

static void take_hold(UpdateMachine *self, const UpdateEvent *event, int64_t now_s)
{
    if (event->kind == UPDATE_EVENT_HOLD || event->kind == UPDATE_EVENT_PAUSE) {
        self->held = true;
        self->paused = event->kind == UPDATE_EVENT_PAUSE;
        self->held_until_s = event->at_s;
        say(self, event->text != NULL ? event->text : "held");
    } else if (self->held && (event->kind == UPDATE_EVENT_RESUME ||
                              (self->held_until_s != 0 && now_s >= self->held_until_s))) {
        self->held = false;
        self->paused = false;
        self->held_until_s = 0;
        /* what was found meanwhile is looked for again, and staged then */
        self->check_at_s = now_s;
        self->ask_at_s = self->staged != NULL ? now_s : 0;
        say(self, "resumed");
    }
}

UpdateAction update_machine_step(UpdateMachine *self, const UpdateEvent *event, int64_t now_s)
{
    take_hold(self, event, now_s);
    switch (self->state) {
    case UPDATE_STATE_IDLE:
    case UPDATE_STATE_STAGED:
        return step_resting(self, event, now_s);
    case UPDATE_STATE_CHECKING:
        return step_checking(self, event, now_s);
    case UPDATE_STATE_STAGING:
        return step_staging(self, event, now_s);
    case UPDATE_STATE_ASKING:
        return step_asking(self, event, now_s);
    case UPDATE_STATE_LEAVING:
        return step_leaving(self, event, now_s);
    case UPDATE_STATE_REBOOTING:
        return UPDATE_ACTION_NONE;
    case UPDATE_N_STATES:
    default:
        g_assert_not_reached();
    }
}

int64_t update_machine_wake(const UpdateMachine *self)
{
    int64_t wake_s = self->check_at_s;
    switch (self->state) {
    case UPDATE_STATE_LEAVING:
        return self->leave_at_s;
    case UPDATE_STATE_IDLE:
    case UPDATE_STATE_STAGED:
        if (self->state == UPDATE_STATE_STAGED && !self->held && self->ask_at_s != 0)
            wake_s = MIN(wake_s, self->ask_at_s);
        if (self->held && self->held_until_s != 0)
            wake_s = self->paused ? self->held_until_s : MIN(wake_s, self->held_until_s);
        else if (self->paused)
            wake_s = -1;
        return wake_s;
    case UPDATE_STATE_CHECKING:
    case UPDATE_STATE_STAGING:
    case UPDATE_STATE_ASKING:
    case UPDATE_STATE_REBOOTING:
    case UPDATE_N_STATES:
    default:
        return -1;
    }
}
