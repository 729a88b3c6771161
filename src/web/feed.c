/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The thread that reads the log's end, and the ring it fills. Followers themselves are in
 * follower.c; all of them are under the feed's one lock.
 */
#define G_LOG_DOMAIN "web"

#include "web/feed-private.h"

#include "web/json.h"

#include <string.h>

enum {
    READ_EVENTS = 256,
    WAIT_MILLISECONDS = 250,
    RETRY_MILLISECONDS = 500,
    CATCH_UP_THREADS = 4,
};

WebFrame *web_frame_new(BusEvent *event)
{
    WebFrame *self = g_new0(WebFrame, 1);
    g_autoptr(JsonObject) object = bus_event_to_json(event);
    g_autofree char *data = web_json_print(object);
    g_atomic_ref_count_init(&self->references);
    self->event = event;
    self->text = g_strdup_printf("id: %" G_GUINT64_FORMAT "\ndata: %s\n\n", event->seq, data);
    self->size_bytes = strlen(self->text);
    return self;
}

WebFrame *web_frame_ref(WebFrame *self)
{
    g_atomic_ref_count_inc(&self->references);
    return self;
}

void web_frame_unref(WebFrame *self)
{
    if (self == NULL || !g_atomic_ref_count_dec(&self->references))
        return;
    bus_event_free(self->event);
    g_free(self->text);
    g_free(self);
}

WebFrame *web_feed_get_frame(WebFeed *self, uint64_t seq)
{
    g_assert(seq >= self->first_seq && seq <= self->head_seq);
    return self->ring[seq % WEB_FEED_RING_EVENTS];
}

static void drop_first(WebFeed *self)
{
    WebFrame **slot = &self->ring[self->first_seq % WEB_FEED_RING_EVENTS];
    self->ring_bytes -= (*slot)->size_bytes;
    g_clear_pointer(slot, web_frame_unref);
    self->first_seq++;
}

static void push(WebFeed *self, WebFrame *frame)
{
    while (self->first_seq <= self->head_seq &&
           (self->head_seq - self->first_seq + 1 == WEB_FEED_RING_EVENTS ||
            self->ring_bytes + frame->size_bytes > WEB_FEED_RING_BYTES))
        drop_first(self);
    g_assert(frame->event->seq == self->head_seq + 1);
    self->head_seq++;
    self->ring[self->head_seq % WEB_FEED_RING_EVENTS] = frame;
    self->ring_bytes += frame->size_bytes;
}

/* Events are printed outside the lock; a gap would be a broken log. */
static bool publish(WebFeed *self, GPtrArray *events)
{
    g_autoptr(GPtrArray) frames = g_ptr_array_new_with_free_func((GDestroyNotify)web_frame_unref);
    g_ptr_array_set_free_func(events, NULL);
    for (unsigned i = 0; i < events->len; i++)
        g_ptr_array_add(frames, web_frame_new(events->pdata[i]));
    g_ptr_array_set_size(events, 0);

    bool whole = true;
    g_mutex_lock(&self->lock);
    for (unsigned i = 0; whole && i < frames->len; i++) {
        WebFrame *frame = frames->pdata[i];
        whole = frame->event->seq == self->head_seq + 1;
        if (whole)
            push(self, web_frame_ref(frame));
    }
    for (unsigned i = 0; i < self->followers->len; i++)
        web_follower_look(self->followers->pdata[i]);
    g_mutex_unlock(&self->lock);
    return whole;
}

/* What does not come from the log: heartbeats, followers that wait for the database, those that
 * fell out of the ring while their client took nothing. */
static void tick(WebFeed *self)
{
    int64_t now = g_get_monotonic_time();
    g_mutex_lock(&self->lock);
    if (now - self->ticked_us > G_USEC_PER_SEC / 2) {
        self->ticked_us = now;
        for (unsigned i = 0; i < self->followers->len; i++)
            web_follower_tick(self->followers->pdata[i], now);
    }
    g_mutex_unlock(&self->lock);
}

static bool read_once(WebFeed *self, BusLog *log, GError **error)
{
    GError *wait_error = NULL;
    bool more =
        bus_log_wait(log, self->head_seq, WAIT_MILLISECONDS, self->cancellable, &wait_error);
    if (wait_error != NULL) {
        g_propagate_error(error, wait_error);
        return false;
    }
    if (!more)
        return true;
    g_autoptr(GPtrArray) events = bus_log_read(log, self->head_seq, READ_EVENTS, error);
    if (events == NULL)
        return false;
    if (!publish(self, events)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "the log has a gap after event %" G_GUINT64_FORMAT, self->head_seq);
        return false;
    }
    return true;
}

static void set_away(WebFeed *self, const GError *error)
{
    if (error != NULL && !g_atomic_int_get(&self->away))
        g_warning("the event log cannot be read, trying again: %s", error->message);
    g_atomic_int_set(&self->away, error != NULL);
}

static bool follow_log(WebFeed *self, GError **error)
{
    g_autoptr(BaseDb) db = base_db_open(self->database, error);
    g_autoptr(BusLog) log = db != NULL ? bus_log_open(db, NULL, error) : NULL;
    if (log == NULL)
        return false;
    while (!g_cancellable_is_cancelled(self->cancellable)) {
        tick(self);
        if (!read_once(self, log, error))
            return false;
        set_away(self, NULL);
    }
    return true;
}

static gpointer run(gpointer data)
{
    WebFeed *self = data;
    while (!g_cancellable_is_cancelled(self->cancellable)) {
        g_autoptr(GError) error = NULL;
        if (follow_log(self, &error) || g_cancellable_is_cancelled(self->cancellable))
            break;
        set_away(self, error);
        for (int waited = 0;
             waited < RETRY_MILLISECONDS && !g_cancellable_is_cancelled(self->cancellable);
             waited += 50)
            g_usleep(50 * 1000);
        tick(self);
    }
    return NULL;
}

WebFeed *web_feed_new(const char *database, WebLogs *logs, GError **error)
{
    g_autoptr(BaseDb) db = base_db_open(database, error);
    g_autoptr(BusLog) log = db != NULL ? bus_log_open(db, NULL, error) : NULL;
    uint64_t head = 0;
    if (log == NULL || !bus_log_head(log, &head, error))
        return NULL;
    g_autoptr(WebFeed) self = g_new0(WebFeed, 1);
    g_mutex_init(&self->lock);
    self->database = g_strdup(database);
    self->logs = logs;
    self->cancellable = g_cancellable_new();
    self->followers = g_ptr_array_new();
    self->ring = g_new0(WebFrame *, WEB_FEED_RING_EVENTS);
    self->head_seq = head;
    self->first_seq = head + 1;
    self->fetchers = g_thread_pool_new(web_follower_fetch, self, CATCH_UP_THREADS, FALSE, error);
    if (self->fetchers == NULL)
        return NULL;
    self->thread = g_thread_try_new("feed", run, self, error);
    return self->thread != NULL ? g_steal_pointer(&self) : NULL;
}

bool web_feed_is_away(WebFeed *self)
{
    return g_atomic_int_get(&self->away);
}

void web_feed_stop(WebFeed *self)
{
    if (self->cancellable != NULL)
        g_cancellable_cancel(self->cancellable);
    g_clear_pointer(&self->thread, g_thread_join);
    g_mutex_lock(&self->lock);
    self->stopping = true;
    GThreadPool *fetchers = g_steal_pointer(&self->fetchers);
    g_mutex_unlock(&self->lock);
    if (fetchers != NULL)
        g_thread_pool_free(fetchers, FALSE, TRUE);
    g_mutex_lock(&self->lock);
    for (unsigned i = 0; i < self->followers->len; i++)
        web_follower_wake(self->followers->pdata[i]);
    g_mutex_unlock(&self->lock);
}

void web_feed_free(WebFeed *self)
{
    if (self == NULL)
        return;
    web_feed_stop(self);
    g_assert(self->followers->len == 0);
    while (self->first_seq <= self->head_seq)
        drop_first(self);
    g_free(self->ring);
    g_ptr_array_unref(self->followers);
    g_clear_object(&self->cancellable);
    g_mutex_clear(&self->lock);
    g_free(self->database);
    g_free(self);
}
