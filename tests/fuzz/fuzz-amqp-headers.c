/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A hostile headers table and body (after it) as they come over AMQP become a message, or one that
 * says why not.
 */
#include "bus/transports/fedora.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { POOL_BYTES = 4096, LONG_FLAGS = AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG };
    g_autofree char *copy = g_memdup2(data, size);
    amqp_pool_t pool;
    init_amqp_pool(&pool, POOL_BYTES);
    amqp_basic_properties_t properties = {._flags = LONG_FLAGS};
    size_t offset = 0;
    amqp_bytes_t all = {.len = size, .bytes = copy};
    if (size > 0 && amqp_decode_table(all, &pool, &properties.headers, &offset) == AMQP_STATUS_OK) {
        amqp_bytes_t body = {.len = size - offset, .bytes = copy + offset};
        properties.message_id = body;
        g_autoptr(BusMessage) message =
            bus_fedora_message(amqp_cstring_bytes("a.b.c"), &properties, body);
        g_assert_true((message->bad != NULL) != (message->body != NULL));
        g_assert_true(g_uuid_string_is_valid(message->id));
        for (size_t i = 0; message->objects != NULL && message->objects[i] != NULL; i++)
            g_assert_nonnull(strchr(message->objects[i], ':'));
    }
    empty_amqp_pool(&pool);
    return 0;
}
