/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <ostree.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/** HOST_GUARD_TIMEOUT_S: how long a server may be silent unless said otherwise */
#define HOST_GUARD_TIMEOUT_S 60
/** HOST_GUARD_MIN_RATE: bytes a second, over that time, below which a server counts as silent */
#define HOST_GUARD_MIN_RATE 100

/**
 * HostGuard:
 *
 * Ends a pull whose server stalls, drips, or never stops: libostree itself waits for a byte now
 * and then, and writes whatever comes.
 */
typedef struct _HostGuard HostGuard;

/**
 * host_guard_new:
 * @timeout_s: see %HOST_GUARD_TIMEOUT_S
 * @max_bytes: no honest answer has more; 0 for no bound
 * @cancellable: (nullable): ends the pull too
 *
 * Returns: (transfer full): a guard that watches from now on
 */
HostGuard *host_guard_new(unsigned timeout_s, uint64_t max_bytes, GCancellable *cancellable);
void host_guard_free(HostGuard *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostGuard, host_guard_free)

/** host_guard_cancellable: (transfer none): for the pull */
GCancellable *host_guard_cancellable(HostGuard *self);

/** host_guard_note: takes the bytes that @progress has seen; to be called when it changes */
void host_guard_note(HostGuard *self, OstreeAsyncProgress *progress);

/** host_guard_explain: @error of the pull becomes the guard's own when that ended it */
void host_guard_explain(HostGuard *self, GError **error);

G_END_DECLS
