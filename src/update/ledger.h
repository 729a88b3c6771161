/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "update/error.h"

#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/** UPDATE_LEDGER_NAME: its file in the agent's state directory */
#define UPDATE_LEDGER_NAME "agent.json"
#define UPDATE_LEDGER_MAX_BLOCKED 1000

/**
 * UpdateBlocked:
 * @commit: (owned)
 * @version: (owned)
 * @reason: (owned): what went wrong with it here
 * @time_s: when
 *
 * A release that this host will not take again.
 */
typedef struct {
    char *commit;
    char *version;
    char *reason;
    int64_t time_s;
} UpdateBlocked;

/**
 * UpdateLedger:
 * @blocked: (element-type UpdateBlocked): the oldest first
 * @held: somebody wants no updates for now
 * @paused: nor looking for them
 * @held_until_s: 0 for until resumed
 * @held_reason: (owned) (nullable): in their words
 *
 * What the agent must not forget: across restarts, reboots, rollbacks and its own updates.
 */
typedef struct {
    GPtrArray *blocked;
    bool held;
    bool paused;
    int64_t held_until_s;
    char *held_reason;
} UpdateLedger;

/**
 * update_ledger_load:
 * @dir: the agent's state directory
 * @error: a file that cannot be read or is broken: better no update than a bad one again; says
 *   what to do
 *
 * Returns: (transfer full): the ledger; empty when there is none yet
 */
UpdateLedger *update_ledger_load(const char *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void update_ledger_free(UpdateLedger *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UpdateLedger, update_ledger_free)

/** update_ledger_save: replaces the file as a whole, synced */
bool update_ledger_save(const UpdateLedger *self, const char *dir,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** update_ledger_block: adds @commit, or gives it a new reason; the oldest goes when there are
 * too many */
void update_ledger_block(UpdateLedger *self, const char *commit, const char *version,
                         const char *reason, int64_t now_s);

/** update_ledger_unblock: takes out what has @name as commit, its beginning (8 characters at
 * least) or version; %FALSE when there is none */
bool update_ledger_unblock(UpdateLedger *self, const char *name);

/** update_ledger_commits: (transfer container): the blocked commits, %NULL-terminated */
GPtrArray *update_ledger_commits(const UpdateLedger *self);

/** update_ledger_parse: (transfer full): for update_ledger_load() and the fuzzer */
UpdateLedger *update_ledger_parse(const char *data, size_t size_bytes,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** update_ledger_print: (transfer full): as JSON */
char *update_ledger_print(const UpdateLedger *self);

G_END_DECLS
