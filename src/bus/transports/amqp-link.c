/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The connection to an AMQP 0-9-1 broker: URL, TLS, login, errors in words. What travels over it
 * is amqp.c's.
 */
#include "bus/transports/amqp-link.h"

#include "base/fd.h"

#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <fcntl.h>
#include <string.h>

#define CONNECT_SECONDS 10
#define RPC_SECONDS 30
/* The broker takes the identity out of the certificate; librabbitmq cannot send an empty one. */
#define EXTERNAL_IDENTITY " "
#define MAX_PASSWORD_BYTES 4096

/*
 * Place:
 * @text: (owned): what the other fields point into
 * @password: (owned) (nullable)
 * @info: the parts of the URL
 * @has_user: whether the URL names one
 */
typedef struct {
    char *text;
    char *password;
    struct amqp_connection_info info;
    bool has_user;
} Place;

static void place_clear(Place *self)
{
    g_free(self->text);
    g_free(self->password);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static bool parse_place(const BusTransportOptions *options, Place *out_place, GError **error)
{
    const char *start = strstr(options->endpoint, "://");
    out_place->text = g_strdup(options->endpoint);
    out_place->has_user = start != NULL && strchr(start, '@') != NULL;
    if (amqp_parse_url(out_place->text, &out_place->info) != AMQP_STATUS_OK) {
        g_autofree char *masked = bus_transport_mask_url(options->endpoint);
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "‘%s’ is no AMQP URL; one looks like amqps://user@broker.example.org/vhost",
                    masked);
        return false;
    }
    if (options->password_file == NULL)
        return true;
    g_autoptr(GBytes) bytes =
        base_fd_read_file(AT_FDCWD, options->password_file, MAX_PASSWORD_BYTES, error);
    if (bytes == NULL) {
        g_prefix_error(error, "--password-file: ");
        return false;
    }
    out_place->password = g_strchomp(g_strdup(g_bytes_get_data(bytes, NULL)));
    out_place->info.password = out_place->password;
    return true;
}

static const amqp_connection_close_t *connection_close(const amqp_method_t *method)
{
    return method->id == AMQP_CONNECTION_CLOSE_METHOD ? method->decoded : NULL;
}

static const amqp_channel_close_t *channel_close(const amqp_method_t *method)
{
    return method->id == AMQP_CHANNEL_CLOSE_METHOD ? method->decoded : NULL;
}

bool bus_amqp_set_closed(const amqp_method_t *method, const char *what, GError **error)
{
    const amqp_connection_close_t *connection = connection_close(method);
    const amqp_channel_close_t *channel = channel_close(method);
    unsigned code = 0;
    amqp_bytes_t text = amqp_cstring_bytes("no reason given");
    if (connection != NULL) {
        code = connection->reply_code;
        text = connection->reply_text;
    } else if (channel != NULL) {
        code = channel->reply_code;
        text = channel->reply_text;
    }
    g_autofree char *raw = g_strndup(text.bytes, text.len);
    g_autofree char *reason = g_utf8_make_valid(raw, -1);
    bool is_denied =
        code == AMQP_ACCESS_REFUSED || code == AMQP_NOT_ALLOWED || code == AMQP_PRECONDITION_FAILED;
    g_set_error(error, BUS_ERROR, is_denied ? BUS_ERROR_DENIED : BUS_ERROR_FAILED,
                "%s: the broker says %u, %s", what, code, reason);
    return false;
}

bool bus_amqp_check_status(int status, const char *what, GError **error)
{
    if (status == AMQP_STATUS_OK)
        return true;
    bool is_wrong_peer = status == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED ||
                         status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED;
    g_set_error(error, BUS_ERROR, is_wrong_peer ? BUS_ERROR_DENIED : BUS_ERROR_FAILED, "%s: %s",
                what, amqp_error_string2(status));
    return false;
}

bool bus_amqp_check(amqp_rpc_reply_t reply, const char *what, GError **error)
{
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return true;
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION)
        return bus_amqp_set_closed(&reply.reply, what, error);
    return bus_amqp_check_status(reply.reply_type == AMQP_RESPONSE_NONE
                                     ? AMQP_STATUS_CONNECTION_CLOSED
                                     : reply.library_error,
                                 what, error);
}

static amqp_socket_t *new_socket(amqp_connection_state_t connection, const Place *place,
                                 const BusTransportOptions *options, GError **error)
{
    if (!place->info.ssl)
        return amqp_tcp_socket_new(connection);
    amqp_socket_t *socket = amqp_ssl_socket_new(connection);
    amqp_ssl_socket_set_verify_peer(socket, 1);
    amqp_ssl_socket_set_verify_hostname(socket, 1);
    const char *ca = options->ca != NULL ? options->ca : "/etc/ssl/certs/ca-certificates.crt";
    if (amqp_ssl_socket_set_cacert(socket, ca) != AMQP_STATUS_OK) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "‘%s’ holds no certificates in PEM", ca);
        return NULL;
    }
    if (options->cert != NULL &&
        amqp_ssl_socket_set_key(socket, options->cert, options->key) != AMQP_STATUS_OK) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID,
                    "‘%s’ and ‘%s’ are not a certificate and its key in PEM", options->cert,
                    options->key);
        return NULL;
    }
    return socket;
}

static void set_true(amqp_table_entry_t *entry, const char *name)
{
    entry->key = amqp_cstring_bytes(name);
    entry->value.kind = AMQP_FIELD_KIND_BOOLEAN;
    entry->value.value.boolean = 1;
}

static amqp_rpc_reply_t log_in(amqp_connection_state_t connection, const Place *place,
                               const BusTransportOptions *options)
{
    /* a broker only says that it is blocked, or that a queue went, to whoever can hear it */
    amqp_table_entry_t abilities[2];
    set_true(&abilities[0], "connection.blocked");
    set_true(&abilities[1], "consumer_cancel_notify");
    amqp_table_entry_t entries[2] = {
        {.key = amqp_cstring_bytes("capabilities"),
         .value = {.kind = AMQP_FIELD_KIND_TABLE,
                   .value.table = {.num_entries = 2, .entries = abilities}}},
        {.key = amqp_cstring_bytes("product"),
         .value = {.kind = AMQP_FIELD_KIND_UTF8,
                   .value.bytes = amqp_cstring_bytes("atoll " ATOLL_VERSION)}},
    };
    amqp_table_t properties = {.num_entries = 2, .entries = entries};
    int heartbeat = (int)options->heartbeat_s;
    if (options->cert != NULL && !place->has_user)
        return amqp_login_with_properties(connection, place->info.vhost, 0, AMQP_DEFAULT_FRAME_SIZE,
                                          heartbeat, &properties, AMQP_SASL_METHOD_EXTERNAL,
                                          EXTERNAL_IDENTITY);
    return amqp_login_with_properties(connection, place->info.vhost, 0, AMQP_DEFAULT_FRAME_SIZE,
                                      heartbeat, &properties, AMQP_SASL_METHOD_PLAIN,
                                      place->info.user, place->info.password);
}

static bool open_all(amqp_connection_state_t connection, const Place *place,
                     const BusTransportOptions *options, GError **error)
{
    struct timeval connect_timeout = {.tv_sec = CONNECT_SECONDS};
    struct timeval rpc_timeout = {.tv_sec = RPC_SECONDS};
    amqp_socket_t *socket = new_socket(connection, place, options, error);
    if (socket == NULL)
        return false;
    g_autofree char *what =
        g_strdup_printf("connecting to ‘%s’, port %d", place->info.host, place->info.port);
    if (!bus_amqp_check_status(
            amqp_socket_open_noblock(socket, place->info.host, place->info.port, &connect_timeout),
            what, error))
        return false;
    (void)amqp_set_handshake_timeout(connection, &connect_timeout);
    (void)amqp_set_rpc_timeout(connection, &rpc_timeout);
    g_autofree char *login =
        g_strdup_printf("logging in at ‘%s’, vhost ‘%s’", place->info.host, place->info.vhost);
    if (!bus_amqp_check(log_in(connection, place, options), login, error))
        return false;
    (void)amqp_channel_open(connection, BUS_AMQP_CHANNEL);
    return bus_amqp_check(amqp_get_rpc_reply(connection), "opening a channel", error);
}

amqp_connection_state_t bus_amqp_connect(const BusTransportOptions *options, GError **error)
{
    g_auto(Place) place = {0};
    if (!parse_place(options, &place, error))
        return NULL;
    amqp_connection_state_t connection = amqp_new_connection();
    if (open_all(connection, &place, options, error))
        return connection;
    bus_amqp_disconnect(connection);
    return NULL;
}

void bus_amqp_disconnect(amqp_connection_state_t connection)
{
    if (connection != NULL)
        (void)amqp_destroy_connection(connection);
}

bool bus_amqp_reopen_channel(amqp_connection_state_t connection, GError **error)
{
    amqp_channel_close_ok_t close_ok = {0};
    if (!bus_amqp_check_status(
            amqp_send_method(connection, BUS_AMQP_CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &close_ok),
            "closing a channel", error))
        return false;
    amqp_maybe_release_buffers(connection);
    (void)amqp_channel_open(connection, BUS_AMQP_CHANNEL);
    return bus_amqp_check(amqp_get_rpc_reply(connection), "opening a channel", error);
}
