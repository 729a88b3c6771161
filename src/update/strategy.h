/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/config.h"

G_BEGIN_DECLS

/**
 * UpdateVerdict:
 * @may: whether the host may reboot now
 * @again_s: Unix time at which to ask again; 0 when only a person can change the answer
 * @reason: (owned) (nullable): why not, for people
 *
 * A strategy's answer.
 */
typedef struct {
    bool may;
    int64_t again_s;
    char *reason;
} UpdateVerdict;

void update_verdict_clear(UpdateVerdict *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(UpdateVerdict, update_verdict_clear)

/**
 * UpdateStrategy:
 * @name: as in the configuration
 * @check: (nullable): (transfer full): what the configuration lacks for it, or %NULL
 * @may_reboot: asks. An @error is a fault on the way (a lock server that is away): the host
 *   does not reboot, and asks again; it goes on looking for updates and staging them
 * @steady: (nullable): tells that the host has come up well, until that has succeeded once;
 *   nothing waits for it
 *
 * When a host with a staged update reboots. A new one is a file in strategies/ and a row in
 * update_strategies.
 */
typedef struct {
    const char *name;
    char *(*check)(const UpdateConfig *config);
    bool (*may_reboot)(const UpdateConfig *config, const char *node_id, int64_t now_s,
                       UpdateVerdict *out_verdict, GCancellable *cancellable, GError **error);
    bool (*steady)(const UpdateConfig *config, const char *node_id, GCancellable *cancellable,
                   GError **error);
} UpdateStrategy;

/** update_strategies: all of them; %NULL ends the table */
extern const UpdateStrategy *const update_strategies[];

/** update_strategy_find: (nullable): the one named @name */
const UpdateStrategy *update_strategy_find(const char *name);

extern const UpdateStrategy update_strategy_fleet_lock;
extern const UpdateStrategy update_strategy_immediate;
extern const UpdateStrategy update_strategy_manual;
extern const UpdateStrategy update_strategy_periodic;

G_END_DECLS
