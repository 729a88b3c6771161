/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * fedmsg's replay: REQ and REP. One JSON object asks, a message with a frame for each envelope
 * answers, or one frame "error: '…'".
 */
#include "bus/transports/zeromq.h"

#include "bus/query.h"
#include "bus/transports/fedmsg.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

#define MAX_QUERY_BYTES 65536
#define MAX_ANSWER_FRAMES (BUS_ZEROMQ_REPLAY_MAX * 2)
#define POLL_MS 200

typedef struct {
    BusLog *log;
    const char *const *topics;
    GHashTable *seen;
    GPtrArray *events;
} Answer;

static bool is_wanted(const Answer *self, const BusEvent *event)
{
    if (event->body == NULL)
        return false;
    for (size_t i = 0; self->topics != NULL && self->topics[i] != NULL; i++) {
        if (bus_topic_matches(self->topics[i], event->topic))
            return true;
    }
    return self->topics == NULL || self->topics[0] == NULL;
}

static void add_event(Answer *self, BusEvent *event)
{
    g_autoptr(BusEvent) owned = event;
    if (self->events->len < BUS_ZEROMQ_REPLAY_MAX && is_wanted(self, event) &&
        g_hash_table_add(self->seen, &event->seq))
        g_ptr_array_add(self->events, g_steal_pointer(&owned));
}

static void add_all(Answer *self, GPtrArray *found)
{
    g_ptr_array_set_free_func(found, NULL);
    for (unsigned i = 0; i < found->len; i++)
        add_event(self, g_ptr_array_index(found, i));
}

static bool read_number(JsonNode *node, int64_t *out_number)
{
    if (node == NULL || !JSON_NODE_HOLDS_VALUE(node))
        return false;
    GType type = json_node_get_value_type(node);
    if (type == G_TYPE_DOUBLE) {
        double number = json_node_get_double(node);
        if (!(number >= 0 && number < (double)(1LL << 53)))
            return false;
        *out_number = (int64_t)number;
        return true;
    }
    if (type != G_TYPE_INT64 || json_node_get_int(node) < 0)
        return false;
    *out_number = json_node_get_int(node);
    return true;
}

static bool read_pair(JsonNode *node, int64_t *out_first, int64_t *out_last)
{
    JsonArray *pair =
        node != NULL && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    return pair != NULL && json_array_get_length(pair) == 2 &&
           read_number(json_array_get_element(pair, 0), out_first) &&
           read_number(json_array_get_element(pair, 1), out_last);
}

static bool set_ill_formed(GError **error, const char *name, const char *wanted)
{
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "‘%s’ wants %s", name, wanted);
    return false;
}

static bool find_range(Answer *self, int64_t first, int64_t last, GError **error)
{
    uint64_t after = first > 0 ? (uint64_t)first - 1 : 0;
    while (after < (uint64_t)last && self->events->len < BUS_ZEROMQ_REPLAY_MAX) {
        uint64_t left = (uint64_t)last - after;
        g_autoptr(GPtrArray) found =
            bus_log_read(self->log, after, (unsigned)MIN(left, BUS_ZEROMQ_REPLAY_MAX), error);
        if (found == NULL)
            return false;
        if (found->len == 0)
            break;
        const BusEvent *end = g_ptr_array_index(found, found->len - 1);
        after = end->seq;
        add_all(self, found);
    }
    return true;
}

static bool find_seq(Answer *self, JsonNode *node, GError **error)
{
    int64_t seq = 0;
    if (!read_number(node, &seq))
        return set_ill_formed(error, "seq_id", "a number");
    return seq == 0 || find_range(self, seq, seq, error);
}

static bool find_seq_range(Answer *self, JsonNode *node, GError **error)
{
    int64_t first = 0;
    int64_t last = 0;
    if (!read_pair(node, &first, &last))
        return set_ill_formed(error, "seq_id_range", "two numbers");
    return find_range(self, first, last, error);
}

static bool find_id(Answer *self, JsonNode *node, GError **error)
{
    if (node == NULL || json_node_get_value_type(node) != G_TYPE_STRING)
        return set_ill_formed(error, "msg_id", "a string");
    g_autofree char *id = bus_transport_event_id(json_node_get_string(node));
    g_autoptr(GError) local = NULL;
    BusEvent *event = bus_log_find(self->log, id, &local);
    if (event != NULL) {
        add_event(self, event);
        return true;
    }
    if (g_error_matches(local, BUS_ERROR, BUS_ERROR_NOT_FOUND))
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

static bool find_time(Answer *self, JsonNode *node, GError **error)
{
    int64_t first = 0;
    int64_t last = 0;
    if (!read_pair(node, &first, &last) || last > G_MAXINT64 / G_USEC_PER_SEC - 1 ||
        first > G_MAXINT64 / G_USEC_PER_SEC - 1)
        return set_ill_formed(error, "time", "two times in seconds");
    g_auto(BusQuery) query = {
        .start_us = first * G_USEC_PER_SEC,
        .end_us = (last + 1) * G_USEC_PER_SEC,
        .order = BUS_ORDER_ASC,
        .limit = BUS_ZEROMQ_REPLAY_MAX,
    };
    g_autoptr(GPtrArray) found = bus_query_run(self->log, &query, NULL, error);
    if (found == NULL)
        return false;
    add_all(self, found);
    return true;
}

static bool find_each(Answer *self, const char *name, JsonNode *node,
                      bool (*find)(Answer *, JsonNode *, GError **), GError **error)
{
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return set_ill_formed(error, name, "a list");
    JsonArray *list = json_node_get_array(node);
    if (json_array_get_length(list) > BUS_ZEROMQ_REPLAY_MAX)
        return set_ill_formed(error, name, "at most 1000 entries");
    for (unsigned i = 0; i < json_array_get_length(list); i++) {
        if (!find(self, json_array_get_element(list, i), error))
            return false;
    }
    return true;
}

static bool find_member(Answer *self, const char *name, JsonNode *node, GError **error)
{
    if (strcmp(name, "seq_id") == 0)
        return find_seq(self, node, error);
    if (strcmp(name, "seq_ids") == 0)
        return find_each(self, name, node, find_seq, error);
    if (strcmp(name, "seq_id_range") == 0)
        return find_seq_range(self, node, error);
    if (strcmp(name, "msg_id") == 0)
        return find_id(self, node, error);
    if (strcmp(name, "msg_ids") == 0)
        return find_each(self, name, node, find_id, error);
    if (strcmp(name, "time") == 0)
        return find_time(self, node, error);
    g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "Unsupported field: \"%s\"", name);
    return false;
}

static int compare_seq(const void *a, const void *b)
{
    const BusEvent *one = *(BusEvent *const *)a;
    const BusEvent *two = *(BusEvent *const *)b;
    return (one->seq > two->seq) - (one->seq < two->seq);
}

GPtrArray *bus_zeromq_replay_find(BusLog *log, const char *const *topics, const char *query,
                                  size_t size_bytes, GError **error)
{
    g_autoptr(JsonObject) object = bus_transport_parse(query, size_bytes, MAX_QUERY_BYTES, error);
    if (object == NULL)
        return NULL;
    g_autoptr(GPtrArray) events = g_ptr_array_new_with_free_func((GDestroyNotify)bus_event_free);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
    Answer answer = {.log = log, .topics = topics, .seen = seen, .events = events};
    g_autoptr(GList) names = json_object_get_members(object);
    for (GList *name = names; name != NULL; name = name->next) {
        if (!find_member(&answer, name->data, json_object_get_member(object, name->data), error))
            return NULL;
    }
    if (events->len == 0) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND,
                    "There was no match for the given query");
        return NULL;
    }
    g_ptr_array_sort(events, compare_seq);
    return g_steal_pointer(&events);
}

static void answer_error(void *socket, const GError *error)
{
    g_autofree char *text = g_strdup_printf("error: '%s'", error->message);
    (void)zmq_send(socket, text, strlen(text), 0);
}

static void answer(void *socket, BusLog *log, BusFedmsgSigner *signer,
                   const BusTransportOptions *options, zmq_msg_t *query)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) events = bus_zeromq_replay_find(log, options->topics, zmq_msg_data(query),
                                                         zmq_msg_size(query), &error);
    if (events == NULL) {
        answer_error(socket, error);
        return;
    }
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < events->len; i++) {
        char *text = bus_fedmsg_print(g_ptr_array_index(events, i), signer, &error);
        if (text == NULL) {
            answer_error(socket, error);
            return;
        }
        g_ptr_array_add(texts, text);
    }
    for (unsigned i = 0; i < texts->len; i++) {
        const char *text = g_ptr_array_index(texts, i);
        (void)zmq_send(socket, text, strlen(text), i + 1 < texts->len ? ZMQ_SNDMORE : 0);
    }
}

/* A question has one frame; what follows it is read away. */
static bool receive_question(void *socket, zmq_msg_t *query)
{
    (void)zmq_msg_init(query);
    if (zmq_msg_recv(query, socket, ZMQ_DONTWAIT) < 0)
        return false;
    int more = zmq_msg_more(query);
    while (more != 0) {
        zmq_msg_t surplus;
        (void)zmq_msg_init(&surplus);
        if (zmq_msg_recv(&surplus, socket, 0) < 0)
            break;
        more = zmq_msg_more(&surplus);
        (void)zmq_msg_close(&surplus);
    }
    return true;
}

static void serve(void *socket, BusLog *log, BusFedmsgSigner *signer,
                  const BusTransportOptions *options, GCancellable *cancellable)
{
    while (!g_cancellable_is_cancelled(cancellable)) {
        zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, POLL_MS) <= 0)
            continue;
        zmq_msg_t query;
        if (receive_question(socket, &query))
            answer(socket, log, signer, options, &query);
        (void)zmq_msg_close(&query);
    }
}

bool bus_zeromq_replay_run(BusLog *log, const BusTransportOptions *options,
                           GCancellable *cancellable, GError **error)
{
    g_autoptr(BusFedmsgSigner) signer = NULL;
    if (options->cert != NULL) {
        signer = bus_fedmsg_signer_load(options->cert, options->key, error);
        if (signer == NULL)
            return false;
    }
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_REP);
    int64_t max_bytes = MAX_QUERY_BYTES;
    int linger_ms = 1000;
    (void)zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof max_bytes);
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    bool ok = zmq_bind(socket, options->replay) == 0;
    if (ok)
        serve(socket, log, signer, options, cancellable);
    else
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "listening on ‘%s’: %s", options->replay,
                    zmq_strerror(errno));
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
    return ok;
}

static bool is_error(GBytes *frame)
{
    size_t size_bytes = 0;
    const char *data = g_bytes_get_data(frame, &size_bytes);
    return size_bytes < 1 || data[0] != '{';
}

static GPtrArray *receive_answer(void *socket)
{
    g_autoptr(GPtrArray) frames = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    int more = 1;
    while (more != 0 && frames->len < MAX_ANSWER_FRAMES) {
        zmq_msg_t frame;
        (void)zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, socket, 0) < 0) {
            (void)zmq_msg_close(&frame);
            return NULL;
        }
        more = zmq_msg_more(&frame);
        g_ptr_array_add(frames, g_bytes_new(zmq_msg_data(&frame), zmq_msg_size(&frame)));
        (void)zmq_msg_close(&frame);
    }
    return g_steal_pointer(&frames);
}

GPtrArray *bus_zeromq_replay_ask(const char *endpoint, uint64_t first, uint64_t last,
                                 unsigned timeout_ms, GError **error)
{
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_REQ);
    int wait_ms = (int)timeout_ms;
    int linger_ms = 0;
    (void)zmq_setsockopt(socket, ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    g_autofree char *query = g_strdup_printf(
        "{\"seq_id_range\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]}", first, last);
    g_autoptr(GPtrArray) frames = NULL;
    if (zmq_connect(socket, endpoint) == 0 && zmq_send(socket, query, strlen(query), 0) >= 0)
        frames = receive_answer(socket);
    if (frames == NULL)
        g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED, "asking ‘%s’ for a replay: %s", endpoint,
                    zmq_strerror(errno));
    (void)zmq_close(socket);
    (void)zmq_ctx_term(context);
    if (frames != NULL && frames->len == 1 && is_error(g_ptr_array_index(frames, 0)))
        g_ptr_array_set_size(frames, 0);
    return g_steal_pointer(&frames);
}
