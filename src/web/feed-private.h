/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/feed.h"

G_BEGIN_DECLS

/**
 * WebFrame:
 * @event: (owned)
 * @text: (owned): as followers get it
 *
 * One event on its way to many followers; never changed.
 */
typedef struct {
    gatomicrefcount references;
    BusEvent *event;
    char *text;
    size_t size_bytes;
} WebFrame;

/** web_frame_new: @event is taken */
WebFrame *web_frame_new(BusEvent *event);
WebFrame *web_frame_ref(WebFrame *self);
void web_frame_unref(WebFrame *self);

/**
 * WebFeed:
 * @ring: frames of @first_seq to @head_seq, each at its number modulo the size; none when
 *   @first_seq is past @head_seq
 * @lock: over all but what never changes; @head_seq is written by the feed's thread only
 * @fetchers: threads that read older events for followers; %NULL once stopping
 */
struct _WebFeed {
    char *database;
    WebLogs *logs;
    GCancellable *cancellable;
    GThread *thread;
    int away; /* atomic */
    GMutex lock;
    bool stopping;
    WebFrame **ring;
    size_t ring_bytes;
    uint64_t first_seq;
    uint64_t head_seq;
    int64_t ticked_us;
    GPtrArray *followers;
    GThreadPool *fetchers;
};

/** web_feed_get_frame: (transfer none): of an event that the ring has; under the lock */
WebFrame *web_feed_get_frame(WebFeed *self, uint64_t seq);

typedef struct _WebFollower WebFollower;

/** web_follower_look: the ring has new events; under the lock */
void web_follower_look(WebFollower *self);

/** web_follower_tick: a moment has passed; under the lock */
void web_follower_tick(WebFollower *self, int64_t now_us);

/** web_follower_wake: its stream shall read again; under the lock */
void web_follower_wake(WebFollower *self);

/** web_follower_fetch: reads a page of older events for the follower @data (GFunc) */
void web_follower_fetch(gpointer data, gpointer user_data);

G_END_DECLS
