/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/query.h"
#include "web/logs.h"
#include "web/response.h"

G_BEGIN_DECLS

#define WEB_FEED_RING_EVENTS 4096
#define WEB_FEED_RING_BYTES (16 * 1024 * 1024)
#define WEB_FEED_HEARTBEAT_SECONDS 15

/**
 * WebFeed:
 *
 * The live end of the log: one thread reads it once and hands each event to every follower,
 * out of a ring of the newest. A follower that asks for older ones gets them from the
 * database first.
 */
typedef struct _WebFeed WebFeed;

/**
 * web_feed_new:
 * @database: as base_db_open() wants it
 * @logs: where older events come from; outlives the feed
 * @error: return location
 */
WebFeed *web_feed_new(const char *database, WebLogs *logs,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** web_feed_stop: ends every stream, and the thread; followers that come later end at once */
void web_feed_stop(WebFeed *self);

/** web_feed_free: after the listener is gone */
void web_feed_free(WebFeed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebFeed, web_feed_free)

/** web_feed_is_away: whether the database could not be read the last time */
bool web_feed_is_away(WebFeed *self);

/**
 * web_feed_follow:
 * @self: the feed; outlives the stream
 * @after_seq: the last event that the follower has seen; -1 for none but new ones
 * @filter: (transfer full): what it wants; left zeroed
 *
 * Returns: server-sent events: id is the sequence number, data the event as one line of JSON
 */
WebStream web_feed_follow(WebFeed *self, int64_t after_seq, BusQuery *filter);

G_END_DECLS
