/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Appending: drafts become events in the caller's transaction. The head row is locked first, so
 * writers are in one order. What is appended at once is signed at once: an event's `prev` does not
 * cover the signature before it, so all texts are there before the first signature.
 */
#include "bus/canonical.h"
#include "bus/head.h"
#include "bus/log-private.h"
#include "bus/prepare.h"
#include "bus/schema.h"
#include "bus/signed.h"

#include <sodium.h>
#include <string.h>

/* A clock that is set back by less than this is not worth an event. */
#define CLOCK_BACK_US G_USEC_PER_SEC
#define PUBLISH_TRY_US (30 * G_USEC_PER_SEC)

typedef struct {
    BusLog *log;
    BusHead head;
    GPtrArray *events;
    uint8_t (*text_hashes)[BASE_SHA256_BYTES]; /* of each event's signed text */
} Batch;

/* RFC 9562, version 7: it begins with the time, so that the index on ids grows at its end. */
static char *make_id(BusLog *log, int64_t time_us)
{
    uint8_t b[16];
    char *id = g_malloc(BUS_ID_CHARS + 1);
    uint64_t ms = (uint64_t)time_us / 1000;
    if (log->n_random < sizeof b) {
        randombytes_buf(log->random, sizeof log->random);
        log->n_random = sizeof log->random;
    }
    log->n_random -= sizeof b;
    memcpy(b, log->random + log->n_random, sizeof b);
    for (unsigned i = 0; i < 6; i++)
        b[i] = (uint8_t)(ms >> (40 - 8 * i));
    b[6] = (uint8_t)(0x70 | (b[6] & 0x0f));
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
    static const unsigned ends[] = {0, 4, 6, 8, 10, 16};
    char *p = id;
    for (unsigned i = 0; i + 1 < G_N_ELEMENTS(ends); i++) {
        base_digest_to_hex(b + ends[i], ends[i + 1] - ends[i], p);
        p += 2 * (ends[i + 1] - ends[i]);
        *p++ = '-';
    }
    p[-1] = '\0';
    return id;
}

char *bus_log_make_id(BusLog *self)
{
    return make_id(self, self->clock());
}

static bool set_id(Batch *self, BusEvent *event, GError **error)
{
    uint8_t bytes[16];
    if (event->id == NULL) {
        event->id = make_id(self->log, event->logged_us);
        return true;
    }
    if (!bus_log_id_to_bytes(event->id, bytes))
        g_assert_not_reached();
    BaseDbStatement *statement =
        base_db_prepare(self->log->db, "SELECT seq FROM bus_event WHERE id = ?1", error);
    bool row = false;
    if (statement == NULL)
        return false;
    base_db_bind_blob(statement, 1, bytes, sizeof bytes);
    if (!base_db_step(statement, &row, error))
        return false;
    if (row)
        g_set_error(error, BUS_ERROR, BUS_ERROR_EXISTS,
                    "an event of the id %s is in the log, with number %" G_GINT64_FORMAT, event->id,
                    base_db_column_int(statement, "seq"));
    base_db_reset(statement);
    return !row;
}

static bool check_body(BusLog *log, const BusEvent *event, const BusDraft *draft, GError **error)
{
    g_autoptr(JsonNode) node = NULL;
    JsonObject *body = draft->body;
    if (draft->body_text != NULL) {
        node = bus_canonical_parse(event->body, strlen(event->body), error);
        if (node == NULL)
            return false;
        body = json_node_get_object(node);
    }
    return bus_schema_check_body(log, event->schema, event->schema_digest, body, error);
}

static bool set_schema(Batch *self, BusEvent *event, const BusDraft *draft, GError **error)
{
    if (event->schema == NULL)
        return true;
    BaseDbStatement *statement = base_db_prepare(
        self->log->db,
        "SELECT digest FROM bus_schema WHERE id = ?1 ORDER BY added_us DESC, digest "
        "LIMIT 1",
        error);
    bool row = false;
    if (statement == NULL)
        return false;
    base_db_bind_text(statement, 1, event->schema);
    if (!base_db_step(statement, &row, error))
        return false;
    if (row)
        event->schema_digest = g_strdup(base_db_column_text(statement, "digest"));
    base_db_reset(statement);
    return !row || check_body(self->log, event, draft, error);
}

/* Links @event behind what the batch has, and moves the head on to it. */
static void chain(Batch *self, BusEvent *event)
{
    BusHead *head = &self->head;
    event->seq = head->seq + 1;
    memcpy(event->prev, head->prev, sizeof head->prev);
    event->signed_text = bus_signed_print(event);
    bus_hash_text(self->log->sha256, event->signed_text, strlen(event->signed_text), head->prev);
    memcpy(self->text_hashes[self->events->len], head->prev, sizeof head->prev);
    head->seq = event->seq;
    head->logged_us = event->logged_us;
    g_ptr_array_add(self->events, event);
}

/* Owns @event, which was prepared from @draft. */
static bool add(Batch *self, BusEvent *event, const BusDraft *draft, GError **error)
{
    g_autoptr(BusEvent) owned = event;
    event->logged_us = MAX(self->log->clock(), self->head.logged_us);
    if (event->time_us == 0)
        event->time_us = event->logged_us;
    event->key = g_strdup(self->log->key);
    if (!bus_policy_check(self->log->policy, event->key, event->actor, event->topic, error) ||
        !set_id(self, event, error) || !set_schema(self, event, draft, error))
        return false;
    chain(self, g_steal_pointer(&owned));
    return true;
}

static bool add_draft(Batch *self, const BusDraft *draft, GError **error)
{
    BusEvent *event = bus_prepare(draft, self->log->sha256, error);
    return event != NULL && add(self, event, draft, error);
}

static void sign_part(Batch *self, guint start, guint end)
{
    BusSignature *signatures[BUS_SIGNATURE_BATCH_MAX];
    BusEvent *first = self->events->pdata[start];
    for (guint i = start; i < end; i++)
        signatures[i - start] = &((BusEvent *)self->events->pdata[i])->signature;
    if (end - start == 1)
        bus_signature_make(&first->signature, self->log->secret, first->signed_text);
    else
        bus_signature_make_batch(signatures, self->text_hashes + start, end - start,
                                 self->log->secret, self->log->sha256);
    for (guint i = start; i < end; i++) {
        BusEvent *event = self->events->pdata[i];
        bus_hash_leaf(self->log->sha256, event->signed_text, &event->signature, event->hash);
    }
}

/* A second event of one id within the batch is the only constraint that can fail here. */
static bool insert(Batch *self, guint start, guint end, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (bus_rows_insert(self->log, self->events, start, end, &local))
        return true;
    if (g_error_matches(local, BASE_DB_ERROR, BASE_DB_ERROR_CONSTRAINT))
        g_set_error(error, BUS_ERROR, BUS_ERROR_EXISTS,
                    "two events of one id in one batch, or a number that is taken: %s",
                    local->message);
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

static bool link_one(Batch *self, guint i, GError **error)
{
    BusLog *log = self->log;
    const BusEvent *event = self->events->pdata[i];
    if (!bus_frontier_add(&self->head.frontier, log->sha256, event->hash, bus_tree_save_node, log,
                          error))
        return false;
    bus_block_note(log, event, self->text_hashes[i]);
    if (event->seq % BUS_BLOCK_EVENTS == 0 &&
        !bus_block_seal(log, event->seq / BUS_BLOCK_EVENTS - 1, error))
        return false;
    if (!bus_policy_is_change(event->topic))
        return true;
    self->head.policy = event->seq;
    return bus_policy_apply(log->policy, event, error) &&
           bus_policy_save(log->policy, log->db, error);
}

static bool store(Batch *self, GError **error)
{
    guint n = self->events->len;
    guint part = bus_rows_insert_at_once(self->log);
    for (guint start = 0; start < n; start += BUS_SIGNATURE_BATCH_MAX)
        sign_part(self, start, MIN(start + BUS_SIGNATURE_BATCH_MAX, n));
    for (guint start = 0; start < n; start += part) {
        guint end = MIN(start + part, n);
        if (!insert(self, start, end, error))
            return false;
        for (guint i = start; i < end; i++) {
            if (!link_one(self, i, error))
                return false;
        }
    }
    return bus_head_sign_if_due(self->log, &self->head, error) &&
           bus_head_save(self->log, &self->head, error) &&
           base_db_notify(self->log->db, BUS_CHANNEL, error);
}

static bool load_policy(Batch *self, GError **error)
{
    BusLog *log = self->log;
    if (log->policy != NULL && log->policy_seq == self->head.policy)
        return true;
    BusPolicy *policy = bus_policy_load(log->db, error);
    if (policy == NULL)
        return false;
    bus_policy_free(log->policy);
    log->policy = policy;
    log->policy_seq = self->head.policy;
    /* Another process of this machine may have rotated the key. */
    const BusKey *own = g_hash_table_lookup(policy->keys, log->key);
    return own == NULL || own->ended == 0 || bus_keys_reload(log, error);
}

/* The first event of a log lets its signer in; it is the only one that no policy allows. */
static bool add_first(Batch *self, GError **error)
{
    char hex[2 * BASE_ED25519_PUBLIC_BYTES + 1];
    base_digest_to_hex(self->log->secret + BASE_ED25519_SEED_BYTES, BASE_ED25519_PUBLIC_BYTES, hex);
    g_autoptr(JsonObject) body = json_object_new();
    JsonArray *topics = json_array_new();
    json_array_add_string_element(topics, "*");
    json_object_set_string_member(body, "key", self->log->key);
    json_object_set_string_member(body, "public", hex);
    json_object_set_array_member(body, "topics", topics);
    BusDraft draft = {.topic = BUS_TOPIC_KEY_ADDED, .actor = "service:bus", .body = body};
    g_autoptr(BusEvent) event = bus_prepare(&draft, self->log->sha256, error);
    if (event == NULL)
        return false;
    event->logged_us = self->log->clock();
    event->time_us = event->logged_us;
    event->id = make_id(self->log, event->logged_us);
    event->key = g_strdup(self->log->key);
    chain(self, g_steal_pointer(&event));
    BusEvent *first = self->events->pdata[0];
    return bus_policy_apply(self->log->policy, first, error);
}

/* Says once that the clock is behind the log; until it has caught up, events share a time. */
static bool note_clock(Batch *self, GError **error)
{
    int64_t behind_us = self->head.logged_us - self->log->clock();
    bool behind = behind_us > CLOCK_BACK_US;
    if (behind == self->head.behind)
        return true;
    self->head.behind = behind;
    if (!behind)
        return true;
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_int_member(body, "behind-us", behind_us);
    BusDraft draft = {.topic = BUS_TOPIC_OWN "clock.set-back",
                      .actor = "service:bus",
                      .severity = BUS_SEVERITY_WARNING,
                      .body = body};
    return add_draft(self, &draft, error);
}

/* @events: (transfer full): prepared from @drafts */
static bool append(Batch *self, const BusDraft *drafts, GPtrArray *events, uint64_t *out_first_seq,
                   GError **error)
{
    if (!bus_head_load(self->log, BUS_HEAD_LOCK, &self->head, error) || !load_policy(self, error))
        return false;
    if (self->head.seq == 0 ? !add_first(self, error) : !note_clock(self, error))
        return false;
    uint64_t first_seq = self->head.seq + 1;
    for (unsigned i = 0; i < events->len; i++) {
        if (!add(self, g_steal_pointer(&events->pdata[i]), &drafts[i], error))
            return false;
    }
    if (self->events->len > 0 && self->head.frontier.size == 0) {
        /* add_first() applied it for the checks; storing it does so again, from nothing */
        bus_policy_free(self->log->policy);
        self->log->policy = bus_policy_new();
    }
    if (self->events->len > 0 && !store(self, error))
        return false;
    self->log->policy_seq = self->head.policy;
    if (out_first_seq != NULL)
        *out_first_seq = first_seq;
    return true;
}

bool bus_append_prepared(BusLog *log, const BusDraft *drafts, GPtrArray *prepared,
                         uint64_t *out_first_seq, GError **error)
{
    g_assert(base_db_in_transaction(log->db));
    if (log->state_dir == NULL) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_DENIED, "the log was opened for reading only");
        return false;
    }
    /* beside the drafts: the first event of a log, or one about its clock */
    unsigned max_events = prepared->len + 1;
    g_autoptr(GPtrArray) events = g_ptr_array_new_full(max_events, (GDestroyNotify)bus_event_free);
    g_autofree void *text_hashes = g_malloc_n(max_events, BASE_SHA256_BYTES);
    Batch batch = {.log = log, .events = events, .text_hashes = text_hashes};
    bool ok = append(&batch, drafts, prepared, out_first_seq, error);
    /* What it holds may be of a transaction that the caller will roll back: the number of the
     * last change alone does not tell, since another event may get it. */
    if (!ok || batch.head.policy > batch.head.seq - events->len)
        g_clear_pointer(&log->policy, bus_policy_free);
    return ok;
}

bool bus_append_own(BusLog *log, const BusDraft *drafts, unsigned n_drafts, uint64_t *out_first_seq,
                    GError **error)
{
    g_autoptr(GPtrArray) events = g_ptr_array_new_full(n_drafts, (GDestroyNotify)bus_event_free);
    for (unsigned i = 0; i < n_drafts; i++) {
        BusEvent *event = bus_prepare(&drafts[i], log->sha256, error);
        if (event == NULL)
            return false;
        g_ptr_array_add(events, event);
    }
    return bus_append_prepared(log, drafts, events, out_first_seq, error);
}

bool bus_append(BusLog *self, const BusDraft *drafts, unsigned n_drafts, uint64_t *out_first_seq,
                GError **error)
{
    g_autoptr(GPtrArray) events = bus_prepare_all(drafts, n_drafts, self->sha256, error);
    return events != NULL && bus_append_prepared(self, drafts, events, out_first_seq, error);
}

static bool publish_once(BusLog *self, const BusDraft *draft, uint64_t *out_seq, GError **error)
{
    if (!base_db_begin(self->db, error))
        return false;
    if (bus_append(self, draft, 1, out_seq, error) && base_db_commit(self->db, error))
        return true;
    base_db_rollback(self->db);
    return false;
}

static bool find_number(BusLog *self, const char *id, uint64_t *out_seq)
{
    g_autoptr(BusEvent) event = bus_log_find(self, id, NULL);
    if (event == NULL)
        return false;
    *out_seq = event->seq;
    return true;
}

bool bus_publish(BusLog *self, const BusDraft *draft, uint64_t *out_seq, GError **error)
{
    g_autofree char *id = draft->id != NULL ? g_strdup(draft->id) : bus_log_make_id(self);
    BusDraft own = *draft;
    own.id = id;
    uint64_t seq = 0;
    bool again = false;
    int64_t end = g_get_monotonic_time() + PUBLISH_TRY_US;
    for (gulong pause_us = 10000;; pause_us = MIN(2 * pause_us, 500000)) {
        g_autoptr(GError) local = NULL;
        bool ok = publish_once(self, &own, &seq, &local);
        /* A connection that broke in COMMIT does not say whether it was done: the id does. */
        if (!ok && again && g_error_matches(local, BUS_ERROR, BUS_ERROR_EXISTS))
            ok = find_number(self, id, &seq);
        if (ok) {
            if (out_seq != NULL)
                *out_seq = seq;
            return true;
        }
        bool may_help = g_error_matches(local, BASE_DB_ERROR, BASE_DB_ERROR_AWAY) ||
                        g_error_matches(local, BASE_DB_ERROR, BASE_DB_ERROR_BUSY);
        if (!may_help || g_get_monotonic_time() > end) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        again = true;
        g_usleep(pause_us);
    }
}
