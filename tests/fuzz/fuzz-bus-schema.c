/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A hostile JSON Schema and a value for it, each JSON, with a line break between them.
 */
#include "bus/canonical.h"
#include "bus/schema-check.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *copy = g_memdup2(data, size);
    const char *end = size > 0 ? memchr(copy, '\n', size) : NULL;
    if (end == NULL)
        return 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(BusSchemaCheck) check = bus_schema_check_parse(copy, (size_t)(end - copy), &error);
    g_assert_true((check == NULL) == (error != NULL));
    g_autoptr(JsonNode) value = bus_canonical_parse(end + 1, size - (size_t)(end + 1 - copy), NULL);
    if (check == NULL || value == NULL)
        return 0;
    bool ok = bus_schema_check_value(check, value, &error);
    g_assert_true(ok == (error == NULL));
    /* asked again, it says the same */
    g_assert_true(bus_schema_check_value(check, value, NULL) == ok);
    return 0;
}
