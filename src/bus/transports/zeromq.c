/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Events to and from ZeroMQ as fedmsg has them: PUB and SUB, two frames a message, topic and
 * envelope. There is no broker and no acknowledgement: whoever was away asks the replay socket.
 */
#include "bus/transports/zeromq.h"

#include "bus/transports/fedmsg.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

#define REPLAY_PAGE 500
#define REPLAY_MAX 100000
#define REPLAY_TIMEOUT_MS 10000
#define HIGH_WATER_MARK 100000
#define POLL_MS 200

/*
 * Session:
 * @options: (borrowed)
 * @position: the peer's sequence number that was seen last
 * @missed: (owned): what a replay brought, oldest first, before the message that showed the gap
 */
typedef struct {
    const BusTransportOptions *options;
    void *context;
    void *socket;
    BusFedmsgSigner *signer;
    BusFedmsgVerifier *verifier;
    uint64_t position;
    GQueue *missed;
} Session;

static void zeromq_close(void *data)
{
    Session *self = data;
    if (self == NULL)
        return;
    if (self->socket != NULL)
        (void)zmq_close(self->socket);
    if (self->context != NULL)
        (void)zmq_ctx_term(self->context);
    bus_fedmsg_signer_free(self->signer);
    bus_fedmsg_verifier_free(self->verifier);
    g_queue_free_full(self->missed, (GDestroyNotify)bus_message_free);
    g_free(self);
}

static bool set_zmq(GError **error, int saved_errno, const char *what, const char *endpoint)
{
    bool is_wrong = saved_errno == EINVAL || saved_errno == EPROTONOSUPPORT;
    g_set_error(error, BUS_ERROR, is_wrong ? BUS_ERROR_INVALID : BUS_ERROR_FAILED, "%s ‘%s’: %s",
                what, endpoint, zmq_strerror(saved_errno));
    return false;
}

static void set_option(void *socket, int option, int value)
{
    (void)zmq_setsockopt(socket, option, &value, sizeof value);
}

static bool open_out(Session *self, GError **error)
{
    const BusTransportOptions *options = self->options;
    if (options->cert != NULL) {
        self->signer = bus_fedmsg_signer_load(options->cert, options->key, error);
        if (self->signer == NULL)
            return false;
    } else if (!options->unsigned_ok) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "--publish wants --cert and --key to sign with, or --unsigned");
        return false;
    }
    self->socket = zmq_socket(self->context, ZMQ_PUB);
    set_option(self->socket, ZMQ_SNDHWM, HIGH_WATER_MARK);
    set_option(self->socket, ZMQ_LINGER, 1000);
    if (zmq_bind(self->socket, options->endpoint) != 0)
        return set_zmq(error, errno, "listening on", options->endpoint);
    return true;
}

/* ZeroMQ subscribes by the beginning of a topic; the rest of the glob is looked at here. */
static void subscribe(Session *self)
{
    const char *const *topics = self->options->topics;
    if (topics == NULL || topics[0] == NULL)
        (void)zmq_setsockopt(self->socket, ZMQ_SUBSCRIBE, "", 0);
    for (size_t i = 0; topics != NULL && topics[i] != NULL; i++)
        (void)zmq_setsockopt(self->socket, ZMQ_SUBSCRIBE, topics[i], strcspn(topics[i], "*"));
}

static bool open_in(Session *self, GError **error)
{
    const BusTransportOptions *options = self->options;
    if (options->ca != NULL) {
        self->verifier = bus_fedmsg_verifier_load(options->ca, options->crl, options->policy,
                                                  options->nitpicky, error);
        if (self->verifier == NULL)
            return false;
    } else if (!options->unsigned_ok) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "--subscribe wants --ca to check signatures with, or --unsigned");
        return false;
    }
    self->socket = zmq_socket(self->context, ZMQ_SUB);
    set_option(self->socket, ZMQ_RCVHWM, HIGH_WATER_MARK);
    set_option(self->socket, ZMQ_LINGER, 0);
    set_option(self->socket, ZMQ_TCP_KEEPALIVE, 1);
    int64_t max_bytes = BUS_FEDMSG_MAX_BYTES;
    (void)zmq_setsockopt(self->socket, ZMQ_MAXMSGSIZE, &max_bytes, sizeof max_bytes);
    subscribe(self);
    if (zmq_connect(self->socket, options->endpoint) != 0)
        return set_zmq(error, errno, "connecting to", options->endpoint);
    return true;
}

static void *zeromq_open(const BusTransportOptions *options, BusTransportWay way, GError **error)
{
    Session *self = g_new0(Session, 1);
    self->options = options;
    self->position = options->position;
    self->missed = g_queue_new();
    self->context = zmq_ctx_new();
    if (!(way == BUS_TRANSPORT_OUT ? open_out(self, error) : open_in(self, error))) {
        zeromq_close(self);
        return NULL;
    }
    return self;
}

static bool zeromq_publish(void *data, GPtrArray *events, unsigned *out_done,
                           GCancellable *cancellable, GError **error)
{
    Session *self = data;
    for (; *out_done < events->len; (*out_done)++) {
        const BusEvent *event = g_ptr_array_index(events, *out_done);
        g_autofree char *text = bus_fedmsg_print(event, self->signer, error);
        if (text == NULL)
            return false;
        if (zmq_send(self->socket, event->topic, strlen(event->topic), ZMQ_SNDMORE) < 0 ||
            zmq_send(self->socket, text, strlen(text), 0) < 0)
            return set_zmq(error, errno, "sending to", self->options->endpoint);
    }
    return true;
}

static bool matches(const Session *self, const char *topic)
{
    const char *const *topics = self->options->topics;
    if (topics == NULL || topics[0] == NULL)
        return true;
    for (size_t i = 0; topics[i] != NULL; i++) {
        if (bus_topic_matches(topics[i], topic))
            return true;
    }
    return false;
}

/* All frames of one message; only the first two are kept. */
static bool receive(void *socket, zmq_msg_t frames[static 2], unsigned *out_n, int flags)
{
    unsigned n = 0;
    bool more = true;
    while (more) {
        zmq_msg_t surplus;
        zmq_msg_t *frame = n < 2 ? &frames[n] : &surplus;
        (void)zmq_msg_init(frame);
        if (zmq_msg_recv(frame, socket, n > 0 ? 0 : flags) < 0) {
            (void)zmq_msg_close(frame);
            break;
        }
        more = zmq_msg_more(frame) != 0;
        if (n >= 2)
            (void)zmq_msg_close(&surplus);
        n++;
    }
    *out_n = n;
    return n > 0;
}

static BusMessage *read_frames(Session *self, zmq_msg_t frames[static 2], unsigned n)
{
    BusMessage *message = NULL;
    if (n == 2) {
        message =
            bus_fedmsg_parse(zmq_msg_data(&frames[0]), zmq_msg_size(&frames[0]),
                             zmq_msg_data(&frames[1]), zmq_msg_size(&frames[1]), self->verifier);
    } else {
        message = bus_message_new();
        message->raw = g_bytes_new(zmq_msg_data(&frames[0]), zmq_msg_size(&frames[0]));
        message->bad = g_strdup_printf("%u frames, wanted two: topic and envelope", n);
    }
    for (unsigned i = 0; i < MIN(n, 2); i++)
        (void)zmq_msg_close(&frames[i]);
    if (message->bad == NULL && !matches(self, message->topic))
        g_clear_pointer(&message->topic, g_free);
    return message;
}

/* Asks for what lies between the last message and this one; of a gap that is larger than anybody
 * keeps for a replay, the newest. */
static bool fetch_missed(Session *self, uint64_t position, GError **error)
{
    uint64_t start = self->position + 1;
    if (position - start > REPLAY_MAX)
        start = position - REPLAY_MAX;
    for (uint64_t first = start; first < position; first += REPLAY_PAGE) {
        uint64_t last = MIN(first + REPLAY_PAGE, position) - 1;
        g_autoptr(GPtrArray) envelopes =
            bus_zeromq_replay_ask(self->options->replay, first, last, REPLAY_TIMEOUT_MS, error);
        if (envelopes == NULL)
            return false;
        for (unsigned i = 0; i < envelopes->len; i++) {
            size_t size_bytes = 0;
            const char *data = g_bytes_get_data(g_ptr_array_index(envelopes, i), &size_bytes);
            BusMessage *message = bus_fedmsg_parse(NULL, 0, data, size_bytes, self->verifier);
            if (message->bad == NULL && !matches(self, message->topic))
                g_clear_pointer(&message->topic, g_free);
            g_queue_push_tail(self->missed, message);
        }
    }
    return true;
}

/* With topics of its own a subscriber sees gaps where others' events are: the answer is empty
 * then, and costs one question. A position that nobody signed could only cause such questions. */
static bool take_message(Session *self, BusMessage *message, GPtrArray *messages, GError **error)
{
    g_autoptr(BusMessage) owned = message;
    if (message->bad == NULL && message->position > 0) {
        if (self->options->replay != NULL && self->position > 0 &&
            message->position > self->position + 1 && !fetch_missed(self, message->position, error))
            return false;
        while (!g_queue_is_empty(self->missed))
            g_ptr_array_add(messages, g_queue_pop_head(self->missed));
        self->position = MAX(self->position, message->position);
    }
    g_ptr_array_add(messages, g_steal_pointer(&owned));
    return true;
}

static GPtrArray *zeromq_consume(void *data, unsigned timeout_ms, GCancellable *cancellable,
                                 GError **error)
{
    Session *self = data;
    g_autoptr(GPtrArray) messages =
        g_ptr_array_new_with_free_func((GDestroyNotify)bus_message_free);
    for (unsigned waited_ms = 0; waited_ms < timeout_ms; waited_ms += POLL_MS) {
        zmq_pollitem_t item = {.socket = self->socket, .events = ZMQ_POLLIN};
        if (zmq_poll(&item, 1, POLL_MS) > 0 || g_cancellable_is_cancelled(cancellable))
            break;
    }
    zmq_msg_t frames[2];
    unsigned n = 0;
    while (messages->len < BUS_TRANSPORT_BATCH && receive(self->socket, frames, &n, ZMQ_DONTWAIT)) {
        if (!take_message(self, read_frames(self, frames, n), messages, error))
            return NULL;
    }
    return g_steal_pointer(&messages);
}

static bool zeromq_ack(void *data, const BusMessage *last, GError **error)
{
    return true;
}

static bool zeromq_idle(void *data, GError **error)
{
    return true;
}

const BusTransport bus_transport_zeromq = {
    .name = "zeromq",
    .open = zeromq_open,
    .publish = zeromq_publish,
    .consume = zeromq_consume,
    .ack = zeromq_ack,
    .idle = zeromq_idle,
    .close = zeromq_close,
};
