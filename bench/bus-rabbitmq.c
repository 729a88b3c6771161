/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The peer of the event log's bench: bench-bus-rabbitmq PORT QUEUE NUMBER WINDOW publishes NUMBER
 * persistent messages into a durable queue (QUEUE: classic or quorum), with up to WINDOW of them
 * unconfirmed at any time, and ends when the last one is confirmed. Prints one JSON object.
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

static amqp_connection_state_t open_channel(int port, const char *queue)
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
    amqp_table_entry_t type = {.key = amqp_cstring_bytes("x-queue-type"),
                               .value = {.kind = AMQP_FIELD_KIND_UTF8,
                                         .value.bytes = amqp_cstring_bytes(queue)}};
    (void)amqp_queue_declare(connection, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0,
                             (amqp_table_t){.num_entries = 1, .entries = &type});
    check(connection, "declaring a durable queue");
    (void)amqp_confirm_select(connection, 1);
    check(connection, "asking for confirms");
    return connection;
}

static void publish(amqp_connection_state_t connection, const char *queue, guint64 i)
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
    if (amqp_basic_publish(connection, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 0, 0,
                           &properties, amqp_cstring_bytes(body)) != AMQP_STATUS_OK) {
        fprintf(stderr, "bench-bus-rabbitmq: publishing failed\n");
        exit(1);
    }
}

typedef struct {
    GHashTable *early; /* confirmed one by one, before one that is older */
    guint64 up_to;
} Confirmed;

static void note(Confirmed *self, const amqp_basic_ack_t *ack)
{
    if (ack->multiple)
        self->up_to = MAX(self->up_to, ack->delivery_tag);
    else
        g_hash_table_add(self->early, g_memdup2(&ack->delivery_tag, sizeof ack->delivery_tag));
    for (guint64 next = self->up_to + 1; g_hash_table_remove(self->early, &next); next++)
        self->up_to = next;
}

static void take_confirm(amqp_connection_state_t connection, Confirmed *confirmed)
{
    amqp_frame_t frame;
    if (amqp_simple_wait_frame(connection, &frame) != AMQP_STATUS_OK ||
        frame.frame_type != AMQP_FRAME_METHOD ||
        frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
        fprintf(stderr, "bench-bus-rabbitmq: no confirm\n");
        exit(1);
    }
    note(confirmed, frame.payload.method.decoded);
    amqp_maybe_release_buffers(connection);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: bench-bus-rabbitmq PORT classic|quorum NUMBER WINDOW\n");
        return 2;
    }
    guint64 n = g_ascii_strtoull(argv[3], NULL, 10);
    guint64 window = MAX(1, g_ascii_strtoull(argv[4], NULL, 10));
    amqp_connection_state_t connection = open_channel(atoi(argv[1]), argv[2]);
    Confirmed confirmed = {
        .early = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL)};
    gint64 start = g_get_monotonic_time();
    for (guint64 sent = 0; sent < n; sent++) {
        while (sent - confirmed.up_to >= window)
            take_confirm(connection, &confirmed);
        publish(connection, argv[2], sent);
    }
    while (confirmed.up_to < n)
        take_confirm(connection, &confirmed);
    double seconds = (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC;
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("{\"per_second\": %.1f, \"cpu_us\": %.1f}\n", (double)n / seconds,
           ((double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC +
            (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)) /
               (double)n);
    g_hash_table_unref(confirmed.early);
    (void)amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
    (void)amqp_destroy_connection(connection);
    return 0;
}
