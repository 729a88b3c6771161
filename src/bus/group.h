/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/**
 * BusGroup:
 *
 * Publishers of one process that share their commits: while one is on its way to the disk, what
 * the others want to publish gathers, and goes with the next.
 */
typedef struct _BusGroup BusGroup;

/** bus_group_new: @writer is borrowed: whoever commits does it with this one, so that it remembers
 * what it wrote last; nobody else uses it meanwhile */
BusGroup *bus_group_new(BusLog *writer);
void bus_group_free(BusGroup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusGroup, bus_group_free)

/**
 * bus_group_publish:
 * @self: the group; any thread may call
 * @log: the caller's own, of the same log as the group's
 * @drafts: what to publish: together, in order, with no other event in between
 * @n_drafts: how many
 * @out_first_seq: (out) (optional): sequence number of the first
 * @error: as of bus_append(); that of the caller's own events, whatever the others publish
 *
 * Returns when the events are on the disk. A single one is tried again as bus_publish() does.
 */
bool bus_group_publish(BusGroup *self, BusLog *log, const BusDraft *drafts, unsigned n_drafts,
                       uint64_t *out_first_seq, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
