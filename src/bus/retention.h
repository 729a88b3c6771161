/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/**
 * BusRetention:
 * @topics: (owned): a glob
 * @days: how long bodies of these topics are kept
 */
typedef struct {
    char *topics;
    uint64_t days;
} BusRetention;

void bus_retention_free(BusRetention *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusRetention, bus_retention_free)

/** bus_retention_set: keeps bodies of @topics for @days, 0 for ever; an event of @actor's. The
 * log's own topics are kept whatever a rule says. Where several globs match a topic, the longest
 * counts */
bool bus_retention_set(BusLog *log, const char *topics, uint64_t days, const char *actor,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_retention_list: (transfer full) (element-type BusRetention) */
GPtrArray *bus_retention_list(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_retention_run:
 * @out_bodies: how many bodies went
 *
 * Takes away the bodies of events that were logged longer ago than their rule keeps them, a
 * thousand in a transaction. Signed text, hash and signature stay: the log still proves.
 */
bool bus_retention_run(BusLog *log, const char *actor, GCancellable *cancellable,
                       uint64_t *out_bodies, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
