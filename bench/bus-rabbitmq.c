/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The peer of the event log's bench: bench-bus-rabbitmq PORT NUMBER BATCH publishes NUMBER
 * persistent messages into a durable queue, and waits for the broker's confirms of each BATCH.
 * Prints one JSON object.
 */
#include <glib.h>
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>

#define QUEUE "bench"

static void check(amqp_connection_state_t connection, const char *what)
{
    if (amqp_get_rpc_reply(connection).reply_type == AMQP_RESPONSE_NORMAL)
        return;
    fprintf(stderr, "bench-bus-rabbitmq: %s failed\n", what);
    exit(1);
}

static amqp_connection_state_t open_channel(int port)
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
    (void)amqp_queue_declare(connection, 1, amqp_cstring_bytes(QUEUE), 0, 1, 0, 0,
                             amqp_empty_table);
    check(connection, "declaring a durable queue");
    (void)amqp_confirm_select(connection, 1);
    check(connection, "asking for confirms");
    return connection;
}

static void publish(amqp_connection_state_t connection, guint64 i)
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
    if (amqp_basic_publish(connection, 1, amqp_empty_bytes, amqp_cstring_bytes(QUEUE), 0, 0,
                           &properties, amqp_cstring_bytes(body)) != AMQP_STATUS_OK) {
        fprintf(stderr, "bench-bus-rabbitmq: publishing failed\n");
        exit(1);
    }
}

static void wait_for(amqp_connection_state_t connection, guint64 last)
{
    for (guint64 confirmed = 0; confirmed < last;) {
        amqp_frame_t frame;
        if (amqp_simple_wait_frame(connection, &frame) != AMQP_STATUS_OK ||
            (frame.frame_type == AMQP_FRAME_METHOD &&
             frame.payload.method.id != AMQP_BASIC_ACK_METHOD)) {
            fprintf(stderr, "bench-bus-rabbitmq: no confirm\n");
            exit(1);
        }
        if (frame.frame_type == AMQP_FRAME_METHOD) {
            const amqp_basic_ack_t *ack = frame.payload.method.decoded;
            confirmed = ack->delivery_tag;
        }
        amqp_maybe_release_buffers(connection);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench-bus-rabbitmq PORT NUMBER BATCH\n");
        return 2;
    }
    guint64 n = g_ascii_strtoull(argv[2], NULL, 10);
    guint64 batch = MAX(1, g_ascii_strtoull(argv[3], NULL, 10));
    amqp_connection_state_t connection = open_channel(atoi(argv[1]));
    gint64 start = g_get_monotonic_time();
    guint64 sent = 0;
    while (sent < n) {
        guint64 end = MIN(n, sent + batch);
        for (; sent < end; sent++)
            publish(connection, sent);
        wait_for(connection, sent);
    }
    printf("{\"per_second\": %.1f}\n",
           (double)n * G_USEC_PER_SEC / (double)(g_get_monotonic_time() - start));
    (void)amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
    (void)amqp_destroy_connection(connection);
    return 0;
}
