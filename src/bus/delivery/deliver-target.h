/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/delivery/deliver-post.h"

G_BEGIN_DECLS

/**
 * BusDeliverTarget:
 * @subscription: (owned): whose events these are
 * @hook: (owned) (nullable): a webhook
 * @rule: (owned) (nullable): a person's rule; one of the two is there
 * @events: (owned) (nullable) (element-type BusEvent): read from the subscription, not yet done
 * @next: index in @events of the first that is not done
 * @sending: (owned) (nullable) (element-type BusEvent): those that @post carries, borrowed
 * @through: all up to this sequence number are done once @post is
 * @post: (owned) (nullable): the transfer under way
 * @attempts: how often the first has failed
 * @wait_until_us: nothing is tried before; 0 for at once
 * @seen_head: head of the log when the subscription had nothing
 *
 * Somebody to tell, and how far that is.
 */
typedef struct {
    char *subscription;
    BusWebhook *hook;
    BusNotify *rule;
    GPtrArray *events;
    unsigned next;
    GPtrArray *sending;
    uint64_t through;
    BusDeliverPost *post;
    unsigned attempts;
    int64_t wait_until_us;
    uint64_t seen_head;
} BusDeliverTarget;

void bus_deliver_target_free(BusDeliverTarget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusDeliverTarget, bus_deliver_target_free)

/** bus_deliver_target_load: (transfer full) (element-type BusDeliverTarget): all webhooks and
 * rules that want deliveries, with the waits that an earlier run left */
GPtrArray *bus_deliver_target_load(BusLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_deliver_target_prepare:
 * @self: one without a transfer
 * @head: head of the log
 * @now_us: microseconds of Unix time
 *
 * Reads what comes next, passes over what is not wanted, and makes @post when it is time for one.
 */
bool bus_deliver_target_prepare(BusDeliverTarget *self, BusLog *log,
                                const BusDeliverOptions *options, uint64_t head, int64_t now_us,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_deliver_target_done:
 * @failure: (nullable): why the transfer failed; %NULL when it was taken
 * @now_us: microseconds of Unix time
 *
 * Notes how the transfer ended: acknowledges, or sets the next try, or parks what has failed too
 * often.
 */
bool bus_deliver_target_done(BusDeliverTarget *self, BusLog *log, const GError *failure,
                             int64_t now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** bus_deliver_target_wait_ms: before try number @attempt + 1: @first_ms doubled each time, at most
 * an hour, less up to a quarter by @chance (0 to 255) */
unsigned bus_deliver_target_wait_ms(unsigned first_ms, unsigned attempt, uint8_t chance);

G_END_DECLS
