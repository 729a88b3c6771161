/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Events to and from an AMQP 0-9-1 broker (RabbitMQ), in fedora-messaging's form. Out: publisher
 * confirms; what is not confirmed was not sent. In: acknowledged only once the log has it.
 */
#include "bus/transports/amqp-link.h"
#include "bus/transports/fedora.h"

#include <amqp_framing.h>
#include <string.h>

#define POLL_MS 200
#define CONFIRM_SECONDS 60
#define PREFETCH BUS_TRANSPORT_BATCH
#define POOL_PAGE_BYTES 16384

/*
 * Session:
 * @options: (borrowed)
 * @connection: (owned)
 * @next_tag: delivery tag of the next message that is published
 * @window: how many may wait for their confirms at once: one after a refusal, so that a full
 *   queue does not take a few of a batch out of order again and again
 * @confirmed: of the batch under way, by index: 0 open, 1 taken, 2 refused
 * @batch_tag: delivery tag of the batch's first
 * @blocked: the broker is short of memory or disk, and has said so
 */
typedef struct {
    const BusTransportOptions *options;
    amqp_connection_state_t connection;
    uint64_t next_tag;
    unsigned window;
    uint8_t confirmed[BUS_TRANSPORT_BATCH];
    unsigned batch_len;
    uint64_t batch_tag;
    bool blocked;
} Session;

enum { CONFIRM_OPEN, CONFIRM_TAKEN, CONFIRM_REFUSED };

static void amqp_close(void *data)
{
    Session *self = data;
    if (self == NULL)
        return;
    bus_amqp_disconnect(self->connection);
    g_free(self);
}

static bool open_out(Session *self, GError **error)
{
    (void)amqp_exchange_declare(self->connection, BUS_AMQP_CHANNEL,
                                amqp_cstring_bytes(self->options->exchange),
                                amqp_cstring_bytes("topic"), 1, 1, 0, 0, amqp_empty_table);
    g_autofree char *what = g_strdup_printf("looking for exchange ‘%s’", self->options->exchange);
    if (!bus_amqp_check(amqp_get_rpc_reply(self->connection), what, error))
        return false;
    (void)amqp_confirm_select(self->connection, BUS_AMQP_CHANNEL);
    return bus_amqp_check(amqp_get_rpc_reply(self->connection), "asking for confirms", error);
}

/* A queue that somebody has made (with limits, say) is taken as it is. */
static bool declare_queue(Session *self, GError **error)
{
    amqp_bytes_t queue = amqp_cstring_bytes(self->options->queue);
    g_autofree char *what = g_strdup_printf("declaring queue ‘%s’", self->options->queue);
    (void)amqp_queue_declare(self->connection, BUS_AMQP_CHANNEL, queue, 1, 1, 0, 0,
                             amqp_empty_table);
    amqp_rpc_reply_t reply = amqp_get_rpc_reply(self->connection);
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return true;
    if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION ||
        reply.reply.id != AMQP_CHANNEL_CLOSE_METHOD ||
        ((amqp_channel_close_t *)reply.reply.decoded)->reply_code != AMQP_NOT_FOUND)
        return bus_amqp_check(reply, what, error);
    if (!bus_amqp_reopen_channel(self->connection, error))
        return false;
    (void)amqp_queue_declare(self->connection, BUS_AMQP_CHANNEL, queue, 0, 1, 0, 0,
                             amqp_empty_table);
    return bus_amqp_check(amqp_get_rpc_reply(self->connection), what, error);
}

/* Our globs know more than AMQP's binding keys: the nearest key that lets no match out; what it
 * lets in beside is passed over here. */
static char *binding_key(const char *glob)
{
    const char *star = strchr(glob, '*');
    if (star == NULL)
        return g_strdup(glob);
    const char *dot = star;
    while (dot > glob && *dot != '.')
        dot--;
    return dot == glob ? g_strdup("#") : g_strdup_printf("%.*s.#", (int)(dot - glob), glob);
}

static bool bind_queue(Session *self, const char *glob, GError **error)
{
    g_autofree char *key = binding_key(glob);
    g_autofree char *what = g_strdup_printf("binding queue ‘%s’ to exchange ‘%s’",
                                            self->options->queue, self->options->exchange);
    (void)amqp_queue_bind(
        self->connection, BUS_AMQP_CHANNEL, amqp_cstring_bytes(self->options->queue),
        amqp_cstring_bytes(self->options->exchange), amqp_cstring_bytes(key), amqp_empty_table);
    return bus_amqp_check(amqp_get_rpc_reply(self->connection), what, error);
}

static bool open_in(Session *self, GError **error)
{
    const char *const all[] = {"*", NULL};
    const char *const *topics = self->options->topics;
    if (topics == NULL || topics[0] == NULL)
        topics = all;
    if (!declare_queue(self, error))
        return false;
    for (size_t i = 0; topics[i] != NULL; i++) {
        if (!bind_queue(self, topics[i], error))
            return false;
    }
    (void)amqp_basic_qos(self->connection, BUS_AMQP_CHANNEL, 0, PREFETCH, 0);
    if (!bus_amqp_check(amqp_get_rpc_reply(self->connection), "setting the prefetch", error))
        return false;
    (void)amqp_basic_consume(self->connection, BUS_AMQP_CHANNEL,
                             amqp_cstring_bytes(self->options->queue), amqp_empty_bytes, 0, 0, 0,
                             amqp_empty_table);
    g_autofree char *what = g_strdup_printf("consuming from ‘%s’", self->options->queue);
    return bus_amqp_check(amqp_get_rpc_reply(self->connection), what, error);
}

static void *amqp_open(const BusTransportOptions *options, BusTransportWay way, GError **error)
{
    Session *self = g_new0(Session, 1);
    self->options = options;
    self->next_tag = 1;
    self->window = BUS_TRANSPORT_BATCH;
    self->connection = bus_amqp_connect(options, error);
    if (self->connection == NULL ||
        !(way == BUS_TRANSPORT_OUT ? open_out(self, error) : open_in(self, error))) {
        amqp_close(self);
        return NULL;
    }
    return self;
}

static void note_confirm(Session *self, uint64_t tag, bool multiple, uint8_t how)
{
    if (tag < self->batch_tag)
        return;
    uint64_t last = MIN(tag - self->batch_tag, (uint64_t)self->batch_len);
    for (uint64_t i = multiple ? 0 : last; i <= last && i < self->batch_len; i++) {
        if (self->confirmed[i] == CONFIRM_OPEN)
            self->confirmed[i] = how;
    }
}

/* Any method that the broker sends of its own accord. */
static bool take_method(Session *self, const amqp_frame_t *frame, GError **error)
{
    if (frame->frame_type != AMQP_FRAME_METHOD)
        return true;
    const amqp_method_t *method = &frame->payload.method;
    if (method->id == AMQP_BASIC_ACK_METHOD) {
        const amqp_basic_ack_t *ack = method->decoded;
        note_confirm(self, ack->delivery_tag, ack->multiple, CONFIRM_TAKEN);
    } else if (method->id == AMQP_BASIC_NACK_METHOD) {
        const amqp_basic_nack_t *nack = method->decoded;
        note_confirm(self, nack->delivery_tag, nack->multiple, CONFIRM_REFUSED);
    } else if (method->id == AMQP_CONNECTION_BLOCKED_METHOD) {
        self->blocked = true;
    } else if (method->id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
        self->blocked = false;
    } else if (method->id == AMQP_BASIC_CANCEL_METHOD) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED, "the queue ‘%s’ was deleted",
                    self->options->queue);
        return false;
    } else {
        return bus_amqp_set_closed(method, "the connection was closed", error);
    }
    return true;
}

/* Reads one frame if there is one; @out_quiet when none came in time. */
static bool read_frame(Session *self, unsigned timeout_ms, bool *out_quiet, GError **error)
{
    struct timeval timeout = {.tv_sec = timeout_ms / 1000,
                              .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};
    amqp_frame_t frame;
    amqp_maybe_release_buffers(self->connection);
    int status = amqp_simple_wait_frame_noblock(self->connection, &frame, &timeout);
    *out_quiet = status == AMQP_STATUS_TIMEOUT;
    if (*out_quiet)
        return true;
    return bus_amqp_check_status(status, "reading from the broker", error) &&
           take_method(self, &frame, error);
}

static bool send_event(Session *self, const BusEvent *event, GError **error)
{
    amqp_pool_t pool;
    init_amqp_pool(&pool, POOL_PAGE_BYTES);
    amqp_basic_properties_t properties;
    bus_fedora_properties(event, &pool, &properties);
    int status = amqp_basic_publish(
        self->connection, BUS_AMQP_CHANNEL, amqp_cstring_bytes(self->options->exchange),
        amqp_cstring_bytes(event->topic), 0, 0, &properties, amqp_cstring_bytes(event->body));
    empty_amqp_pool(&pool);
    self->next_tag++;
    return bus_amqp_check_status(status, "publishing", error);
}

static unsigned count_leading(const Session *self)
{
    unsigned n = 0;
    while (n < self->batch_len && self->confirmed[n] == CONFIRM_TAKEN)
        n++;
    return n;
}

static bool is_settled(const Session *self)
{
    for (unsigned i = 0; i < self->batch_len; i++) {
        if (self->confirmed[i] == CONFIRM_OPEN)
            return false;
    }
    return true;
}

static bool wait_confirms(Session *self, GCancellable *cancellable, GError **error)
{
    int64_t deadline_us = g_get_monotonic_time() + (int64_t)CONFIRM_SECONDS * G_USEC_PER_SEC;
    while (!is_settled(self)) {
        bool quiet = false;
        if (!read_frame(self, POLL_MS, &quiet, error))
            return false;
        if (quiet && g_cancellable_set_error_if_cancelled(cancellable, error))
            return false;
        if (self->blocked || !quiet)
            deadline_us = g_get_monotonic_time() + (int64_t)CONFIRM_SECONDS * G_USEC_PER_SEC;
        if (g_get_monotonic_time() > deadline_us) {
            g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED, "the broker confirmed nothing for %d s",
                        CONFIRM_SECONDS);
            return false;
        }
    }
    return true;
}

static bool publish_window(Session *self, GPtrArray *events, unsigned first, unsigned *out_done,
                           GCancellable *cancellable, GError **error)
{
    self->batch_len = MIN(self->window, events->len - first);
    self->batch_tag = self->next_tag;
    memset(self->confirmed, CONFIRM_OPEN, sizeof self->confirmed);
    bool ok = true;
    for (unsigned i = 0; i < self->batch_len && ok; i++)
        ok = send_event(self, g_ptr_array_index(events, first + i), error);
    ok = ok && wait_confirms(self, cancellable, error);
    *out_done = first + count_leading(self);
    if (!ok)
        return false;
    if (*out_done < first + self->batch_len) {
        self->window = 1;
        g_set_error(error, BUS_ERROR, BUS_ERROR_FAILED,
                    "the broker refuses more for now (a queue is full)");
        return false;
    }
    self->window = MIN(self->window * 2, (unsigned)BUS_TRANSPORT_BATCH);
    return true;
}

static bool amqp_publish(void *data, GPtrArray *events, unsigned *out_done,
                         GCancellable *cancellable, GError **error)
{
    Session *self = data;
    while (*out_done < events->len) {
        if (!publish_window(self, events, *out_done, out_done, cancellable, error))
            return false;
    }
    return true;
}

static bool amqp_idle(void *data, GError **error)
{
    bool quiet = false;
    while (!quiet) {
        if (!read_frame(data, 0, &quiet, error))
            return false;
    }
    return true;
}

static bool matches(const Session *self, const BusMessage *message)
{
    const char *const *topics = self->options->topics;
    if (topics == NULL || topics[0] == NULL || message->topic == NULL)
        return true;
    for (size_t i = 0; topics[i] != NULL; i++) {
        if (bus_topic_matches(topics[i], message->topic))
            return true;
    }
    return false;
}

/* One message, if one came; a topic that nobody asked for is passed over when its batch is. */
static bool consume_one(Session *self, unsigned timeout_ms, BusMessage **out_message, bool *out_any,
                        GError **error)
{
    struct timeval timeout = {.tv_sec = timeout_ms / 1000,
                              .tv_usec = (suseconds_t)(timeout_ms % 1000) * 1000};
    amqp_envelope_t envelope;
    *out_any = false;
    amqp_rpc_reply_t reply = amqp_consume_message(self->connection, &envelope, &timeout, 0);
    if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) {
        bool quiet = false;
        if (reply.library_error == AMQP_STATUS_TIMEOUT)
            return true;
        if (reply.library_error == AMQP_STATUS_UNEXPECTED_STATE)
            return read_frame(self, 0, &quiet, error);
    }
    if (!bus_amqp_check(reply, "consuming", error))
        return false;
    g_autoptr(BusMessage) message = bus_fedora_message(
        envelope.routing_key, &envelope.message.properties, envelope.message.body);
    message->tag = envelope.delivery_tag;
    amqp_destroy_envelope(&envelope);
    *out_any = true;
    *out_message = g_steal_pointer(&message);
    return true;
}

static GPtrArray *amqp_consume(void *data, unsigned timeout_ms, GCancellable *cancellable,
                               GError **error)
{
    Session *self = data;
    g_autoptr(GPtrArray) messages =
        g_ptr_array_new_with_free_func((GDestroyNotify)bus_message_free);
    int64_t end_us = g_get_monotonic_time() + (int64_t)timeout_ms * 1000;
    while (messages->len < BUS_TRANSPORT_BATCH && !g_cancellable_is_cancelled(cancellable)) {
        BusMessage *message = NULL;
        bool any = false;
        int64_t left_us = messages->len > 0 ? 0 : end_us - g_get_monotonic_time();
        amqp_maybe_release_buffers(self->connection);
        if (!consume_one(self, (unsigned)CLAMP(left_us / 1000, 0, POLL_MS), &message, &any, error))
            return NULL;
        if (any) {
            if (!matches(self, message))
                g_clear_pointer(&message->topic, g_free);
            g_ptr_array_add(messages, message);
        } else if (messages->len > 0 || left_us <= 0) {
            break;
        }
    }
    return g_steal_pointer(&messages);
}

static bool amqp_ack(void *data, const BusMessage *last, GError **error)
{
    Session *self = data;
    return bus_amqp_check_status(amqp_basic_ack(self->connection, BUS_AMQP_CHANNEL, last->tag, 1),
                                 "acknowledging", error);
}

const BusTransport bus_transport_amqp = {
    .name = "amqp",
    .open = amqp_open,
    .publish = amqp_publish,
    .consume = amqp_consume,
    .ack = amqp_ack,
    .idle = amqp_idle,
    .close = amqp_close,
};
