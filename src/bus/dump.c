/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The log as lines of JSON, out and in; fedora-messaging's dump lines too.
 */
#include "bus/dump.h"

#include "base/error.h"
#include "bus/canonical.h"
#include "bus/log-private.h"
#include "bus/signed.h"

#include <errno.h>
#include <string.h>

#define BATCH 100
/* Lines that wait to be appended at once hold no more than this. */
#define WAITING_MAX_BYTES (1024 * 1024)

char *bus_dump_print(const BusEvent *event, GError **error)
{
    g_autoptr(JsonObject) object = bus_event_to_json(event);
    g_autoptr(GString) line = g_string_new(NULL);
    if (!bus_canonical_print(object, line, error))
        return NULL;
    g_string_append_c(line, '\n');
    return g_string_free(g_steal_pointer(&line), FALSE);
}

static bool check_restored(BusLog *log, BusPolicy *policy, const BusHead *head,
                           const BusEvent *event, GError **error)
{
    if (event->seq != head->seq + 1 || memcmp(event->prev, head->prev, sizeof head->prev) != 0 ||
        event->logged_us < head->logged_us) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "event %" G_GUINT64_FORMAT " does not follow event %" G_GUINT64_FORMAT
                    " of the log",
                    event->seq, head->seq);
        return false;
    }
    bool changes = bus_policy_is_change(event->topic);
    if (event->seq == 1 && !bus_policy_apply(policy, event, error))
        return false;
    if (!bus_policy_check(policy, event->key, event->actor, event->topic, error))
        return false;
    const BusKey *key = g_hash_table_lookup(policy->keys, event->key);
    uint8_t text_hash[BASE_SHA256_BYTES];
    bus_hash_text(log->sha256, event->signed_text, strlen(event->signed_text), text_hash);
    if (!bus_signature_check(&event->signature, event->signed_text, text_hash, key->public_key,
                             log->sha256, &log->checked)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_BROKEN,
                    "the signature of event %" G_GUINT64_FORMAT " is forged", event->seq);
        return false;
    }
    return event->seq == 1 || !changes || bus_policy_apply(policy, event, error);
}

static bool restore(BusLog *log, BusHead *head, BusPolicy *policy, const BusEvent *event,
                    GError **error)
{
    if (!check_restored(log, policy, head, event, error) || !bus_row_insert(log, event, error) ||
        !bus_frontier_add(&head->frontier, log->sha256, event->hash, bus_tree_save_node, log,
                          error))
        return false;
    head->seq = event->seq;
    head->logged_us = event->logged_us;
    bus_hash_text(log->sha256, event->signed_text, strlen(event->signed_text), head->prev);
    bus_block_note(log, event, head->prev);
    if (event->seq % BUS_BLOCK_EVENTS == 0 &&
        !bus_block_seal(log, event->seq / BUS_BLOCK_EVENTS - 1, error))
        return false;
    if (!bus_policy_is_change(event->topic))
        return true;
    head->policy = event->seq;
    return bus_policy_save(policy, log->db, error);
}

bool bus_dump_restore(BusLog *log, const BusEvent *event, GError **error)
{
    BusHead head;
    g_assert(base_db_in_transaction(log->db));
    if (!bus_head_load(log, BUS_HEAD_LOCK, &head, error))
        return false;
    g_autoptr(BusPolicy) policy = bus_policy_load(log->db, error);
    return policy != NULL && restore(log, &head, policy, event, error) &&
           bus_head_save(log, &head, error) && base_db_notify(log->db, BUS_CHANNEL, error);
}

/* A line that becomes a new event. */
typedef struct {
    uint64_t number;
    JsonNode *line; /* what @draft points into */
    GPtrArray *objects;
    BusDraft draft;
} Waiting;

typedef struct {
    BusLog *log;
    const char *actor;
    uint64_t line_number;
    GPtrArray *waiting; /* element-type Waiting */
    GHashTable *ids;    /* of those */
    size_t waiting_bytes;
    BusDumpCounts counts;
    BusDumpCounts pending; /* of the transaction that is open */
} Import;

static void free_waiting(gpointer data)
{
    Waiting *self = data;
    json_node_unref(self->line);
    g_ptr_array_unref(self->objects);
    g_free(self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Waiting, free_waiting)

static const char *get_string(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

static JsonObject *get_object(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node != NULL && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static int64_t get_number(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    return node != NULL && JSON_NODE_HOLDS_VALUE(node) &&
                   json_node_get_value_type(node) == G_TYPE_INT64
               ? json_node_get_int(node)
               : 0;
}

/* fedora_messaging_rpm_bash: true → rpm:bash */
static void add_header_objects(JsonObject *headers, GPtrArray *objects)
{
    static const char prefix[] = "fedora_messaging_";
    static const char *const kinds[] = {"user", "group", "rpm", "container", "module", "flatpak"};
    g_autoptr(GList) names = json_object_get_members(headers);
    for (GList *l = names; l != NULL; l = l->next) {
        const char *name = l->data;
        if (!g_str_has_prefix(name, prefix))
            continue;
        name += strlen(prefix);
        for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
            size_t n = strlen(kinds[i]);
            if (strncmp(name, kinds[i], n) == 0 && name[n] == '_' && name[n + 1] != '\0')
                g_ptr_array_add(objects, g_strdup_printf("%s:%s", kinds[i], name + n + 1));
        }
    }
}

static int64_t parse_time(const char *text)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) time = text != NULL ? g_date_time_new_from_iso8601(text, utc) : NULL;
    return time != NULL
               ? g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time)
               : 0;
}

static void add_objects(JsonObject *object, GPtrArray *objects)
{
    JsonNode *node = json_object_get_member(object, "objects");
    JsonArray *array =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    for (guint i = 0; array != NULL && i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        const char *text = JSON_NODE_HOLDS_VALUE(element) ? json_node_get_string(element) : NULL;
        g_ptr_array_add(objects, g_strdup(text != NULL ? text : ""));
    }
}

static Waiting *read_draft(Import *self, JsonNode *line, GError **error)
{
    JsonObject *object = json_node_get_object(line);
    JsonObject *headers = get_object(object, "headers");
    g_autoptr(Waiting) waiting = g_new0(Waiting, 1);
    waiting->number = self->line_number;
    waiting->line = json_node_ref(line);
    waiting->objects = g_ptr_array_new_with_free_func(g_free);
    add_objects(object, waiting->objects);
    BusDraft *draft = &waiting->draft;
    *draft = (BusDraft){
        .topic = get_string(object, "topic"),
        .actor = get_string(object, "actor") != NULL ? get_string(object, "actor") : self->actor,
        .id = get_string(object, "id"),
        .schema = get_string(object, "schema"),
        .severity = (BusSeverity)CLAMP(get_number(object, "severity"), 0, 100),
        .body = get_object(object, "body"),
        .time_us = parse_time(get_string(object, "time")),
    };
    if (headers != NULL) {
        add_header_objects(headers, waiting->objects);
        draft->time_us = parse_time(get_string(headers, "sent-at"));
        draft->schema = get_string(headers, "fedora_messaging_schema");
        draft->severity =
            (BusSeverity)CLAMP(get_number(headers, "fedora_messaging_severity"), 0, 100);
    }
    g_ptr_array_add(waiting->objects, NULL);
    draft->objects = (const char *const *)waiting->objects->pdata;
    if (draft->topic == NULL || draft->body == NULL) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "wanted an object with ‘topic’ (a string) and ‘body’ (an object)");
        return NULL;
    }
    return g_steal_pointer(&waiting);
}

/* Which of them it was that the log refused: appended one by one, it says so itself. */
static bool find_refused(Import *self, GError **error)
{
    for (guint i = 0; i < self->waiting->len; i++) {
        const Waiting *waiting = self->waiting->pdata[i];
        g_autoptr(GError) local = NULL;
        self->line_number = waiting->number;
        if (bus_append(self->log, &waiting->draft, 1, NULL, &local)) {
            self->pending.published++;
        } else if (g_error_matches(local, BUS_ERROR, BUS_ERROR_EXISTS)) {
            self->pending.known++;
        } else {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
    }
    return true;
}

/* At once: under one signature, and in one trip to a server. */
static bool append_waiting(Import *self, GError **error)
{
    guint n = self->waiting->len;
    if (n == 0)
        return true;
    g_autofree BusDraft *drafts = g_new0(BusDraft, n);
    for (guint i = 0; i < n; i++)
        drafts[i] = ((const Waiting *)self->waiting->pdata[i])->draft;
    uint64_t line_number = self->line_number;
    g_autoptr(GError) local = NULL;
    bool ok = bus_append(self->log, drafts, n, NULL, &local);
    if (ok)
        self->pending.published += n;
    else if (local->domain != BUS_ERROR)
        g_propagate_error(error, g_steal_pointer(&local));
    else
        ok = find_refused(self, error);
    if (!ok)
        return false;
    self->line_number = line_number;
    self->waiting_bytes = 0;
    g_hash_table_remove_all(self->ids);
    g_ptr_array_set_size(self->waiting, 0);
    return true;
}

static bool publish_line(Import *self, JsonNode *line, size_t size_bytes, GError **error)
{
    Waiting *waiting = read_draft(self, line, error);
    if (waiting == NULL)
        return false;
    if (waiting->draft.id != NULL) {
        g_autofree char *id = g_ascii_strdown(waiting->draft.id, -1);
        g_autoptr(BusEvent) known = bus_log_find(self->log, id, NULL);
        if (known != NULL || !g_hash_table_add(self->ids, g_steal_pointer(&id))) {
            self->pending.known++;
            free_waiting(waiting);
            return true;
        }
    }
    g_ptr_array_add(self->waiting, waiting);
    self->waiting_bytes += size_bytes;
    return self->waiting_bytes < WAITING_MAX_BYTES || append_waiting(self, error);
}

/* An export that was restored in part goes on where it ended. */
static bool restore_line(Import *self, const char *line, size_t size_bytes, GError **error)
{
    uint64_t head = 0;
    g_autoptr(BusEvent) event = bus_event_from_json(line, size_bytes, error);
    if (event == NULL || !bus_log_head(self->log, &head, error))
        return false;
    if (event->seq > head) {
        self->pending.restored++;
        return bus_dump_restore(self->log, event, error);
    }
    g_autoptr(BusEvent) known = bus_log_find_seq(self->log, event->seq, error);
    if (known == NULL)
        return false;
    if (strcmp(known->signed_text, event->signed_text) != 0) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_EXISTS,
                    "the log has another event %" G_GUINT64_FORMAT
                    ": an export goes into an empty log, or back into its own",
                    event->seq);
        return false;
    }
    self->pending.known++;
    return true;
}

static bool take_line(Import *self, const char *line, size_t size_bytes, GError **error)
{
    g_autoptr(JsonNode) node = bus_canonical_parse(line, size_bytes, error);
    if (node == NULL)
        return false;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "wanted a JSON object");
        return false;
    }
    JsonObject *object = json_node_get_object(node);
    if (json_object_has_member(object, "signed"))
        return append_waiting(self, error) && restore_line(self, line, size_bytes, error);
    return publish_line(self, node, size_bytes, error);
}

static bool commit(Import *self, GError **error)
{
    if (!append_waiting(self, error) || !base_db_commit(self->log->db, error))
        return false;
    self->counts.restored += self->pending.restored;
    self->counts.published += self->pending.published;
    self->counts.known += self->pending.known;
    self->pending = (BusDumpCounts){0};
    return true;
}

/* Reads a line, of which it keeps no more than is allowed; @out_end says that there is none. */
static bool read_line(FILE *in, GString *line, bool *out_end, GError **error)
{
    int c = 0;
    g_string_truncate(line, 0);
    while ((c = getc_unlocked(in)) != EOF && c != '\n') {
        if (line->len >= BUS_DUMP_LINE_MAX_BYTES) {
            g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE, "the line is longer than %d bytes",
                        BUS_DUMP_LINE_MAX_BYTES);
            return false;
        }
        g_string_append_c(line, (char)c);
    }
    if (c == EOF && ferror(in))
        return base_error_set_errno(error, errno, "reading");
    *out_end = c == EOF && line->len == 0;
    return true;
}

static bool import_lines(Import *self, FILE *in, GCancellable *cancellable, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    unsigned in_batch = 0;
    for (;;) {
        bool end = false;
        self->line_number++;
        if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
            !read_line(in, line, &end, error))
            return false;
        if (end || in_batch == BATCH) {
            if (base_db_in_transaction(self->log->db) && !commit(self, error))
                return false;
            in_batch = 0;
        }
        if (end)
            return true;
        if (line->len == 0)
            continue;
        if (!base_db_in_transaction(self->log->db) && !base_db_begin(self->log->db, error))
            return false;
        if (!take_line(self, line->str, line->len, error))
            return false;
        in_batch++;
    }
}

bool bus_dump_import(BusLog *log, FILE *in, const char *name, const char *actor,
                     GCancellable *cancellable, BusDumpCounts *out_counts, GError **error)
{
    g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func(free_waiting);
    g_autoptr(GHashTable) ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Import self = {.log = log, .actor = actor, .waiting = waiting, .ids = ids};
    g_autoptr(GError) local = NULL;
    bool ok = import_lines(&self, in, cancellable, &local);
    if (!ok) {
        base_db_rollback(log->db);
        g_prefix_error(&local, "%s:%" G_GUINT64_FORMAT ": ", name, self.line_number);
        g_propagate_error(error, g_steal_pointer(&local));
    }
    *out_counts = self.counts;
    return ok;
}
