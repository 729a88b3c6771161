/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One client that follows the log: where it stands, what it is being sent.
 */
#include "web/feed-private.h"

#include <stdio.h>
#include <string.h>

enum {
    FETCH_EVENTS = 128,
    FETCH_BYTES = 2 * 1024 * 1024, /* a page may be one event longer */
    SCAN_EVENTS = 1024,
    RETRY_SECONDS = 1,
    CLIENT_RETRY_MILLISECONDS = 1000,
};

/**
 * @cursor: every event up to it was sent, is in the backlog, or does not fit the filter
 * @index: its place in the feed's followers
 * @behind: the cursor is older than the ring: the database has what comes next
 * @fetching: a thread reads it; @abandoned: which frees the follower then
 * @waiting: the last read had nothing
 * @dropped: it fell out of the ring
 * @backlog: frames from the database
 * @frame: what is being sent, or %NULL with @note
 */
struct _WebFollower {
    WebFeed *feed;
    BusQuery filter;
    WebWaker waker;
    uint64_t cursor;
    unsigned index;
    bool behind;
    bool fetching;
    bool abandoned;
    bool waiting;
    bool dropped;
    bool beat;
    int64_t retry_us;
    int64_t sent_us;
    GQueue backlog;
    WebFrame *frame;
    const char *text;
    size_t left_bytes;
    char note[80];
};

static void follower_free(WebFollower *self)
{
    bus_query_clear(&self->filter);
    g_clear_pointer(&self->frame, web_frame_unref);
    g_queue_clear_full(&self->backlog, (GDestroyNotify)web_frame_unref);
    g_free(self);
}

void web_follower_wake(WebFollower *self)
{
    self->waiting = false;
    self->waker.wake(self->waker.data);
}

static void send_frame(WebFollower *self, WebFrame *frame)
{
    self->frame = frame;
    self->text = frame->text;
    self->left_bytes = frame->size_bytes;
}

/* Without data it is no event for the client, but an id in it moves what it will ask for after
 * it lost the connection. */
static void send_note(WebFollower *self, bool first)
{
    int length = 0;
    if (first)
        length =
            g_snprintf(self->note, sizeof self->note, "retry: %d\nid: %" G_GUINT64_FORMAT "\n\n",
                       CLIENT_RETRY_MILLISECONDS, self->cursor);
    else if (self->behind)
        length = g_snprintf(self->note, sizeof self->note, ":\n\n");
    else
        length = g_snprintf(self->note, sizeof self->note, "id: %" G_GUINT64_FORMAT "\n\n",
                            self->cursor);
    self->beat = false;
    self->text = self->note;
    self->left_bytes = (size_t)length;
}

static void fetch_more(WebFollower *self)
{
    if (self->fetching || g_get_monotonic_time() < self->retry_us)
        return;
    self->fetching = g_thread_pool_push(self->feed->fetchers, self, NULL);
}

/* The next matching frame of the ring; the cursor goes past those that do not match. */
static WebFrame *find_in_ring(WebFollower *self)
{
    WebFeed *feed = self->feed;
    while (self->cursor < feed->head_seq) {
        WebFrame *frame = web_feed_get_frame(feed, self->cursor + 1);
        if (bus_query_matches(&self->filter, frame->event))
            return frame;
        self->cursor++;
    }
    return NULL;
}

static bool is_in_ring(const WebFollower *self)
{
    return self->cursor + 1 >= self->feed->first_seq;
}

static bool advance(WebFollower *self)
{
    WebFrame *stored = g_queue_pop_head(&self->backlog);
    if (stored != NULL) {
        send_frame(self, stored);
        return true;
    }
    if (self->fetching)
        return false;
    self->behind = self->behind && !is_in_ring(self);
    if (self->behind) {
        fetch_more(self);
        return false;
    }
    self->dropped = self->dropped || !is_in_ring(self);
    WebFrame *frame = self->dropped ? NULL : find_in_ring(self);
    if (frame != NULL) {
        self->cursor++;
        send_frame(self, web_frame_ref(frame));
    }
    return frame != NULL;
}

static ssize_t fill(WebFollower *self, char *buffer, size_t size_bytes)
{
    size_t used = 0;
    while (used < size_bytes) {
        if (self->left_bytes == 0) {
            g_clear_pointer(&self->frame, web_frame_unref);
            if (self->feed->stopping || self->dropped)
                return used > 0 ? (ssize_t)used : -1;
            if (self->beat)
                send_note(self, false);
            else if (!advance(self))
                break;
        }
        size_t length = MIN(self->left_bytes, size_bytes - used);
        memcpy(buffer + used, self->text, length);
        self->text += length;
        self->left_bytes -= length;
        used += length;
    }
    if (used == 0 && self->dropped)
        return -1;
    return (ssize_t)used;
}

static ssize_t on_read(void *data, char *buffer, size_t size_bytes)
{
    WebFollower *self = data;
    g_mutex_lock(&self->feed->lock);
    self->waiting = false;
    ssize_t length = fill(self, buffer, size_bytes);
    if (length == 0)
        self->waiting = true;
    else
        self->sent_us = g_get_monotonic_time();
    g_mutex_unlock(&self->feed->lock);
    return length;
}

void web_follower_look(WebFollower *self)
{
    if (self->waiting && !self->behind && find_in_ring(self) != NULL)
        web_follower_wake(self);
}

void web_follower_tick(WebFollower *self, int64_t now_us)
{
    bool lost = !self->behind && !self->waiting && self->backlog.length == 0 && !is_in_ring(self);
    if (lost && !self->dropped) {
        self->dropped = true;
        self->waker.cut(self->waker.data);
    }
    if (!self->waiting)
        return;
    bool silent = now_us - self->sent_us > WEB_FEED_HEARTBEAT_SECONDS * G_USEC_PER_SEC;
    self->beat = self->beat || silent;
    if (silent || (self->behind && !self->fetching && now_us >= self->retry_us))
        web_follower_wake(self);
}

/* Every event, looked at one by one: for filters that match so rarely that the archive gives the
 * search up. */
static GPtrArray *scan(WebFollower *self, BusLog *log, uint64_t after_seq, uint64_t *out_cursor,
                       GError **error)
{
    g_autoptr(GPtrArray) events = bus_log_read(log, after_seq, SCAN_EVENTS, error);
    if (events == NULL)
        return NULL;
    if (events->len > 0)
        *out_cursor = ((BusEvent *)events->pdata[events->len - 1])->seq;
    for (unsigned i = events->len; i > 0; i--) {
        if (!bus_query_matches(&self->filter, events->pdata[i - 1]))
            g_ptr_array_remove_index(events, i - 1);
    }
    return g_steal_pointer(&events);
}

/* @out_cursor: what was looked at, when all of it fits a page */
static GPtrArray *find_older(WebFollower *self, BusLog *log, uint64_t after_seq,
                             uint64_t *out_cursor, GError **error)
{
    uint64_t head = 0;
    BusQuery query = self->filter; /* borrowed: not cleared */
    query.after_seq = after_seq;
    query.order = BUS_ORDER_ASC;
    query.offset = 0;
    query.limit = FETCH_EVENTS;
    if (!bus_log_head(log, &head, error))
        return NULL;
    g_autoptr(GError) query_error = NULL;
    g_autoptr(GPtrArray) events = bus_query_run(log, &query, NULL, &query_error);
    if (g_error_matches(query_error, BUS_ERROR, BUS_ERROR_TOO_LARGE) ||
        g_error_matches(query_error, BUS_ERROR, BUS_ERROR_INVALID))
        return scan(self, log, after_seq, out_cursor, error);
    if (events == NULL) {
        g_propagate_error(error, g_steal_pointer(&query_error));
        return NULL;
    }
    uint64_t last = events->len > 0 ? ((BusEvent *)events->pdata[events->len - 1])->seq : 0;
    /* what was appended after the head was read may be among them */
    *out_cursor = events->len == FETCH_EVENTS ? last : MAX(MAX(head, after_seq), last);
    return g_steal_pointer(&events);
}

static bool read_page(WebFollower *self, uint64_t after_seq, GQueue *frames, uint64_t *out_cursor,
                      GError **error)
{
    g_auto(WebLogsLease) lease = {0};
    uint64_t cursor = after_seq;
    if (!web_logs_borrow(self->feed->logs, &lease, error))
        return false;
    g_autoptr(GError) read_error = NULL;
    g_autoptr(GPtrArray) events = find_older(self, lease.log, after_seq, &cursor, &read_error);
    if (events == NULL) {
        web_logs_note(&lease, read_error);
        g_propagate_error(error, g_steal_pointer(&read_error));
        return false;
    }
    size_t bytes = 0;
    unsigned taken = 0;
    for (; taken < events->len && bytes < FETCH_BYTES; taken++) {
        WebFrame *frame = web_frame_new(events->pdata[taken]);
        events->pdata[taken] = NULL;
        bytes += frame->size_bytes;
        g_queue_push_tail(frames, frame);
        if (taken + 1 < events->len && bytes >= FETCH_BYTES)
            cursor = frame->event->seq;
    }
    *out_cursor = cursor;
    return true;
}

void web_follower_fetch(gpointer data, gpointer user_data)
{
    WebFollower *self = data;
    WebFeed *feed = user_data;
    g_autoptr(GError) error = NULL;
    GQueue frames = G_QUEUE_INIT;
    uint64_t cursor = self->cursor; /* nobody else moves it while fetching is set */
    bool good = read_page(self, cursor, &frames, &cursor, &error);
    if (!good)
        g_debug("follower: %s", error->message);

    g_mutex_lock(&feed->lock);
    self->fetching = false;
    self->cursor = cursor;
    self->retry_us = good ? 0 : g_get_monotonic_time() + RETRY_SECONDS * G_USEC_PER_SEC;
    while (frames.length > 0)
        g_queue_push_tail(&self->backlog, g_queue_pop_head(&frames));
    if (!self->abandoned && good)
        web_follower_wake(self);
    bool abandoned = self->abandoned;
    g_mutex_unlock(&feed->lock);
    if (abandoned)
        follower_free(self);
}

static void on_start(void *data, const WebWaker *waker)
{
    WebFollower *self = data;
    WebFeed *feed = self->feed;
    self->waker = *waker;
    g_mutex_lock(&feed->lock);
    self->index = feed->followers->len;
    g_ptr_array_add(feed->followers, self);
    g_mutex_unlock(&feed->lock);
}

static void on_free(void *data)
{
    WebFollower *self = data;
    WebFeed *feed = self->feed;
    g_mutex_lock(&feed->lock);
    if (self->waker.wake != NULL) {
        /* The last takes its place. */
        (void)g_ptr_array_remove_index_fast(feed->followers, self->index);
        if (self->index < feed->followers->len)
            ((WebFollower *)feed->followers->pdata[self->index])->index = self->index;
    }
    self->abandoned = self->fetching;
    bool abandoned = self->abandoned;
    g_mutex_unlock(&feed->lock);
    if (!abandoned)
        follower_free(self);
}

WebStream web_feed_follow(WebFeed *self, int64_t after_seq, BusQuery *filter)
{
    WebFollower *follower = g_new0(WebFollower, 1);
    follower->feed = self;
    follower->filter = *filter;
    memset(filter, 0, sizeof *filter);
    g_queue_init(&follower->backlog);
    g_mutex_lock(&self->lock);
    follower->cursor = after_seq < 0 ? self->head_seq : (uint64_t)after_seq;
    follower->behind = !is_in_ring(follower);
    g_mutex_unlock(&self->lock);
    follower->sent_us = g_get_monotonic_time();
    send_note(follower, true);
    return (WebStream){
        .start = on_start,
        .read = on_read,
        .free = on_free,
        .data = follower,
    };
}
