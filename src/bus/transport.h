/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/log.h"

G_BEGIN_DECLS

/** BUS_TRANSPORT_BATCH: so many messages go or come at once, at most */
#define BUS_TRANSPORT_BATCH 100
/** BUS_TRANSPORT_LAG_ALARM: a bridge, webhook or rule that is so many events behind raises an alarm
 */
#define BUS_TRANSPORT_LAG_ALARM 10000

/**
 * BusMessage:
 * @id: (owned) (nullable): id the event will have, a UUID
 * @topic: (owned) (nullable)
 * @actor: (owned) (nullable): who the transport proved to have sent it; %NULL when it cannot tell
 * @schema: (owned) (nullable)
 * @severity: see #BusSeverity
 * @objects: (owned) (nullable): "kind:id", …, %NULL
 * @body: (owned) (nullable)
 * @time_us: when it happened, as the sender says; 0 when it does not
 * @position: the sender's own sequence number; 0 when it has none
 * @tag: what the transport calls it by (for its acknowledgement)
 * @raw: (owned) (nullable): its bytes as they came, for the dead-letter place
 * @bad: (owned) (nullable): why it cannot become an event; the other fields may then be %NULL.
 *   Without @bad, a message without @topic is one that nobody asked for
 *
 * A message that came from elsewhere.
 */
typedef struct {
    char *id;
    char *topic;
    char *actor;
    char *schema;
    BusSeverity severity;
    char **objects;
    JsonObject *body;
    int64_t time_us;
    uint64_t position;
    uint64_t tag;
    GBytes *raw;
    char *bad;
} BusMessage;

BusMessage *bus_message_new(void);
void bus_message_free(BusMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusMessage, bus_message_free)

/**
 * BusTransportOptions:
 * @endpoint: AMQP URL, or ZeroMQ endpoint
 * @replay: (nullable): ZeroMQ: where what was missed is asked for
 * @exchange: AMQP exchange
 * @queue: AMQP queue to consume from
 * @topics: (nullable): globs, %NULL-terminated; %NULL or empty for all
 * @ca: (nullable): PEM file of the certificate authority
 * @crl: (nullable): PEM file of revoked certificates (ZeroMQ)
 * @cert: (nullable): PEM file of our certificate
 * @key: (nullable): PEM file of our private key
 * @policy: (nullable): JSON file, topic to allowed names (ZeroMQ)
 * @password_file: (nullable): AMQP password, so that it need not stand in the URL
 * @nitpicky: topics that @policy does not list are refused
 * @unsigned_ok: messages are taken and sent without signatures (ZeroMQ)
 * @heartbeat_s: seconds between heartbeats (AMQP)
 * @position: the sender's sequence number that was taken last; 0 for none (ZeroMQ)
 *
 * How to reach the other side. All borrowed, for the life of the session.
 */
typedef struct {
    const char *endpoint;
    const char *replay;
    const char *exchange;
    const char *queue;
    const char *const *topics;
    const char *ca;
    const char *crl;
    const char *cert;
    const char *key;
    const char *policy;
    const char *password_file;
    bool nitpicky;
    bool unsigned_ok;
    unsigned heartbeat_s;
    uint64_t position;
} BusTransportOptions;

/** BusTransportWay: from the log to others, or from others into the log */
typedef enum { BUS_TRANSPORT_OUT, BUS_TRANSPORT_IN } BusTransportWay;

/**
 * BusTransport:
 * @name: as on the command line
 * @open: connects; %BUS_ERROR_INVALID and %BUS_ERROR_DENIED are for good, any other error may pass
 *   when tried again
 * @publish: sends events in order; @out_done says how many of the first the other side has taken
 *   for good, also on failure
 * @consume: waits up to @timeout_ms; (transfer full) (element-type BusMessage), maybe empty
 * @ack: all messages up to @last are safe here, and need not come again
 * @idle: called at least once a second while there is nothing to send
 * @close: accepts %NULL
 *
 * One way in and out. A session is used by one thread at a time.
 */
typedef struct {
    const char *name;
    void *(*open)(const BusTransportOptions *options, BusTransportWay way, GError **error);
    bool (*publish)(void *session, GPtrArray *events, unsigned *out_done, GCancellable *cancellable,
                    GError **error);
    GPtrArray *(*consume)(void *session, unsigned timeout_ms, GCancellable *cancellable,
                          GError **error);
    bool (*ack)(void *session, const BusMessage *last, GError **error);
    bool (*idle)(void *session, GError **error);
    void (*close)(void *session);
} BusTransport;

extern const BusTransport bus_transport_amqp;
extern const BusTransport bus_transport_zeromq;

/** bus_transport_find: the transport of that name; %BUS_ERROR_NOT_FOUND names those there are */
const BusTransport *bus_transport_find(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * bus_transport_wait:
 * @attempt: how often it has failed, from 0
 * @cancellable: (nullable)
 *
 * Sleeps before the next try: a quarter of a second, doubled each time up to half a minute, less
 * up to half of it by chance. Returns at once when cancelled.
 */
void bus_transport_wait(unsigned attempt, GCancellable *cancellable);

/** bus_transport_sleep: @wait_ms, or less when cancelled; %FALSE when cancelled */
bool bus_transport_sleep(unsigned wait_ms, GCancellable *cancellable);

/** bus_transport_is_permanent: whether trying again cannot help */
bool bus_transport_is_permanent(const GError *error);

/** bus_transport_mask_url: (transfer full): @url with the password of its user part masked */
char *bus_transport_mask_url(const char *url);

/**
 * bus_transport_event_id:
 * @message_id: (nullable): what another system calls its message
 *
 * Returns: (transfer full): the event's id: @message_id when it is a UUID, its UUID when it has
 *   fedmsg's form YYYY-UUID, one derived from it otherwise (RFC 9562, version 8), so that the same
 *   message gets the same id each time; a random one for %NULL or ""
 */
char *bus_transport_event_id(const char *message_id);

/**
 * bus_transport_parse:
 * @data: what came
 * @size_bytes: its length
 * @max_bytes: more is %BUS_ERROR_TOO_LARGE
 *
 * Returns: (transfer full): the JSON object that it is, by bus_canonical_parse()'s strict rules
 */
JsonObject *bus_transport_parse(const void *data, size_t size_bytes, size_t max_bytes,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
