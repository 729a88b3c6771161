/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * BaseWatchdog:
 *
 * A cancellable that cancels itself when nobody has patted the dog for too long.
 */
typedef struct _BaseWatchdog BaseWatchdog;

/**
 * base_watchdog_new:
 * @limit_s: seconds from one pat to the next; 0 for no limit
 * @outer: (nullable): what also cancels
 *
 * Returns: (transfer full): a watchdog that has just been patted
 */
BaseWatchdog *base_watchdog_new(unsigned limit_s, GCancellable *outer);

void base_watchdog_free(BaseWatchdog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseWatchdog, base_watchdog_free)

/** base_watchdog_cancellable: (transfer none): for the work that is watched */
GCancellable *base_watchdog_cancellable(const BaseWatchdog *self);

/** base_watchdog_pat: starts the time anew; from any thread */
void base_watchdog_pat(BaseWatchdog *self);

/** base_watchdog_has_bitten: whether it was the time that cancelled */
bool base_watchdog_has_bitten(BaseWatchdog *self);

G_END_DECLS
