/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/query.h"

G_BEGIN_DECLS

/**
 * BusSubscription:
 * @name: (owned)
 * @topics: (owned): globs, %NULL-terminated; empty for all
 * @seq: the last event that was acknowledged (or parked)
 * @lag: matching events of the log past @seq (counted up to %BUS_QUERY_COUNT_MAX)
 * @lag_alarm: an alarm event is published when @lag passes it; 0 for none
 * @dead: events parked as undeliverable
 * @seen_us: when it last asked
 *
 * A named reader, whose progress the server keeps.
 */
typedef struct {
    char *name;
    char **topics;
    uint64_t seq;
    uint64_t lag;
    uint64_t lag_alarm;
    uint64_t dead;
    int64_t seen_us;
} BusSubscription;

void bus_subscription_free(BusSubscription *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusSubscription, bus_subscription_free)

/** bus_subscription_ensure: makes it when there is none; a new one starts after @start_seq. An
 * existing one takes over @topics and @lag_alarm, and keeps its progress. @name: as an actor's,
 * without spaces */
bool bus_subscription_ensure(BusLog *log, const char *name, const char *const *topics,
                             uint64_t start_seq, uint64_t lag_alarm,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_subscription_next: (transfer full) (element-type BusEvent): up to @limit events past its
 * progress that match; the same ones again until they are acknowledged */
GPtrArray *bus_subscription_next(BusLog *log, const char *name, unsigned limit,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_subscription_ack: all up to @seq are done; never goes back. In the caller's transaction
 * when one is open, else in its own. */
bool bus_subscription_ack(BusLog *log, const char *name, uint64_t seq,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_subscription_park: puts @seq into the dead-letter place with @reason, and goes past it */
bool bus_subscription_park(BusLog *log, const char *name, uint64_t seq, const char *reason,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_subscription_list: (transfer full) (element-type BusSubscription) */
GPtrArray *bus_subscription_list(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_subscription_remove: with what it parked; %BUS_ERROR_NOT_FOUND */
bool bus_subscription_remove(BusLog *log, const char *name,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * BusDead:
 * @seq: the event that was parked
 * @reason: (owned): why
 * @parked_us: when
 */
typedef struct {
    uint64_t seq;
    char *reason;
    int64_t parked_us;
} BusDead;

void bus_dead_free(BusDead *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusDead, bus_dead_free)

/** bus_subscription_dead: (transfer full) (element-type BusDead): what @name parked, in order */
GPtrArray *bus_subscription_dead(BusLog *log, const char *name,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_subscription_unpark: forgets that @seq was parked: it was dealt with;
 * %BUS_ERROR_NOT_FOUND */
bool bus_subscription_unpark(BusLog *log, const char *name, uint64_t seq,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_subscription_check_lag:
 * @out_alarms: (out) (optional): how many were raised
 *
 * Publishes org.atoll.prod.bus.subscription.lagging once for each subscription that has fallen
 * further behind than its alarm allows; again only after it has caught up to half of that.
 * For whoever serves the log to call every few seconds.
 */
bool bus_subscription_check_lag(BusLog *log, unsigned *out_alarms,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
