/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads hostile bytes as JSON and as events: what is taken has one canonical form.
 */
#include "bus/canonical.h"
#include "bus/event.h"
#include "bus/proof.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whoever skips reading because of it signs the text as it is. */
static void check_shortcut(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    if (!bus_canonical_is_object(text))
        return;
    g_autoptr(GString) printed = g_string_new(NULL);
    g_autoptr(JsonNode) node = bus_canonical_parse(text, strlen(text), NULL);
    g_assert_true(node != NULL && bus_canonical_print_node(node, printed, NULL));
    g_assert_cmpstr(printed->str, ==, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_shortcut(data, size);
    /* a copy that is no byte too long: reading past the end has to be seen */
    g_autofree char *copy = g_memdup2(data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonNode) node = bus_canonical_parse(copy, size, &error);
    g_assert_true((node == NULL) == (error != NULL));
    if (node == NULL)
        return 0;
    g_autoptr(GString) first = g_string_new(NULL);
    g_autoptr(GString) second = g_string_new(NULL);
    g_assert_true(bus_canonical_print_node(node, first, NULL));
    g_autoptr(JsonNode) again = bus_canonical_parse(first->str, first->len, NULL);
    g_assert_true(again != NULL && bus_canonical_print_node(again, second, NULL));
    g_assert_cmpstr(first->str, ==, second->str);
    g_autoptr(BusEvent) event = bus_event_from_json(copy, size, NULL);
    if (event != NULL) {
        g_autoptr(JsonObject) object = bus_event_to_json(event);
        g_assert_true(json_object_has_member(object, "signed"));
    }
    g_autoptr(BusSignedHead) head = bus_proof_read_head(copy, size, NULL);
    g_assert_true(head == NULL || head->text != NULL);
    return 0;
}
