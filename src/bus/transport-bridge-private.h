/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/transport-bridge.h"
#include "bus/transport-state.h"

G_BEGIN_DECLS

/** bus_bridge_move_out: sends what there is, until something fails or it is cancelled */
bool bus_bridge_move_out(const BusBridge *self, BusTransportState *state, void *session,
                         GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_bridge_move_in: takes what comes, until something fails or it is cancelled */
bool bus_bridge_move_in(const BusBridge *self, BusTransportState *state, void *session,
                        GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_bridge_position: the sender's sequence number that was taken last, 0 for none */
bool bus_bridge_position(BaseDb *db, const char *name, uint64_t *out_position,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_bridge_came: (transfer full) (element-type guint64): which events from @first to @last came
 * in by the bridge: a set of gint64 */
GHashTable *bus_bridge_came(BaseDb *db, const char *name, uint64_t first, uint64_t last,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
