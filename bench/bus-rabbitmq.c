/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The peer of the event log's bench: bench-bus-rabbitmq PORT QUEUE NUMBER WINDOW [CHANNELS]
 * publishes NUMBER persistent messages into a durable queue (QUEUE: classic or quorum), with up to
 * WINDOW of them unconfirmed at any time on each of CHANNELS channels, and ends when the last one
 * is confirmed. Prints one JSON object.
 */
#include <glib.h>
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static void check(amqp_connection_state_t connection, const char *what)
{
    if (amqp_get_rpc_reply(connection).reply_type == AMQP_RESPONSE_NORMAL)
        return;
    fprintf(stderr, "bench-bus-rabbitmq: %s failed\n", what);
    exit(1);
}

static amqp_connection_state_t open_channels(int port, const char *queue, unsigned n_channels)
{
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    if (socket == NULL || amqp_socket_open(socket, "127.0.0.1", port) != 0) {
        fprintf(stderr, "bench-bus-rabbitmq: no broker on port %d\n", port);
        exit(1);
    }
    amqp_rpc_reply_t reply =
        amqp_login(connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest");
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
        fprintf(stderr, "bench-bus-rabbitmq: the broker refuses the login\n");
        exit(1);
    }
    (void)amqp_channel_open(connection, 1);
    check(connection, "opening a channel");
    amqp_table_entry_t type = {
        .key = amqp_cstring_bytes("x-queue-type"),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(queue)}};
    (void)amqp_queue_declare(connection, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0,
                             (amqp_table_t){.num_entries = 1, .entries = &type});
    check(connection, "declaring a durable queue");
    for (unsigned i = 1; i <= n_channels; i++) {
        if (i > 1)
            (void)amqp_channel_open(connection, (amqp_channel_t)i);
        check(connection, "opening a channel");
        (void)amqp_confirm_select(connection, (amqp_channel_t)i);
        check(connection, "asking for confirms");
    }
    return connection;
}

static void publish(amqp_connection_state_t connection, unsigned channel, const char *queue,
                    guint64 i)
{
    char body[400];
    amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG,
        .delivery_mode = 2,
        .content_type = amqp_cstring_bytes("application/json"),
    };
    /* as long as an event's body with its headers */
    g_snprintf(body, sizeof body,
               "{\"build\":%" G_GUINT64_FORMAT ",\"name\":\"linux-image-6.1.0-18-amd64\",\"state\":"
               "\"complete\",\"version\":\"6.1.76-1\",\"pad\":\"%0200d\"}",
               i, 0);
    if (amqp_basic_publish(connection, (amqp_channel_t)channel, amqp_empty_bytes,
                           amqp_cstring_bytes(queue), 0, 0, &properties,
                           amqp_cstring_bytes(body)) != AMQP_STATUS_OK) {
        fprintf(stderr, "bench-bus-rabbitmq: publishing failed\n");
        exit(1);
    }
}

typedef struct {
    GHashTable *early; /* confirmed one by one, before one that is older */
    guint64 up_to;
    guint64 sent;
} Channel;

static void note(Channel *self, const amqp_basic_ack_t *ack)
{
    if (ack->multiple)
        self->up_to = MAX(self->up_to, ack->delivery_tag);
    else
        g_hash_table_add(self->early, g_memdup2(&ack->delivery_tag, sizeof ack->delivery_tag));
    for (guint64 next = self->up_to + 1; g_hash_table_remove(self->early, &next); next++)
        self->up_to = next;
}

/* Channel N is at place N - 1. */
static unsigned take_confirm(amqp_connection_state_t connection, Channel *channels)
{
    amqp_frame_t frame;
    if (amqp_simple_wait_frame(connection, &frame) != AMQP_STATUS_OK ||
        frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
        fprintf(stderr, "bench-bus-rabbitmq: no confirm\n");
        exit(1);
    }
    note(&channels[frame.channel - 1], frame.payload.method.decoded);
    amqp_maybe_release_buffers_on_channel(connection, frame.channel);
    return frame.channel - 1u;
}

/* The next channel from @first on that may publish. */
static unsigned find_channel(amqp_connection_state_t connection, Channel *channels, unsigned n,
                             unsigned first, guint64 window)
{
    for (;;) {
        for (unsigned i = 0; i < n; i++) {
            unsigned at = (first + i) % n;
            if (channels[at].sent - channels[at].up_to < window)
                return at;
        }
        first = take_confirm(connection, channels);
    }
}

static void print_result(guint64 n, double seconds)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("{\"per_second\": %.1f, \"cpu_us\": %.1f}\n", (double)n / seconds,
           ((double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC +
            (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) /
               (double)n);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: bench-bus-rabbitmq PORT classic|quorum NUMBER WINDOW [CHANNELS]\n");
        return 2;
    }
    guint64 n = g_ascii_strtoull(argv[3], NULL, 10);
    guint64 window = MAX(1, g_ascii_strtoull(argv[4], NULL, 10));
    unsigned n_channels = argc == 6 ? (unsigned)CLAMP(atoi(argv[5]), 1, 1000) : 1;
    amqp_connection_state_t connection = open_channels(atoi(argv[1]), argv[2], n_channels);
    g_autofree Channel *channels = g_new0(Channel, n_channels);
    for (unsigned i = 0; i < n_channels; i++)
        channels[i].early = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    gint64 start = g_get_monotonic_time();
    unsigned at = 0;
    for (guint64 sent = 0; sent < n; sent++) {
        at = find_channel(connection, channels, n_channels, at, window);
        publish(connection, at + 1, argv[2], sent);
        channels[at].sent++;
    }
    for (unsigned i = 0; i < n_channels; i++) {
        while (channels[i].up_to < channels[i].sent)
            (void)take_confirm(connection, channels);
        g_hash_table_unref(channels[i].early);
    }
    print_result(n, (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC);
    (void)amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
    (void)amqp_destroy_connection(connection);
    return 0;
}
