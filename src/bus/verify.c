/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Proving the whole log: what needs the order of events. Trusts no table but the events
 * themselves: keys and grants are replayed.
 */
#include "bus/verify.h"

#include "bus/verify-private.h"

#include <string.h>

typedef struct {
    BusLog *log;
    BusVerification *result;
    BusPolicy *policy;
    BusFrontier frontier;
    GPtrArray *heads; /* element-type BusSignedHead (borrowed), by size */
    guint next_head;
    uint64_t expected; /* the next number */
    uint8_t prev[BASE_SHA256_BYTES];
    bool prev_known; /* the event before is there and what it was signed to be */
    bool tree_known; /* no leaf is missing so far */
    int64_t logged_us;
    int64_t time_us;
} Verifier;

void bus_verification_free(BusVerification *self)
{
    if (self == NULL)
        return;
    g_ptr_array_unref(self->findings);
    g_free(self);
}

static void free_finding(gpointer data)
{
    g_free(((BusFinding *)data)->message);
    g_free(data);
}

G_GNUC_PRINTF(4, 5)
static void report(Verifier *self, uint64_t seq, const char *kind, const char *format, ...)
{
    if (self->result->findings->len >= BUS_FINDINGS_MAX) {
        self->result->more = true;
        return;
    }
    va_list args;
    va_start(args, format);
    BusFinding *finding = g_new0(BusFinding, 1);
    finding->seq = seq;
    finding->kind = kind;
    finding->message = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(self->result->findings, finding);
}

static void report_gap(Verifier *self, uint64_t low, uint64_t high)
{
    if (low == high)
        report(self, low, "removed", "event %" G_GUINT64_FORMAT " is removed", low);
    else
        report(self, low, "removed",
               "events %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT " are removed", low, high);
    self->prev_known = false;
    self->tree_known = false;
}

/* The first event lets its own signer in; every other one needs what the policy then says. */
static void find_key(Verifier *self, BusVerifyRow *row)
{
    const BusEvent *event = row->event;
    row->key = NULL;
    if (event == NULL)
        return;
    bool first = row->seq == 1 && strcmp(event->topic, BUS_TOPIC_KEY_ADDED) == 0;
    g_autoptr(GError) error = NULL;
    if (first && bus_policy_apply(self->policy, event, &error)) {
        row->key = g_hash_table_lookup(self->policy->keys, event->key);
        if (row->key != NULL)
            memcpy(self->result->first_key, row->key->public_key, sizeof row->key->public_key);
        return;
    }
    row->key = g_hash_table_lookup(self->policy->keys, event->key);
    if (error != NULL || row->key == NULL ||
        !bus_policy_check(self->policy, event->key, event->actor, event->topic,
                          error == NULL ? &error : NULL)) {
        report(self, row->seq, "denied",
               "event %" G_GUINT64_FORMAT " is one that key %s may not "
               "sign: %s",
               row->seq, event->key, error != NULL ? error->message : "the key is not in the log");
        return;
    }
    if (!bus_policy_is_change(event->topic))
        return;
    /* What changes the rules counts at once, so its signature is looked at at once. */
    bool signed_by = bus_signature_check(&row->signature, row->text, row->text_hash,
                                         row->key->public_key, self->log->sha256, NULL);
    if (signed_by && !bus_policy_apply(self->policy, event, &error))
        report(self, row->seq, "denied", "%s", error->message);
}

static void check_chain(Verifier *self, const BusVerifyRow *row, bool sound)
{
    const BusEvent *event = row->event;
    if (event->seq != row->seq) {
        report(self, row->seq, "swapped",
               "event %" G_GUINT64_FORMAT " is not in its place: what stands there is event "
               "%" G_GUINT64_FORMAT,
               row->seq, event->seq);
    } else if (sound && self->prev_known &&
               memcmp(event->prev, self->prev, sizeof self->prev) != 0) {
        report(self, row->seq, "forked",
               "the log forks before event %" G_GUINT64_FORMAT ": it is signed to follow another "
               "event %" G_GUINT64_FORMAT " than the one that is there",
               row->seq, row->seq - 1);
    }
    if (self->logged_us > event->logged_us && sound)
        report(self, row->seq, "clock",
               "event %" G_GUINT64_FORMAT " was logged before event %" G_GUINT64_FORMAT
               ": the clock was set back by %.3f s",
               row->seq, row->seq - 1,
               (double)(self->logged_us - event->logged_us) / G_USEC_PER_SEC);
    if (self->time_us > event->time_us)
        self->result->n_back_dated++;
    self->logged_us = MAX(self->logged_us, event->logged_us);
    self->time_us = event->time_us;
}

/* Whether the row is what was signed, and by whom it says. */
static bool check_row(Verifier *self, const BusVerifyRow *row)
{
    bool hashed = memcmp(row->leaf, row->hash, sizeof row->leaf) == 0;
    if (row->event == NULL) {
        report(self, row->seq, "altered",
               "event %" G_GUINT64_FORMAT " is altered: its signed text is not that of an event",
               row->seq);
        return false;
    }
    if (row->signature_error != NULL)
        report(self, row->seq, "altered",
               "the signature of event %" G_GUINT64_FORMAT " is altered: %s", row->seq,
               row->signature_error->message);
    else if (row->key != NULL && !row->signature_fits && hashed)
        report(self, row->seq, "forged",
               "the signature of event %" G_GUINT64_FORMAT " is forged: key %s did not make it",
               row->seq, row->event->key);
    else if (row->key != NULL && !row->signature_fits)
        report(self, row->seq, "altered",
               "event %" G_GUINT64_FORMAT " is altered: its text or signature is not what key %s "
               "signed",
               row->seq, row->event->key);
    else if (!hashed)
        report(self, row->seq, "altered",
               "the stored hash of event %" G_GUINT64_FORMAT " is altered", row->seq);
    if (!row->body_fits)
        report(self, row->seq, "altered",
               "the body of event %" G_GUINT64_FORMAT " is altered: it is not the one that was "
               "signed",
               row->seq);
    if (row->body_missing)
        report(self, row->seq, "removed",
               "the body of event %" G_GUINT64_FORMAT " is a file, and the file is gone", row->seq);
    if (!row->id_fits)
        report(self, row->seq, "index",
               "the index has another id for event %" G_GUINT64_FORMAT " than %s", row->seq,
               row->event->id);
    return row->key != NULL && row->signature_fits;
}

/* A node that nobody recomputes would let a false proof be made. */
static bool check_node(unsigned level, uint64_t index, const uint8_t hash[static BASE_SHA256_BYTES],
                       void *user_data, GError **error)
{
    Verifier *self = user_data;
    BaseDbStatement *statement = base_db_prepare(
        self->log->db, "SELECT hash FROM bus_node WHERE level = ?1 AND idx = ?2", error);
    bool row = false;
    if (statement == NULL)
        return false;
    base_db_bind_int(statement, 1, level);
    base_db_bind_int(statement, 2, (int64_t)index);
    if (!base_db_step(statement, &row, error))
        return false;
    size_t size_bytes = 0;
    const void *stored = row ? base_db_column_blob(statement, "hash", &size_bytes) : NULL;
    if (stored == NULL || size_bytes != BASE_SHA256_BYTES || memcmp(stored, hash, size_bytes) != 0)
        report(self, 0, "altered",
               "node %" G_GUINT64_FORMAT " of level %u of the stored tree is not what the events "
               "come to",
               index, level);
    base_db_reset(statement);
    return true;
}

static void check_head(Verifier *self, const BusSignedHead *head)
{
    uint8_t root[BASE_SHA256_BYTES];
    g_autofree char *time = bus_time_print(head->time_us);
    const BusKey *key = g_hash_table_lookup(self->policy->keys, head->key);
    self->result->n_heads++;
    if (key == NULL)
        report(self, 0, "forged",
               "the head of size %" G_GUINT64_FORMAT " is signed with key %s, which is not in the "
               "log",
               head->size, head->key);
    bus_frontier_root(&self->frontier, self->log->sha256, root);
    if (self->tree_known && memcmp(root, head->root, sizeof root) != 0)
        report(self, 0, "forked",
               "the log forked, or was rewritten, at or before event %" G_GUINT64_FORMAT
               ": the head that key %s signed for it at %s has another root",
               head->size, head->key, time);
}

static bool add_leaf(Verifier *self, const BusVerifyRow *row, GError **error)
{
    /* Of an altered event the stored hash is still the one that heads were signed over. */
    if (!bus_frontier_add(&self->frontier, self->log->sha256, row->hash,
                          self->tree_known ? check_node : NULL, self, error))
        return false;
    while (self->next_head < self->heads->len) {
        const BusSignedHead *head = self->heads->pdata[self->next_head];
        if (head->size > row->seq)
            break;
        if (head->size == row->seq)
            check_head(self, head);
        self->next_head++;
    }
    return true;
}

static bool check_chunk(Verifier *self, const BusVerifyChunk *chunk, GError **error)
{
    for (guint i = 0; i < chunk->rows->len; i++) {
        const BusVerifyRow *row = &g_array_index(chunk->rows, BusVerifyRow, i);
        if (row->seq > self->expected)
            report_gap(self, self->expected, row->seq - 1);
        self->expected = row->seq + 1;
        self->result->n_events++;
        bool sound = check_row(self, row);
        if (row->event != NULL) {
            self->result->n_bodies_gone += row->body == NULL && !row->body_missing;
            check_chain(self, row, sound);
        }
        self->prev_known = sound && row->event != NULL && row->event->seq == row->seq;
        memcpy(self->prev, row->text_hash, sizeof self->prev);
        if (!add_leaf(self, row, error))
            return false;
    }
    return true;
}

static bool check_end(Verifier *self, GError **error)
{
    BusHead head;
    uint64_t last = self->expected - 1;
    if (!bus_head_load(self->log, BUS_HEAD_READ, &head, error)) {
        if (!g_error_matches(*error, BUS_ERROR, BUS_ERROR_BROKEN))
            return false;
        report(self, 0, "altered", "%s", (*error)->message);
        g_clear_error(error);
        return true;
    }
    if (head.seq > last) {
        report_gap(self, last + 1, head.seq);
    } else if (head.seq < last || (self->prev_known && memcmp(head.prev, self->prev, 32) != 0) ||
               (self->tree_known && memcmp(head.frontier.nodes, self->frontier.nodes,
                                           bus_frontier_nodes(&head.frontier) * 32u) != 0)) {
        report(self, 0, "altered", "the log's head row is not what its events come to");
    }
    for (; self->next_head < self->heads->len; self->next_head++) {
        const BusSignedHead *signed_head = self->heads->pdata[self->next_head];
        g_autofree char *time = bus_time_print(signed_head->time_us);
        report(self, 0, "removed",
               "the log was cut: key %s signed at %s that it has %" G_GUINT64_FORMAT
               " events, and %" G_GUINT64_FORMAT " are there",
               signed_head->key, time, signed_head->size, last);
    }
    return true;
}

typedef struct {
    Verifier *verifier;
    const BusVerifyChunk *chunk;
} Before;

static bool check_before(void *user_data, GError **error)
{
    const Before *before = user_data;
    return check_chunk(before->verifier, before->chunk, error);
}

/* What needs order is done for the chunk before, while the forms of the next one are read. */
static bool run(Verifier *self, BusVerifyChunk chunks[static 3], uint64_t total,
                const BaseProgress *progress, GCancellable *cancellable, GError **error)
{
    if (!bus_verify_chunk_read(&chunks[0], self->log, 0, error))
        return false;
    for (;;) {
        BusVerifyChunk *chunk = &chunks[0];
        BusVerifyChunk *next = &chunks[1];
        BusVerifyChunk *before = &chunks[2];
        Before work = {self, before};
        if (!bus_verify_chunk_parse(chunk, self->log, check_before, &work, cancellable, error))
            return false;
        if (chunk->rows->len == 0)
            return check_end(self, error);
        for (guint i = 0; i < chunk->rows->len; i++)
            find_key(self, &g_array_index(chunk->rows, BusVerifyRow, i));
        uint64_t last = g_array_index(chunk->rows, BusVerifyRow, chunk->rows->len - 1).seq;
        if (!bus_verify_chunk_check(chunk, next, self->log, last, cancellable, error))
            return false;
        base_progress_update(progress, last, total, "events");
        BusVerifyChunk done = *before;
        *before = *chunk;
        *chunk = *next;
        *next = done;
    }
}

static int compare_heads(const void *a, const void *b)
{
    const BusSignedHead *left = *(BusSignedHead *const *)a;
    const BusSignedHead *right = *(BusSignedHead *const *)b;
    return left->size < right->size ? -1 : left->size > right->size;
}

static bool verify(Verifier *self, const GPtrArray *saved, const BaseProgress *progress,
                   GCancellable *cancellable, GError **error)
{
    uint64_t total = 0;
    g_autoptr(GError) local = NULL;
    g_autoptr(GPtrArray) stored = bus_signed_head_list(self->log, &local);
    if (stored == NULL && local->domain == BUS_ERROR)
        report(self, 0, "forged", "a stored head: %s", local->message);
    else if (stored == NULL)
        return g_propagate_error(error, g_steal_pointer(&local)), false;
    for (guint i = 0; stored != NULL && i < stored->len; i++)
        g_ptr_array_add(self->heads, stored->pdata[i]);
    for (guint i = 0; saved != NULL && i < saved->len; i++)
        g_ptr_array_add(self->heads, saved->pdata[i]);
    g_ptr_array_sort(self->heads, compare_heads);
    if (!bus_log_head(self->log, &total, error))
        return false;
    base_progress_phase(progress, "verifying");
    BusVerifyChunk chunks[3];
    for (unsigned i = 0; i < G_N_ELEMENTS(chunks); i++)
        bus_verify_chunk_init(&chunks[i]);
    bool ok = run(self, chunks, total, progress, cancellable, error);
    for (unsigned i = 0; i < G_N_ELEMENTS(chunks); i++)
        bus_verify_chunk_clear(&chunks[i]);
    return ok;
}

BusVerification *bus_verify(BusLog *log, const GPtrArray *saved, const BaseProgress *progress,
                            GCancellable *cancellable, GError **error)
{
    g_autoptr(BusVerification) result = g_new0(BusVerification, 1);
    g_autoptr(BusPolicy) policy = bus_policy_new();
    g_autoptr(GPtrArray) heads = g_ptr_array_new();
    g_autoptr(GError) local = NULL;
    result->findings = g_ptr_array_new_with_free_func(free_finding);
    Verifier verifier = {.log = log,
                         .result = result,
                         .policy = policy,
                         .heads = heads,
                         .expected = 1,
                         .prev_known = true,
                         .tree_known = true};
    /* One state of the database: appending goes on meanwhile. */
    if (!base_db_begin_read(log->db, error))
        return NULL;
    bool ok = verify(&verifier, saved, progress, cancellable, &local);
    base_db_rollback(log->db);
    if (!ok) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    return g_steal_pointer(&result);
}
