/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Publishers that share their commits. Whoever comes when nobody commits does it, for all that
 * wait; then the next of those that came meanwhile. What only concerns one event, its checks and
 * its canonical form, each does in its own thread before it waits.
 *
 * A transaction that fails says nothing of the others in it: then each does its own alone.
 */
#include "bus/group.h"

#include "bus/log-private.h"
#include "bus/prepare.h"

/* Of one transaction; more has no use, and lets the first ones wait. */
#define EVENTS_MAX 1024
/* How long a commit waits for as many as the last one had, who are likely to come again: less than
 * a commit takes. */
#define GATHER_US 200

/* LEADS: its thread is the next one to commit */
typedef enum { WAITING, LEADS, DONE, ALONE, UNSURE } State;

/*
 * Request:
 * @state: %ALONE when it has to be done again, by itself; %UNSURE when it may have been done
 * @lock: of @state, with @changed: each waits for its own, so that none wakes for another's
 */
typedef struct {
    const BusDraft *drafts;
    GPtrArray *events; /* prepared from @drafts */
    guint n;
    uint64_t first_seq;
    State state;
    GMutex lock;
    GCond changed;
} Request;

static void clear_request(void *data)
{
    Request *self = data;
    g_clear_pointer(&self->events, g_ptr_array_unref);
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->changed);
}

/* Its publisher has one reference, and who waits for its turn, or commits for it, another. */
static void unref_request(Request *self)
{
    g_atomic_rc_box_release_full(self, clear_request);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Request, unref_request)

static Request *new_request(const BusDraft *drafts, guint n)
{
    Request *self = g_atomic_rc_box_new0(Request);
    self->drafts = drafts;
    self->n = n;
    g_mutex_init(&self->lock);
    g_cond_init(&self->changed);
    return self;
}

struct _BusGroup {
    BusLog *writer; /* borrowed; of whoever commits */
    GMutex lock;
    GCond arrived;  /* as many wait as whoever commits waits for */
    GQueue waiting; /* Request */
    bool busy;      /* one commits */
    guint last;     /* how many requests the last commit had */
};

BusGroup *bus_group_new(BusLog *writer)
{
    BusGroup *self = g_new0(BusGroup, 1);
    self->writer = writer;
    g_mutex_init(&self->lock);
    g_cond_init(&self->arrived);
    g_queue_init(&self->waiting);
    return self;
}

void bus_group_free(BusGroup *self)
{
    if (self == NULL)
        return;
    g_assert(g_queue_is_empty(&self->waiting));
    g_mutex_clear(&self->lock);
    g_cond_clear(&self->arrived);
    g_free(self);
}

/* The caller's own, and those that waited longest. */
static GPtrArray *take(BusGroup *self, Request *own)
{
    GPtrArray *requests = g_ptr_array_new_with_free_func((GDestroyNotify)unref_request);
    guint n = own->n;
    int64_t end = g_get_monotonic_time() + GATHER_US;
    while (self->waiting.length + 1 < self->last &&
           g_cond_wait_until(&self->arrived, &self->lock, end))
        continue;
    g_ptr_array_add(requests, g_atomic_rc_box_acquire(own));
    for (Request *next = g_queue_peek_head(&self->waiting);
         next != NULL && n + next->n <= EVENTS_MAX; next = g_queue_peek_head(&self->waiting)) {
        n += next->n;
        g_ptr_array_add(requests, g_queue_pop_head(&self->waiting));
    }
    self->last = requests->len;
    return requests;
}

/* All as one batch: one signature, and one change of the head. */
static bool append(BusLog *log, const GPtrArray *requests, GError **error)
{
    g_autoptr(GArray) drafts = g_array_new(FALSE, FALSE, sizeof(BusDraft));
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)bus_event_free);
    uint64_t seq = 0;
    for (guint i = 0; i < requests->len; i++) {
        Request *request = requests->pdata[i];
        g_array_append_vals(drafts, request->drafts, request->n);
        g_ptr_array_extend_and_steal(events, g_steal_pointer(&request->events));
    }
    if (!bus_append_prepared(log, (const BusDraft *)(void *)drafts->data, events, &seq, error))
        return false;
    for (guint i = 0; i < requests->len; i++) {
        Request *request = requests->pdata[i];
        request->first_seq = seq;
        seq += request->n;
    }
    return true;
}

static State commit(BusLog *log, const GPtrArray *requests)
{
    g_autoptr(GError) error = NULL;
    if (base_db_begin(log->db, &error) && append(log, requests, &error) &&
        base_db_commit(log->db, &error))
        return DONE;
    base_db_rollback(log->db);
    /* A connection that broke in COMMIT does not say whether it was done. */
    return g_error_matches(error, BASE_DB_ERROR, BASE_DB_ERROR_AWAY) ? UNSURE : ALONE;
}

/* Not under the lock: the other one would wake up to wait for it. */
static void tell(Request *request, State state)
{
    g_mutex_lock(&request->lock);
    request->state = state;
    g_mutex_unlock(&request->lock);
    g_cond_signal(&request->changed);
}

static State wait_for(Request *own)
{
    g_mutex_lock(&own->lock);
    while (own->state == WAITING)
        g_cond_wait(&own->changed, &own->lock);
    State state = own->state;
    g_mutex_unlock(&own->lock);
    return state;
}

/* Commits @own and what else waits, and has the next one do so. */
static State lead(BusGroup *self, Request *own)
{
    g_mutex_lock(&self->lock);
    g_autoptr(GPtrArray) requests = take(self, own);
    g_mutex_unlock(&self->lock);
    State state = commit(self->writer, requests);
    g_mutex_lock(&self->lock);
    g_autoptr(Request) next = g_queue_pop_head(&self->waiting);
    self->busy = next != NULL;
    g_mutex_unlock(&self->lock);
    if (next != NULL)
        tell(next, LEADS);
    for (guint i = 0; i < requests->len; i++) {
        if (requests->pdata[i] != own)
            tell(requests->pdata[i], state);
    }
    return state;
}

/* Until @own is done, or has to be done alone. */
static State take_part(BusGroup *self, Request *own)
{
    g_mutex_lock(&self->lock);
    bool leads = !self->busy;
    self->busy = true;
    if (!leads) {
        g_queue_push_tail(&self->waiting, g_atomic_rc_box_acquire(own));
        if (self->waiting.length + 1 >= self->last)
            g_cond_signal(&self->arrived);
    }
    g_mutex_unlock(&self->lock);
    State state = leads ? LEADS : wait_for(own);
    return state == LEADS ? lead(self, own) : state;
}

static bool publish_many(BusLog *log, const BusDraft *drafts, unsigned n, uint64_t *out_first_seq,
                         GError **error)
{
    if (!base_db_begin(log->db, error))
        return false;
    if (bus_append(log, drafts, n, out_first_seq, error) && base_db_commit(log->db, error))
        return true;
    base_db_rollback(log->db);
    return false;
}

static bool find_number(BusLog *log, const char *id, uint64_t *out_seq)
{
    g_autoptr(BusEvent) event = bus_log_find(log, id, NULL);
    if (event != NULL)
        *out_seq = event->seq;
    return event != NULL;
}

static bool publish_alone(BusLog *log, const Request *request, uint64_t *out_first_seq,
                          GError **error)
{
    g_autoptr(GError) local = NULL;
    if (request->n != 1 && request->state == UNSURE) {
        g_set_error(error, BASE_DB_ERROR, BASE_DB_ERROR_AWAY,
                    "the database went away while %u events were stored: they may be there",
                    request->n);
        return false;
    }
    if (request->n != 1)
        return publish_many(log, request->drafts, request->n, out_first_seq, error);
    if (bus_publish(log, request->drafts, out_first_seq, &local))
        return true;
    if (request->state == UNSURE && g_error_matches(local, BUS_ERROR, BUS_ERROR_EXISTS) &&
        find_number(log, request->drafts->id, out_first_seq))
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

bool bus_group_publish(BusGroup *self, BusLog *log, const BusDraft *drafts, unsigned n_drafts,
                       uint64_t *out_first_seq, GError **error)
{
    uint64_t seq = 0;
    g_autofree char *id = NULL;
    BusDraft single;
    /* by its id a single one is known again */
    if (n_drafts == 1 && drafts->id == NULL) {
        id = bus_log_make_id(log);
        single = *drafts;
        single.id = id;
        drafts = &single;
    }
    g_autoptr(Request) own = new_request(drafts, n_drafts);
    own->events = bus_prepare_all(drafts, n_drafts, log->sha256, error);
    if (own->events == NULL)
        return false;
    own->state = take_part(self, own);
    if (own->state == DONE)
        seq = own->first_seq;
    else if (!publish_alone(log, own, &seq, error))
        return false;
    if (out_first_seq != NULL)
        *out_first_seq = seq;
    return true;
}
