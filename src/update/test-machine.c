/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every state with every event, and the stories that they make.
 */
#include "update/machine.h"

#include <string.h>

#define NOW 1000000
#define OLD "0000000000000000000000000000000000000000000000000000000000000000"
#define NEW "1111111111111111111111111111111111111111111111111111111111111111"

static const UpdatePolicy policy = {.interval_s = 300, .users_delay_s = 600, .stage_tries = 2};

typedef struct {
    UpdateState to;
    UpdateAction action;
} Cell;

#define STAY(state)                                                                                \
    {                                                                                              \
        UPDATE_STATE_##state, UPDATE_ACTION_NONE                                                   \
    }
#define GO(state, action)                                                                          \
    {                                                                                              \
        UPDATE_STATE_##state, UPDATE_ACTION_##action                                               \
    }

/* In IDLE and STAGED nothing is due yet; one try of staging has failed before. */
static const Cell table[UPDATE_N_STATES][UPDATE_N_EVENTS] =
    {
        [UPDATE_STATE_IDLE] =
            {
                [UPDATE_EVENT_TIME] = STAY(IDLE),
                [UPDATE_EVENT_NOTHING] = STAY(IDLE),
                [UPDATE_EVENT_TARGET] = STAY(IDLE),
                [UPDATE_EVENT_CHECK_FAILED] = STAY(IDLE),
                [UPDATE_EVENT_STAGED] = STAY(IDLE),
                [UPDATE_EVENT_STAGE_FAILED] = STAY(IDLE),
                [UPDATE_EVENT_MAY] = STAY(IDLE),
                [UPDATE_EVENT_LATER] = STAY(IDLE),
                [UPDATE_EVENT_ASK_FAILED] = STAY(IDLE),
                [UPDATE_EVENT_USERS] = STAY(IDLE),
                [UPDATE_EVENT_CHECK_NOW] = GO(CHECKING, CHECK),
                [UPDATE_EVENT_REBOOT_NOW] = STAY(IDLE),
                [UPDATE_EVENT_HOLD] = STAY(IDLE),
                [UPDATE_EVENT_PAUSE] = STAY(IDLE),
                [UPDATE_EVENT_RESUME] = STAY(IDLE),
            },
        [UPDATE_STATE_CHECKING] =
            {
                [UPDATE_EVENT_TIME] = STAY(CHECKING),
                [UPDATE_EVENT_NOTHING] = STAY(IDLE),
                [UPDATE_EVENT_TARGET] = GO(STAGING, STAGE),
                [UPDATE_EVENT_CHECK_FAILED] = STAY(IDLE),
                [UPDATE_EVENT_STAGED] = STAY(CHECKING),
                [UPDATE_EVENT_STAGE_FAILED] = STAY(CHECKING),
                [UPDATE_EVENT_MAY] = STAY(CHECKING),
                [UPDATE_EVENT_LATER] = STAY(CHECKING),
                [UPDATE_EVENT_ASK_FAILED] = STAY(CHECKING),
                [UPDATE_EVENT_USERS] = STAY(CHECKING),
                [UPDATE_EVENT_CHECK_NOW] = STAY(CHECKING),
                [UPDATE_EVENT_REBOOT_NOW] = STAY(CHECKING),
                [UPDATE_EVENT_HOLD] = STAY(CHECKING),
                [UPDATE_EVENT_PAUSE] = STAY(CHECKING),
                [UPDATE_EVENT_RESUME] = STAY(CHECKING),
            },
        [UPDATE_STATE_STAGING] =
            {
                [UPDATE_EVENT_TIME] = STAY(STAGING),
                [UPDATE_EVENT_NOTHING] = STAY(STAGING),
                [UPDATE_EVENT_TARGET] = STAY(STAGING),
                [UPDATE_EVENT_CHECK_FAILED] = STAY(STAGING),
                [UPDATE_EVENT_STAGED] = STAY(STAGED),
                [UPDATE_EVENT_STAGE_FAILED] = GO(IDLE, BLOCK),
                [UPDATE_EVENT_MAY] = STAY(STAGING),
                [UPDATE_EVENT_LATER] = STAY(STAGING),
                [UPDATE_EVENT_ASK_FAILED] = STAY(STAGING),
                [UPDATE_EVENT_USERS] = STAY(STAGING),
                [UPDATE_EVENT_CHECK_NOW] = STAY(STAGING),
                [UPDATE_EVENT_REBOOT_NOW] = STAY(STAGING),
                [UPDATE_EVENT_HOLD] = STAY(STAGING),
                [UPDATE_EVENT_PAUSE] = STAY(STAGING),
                [UPDATE_EVENT_RESUME] = STAY(STAGING),
            },
        [UPDATE_STATE_STAGED] =
            {
                [UPDATE_EVENT_TIME] = STAY(STAGED),
                [UPDATE_EVENT_NOTHING] = STAY(STAGED),
                [UPDATE_EVENT_TARGET] = STAY(STAGED),
                [UPDATE_EVENT_CHECK_FAILED] = STAY(STAGED),
                [UPDATE_EVENT_STAGED] = STAY(STAGED),
                [UPDATE_EVENT_STAGE_FAILED] = STAY(STAGED),
                [UPDATE_EVENT_MAY] = STAY(STAGED),
                [UPDATE_EVENT_LATER] = STAY(STAGED),
                [UPDATE_EVENT_ASK_FAILED] = STAY(STAGED),
                [UPDATE_EVENT_USERS] = STAY(STAGED),
                [UPDATE_EVENT_CHECK_NOW] = GO(CHECKING, CHECK),
                [UPDATE_EVENT_REBOOT_NOW] = GO(REBOOTING, REBOOT),
                [UPDATE_EVENT_HOLD] = STAY(STAGED),
                [UPDATE_EVENT_PAUSE] = STAY(STAGED),
                [UPDATE_EVENT_RESUME] = STAY(STAGED),
            },
        [UPDATE_STATE_ASKING] =
            {
                [UPDATE_EVENT_TIME] = STAY(ASKING),
                [UPDATE_EVENT_NOTHING] = STAY(ASKING),
                [UPDATE_EVENT_TARGET] = STAY(ASKING),
                [UPDATE_EVENT_CHECK_FAILED] = STAY(ASKING),
                [UPDATE_EVENT_STAGED] = STAY(ASKING),
                [UPDATE_EVENT_STAGE_FAILED] = STAY(ASKING),
                [UPDATE_EVENT_MAY] = GO(REBOOTING, REBOOT),
                [UPDATE_EVENT_LATER] = STAY(STAGED),
                [UPDATE_EVENT_ASK_FAILED] = STAY(STAGED),
                [UPDATE_EVENT_USERS] = STAY(ASKING),
                [UPDATE_EVENT_CHECK_NOW] = STAY(ASKING),
                [UPDATE_EVENT_REBOOT_NOW] = GO(REBOOTING, REBOOT),
                [UPDATE_EVENT_HOLD] = STAY(ASKING),
                [UPDATE_EVENT_PAUSE] = STAY(ASKING),
                [UPDATE_EVENT_RESUME] = STAY(ASKING),
            },
        [UPDATE_STATE_LEAVING] =
            {
                [UPDATE_EVENT_TIME] = STAY(LEAVING),
                [UPDATE_EVENT_NOTHING] = STAY(LEAVING),
                [UPDATE_EVENT_TARGET] = STAY(LEAVING),
                [UPDATE_EVENT_CHECK_FAILED] = STAY(LEAVING),
                [UPDATE_EVENT_STAGED] = STAY(LEAVING),
                [UPDATE_EVENT_STAGE_FAILED] = STAY(LEAVING),
                [UPDATE_EVENT_MAY] = STAY(LEAVING),
                [UPDATE_EVENT_LATER] = STAY(LEAVING),
                [UPDATE_EVENT_ASK_FAILED] = STAY(LEAVING),
                [UPDATE_EVENT_USERS] = GO(REBOOTING, REBOOT), /* nobody is left */
                [UPDATE_EVENT_CHECK_NOW] = STAY(LEAVING),
                [UPDATE_EVENT_REBOOT_NOW] = GO(REBOOTING, REBOOT),
                [UPDATE_EVENT_HOLD] = STAY(STAGED),
                [UPDATE_EVENT_PAUSE] = STAY(STAGED),
                [UPDATE_EVENT_RESUME] = STAY(LEAVING),
            },
};

static void set_state(UpdateMachine *machine, UpdateState state)
{
    bool is_staged = state == UPDATE_STATE_STAGED || state == UPDATE_STATE_ASKING ||
                     state == UPDATE_STATE_LEAVING || state == UPDATE_STATE_REBOOTING;
    update_machine_init(machine, &policy, is_staged ? OLD : NULL, is_staged ? "1" : NULL, NOW);
    machine->state = state;
    machine->check_at_s = NOW + 100;
    machine->ask_at_s = is_staged ? NOW + 50 : 0;
    machine->leave_at_s = NOW + 70;
    if (state == UPDATE_STATE_STAGING) {
        machine->target = g_strdup(NEW);
        machine->n_stage_failures = 1;
    }
}

static void test_every_cell(void)
{
    for (UpdateState state = 0; state < UPDATE_N_STATES; state++) {
        for (UpdateEventKind kind = 0; kind < UPDATE_N_EVENTS; kind++) {
            g_auto(UpdateMachine) machine = {0};
            UpdateEvent event = {.kind = kind, .text = "why", .commit = NEW, .version = "2"};
            set_state(&machine, state);
            g_test_message("%s, event %u", update_state_name(state), kind);
            UpdateAction action = update_machine_step(&machine, &event, NOW);
            Cell expected =
                state == UPDATE_STATE_REBOOTING ? (Cell)STAY(REBOOTING) : table[state][kind];
            g_assert_cmpstr(update_state_name(machine.state), ==, update_state_name(expected.to));
            g_assert_cmpint(action, ==, expected.action);
            g_assert_nonnull(machine.reason);
        }
    }
}

static UpdateAction step(UpdateMachine *machine, UpdateEventKind kind, int64_t at_s)
{
    UpdateEvent event = {.kind = kind, .text = "why", .commit = NEW, .version = "2"};
    return update_machine_step(machine, &event, at_s);
}

static void test_the_whole_way(void)
{
    g_auto(UpdateMachine) machine = {0};
    update_machine_init(&machine, &policy, NULL, NULL, NOW);
    g_assert_cmpint(update_machine_wake(&machine), ==, NOW);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, NOW), ==, UPDATE_ACTION_CHECK);
    g_assert_cmpint(update_machine_wake(&machine), ==, -1);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_NOTHING, NOW + 1), ==, UPDATE_ACTION_NONE);
    g_assert_cmpint(update_machine_wake(&machine), ==, NOW + 300);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, NOW + 299), ==, UPDATE_ACTION_NONE);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, NOW + 300), ==, UPDATE_ACTION_CHECK);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TARGET, NOW + 301), ==, UPDATE_ACTION_STAGE);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_STAGED, NOW + 310), ==, UPDATE_ACTION_NONE);
    g_assert_cmpstr(machine.staged, ==, NEW);
    g_assert_cmpint(update_machine_wake(&machine), ==, NOW + 310);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, NOW + 310), ==, UPDATE_ACTION_ASK);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_ASK_FAILED, NOW + 311), ==, UPDATE_ACTION_NONE);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, NOW + 341), ==, UPDATE_ACTION_ASK);
    UpdateEvent may = {.kind = UPDATE_EVENT_MAY, .n_users = 2};
    g_assert_cmpint(update_machine_step(&machine, &may, NOW + 342), ==, UPDATE_ACTION_WARN);
    g_assert_cmpint(update_machine_wake(&machine), ==, NOW + 942);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, NOW + 941), ==, UPDATE_ACTION_NONE);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, NOW + 942), ==, UPDATE_ACTION_REBOOT);
}

static void test_newer_while_staged(void)
{
    g_auto(UpdateMachine) machine = {0};
    UpdateEvent same = {.kind = UPDATE_EVENT_TARGET, .commit = OLD, .version = "1"};
    set_state(&machine, UPDATE_STATE_STAGED);
    machine.ask_at_s = 0;
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, NOW + 100), ==, UPDATE_ACTION_CHECK);
    g_assert_cmpint(update_machine_step(&machine, &same, NOW + 101), ==, UPDATE_ACTION_NONE);
    g_assert_cmpstr(update_state_name(machine.state), ==, "staged");
    g_assert_cmpint(step(&machine, UPDATE_EVENT_CHECK_NOW, NOW + 102), ==, UPDATE_ACTION_CHECK);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TARGET, NOW + 103), ==, UPDATE_ACTION_STAGE);
    /* what was staged stays so when the newer one cannot be */
    g_assert_cmpint(step(&machine, UPDATE_EVENT_STAGE_FAILED, NOW + 104), ==, UPDATE_ACTION_NONE);
    g_assert_cmpstr(update_state_name(machine.state), ==, "staged");
    g_assert_cmpstr(machine.staged, ==, OLD);
}

static void test_back_off(void)
{
    g_auto(UpdateMachine) machine = {0};
    int64_t now_s = NOW;
    int64_t last_s = 0;
    update_machine_init(&machine, &policy, NULL, NULL, now_s);
    for (unsigned i = 0; i < 20; i++) {
        g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, now_s), ==, UPDATE_ACTION_CHECK);
        (void)step(&machine, UPDATE_EVENT_CHECK_FAILED, now_s);
        int64_t wait_s = update_machine_wake(&machine) - now_s;
        g_assert_cmpint(wait_s, >=, last_s);
        g_assert_cmpint(wait_s, <=, 3600);
        last_s = wait_s;
        now_s += wait_s;
    }
    g_assert_cmpint(last_s, ==, 3600);
    /* a server's Retry-After counts when it is later */
    UpdateEvent later = {.kind = UPDATE_EVENT_CHECK_FAILED, .text = "busy", .at_s = now_s + 9000};
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, now_s), ==, UPDATE_ACTION_CHECK);
    (void)update_machine_step(&machine, &later, now_s);
    g_assert_cmpint(update_machine_wake(&machine), ==, now_s + 9000);
}

static void test_hold(void)
{
    g_auto(UpdateMachine) machine = {0};
    UpdateEvent hold = {.kind = UPDATE_EVENT_HOLD, .text = "release day"};
    UpdateEvent pause = {.kind = UPDATE_EVENT_HOLD, .at_s = NOW + 500};
    update_machine_init(&machine, &policy, NULL, NULL, NOW);
    g_assert_cmpint(update_machine_step(&machine, &hold, NOW), ==, UPDATE_ACTION_NONE);
    g_assert_cmpstr(machine.reason, ==, "release day");
    /* it goes on looking, and stages nothing */
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, NOW), ==, UPDATE_ACTION_CHECK);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TARGET, NOW + 1), ==, UPDATE_ACTION_NONE);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_RESUME, NOW + 2), ==, UPDATE_ACTION_CHECK);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TARGET, NOW + 3), ==, UPDATE_ACTION_STAGE);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_STAGED, NOW + 4), ==, UPDATE_ACTION_NONE);
    /* a pause ends by itself */
    g_assert_cmpint(update_machine_step(&machine, &pause, NOW + 5), ==, UPDATE_ACTION_NONE);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_TIME, NOW + 6), ==, UPDATE_ACTION_NONE);
    (void)step(&machine, UPDATE_EVENT_TIME, NOW + 500);
    g_assert_false(machine.held);
    /* a hold that comes while the strategy answers wins */
    machine.state = UPDATE_STATE_ASKING;
    (void)update_machine_step(&machine, &hold, NOW + 501);
    g_assert_cmpint(step(&machine, UPDATE_EVENT_MAY, NOW + 502), ==, UPDATE_ACTION_NONE);
    g_assert_cmpstr(update_state_name(machine.state), ==, "staged");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/machine/every-cell", test_every_cell);
    g_test_add_func("/machine/whole-way", test_the_whole_way);
    g_test_add_func("/machine/newer-while-staged", test_newer_while_staged);
    g_test_add_func("/machine/back-off", test_back_off);
    g_test_add_func("/machine/hold", test_hold);
    return g_test_run();
}
