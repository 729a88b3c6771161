/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of transports, and what all of them need: messages, waiting, ids.
 */
#include "bus/transport.h"

#include "base/digest.h"
#include "bus/canonical.h"

#include <string.h>

#define FIRST_WAIT_MS 250u
#define MAX_WAIT_MS 30000u
#define MAX_DOUBLINGS 7u

static const BusTransport *const transports[] = {
    &bus_transport_amqp,
    &bus_transport_zeromq,
};

const BusTransport *bus_transport_find(const char *name, GError **error)
{
    g_autoptr(GString) known = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(transports); i++) {
        if (strcmp(transports[i]->name, name) == 0)
            return transports[i];
        g_string_append_printf(known, "%s‘%s’", i > 0 ? ", " : "", transports[i]->name);
    }
    g_set_error(error, BUS_ERROR, BUS_ERROR_NOT_FOUND, "no transport ‘%s’; there are %s", name,
                known->str);
    return NULL;
}

BusMessage *bus_message_new(void)
{
    BusMessage *self = g_new0(BusMessage, 1);
    self->severity = BUS_SEVERITY_INFO;
    return self;
}

void bus_message_free(BusMessage *self)
{
    if (self == NULL)
        return;
    g_free(self->id);
    g_free(self->topic);
    g_free(self->actor);
    g_free(self->schema);
    g_strfreev(self->objects);
    g_clear_pointer(&self->body, json_object_unref);
    g_clear_pointer(&self->raw, g_bytes_unref);
    g_free(self->bad);
    g_free(self);
}

bool bus_transport_sleep(unsigned wait_ms, GCancellable *cancellable)
{
    GPollFD poll_fd;
    if (cancellable == NULL || !g_cancellable_make_pollfd(cancellable, &poll_fd)) {
        g_usleep((gulong)wait_ms * 1000);
        return !g_cancellable_is_cancelled(cancellable);
    }
    (void)g_poll(&poll_fd, 1, (int)MIN(wait_ms, (unsigned)G_MAXINT));
    g_cancellable_release_fd(cancellable);
    return !g_cancellable_is_cancelled(cancellable);
}

void bus_transport_wait(unsigned attempt, GCancellable *cancellable)
{
    unsigned wait_ms = MIN(FIRST_WAIT_MS << MIN(attempt, MAX_DOUBLINGS), MAX_WAIT_MS);
    wait_ms -= (unsigned)g_random_int_range(0, (int)(wait_ms / 2));
    (void)bus_transport_sleep(wait_ms, cancellable);
}

bool bus_transport_is_permanent(const GError *error)
{
    return g_error_matches(error, BUS_ERROR, BUS_ERROR_INVALID) ||
           g_error_matches(error, BUS_ERROR, BUS_ERROR_DENIED);
}

char *bus_transport_mask_url(const char *url)
{
    const char *authority = strstr(url, "://");
    authority = authority != NULL ? authority + 3 : url;
    /* the last ‘@’, also one past a ‘/’: whoever forgot to escape a password gets it masked too */
    const char *at = strrchr(authority, '@');
    if (at == NULL)
        return g_strdup(url);
    const char *colon = memchr(authority, ':', (size_t)(at - authority));
    const char *user_end = colon != NULL ? colon : at;
    g_autofree char *head = g_strndup(url, (size_t)(user_end - url));
    return g_strconcat(head, colon != NULL ? ":***" : "", at, NULL);
}

char *bus_transport_event_id(const char *message_id)
{
    if (message_id == NULL || *message_id == '\0')
        return g_uuid_string_random();
    const char *uuid = message_id;
    bool has_year =
        strlen(uuid) == BUS_ID_CHARS + 5 && strspn(uuid, "0123456789") == 4 && uuid[4] == '-';
    if (has_year)
        uuid += 5;
    if (g_uuid_string_is_valid(uuid))
        return g_ascii_strdown(uuid, -1);
    g_autofree char *hex = base_sha256_hex(message_id, strlen(message_id));
    /* version 8 (own making), variant 10 */
    return g_strdup_printf("%.8s-%.4s-8%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17,
                           hex + 20);
}

JsonObject *bus_transport_parse(const void *data, size_t size_bytes, size_t max_bytes,
                                GError **error)
{
    if (size_bytes > max_bytes) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_TOO_LARGE, "%zu bytes, of at most %zu", size_bytes,
                    max_bytes);
        return NULL;
    }
    g_autoptr(JsonNode) node = bus_canonical_parse(data != NULL ? data : "", size_bytes, error);
    if (node == NULL)
        return NULL;
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
        g_set_error(error, BUS_ERROR, BUS_ERROR_INVALID, "not a JSON object but %s",
                    json_node_type_name(node));
        return NULL;
    }
    return json_node_dup_object(node);
}
